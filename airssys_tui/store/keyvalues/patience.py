"""How long an operation on the storage waits: for another thread, or for another process that locks the file.

A call of a guest has a deadline. An operation waits for at most half of the time that is left of it, so a guest always
gets its answer, a typed error, while it can still do something with it. Each further wait of the same call halves
what is left again. An operation without a deadline waits for :data:`~airssys_tui.store.disk.database.BUSY_SECONDS`.

SQLite could wait as well, but it waits inside the connection, which every other component reads through.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from airssys_tui.core.errors import StoreBusy
from airssys_tui.store.disk.database import BUSY_SECONDS
from airssys_tui.store.disk.faults import is_busy

T = TypeVar("T")

Waiting: TypeAlias = Callable[[], contextlib.AbstractContextManager[object]]
"""Announces a wait for the duration of its block."""

_FIRST_PAUSE: Final = 0.001
_LONGEST_PAUSE: Final = 0.025


def patience(deadline_ns: int | None) -> float:
    """Return how many seconds an operation may wait from now on.

    Args:
        deadline_ns: When its caller is to be done, in nanoseconds of ``time.perf_counter_ns``; None: no deadline.
    """
    if deadline_ns is None:
        return BUSY_SECONDS
    return min(BUSY_SECONDS, max(0.0, (deadline_ns - time.perf_counter_ns()) / 2e9))


def acquire(lock: threading.Lock, waiting: Waiting | None, deadline_ns: int | None, path: Path) -> None:
    """Take a lock that another thread may hold while it changes the storage; announce the wait, if any.

    Raises:
        StoreBusy: The other thread did not release it in time.
    """
    if lock.acquire(blocking=False):
        return
    with waiting() if waiting else contextlib.nullcontext():
        if not lock.acquire(timeout=patience(deadline_ns)):
            raise StoreBusy(f"the storage {path} is busy: another change is not done yet", remedy="try again")


def insist(work: Callable[[], T], waiting: Waiting | None, deadline_ns: int | None) -> T:
    """Do something on a connection that does not wait by itself; again while another process locks the file.

    Args:
        work: Changes nothing when it fails.
        waiting: Announces the wait.
        deadline_ns: See :func:`patience`.

    Raises:
        sqlite3.Error: It failed, or the file stayed locked.
    """
    try:
        return work()
    except sqlite3.OperationalError as error:
        if not is_busy(error):
            raise
    give_up = time.perf_counter() + patience(deadline_ns)
    pause = _FIRST_PAUSE
    with waiting() if waiting else contextlib.nullcontext():
        while True:
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            try:
                return work()
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.perf_counter() >= give_up:
                    raise
