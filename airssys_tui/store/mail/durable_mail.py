"""The journal of durable messages: those that are accepted and not handled yet, and those that are dead and kept.

A message is one row from its acceptance until it is handled, discarded or forgotten. SQLite in WAL mode with
``synchronous = FULL``: once a write has returned, it survives a power failure. Every writing method is one transaction,
unless :meth:`DurableMail.together` combines several. The file is made with the first message.

The bounds are those of whoever writes, who also knows how much is waiting. Methods block.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import msgspec

from airssys_tui.core.errors import SchemaTooNew, StoreError
from airssys_tui.store.disk.database import HEADER, Database
from airssys_tui.store.disk.failpoint import MAIL
from airssys_tui.store.mail.mail_rows import Burial, MailRow

SCHEMA: Final = 1
APPLICATION_ID: Final = 0x4152534D
"""``ARSM``, in the header of the file (sqlite.org/fileformat2.html, offset 68)."""

_TABLE: Final = """CREATE TABLE messages (
    row INTEGER PRIMARY KEY,
    number TEXT NOT NULL,
    receiver TEXT NOT NULL,
    sender TEXT NOT NULL,
    codec INTEGER,
    form TEXT NOT NULL,
    body BLOB NOT NULL,
    correlation TEXT,
    trace TEXT NOT NULL,
    sent_ns INTEGER NOT NULL,
    until REAL,
    attempt INTEGER NOT NULL,
    reason TEXT,
    why TEXT NOT NULL DEFAULT '',
    dead_at REAL
) STRICT"""

_COLUMNS: Final = ", ".join(MailRow.__struct_fields__)
_INSERT: Final = f"""INSERT INTO messages ({_COLUMNS})
    VALUES ({", ".join("?" * len(MailRow.__struct_fields__))})"""  # noqa: S608 - the fields of a struct
_SELECT: Final = f"SELECT {_COLUMNS}, reason, why, dead_at FROM messages"  # noqa: S608 - the same


class DurableMail:
    """The journal of one state directory. Thread-safe.

    Args:
        path: The database file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._opened: Database | None = None
        self._closed = False

    def close(self) -> None:
        """Close the file; later use raises :class:`StoreError`."""
        with self._lock:
            self._closed = True
            if self._opened is not None:
                self._opened.close()

    def together(self) -> AbstractContextManager[None]:
        """Combine every write in the block into one transaction; see :meth:`Database.together`."""
        return self._database.together()

    def part(self) -> AbstractContextManager[None]:
        """Take back only what the block wrote when it raises; see :meth:`Database.part`."""
        return self._database.part()

    def accept(self, messages: Collection[MailRow], handled: Collection[int] = ()) -> None:
        """Write messages down, and remove others that were handled.

        Raises:
            DiskFull: No space left on the disk; nothing has changed.
            StoreError: The write failed; nothing has changed.
        """
        with self._database.transaction("accept") as connection:
            connection.executemany(_INSERT, [msgspec.structs.astuple(message) for message in messages])
            connection.executemany("DELETE FROM messages WHERE row = ?", [(row,) for row in handled])

    def remove(self, rows: Collection[int]) -> None:
        """Remove messages: they were handled, or are not wanted any more."""
        if not rows or not self.exists:
            return
        with self._database.transaction("remove") as connection:
            connection.executemany("DELETE FROM messages WHERE row = ?", [(row,) for row in rows])

    def bury(self, burial: Burial) -> None:
        """Make a message a dead letter."""
        with self._database.transaction("bury") as connection:
            connection.execute(
                "UPDATE messages SET reason = ?, why = ?, attempt = ?, dead_at = ? WHERE row = ?",
                (burial.reason, burial.why, burial.attempts, burial.dead_at, burial.row),
            )

    def revive(self, row: int, to_row: int, attempt: int) -> None:
        """Let a dead letter wait again, behind those that wait already and without a deadline.

        Args:
            row: Its place until now.
            to_row: Its place from now on.
            attempt: Its next delivery.

        Raises:
            StoreError: It is not there any more.
        """
        with self._database.transaction("revive") as connection:
            done = connection.execute(
                """UPDATE messages SET row = ?, attempt = ?, until = NULL, reason = NULL, why = '', dead_at = NULL
                   WHERE row = ? AND dead_at IS NOT NULL""",
                (to_row, attempt, row),
            )
            if done.rowcount == 0:
                raise StoreError("the dead letter is gone")

    def count_attempts(self, row: int | None = None) -> None:
        """Count one more attempt of a waiting message, or of all: after a kill, nobody knows which were delivered."""
        if self.exists:
            with self._database.transaction("count-attempts") as connection:
                connection.execute(
                    "UPDATE messages SET attempt = attempt + 1 WHERE dead_at IS NULL AND row = coalesce(?, row)", (row,)
                )

    def read(self) -> tuple[tuple[MailRow, ...], tuple[tuple[MailRow, Burial], ...]]:
        """Return the messages that wait, and the dead letters; each in the order in which they came."""
        if not self.exists:
            return (), ()
        waiting: list[MailRow] = []
        dead: list[tuple[MailRow, Burial]] = []
        for *fields, reason, why, dead_at in self._database.rows(f"{_SELECT} ORDER BY coalesce(dead_at, 0), row"):
            message = MailRow(*fields)
            if dead_at is None:
                waiting.append(message)
            else:
                burial = Burial(row=message.row, reason=reason, why=why, attempts=message.attempt, dead_at=dead_at)
                dead.append((message, burial))
        return tuple(waiting), tuple(dead)

    @property
    def exists(self) -> bool:
        """Whether any message was ever written down."""
        return self._opened is not None or self.path.exists()

    @property
    def _database(self) -> Database:
        opened = self._opened
        if opened is None:
            with self._lock:
                if self._closed:
                    raise StoreError(f"the journal of durable messages {self.path} is closed")
                opened = self._opened = self._opened or _open(self.path)
        return opened


def _open(path: Path) -> Database:
    database = Database(path, points=MAIL)
    try:
        if not _schema_of(database):
            with database.transaction("create") as connection:
                connection.execute(_TABLE)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA}")
    except BaseException:
        database.close()
        raise
    return database


def _schema_of(database: Database) -> int:
    """Return the version of a journal's schema, 0 for a new file; reject a newer file or one of another program."""
    ((version, application, tables),) = database.rows(HEADER)
    if application != APPLICATION_ID and (application or version or tables):
        raise StoreError(
            f"{database.path} is a database, but not a journal of messages of this program",
            remedy="choose another directory: --state-dir",
        )
    if version > SCHEMA:
        raise SchemaTooNew(
            f"{database.path} has schema {version}; this program supports up to {SCHEMA}",
            remedy="use the newer program, or another --state-dir; nothing was changed",
        )
    return int(version)
