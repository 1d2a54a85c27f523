"""The heaps of the process: those of the C library, and the one that Python looks through for garbage.

glibc gives each thread a heap of its own, and memory freed in one is of no use to another. Python's collector looks
through all objects again whenever their number has grown by a quarter.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import threading
from collections.abc import Iterator
from typing import Final

ARENAS: Final = 2
"""Heaps shared by all threads of the process."""

YOUNG: Final = 1_000_000
"""Objects made before the collector looks through the youngest, while a runtime starts; Python's own figure is 700."""

MANY: Final = 500
"""Components from which their objects are left out of later collections."""

_GROWTH_LOCK: Final = threading.Lock()
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


def keep() -> None:
    """Leave the objects that are there now out of the collections, until :func:`let_go`.

    After the start of thousands of components nearly all of them stay. A full collection looks at each object of each
    component, takes a tenth of the time of the start, and holds up all threads meanwhile. What is freed without the
    collector is freed all the same; only circles among these objects stay.
    """
    gc.freeze()


def let_go() -> None:
    """Let the collector look at all objects again."""
    gc.unfreeze()


class _Growth:
    """How many runtimes of this process start now, and the collector's figures from before."""

    def __init__(self) -> None:
        self.starting = 0
        self.before = gc.get_threshold()


_growth: Final = _Growth()


@contextlib.contextmanager
def growing() -> Iterator[None]:
    """Let the collector look less often during a block, because nearly all that is made in it stays.

    A start makes some hundred objects for each component. With Python's own figures the collector looks through all of
    them again and again, and finds nothing.
    """
    with _GROWTH_LOCK:
        if not _growth.starting:
            _growth.before = gc.get_threshold()
            gc.set_threshold(max(YOUNG, _growth.before[0]), *_growth.before[1:])
        _growth.starting += 1
    try:
        yield
    finally:
        with _GROWTH_LOCK:
            _growth.starting -= 1
            if not _growth.starting:
                gc.set_threshold(*_growth.before)
