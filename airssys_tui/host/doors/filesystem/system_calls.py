"""System calls that the standard library does not have: ``openat2``, ``renameat2``, ``utimensat`` and ``statx``.

Each is looked for once. Where one is missing, as on systems other than Linux, its caller does the same in more steps.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, Final

_HERE: Final = -100  # AT_FDCWD
_OPENAT2: Final = 437
_NO_MAGIC_LINKS: Final = 0x02
_NO_SYMLINKS: Final = 0x04
_BENEATH: Final = 0x08
_NO_REPLACE: Final = 1
_NO_FOLLOW: Final = 0x100
_BIRTH: Final = 0x800
_OMITTED: Final = (1 << 30) - 2
_STATX_BYTES: Final = 256
_BIRTH_AT: Final = 80

_HOW: Final = struct.Struct("=QQQ")
_TIMES: Final = struct.Struct("@qlql")
_LINUX: Final = sys.platform == "linux"
_library: Final = ctypes.CDLL(None, use_errno=True)


def _run(function: Callable[..., int], *arguments: Any) -> int:
    while (result := function(*arguments)) < 0:
        number = ctypes.get_errno()
        if number != errno.EINTR:
            raise OSError(number, os.strerror(number))
    return result


@cache
def has_openat2() -> bool:
    """Return whether this system opens paths without following links; a sandbox may forbid it."""
    if not _LINUX:
        return False
    try:
        os.close(open_without_links(b"/", os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def open_without_links(path: bytes, flags: int, *, directory: int | None = None) -> int:
    """Open a path of which no part is a link.

    Args:
        path: An absolute path; with ``directory``, one relative to it, which cannot lead out of it.
        flags: As for ``os.open``.
        directory: The descriptor of a directory.

    Raises:
        OSError: ``ELOOP`` if a part of it is a link.
    """
    resolve = _NO_SYMLINKS | _NO_MAGIC_LINKS | (0 if directory is None else _BENEATH)
    # With O_NOFOLLOW, the system would hold a link at the end instead of saying that there is one.
    how = ctypes.create_string_buffer(_HOW.pack(flags & ~os.O_NOFOLLOW, 0, resolve), _HOW.size)
    return _run(_library.syscall, _OPENAT2, _HERE if directory is None else directory, path, how, _HOW.size)


def path_of(descriptor: int) -> bytes | None:
    """Return the path that leads to an open directory now, or None if this system does not say.

    It follows every rename. The path of what was deleted ends with `` (deleted)``, as a name may as well.
    """
    if not _LINUX:
        return None
    try:
        return os.readlink(b"/proc/self/fd/%d" % descriptor)  # noqa: PTH115 -- a Path would not keep every byte
    except OSError:  # without /proc
        return None


def rename_without_replacing(source: tuple[int, bytes], target: tuple[int, bytes]) -> bool:
    """Rename unless something is at the target; return False if this system cannot do that.

    Args:
        source: The descriptor of a directory, and a name in it.
        target: The same.

    Raises:
        OSError: ``EEXIST`` if something is there.
    """
    function = getattr(_library, "renameat2", None) if _LINUX else None
    if function is None:
        return False
    try:
        _run(function, *source, *target, _NO_REPLACE)
    except OSError as error:
        if error.errno in {errno.ENOSYS, errno.EINVAL}:
            return False
        raise
    return True


def set_times(path: bytes, accessed_ns: int | None, modified_ns: int | None) -> None:
    """Set the times of what a path leads to, in nanoseconds since 1970; None leaves one as it is. Linux only."""
    parts: list[int] = []
    for value in (accessed_ns, modified_ns):
        parts += (0, _OMITTED) if value is None else divmod(value, 1_000_000_000)
    times = ctypes.create_string_buffer(_TIMES.pack(*parts), _TIMES.size)
    _run(_library.utimensat, _HERE, path, times, 0)


def birth_ns(directory: int, name: bytes) -> int | None:
    """Return when an entry was made, in nanoseconds since 1970, or None if the system does not say."""
    function = getattr(_library, "statx", None) if _LINUX else None
    if function is None:
        return None
    found = ctypes.create_string_buffer(_STATX_BYTES)
    try:
        _run(function, directory, name, _NO_FOLLOW, _BIRTH, found)
    except OSError:
        return None
    if not struct.unpack_from("=I", found)[0] & _BIRTH:
        return None
    seconds, nanoseconds = struct.unpack_from("=qI", found, _BIRTH_AT)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)
