"""Timeouts of requests: one timer of the control loop for all of them."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import Final

FEW: Final = 64
"""Timeouts that are over and still kept, at least, before they are cleared away."""


class Timeout:
    """One timeout; ordered by when it is due.

    Attributes:
        due: Monotonic seconds.
        passed: What to call; None once it is over.
    """

    __slots__ = ("due", "number", "passed")

    def __init__(self, due: float, number: int, passed: Callable[[], None]) -> None:
        self.due = due
        self.number = number
        self.passed: Callable[[], None] | None = passed

    def __lt__(self, other: Timeout) -> bool:
        """Compare by time, then by age."""
        return (self.due, self.number) < (other.due, other.number)


class Timeouts:
    """Calls functions when their time has come, on the control loop. Any thread may add and end them.

    Args:
        loop: The control loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: list[Timeout] = []
        self._over = 0
        self._armed: float | None = None

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._waiting)

    def add(self, seconds: float, passed: Callable[[], None]) -> Timeout:
        """Call a short function after some seconds, unless the timeout is ended before."""
        made = Timeout(time.monotonic() + seconds, next(self._numbers), passed)
        with self._lock:
            heapq.heappush(self._waiting, made)
            if self._armed is not None and self._armed <= made.due:
                return made
            self._armed = made.due
        with contextlib.suppress(RuntimeError):  # the loop is closed: a guest outlived the runtime
            self._loop.call_soon_threadsafe(self._arm, made.due)
        return made

    def end(self, timeout: Timeout) -> None:
        """Forget a timeout; one that is over already stays so."""
        with self._lock:
            if timeout.passed is None:
                return
            timeout.passed = None
            self._over += 1
            if self._over > FEW and 2 * self._over > len(self._waiting):
                self._waiting = [each for each in self._waiting if each.passed is not None]
                heapq.heapify(self._waiting)
                self._over = 0

    def _arm(self, due: float) -> None:
        self._loop.call_later(max(0.0, due - time.monotonic()), self._ring, due)

    def _ring(self, armed: float) -> None:
        ready: list[Callable[[], None]] = []
        with self._lock:
            if self._armed != armed:  # another timer is the next one
                return
            now = time.monotonic()
            while self._waiting and self._waiting[0].due <= now:
                passed = heapq.heappop(self._waiting)
                if passed.passed is None:
                    self._over -= 1
                else:
                    ready.append(passed.passed)
                    passed.passed = None
            self._armed = self._waiting[0].due if self._waiting else None
            following = self._armed
        if following is not None:
            self._arm(following)
        for each in ready:
            each()
