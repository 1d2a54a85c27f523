"""Opening a directory by its path so that no link is followed: in one system call, or name by name.

A link on the way is not followed but returned, with the path to which it leads; whoever asked decides whether that one
may be opened.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import Final

import msgspec

from airssys_tui.host.doors.filesystem import system_calls
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal
from airssys_tui.host.doors.filesystem.path_forms import ROOT, below, join

PIN: Final[int | None] = getattr(os, "O_PATH", None)
"""Opens what a name stands for without effect, whatever it is; None where the system has no such thing."""

DIRECTORY: Final = (PIN or os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""Opens a directory to look names up in it; with O_PATH, also one that may not be listed."""


class Detour(msgspec.Struct, frozen=True):
    """A link was met.

    Attributes:
        path: Where the whole path leads when this link is followed.
    """

    path: bytes


def open_directory(path: bytes) -> int | Detour:
    """Open a directory to look names up in it.

    Args:
        path: An absolute path in the form of ``path_forms``.

    Returns:
        Its descriptor, which the caller closes, or the first link on the way.

    Raises:
        FileRefusal: ``not-found`` if it is not there, or no directory.
        OSError: If the system refuses.
    """
    try:
        if system_calls.has_openat2():
            try:
                return system_calls.open_without_links(path, DIRECTORY)
            except OSError as error:
                # Too long as a whole does not mean too long name by name.
                if error.errno not in {errno.ELOOP, errno.ENAMETOOLONG}:
                    raise
        return _walk(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileRefusal("not-found", "there is no such directory") from error


def _walk(path: bytes) -> int | Detour:
    names = [name for name in path.split(b"/") if name]
    here, real = os.open(ROOT, DIRECTORY), ROOT
    try:
        for index, name in enumerate(names):
            inner = enter(here, name)
            if isinstance(inner, bytes):
                return Detour(join(real, inner, b"/".join(names[index + 1 :])))
            os.close(here)
            here, real = inner, below(real, name)
        kept, here = here, -1
        return kept
    finally:
        if here >= 0:
            os.close(here)


def enter(directory: int, name: bytes) -> int | bytes:
    """Open a directory within another one, or return what is held by a link in its place.

    Raises:
        OSError: If there is neither, or the system refuses.
    """
    try:
        return os.open(name, DIRECTORY, dir_fd=directory)
    except OSError as error:
        if error.errno not in {errno.ENOTDIR, errno.ELOOP}:
            raise
    target = link_at(directory, name)
    # Not a link any more: what is there now is opened, or is no directory.
    return os.open(name, DIRECTORY, dir_fd=directory) if target is None else target


def link_at(directory: int, name: bytes) -> bytes | None:
    """Return what a link holds, or None if the entry is no link.

    Raises:
        FileNotFoundError: If there is no such entry.
    """
    if not stat.S_ISLNK(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
        return None
    return os.readlink(name, dir_fd=directory)
