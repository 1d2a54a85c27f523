"""The door to directories: paging through them, making them and taking them away, for one instance."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import Final

import msgspec

from airssys_tui.core.manifest.capabilities import FilesystemAction
from airssys_tui.host.doors.filesystem.call_pace import FUEL_PER_CALL, Call, go_on
from airssys_tui.host.doors.filesystem.descent import DIRECTORY, Detour, open_directory
from airssys_tui.host.doors.filesystem.directory_pages import Listings, Page
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal
from airssys_tui.host.doors.filesystem.os_refusals import refusing
from airssys_tui.host.doors.filesystem.path_forms import below, split, text_of
from airssys_tui.host.doors.filesystem.route import Route, ask
from airssys_tui.host.doors.filesystem.tree_removal import TreeRemoval
from airssys_tui.host.guard import Guard

_ATTEMPTS: Final = 8
"""How often directories above one are made that somebody else takes away again."""


class DirectoryDoor:
    """Directories for one instance. Used by one thread at a time.

    Args:
        guard: Decides each access.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._listings = Listings()

    @refusing
    def list(self, call: Call, path: str, cursor: str | None, limit: int) -> Page:
        """Return a page of the names in a directory, in the order of their bytes.

        Raises:
            FileRefusal: ``denied``, ``not-found``, ``not-a-directory``, ``invalid-input``, ``invalid-path`` or
                ``failed``.
        """
        pinned = self._route(call, path, FilesystemAction.LIST).pin()
        if pinned is None:
            raise FileRefusal("not-found", "there is no such directory")
        with pinned:
            if not stat.S_ISDIR(pinned.status.st_mode):
                raise FileRefusal("not-a-directory", "it is no directory")
            directory = pinned.open(os.O_RDONLY | os.O_DIRECTORY)
        try:
            return self._listings.page(call, directory, cursor, limit)
        finally:
            os.close(directory)

    @refusing
    def create(self, call: Call, path: str, *, parents: bool) -> None:
        """Make a directory, with ``parents`` also those above it; the last name is not followed.

        Raises:
            FileRefusal: ``denied``, ``not-found``, ``already-exists``, ``not-a-directory``, ``quota-exceeded``,
                ``invalid-path`` or ``failed``.
        """
        route = self._route(call, path, FilesystemAction.WRITE)
        for _ in range(_ATTEMPTS):
            go_on(call)
            try:
                place = route.arrive()
            except FileRefusal as refusal:
                if refusal.case != "not-found" or not parents:
                    raise
                self._make_above(call, route)
                continue
            with place:
                if place.path == b"/":
                    raise FileRefusal("already-exists", "it is the root")
                os.mkdir(place.name, dir_fd=place.directory)
                return
        raise FileRefusal("failed", "the directories above it are taken away again and again")

    @refusing
    def remove(self, call: Call, path: str) -> None:
        """Take an empty directory away.

        Raises:
            FileRefusal: ``denied``, ``not-found``, ``not-a-directory``, ``not-empty``, ``invalid-path`` or ``failed``.
        """
        with self._route(call, path, FilesystemAction.DELETE).arrive() as place:
            os.rmdir(place.name, dir_fd=place.directory)

    @refusing
    def remove_all(self, call: Call, path: str) -> int:
        """Take a directory away with all that is in it; return how many entries were in it, at any depth.

        Raises:
            FileRefusal: ``denied``, ``not-found``, ``not-a-directory``, ``too-large``, ``invalid-path``, or ``failed``
                when it was begun and not finished.
        """
        route = self._route(call, path, FilesystemAction.DELETE)
        with route.arrive() as place:
            if place.path == b"/":
                raise FileRefusal("failed", "the root cannot be taken away")
            return TreeRemoval(call, self._guard, route.accesses[-1]).run(place)

    def _route(self, call: Call, path: str, action: FilesystemAction) -> Route:
        call.charge(FUEL_PER_CALL)
        return Route(self._guard, path, (action.value,))

    def _make_above(self, call: Call, route: Route) -> None:
        """Make the directories above the end of a route; every one is asked for before the first is made."""
        path, missing = split(route.path)[0], list[bytes]()
        while (here := _there(path)) is None:
            path, name = split(path)
            missing.append(name)
        if isinstance(here, Detour):
            return  # a link is there by now: the route turns off
        try:
            made = path
            for name in reversed(missing):
                made = below(made, name)
                ask(self._guard, (msgspec.structs.replace(route.accesses[-1], subject=text_of(made)),))
            for name in reversed(missing):
                call.charge(FUEL_PER_CALL)
                here = _make_within(here, name)
        finally:
            os.close(here)


def _there(path: bytes) -> int | Detour | None:
    try:
        return open_directory(path)
    except FileRefusal:
        return None


def _make_within(directory: int, name: bytes) -> int:
    """Make a directory in another one, which is closed, and open it; it may be there already."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, dir_fd=directory)
    inner = os.open(name, DIRECTORY, dir_fd=directory)
    os.close(directory)
    return inner
