"""Files that a command writes for its user: written whole or not at all, and never overwritten without ``--force``."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from airssys_tui.core.errors import UsageError


def is_stream(file: Path) -> bool:
    """Return whether a file's name is ``-``, which means standard input or output."""
    return str(file) == "-"


def require_free(file: Path, *, force: bool) -> None:
    """Reject a file that must not be written.

    Args:
        file: The file to write; standard output is always accepted.
        force: Whether an existing file may be overwritten.

    Raises:
        UsageError: The folder does not exist, or the file exists and may not be overwritten.
    """
    if is_stream(file):
        return
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent}", remedy="create it first, or name another file")
    if not force and file.exists():
        raise UsageError(f"{file} already exists", remedy="name another file, or add --force to overwrite it")


def write_out(file: Path, lines: Iterable[bytes]) -> int | None:
    """Write lines to a file as :func:`write_whole` does, and return its size; to standard output, and return None."""
    if not is_stream(file):
        return write_whole(file, lines)
    sys.stdout.buffer.writelines(lines)
    sys.stdout.flush()
    return None


def write_whole(file: Path, parts: Iterable[bytes]) -> int:
    """Write a temporary file and rename it, so that no file is left half-written; return its size in bytes."""
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
