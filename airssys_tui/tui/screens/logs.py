"""Logs: what components log and print; filtered, followed, searched, wrapped, saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from airssys_tui.core.events import Event, EventAction
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing.lines import Line, Span, fit, line_width, safe
from airssys_tui.tui.drawing.moments import clock_text
from airssys_tui.tui.drawing.selection import LEVEL_GLYPHS, LEVEL_TONES
from airssys_tui.tui.screens.stream import StreamScreen
from airssys_tui.tui.state.feed import Change

STREAMS: Final = {
    EventAction.STDOUT: ("out", "quiet"),
    EventAction.STDERR: ("err", "warn"),
    EventAction.LOG: ("log", "accent"),
}
"""Word and tone of the stream that a line was written to; any other line is the host's."""


class LogScreen(StreamScreen):
    """The newest log lines."""

    view: ClassVar[View] = View.LOGS
    what = "lines"

    def entries(self) -> Sequence[Event]:
        """Return the lines of this session."""
        return self.session.lines

    def lost(self) -> int:
        """Return how many lines were dropped, before they were read or to stay within bounds."""
        return self.session.feed.missed_lines + self.session.feed.pushed_lines

    def news(self, change: Change) -> bool:
        """Return whether there are new lines."""
        return bool(change.lines)

    def line(self, event: Event, width: int, *, chosen: bool) -> tuple[Line, int]:
        """Draw time, component, stream and level of a line; less of it when narrow or of one component only."""
        glyphs = self.session.glyphs
        word, tone = STREAMS.get(event.action, ("host", "warn"))
        spans = [Span(glyphs.pointer if chosen else " ", "accent")]
        if width >= 50:
            spans.append(Span(f"{clock_text(event.at)} ", "quiet"))
        if self.sieve.component is None:
            cells = 16 if width >= 100 else 12
            name = fit(safe(event.component or "-", glyphs, 140), cells, ellipsis=glyphs.ellipsis)
            spans.append(Span(f"{name} ", "strong"))
        spans.append(Span(f"{word:<4} ", tone))
        if event.speaker:
            spans.append(Span(f"r{event.revision} {event.speaker} ", "warn"))
        spans.append(Span(f"{LEVEL_GLYPHS[event.level][glyphs.ascii]} ", LEVEL_TONES[event.level]))
        columns = tuple(spans)
        return columns, max(1, width - line_width(columns))

    def nothing(self) -> str:
        """Say why the list is empty."""
        name = self.sieve.component
        said = f"No log lines of {name} yet." if name else "No log lines yet."
        return f"{said} What components log or print appears here."
