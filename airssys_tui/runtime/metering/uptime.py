"""Uptime of a component: seconds of healthy service, on a monotonic clock that pauses while the component is down."""

from __future__ import annotations

import time
from collections.abc import Callable


class Uptime:
    """Seconds of healthy service. The restart budget is counted in them: only uptime refills it.

    Args:
        clock: Monotonic seconds.
    """

    __slots__ = ("_at", "_clock", "seconds")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = clock()
        self.seconds = 0.0

    def tick(self, up: bool) -> float:
        """Count the time since the last tick if the component was up; return the seconds so far."""
        now = self._clock()
        if up:
            self.seconds += now - self._at
        self._at = now
        return self.seconds
