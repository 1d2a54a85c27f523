"""An open file of a component: reading and writing at positions, under the accesses that opening it needed."""

from __future__ import annotations

import errno
import os
from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.core.capability.permission import Access
from airssys_tui.core.manifest.capabilities import FilesystemAction
from airssys_tui.host.doors.descriptors.descriptor_errors import coded, failure
from airssys_tui.host.doors.descriptors.object_status import ObjectStatus, status_of
from airssys_tui.host.doors.descriptors.open_quota import OpenQuota
from airssys_tui.host.doors.filesystem.call_pace import FUEL_PER_BYTE, FUEL_PER_CALL, Call
from airssys_tui.host.doors.filesystem.metadata_door import LATEST
from airssys_tui.host.doors.filesystem.route import ask_again
from airssys_tui.host.guard import Guard

MAX_READ: Final = 65_536
"""Bytes of one read at most."""

MAX_OFFSET: Final = (1 << 63) - 1
"""The last position that a file can have."""

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Advice(StrEnum):
    """How a file is going to be used."""

    NORMAL = "normal"
    SEQUENTIAL = "sequential"
    RANDOM = "random"
    WILL_NEED = "will-need"
    DONT_NEED = "dont-need"
    NO_REUSE = "no-reuse"


_ADVICE: Final = {
    Advice.NORMAL: "POSIX_FADV_NORMAL",
    Advice.SEQUENTIAL: "POSIX_FADV_SEQUENTIAL",
    Advice.RANDOM: "POSIX_FADV_RANDOM",
}
"""What is passed on. The others reach past the descriptor: they read ahead, or take from others what is cached."""


