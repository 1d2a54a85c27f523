"""The story of a component: a page that explains how it got into its state."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from airssys_tui.api.views.past import Story
from airssys_tui.core.errors import AirssysError
from airssys_tui.tui.actions.remedies import in_keys
from airssys_tui.tui.drawing.lines import Line, Span, safe, wrap
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.line_pane import SCREEN_TONES, LinePane
from airssys_tui.tui.widgets.pager import Pager

LONGEST = 600
"""Characters of a sentence that are shown."""


def story_lines(story: Story, session: Session, width: int) -> list[Line]:
    """Draw a story, one sentence each, the most important first."""
    glyphs = session.glyphs
    bullet = "- " if glyphs.ascii else "• "
    lines: list[Line] = []
    for sentence in story.sentences:
        text = in_keys(str(sentence), session.keymap)
        parts = wrap(safe(text, glyphs, LONGEST), max(12, width - 4))
        lines += [(Span(f" {'  ' if row else bullet}", "accent"), Span(part)) for row, part in enumerate(parts)]
    return lines or [(Span(" Nothing has changed yet.", "quiet"),)]


class StoryPage(ModalScreen[None]):
    """The page of a story.

    Args:
        component: Text form of its identity.
        asked: The future of the story.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = SCREEN_TONES
    ALLOW_SELECT = False
    AUTO_FOCUS = "Pager"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,E,ctrl+c", "close", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("ctrl+d,pagedown,space", "scroll(10)", show=False),
        Binding("ctrl+u,pageup", "scroll(-10)", show=False),
    ]

    def __init__(self, session: Session, component: str, asked: Future[Story]) -> None:
        super().__init__()
        self.session = session
        self.component = component
        self.story: Story | None = None
        self.failure: AirssysError | None = None
        self.asked = asked

    def compose(self) -> ComposeResult:
        """Yield the page."""
        with Vertical(id="dialog"):
            yield LinePane(id="heading")
            yield Pager(id="story")

    def on_mount(self) -> None:
        """Draw, and await the story."""
        title = safe(f"Explain {self.component}", self.session.glyphs, 80)
        self.query_one("#heading", LinePane).show([(Span(title, "title"), Span("   esc closes", "quiet"))])
        self._draw()
        self.run_worker(self.load(), exit_on_error=False)

    async def load(self) -> None:
        """Await the story and show it."""
        try:
            self.story = await asyncio.wrap_future(self.asked)
        except AirssysError as error:
            self.failure = error
        if not self.is_running:
            return  # it was closed before the answer came
        self._draw()

    def on_resize(self, _: events.Resize) -> None:
        """Draw for the new width."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        pager = self.query_one(Pager)
        width = min(self.size.width * 9 // 10, 80) - 7  # border, padding, scroll bar
        lines = self._lines(width)
        pager.styles.height = min(len(lines), max(3, self.size.height - 6))
        pager.show(lines)

    def _lines(self, width: int) -> Sequence[Line]:
        if self.failure is not None:
            return [(Span(f" {part}", "bad"),) for part in wrap(safe(str(self.failure), self.session.glyphs), width)]
        if self.story is None:
            return [(Span(f" loading{self.session.glyphs.ellipsis}", "quiet"),)]
        return story_lines(self.story, self.session, width)

    def action_scroll(self, rows: int) -> None:
        """Scroll."""
        self.query_one(Pager).step(rows)

    def action_close(self) -> None:
        """Close."""
        self.dismiss()
