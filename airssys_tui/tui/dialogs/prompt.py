"""Questions that are answered with a line of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from airssys_tui.tui.dialogs.modal import Question
from airssys_tui.tui.drawing.lines import Line, Span, safe, wrap
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.filter_bar import NO_CONTROLS, editable


class Prompt(Question[str | None]):
    """Asks for a line of text; the answer is ``None`` when it is cancelled.

    Args:
        lines: What the question is about, one paragraph each.
        value: The text to start with.
        longest: Most characters that can be typed.
    """

    AUTO_FOCUS = "Input"

    def __init__(
        self, session: Session, title: str, verb: str, lines: Sequence[str], *, value: str = "", longest: int = 200
    ) -> None:
        super().__init__(session, title, verb)
        self._paragraphs = tuple(safe(line, session.glyphs) for line in lines)
        self._value = editable(value, longest)
        self._longest = longest

    def extra(self) -> Iterator[Widget]:
        """Yield the field."""
        yield Input(
            value=self._value,
            restrict=NO_CONTROLS,
            max_length=self._longest,
            compact=True,
            placeholder="type here; enter confirms, esc cancels",
            select_on_focus=False,
            id="answer",
            classes="extra",
        )

    def text(self, width: int) -> Sequence[Line]:
        """Return the paragraphs, wrapped."""
        return [(Span(line, "quiet"),) for paragraph in self._paragraphs for line in wrap(paragraph, width)]

    def yes(self) -> str | None:
        """Return what was typed."""
        return self.query_one(Input).value

    def no(self) -> None:
        """Return ``None``."""
        return

    @on(Input.Submitted)
    def _answered(self, message: Input.Submitted) -> None:
        message.stop()
        self.dismiss(self.yes())