class OpenMode(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is opened for.

    Attributes:
        read: To read.
        write: To write.
        file_sync: Writes return when data and metadata are on the device.
        data_sync: Writes return when the data are on the device.
        read_sync: Reads do for what they read as writes are told to.
    """

    read: bool = False
    write: bool = False
    file_sync: bool = False
    data_sync: bool = False
    read_sync: bool = False

    @property
    def syncs(self) -> int:
        """The flags for the system about what is waited for."""
        wanted = ((self.file_sync, "O_SYNC"), (self.data_sync, "O_DSYNC"), (self.read_sync, "O_RSYNC"))
        flags = 0
        for wants, name in wanted:
            flags |= getattr(os, name, 0) if wants else 0
        return flags


class FileDescriptor:
    """A regular file that is open, and shared by the streams made from it. Used by one thread at a time.

    Args:
        descriptor: Closed with its last user.
        guard: Is asked at each call.
        accesses: What opening it needed.
        quota: Gets its place back.
        mode: What it was opened for.

    Attributes:
        mode: The same.
        identity: What tells the file from everything else that exists.
    """

    __slots__ = ("_accesses", "_descriptor", "_guard", "_quota", "_reading", "_users", "_writing", "identity", "mode")

    def __init__(self, descriptor: int, guard: Guard, accesses: list[Access], quota: OpenQuota, mode: OpenMode) -> None:
        self._descriptor = descriptor
        self._guard = guard
        self._quota = quota
        self._accesses = tuple(accesses)
        self._reading = _those(accesses, FilesystemAction.READ)
        self._writing = _those(accesses, FilesystemAction.WRITE)
        self._users = 1
        self.mode = mode
        self.identity = status_of(os.fstat(descriptor)).identity

    def retain(self) -> None:
        """Count one more user."""
        self._users += 1

    def close(self) -> None:
        """Count one user less; the last one closes the file."""
        self._users -= 1
        if not self._users:
            os.close(self._descriptor)
            self._quota.free()

    def require_reading(self) -> None:
        """Check that it was opened to read.

        Raises:
            DescriptorError: ``bad-descriptor``.
        """
        if not self.mode.read:
            raise failure(errno.EBADF)

    def require_writing(self) -> None:
        """Check that it was opened to write.

        Raises:
            DescriptorError: ``bad-descriptor``.
        """
        if not self.mode.write:
            raise failure(errno.EBADF)

    @coded
    def read(self, call: Call, size: int, offset: int) -> bytes:
        """Read at most ``size`` bytes, and :data:`MAX_READ`, from a position on; none at the end or past it.

        Raises:
            DescriptorError: ``bad-descriptor``, ``invalid``, ``access`` or what the system reports.
        """
        self.require_reading()
        self._ask(call, self._reading)
        data = os.pread(self._descriptor, min(size, MAX_READ), _position(offset))
        call.charge(len(data) * FUEL_PER_BYTE)
        return data

    @coded
    def write(self, call: Call, data: bytes, offset: int | None) -> int:
        """Write at a position, or at the end for None; return how many bytes were: fewer only if the device is full.

        Raises:
            DescriptorError: ``bad-descriptor``, ``invalid``, ``access`` or what the system reports.
        """
        self.require_writing()
        self._ask(call, self._writing)
        at = None if offset is None else _position(offset)
        call.charge(len(data) * FUEL_PER_BYTE)
        left = memoryview(data)
        while left:
            try:
                written = self._append(left) if at is None else os.pwrite(self._descriptor, left, at)
            except OSError as error:
                if len(left) == len(data) or error.errno not in _FULL:
                    raise
                break
            left = left[written:]
            at = None if at is None else at + written
        return len(data) - len(left)

    @coded
    def set_size(self, call: Call, size: int) -> None:
        """Cut it off, or fill it up with zeroes.

        Raises:
            DescriptorError: ``bad-descriptor``, ``invalid``, ``access`` or what the system reports.
        """
        self.require_writing()
        self._ask(call, self._writing)
        os.ftruncate(self._descriptor, _position(size))

    @coded
    def sync(self, call: Call, *, data_only: bool) -> None:
        """Return when what was written is safe on the device; at once if it was not opened to write.

        Raises:
            DescriptorError: ``access`` or what the system reports.
        """
        if not self.mode.write:
            return
        self._ask(call, self._writing)
        if data_only and hasattr(os, "fdatasync"):
            os.fdatasync(self._descriptor)
        else:
            os.fsync(self._descriptor)

    @coded
    def advise(self, call: Call, offset: int, length: int, advice: Advice) -> None:
        """Say how a part of it is going to be used; a length of 0 means up to its end.

        Raises:
            DescriptorError: ``invalid``, ``access`` or what the system reports.
        """
        self._ask(call, self._accesses)
        _position(offset + length)
        name = _ADVICE.get(advice, "")
        if hasattr(os, "posix_fadvise") and hasattr(os, name):
            os.posix_fadvise(self._descriptor, offset, length, getattr(os, name))

    @coded
    def status(self, call: Call) -> ObjectStatus:
        """Return what is known of it.

        Raises:
            DescriptorError: ``access`` or what the system reports.
        """
        self._ask(call, self._accesses)
        return status_of(os.fstat(self._descriptor))

    @coded
    def set_times(self, call: Call, accessed_ns: int | None, modified_ns: int | None) -> None:
        """Set when it was last read and changed, in nanoseconds since 1970; None leaves one as it is.

        Raises:
            DescriptorError: ``not-permitted`` if it was not opened to write, ``overflow`` for a time that is later than
                can be set, ``access`` or what the system reports.
        """
        if not self.mode.write:
            raise failure(errno.EPERM)
        require_settable(accessed_ns, modified_ns)
        self._ask(call, self._writing)
        before = os.fstat(self._descriptor)
        accessed = before.st_atime_ns if accessed_ns is None else accessed_ns
        os.utime(self._descriptor, ns=(accessed, before.st_mtime_ns if modified_ns is None else modified_ns))

    def _append(self, data: memoryview) -> int:
        if hasattr(os, "RWF_APPEND"):
            return os.pwritev(self._descriptor, [data], 0, os.RWF_APPEND)
        return os.pwrite(self._descriptor, data, os.fstat(self._descriptor).st_size)

    def _ask(self, call: Call, accesses: tuple[Access, ...]) -> None:
        ask_again(self._guard, accesses)
        call.charge(FUEL_PER_CALL)


def require_settable(*times_ns: int | None) -> None:
    """Check that times can be set.

    Raises:
        DescriptorError: ``overflow``.
    """
    if any(time is not None and time >= LATEST for time in times_ns):
        raise failure(errno.EOVERFLOW)


def _those(accesses: list[Access], action: FilesystemAction) -> tuple[Access, ...]:
    return tuple(access for access in accesses if access.action == action.value)


def _position(value: int) -> int:
    if value > MAX_OFFSET:
        raise failure(errno.EINVAL)
    return value
