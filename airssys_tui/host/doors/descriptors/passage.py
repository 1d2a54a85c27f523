"""The way from a directory to what a path below it names, which never leads out of that directory.

The rules are those of ``wasi:filesystem`` (its ``path-resolution.md``), the same as ``RESOLVE_BENEATH`` of Linux:
neither ``..`` nor a link may lead out of the directory, not even in passing, and no link may hold an absolute path. As
on the way of an absolute path (``route``), the guard is asked about the path before anything is looked up, and about
each path to which a link leads before that is followed. What is then opened is what the guard was asked about: the
system is told to follow no link, or each name is opened by itself.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from typing import Final, Self

import msgspec

from airssys_tui.core.capability.permission import Access
from airssys_tui.host.doors.descriptors.anchors import Anchor
from airssys_tui.host.doors.descriptors.descriptor_errors import failure, out_of_the_directory
from airssys_tui.host.doors.filesystem import system_calls
from airssys_tui.host.doors.filesystem.call_pace import FUEL_PER_CALL, Call, go_on
from airssys_tui.host.doors.filesystem.descent import DIRECTORY, enter
from airssys_tui.host.doors.filesystem.entry import Pinned, Place, pin_at
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal
from airssys_tui.host.doors.filesystem.path_forms import MAX_NAME, MAX_PATH, ROOT
from airssys_tui.host.doors.filesystem.route import MAX_LINKS, ask_path, forbidden
from airssys_tui.host.guard import Guard

_HERE: Final = b"."
_ABOVE: Final = b".."
DOTS: Final = {_HERE, _ABOVE}
_LINKS_MET: Final = {errno.ELOOP, errno.ENAMETOOLONG, errno.EAGAIN}
"""What the system answers when a path has to be opened name by name: it holds links, is too long as a whole, or was
changed meanwhile."""


class RelativePath(msgspec.Struct, frozen=True):
    """A path below a directory.

    Attributes:
        names: Its names in order, ``..`` among them; none for the directory itself.
        end: What it ends with where that is no name: ``.``, ``..`` or a slash; else empty.
    """

    names: list[bytes]
    end: bytes


def parse_relative(path: bytes) -> RelativePath:
    """Read a path that a component wrote, or that a link holds.

    Raises:
        DescriptorError: ``not-permitted`` if it is absolute; ``no-entry`` if it is empty; ``invalid`` if it holds a
            zero byte; ``name-too-long``.
    """
    if path.startswith(ROOT):
        raise out_of_the_directory()
    if not path:
        raise failure(errno.ENOENT)
    if b"\0" in path:
        raise failure(errno.EINVAL)
    names = path.split(ROOT)
    if len(path) > MAX_PATH or any(len(name) > MAX_NAME for name in names):
        raise failure(errno.ENAMETOOLONG)
    last = next(name for name in reversed(names) if name)
    end = last if last in DOTS else ROOT if path.endswith(ROOT) else b""
    return RelativePath([name for name in names if name not in {b"", _HERE}], end)


class Passage:
    """One path on the way to what it names. Closed by leaving its context.

    Args:
        call: Is charged for each name that is looked up by itself.
        guard: Is asked.
        anchor: The directory where the path begins.
        path: The path as the component wrote it.
        actions: Actions that all have to be allowed.
        either: Whether one of them is enough.

    Attributes:
        accesses: What was asked for, in order.
        end: What the path ends with where that is no name: a slash, ``.`` or ``..``; else empty.

    Raises:
        DescriptorError: As :func:`parse_relative` and :meth:`Anchor.reach`.
        FileRefusal: ``denied``.
    """

    def __init__(
        self, call: Call, guard: Guard, anchor: Anchor, path: str, actions: Sequence[str], *, either: bool = False
    ) -> None:
        self._call = call
        self._guard = guard
        self._actions = actions
        self._either = either
        self._left = MAX_LINKS
        self.accesses: list[Access] = []
        parsed = parse_relative(path.encode())
        self._names, self.end = parsed.names, parsed.end
        self._base, self._top = anchor.reach(self._ask_below)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the directory where it begins."""
        os.close(self._base)

    def arrive(self) -> Place:
        """Open the directory that holds the path's last name; the caller closes the place.

        Returns:
            The place; its name is ``.`` where the path ends with no name.

        Raises:
            DescriptorError: ``not-permitted``; ``loop``.
            FileRefusal: ``denied``.
            OSError: If there is no such directory, or the system refuses.
        """
        while True:
            names = self._names
            last = names[-1] if names and names[-1] != _ABOVE else _HERE
            above = names if last == _HERE else names[:-1]
            found = self._open(above)
            if isinstance(found, int):
                return Place(found, last, _join(self._top, _known(names)))
            self._turn(found if last == _HERE else [*found, last])

    def arrive_at_name(self, at_dot: int, above: int | None = None) -> Place:
        """Arrive at a name; a path that ends with dots has none.

        Args:
            at_dot: The number of the error for a path that ends with ``.``, if a directory is there.
            above: The same for ``..``; the same number if None.
        """
        if self.end not in DOTS:
            return self.arrive()
        if not stat.S_ISDIR(self.status(follow=True).st_mode):
            raise failure(errno.ENOTDIR)
        raise failure(at_dot if self.end == _HERE or above is None else above)

    def pin(self, *, follow: bool) -> Pinned | None:
        """Hold what is at the end of the path; None if there is nothing. The caller closes it.

        Args:
            follow: Whether a link at the end is followed; it always is if the path ends with a slash.
        """
        while True:
            pinned = pin_at(self.arrive())
            if pinned is None:
                return None
            target = pinned.link if follow or self.end else None
            if target is None:
                return pinned
            with pinned:
                self.follow(target)

    def status(self, *, follow: bool) -> os.stat_result:
        """Look at what is at the end of the path; see :meth:`pin`.

        Raises:
            DescriptorError: ``no-entry``; ``not-directory`` if it ends with a slash and no directory is there.
        """
        while True:
            with self.arrive() as place:
                found = self.status_here(place)
                if not (stat.S_ISLNK(found.st_mode) and (follow or self.end)):
                    return found
                target = place.link()
                if target is not None:
                    self.follow(target)

    def status_here(self, place: Place) -> os.stat_result:
        """Return what a place stands for, links not followed.

        Raises:
            DescriptorError: ``no-entry``; ``not-directory`` if the path ends with a slash and it is neither a directory
                nor a link.
        """
        found = place.status()
        if found is None:
            raise failure(errno.ENOENT)
        if self.end and not (stat.S_ISDIR(found.st_mode) or stat.S_ISLNK(found.st_mode)):
            raise failure(errno.ENOTDIR)
        return found

    def follow(self, target: bytes) -> None:
        """Go on to where the link at the end of the path leads.

        Raises:
            DescriptorError: ``not-permitted`` if that is out of the directory; ``loop`` after :data:`MAX_LINKS` links.
            FileRefusal: ``denied``.
        """
        led = parse_relative(target)
        self.end = self.end or led.end
        self._turn([*self._names[:-1], *led.names])

    def forbid(self, why: str) -> FileRefusal:
        """Return the refusal of something that nobody can be granted, after it was counted."""
        return forbidden(self._guard, self.accesses[-1], why)

    def _open(self, names: list[bytes]) -> int | list[bytes]:
        """Open a directory below the base, or return the names to which the first link on the way leads."""
        if not names:
            return os.dup(self._base)
        try:
            if system_calls.has_openat2():
                return system_calls.open_without_links(ROOT.join(names), DIRECTORY, directory=self._base)
        except OSError as error:
            if error.errno == errno.EXDEV:
                raise out_of_the_directory() from None
            if error.errno not in _LINKS_MET:
                raise
        return self._walk(names)

    def _walk(self, names: list[bytes]) -> int | list[bytes]:
        reached: list[bytes] = []
        here = os.dup(self._base)
        try:
            for index, name in enumerate(names):
                self._step()
                there = self._above(reached) if name == _ABOVE else enter(here, name)
                if isinstance(there, bytes):
                    return [*reached, *parse_relative(there).names, *names[index + 1 :]]
                os.close(here)
                here = there
                if name != _ABOVE:
                    reached.append(name)
            kept, here = here, -1
            return kept
        finally:
            if here >= 0:
                os.close(here)

    def _above(self, reached: list[bytes]) -> int:
        """Open the directory above the one that was reached, from the base on: that one may have been moved."""
        if not reached:
            raise out_of_the_directory()
        reached.pop()
        found = self._open(list(reached))
        if isinstance(found, int):
            return found
        raise failure(errno.ELOOP)  # links changed while they were followed

    def _step(self) -> None:
        self._call.charge(FUEL_PER_CALL)
        go_on(self._call)

    def _turn(self, names: list[bytes]) -> None:
        self._left -= 1
        if self._left < 0:
            raise failure(errno.ELOOP)
        if sum(map(len, names)) + len(names) > MAX_PATH:
            raise failure(errno.ENAMETOOLONG)
        self._names = names
        self._ask_below(self._top)

    def _ask_below(self, directory: bytes) -> None:
        path = _join(directory, _known(self._names))
        self.accesses += ask_path(self._guard, path, self._actions, either=self._either)


def _known(names: list[bytes]) -> list[bytes]:
    """Return the names without ``..``, as far as no link can lead elsewhere.

    Raises:
        DescriptorError: ``not-permitted`` if they lead out of the directory at once.
    """
    kept: list[bytes] = []
    for name in names:
        if name != _ABOVE:
            kept.append(name)
        elif kept:
            kept.pop()
        else:
            # Only a link before it could keep this within the directory.
            first = names[: names.index(_ABOVE)]
            if not first:
                raise out_of_the_directory()
            return first
    return kept


def _join(directory: bytes, names: list[bytes]) -> bytes:
    return ROOT.join([directory.rstrip(ROOT), *names]) or ROOT
