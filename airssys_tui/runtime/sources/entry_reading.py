"""Readings of the folder's entries: of several readings of one entry, the one that began last is what the files say.

Several threads read, so a reading that began before a change may end after one that began after it: it has old news.
Whoever acted on it would bring back files that are no longer there, and nothing would ever put that right, since the
files do not change again. So a reading that was overtaken is not given to anybody: the entry is read again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from airssys_tui.runtime.sources.reading_threads import ReadingThreads

T = TypeVar("T")


class EntryReading:
    """Reads entries of one folder, in order. Used on the control loop.

    Args:
        threads: Read.
        folder: The watched folder.
    """

    def __init__(self, threads: ReadingThreads, folder: Path) -> None:
        self._threads = threads
        self._folder = folder
        self._began = 0
        self._under_way: Counter[str] = Counter()
        self._newest: dict[str, int] = {}

    @property
    def under_way(self) -> frozenset[str]:
        """The entries that are being read."""
        return frozenset(self._under_way)

    async def read(self, key: str, function: Callable[[Path, str], T]) -> T:
        """Read an entry; until the caller awaits something, nobody has a newer reading of it.

        Args:
            key: The entry.
            function: Reads it, given the folder and the entry; its errors are raised here.

        Raises:
            FileUnavailable: If it does not return in time, or an earlier reading of the same entry still hangs.
        """
        while True:
            self._began += 1
            number = self._began
            self._under_way[key] += 1
            try:
                found = await self._threads.read(key, function, self._folder, key)
            except Exception:
                if self._is_newest(key, number):
                    raise
            else:
                if self._is_newest(key, number):
                    return found
            finally:
                self._under_way[key] -= 1
                if not self._under_way[key]:
                    del self._under_way[key]
                    self._newest.pop(key, None)

    def _is_newest(self, key: str, number: int) -> bool:
        """Note the end of a reading; return False if one that began later has ended before."""
        if self._newest.get(key, 0) > number:
            return False
        self._newest[key] = number
        return True
