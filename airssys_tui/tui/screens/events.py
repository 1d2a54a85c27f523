"""Events: what happened, reload decisions included, back to before this runtime started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from airssys_tui.api.views.past import HistoryQuery
from airssys_tui.core.events import Event, EventKind
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing.columns import Sight
from airssys_tui.tui.drawing.event_filter import KINDS
from airssys_tui.tui.drawing.lines import Line, Span, fit, line_width, safe
from airssys_tui.tui.drawing.moments import moment_text
from airssys_tui.tui.drawing.selection import LEVEL_GLYPHS, LEVEL_TONES
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.stream import StreamScreen
from airssys_tui.tui.state.session import Session

OLDER_PAGE: Final = 500
OLDER_KEPT: Final = 5_000
"""Older events that the screen keeps."""


def event_columns(event: Event, sight: Sight, width: int, *, chosen: bool) -> Line:
    """Draw what precedes an event's text: time, level, component, kind; less of it when narrow."""
    glyphs = sight.glyphs
    when = moment_text(event.at, sight.now)
    spans = [
        Span(glyphs.pointer if chosen else " ", "accent"),
        Span(f"{when:<8} ", "quiet"),
        Span(f"{LEVEL_GLYPHS[event.level][glyphs.ascii]} ", LEVEL_TONES[event.level]),
    ]
    columns = ((event.component or "-", 16 if width >= 100 else 12, 30, "strong"), (event.kind, 12, 110, "quiet"))
    for text, cells, floor, tone in columns:
        if width >= floor:
            spans.append(Span(fit(safe(text, glyphs, 140), cells, ellipsis=glyphs.ellipsis) + " ", tone))
    return tuple(spans)


class EventScreen(StreamScreen):
    """The newest events, and older ones on request."""

    view: ClassVar[View] = View.EVENTS
    what = "events"

    def __init__(self, session: Session, operations: Operations) -> None:
        super().__init__(session, operations)
        self._older: list[Event] = []
        self._asking = False
        self.exhausted = False

    def entries(self) -> Sequence[Event]:
        """Return the events of this session."""
        return self.session.log

    def older(self) -> Sequence[Event]:
        """Return the older events loaded so far."""
        return self._older

    def lost(self) -> int:
        """Return how many events were dropped before they were read."""
        return self.session.feed.missed

    def line(self, event: Event, width: int, *, chosen: bool) -> tuple[Line, int]:
        """Draw an event's columns."""
        columns = event_columns(event, self.session.sight, width, chosen=chosen)
        return columns, max(1, width - line_width(columns))

    def nothing(self) -> str:
        """Say why the list is empty."""
        return f"No events yet. Press {self.session.keymap.key('look.older')} for those of earlier runs."

    def step(self, rows: int) -> None:
        """Move; above the first event, load older ones."""
        at_top = rows == -1 and self._list.position <= 0
        super().step(rows)
        if at_top:
            self.action_older()

    def action_kind(self) -> None:
        """Show only the next kind of events; after the last, all."""
        self.sieve.kind = KINDS[(KINDS.index(self.sieve.kind) + 1) % len(KINDS)]
        self.draw(None)

    def action_older(self) -> None:
        """Load events from before the first one shown."""
        if not self._asking and not self.exhausted:
            self._asking = True
            self.run_worker(self._ask_older(), exit_on_error=False)
        elif self.exhausted:
            self.operations.say("no older events")

    async def _ask_older(self) -> None:
        api = self.operations.api()
        first = next(iter((*self._older[:1], *list(self.entries())[:1])), None)
        until = first.at if first is not None else None
        if api is not None:
            query = HistoryQuery(component=self.sieve.component, until=until, limit=OLDER_PAGE)
            page = await self.operations.ask(api.history(query))
            if page is not None:
                self._take_older([event for event in page.events if event.kind is not EventKind.LOG])
        self._asking = False

    def _take_older(self, found: list[Event]) -> None:
        room = OLDER_KEPT - len(self._older)
        self.exhausted = len(found) < OLDER_PAGE or room <= OLDER_PAGE
        self._older = [*found[-room:], *self._older] if room > 0 else self._older
        before = self._list.key
        self.follows = False
        self.draw(None)
        if found:
            self._list.select(self._moved(before, len(found)))
        self.operations.say(f"loaded {len(found)} older events" if found else "no older events")

    def _moved(self, key: str | None, by: int) -> str:
        # Keys of older events count from the oldest, so all of them move when older ones are put before them.
        if key is not None and key.startswith("-"):
            return f"-{int(key[1:]) + by}"
        return key or f"-{by - 1}"

    def only(self, component: str | None) -> None:
        """Show only one component's events, or all again, and drop the older events."""
        self._older.clear()
        self.exhausted = False
        super().only(component)
