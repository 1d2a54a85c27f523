"""A copy of a runtime's snapshot and events, kept up to date from differences.

Both ends of the control socket have a mirror: the server to know what to send, the client to answer ``snapshot`` and
``events`` immediately from memory.

A runtime may be restarted behind the same socket. Its generations and event numbers then start again from 1, while
front ends still poll with numbers of the old runtime. So the mirror renumbers: after :meth:`Mirror.restart` it adds the
old runtime's last numbers to every generation and event number of the new one. Inside a mirror
numbers only grow, and a front end that asks "what changed after 4711?" gets every row of the new runtime, and the rows
of the old one as removed, without knowing about the restart.

Removed rows and events are kept up to a bound. Events that were dropped are counted as missed, never silently skipped.
A mirror may be used by several threads.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.runtime import EventPage, Phase, Snapshot
from airssys_tui.core.events import Event
from airssys_tui.core.text import GuestText

EVENTS_KEPT: Final = 7_000
"""Maximum events kept."""

GONE_KEPT: Final = 10_000
"""Maximum identities of removed components kept."""

NOTHING: Final = Snapshot(generation=0, at=0.0, phase=Phase.STARTING, folder=GuestText(""))


class Mirror:
    """The known state of a runtime; generations and event numbers only grow, even across a restart.

    Args:
        clock: Seconds, monotonic.

    Attributes:
        version: Grows with every change.
        lost: Number of the newest dropped event; 0 if no event was dropped.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rows: dict[str, ComponentView] = {}
        self._sorted: tuple[ComponentView, ...] | None = ()
        self._gone: dict[str, int] = {}
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._head = NOTHING
        self._heard = clock()
        self._generations = 0
        self._numbers = 0
        self.version = 0
        self.lost = 0

    @property
    def generation(self) -> int:
        """The newest generation."""
        return self._head.generation

    @property
    def last(self) -> int:
        """The number of the newest event."""
        return self._events[-1].seq if self._events else self._numbers

    def row(self, component: str) -> ComponentView | None:
        """Return a row, or None."""
        return self._rows.get(component)

    def restart(self) -> None:
        """Expect another runtime: continue its generations and event numbers from the known ones."""
        with self._lock:
            self._generations = self._head.generation + 1  # the new runtime's initial rows are new as well
            self._numbers = max(self.last, self._head.last_event)

    def merge(self, head: Snapshot, rows: Iterable[ComponentView], events: Iterable[Event], lost: int = 0) -> bool:
        """Merge what changed.

        Args:
            head: The snapshot without rows, and the removed identities.
            rows: The rows that changed.
            events: New events, oldest first; known ones are skipped.
            lost: Number of the newest event dropped on the way; 0 if none.

        Returns:
            Whether anything changed.
        """
        with self._lock:
            return self._merge(head, rows, events, lost)

    def replace(self, head: Snapshot, rows: Iterable[ComponentView], events: Iterable[Event], lost: int = 0) -> bool:
        """Replace all rows; rows that are not among these are removed."""
        rows = tuple(rows)
        with self._lock:
            removed = tuple(self._rows.keys() - {row.id for row in rows})
            return self._merge(msgspec.structs.replace(head, removed=removed), rows, events, lost)

    def snapshot(self, since: int = 0) -> Snapshot:
        """Return the snapshot; with ``since``, only rows that changed after that generation."""
        with self._lock:
            if self._sorted is None:
                self._sorted = tuple(self._rows[name] for name in sorted(self._rows))
            head, rows, at = self._head, self._sorted, self._head.at + (self._clock() - self._heard)
            removed = tuple(name for name, gone in self._gone.items() if gone > since) if since > 0 else ()
        shown = rows if since <= 0 else tuple(row for row in rows if row.generation > since)
        return msgspec.structs.replace(head, at=at, components=shown, removed=removed)

    def events(self, after: int = 0, limit: int = 500) -> EventPage:
        """Return at most ``limit`` of the newest events with a number above ``after``, oldest first."""
        found: list[Event] = []
        with self._lock:
            for event in reversed(self._events):
                if event.seq <= after or len(found) >= limit:
                    break
                found.append(event)
            return EventPage(tuple(reversed(found)), max(0, self.lost - after))

    def _merge(self, head: Snapshot, rows: Iterable[ComponentView], events: Iterable[Event], lost: int) -> bool:
        moved = self._moved(head)
        changed = self._merge_rows(moved, rows)
        changed = self._merge_events(events, lost) or changed
        changed = changed or not _same(moved, self._head)
        self._heard = self._clock()
        if changed:
            self.version += 1
        self._head = moved
        return changed

    def _moved(self, head: Snapshot) -> Snapshot:
        return msgspec.structs.replace(
            head,
            generation=head.generation + self._generations,
            last_event=head.last_event + self._numbers,
            components=(),
        )

    def _merge_rows(self, head: Snapshot, rows: Iterable[ComponentView]) -> bool:
        changed = False
        for name in head.removed:
            if self._rows.pop(name, None) is not None:
                self._gone[name] = head.generation
                changed = True
        for given in rows:
            row = given
            if self._generations:
                row = msgspec.structs.replace(row, generation=row.generation + self._generations)
            held = self._rows.get(row.id)
            if held is None or held.generation < row.generation:
                self._rows[row.id] = row
                self._gone.pop(row.id, None)
                changed = True
        while len(self._gone) > GONE_KEPT:
            del self._gone[next(iter(self._gone))]
        if changed:
            self._sorted = None
        return changed

    def _merge_events(self, events: Iterable[Event], lost: int) -> bool:
        changed = False
        last = self.last
        for given in events:
            event = given
            if self._numbers:
                event = msgspec.structs.replace(event, seq=event.seq + self._numbers)
            if event.seq <= last:
                continue
            if len(self._events) == EVENTS_KEPT:
                self.lost = max(self.lost, self._events[0].seq)
            self._events.append(event)
            changed = True
        if lost:
            self.lost = max(self.lost, lost + self._numbers)
        return changed


def _same(one: Snapshot, other: Snapshot) -> bool:
    plain = {"at": 0.0, "components": (), "removed": (), "generation": 0}
    return msgspec.structs.replace(one, **plain) == msgspec.structs.replace(other, **plain)
