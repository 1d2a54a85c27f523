"""The door to what is known of paths: kinds, sizes, times and links."""

from __future__ import annotations

import os
import stat
from typing import Final

import msgspec

from airssys_tui.core.manifest.capabilities import FilesystemAction
from airssys_tui.host.doors.filesystem import system_calls
from airssys_tui.host.doors.filesystem.call_pace import FUEL_PER_CALL, Call
from airssys_tui.host.doors.filesystem.directory_pages import FileKind
from airssys_tui.host.doors.filesystem.entry import Pinned, Place
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal
from airssys_tui.host.doors.filesystem.os_refusals import refusing
from airssys_tui.host.doors.filesystem.path_forms import text_of
from airssys_tui.host.doors.filesystem.route import Route, one_link_only
from airssys_tui.host.guard import Guard

_READ: Final = (FilesystemAction.READ.value,)
_READ_OR_LIST: Final = (FilesystemAction.READ.value, FilesystemAction.LIST.value)
_WRITE: Final = (FilesystemAction.WRITE.value,)

LATEST: Final = 1 << 63
"""Nanoseconds since 1970 before which a time has to lie to be set."""


class FileFacts(msgspec.Struct, frozen=True):
    """What is known of a path.

    Attributes:
        kind: What it is.
        size: Bytes of a file; 0 for others.
        modified_ns: When its content was last changed, in nanoseconds since 1970; negative before.
        created_ns: When it was made; None where the system does not say.
        writable: Whether its mode lets anybody write to it.
    """

    kind: FileKind
    size: int
    modified_ns: int
    created_ns: int | None
    writable: bool


class MetadataDoor:
    """What is known of paths, for one instance. Used by one thread at a time.

    Args:
        guard: Decides each access.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    @refusing
    def stat(self, call: Call, path: str, *, follow: bool) -> FileFacts:
        """Look at a path; with ``follow``, at what a link leads to.

        Raises:
            FileRefusal: ``denied``, ``not-found``, ``invalid-path`` or ``failed``.
        """
        route = self._route(call, path, _READ_OR_LIST)
        while True:
            with route.arrive() as place:
                status = _status(place)
                if not (follow and stat.S_ISLNK(status.st_mode)):
                    return _facts(status, system_calls.birth_ns(place.directory, place.name))
                target = place.link()
                if target is not None:
                    route.follow(place, target)

    @refusing
    def exists(self, call: Call, path: str) -> bool:
        """Return whether there is something, of a link the link.

        Raises:
            FileRefusal: ``denied``, ``invalid-path`` or ``failed``.
        """
        route = self._route(call, path, _READ_OR_LIST)
        try:
            place = route.arrive()
        except FileRefusal as refusal:
            if refusal.case == "not-found":
                return False
            raise
        with place:
            return place.status() is not None

    @refusing
    def set_times(self, call: Call, path: str, modified_ns: int | None, accessed_ns: int | None) -> None:
        """Set when a file or directory was last changed and last read, in nanoseconds since 1970; None leaves one.

        Raises:
            FileRefusal: ``denied``, ``not-found``, ``invalid-path``, ``invalid-input`` or ``failed``.
        """
        route = self._route(call, path, _WRITE)
        if any(value is not None and not 0 <= value < LATEST for value in (modified_ns, accessed_ns)):
            raise FileRefusal("invalid-input", "the time is later than can be set")
        pinned = self._pinned(route)
        with pinned:
            if not (stat.S_ISREG(pinned.status.st_mode) or stat.S_ISDIR(pinned.status.st_mode)):
                raise route.forbid("it is a device, a pipe or a socket")
            one_link_only(pinned.status, route.forbid)
            pinned.set_times(accessed_ns, modified_ns)

    @refusing
    def canonical_path(self, call: Call, path: str) -> str:
        """Return the path to which a path leads when every link is followed.

        Raises:
            FileRefusal: ``denied``, ``not-found``, ``invalid-path`` or ``failed``.
        """
        route = self._route(call, path, _READ)
        with self._pinned(route):
            return text_of(route.path)

    @refusing
    def read_link(self, call: Call, path: str) -> str | None:
        """Return what a symbolic link holds, or None if it is no link.

        Raises:
            FileRefusal: ``denied``, ``not-found``, ``invalid-path`` or ``failed``.
        """
        with self._route(call, path, _READ).arrive() as place:
            _status(place)
            target = place.link()
        try:
            return None if target is None else target.decode()
        except UnicodeDecodeError:
            raise FileRefusal("failed", "what the link holds is not valid text") from None

    def _route(self, call: Call, path: str, actions: tuple[str, ...]) -> Route:
        call.charge(FUEL_PER_CALL)
        return Route(self._guard, path, actions, either=actions is _READ_OR_LIST)

    def _pinned(self, route: Route) -> Pinned:
        pinned = route.pin()
        if pinned is None:
            raise _nothing()
        return pinned


def _status(place: Place) -> os.stat_result:
    status = place.status()
    if status is None:
        raise _nothing()
    return status


def _nothing() -> FileRefusal:
    return FileRefusal("not-found", "there is nothing at the path")


def _facts(status: os.stat_result, created_ns: int | None) -> FileFacts:
    mode = status.st_mode
    kinds = ((stat.S_ISREG, FileKind.FILE), (stat.S_ISDIR, FileKind.DIRECTORY), (stat.S_ISLNK, FileKind.LINK))
    kind = next((kind for matches, kind in kinds if matches(mode)), FileKind.OTHER)
    size = status.st_size if kind is FileKind.FILE else 0
    return FileFacts(kind, size, status.st_mtime_ns, created_ns, bool(mode & 0o222))
