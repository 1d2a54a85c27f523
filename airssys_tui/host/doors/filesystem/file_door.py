"""The door to files: opening, reading, replacing, copying, renaming and deleting them for one instance."""

from __future__ import annotations

import errno
import os
import stat
from typing import Final

import msgspec

from airssys_tui.core.capability.grant import Denial, Reason
from airssys_tui.core.capability.permission import Access
from airssys_tui.core.manifest.capabilities import FilesystemAction
from airssys_tui.host.doors.filesystem import system_calls
from airssys_tui.host.doors.filesystem.call_pace import FUEL_PER_BYTE, FUEL_PER_CALL, PIECE, Call, go_on
from airssys_tui.host.doors.filesystem.entry import OPENED, Pinned, Place
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal
from airssys_tui.host.doors.filesystem.open_file import MAX_MOVED, OpenFile, within
from airssys_tui.host.doors.filesystem.os_refusals import refusing
from airssys_tui.host.doors.filesystem.replacement import replace
from airssys_tui.host.doors.filesystem.route import Route, ask_again, file_only, one_link_only
from airssys_tui.host.guard import Guard

MAX_OPEN: Final = 64
"""Files that an instance has open at a time."""

MAX_COPIED: Final = 1 << 30
"""Bytes that one copy moves at most."""

_READ: Final = (FilesystemAction.READ.value,)
_WRITE: Final = (FilesystemAction.WRITE.value,)
_DELETE: Final = (FilesystemAction.DELETE.value,)


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is opened."""

    read: bool = False
    write: bool = False
    append: bool = False
    create: bool = False
    exclusive: bool = False
    truncate: bool = False

    @property
    def writes(self) -> bool:
        """Whether something may be written to it."""
        return self.write or self.append

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions that have to be allowed."""
        changes = self.writes or self.create or self.truncate
        return (*(_READ if self.read else ()), *(_WRITE if changes else ()))

    @property
    def flags(self) -> int:
        """The flags for the system; emptying comes later, once it is known what was opened."""
        mode = os.O_RDONLY if not (self.writes or self.truncate) else os.O_RDWR if self.read else os.O_WRONLY
        return mode | (os.O_APPEND if self.append else 0)


