"""Reading an open directory entry by entry."""

from __future__ import annotations

import os

import msgspec

from airssys_tui.core.capability.permission import Access
from airssys_tui.host.doors.descriptors.descriptor_errors import DescriptorError, coded
from airssys_tui.host.doors.descriptors.object_status import ObjectKind, kind_of
from airssys_tui.host.doors.descriptors.open_quota import OpenQuota
from airssys_tui.host.doors.filesystem.call_pace import FUEL_PER_ENTRY, Call
from airssys_tui.host.doors.filesystem.route import ask_again
from airssys_tui.host.guard import Guard


class DirectoryEntry(msgspec.Struct, frozen=True):
    """One entry: what has the name, links not followed."""

    name: str
    kind: ObjectKind


class DirectoryEntries:
    """The entries of a directory in no order, without ``.`` and ``..``. Used by one thread at a time.

    Args:
        directory: A descriptor of it, open to read; closed with the entries.
        guard: Is asked at each entry.
        accesses: What opening it needed.
        quota: Gets its place back when it is closed.
    """

    __slots__ = ("_accesses", "_directory", "_found", "_guard", "_quota")

    def __init__(self, directory: int, guard: Guard, accesses: list[Access], quota: OpenQuota) -> None:
        self._directory = directory
        self._found = os.scandir(directory)
        self._guard = guard
        self._accesses = tuple(accesses)
        self._quota = quota

    @coded
    def read(self, call: Call) -> DirectoryEntry | None:
        """Return the next entry, or None at the end.

        Raises:
            DescriptorError: ``illegal-byte-sequence`` for a name that is no valid text, of which nothing more can be
                said: the next call goes on behind it; ``access`` or what the system reports.
        """
        ask_again(self._guard, self._accesses)
        call.charge(FUEL_PER_ENTRY)
        entry = next(self._found, None)
        if entry is None:
            return None
        try:
            name = os.fsencode(entry.name).decode()
        except UnicodeDecodeError:
            raise DescriptorError("illegal-byte-sequence", "the name of an entry is not valid text") from None
        return DirectoryEntry(name, _kind(entry))

    def close(self) -> None:
        """Close it. Called once."""
        self._found.close()
        os.close(self._directory)
        self._quota.free()


def _kind(entry: os.DirEntry[str]) -> ObjectKind:
    try:
        if entry.is_symlink():
            return ObjectKind.LINK
        if entry.is_dir(follow_symlinks=False):
            return ObjectKind.DIRECTORY
        if entry.is_file(follow_symlinks=False):
            return ObjectKind.FILE
        return kind_of(entry.stat(follow_symlinks=False).st_mode)
    except OSError:  # it is gone by now, or cannot be looked at
        return ObjectKind.UNKNOWN
