"""Files that a command writes for its user: whole or not at all, and never over another one unasked."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from airssys_tui.core.errors import UsageError


def is_stream(file: Path) -> bool:
    """Return whether a file's name, ``-``, stands for standard input or output."""
    return str(file) == "-"


def require_free(file: Path, *, force: bool) -> None:
    """Refuse a file that may not be written.

    Args:
        file: Where to write; standard output always may be written.
        force: Whether an existing file may be overwritten.

    Raises:
        UsageError: Its folder does not exist, or the file does and may not be overwritten.
    """
    if is_stream(file):
        return
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}", remedy="create it first, or name another file")
    if not force and file.exists():
        raise UsageError(f"{file} already exists", remedy="name another file, or add --force to overwrite it")


def write_whole(file: Path, parts: Iterable[bytes]) -> int:
    """Write a file beside its place and move it there, so that none is half written; return its size in bytes."""
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
