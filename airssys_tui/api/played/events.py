"""The event buffer of a simulated runtime: like a real one, it keeps the newest events, and guest logs separately."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

import msgspec

from airssys_tui.api.views.past import HistoryQuery
from airssys_tui.api.views.runtime import EventPage
from airssys_tui.core.events import Event, EventKind, Level

EVENTS_KEPT: Final = 5_000
LOGS_KEPT: Final = 2_000
"""Maximum lines of guest logs, which are kept separately from the events."""

RECENT: Final = 20
"""Maximum events in a component's details."""

_LEVELS: Final = tuple(Level)


class PlayedEvents:
    """The newest events, numbered from 1."""

    def __init__(self) -> None:
        self.last = 0
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._logs: deque[Event] = deque(maxlen=LOGS_KEPT)
        self._lost = 0

    def add(self, event: Event) -> Event:
        """Store an event and return it with its sequence number."""
        self.last += 1
        event = msgspec.structs.replace(event, seq=self.last)
        kept = self._logs if event.kind is EventKind.LOG else self._events
        if kept is self._events and len(kept) == kept.maxlen:
            self._lost = max(self._lost, kept[0].seq)
        kept.append(event)
        return event

    def page(self, after: int, limit: int) -> EventPage:
        """Return at most ``limit`` of the newest events with a sequence number above ``after``, oldest first."""
        newer = sorted(
            (event for kept in (self._events, self._logs) for event in kept if event.seq > after), key=_number
        )
        missed = max(0, self.last - after - len(newer))
        return EventPage(events=tuple(newer[-limit:]), missed=missed, missed_logs=missed if self._lost <= after else 0)

    def recent(self, component: str) -> tuple[Event, ...]:
        """Return the newest events of a component except its logs, oldest first."""
        return tuple(event for event in self._events if event.component == component)[-RECENT:]

    def asked_for(self, query: HistoryQuery, before: Iterable[Event]) -> tuple[Event, ...]:
        """Return the newest events that match a query, oldest first.

        Args:
            query: The conditions; guest logs are never returned.
            before: Events of earlier runs, oldest first.
        """
        least = _LEVELS.index(query.level)
        until = query.until if query.until is not None else float("inf")
        found = [
            event
            for event in (*before, *self._events)
            if query.component in {None, event.component}
            and (not query.kinds or event.kind in query.kinds)
            and _LEVELS.index(event.level) >= least
            and query.since <= event.at < until
        ]
        return tuple(found[-query.limit :])


def _number(event: Event) -> int:
    return event.seq
