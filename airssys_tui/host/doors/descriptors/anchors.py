"""Where paths of a component begin: at a directory that it opened, or at one that the manifest names.

The guard decides by paths, so each use of a directory needs the path that leads to it at that moment. A directory that
was opened is followed where it is moved, and the guard is asked about where it is now. A directory that the manifest
names is whatever has that name: it may be missing at first, and be replaced by another one later.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Final, Protocol

from airssys_tui.host.doors.descriptors.descriptor_errors import failure
from airssys_tui.host.doors.descriptors.open_quota import OpenQuota
from airssys_tui.host.doors.filesystem import system_calls
from airssys_tui.host.doors.filesystem.descent import open_directory
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal
from airssys_tui.host.doors.filesystem.route import MAX_LINKS

_MOVES: Final = 8
"""Times that a directory may be moved while the guard is asked about where it is."""

Ask = Callable[[bytes], None]
"""Asks the guard about something below a directory with this path; raises if it is denied."""


class Anchor(Protocol):
    """A directory from which paths begin. Used by one thread at a time."""

    def reach(self, ask: Ask) -> tuple[int, bytes]:
        """Open it once more.

        Args:
            ask: Is called with each path by which it is looked for, before that is done.

        Returns:
            A descriptor to look names up in, which the caller closes, and the path that leads there now.

        Raises:
            DescriptorError: ``no-entry`` if it is not there any more; ``loop``; ``busy`` if it is moved all the time.
            FileRefusal: What ``ask`` raises; ``not-found``.
            OSError: If the system refuses.
        """
        ...

    def close(self) -> None:
        """Let go of it. Called once."""
        ...


class OpenAnchor:
    """A directory that was opened.

    Args:
        descriptor: Closed with it.
        path: The path by which it was opened, no part of which is a link.
        quota: Gets its place back when it is closed.
    """

    __slots__ = ("_descriptor", "_path", "_quota", "_status")

    def __init__(self, descriptor: int, path: bytes, quota: OpenQuota) -> None:
        self._descriptor = descriptor
        self._path = path
        self._quota = quota
        self._status = os.fstat(descriptor)

    def reach(self, ask: Ask) -> tuple[int, bytes]:
        """Open it once more, wherever it is; see :class:`Anchor`."""
        for _ in range(_MOVES):
            path = self._locate()
            ask(path)
            if self._locate() == path:
                return os.dup(self._descriptor), path
        raise failure(errno.EBUSY)

    def close(self) -> None:
        """Close it. Called once."""
        os.close(self._descriptor)
        self._quota.free()

    def _locate(self) -> bytes:
        """Return the path that leads to it now."""
        path = system_calls.path_of(self._descriptor)
        if path != self._path:
            # It was moved or taken away; or the system does not say where it is.
            path = self._path if path is None else path
            self._require_at(path)
            self._path = path
        return path

    def _require_at(self, path: bytes) -> None:
        """Check that a path leads to this directory, which may have been moved or taken away."""
        try:
            found = open_directory(path)
        except FileRefusal:
            raise failure(errno.ENOENT) from None
        if not isinstance(found, int):
            raise failure(errno.ENOENT)
        try:
            same = os.path.samestat(os.fstat(found), self._status)
        finally:
            os.close(found)
        if not same:
            raise failure(errno.ENOENT)


class NamedAnchor:
    """A directory that the manifest names.

    Args:
        path: Its path, in the form of ``path_forms``. Parts of it may be links; each path to which one leads is asked
            for as well.
    """

    __slots__ = ("_path",)

    def __init__(self, path: bytes) -> None:
        self._path = path

    def reach(self, ask: Ask) -> tuple[int, bytes]:
        """Open what has the name now; see :class:`Anchor`."""
        path = self._path
        for _ in range(MAX_LINKS + 1):
            ask(path)
            found = open_directory(path)
            if isinstance(found, int):
                return found, path
            path = found.path
        raise failure(errno.ELOOP)

    def close(self) -> None:
        """Do nothing: nothing of it is open."""
