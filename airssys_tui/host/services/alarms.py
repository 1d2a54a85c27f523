"""The timers of one component, whoever delivers them: set by name, due by a monotonic clock, bounded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec

from airssys_tui.core.errors import CapacityError, UsageError

MAX_TIMERS: Final = 64
MAX_NAME: Final = 64
LONGEST_MS: Final = 30 * 24 * 3600 * 1000
SHORTEST_MS: Final = 10
"""Least milliseconds between two deliveries of one timer."""


class Alarm(msgspec.Struct):
    """A timer that is set.

    Attributes:
        name: Its name.
        due: Monotonic time in seconds.
        period: Seconds between two deliveries; none when it is due once.
        waits: Whether a delivery waits in the mailbox.
    """

    name: str
    due: float
    period: float | None
    waits: bool = False


class Alarms:
    """The timers of a component. May be used by any thread.

    Args:
        clock: Monotonic time in seconds.
        changed: Called when another timer may be due next; from any thread.

    Attributes:
        missed: Deliveries left out because an earlier one of the same timer still waited.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, changed: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self._changed = changed
        self._lock = threading.Lock()
        self._set: dict[str, Alarm] = {}
        self.missed = 0

    def set(self, name: str, after_ms: int, period_ms: int | None) -> None:
        """Set a timer, in place of the one with the same name.

        Raises:
            UsageError: If an argument is out of its bounds.
            CapacityError: If there are as many as there may be.
        """
        if not 1 <= len(name) <= MAX_NAME:
            raise UsageError(f"the name has {len(name)} characters, 1 to {MAX_NAME} are taken")
        if after_ms > LONGEST_MS:
            raise UsageError(f"{after_ms} ms is more than 30 days")
        if period_ms is not None and not SHORTEST_MS <= period_ms <= LONGEST_MS:
            raise UsageError(f"a period of {period_ms} ms, {SHORTEST_MS} ms to 30 days are taken")
        alarm = Alarm(name, self._clock() + after_ms / 1000, None if period_ms is None else period_ms / 1000)
        with self._lock:
            if name not in self._set and len(self._set) >= MAX_TIMERS:
                raise CapacityError(f"{MAX_TIMERS} timers are set already")
            self._set[name] = alarm
        self._changed()

    def cancel(self, name: str) -> bool:
        """Forget a timer; return whether it was set."""
        with self._lock:
            return self._set.pop(name, None) is not None

    def clear(self) -> None:
        """Forget every timer."""
        with self._lock:
            self._set.clear()

    def list(self) -> tuple[tuple[str, int, int | None], ...]:
        """Return name, milliseconds until it is due, and period in milliseconds of each, by name."""
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
        """Set what is set in another one, as long from now as it was to be there; as many as there may be."""
        for name, due_in, period in other.list():
            try:
                self.set(name, due_in, period)
            except CapacityError:
                self.missed += 1

    def next_due(self) -> float | None:
        """Return when the next timer is due; nothing when none is set."""
        with self._lock:
            return min((alarm.due for alarm in self._set.values()), default=None)

    def take_due(self) -> tuple[Alarm, ...]:
        """Return the timers that are to be delivered now, and set when they are due next."""
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
        """Return whether a delivery is still wanted, as its turn comes; one that was due once is forgotten."""
        with self._lock:
            if self._set.get(alarm.name) is not alarm:
                return False
            alarm.waits = False
            if alarm.period is None:
                del self._set[alarm.name]
            return True

    def skip(self, alarm: Alarm) -> None:
        """Give a delivery up that found no room: counted, and due again when it is periodic."""
        with self._lock:
            self.missed += 1
            alarm.waits = False
            if alarm.period is None and self._set.get(alarm.name) is alarm:
                del self._set[alarm.name]


_NEVER: Final = float("inf")
