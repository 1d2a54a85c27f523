"""An open file of a component: its descriptor, and the accesses that opening it needed, asked for at each call."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from airssys_tui.core.capability.permission import Access
from airssys_tui.host.doors.filesystem.call_pace import FUEL_PER_BYTE, FUEL_PER_CALL, Call
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal
from airssys_tui.host.doors.filesystem.os_refusals import refusing
from airssys_tui.host.doors.filesystem.route import ask_again
from airssys_tui.host.guard import Guard

MAX_MOVED: Final = 1_048_576
"""Bytes that one call reads or writes at most."""


class Whence(StrEnum):
    """Where a position is counted from."""

    START = "start"
    CURRENT = "current"
    END = "end"


_SEEK: Final = {Whence.START: os.SEEK_SET, Whence.CURRENT: os.SEEK_CUR, Whence.END: os.SEEK_END}


class OpenFile:
    """A regular file that is open. Used by one thread at a time.

    Args:
        descriptor: Closed with it.
        guard: Is asked at each call.
        accesses: What opening it needed.
        reads: Whether it was opened to read.
        writes: Whether it was opened to write.
        closed: Called once, when it is closed.
    """

    __slots__ = ("_accesses", "_closed", "_descriptor", "_guard", "_reads", "_writes")

    def __init__(
        self,
        descriptor: int,
        guard: Guard,
        accesses: tuple[Access, ...],
        *,
        reads: bool,
        writes: bool,
        closed: Callable[[], None],
    ) -> None:
        self._descriptor = descriptor
        self._guard = guard
        self._accesses = accesses
        self._reads = reads
        self._writes = writes
        self._closed = closed

    @refusing
    def read(self, call: Call, size: int) -> bytes:
        """Read at most ``size`` bytes; fewer at the end, none past it.

        Raises:
            FileRefusal: ``invalid-input``, ``denied``, ``closed`` or ``failed``.
        """
        descriptor = self._allowed(call)
        if not 1 <= size <= MAX_MOVED:
            raise FileRefusal("invalid-input", f"{size} bytes were asked for; 1 to {MAX_MOVED} are possible")
        if not self._reads:
            raise FileRefusal("denied", "the file was not opened to read")
        pieces = b""
        while len(pieces) < size and (piece := os.read(descriptor, size - len(pieces))):
            pieces += piece
        call.charge(len(pieces) * FUEL_PER_BYTE)
        return pieces

    @refusing
    def write(self, call: Call, data: bytes) -> int:
        """Write at most :data:`MAX_MOVED` bytes; return how many were: all of them unless the device is full.

        Raises:
            FileRefusal: ``too-large``, ``denied``, ``quota-exceeded``, ``closed`` or ``failed``.
        """
        descriptor = self._allowed(call)
        within(data)
        if not self._writes:
            raise FileRefusal("denied", "the file was not opened to write")
        call.charge(len(data) * FUEL_PER_BYTE)
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(descriptor, left) :]
            except OSError as error:
                if len(left) == len(data) or error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                    raise
                break
        return len(data) - len(left)

    @refusing
    def seek(self, call: Call, offset: int, whence: Whence) -> int:
        """Go to another position and return it, in bytes from the beginning.

        Raises:
            FileRefusal: ``invalid-input`` if it is before the beginning, or past what a file can hold; ``closed``.
        """
        descriptor = self._allowed(call)
        try:
            return os.lseek(descriptor, offset, _SEEK[whence])
        except (OSError, OverflowError) as error:
            if isinstance(error, OSError) and error.errno not in {errno.EINVAL, errno.EOVERFLOW}:
                raise
            raise FileRefusal("invalid-input", "a file has no such position") from error

    @refusing
    def flush(self, call: Call) -> None:
        """Return when what was written is safe on the device.

        Raises:
            FileRefusal: ``closed`` or ``failed``.
        """
        os.fsync(self._allowed(call))

    @refusing
    def size(self, call: Call) -> int:
        """Return the size now, in bytes.

        Raises:
            FileRefusal: ``closed`` or ``failed``.
        """
        return os.fstat(self._allowed(call)).st_size

    def close(self) -> None:
        """Close it. Idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            self._closed()
            os.close(descriptor)

    def _allowed(self, call: Call) -> int:
        if self._descriptor < 0:
            raise FileRefusal("closed", "the file is closed")
        ask_again(self._guard, self._accesses)
        call.charge(FUEL_PER_CALL)
        return self._descriptor


def within(data: bytes) -> None:
    """Check that data is not more than one call may write.

    Raises:
        FileRefusal: ``too-large``.
    """
    if len(data) > MAX_MOVED:
        raise FileRefusal("too-large", f"there are {len(data)} bytes; the limit is {MAX_MOVED}")
