"""Settling: turn bursts of file notices into one change each, taken when the files have stopped changing.

A build or a copy writes a component in several steps: a truncated file, a rename, the manifest before or after the wasm
file. Reading at the first notice would find half of it. So for each entry of the folder:

* The first notice starts a pending change, with the stamps of all its files.
* Each look at the stamps that finds a difference, and each further notice, starts the quiet time again.
* When the stamps stayed the same for the quiet time (:data:`QUIET`), the change has settled and is handed on, once. Two
  looks are needed: only the second can tell that nothing moved since the first.
* Files that never stop changing, such as a log next to the wasm file, are read anyway after :data:`LONGEST`.

Stamps instead of notices decide, because notices can be late, doubled or missing, and tell nothing about the content.
This module is plain bookkeeping over a clock and a function that reads stamps; ``watch`` supplies both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from airssys_tui.runtime.sources.stamps import Stamps

QUIET: Final = 0.05
"""Seconds without a change until a component is settled."""

LONGEST: Final = 10.0
"""Seconds until files that keep changing are read anyway."""


class Settled(msgspec.Struct, frozen=True):
    """A change that has settled.

    Attributes:
        key: The entry of the folder.
        stamps: Its files; empty if it is gone.
        waited: Seconds from the first notice.
        bursts: Notices in this change.
    """

    key: str
    stamps: Stamps
    waited: float
    bursts: int


class _Pending(msgspec.Struct):
    first: float
    still_since: float
    stamps: Stamps
    bursts: int


class Settler:
    """Notices in, settled changes out.

    Args:
        stamp: Reads the present stamps of an entry.
        quiet: Seconds without a change.
    """

    def __init__(self, stamp: Callable[[str], Stamps], quiet: float = QUIET) -> None:
        self._stamp = stamp
        self._quiet = quiet
        self._notices: deque[tuple[str, float]] = deque()
        self._pending: dict[str, _Pending] = {}

    @property
    def waiting(self) -> bool:
        """Whether a change has not settled yet."""
        return bool(self._pending or self._notices)

    def notice(self, key: str, now: float) -> None:
        """Note that something changed in an entry. Never blocks; any thread may call it."""
        self._notices.append((key, now))

    def due(self, now: float) -> tuple[Settled, ...]:
        """Look at the stamps again and return what has settled. Reads the disk; one thread at a time."""
        while self._notices:
            self._note(*self._notices.popleft(), now)
        settled = []
        for key, pending in list(self._pending.items()):
            stamps = self._stamp(key)
            if stamps != pending.stamps:
                pending.stamps = stamps
                pending.still_since = now
            rests = now - pending.still_since >= self._quiet
            if rests or now - pending.first >= LONGEST:
                del self._pending[key]
                settled.append(Settled(key, stamps, now - pending.first, pending.bursts))
        return tuple(settled)

    def _note(self, key: str, at: float, now: float) -> None:
        pending = self._pending.get(key)
        if pending is None:
            # Unchanged since this look, however late it is: only two looks can tell that nothing moves.
            self._pending[key] = _Pending(at, now, self._stamp(key), 1)
        else:
            pending.bursts += 1
            pending.still_since = max(pending.still_since, at)
