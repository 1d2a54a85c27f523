"""A program that does everything that can be done with a journal of durable messages, one step after the other.

Run as ``python -m tests.support.mail_subject DIRECTORY FAILPOINT…``; it does so for each failpoint, until it is killed
there, and prints how many steps returned.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from airssys_tui.store.disk import failpoint
from airssys_tui.store.mail.durable_mail import DurableMail
from airssys_tui.store.mail.mail_rows import Burial, MailRow


def letter(row: int) -> MailRow:
    return MailRow(
        row=row,
        number=f"m-{row}",
        receiver="local/bob",
        sender="local/ann",
        codec=None,
        form="text",
        body=b"hello",
        correlation=None,
        trace="t",
        sent_ns=7,
        until=None,
        attempt=1,
    )


def steps(mail: DurableMail) -> Iterator[Callable[[], object]]:
    yield lambda: mail.accept([letter(1)])
    yield lambda: mail.accept([letter(2)], handled=[1])
    yield lambda: mail.accept([letter(3)])
    yield lambda: mail.bury(Burial(row=2, reason="exhausted", why="it trapped", attempts=3, dead_at=1.0))
    yield mail.count_attempts
    yield lambda: mail.revive(2, 4, 4)
    yield lambda: mail.remove([3, 4])


def contents(path: Path) -> list[tuple[Any, ...]]:
    """Return every row."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as connection:
        if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            return []
        return connection.execute("SELECT * FROM messages ORDER BY row").fetchall()


def file_of(point: str) -> str:
    """Return the name of the journal on which it is killed at a failpoint."""
    return f"{point.replace('/', '-')}.db"


def live(path: Path, point: str) -> int:
    """Do everything in a process that is killed at a failpoint; return how many steps returned."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        failpoint.arm(point)
        mail = DurableMail(path)
        for step in steps(mail):
            step()
            os.write(writes, b".")
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads, "rb") as pipe:
        acknowledged = len(pipe.read())
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
        raise AssertionError(f"{point} is never reached")
    return acknowledged


if __name__ == "__main__":
    for name in sys.argv[2:]:
        print(live(Path(sys.argv[1]) / file_of(name), name))
