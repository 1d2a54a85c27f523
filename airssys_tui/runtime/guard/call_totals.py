"""How many calls components have finished in all runs: how long a grant has gone without use is counted in them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Final

EVERY: Final = 60.0
"""Seconds between two recordings of the totals."""


class CallTotals:
    """The totals of one runtime. Any thread may use it.

    What a runtime that was killed had not recorded is not counted: a grant seems to be used for longer, never for less.

    Args:
        count: Returns how many calls a component has finished in this runtime, by its name; takes no lock.
    """

    def __init__(self, count: Callable[[str], int]) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._before: dict[str, int] = {}
        self._now: dict[str, int] = {}
        self._recorded: dict[str, int] = {}
        self._due_at = float("-inf")

    def recall(self, totals: Mapping[str, int]) -> None:
        """Begin with the totals that are recorded."""
        with self._lock:
            self._before = dict(totals)
            self._recorded = dict(totals)

    def of(self, name: str) -> int:
        """Return the total of a component."""
        with self._lock:
            # counted with the lock held: an older count after a newer one would look like a new beginning
            now = self._count(name)
            last = self._now.get(name, 0)
            if now < last:  # it was unloaded meanwhile, and its count began again
                self._before[name] = self._before.get(name, 0) + last
            self._now[name] = now
            return self._before.get(name, 0) + now

    def due(self, names: Iterable[str], now: float, *, last: bool) -> dict[str, int]:
        """Return the totals that are to be recorded now; they count as recorded then.

        Args:
            names: The components whose totals are recorded.
            now: Seconds of any clock.
            last: Whether all are due, because the runtime ends.
        """
        if not last and 0.0 <= now - self._due_at < EVERY:
            return {}
        self._due_at = now
        totals = {name: self.of(name) for name in names}
        with self._lock:
            changed = {name: total for name, total in totals.items() if total != self._recorded.get(name, 0)}
            self._recorded |= changed
        return changed
