"""State of each thread that calls guests, kept between calls: its last clock readings and storage for byte lists."""

from __future__ import annotations

import ctypes
import threading
from typing import Final

from airssys_tui.engine.bindings import KINDS, VALUE_SIZE

U8_VALUE: Final = bytes([KINDS["u8"]]) + bytes(VALUE_SIZE - 1)
"""A native ``u8`` of zero."""

_LEAST_KEPT: Final = 256
"""Initial number of values in the lane of a thread."""


class Lane:
    """Storage of ``u8`` values with their kinds already set.

    Attributes:
        size: Number of values.
        spread: The storage.
        address: Its address.
    """

    __slots__ = ("address", "size", "spread")

    def __init__(self, size: int) -> None:
        self.size = size
        self.spread = bytearray(U8_VALUE * size)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.spread)) if size else 0


class Mine:
    """The state of one thread.

    Attributes:
        stamp: Wall and CPU time, in nanoseconds, when this thread last read both clocks.
        lane: Storage for the byte list of a call.
    """

    __slots__ = ("lane", "stamp")

    def __init__(self) -> None:
        self.stamp = (0, 0)
        self.lane = Lane(_LEAST_KEPT)


class _Threads(threading.local):
    def __init__(self) -> None:
        self.mine = Mine()


THREAD: Final = _Threads()
"""Its attribute ``mine`` is the state of the current thread."""
