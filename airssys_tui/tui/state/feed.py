"""The data of the screens: the latest rows and events, merged from the changes that the runtime reports."""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.runtime import Phase, Snapshot
from airssys_tui.core.events import Event, EventAction, EventKind, Level
from airssys_tui.core.text import sanitise

EVENTS_KEPT: Final = 5_000
"""Events that the screens keep; older ones are in the history only."""

RECENT_KEPT: Final = 20
"""Events kept per component in addition."""

LINES_KEPT: Final = 10_000
"""Log lines of guests that the screens keep, apart from the events, so that a talkative guest pushes out no event."""

PAGE: Final = 7_500
"""Events and log lines read in one pull; a runtime buffers fewer."""


class Change(msgspec.Struct, frozen=True):
    """The changes that one pull brought.

    Attributes:
        rows: Identities that are new or different.
        removed: Identities that are gone.
        events: New events, oldest first.
        lines: New lines of guest logs, oldest first.
    """

    rows: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    events: tuple[Event, ...] = ()
    lines: tuple[Event, ...] = ()


class Feed:
    """The state of a runtime, as far as it has been pulled.

    Attributes:
        rows: Every component by identity.
        head: The newest snapshot, for its totals; it has only the rows that changed.
        log: The newest events, oldest first; without the lines of guest logs.
        lines: The newest lines of guest logs, oldest first.
        missed: Events that the runtime dropped before they were read.
        missed_lines: Log lines that the runtime dropped before they were read.
        pushed_lines: Lines that were read and are no longer among :attr:`lines`.
    """

    def __init__(self) -> None:
        self.rows: dict[str, ComponentView] = {}
        self.head = Snapshot(generation=0, at=0.0, phase=Phase.STARTING, folder=sanitise(""))
        self.log: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self.lines: deque[Event] = deque(maxlen=LINES_KEPT)
        self.missed = 0
        self.missed_lines = 0
        self.pushed_lines = 0
        self._last = 0
        self._told: list[Event] = []
        self._tellings = 0
        self._recent: dict[str, deque[Event]] = {}

    def pull(self, api: RuntimeApi) -> Change:
        """Ask a runtime for what changed, and merge it."""
        snapshot = api.snapshot(self.head.generation)
        rows = self._merge(snapshot)
        events, lines = self._read_events(api, snapshot)
        told, self._told = tuple(self._told), []
        events = (*told, *events)
        return Change(rows=rows, removed=frozenset(snapshot.removed), events=events, lines=lines)

    def tell(self, text: str, *, at: float, component: str, level: Level, action: EventAction) -> None:
        """Add an event of this session itself; such events are numbered downwards from -1."""
        self._tellings += 1
        event = Event(
            seq=-self._tellings,
            at=at,
            kind=EventKind.OPERATOR,
            level=level,
            component=component,
            text=sanitise(text),
            action=action,
        )
        self._told.append(event)
        self.log.append(event)
        self._recent.setdefault(component, deque(maxlen=RECENT_KEPT)).append(event)

    def recent(self, component: str) -> tuple[Event, ...]:
        """Return a component's newest events, newest first."""
        return tuple(reversed(self._recent.get(component, ())))

    def _merge(self, snapshot: Snapshot) -> frozenset[str]:
        for name in snapshot.removed:
            self.rows.pop(name, None)
        for view in snapshot.components:
            self.rows[view.id] = view
        self.head = snapshot
        return frozenset(view.id for view in snapshot.components)

    def _read_events(self, api: RuntimeApi, snapshot: Snapshot) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
        if snapshot.last_event <= self._last:
            return (), ()
        page = api.events(after=self._last, limit=PAGE)
        self.missed += max(0, page.missed - page.missed_logs)
        self.missed_lines += page.missed_logs
        events = tuple(event for event in page.events if event.kind is not EventKind.LOG)
        lines = tuple(event for event in page.events if event.kind is EventKind.LOG)
        self.pushed_lines += max(0, len(self.lines) + len(lines) - LINES_KEPT)
        self.log.extend(events)
        self.lines.extend(lines)
        self._last = page.events[-1].seq if page.events else self._last
        for event in events:
            if event.component is not None:
                kept = self._recent.setdefault(event.component, deque(maxlen=RECENT_KEPT))
                kept.append(event)
        return events, lines
