"""Entries of the folder that could not be read now: when each is read again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import msgspec

FIRST: Final = 1.0
"""Seconds until an entry is read again for the first time; each further time takes twice as long."""

LONGEST: Final = 30.0
"""Seconds between two readings at most."""


class _Wait(msgspec.Struct):
    due: float
    last: float
    reason: str


class Postponed:
    """The entries to be read again.

    Args:
        clock: Seconds, increasing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: dict[str, _Wait] = {}

    def postpone(self, key: str, reason: str, seconds: float | None = None) -> bool:
        """Have an entry read again; return whether the reason is another one than the last time.

        Args:
            key: The entry.
            reason: Why it could not be read.
            seconds: When; by default a growing time.
        """
        before = self._waiting.get(key)
        wait = seconds
        if wait is None:
            wait = FIRST if before is None else min(2 * before.last, LONGEST)
        self._waiting[key] = _Wait(self._clock() + wait, max(wait, FIRST / 2), reason)
        return before is None or before.reason != reason

    def settle(self, key: str) -> bool:
        """Forget an entry: what it holds is known; return whether it had been postponed."""
        return self._waiting.pop(key, None) is not None

    def due(self) -> tuple[str, ...]:
        """Return the entries to read now; each is returned once until it is postponed again."""
        now = self._clock()
        found = tuple(key for key, wait in self._waiting.items() if wait.due <= now)
        for key in found:
            self._waiting[key].due = float("inf")
        return found
