"""Disks without room: one that refuses every write from a point on, and a real one that is small and can be filled."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from airssys_tui.core.units import MIB
from airssys_tui.store.artifacts import blobs, code_cache
from airssys_tui.store.disk import database, durable, free_space
from airssys_tui.store.disk.failpoint import NAMES

WRITES = sorted(name for name in NAMES if name.endswith(("before-commit", "before-write", "before-rename")))
"""Every write there is: each transaction, and each file before it is written and before it gets its name."""


class Disk:
    """A disk that is full from the first time that a write is reached, until there is room again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.point = ""
        self.is_full = False
        self.met: set[str] = set()
        for module in (database, durable, blobs, code_cache):
            monkeypatch.setattr(module, "failpoint", self._reach)
        monkeypatch.setattr(free_space, "free_space", self._free)

    def _reach(self, name: str) -> None:
        self.met.add(name)
        self.is_full = self.is_full or name == self.point
        if self.is_full and name in WRITES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _free(self, _path: Path) -> int:
        return 0 if self.is_full else 1_000 * MIB

    def free(self) -> None:
        self.point, self.is_full = "", False


@contextlib.contextmanager
def small_file_system(where: Path) -> Iterator[Path]:
    """Give a file system of 6 MiB; skip the test where mounting is not permitted."""
    where.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(where)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system is not permitted here")
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", str(where)], check=True)


def fill(where: Path) -> Path:
    """Take every byte that is left on a file system."""
    ballast = where / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (64 * 1024, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"\1" * size)
    assert shutil.disk_usage(where).free == 0
    return ballast
