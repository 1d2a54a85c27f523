"""Files that a command writes for its user: whole or not at all, and over no other one unasked."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from airssys_tui.core.errors import UsageError


def free_path(file: Path, *, force: bool) -> Path:
    """Return a file that may be written.

    Raises:
        UsageError: Its folder is not there, or there is something already and nobody said that it may go.
    """
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}", remedy="make it first, or name another file")
    if not force and file.exists():
        raise UsageError(f"{file} is there already", remedy="name another file, or add --force to write over it")
    return file


def write_whole(file: Path, parts: Iterable[bytes]) -> int:
    """Write a file aside and put it in its place, so that nobody meets half of one; return its size in bytes."""
    handle, aside = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as unfinished:
            unfinished.writelines(parts)
            size = unfinished.tell()
            unfinished.flush()
            os.fsync(unfinished.fileno())
        Path(aside).replace(file)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    return size
