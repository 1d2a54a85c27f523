"""What goes wrong with the machine during a soak, again and again, each time for a moment."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from airssys_tui.api.commands import Restart
from airssys_tui.core.errors import AirssysError
from airssys_tui.runtime.embedded import EmbeddedRuntime
from tests.support.full_disk import Disk

MOMENT = 0.4
"""Seconds that a trouble lasts."""
SPARE = 16
"""Descriptors above the highest one in use, all of which are taken."""
KINDS = ("descriptors", "disk", "storage", "blob")


class Trouble:
    """Troubles of the machine, none of which is the fault of a component.

    Args:
        runtime: The runtime that has to bear it.
        state: Its state directory.
        stop: Set when the soak is over; every trouble ends then.

    Attributes:
        made: How often each trouble was made.
    """

    def __init__(self, runtime: EmbeddedRuntime, state: Path, stop: threading.Event) -> None:
        self._runtime = runtime
        self._state = state
        self._stop = stop
        self._patch = pytest.MonkeyPatch()
        self._disk = Disk(self._patch)
        self.made: Counter[str] = Counter()

    def every(self) -> tuple[tuple[float, Callable[[], None]], ...]:
        """Give what to do, each with the seconds between two times."""
        return ((3.0, self.descriptors), (4.0, self.disk), (2.0, self.storage), (2.5, self.blob))

    def end(self) -> None:
        """Give the disk its room back for good."""
        self._patch.undo()

    def descriptors(self) -> None:
        """No file can be opened: the process has as many as it may have."""
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        highest = max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())
        taken: list[int] = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + SPARE, before[1]))
        try:
            with contextlib.suppress(OSError):
                while len(taken) < highest + SPARE:
                    taken.append(os.open(os.devnull, os.O_RDONLY))
            self._last("descriptors")
        finally:
            for descriptor in taken:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, before)

    def disk(self) -> None:
        """The disk is full."""
        self._disk.is_full = True
        try:
            self._last("disk")
        finally:
            self._disk.free()

    def storage(self) -> None:
        """Another process holds the lock of the storage."""
        with contextlib.suppress(sqlite3.OperationalError), self._open_storage() as holder:
            holder.execute("BEGIN IMMEDIATE")
            self._last("storage")
            holder.execute("ROLLBACK")

    def _open_storage(self) -> contextlib.closing[sqlite3.Connection]:
        """Open it from outside, as another process does; fails in a moment without descriptors."""
        return contextlib.closing(sqlite3.connect(self._state / "storage.db", isolation_level=None))

    def blob(self) -> None:
        """The stored copy of a component that starts again is damaged."""
        digest = next(row.digest for row in self._runtime.snapshot().components if row.id == "mended")
        if digest is None:
            return
        name = digest.removeprefix("sha256:")
        kept = self._state / "blobs" / name[:2] / name
        with contextlib.suppress(FileNotFoundError):  # it is being healed
            with kept.open("r+b") as file:
                file.seek(100)
                file.write(b"damaged")
            self.made["blob"] += 1
        shutil.rmtree(self._state / "code", ignore_errors=True)
        with contextlib.suppress(AirssysError):  # another trouble is on at the same time
            self._runtime.submit(Restart("mended")).result(60.0)

    def _last(self, kind: str) -> None:
        self.made[kind] += 1
        self._stop.wait(MOMENT)