class FileDoor:
    """Files for one instance. Used by one thread at a time.

    Args:
        guard: Decides each access.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._open = 0

    @refusing
    def open(self, call: Call, path: str, how: Opening) -> OpenFile:
        """Open a file.

        Raises:
            FileRefusal: ``denied``, ``not-found``, ``already-exists``, ``is-a-directory``, ``invalid-path``,
                ``invalid-input``, ``quota-exceeded`` or ``failed``.
        """
        if not (how.read or how.writes):
            raise FileRefusal("invalid-input", "neither read nor write nor append is asked for")
        route = self._route(call, path, how.actions)
        if self._open >= MAX_OPEN:
            raise self._over(route.accesses[-1], f"{MAX_OPEN} files are open, as many as a component may have")
        descriptor = self._descriptor(route, how)
        file = OpenFile(
            descriptor,
            self._guard,
            tuple(route.accesses),
            reads=how.read,
            writes=how.writes,
            closed=self._closed,
        )
        self._open += 1
        return file

    @refusing
    def read_all(self, call: Call, path: str) -> bytes:
        """Read a file of at most :data:`MAX_MOVED` bytes.

        Raises:
            FileRefusal: ``denied``, ``not-found``, ``is-a-directory``, ``too-large``, ``invalid-path`` or ``failed``.
        """
        route = self._route(call, path, _READ)
        with self._pinned(route) as pinned:
            file_only(pinned, route.forbid)
            descriptor = pinned.open(os.O_RDONLY)
        pieces = b""
        try:
            while piece := os.read(descriptor, MAX_MOVED + 1 - len(pieces)):
                pieces += piece
                if len(pieces) > MAX_MOVED:
                    raise FileRefusal("too-large", f"the file is larger than {MAX_MOVED} bytes")
        finally:
            os.close(descriptor)
        call.charge(len(pieces) * FUEL_PER_BYTE)
        return pieces

    @refusing
    def write_all(self, call: Call, path: str, data: bytes) -> None:
        """Replace a file, or make it, with at most :data:`MAX_MOVED` bytes, whole or not at all.

        Raises:
            FileRefusal: ``denied``, ``not-found`` without its directory, ``is-a-directory``, ``too-large``,
                ``quota-exceeded``, ``invalid-path`` or ``failed``.
        """
        route = self._route(call, path, _WRITE)
        within(data)
        call.charge(len(data) * FUEL_PER_BYTE)
        replace(route, lambda made: _write_whole(made, data))

    @refusing
    def delete(self, call: Call, path: str) -> None:
        """Take a file away; of a link, the link.

        Raises:
            FileRefusal: ``denied``, ``not-found``, ``is-a-directory``, ``invalid-path`` or ``failed``.
        """
        with self._route(call, path, _DELETE).arrive() as place:
            found = place.status()
            if found is not None and stat.S_ISDIR(found.st_mode):
                raise FileRefusal("is-a-directory", "it is a directory")
            os.unlink(place.name, dir_fd=place.directory)

    @refusing
    def copy(self, call: Call, source: str, target: str) -> int:
        """Copy a file and return the bytes copied; a file that is there is replaced, whole or not at all.

        Raises:
            FileRefusal: ``denied``, ``not-found``, ``is-a-directory``, ``quota-exceeded``, ``invalid-path`` or
                ``failed``.
        """
        from_, to = self._route(call, source, _READ), self._route(call, target, _WRITE)
        with self._pinned(from_) as pinned:
            file_only(pinned, from_.forbid)
            descriptor, mode = pinned.open(os.O_RDONLY), stat.S_IMODE(pinned.status.st_mode) & 0o777
        try:
            return replace(to, lambda made: self._move(call, descriptor, made, (from_, to)), mode)
        finally:
            os.close(descriptor)

    @refusing
    def rename(self, call: Call, source: str, target: str) -> None:
        """Give a file or a directory another path on the same device; a file that is there is replaced.

        Links are renamed and replaced themselves.

        Raises:
            FileRefusal: ``denied``, ``not-found``, ``already-exists``, ``invalid-path`` or ``failed``.
        """
        from_, to = self._route(call, source, _DELETE), self._route(call, target, _WRITE)
        with from_.arrive() as old, to.arrive() as new:
            found, there = old.status(), new.status()
            if found is None:
                raise FileRefusal("not-found", "there is nothing at the source")
            if there is not None and not (stat.S_ISREG(there.st_mode) or stat.S_ISLNK(there.st_mode)):
                raise FileRefusal("already-exists", "there is something else than a file at the target")
            _rename(old, found, new, there)

    def _closed(self) -> None:
        self._open -= 1

    def _route(self, call: Call, path: str, actions: tuple[str, ...]) -> Route:
        call.charge(FUEL_PER_CALL)
        return Route(self._guard, path, actions)

    def _pinned(self, route: Route) -> Pinned:
        pinned = route.pin()
        if pinned is None:
            raise FileRefusal("not-found", "there is no such file")
        return pinned

    def _over(self, access: Access, text: str) -> FileRefusal:
        return FileRefusal("quota-exceeded", self._guard.deny(Denial(access, Reason.QUOTA, text)))

    def _descriptor(self, route: Route, how: Opening) -> int:
        while True:
            with route.arrive() as place:
                pinned = place.pin()
                if pinned is None:
                    made = _make(place, how)
                    if made is not None:
                        return made
                    continue
                with pinned:
                    if how.exclusive:
                        raise FileRefusal("already-exists", "there is something at the path already")
                    target = pinned.link
                    if target is None:
                        return _open_pinned(pinned, how, route)
                    route.follow(place, target)

    def _move(self, call: Call, source: int, target: int, routes: tuple[Route, Route]) -> int:
        moved = 0
        while piece := os.read(source, PIECE):
            go_on(call)
            for route in routes:
                ask_again(self._guard, route.accesses)
            moved += len(piece)
            if moved > MAX_COPIED:
                raise self._over(routes[1].accesses[-1], f"one copy moves at most {MAX_COPIED} bytes")
            call.charge(len(piece) * FUEL_PER_BYTE)
            _write_whole(target, piece)
        return moved


def _make(place: Place, how: Opening) -> int | None:
    """Make a file; return None if something has its name by now."""
    if not how.create:
        raise FileRefusal("not-found", "there is no such file")
    flags = how.flags | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | OPENED
    try:
        return os.open(place.name, flags, 0o666, dir_fd=place.directory)
    except FileExistsError:
        return None


def _open_pinned(pinned: Pinned, how: Opening, route: Route) -> int:
    file_only(pinned, route.forbid)
    descriptor = pinned.open(how.flags)
    try:
        if _WRITE[0] in how.actions:
            one_link_only(os.fstat(descriptor), route.forbid)
        if how.truncate:
            os.ftruncate(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _write_whole(descriptor: int, data: bytes) -> int:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
    return len(data)


def _rename(old: Place, found: os.stat_result, new: Place, there: os.stat_result | None) -> None:
    if there is not None and found.st_nlink > 1 and os.path.samestat(found, there) and old.path != new.path:
        # The system would do nothing then, and say that it did.
        raise FileRefusal("failed", "source and target are links to the same file")
    try:
        if stat.S_ISDIR(found.st_mode):
            if there is not None:
                raise FileRefusal("already-exists", "there is something at the target already")
            if system_calls.rename_without_replacing((old.directory, old.name), (new.directory, new.name)):
                return
        os.rename(old.name, new.name, src_dir_fd=old.directory, dst_dir_fd=new.directory)
    except OSError as error:
        if error.errno in {errno.EISDIR, errno.ENOTEMPTY, errno.ENOTDIR}:
            raise FileRefusal("already-exists", "there is a directory at the target already") from error
        if error.errno == errno.EINVAL:
            raise FileRefusal("invalid-path", "a directory cannot be moved into itself") from error
        raise
