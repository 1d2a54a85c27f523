"""One name in an open directory, and what it stands for at this moment.

What is found is *pinned* first, without effect on it: a FIFO gets no reader by it, a tape is not rewound. Only a
regular file or a directory is then opened, and it is the very one that was looked at, whatever its name stands for
meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import Final, Self

from airssys_tui.host.doors.filesystem import system_calls
from airssys_tui.host.doors.filesystem.descent import PIN, link_at
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal

OPENED: Final = os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
"""Flags with which everything is opened: never waits, is never inherited, becomes no terminal of the program."""


class Place:
    """A name in a directory that is open.

    Attributes:
        directory: The descriptor of the directory, closed with the place.
        name: The name in it; ``.`` for the root.
        path: The whole path, of which no directory is a link.
    """

    __slots__ = ("directory", "name", "path")

    def __init__(self, directory: int, name: bytes, path: bytes) -> None:
        self.directory = directory
        self.name = name
        self.path = path

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the directory."""
        self.close()

    def close(self) -> None:
        """Close the directory. Idempotent."""
        directory, self.directory = self.directory, -1
        if directory >= 0:
            os.close(directory)

    def status(self) -> os.stat_result | None:
        """Return what the name stands for, links not followed; None if there is nothing."""
        try:
            return os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def link(self) -> bytes | None:
        """Return what a link holds, or None if it is no link.

        Raises:
            FileNotFoundError: If there is nothing.
        """
        return link_at(self.directory, self.name)

    def directory_here(self) -> int:
        """Open the directory itself for reading, which a pinned one is not; the caller closes it."""
        return os.open(b".", os.O_RDONLY | os.O_DIRECTORY | OPENED, dir_fd=self.directory)

    def pin(self) -> Pinned | None:
        """Hold what the name stands for; None if there is nothing. The caller closes it, and with it the place."""
        if PIN is None:
            found = self.status()
            return None if found is None else Pinned(self, found, None)
        try:
            descriptor = os.open(self.name, PIN | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.directory)
        except FileNotFoundError:
            return None
        return Pinned(self, os.fstat(descriptor), descriptor)


def pin_at(place: Place) -> Pinned | None:
    """Hold what a place's name stands for, as :meth:`Place.pin`; without anything to hold, the place is closed."""
    pinned = None
    try:
        pinned = place.pin()
    finally:
        if pinned is None:
            place.close()
    return pinned


class Pinned:
    """What a name stood for when it was looked at.

    Attributes:
        status: What it is.
    """

    __slots__ = ("_descriptor", "_place", "status")

    def __init__(self, place: Place, status: os.stat_result, descriptor: int | None) -> None:
        self._place = place
        self._descriptor = descriptor
        self.status = status

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of it, and close the place."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._place.close()

    @property
    def link(self) -> bytes | None:
        """What it holds if it is a link."""
        if not stat.S_ISLNK(self.status.st_mode):
            return None
        if self._descriptor is None:
            return os.readlink(self._place.name, dir_fd=self._place.directory)
        return os.readlink(b"", dir_fd=self._descriptor)

    @property
    def where(self) -> bytes:
        """The path by which it was found."""
        return self._place.path

    @property
    def path(self) -> bytes | None:
        """A path that leads to it whatever its name stands for meanwhile; None where the system has none."""
        return None if self._descriptor is None else b"/proc/self/fd/%d" % self._descriptor

    def open(self, flags: int) -> int:
        """Open it; the caller closes the descriptor.

        Raises:
            FileRefusal: ``failed`` if something else has its name meanwhile.
            OSError: If the system refuses.
        """
        if self.path is not None:
            with contextlib.suppress(FileNotFoundError):  # without /proc, by its name
                return os.open(self.path, (flags & ~os.O_NOFOLLOW) | OPENED)
        descriptor = os.open(self._place.name, flags | OPENED | os.O_NOFOLLOW, dir_fd=self._place.directory)
        if not os.path.samestat(os.fstat(descriptor), self.status):
            os.close(descriptor)
            raise FileRefusal("failed", os.strerror(errno.ESTALE))
        return descriptor

    def set_times(self, accessed_ns: int | None, modified_ns: int | None) -> None:
        """Set when it was last read and changed, in nanoseconds since 1970; None leaves one as it is.

        Raises:
            FileRefusal: ``failed`` if something else has its name meanwhile.
            OSError: If the system refuses.
        """
        if self.path is not None and os.access(self.path, os.F_OK):
            system_calls.set_times(self.path, accessed_ns, modified_ns)
            return
        accessed = self.status.st_atime_ns if accessed_ns is None else accessed_ns
        times = accessed, self.status.st_mtime_ns if modified_ns is None else modified_ns
        if stat.S_ISLNK(self.status.st_mode):
            os.utime(self._place.name, ns=times, dir_fd=self._place.directory, follow_symlinks=False)
            return
        descriptor = self.open(os.O_RDONLY)
        try:
            os.utime(descriptor, ns=times)
        finally:
            os.close(descriptor)
