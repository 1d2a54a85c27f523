"""Events: what happened, the reload ledger included; filter, pause, follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from airssys_tui.core.events import Event, Level
from airssys_tui.core.text import one_line
from airssys_tui.tui.action import View
from airssys_tui.tui.columns import Sight
from airssys_tui.tui.feed import Change
from airssys_tui.tui.filter_bar import FilterBar
from airssys_tui.tui.lines import Line, LinePane, Span, fit, safe, wrap
from airssys_tui.tui.moments import clock_text
from airssys_tui.tui.operations import Operations
from airssys_tui.tui.screen import LiveScreen
from airssys_tui.tui.selection import LEVEL_TONES
from airssys_tui.tui.session import Session
from airssys_tui.tui.table import LineTable

LEVELS: Final = {Level.DEBUG: ("·", "."), Level.INFO: ("•", "-"), Level.WARNING: ("▲", "!"), Level.ERROR: ("✕", "x")}
"""Glyph of each level, and its ASCII form."""


def event_row(event: Event, sight: Sight, width: int, *, chosen: bool) -> Line:
    """Draw an event: time, level, component, action, text; less of it when narrow."""
    glyphs = sight.glyphs
    tone = LEVEL_TONES[event.level]
    spans = [
        Span(glyphs.pointer if chosen else " ", "accent"),
        Span(f"{clock_text(event.at)} ", "quiet"),
        Span(f"{LEVELS[event.level][glyphs.ascii]} ", tone),
    ]
    used = 12
    for text, cells, floor in (
        (event.component or "-", 16 if width >= 100 else 12, 30),
        (event.action or event.kind, 12, 70),
        (event.kind, 12, 150),
    ):
        if width >= floor:
            clean = safe(text, glyphs, 140)
            spans.append(Span(fit(clean, cells, ellipsis=glyphs.ellipsis) + " ", "strong" if cells != 12 else "quiet"))
            used += cells + 1
    room = max(1, width - used)
    spans.append(Span(fit(safe(event.text, glyphs), room, ellipsis=glyphs.ellipsis), tone))
    return tuple(spans)


def matching(events: Iterator[Event], query: str) -> Iterator[Event]:
    """Yield the events that a filter lets through: every word must be found; ``!`` inverts."""
    inverted = query.startswith("!")
    words = query.removeprefix("!").lower().split()
    for event in events:
        text = f"{event.component or ''}\n{event.kind}\n{event.level}\n{event.action}\n{event.text}".lower()
        if not words or all(word in text for word in words) is not inverted:
            yield event


class EventScreen(LiveScreen):
    """The newest events."""

    view: ClassVar[View] = View.EVENTS

    def __init__(self, session: Session, operations: Operations) -> None:
        super().__init__(session, operations)
        self.query_text = ""
        self.follows = True
        self._events: dict[str, Event] = {}
        self._filter_bar = FilterBar(id="filter-bar")
        self._list = LineTable(self._row, id="events")
        self._whole = LinePane(id="whole")

    @property
    def table(self) -> LineTable:
        """The list of events."""
        return self._list

    @property
    def target(self) -> str | None:
        """The component of the selected event."""
        event = self._events.get(self._list.key or "")
        return event.component if event is not None else None

    def body(self) -> Iterator[Widget]:
        """Yield filter, events and the whole text of the selected one."""
        yield self._filter_bar
        yield self._list
        yield self._whole

    def draw(self, change: Change | None) -> None:
        """Take new events in."""
        if change is None or change.events:
            self._events = {str(event.seq): event for event in matching(iter(self.session.log), self.query_text)}
            keys = list(self._events)
            text = f"Nothing matches /{self.query_text}" if self.session.log else "Nothing has happened yet."
            self._list.show(keys, empty=((Span(f"  {safe(text, self.session.glyphs)}", "quiet"),),))
            if self.follows and keys:
                self._list.select(keys[-1])
        self._draw_whole()

    def _row(self, key: str, width: int, chosen: bool) -> Line:
        event = self._events.get(key)
        return event_row(event, self.session.sight, width, chosen=chosen) if event is not None else ()

    def _draw_whole(self) -> None:
        pane = self._whole
        event = self._events.get(self._list.key or "")
        pane.display = event is not None and self.size.height >= 12
        if event is None:
            return
        glyphs, width = self.session.glyphs, self.size.width
        where = f"{event.component} r{event.revision}" if event.component and event.revision else event.component or ""
        generation = f"generation {event.generation}" if event.generation is not None else ""
        about = "  ".join(filter(None, (f"#{event.seq}", where, event.kind, event.level, event.action, generation)))
        text = wrap(safe(event.text, glyphs), max(10, width - 2))
        missed = f"  {self.session.feed.missed} older events were dropped" if self.session.feed.missed else ""
        follow = "following  " if self.follows else ""
        head: Line = (Span(" "), Span(follow, "accent"), Span(safe(about, glyphs), "quiet"), Span(missed, "warn"))
        rule: Line = (Span(glyphs.rule * width, "quiet"),)
        pane.show([rule, head, *((Span(" "), Span(line, LEVEL_TONES[event.level])) for line in text[:2])])

    def on_line_table_moved(self, message: LineTable.Moved) -> None:
        """Show the whole text of the selection."""
        message.stop()
        self._draw_whole()

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        """Open the component of an event by mouse."""
        message.stop()
        self.action_detail()

    def step(self, rows: int) -> None:
        """Move; leaving the newest event lets go of following it, reaching it takes hold again."""
        super().step(rows)
        self.follows = self._list.position == len(self._list.keys) - 1
        self._draw_whole()

    @on(Input.Changed)
    def _filter(self, message: Input.Changed) -> None:
        message.stop()
        self.query_text = str(one_line(message.value))
        self.draw(None)

    @on(Input.Submitted)
    def _keep_filter(self, message: Input.Submitted) -> None:
        message.stop()
        self._filter_bar.leave(clear=False)
        self._list.focus()

    def action_filter(self) -> None:
        """Type a filter."""
        self._filter_bar.open()

    def only(self, component: str) -> None:
        """Show the events of one component."""
        self._filter_bar.set(component)

    def action_follow(self) -> None:
        """Keep the newest event in view, or let it go."""
        self.follows = not self.follows
        self.draw(None)

    def action_copy(self) -> None:
        """Copy the selected event's text."""
        event = self._events.get(self._list.key or "")
        if event is not None:
            self.copy(event.text, "event")

    def action_back(self) -> None:
        """Leave the filter, then the screen."""
        if self._filter_bar.leave(clear=True):
            self._list.focus()
        else:
            self.action_registry()

    def action_leave(self) -> None:
        """Go back to the registry; the filter stays."""
        self.action_registry()
