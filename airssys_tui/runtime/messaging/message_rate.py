"""How many messages a component may send: so many in a second, and so many at once."""

from __future__ import annotations

import time
from collections.abc import Callable


class MessageRate:
    """The messages that one component may send now. Used by whoever sends for it, one thread at a time.

    Args:
        limit: Messages per second, and at once after a pause.
        clock: Returns monotonic seconds.
    """

    __slots__ = ("_at", "_clock", "_left", "limit")

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._left = float(limit)
        self._at = clock()

    def take(self) -> bool:
        """Count one message, if it may be sent."""
        if self._left >= 1.0:
            self._left -= 1.0
            return True
        now = self._clock()
        self._left = min(float(self.limit), self._left + (now - self._at) * self.limit)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
