"""Atomic files: write to a temporary file, fsync, rename, fsync the directory.

Paths of short-lived files are plain text here. ``Path`` interns each of its parts, and the table of interned strings
grows by doubling once enough parts have passed through.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from io import BufferedReader, FileIO
from pathlib import Path

from airssys_tui.store.disk.failpoint import failpoint

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700


def make_directory(path: Path) -> None:
    """Create a private directory and its parents, durably; no effect if it exists."""
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
    sync_directory(path.parent)


def sync_directory(path: Path | str) -> None:
    """Sync a directory, so that its file names survive a power failure."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def size_of(path: str) -> int | None:
    """Return the size of a regular file in bytes, or None if there is no such file."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def open_file(path: str) -> BufferedReader:
    """Open a regular file for reading; never follows a link and never waits, as a FIFO would make a reader do.

    Raises:
        OSError: If it cannot be read or is no regular file.
    """
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError(errno.EINVAL, "not a regular file", path)


def read_file(path: str) -> bytes:
    """Return the bytes of a regular file.

    Raises:
        OSError: If it cannot be read or is no regular file.
    """
    with open_file(path) as file:
        return file.read()


def clear_way(path: str) -> None:
    """Remove what lies where a file belongs and is no regular file, such as a directory or a link."""
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    if stat.S_ISDIR(mode):
        import shutil  # noqa: PLC0415 - late: loads five compressors, and a command that only reads removes nothing

        shutil.rmtree(path)
    elif not stat.S_ISREG(mode):
        remove_file(path)


def create_private(path: Path) -> None:
    """Create an empty file that only this user may use, unless it exists; never through a link."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE))


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only this user may use, in place, without waiting for the disk; never through a link."""
    with open_private(path, os.O_TRUNC) as file:
        file.write(data)


def open_private(path: Path, how: int) -> FileIO:
    """Open a file that only this user may use for writing; create it if necessary; never through a link.

    Args:
        path: The file.
        how: ``os.O_APPEND`` or ``os.O_TRUNC``.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | how
    return FileIO(os.open(path, flags, PRIVATE_FILE), "wb")


def remove_file(path: str) -> None:
    """Remove a file, if it exists."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108 - see above


def write_file(path: str, data: bytes, *, aside: Path, points: str, sync: bool = True) -> None:
    """Write a file so that a crash leaves the old file, no file, or the complete new file.

    Args:
        path: The final path; its directory is created.
        data: The bytes.
        aside: Directory on the same file system for the unfinished file; :func:`sweep` empties it.
        points: Prefix of the failpoints passed.
        sync: Whether the whole file must survive a power failure; not needed for data verified before each use.
    """
    directory, _, name = path.rpartition("/")
    if not os.access(directory, os.F_OK):
        make_directory(Path(directory))
    unfinished = f"{aside}/{name}.{os.urandom(8).hex()}"
    failpoint(f"{points}/before-write")
    try:
        _write(unfinished, data, sync=sync)
        failpoint(f"{points}/before-rename")
        os.replace(unfinished, path)  # noqa: PTH105 - see above
    except BaseException:
        remove_file(unfinished)
        raise
    if sync:
        sync_directory(directory)
    failpoint(f"{points}/after-rename")


def sweep(aside: Path) -> int:
    """Remove unfinished files left by crashes; only the owner of the state directory may. Return how many."""
    leftovers = [entry for entry in aside.iterdir() if entry.is_file()]
    for leftover in leftovers:
        leftover.unlink()
    return len(leftovers)


def _write(path: str, data: bytes, *, sync: bool) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        if sync:
            os.fsync(file.fileno())
