"""What the disk and SQLite can answer, as errors that say what to do."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from airssys_tui.core.errors import DiskFull, StoreError

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_PRIMARY: Final = 0xFF
"""Mask of SQLite's primary result code in an extended one (sqlite.org/rescode.html)."""


@contextmanager
def disk_faults(doing: str, path: Path | str) -> Iterator[None]:
    """Turn what the file system and SQLite raise into :class:`StoreError`.

    Args:
        doing: What was tried, such as ``write the blob``.
        path: The file or directory concerned.

    Raises:
        DiskFull: There is no room.
        StoreError: Anything else that the disk or SQLite refuses.
    """
    try:
        yield
    except OSError as error:
        raise _from_system(error, doing, path) from error
    except sqlite3.Error as error:
        raise from_sqlite(error, doing, path) from error


def _from_system(error: OSError, doing: str, path: Path | str) -> StoreError:
    if error.errno in _FULL:
        return _full(doing, path)
    if error.errno in _DENIED:
        return _denied(doing, path)
    return StoreError(f"cannot {doing}: {error.strerror or error} ({path})", remedy="`airssys-tui doctor` looks closer")


def from_sqlite(error: sqlite3.Error, doing: str, path: Path | str) -> StoreError:
    """Return what SQLite raised as an error that says what to do; arguments are those of :func:`disk_faults`."""
    # Errors raised by the module itself (a closed connection) carry no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
    if code == sqlite3.SQLITE_FULL:
        return _full(doing, path)
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN}:
        return _denied(doing, path)
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return corrupt(Path(path), str(error))
    return StoreError(f"cannot {doing}: {error} ({path})", remedy="`airssys-tui doctor` looks closer")


def corrupt(path: Path, detail: str) -> StoreError:
    """Return the error for a catalog that cannot be trusted any more."""
    return StoreError(
        f"the catalog {path} is damaged: {detail}",
        remedy=f"restore it from a copy, or move {path.parent} away to deploy everything anew, without history",
    )


def _full(doing: str, path: Path | str) -> DiskFull:
    return DiskFull(f"cannot {doing}: the disk that holds {path} is full", remedy="free some space there and try again")


def _denied(doing: str, path: Path | str) -> StoreError:
    return StoreError(
        f"cannot {doing}: {path} is read-only or belongs to somebody else",
        remedy="give yourself access to it, or choose another directory with --state-dir or AIRSSYS_TUI_STATE_DIR",
    )
