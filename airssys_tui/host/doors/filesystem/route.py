"""The way from a path to what it names: every link on it is asked for before anything behind it is opened.

The path that the component names is asked for first. Where a link is met, the path to which it leads is asked for, with
the same action, and is then opened from the root; and so on, at most :data:`MAX_LINKS` times. So nothing is reached
under a path for which the guard was not asked, and nothing is learnt about what lies behind a link that may not be
followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from typing import Final

from airssys_tui.core.capability.grant import Denial, Reason
from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.host.doors.filesystem.descent import open_directory
from airssys_tui.host.doors.filesystem.entry import Pinned, Place, pin_at
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal
from airssys_tui.host.doors.filesystem.path_forms import join, parse, split, text_of
from airssys_tui.host.guard import Guard

MAX_LINKS: Final = 40
"""Links that are followed for one path, as by Linux."""


class Route:
    """One path on the way to what it names.

    Args:
        guard: Is asked.
        path: The path as the component wrote it.
        actions: Actions that all have to be allowed.
        either: Whether one of them is enough.

    Attributes:
        path: Where it leads as far as is known.
        accesses: What was asked for, in order.

    Raises:
        FileRefusal: ``invalid-path``, or ``denied``.
    """

    __slots__ = ("_actions", "_either", "_guard", "_left", "accesses", "path")

    def __init__(self, guard: Guard, path: str, actions: Sequence[str], *, either: bool = False) -> None:
        self._guard = guard
        self._actions = actions
        self._either = either
        self._left = MAX_LINKS
        self.accesses: list[Access] = []
        self.path = parse(path)
        self._ask(self.path)

    def arrive(self) -> Place:
        """Open the directory that holds the path's last name; the caller closes the place.

        Raises:
            FileRefusal: ``not-found`` if there is no such directory; ``denied``; ``invalid-path``.
        """
        while True:
            parent, name = split(self.path)
            found = open_directory(parent)
            if isinstance(found, int):
                return Place(found, name, self.path)
            self._turn(join(found.path, name))

    def pin(self) -> Pinned | None:
        """Hold what is at the end of the path, with every link followed; None if there is nothing.

        The caller closes it.
        """
        while True:
            place = self.arrive()
            pinned = pin_at(place)
            if pinned is None:
                return None
            target = pinned.link
            if target is None:
                return pinned
            with pinned:
                self.follow(place, target)

    def follow(self, place: Place, target: bytes) -> None:
        """Go on to where a link at a place leads.

        Raises:
            FileRefusal: ``denied``; ``invalid-path``; ``failed`` after :data:`MAX_LINKS` links.
        """
        self._turn(join(split(place.path)[0], target))

    def forbid(self, why: str) -> FileRefusal:
        """Return the refusal of something that nobody can be granted, after it was counted."""
        return forbidden(self._guard, self.accesses[-1], why)

    def _turn(self, path: bytes) -> None:
        self._left -= 1
        if self._left < 0:
            raise FileRefusal("failed", f"more than {MAX_LINKS} links follow each other")
        self._ask(path)
        self.path = path

    def _ask(self, path: bytes) -> None:
        self.accesses += ask_path(self._guard, path, self._actions, either=self._either)


def ask_path(guard: Guard, path: bytes, actions: Sequence[str], *, either: bool = False) -> list[Access]:
    """Ask for actions on a path before anything is looked up; return what was asked for in earnest.

    Args:
        guard: Is asked.
        path: An absolute path in the form of ``path_forms``.
        actions: Actions that all have to be allowed.
        either: Whether one of them is enough.

    Raises:
        FileRefusal: ``denied``; ``invalid-path`` if the path is no valid text.
    """
    subject = text_of(path)
    accesses = [Access(Kind.FILESYSTEM, action, subject) for action in actions]
    if either:
        # Asked for in earnest, so that it is counted: the one that is allowed, or else the last.
        accesses = [next((one for one in accesses if guard.look(one) is None), accesses[-1])]
    for access in accesses:
        guard.await_answer(access)
    ask(guard, accesses)
    return accesses


def forbidden(guard: Guard, access: Access, why: str) -> FileRefusal:
    """Return the refusal of something that nobody can be granted, after it was counted."""
    return FileRefusal("denied", f"{guard.deny(Denial(access, Reason.FORBIDDEN))}: {why}")


def ask(guard: Guard, accesses: Sequence[Access]) -> None:
    """Ask for accesses.

    Raises:
        FileRefusal: ``denied`` if one of them is.
    """
    for access in accesses:
        denial = guard.require(access)
        if denial is not None:
            raise FileRefusal("denied", denial.text)


def ask_again(guard: Guard, accesses: Sequence[Access]) -> None:
    """Ask again about what is in use, between two pieces of work or at a later call on it.

    Raises:
        FileRefusal: ``denied`` if one of the accesses is not allowed any more.
    """
    for access in accesses:
        denial = guard.again(access)
        if denial is not None:
            raise FileRefusal("denied", denial.text)


def file_only(pinned: Pinned, forbid: Callable[[str], FileRefusal]) -> None:
    """Check that what is held may be opened as a file.

    Raises:
        FileRefusal: ``is-a-directory``, or ``denied`` if it is neither a file nor a directory.
    """
    mode = pinned.status.st_mode
    if stat.S_ISDIR(mode):
        raise FileRefusal("is-a-directory", "it is a directory")
    if not stat.S_ISREG(mode):
        raise forbid("it is a device, a pipe or a socket")


def one_link_only(status: os.stat_result, forbid: Callable[[str], FileRefusal]) -> None:
    """Check that a file may be changed: what is written must not show under another path.

    Raises:
        FileRefusal: ``denied`` if it has several hard links.
    """
    if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        raise forbid(f"the file has {status.st_nlink} hard links")
