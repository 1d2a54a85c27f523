"""What was last seen of the folder's files, and what differs from it: the bookkeeping of surveys.

The baseline of an entry is moved on when its change is handed on, not when it is surveyed: a difference that nobody
handed on is a change that nobody noticed. Two kinds of differences say that only the content can tell:

* The time of the inode differs and nothing else does: somebody changed a right or made a hard link, or somebody changed
  the content and set the file's time back.
* Nothing differs, but the files had changed so shortly before they were read that a later change may bear the same
  time. Such an entry is read once more when the clock has moved on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from airssys_tui.runtime.sources.names import is_storable
from airssys_tui.runtime.sources.stamps import Stamps, same_but_for_inode_times, youngest

TICK: Final = 2.5
"""Seconds within which a file system's clock may not tell two changes apart (FAT: two)."""

MOST_DOUBTS: Final = 64
"""Entries at most that are read again for doubt after one survey."""


class Baseline:
    """The stamps that were last handed on."""

    def __init__(self) -> None:
        self._known: dict[str, Stamps] = {}
        self._doubts: dict[str, float] = {}

    @property
    def keys(self) -> tuple[str, ...]:
        """The entries that had files."""
        return tuple(self._known)

    def begin(self, seen: Mapping[str, Stamps], wall: float, now: float) -> None:
        """Start from what lies in the folder before it is scanned; see :meth:`move`."""
        for key, found in seen.items():
            self.move(key, found, wall, now)

    def move(self, key: str, found: Stamps, wall: float, now: float, *, doubted: bool = False) -> None:
        """Note that an entry is handed on with these stamps.

        Args:
            key: The entry.
            found: Its stamps; empty if it is gone.
            wall: Unix time in seconds.
            now: Time of a clock that only goes forward, in seconds.
            doubted: Whether it is handed on to be compared: one more comparison tells nothing new.
        """
        if not found:
            self._known.pop(key, None)
            self._doubts.pop(key, None)
            return
        self._known[key] = found
        # A name that is not UTF-8 is refused by its name, and reading it would end native watching.
        if not doubted and is_storable(key) and wall - youngest(found) < TICK:
            self._doubts[key] = now + TICK

    def agrees(self, key: str, found: Stamps) -> bool:
        """Return whether stamps say nothing new of an entry, so that only its content can."""
        return same_but_for_inode_times(self._known.get(key, ()), found)

    def differences(self, seen: Mapping[str, Stamps]) -> dict[str, bool]:
        """Return the entries that differ from what was handed on; true where only the content can tell."""
        return {
            key: same_but_for_inode_times(self._known.get(key, ()), seen.get(key, ()))
            for key in self._known.keys() | seen.keys()
            if self._known.get(key, ()) != seen.get(key, ())
        }

    def doubtful(self, now: float) -> tuple[str, ...]:
        """Return entries to be read once more although nothing differs, and forget the doubts about them."""
        due = [key for key, at in self._doubts.items() if at <= now][:MOST_DOUBTS]
        for key in due:
            del self._doubts[key]
        return tuple(due)
