"""The one reader of files whose content comes from outside: regular files only, and never more than a bound.

A path that somebody else can write may name anything: a pipe that nobody writes into, a device that never ends, a file
that grows while it is read, a link that leads to itself. Reading it must neither wait nor fill the memory. So:

* The kind is looked at before the file is opened, because opening a pipe or a device already has effects, and once
  more on the descriptor, because the path may lead to another file by then.
* The descriptor never waits (``O_NONBLOCK``) and does not leak to child processes (``O_CLOEXEC``).
* At most one byte more than the bound is read, whatever size the file claims to have.

Only "does not exist" means that there is no file (:class:`FileAbsent`). Every other error of the system says nothing
about the file: it may be readable in a moment (:class:`FileUnavailable`).

A file system that does not answer, such as a network mount whose server is gone, blocks the thread that asks, and no
flag helps: who cannot wait reads on a thread that can be given up.

The module lives in the core because every floor reads such files, the screens too, and these may import no other floor.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from typing import Final

from airssys_tui.core.errors import AirssysError
from airssys_tui.core.refusal import RefusalKind
from airssys_tui.core.text import escaped
from airssys_tui.core.units import format_size

_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_ABSENT: Final = frozenset({errno.ENOENT, errno.ENOTDIR})
_CHUNK: Final = 1024 * 1024
_SMALLEST: Final = 4096
_KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}

Place = str | os.PathLike[str]


class FileError(AirssysError):
    """A file could not be read."""

    title = "unreadable file"


class FileAbsent(FileError):
    """The file does not exist."""

    title = "no such file"


class NotRegular(FileError):
    """The path leads to a folder, a pipe, a socket or a device."""

    title = "not a file"


class FileTooLarge(FileError):
    """The file has more bytes than are read."""

    title = "file too large"


class FileUnavailable(FileError):
    """The system cannot read the file now, which says nothing about the file: access, descriptors, a broken mount.

    Args:
        message: What happened and where.
        number: The system's error number (``errno``); 0 if it did not answer at all.
        remedy: What to do next.
    """

    title = "file not available"
    retryable = True
    kind = RefusalKind.CIRCUMSTANCE

    def __init__(self, message: str, *, number: int = 0, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.number = number


def read_regular(path: Place, most: int, name: str = "") -> bytes:
    """Read a regular file whole.

    Args:
        path: The file; links are followed.
        most: Bytes at most.
        name: What errors call it; its path if empty.

    Raises:
        FileAbsent: There is no such file.
        NotRegular: It is a folder, a pipe, a socket or a device.
        FileTooLarge: It has more bytes.
        FileUnavailable: Any other error of the system; it may succeed later.
    """
    name = name or os.fspath(path)
    with open_regular(path, most, name) as file:
        try:
            return _take(file, name, most)
        except OSError as error:
            raise fault_of_reading(error, name) from error


def read_regular_text(path: Place, most: int) -> str:
    """Read a regular file whole, as UTF-8 text; see :func:`read_regular`.

    Raises:
        UnicodeDecodeError: If it is not UTF-8.
        FileError: See :func:`read_regular`.
    """
    return read_regular(path, most).decode("utf-8")


def open_regular(path: Place, most: int, name: str = "") -> io.FileIO:
    """Open a regular file for reading in parts, unbuffered; who reads keeps count, since the file may grow.

    Raises:
        FileError: See :func:`read_regular`.
    """
    name = name or os.fspath(path)
    try:
        _require_regular(os.stat(path), name, most)  # noqa: PTH116 - a path of text need not become a Path
        file = os.fdopen(os.open(path, _FLAGS), "rb", buffering=0)
    except (OSError, ValueError) as error:
        raise fault_of_reading(error, name) from error
    try:
        _require_regular(os.fstat(file.fileno()), name, most)
    except OSError as error:
        file.close()
        raise fault_of_reading(error, name) from error
    except FileError:
        file.close()
        raise
    return file


def fault_of_reading(error: OSError | ValueError, name: str) -> FileError:
    """Return the error of the tree for an exception of the system that a file of that name or path caused."""
    shown = escaped(name)
    if isinstance(error, ValueError):  # a NUL byte, or a character that no path can have
        return FileAbsent(f"{shown} cannot be a path: {error}", remedy="name an existing file")
    if error.errno in _ABSENT:
        return FileAbsent(f"cannot read {shown}: {error.strerror}", remedy="name an existing file")
    remedy = _REMEDIES.get(error.errno or 0, "try again")
    return FileUnavailable(f"cannot read {shown}: {error.strerror or error}", remedy=remedy, number=error.errno or 0)


_REMEDIES: Final = {
    errno.EACCES: "give yourself access to it",
    errno.EPERM: "give yourself access to it",
    errno.ELOOP: "let the link lead to a file: it leads to itself",
    errno.EMFILE: "raise the limit of open files: ulimit -n",
    errno.ENFILE: "raise the limit of open files of this machine",
    errno.ENAMETOOLONG: "give it a shorter name",
}


def _require_regular(found: os.stat_result, name: str, most: int) -> None:
    kind = stat.S_IFMT(found.st_mode)
    if kind != stat.S_IFREG:
        raise NotRegular(
            f"{escaped(name)} is {_KINDS.get(kind, 'no regular file')}, not a file",
            remedy="name a regular file, or remove it",
        )
    if found.st_size > most:
        raise _too_large(name, most, found.st_size)


def _take(file: io.FileIO, name: str, most: int) -> bytes:
    parts: list[bytes] = []
    left = most + 1
    # Room for the size that the file has now and one byte, so that a small file takes one read and no large buffer.
    room = min(max(os.fstat(file.fileno()).st_size + 1, _SMALLEST), _CHUNK)
    while left:
        part = file.read(min(left, room))
        if part is None:
            raise BlockingIOError(errno.EAGAIN, "the file has no data ready")
        if not part:
            break
        parts.append(part)
        left -= len(part)
    if not left:
        raise _too_large(name, most, most + 1)
    return b"".join(parts)


def _too_large(name: str, most: int, size: int) -> FileTooLarge:
    return FileTooLarge(
        f"{escaped(name)} has {size if size > most + 1 else f'more than {most}'} bytes; "
        f"at most {most} ({format_size(most)}) are read"
    )
