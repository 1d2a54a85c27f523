"""The timers of one component: named, bounded, and due by a monotonic clock; another module delivers them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from sys import getsizeof
from typing import Final

import msgspec

from airssys_tui.core.errors import CapacityError, UsageError

MAX_TIMERS: Final = 64
MAX_NAME: Final = 64
LONGEST_MS: Final = 30 * 24 * 3600 * 1000
SHORTEST_MS: Final = 10
"""Minimum milliseconds between two deliveries of one timer."""

ALARM_BYTES: Final = 250
"""Bytes of memory of one timer without its name; measured."""


class Alarm(msgspec.Struct):
    """A timer.

    Attributes:
        name: Its name.
        due: Monotonic time in seconds.
        period: Seconds between two deliveries; None for a one-shot timer.
        waits: Whether one of its deliveries is queued in the mailbox.
    """

    name: str
    due: float
    period: float | None
    waits: bool = False


class Alarms:
    """The timers of a component. Thread-safe.

    Args:
        clock: Returns monotonic time in seconds.
        changed: Called when another timer may be due next; from any thread.

    Attributes:
        missed: Deliveries skipped because an earlier one of the same timer was still queued.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, changed: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self._changed = changed
        self._lock = threading.Lock()
        self._set: dict[str, Alarm] = {}
        self.missed = 0

    def __len__(self) -> int:
        """Return the number of timers."""
        return len(self._set)

    @property
    def bytes(self) -> int:
        """Bytes of memory of the timers."""
        with self._lock:
            return sum(ALARM_BYTES + getsizeof(name) for name in self._set)

    def set(self, name: str, after_ms: int, period_ms: int | None) -> None:
        """Set a timer; replaces one of the same name.

        Raises:
            UsageError: If an argument is out of bounds.
            CapacityError: If the maximum number of timers is set.
        """
        if not 1 <= len(name) <= MAX_NAME:
            raise UsageError(f"the name has {len(name)} characters; accepted: 1 to {MAX_NAME}")
        if after_ms > LONGEST_MS:
            raise UsageError(f"the delay is {after_ms} ms; the limit is 30 days")
        if period_ms is not None and not SHORTEST_MS <= period_ms <= LONGEST_MS:
            raise UsageError(f"the period is {period_ms} ms; accepted: {SHORTEST_MS} ms to 30 days")
        alarm = Alarm(name, self._clock() + after_ms / 1000, None if period_ms is None else period_ms / 1000)
        with self._lock:
            if name not in self._set and len(self._set) >= MAX_TIMERS:
                raise CapacityError(f"{MAX_TIMERS} timers are already set, the limit of a component: cancel one first")
            self._set[name] = alarm
        self._changed()

    def cancel(self, name: str) -> bool:
        """Remove a timer; return whether it was set."""
        with self._lock:
            return self._set.pop(name, None) is not None

    def clear(self) -> None:
        """Remove all timers."""
        with self._lock:
            self._set.clear()

    def list(self) -> tuple[tuple[str, int, int | None], ...]:
        """Return name, milliseconds until due, and period in milliseconds of each timer, sorted by name."""
        now = self._clock()
        with self._lock:
            return tuple(
                (
                    alarm.name,
                    max(0, round((alarm.due - now) * 1000)),
                    None if alarm.period is None else round(alarm.period * 1000),
                )
                for alarm in sorted(self._set.values(), key=lambda alarm: alarm.name)
            )

    def take_in(self, other: Alarms) -> None:
        """Copy the timers of another instance with the same remaining times, up to the maximum."""
        for name, due_in, period in other.list():
            try:
                self.set(name, due_in, period)
            except CapacityError:
                self.missed += 1

    def next_due(self) -> float | None:
        """Return when the next timer is due, or None."""
        with self._lock:
            return min((alarm.due for alarm in self._set.values()), default=None)

    def take_due(self) -> tuple[Alarm, ...]:
        """Return the timers to deliver now, and compute when they are due next."""
        now, found = self._clock(), []
        with self._lock:
            for alarm in self._set.values():
                if alarm.due > now:
                    continue
                if alarm.waits:
                    self.missed += 1
                else:
                    alarm.waits = True
                    found.append(alarm)
                alarm.due = _NEVER if alarm.period is None else max(alarm.due + alarm.period, now)
        return tuple(found)

    def begin(self, alarm: Alarm) -> bool:
        """Return whether a queued delivery is still valid when it is due to run; removes a one-shot timer."""
        with self._lock:
            if self._set.get(alarm.name) is not alarm:
                return False
            alarm.waits = False
            if alarm.period is None:
                del self._set[alarm.name]
            return True

    def skip(self, alarm: Alarm) -> None:
        """Drop and count a delivery for which the mailbox had no room; a periodic timer stays set."""
        with self._lock:
            self.missed += 1
            alarm.waits = False
            if alarm.period is None and self._set.get(alarm.name) is alarm:
                del self._set[alarm.name]


_NEVER: Final = float("inf")
