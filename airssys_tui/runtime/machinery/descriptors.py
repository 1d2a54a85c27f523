"""File descriptors of this process: how many are open, how many may be, and when new work is refused for them.

Without a descriptor nothing works any more, not even stopping: no connection is accepted, no file read, no state saved.
So the limit is raised at the start as far as the system allows, and the last fifth is kept for what runs already.
"""

from __future__ import annotations

import contextlib
import os
import resource
import time
from collections.abc import Callable
from typing import Final

from airssys_tui.core.errors import CapacityError

MOST: Final = 65_536
"""Descriptors up to which the limit is raised."""

SHARE: Final = 0.8
"""Share of the limit above which new work is refused."""

EACH: Final = 16
"""Descriptors that one piece of new work is taken to open at most."""

FRESH: Final = 0.5
"""Seconds for which a count is good."""

_FOLDERS: Final = ("/proc/self/fd", "/dev/fd")

REMEDY: Final = "stop some components or clients, or raise the limit on open files (ulimit -n) and start again"


def raise_limit() -> None:
    """Raise the limit of this process to what the system allows without privileges, at most to :data:`MOST`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):  # the system knows better: the limit stays
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def open_descriptors() -> int | None:
    """Return how many descriptors are open; None where the system does not say."""
    for folder in _FOLDERS:
        with contextlib.suppress(OSError):
            # Without the one that reads the folder.
            return max(0, len(os.listdir(folder)) - 1)  # noqa: PTH208 - only their number is needed
    return None


def descriptor_limit() -> int | None:
    """Return how many may be open; None if any number may be."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


class Descriptors:
    """The descriptors of this process, counted when they are asked for.

    Args:
        count: Returns how many are open, or None.
        limit: Returns how many may be, or None.
    """

    def __init__(
        self,
        count: Callable[[], int | None] = open_descriptors,
        limit: Callable[[], int | None] = descriptor_limit,
    ) -> None:
        self._count = count
        self._limit = limit
        self._spare = 0
        self._until = 0.0

    @property
    def used(self) -> int | None:
        """How many are open; None where the system does not say."""
        return self._count()

    @property
    def limit(self) -> int | None:
        """How many may be open; None without a limit."""
        return self._limit()

    def crowding(self, what: str) -> CapacityError | None:
        """Return why there is no room for new work, or None if there is.

        Args:
            what: The new work, for people, such as "another client".
        """
        used, limit = self._count(), self._limit()
        if limit is None:
            return None
        if used is None:
            # Even counting takes one: there was none left.
            used = limit
        if used < SHARE * limit:
            return None
        text = f"{used} of {limit} file descriptors are open: the rest is kept for what runs, and {what} is refused"
        return CapacityError(text, remedy=REMEDY)

    def require_room(self, what: str) -> None:
        """Refuse new work when most descriptors are open.

        Counting them takes longer the more there are. So they are counted again when those that were free then could
        be used up, and after :data:`FRESH` seconds.

        Raises:
            CapacityError: If at least :data:`SHARE` of the limit is in use.
        """
        now = time.monotonic()
        if self._spare > 0 and now < self._until:
            self._spare -= 1
            return
        error = self.crowding(what)
        if error is not None:
            raise error
        self._spare, self._until = self._free() // EACH, now + FRESH

    def _free(self) -> int:
        """Return how many may still be opened by new work."""
        used, limit = self._count(), self._limit()
        return 0 if used is None or limit is None else max(0, int(SHARE * limit) - used)
