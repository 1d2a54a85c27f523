"""Claims on code that is about to be compiled: of all processes of a user one compiles it, and the others wait.

A claim is a lock of the operating system on a file. It ends with the last process that holds it, however that ends. The
compiler inherits it: if the process that started the compiler is killed meanwhile, the code is made all the same, and a
process that wants it next waits for it instead of compiling again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from airssys_tui.store.disk.durable import PRIVATE_FILE

POLL: Final = 0.05
"""Seconds between two attempts to take a claim that another process holds."""


@contextlib.contextmanager
def claimed(path: Path, waits: Callable[[], bool]) -> Iterator[int | None]:
    """Hold the claim of a file until the block ends; the file exists only meanwhile.

    Args:
        path: The file; its directory exists.
        waits: Asked before each further attempt; False goes on without the claim.

    Returns:
        The descriptor to hand on to a child; None without a claim: it was not waited for, or there can be none here.
    """
    descriptor = _take(path, waits)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            # Removed first: who finds the lock free finds the file gone too, and begins anew with another one.
            with contextlib.suppress(OSError):
                path.unlink()
            os.close(descriptor)


def _take(path: Path, waits: Callable[[], bool]) -> int | None:
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
        except OSError:
            return None
        if not _lock(descriptor, waits):
            os.close(descriptor)
            return None
        if _is_at(descriptor, path):
            return descriptor
        os.close(descriptor)  # its holder has removed the file meanwhile


def _lock(descriptor: int, waits: Callable[[], bool]) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not waits():
                return False
            time.sleep(POLL)
        except OSError:  # a file system without locks
            return False
        else:
            return True


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        there = path.lstat()
    except OSError:
        return False
    held = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)
