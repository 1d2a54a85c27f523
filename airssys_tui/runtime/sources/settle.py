"""Settling: turn bursts of file notices into one change each, taken when the files have stopped changing.

A build or a copy writes a component in several steps: a truncated file, a rename, the manifest before or after the wasm
file. Reading at the first notice would find half of it. So for each entry of the folder:

* The first notice starts a pending change, with the stamps of all its files.
* Each look at the stamps that finds a difference, and each further notice, starts the quiet time again.
* When the stamps stayed the same for the quiet time (:data:`QUIET`), the change has settled and is handed on, once. Two
  looks are needed: only the second can tell that nothing moved since the first.
* Files that never stop changing, such as a log next to the wasm file, are read anyway after :data:`LONGEST`.

Files that are still then may be half written: a copy pauses, a slow network does. ``partial_write`` says when they look
like it, and such a change goes on waiting, which is told once:

* While the file is open for writing, until nothing was written for :data:`OPEN_PATIENCE` seconds.
* Otherwise for :data:`CUT_PATIENCE` seconds, or for twice the longest pause that the copy made so far, if that is more.
* A file that is complete but open is read after :data:`WHOLE_PATIENCE`: its program may keep it open for ever.
* After a partial write, the quiet time is as long as the pauses were: the next file of the same copy may follow.
* Never longer than :data:`PARTIAL_LONGEST` altogether. Then the change is handed on, and the gates say what is missing.

Stamps instead of notices decide, because notices can be late, doubled or missing, and tell nothing about the content.
This module is plain bookkeeping over a clock and functions that look at the disk; ``watch`` supplies them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.runtime.sources.partial_write import PartialWrite, Writer
from airssys_tui.runtime.sources.stamps import Stamps

QUIET: Final = 0.05
"""Seconds without a change until a component is settled."""

LONGEST: Final = 10.0
"""Seconds until files that keep changing are read anyway."""

CUT_PATIENCE: Final = 5.0
"""Seconds that a file that is cut off is waited for after its last change; grows with the pauses of the copy."""

OPEN_PATIENCE: Final = 30.0
"""Seconds that a file that is cut off and open for writing is waited for after its last change; no pause adds more."""

WHOLE_PATIENCE: Final = 3.0
"""Seconds that a complete file that is open for writing is waited for after its last change."""

AFTER_PARTIAL: Final = (0.5, 2.0)
"""Seconds without a change until a copy that paused is settled: at least, and at most."""

PARTIAL_LONGEST: Final = 900.0
"""Seconds from the first notice until a partial write is read anyway."""

ASK_AGAIN: Final = 0.2
"""Seconds between looks into files that look half written."""


class Found(StrEnum):
    """How a change was found."""

    NOTICE = "notice"
    """The system told of it, or it was found while the system could not tell yet."""
    SURVEY = "survey"
    """The survey found it, and the system had not told of it."""
    POLL = "poll"
    """By comparison, because the system tells of nothing."""
    DOUBT = "doubt"
    """Perhaps nothing changed: the stamps cannot tell, so the content is compared."""


class Settled(msgspec.Struct, frozen=True):
    """A change that has settled.

    Attributes:
        key: The entry of the folder.
        stamps: Its files; empty if it is gone.
        waited: Seconds from the first notice.
        bursts: Notices in this change.
        found: How it was found.
        partial: Whether it was half written for a while.
    """

    key: str
    stamps: Stamps
    waited: float
    bursts: int
    found: Found = Found.NOTICE
    partial: bool = False


class Unfinished(msgspec.Struct, frozen=True):
    """A change that goes on waiting because a file of it is half written.

    Attributes:
        key: The entry of the folder.
        file: The file, and what tells so.
    """

    key: str
    file: PartialWrite


class _Pending(msgspec.Struct):
    first: float
    still_since: float
    stamps: Stamps
    bursts: int
    found: Found
    quiet: float
    moved_at: float
    pause: float = 0.0
    ask_at: float = 0.0
    partial: bool = False

    def moved(self, stamps: Stamps, now: float) -> None:
        """Note that the files have changed."""
        self.pause = max(self.pause, now - self.moved_at)
        self.stamps = stamps
        self.still_since = self.moved_at = now
        self.ask_at = 0.0

    def patience(self, file: PartialWrite) -> float:
        """Return how many seconds without a change a partial write is waited for."""
        if not file.cut:
            return WHOLE_PATIENCE
        if file.writer is Writer.OPEN:
            return OPEN_PATIENCE
        return min(max(CUT_PATIENCE, 2 * self.pause), OPEN_PATIENCE)


class Settler:
    """Notices in, settled changes out.

    Args:
        stamp: Reads the present stamps of an entry.
        quiet: Seconds without a change.
        partial: Says which file of an entry is half written, if any.
    """

    def __init__(
        self,
        stamp: Callable[[str], Stamps],
        quiet: float = QUIET,
        partial: Callable[[str], PartialWrite | None] = lambda _: None,
    ) -> None:
        self._stamp = stamp
        self._quiet = quiet
        self._partial = partial
        self._notices: deque[tuple[str, float, Found]] = deque()
        self._pending: dict[str, _Pending] = {}

    @property
    def waiting(self) -> bool:
        """Whether a change has not settled yet."""
        return bool(self._pending or self._notices)

    @property
    def hurried(self) -> bool:
        """Whether a change may settle within the next moments: not all of them are half written."""
        return bool(self._notices) or any(not pending.partial for pending in tuple(self._pending.values()))

    def awaits(self, key: str) -> bool:
        """Return whether a change of an entry is pending."""
        return key in self._pending or any(notice[0] == key for notice in tuple(self._notices))

    def notice(self, key: str, now: float, found: Found = Found.NOTICE) -> None:
        """Note that something changed in an entry. Never blocks; any thread may call it."""
        self._notices.append((key, now, found))

    def due(self, now: float) -> tuple[Settled | Unfinished, ...]:
        """Look at the stamps again and return what has settled. Reads the disk; one thread at a time."""
        while self._notices:
            self._note(*self._notices.popleft(), now)
        results: list[Settled | Unfinished] = []
        for key, pending in list(self._pending.items()):
            stamps = self._stamp(key)
            if stamps != pending.stamps:
                pending.moved(stamps, now)
            rests = now - pending.still_since >= pending.quiet
            if (rests or now - pending.first >= LONGEST) and now >= pending.ask_at:
                results.extend(self._take(key, pending, now))
        return tuple(results)

    def _take(self, key: str, pending: _Pending, now: float) -> list[Settled | Unfinished]:
        waited = now - pending.first
        file = self._partial(key) if pending.stamps else None
        if file is not None and self._waits_for(file, pending, now):
            pending.ask_at = now + ASK_AGAIN
            if not file.cut or pending.partial:
                return []
            pending.partial = True
            return [Unfinished(key, file)]
        if pending.partial and file is None:
            shortest, longest = AFTER_PARTIAL
            pending.quiet = max(self._quiet, min(max(shortest, 1.5 * pending.pause), longest))
            if now - pending.still_since < pending.quiet and waited < PARTIAL_LONGEST:
                return []
        del self._pending[key]
        return [Settled(key, pending.stamps, waited, pending.bursts, pending.found, pending.partial)]

    def _waits_for(self, file: PartialWrite, pending: _Pending, now: float) -> bool:
        waited = now - pending.first
        if waited >= (PARTIAL_LONGEST if file.cut else LONGEST):
            return False
        return now - pending.still_since < pending.patience(file)

    def _note(self, key: str, at: float, found: Found, now: float) -> None:
        pending = self._pending.get(key)
        if pending is None:
            # Unchanged since this look, however late it is: only two looks can tell that nothing moves.
            self._pending[key] = _Pending(at, now, self._stamp(key), 1, found, self._quiet, now)
            return
        pending.bursts += 1
        pending.still_since = max(pending.still_since, at)
        if pending.found is Found.DOUBT:
            pending.found = found
