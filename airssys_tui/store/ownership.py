"""Ownership of a state directory by one process: an operating system lock, with a note that names the owner.

Only the lock decides; it ends with its process, however the process ends. The note is for people, and for
detecting at the next start that the last owner did not shut down cleanly.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.core.errors import StateLocked, StoreError
from airssys_tui.core.regular_file import FileError, read_regular
from airssys_tui.store.disk.durable import PRIVATE_FILE, write_private

LOCK_FILE: Final = "owner.lock"
NOTE_FILE: Final = "owner.json"
_MOST: Final = 64 * 1024
"""Bytes of the note that are read; a path has at most 4 KiB."""

_DAY: Final = 86_400.0


class Owner(msgspec.Struct, frozen=True):
    """The owner of a state directory: process, host, start time (Unix seconds), folder."""

    pid: int
    host: str
    started: float
    folder: str

    def __str__(self) -> str:
        """Return ``pid 4121 since 14:02``, with the host if it is not this one and the date if it is not today."""
        recent = time.time() - self.started < _DAY
        since = time.strftime("%H:%M" if recent else "%Y-%m-%d %H:%M", time.localtime(self.started))
        elsewhere = "" if self.host == os.uname().nodename else f" on {self.host}"
        return f"pid {self.pid}{elsewhere} since {since}"


class Ownership:
    """The lock on a state directory, held from construction to :meth:`release`.

    Args:
        directory: The state directory, which exists.
        folder: The folder of components, shown to people.

    Raises:
        StateLocked: Another process (or another part of this one) owns it.
        StoreError: The file system does not support file locks.
    """

    def __init__(self, directory: Path, folder: Path) -> None:
        from filelock import FileLock, Timeout  # noqa: PLC0415 - late: a reader takes no lock

        self._note = directory / NOTE_FILE
        self._lock = FileLock(directory / LOCK_FILE, timeout=0, mode=PRIVATE_FILE, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout as error:
            owner = read_owner(directory)
            raise StateLocked(
                f"{directory} is in use by {owner or 'another process'}",
                remedy="stop that process first, or use another --state-dir",
            ) from error
        except NotImplementedError as error:
            raise StoreError(
                f"the file system of {directory} does not support file locks", remedy="choose a local --state-dir"
            ) from error
        self.left_in_disorder = self._note.exists()
        try:
            self._write_note(folder)
        except BaseException:
            self._lock.release()
            raise

    def release(self) -> None:
        """Release the directory cleanly; if the note cannot be removed, the next start runs an extra check."""
        try:
            with suppress(OSError):
                self._note.unlink()
        finally:
            self._lock.release()

    def _write_note(self, folder: Path) -> None:
        owner = Owner(os.getpid(), os.uname().nodename, time.time(), str(folder))
        unfinished = self._note.with_suffix(".new")
        write_private(unfinished, msgspec.json.encode(owner))
        unfinished.replace(self._note)


def read_owner(directory: Path) -> Owner | None:
    """Return the owner that the note names, or None; after a crash that process no longer exists."""
    try:
        return msgspec.json.decode(read_regular(directory / NOTE_FILE, _MOST), type=Owner)
    except (FileError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def live_owner(directory: Path) -> Owner | None:
    """Return the owner if it appears to be alive, without touching the lock.

    A hint for messages and for finding a socket: a process on another host or a reused process id can mislead it.
    """
    owner = read_owner(directory)
    if owner is None or owner.host != os.uname().nodename:
        return owner
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return owner
    return owner
