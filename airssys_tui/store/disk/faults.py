"""Errors of the disk and of SQLite, translated into errors with a remedy."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import Final

from airssys_tui.core.errors import DiskFull, StoreBusy, StoreError

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_PRIMARY: Final = 0xFF
"""Mask of SQLite's primary result code in an extended one (sqlite.org/rescode.html)."""


class disk_faults:  # noqa: N801 - used like a function, and made some dozen times in each deployment
    """Translate exceptions of the file system and SQLite in a block into :class:`StoreError`.

    Args:
        doing: The attempted operation, such as ``write the blob``.
        path: The file or directory concerned.

    Raises:
        DiskFull: No space left on the disk.
        StoreError: Any other failure of the disk or SQLite.
    """

    __slots__ = ("_doing", "_path")

    def __init__(self, doing: str, path: Path | str) -> None:
        self._doing = doing
        self._path = path

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate what the block raised."""
        if isinstance(error, (OSError, sqlite3.Error)):
            raise translated(error, self._doing, self._path) from error


def translated(error: OSError | sqlite3.Error, doing: str, path: Path | str) -> StoreError:
    """Return the error of the tree for one of the file system or SQLite; for the arguments see :class:`disk_faults`."""
    return from_sqlite(error, doing, path) if isinstance(error, sqlite3.Error) else _from_system(error, doing, path)


def _from_system(error: OSError, doing: str, path: Path | str) -> StoreError:
    if error.errno in _FULL:
        return _full(doing, path)
    if error.errno in _DENIED:
        return _denied(doing, path)
    return StoreError(f"cannot {doing}: {error.strerror or error} ({path})", remedy="run `airssys-tui doctor`")


def from_sqlite(error: sqlite3.Error, doing: str, path: Path | str) -> StoreError:
    """Translate an SQLite exception into an error with a remedy; for the arguments see :func:`disk_faults`."""
    code = _code(error)
    if code == sqlite3.SQLITE_FULL:
        return _full(doing, path)
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreBusy(
            f"cannot {doing}: it is locked by another process ({path})",
            remedy="end what keeps it open, such as a database tool or a backup, and try again",
        )
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN}:
        return _denied(doing, path)
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return corrupt(Path(path), str(error))
    return StoreError(f"cannot {doing}: {error} ({path})", remedy="run `airssys-tui doctor`")


def is_busy(error: sqlite3.Error) -> bool:
    """Return whether SQLite gave up because another connection holds the file."""
    return _code(error) == sqlite3.SQLITE_BUSY


def corrupt(path: Path, detail: str) -> StoreError:
    """Return the error for a damaged catalog."""
    return StoreError(
        f"the catalog {path} is damaged: {detail}",
        remedy=f"restore it from a copy, or move {path.parent} away to redeploy everything without history",
    )


def _code(error: sqlite3.Error) -> int:
    # Errors raised by the module itself (a closed connection) carry no code.
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & _PRIMARY


def _full(doing: str, path: Path | str) -> DiskFull:
    return DiskFull(f"cannot {doing}: the disk that holds {path} is full", remedy="free some space there and try again")


def _denied(doing: str, path: Path | str) -> StoreError:
    return StoreError(
        f"cannot {doing}: {path} is read-only or belongs to another user",
        remedy="give yourself access to it, or choose another directory with --state-dir or AIRSSYS_TUI_STATE_DIR",
    )
