"""How long a component was up, on a clock that cannot be set and that stands still while it is down."""

from __future__ import annotations

import time
from collections.abc import Callable


class Uptime:
    """Seconds of healthy service. The restart budget is counted on it: only uptime refills it.

    Args:
        clock: Monotonic seconds.
    """

    __slots__ = ("_at", "_clock", "seconds")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = clock()
        self.seconds = 0.0

    def tick(self, up: bool) -> float:
        """Count the time since the last tick if the component was up in it; return the seconds so far."""
        now = self._clock()
        if up:
            self.seconds += now - self._at
        self._at = now
        return self.seconds
