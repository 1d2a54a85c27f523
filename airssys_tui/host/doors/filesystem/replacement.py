"""Replacing a file whole: afterwards it holds either all of the new content or what it held before.

The content goes to a file aside in the same directory, which is synced and takes the place by a rename; then the
directory is synced. All of it goes through the descriptor of that one directory. If anything fails, the file aside is
taken away again.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable
from typing import Final

from airssys_tui.host.doors.filesystem.entry import OPENED, Place
from airssys_tui.host.doors.filesystem.file_refusal import FileRefusal
from airssys_tui.host.doors.filesystem.route import Route, one_link_only

ASIDE: Final = ".airssys-{}.part"
"""Name of the file aside while it is written."""

_NO_DIRECTORY_SYNC: Final = {errno.EINVAL, errno.ENOTSUP}
"""What file systems answer that have no sync of directories."""


def replace(route: Route, write: Callable[[int], int], mode: int = 0o666) -> int:
    """Replace or make the file to which a path leads; links are followed.

    Args:
        route: The way to it; ``write`` was asked for.
        write: Writes the content to a descriptor and returns its size in bytes.
        mode: Permissions of a file that is made, before the process's mask.

    Returns:
        What ``write`` returned.

    Raises:
        FileRefusal: ``is-a-directory``; ``denied`` if it is no regular file or has several hard links; others.
        OSError: If the system refuses.
    """
    while True:
        with route.arrive() as place:
            before = place.status()
            if before is None or not stat.S_ISLNK(before.st_mode):
                _may_be_replaced(route, before)
                return _replace_here(place, before, write, mode)
            with contextlib.suppress(FileNotFoundError):  # else it went away meanwhile: look again
                target = place.link()
                if target is not None:
                    route.follow(place, target)


def _may_be_replaced(route: Route, before: os.stat_result | None) -> None:
    if before is None:
        return
    if stat.S_ISDIR(before.st_mode):
        raise FileRefusal("is-a-directory", "it is a directory")
    if not stat.S_ISREG(before.st_mode):
        raise route.forbid("it is a device, a pipe or a socket")
    one_link_only(before, route.forbid)


def _replace_here(place: Place, before: os.stat_result | None, write: Callable[[int], int], mode: int) -> int:
    aside = ASIDE.format(secrets.token_hex(8)).encode()
    directory = place.directory_here()
    try:
        made = os.open(
            aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | OPENED, mode if before is None else 0o600,
            dir_fd=directory,
        )  # fmt: skip
        try:
            size = _fill(made, before, write)
            os.rename(aside, place.name, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(aside, dir_fd=directory)
            raise
        finally:
            os.close(made)
        try:
            os.fsync(directory)
        except OSError as error:
            if error.errno not in _NO_DIRECTORY_SYNC:
                raise
        return size
    finally:
        os.close(directory)


def _fill(made: int, before: os.stat_result | None, write: Callable[[int], int]) -> int:
    size = write(made)
    if before is not None:
        with contextlib.suppress(PermissionError):  # whoever may not give files away keeps them
            os.fchown(made, before.st_uid, before.st_gid)
        os.fchmod(made, stat.S_IMODE(before.st_mode) & 0o777)
    os.fsync(made)
    return size
