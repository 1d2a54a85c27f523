"""The journal of events: a bounded buffer for front ends, and a queue of events that the catalog has not stored yet.

Events come from any thread. The control loop takes them in batches to the disk thread; if that cannot keep up, the
oldest queued ones are dropped and counted.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from airssys_tui.api.views.runtime import SWITCH, EventPage, Tally
from airssys_tui.core.events import MAX_TEXT, Event, EventAction, EventKind, Level, Speaker
from airssys_tui.core.text import bounded, one_line

KEPT: Final = 2_000
KEPT_LOGS: Final = 2_000
UNWRITTEN: Final = 20_000
LONGEST_LINE: Final = 2_000
"""Characters of a line that a guest logged; its WIT promises 1 000 of a message."""

MOST_TALLIES: Final = 500
"""Different events counted at most; actions are words of the program, so there are far fewer."""

_LOG: Final = EventKind.LOG
"""Looking up a member of an enum takes longer than comparing it, and guests log in loops."""


class Journal:
    """Events of one runtime.

    Args:
        clock: Unix time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._events: deque[Event] = deque(maxlen=KEPT)
        self._logs: deque[Event] = deque(maxlen=KEPT_LOGS)
        self._lost = 0
        self._lost_logs = 0
        self._unwritten: deque[Event] = deque(maxlen=UNWRITTEN)
        self._listeners: tuple[Callable[[Event], None], ...] = ()
        self._tallies: dict[tuple[str, str], int] = {}
        self.last = 0
        self.dropped = 0
        self.unwritten_dropped = 0

    def emit(
        self,
        kind: EventKind,
        text: str,
        *,
        component: str | None = None,
        revision: int | None = None,
        action: EventAction = EventAction.NONE,
        level: Level = Level.INFO,
        generation: int | None = None,
        speaker: Speaker = Speaker.SERVING,
    ) -> Event:
        """Record an event. Its text is sanitised here; a line that a guest logged is data, and not written to disk.

        Args:
            kind: The kind.
            text: One line for people.
            component: The component's name.
            revision: The revision.
            action: A stable word for programs.
            level: How much it matters.
            generation: Generation of the change, for decisions.
            speaker: Which instance wrote a line.
        """
        with self._lock:
            event = Event(
                seq=self.last + 1,
                at=self._clock(),
                kind=kind,
                level=level,
                text=bounded(text, LONGEST_LINE) if kind is _LOG else one_line(text, MAX_TEXT),
                component=component,
                revision=revision,
                action=action,
                generation=generation,
                speaker=speaker,
            )
            listeners = self._take(event)
        _tell(listeners, event)
        return event

    def record(self, event: Event) -> None:
        """Record an event that has everything but its number and its time. Its text is sanitised."""
        with self._lock:
            event = msgspec.structs.replace(event, seq=self.last + 1, at=self._clock())
            listeners = self._take(event)
        _tell(listeners, event)

    def system(self, text: str, action: EventAction, level: Level = Level.INFO) -> None:
        """Record an event of the runtime as a whole."""
        self.emit(EventKind.SYSTEM, text, action=action, level=level)

    def switched(self, cause: str) -> None:
        """Count an activation, by its cause."""
        with self._lock:
            self._count(SWITCH, cause)

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """How often each kind of event happened."""
        with self._lock:
            counted = sorted(self._tallies.items())
        return tuple(Tally(kind, action, count) for (kind, action), count in counted)

    def page(self, after: int, limit: int) -> EventPage:
        """Return the newest events after a sequence number, oldest first; at most ``limit``."""
        with self._lock:
            found = [*_newest(self._events, after), *_newest(self._logs, after)]
            missed = max(0, self._lost - after)
            # Sequence numbers have no gaps: an event that is in neither buffer was dropped from one.
            missed_logs = self.last - max(0, after) - len(found) if self._lost_logs > after else 0
        found.sort(key=lambda event: event.seq)
        cut, shown = found[: max(0, len(found) - limit)], found[max(0, len(found) - limit) :]
        missed_logs += sum(1 for event in cut if event.kind is EventKind.LOG)
        return EventPage(tuple(shown), missed, missed_logs)

    def recent(self, component: str, limit: int = 50) -> tuple[Event, ...]:
        """Return the newest events of one component, oldest first."""
        with self._lock:
            found = [event for event in (*self._events, *self._logs) if event.component == component]
        found.sort(key=lambda event: event.seq)
        return tuple(found[-limit:])

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call a function for each event, on the thread that emits it; return a function that stops it."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def stop() -> None:
            with self._lock:
                at = self._listeners.index(listener)
                self._listeners = self._listeners[:at] + self._listeners[at + 1 :]

        return stop

    def take_unwritten(self) -> tuple[Event, ...]:
        """Return the events that are not written yet, and remove them from the queue."""
        with self._lock:
            waiting = tuple(self._unwritten)
            self._unwritten.clear()
        return waiting

    def give_back(self, events: tuple[Event, ...]) -> None:
        """Queue events again that could not be written; the oldest ones over the limit are dropped and counted."""
        with self._lock:
            room = UNWRITTEN - len(self._unwritten)
            self.unwritten_dropped += max(0, len(events) - room)
            if room:
                self._unwritten.extendleft(reversed(events[-room:]))

    def known(self) -> tuple[Event, ...]:
        """Return every event that is buffered or not written yet, in no order."""
        with self._lock:
            return tuple({event.seq: event for event in (*self._unwritten, *self._events, *self._logs)}.values())

    def _count(self, kind: str, action: str) -> None:
        key = (str(kind), str(action))
        if key in self._tallies or len(self._tallies) < MOST_TALLIES:
            self._tallies[key] = self._tallies.get(key, 0) + 1

    def _take(self, event: Event) -> tuple[Callable[[Event], None], ...]:
        """Keep an event; return who is to be told of it."""
        self.last = event.seq
        # Guest logs have their own buffer, so that a verbose guest does not push out the events of others.
        kept = self._logs if event.kind is _LOG else self._events
        if len(kept) == kept.maxlen:
            self.dropped += 1
            oldest = kept[0].seq
            if oldest > self._lost:  # noqa: PLR1730 - twice as fast as a call
                self._lost = oldest
            if kept is self._logs:
                self._lost_logs = oldest
        kept.append(event)
        if kept is self._events:
            self._count(event.kind, event.action)
            self.unwritten_dropped += len(self._unwritten) == UNWRITTEN
            self._unwritten.append(event)
        return self._listeners


def _tell(listeners: tuple[Callable[[Event], None], ...], event: Event) -> None:
    for listener in listeners:
        listener(event)


def _newest(events: deque[Event], after: int) -> Iterator[Event]:
    for event in reversed(events):
        if event.seq <= after:
            return
        yield event
