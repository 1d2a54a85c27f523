"""What the operating system does with paths below a directory when it is told to stay beneath it: the second opinion.

Each operation opens the directory above the last name by ``openat2`` with ``RESOLVE_BENEATH`` and passes the last name,
with its slashes, to the system call of the operation. Linux only.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import struct
from collections.abc import Callable, Iterator
from typing import Any

from airssys_tui.host.doors.descriptors.descriptor_errors import DescriptorError
from airssys_tui.host.doors.descriptors.descriptor_errors import failure as error_of

BENEATH, NO_MAGIC_LINKS = 0x08, 0x02
_library = ctypes.CDLL(None, use_errno=True)


def open_beneath(directory: int, path: str, flags: int, mode: int = 0) -> int:
    """Open a path below a directory."""
    if path.startswith("/"):
        raise OSError(errno.EXDEV, "absolute")
    how = ctypes.create_string_buffer(struct.pack("=QQQ", flags | os.O_CLOEXEC, mode, BENEATH | NO_MAGIC_LINKS), 24)
    found = _library.syscall(437, directory, path.encode(), how, 24)
    if found < 0:
        raise OSError(ctypes.get_errno(), path)
    return int(found)


@contextlib.contextmanager
def held_beneath(directory: int, path: str, flags: int = 0) -> Iterator[int]:
    """Hold what is at a path below a directory."""
    found = open_beneath(directory, path, flags | os.O_PATH)
    try:
        yield found
    finally:
        os.close(found)


@contextlib.contextmanager
def parent_beneath(directory: int, path: str) -> Iterator[tuple[int, str]]:
    """Hold the directory above the last name of a path; give that name, with its slashes."""
    bare = path.rstrip("/")
    if path.startswith("/"):
        raise OSError(errno.EXDEV, "absolute")
    if not path:
        raise OSError(errno.ENOENT, "empty")
    above, _, last = bare.rpartition("/")
    if last == "..":
        with held_beneath(directory, bare):  # whether it leads out
            pass
    with held_beneath(directory, above or ".", os.O_DIRECTORY) as parent:
        yield parent, last + path[len(bare) :]


def seen(status: os.stat_result) -> tuple[str, int, int]:
    """Return the kind, the size of a file or link, and the names of what is no directory."""
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        return "directory", 0, 0
    return "symbolic-link" if stat.S_ISLNK(mode) else "regular-file", status.st_size, status.st_nlink


def plain(work: Callable[[], Any]) -> tuple[str, Any]:
    """Return what a system call gives, or the code of its error; ``EXDEV`` says here that a path leads out."""
    try:
        return "ok", work()
    except OSError as error:
        return "not-permitted" if error.errno == errno.EXDEV else error_of(error.errno or 0).code, None


def told(work: Callable[[], Any]) -> tuple[str, Any]:
    """Return what an operation of the door gives, or the code of its error."""
    try:
        return "ok", work()
    except DescriptorError as error:
        return error.code, None
