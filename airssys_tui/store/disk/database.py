"""One SQLite connection with explicit transactions. No other module executes statements outside a migration."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from airssys_tui.core.errors import StoreError
from airssys_tui.store.disk.durable import create_private
from airssys_tui.store.disk.failpoint import failpoint
from airssys_tui.store.disk.faults import disk_faults, is_busy

Parameters: TypeAlias = Sequence[str | int | float | bytes | None]
Clock: TypeAlias = Callable[[], float]
RecordT = TypeVar("RecordT", bound=msgspec.Struct)

CACHE_KIB: Final = 1_024
"""Maximum size of SQLite's page cache for the catalog, in KiB; the kernel's page cache holds further pages."""

BUSY_SECONDS: Final = 5.0
"""How long opening a database waits while another process, which may open it too, locks the file."""

STATEMENT_SECONDS: Final = 2.0
"""How long a statement on the open catalog waits. No process of the program locks it for long while it has an owner."""

HEADER: Final = """SELECT (SELECT user_version FROM pragma_user_version),
    (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)"""
"""Schema version, application id and number of tables of a database. One statement, so that no other process can create
the tables between the answers."""


class TransactionLost(StoreError):
    """A write inside a transaction failed, and SQLite took back all of it."""


class Database:
    """A connection to the catalog.

    Transactions of several threads take turns on a lock, so that no thread commits half of another's. A transaction
    inside :meth:`together` becomes part of it.

    Args:
        path: The database file.
        readonly: Open an existing file and never write to it.
    """

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._written: list[str] = []
        with disk_faults("open the catalog", path):
            self._connection = _connect_readonly(path) if readonly else connect(path)
            wait_by_itself(self._connection, STATEMENT_SECONDS)

    def close(self) -> None:
        """Close the connection; later use raises :class:`StoreError`."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self, name: str) -> Iterator[sqlite3.Connection]:
        """Run one transaction: committed when the block ends, rolled back when it raises.

        Args:
            name: An entry of ``failpoint.TRANSACTIONS``; there is a failpoint before and after the commit.

        Raises:
            DiskFull: No space left on the disk; the database is unchanged.
            StoreError: The write failed; the database is unchanged.
        """
        with self.together():
            yield self._connection
            failpoint(f"catalog/{name}/before-commit")
            self._written.append(name)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Combine all transactions in the block into one: one wait for the disk, and all changes or none.

        Exceptions raised inside must propagate out of the block.

        Raises:
            DiskFull: No space left on the disk; the database is unchanged.
            StoreError: The write failed; the database is unchanged.
        """
        with self._lock, disk_faults("write the catalog", self.path):
            is_part = self._connection.in_transaction
            if is_part:
                yield
                return
            self._written = []
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            for name in self._written:
                failpoint(f"catalog/{name}/after-commit")

    @contextmanager
    def part(self) -> Iterator[None]:
        """Take back what the block wrote, and nothing else, when it raises; inside :meth:`together`.

        Raises:
            TransactionLost: SQLite took back the whole transaction, as it does when the disk is full.
        """
        written = len(self._written)
        with disk_faults("write the catalog", self.path):
            self._connection.execute("SAVEPOINT part")
            try:
                yield
            except BaseException as error:
                del self._written[written:]
                if not self._connection.in_transaction:
                    raise TransactionLost(f"the transaction was taken back: {error}") from error
                self._connection.execute("ROLLBACK TO part")
                self._connection.execute("RELEASE part")
                raise
            self._connection.execute("RELEASE part")

    def rows(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """Return every row of a query.

        Raises:
            StoreError: The catalog cannot be read.
        """
        with self._lock, disk_faults("read the catalog", self.path):
            return self._connection.execute(sql, parameters).fetchall()

    def records(self, record: type[RecordT], table: str, tail: str, parameters: Parameters = ()) -> tuple[RecordT, ...]:
        """Return rows as records whose fields are the table's columns, in order."""
        columns = ", ".join(record.__struct_fields__)
        # Table and tail are literals of the calling modules; all values are parameters.
        rows = self.rows(f"SELECT {columns} FROM {table} {tail}", parameters)  # noqa: S608
        return tuple(record(*row) for row in rows)

    def count(self, sql: str, parameters: Parameters = ()) -> int:
        """Return the single number that a query selects; 0 if it selects none."""
        rows = self.rows(sql, parameters)
        return int(rows[0][0] or 0) if rows else 0


class Room:
    """A part of the catalog: one group of tables, over the shared connection.

    Args:
        database: The connection.
        clock: Returns Unix seconds; used when the caller gives no time.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def _time(self, at: float | None) -> float:
        return self._clock() if at is None else at


def wait_by_itself(connection: sqlite3.Connection, seconds: float) -> None:
    """Let each further statement of a connection wait that long while another process locks the file."""
    connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


def use_write_ahead_log(connection: sqlite3.Connection, seconds: float = BUSY_SECONDS) -> None:
    """Switch a database to WAL mode permanently; wait while another process switches it.

    The switch upgrades a read lock to an exclusive one. SQLite does not wait for that, whatever the connection's
    timeout, because two connections doing so at once would deadlock. It does wait at the beginning of a write.

    Args:
        connection: A connection that waits for locks by itself.
        seconds: How long to go on.

    Raises:
        sqlite3.OperationalError: If another process holds the database for longer.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
        else:
            return
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


def connect(path: Path) -> sqlite3.Connection:
    """Open the file for reading and writing, durable at every commit; a new one is for this user only.

    The files that SQLite puts beside it have the same mode.
    """
    create_private(path)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        use_write_ahead_log(connection)
        # Recursive triggers make REPLACE count as a deletion, which the history rejects.
        for pragma in ("synchronous = FULL", "foreign_keys = ON", "recursive_triggers = ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        # SQLite silently opens a read-only file; a write, rolled back, detects that now.
        for statement in ("BEGIN IMMEDIATE", "CREATE TABLE probe (x)", "ROLLBACK"):
            connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_readonly(path: Path) -> sqlite3.Connection:
    # A catalog in WAL mode is read through its -wal file. If that cannot be opened (a read-only directory after a clean
    # stop), the file itself is complete and no process can change it, so `immutable` is correct.
    connection = _open_uri(path, "mode=ro")
    try:
        connection.execute("PRAGMA schema_version")
    except sqlite3.OperationalError:
        connection.close()
        if path.with_name(path.name + "-wal").exists():
            raise
        return _open_uri(path, "mode=ro&immutable=1")
    except BaseException:
        connection.close()
        raise
    return connection


def _open_uri(path: Path, options: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{options}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
