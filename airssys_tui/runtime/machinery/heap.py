"""The heaps of the process: those of the C library, and the one that Python looks through for garbage.

glibc gives each thread a heap of its own, and memory freed in one is of no use to another. Python's collector looks
through all objects again whenever their number has grown by a quarter.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
from collections.abc import Iterator
from typing import Final

ARENAS: Final = 2
"""Heaps shared by all threads of the process."""

_ARENA_MAX: Final = -8
"""``M_ARENA_MAX`` of ``mallopt(3)``."""


def share() -> None:
    """Limit the heaps of threads that start from now on, so that thousands of reloads fragment less memory.

    Does nothing if the environment sets ``MALLOC_ARENA_MAX``, or with another C library.
    """
    if "MALLOC_ARENA_MAX" not in os.environ:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_ARENA_MAX, ARENAS)


@contextlib.contextmanager
def at_rest() -> Iterator[None]:
    """Leave the objects that are there now out of the collections during a block.

    When thousands of components stop at once, each collection would look through all of them and find nothing.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
