"""Taking a directory away with all that is in it, links not followed.

Everything in it is counted, and asked for, before anything is touched. Only what was counted is then taken away, each
directory through a descriptor that no link leads to. What appears meanwhile makes another round: it is counted and
asked for as well.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import Final, Protocol

import msgspec

from airssys_tui.core.capability.permission import Access
from airssys_tui.host.doors.filesystem import system_calls
from airssys_tui.host.doors.filesystem.call_pace import Call, go_on
from airssys_tui.host.doors.filesystem.directory_pages import FileKind, names_in
from airssys_tui.host.doors.filesystem.entry import OPENED, Place
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal
from airssys_tui.host.doors.filesystem.path_forms import MAX_PATH
from airssys_tui.host.doors.filesystem.route import ask, ask_again
from airssys_tui.host.guard import Guard

MAX_ENTRIES: Final = 10_000
"""Entries that one call takes away."""

ROUNDS: Final = 5
"""Rounds after which a directory that is filled again meanwhile is left."""

_READING: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | OPENED
_CHANGED: Final = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENOTEMPTY, errno.EEXIST}
"""What is answered when an entry is not what it was when it was counted; the next round finds it."""


class _Removing(Protocol):
    """Takes one entry of a directory away, as ``os.unlink`` and ``os.rmdir`` do."""

    def __call__(self, path: bytes, /, *, dir_fd: int) -> None:
        """Take it away."""


class _Counted(msgspec.Struct, frozen=True):
    """A directory below the top, and its entries that are no directories."""

    path: bytes
    names: list[bytes]


class TreeRemoval:
    """One removal of a directory.

    Args:
        call: Is charged for each entry.
        guard: Is asked for each entry.
        access: What was asked for the directory itself.
    """

    def __init__(self, call: Call, guard: Guard, access: Access) -> None:
        self._call = call
        self._guard = guard
        self._access = access
        self._first: Access | None = None
        self._removed = 0

    def run(self, place: Place) -> int:
        """Take a directory away; return how many entries were in it, at any depth.

        Raises:
            FileRefusal: ``denied``, ``too-large``, ``not-a-directory`` or ``not-found`` with nothing touched;
                ``failed`` once it was begun.
            OSError: If it cannot be opened.
        """
        top = os.open(place.name, _READING, dir_fd=place.directory)
        try:
            device = os.fstat(top).st_dev
            counted = self._count(top, device)
            if self._first is not None:
                ask(self._guard, (self._first,))
            try:
                return self._sweep_all(place, top, device, counted)
            except (OSError, FileRefusal) as error:
                why = error.message if isinstance(error, FileRefusal) else os.strerror(error.errno or 0)
                raise FileRefusal("failed", f"{self._removed} entries were taken away, others not: {why}") from error
        finally:
            os.close(top)

    def _sweep_all(self, place: Place, top: int, device: int, counted: list[_Counted]) -> int:
        for _ in range(ROUNDS):
            self._sweep(top, counted)
            try:
                os.rmdir(place.name, dir_fd=place.directory)
            except OSError as error:
                if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                    raise
            else:
                return self._removed
            counted = self._count(top, device)
        raise FileRefusal("failed", "it is filled again and again")

    def _count(self, top: int, device: int) -> list[_Counted]:
        """Count and ask for everything below the top; directories before what is in them."""
        found: list[_Counted] = []
        waiting, count = [b""], 0
        while waiting:
            path = waiting.pop()
            counted = _Counted(path, [])
            with _opened(top, path) as directory:
                if directory is None:
                    continue
                if os.fstat(directory).st_dev != device:
                    raise FileRefusal("failed", "another device is mounted in it")
                for name, kind in names_in(self._call, directory):
                    count += 1
                    inner = b"%s/%s" % (path, name) if path else name
                    if count > MAX_ENTRIES or len(inner) + len(self._access.subject.encode()) >= MAX_PATH:
                        raise FileRefusal("too-large", f"it holds more than {MAX_ENTRIES} entries, or too deep ones")
                    self._ask(inner)
                    (waiting if kind is FileKind.DIRECTORY else counted.names).append(
                        inner if kind is FileKind.DIRECTORY else name
                    )
            found.append(counted)
        return found

    def _ask(self, path: bytes) -> None:
        # A name that is not valid text has no pattern of its own; it is covered by what covers all names.
        access = msgspec.structs.replace(
            self._access, subject=f"{self._access.subject}/{path.decode(errors='replace')}"
        )
        # One removal is one access: one entry is asked for in earnest once all were looked at, and any that is denied.
        self._first = self._first or access
        if self._guard.look(access) is not None:
            ask(self._guard, (access,))

    def _sweep(self, top: int, counted: list[_Counted]) -> None:
        for one in reversed(counted):
            go_on(self._call)
            ask_again(self._guard, (self._access,))
            with _opened(top, one.path) as directory:
                if directory is not None:
                    for name in one.names:
                        self._take(os.unlink, name, directory)
            if one.path:
                above, _, name = one.path.rpartition(b"/")
                with _opened(top, above) as directory:
                    if directory is not None:
                        self._take(os.rmdir, name, directory)

    def _take(self, remove: _Removing, name: bytes, directory: int) -> None:
        try:
            remove(name, dir_fd=directory)
        except OSError as error:
            if error.errno not in _CHANGED:
                raise
        else:
            self._removed += 1


@contextlib.contextmanager
def _opened(top: int, path: bytes) -> Iterator[int | None]:
    """Open a directory below another one, without links; None if it is none any more."""
    try:
        descriptor = _open(top, path)
    except OSError as error:
        if error.errno not in _CHANGED:
            raise
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open(top: int, path: bytes) -> int:
    if not path:
        return os.open(b".", _READING, dir_fd=top)
    if system_calls.has_openat2():
        return system_calls.open_without_links(path, _READING, directory=top)
    here = os.dup(top)
    for name in path.split(b"/"):
        try:
            inner = os.open(name, _READING, dir_fd=here)
        finally:
            os.close(here)
        here = inner
    return here
