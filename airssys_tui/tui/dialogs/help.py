"""Help: the keys of one screen, from the action table."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing.lines import Line, Span, safe, wrap
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.chrome import key_lines
from airssys_tui.tui.widgets.line_pane import SCREEN_TONES, LinePane
from airssys_tui.tui.widgets.pager import Pager


class HelpScreen(ModalScreen[None]):
    """The keys of a screen.

    Args:
        view: Which screen.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = SCREEN_TONES
    ALLOW_SELECT = False
    AUTO_FOCUS = "Pager"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter,ctrl+c", "close", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("ctrl+d,pagedown,space", "scroll(10)", show=False),
        Binding("ctrl+u,pageup", "scroll(-10)", show=False),
    ]

    def __init__(self, session: Session, view: View) -> None:
        super().__init__()
        self.session = session
        self.about = view

    def compose(self) -> ComposeResult:
        """Yield the page."""
        with Vertical(id="dialog"):
            yield LinePane(id="heading")
            yield Pager(id="keys")

    def on_mount(self) -> None:
        """Draw."""
        mode = ", read-only" if self.session.readonly else ""
        self.query_one("#heading", LinePane).show(
            [(Span(f"Keys: {self.about.heading}{mode}", "title"), Span("   esc closes", "quiet"))]
        )
        self._draw()

    def on_resize(self, _: events.Resize) -> None:
        """Draw for the new width."""
        self.call_after_refresh(self._draw)

    def on_pager_room_changed(self, _: Pager.RoomChanged) -> None:
        """Draw for the room that the scroll bar leaves."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        pager = self.query_one(Pager)
        actions = self.session.keymap.of_view(self.about, self.session.readonly)
        width = max(30, pager.room - 1)
        pager.show([*key_lines(actions, width, self.session.glyphs), *watch_lines(self.session, width)])

    def action_scroll(self, rows: int) -> None:
        """Scroll."""
        self.query_one(Pager).step(rows)

    def action_close(self) -> None:
        """Close."""
        self.dismiss()


def watch_lines(session: Session, width: int) -> list[Line]:
    """Draw how the folder is watched."""
    said = wrap(f"watching: {session.feed.head.watch.sentence}", width - 2)
    return [(), (Span(" Folder", "title"),), *((Span(f"  {safe(part, session.glyphs)}"),) for part in said)]
