"""The screen's log: a file that receives what native code writes to file descriptor 2."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from airssys_tui.core.units import MIB

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MAX_SIZE: Final = MIB
"""A log larger than this many bytes is rotated when the next screen opens."""

KEPT: Final = 3
"""Number of rotated logs kept; ``tui.log.1`` is the newest."""


def log_path(state_dir: Path) -> Path:
    """Return the path of the screen's log in a state directory."""
    return state_dir / "logs" / "tui.log"


def rotate(path: Path, *, max_size: int = MAX_SIZE, kept: int = KEPT) -> None:
    """Rotate a large log and delete the oldest one."""
    if not path.exists() or path.stat().st_size <= max_size:
        return
    for number in range(kept, 0, -1):
        older = path.with_name(f"{path.name}.{number - 1}") if number > 1 else path
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number}"))


def open_log(path: Path) -> int:
    """Open a log for appending, rotated if it is large; return its file descriptor, which the caller closes.

    Raises:
        StoreError: It cannot be written, or is a link.
    """
    from airssys_tui.store.disk.durable import make_directory, open_private  # noqa: PLC0415 - late: only a screen has a log
    from airssys_tui.store.disk.faults import disk_faults  # noqa: PLC0415

    with disk_faults("open the log", path):
        make_directory(path.parent)
        rotate(path)
        with open_private(path, os.O_APPEND) as opened:
            return os.dup(opened.fileno())


class _Canvas(io.FileIO):
    """The terminal for painting; after a hangup, writes are discarded.

    Textual writes in a thread that ends with the first error; its queue then fills up and blocks painting, so a hangup
    would keep the program from exiting.
    """

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


@contextlib.contextmanager
def standard_error_to(path: Path) -> Iterator[None]:
    """Redirect file descriptor 2, which native code uses too, to the log for the duration of a block.

    Textual paints on ``sys.__stderr__``; during the block, that is the terminal of standard output.
    """
    log = open_log(path)
    sys.stderr.flush()
    before = os.dup(2)
    original = sys.__stderr__
    canvas = io.TextIOWrapper(io.BufferedWriter(_Canvas(os.dup(1), "w")), encoding="utf-8", errors="replace")
    try:
        os.dup2(log, 2)
        sys.__stderr__ = canvas  # type: ignore[misc]
        yield
    finally:
        sys.__stderr__ = original  # type: ignore[misc]
        canvas.close()
        sys.stderr.flush()
        os.dup2(before, 2)
        os.close(before)
        os.close(log)
