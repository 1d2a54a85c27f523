"""When a change has settled: pure bookkeeping over stamps and a clock that is given.

A component's directory is settled when the stamps of its files (manifest and wasm together, in either order) have not
changed for a quiet span. Bursts coalesce into one change; each carries the next generation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from airssys_tui.runtime.sources.folder import FileStamp

QUIET: Final = 0.05
"""Seconds without a change after which a component is settled."""

LONGEST: Final = 10.0
"""Seconds after which a file that never rests is taken as it is."""


class Settled(msgspec.Struct, frozen=True):
    """A change that has settled.

    Attributes:
        key: The entry of the folder.
        stamps: Its files; empty when it is gone.
        waited: Seconds from the first notice to the settling.
        bursts: Notices that were coalesced into this change.
    """

    key: str
    stamps: tuple[FileStamp, ...]
    waited: float
    bursts: int


class _Pending(msgspec.Struct):
    first: float
    still_since: float
    stamps: tuple[FileStamp, ...]
    bursts: int


class Settler:
    """Notices in, settled changes out.

    Args:
        stamp: Reads the stamps of a key now.
        quiet: Seconds without a change.
    """

    def __init__(self, stamp: Callable[[str], tuple[FileStamp, ...]], quiet: float = QUIET) -> None:
        self._stamp = stamp
        self._quiet = quiet
        self._notices: deque[tuple[str, float]] = deque()
        self._pending: dict[str, _Pending] = {}

    @property
    def waiting(self) -> bool:
        """Whether any change has not settled yet."""
        return bool(self._pending or self._notices)

    def notice(self, key: str, now: float) -> None:
        """Take a notice that something changed below ``key``. Never blocks; any thread may call it."""
        self._notices.append((key, now))

    def due(self, now: float) -> tuple[Settled, ...]:
        """Return what has settled, looking at the stamps again. Touches the disk; one thread at a time."""
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
            # Still since it is looked at, however late that is: only two looks can tell that it rests.
            self._pending[key] = _Pending(at, now, self._stamp(key), 1)
        else:
            pending.bursts += 1
            pending.still_since = max(pending.still_since, at)
