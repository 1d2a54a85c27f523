"""State of each thread that calls guests, kept between calls: its last clock readings and storage for byte lists.

And what fills such storage, so that the engine can read bytes from it as its own values.
"""

from __future__ import annotations

import ctypes
import threading
from typing import Any, Final

from airssys_tui.engine.bindings import BYTES_HEADER, KINDS, PAYLOAD, VALUE_SIZE

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


def lower_bytes(value: Any) -> tuple[int, int, Any]:
    """Spread bytes over the payloads of ``u8`` values with a strided slice instead of a loop.

    Returns:
        Count, address, and the object to keep alive until the call is over.
    """
    value = as_bytes(value)
    count = len(value)
    if count > _LANE_COUNT:
        lane = Lane(count)
        lane.spread[PAYLOAD::VALUE_SIZE] = value
        return count, lane.address, lane
    spread = bytearray(_LANE[: VALUE_SIZE * count])
    spread[PAYLOAD::VALUE_SIZE] = value
    frozen = bytes(spread)
    return count, id(frozen) + BYTES_HEADER, frozen


def lower_bytes_here(value: Any, mine: Mine) -> tuple[int, int, Any]:
    """Spread bytes over this thread's lane, whose kinds are already set, for a call that follows at once.

    The engine reads its arguments before the guest runs, and no guest code runs while they are copied into its memory.
    So the lane is free again when a host function makes a nested call.

    Args:
        value: Bytes.
        mine: The state of this thread.

    Returns:
        Count, address, and the object to keep alive until the call is over.
    """
    if value.__class__ is not bytes:
        value = as_bytes(value)
    count = len(value)
    lane = mine.lane
    if count > lane.size:
        lane = Lane(max(count, min(2 * count, _MOST_KEPT)))
        if count <= _MOST_KEPT:
            mine.lane = lane
    lane.spread[PAYLOAD : VALUE_SIZE * count : VALUE_SIZE] = value
    return count, lane.address, lane


def as_bytes(value: Any) -> bytes | bytearray:
    """Accept bytes, byte arrays and views of bytes."""
    if isinstance(value, bytes | bytearray):
        return value
    if not isinstance(value, memoryview):
        raise TypeError
    return bytes(value)


_LANE_COUNT: Final = 4096
_LANE: Final = U8_VALUE * _LANE_COUNT
_MOST_KEPT: Final = 65_536
"""Maximum values in the lane of a thread."""
