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
from airssys_tui.store.disk.faults import disk_faults, from_sqlite, is_busy, translated

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


_WRITING: Final = "write the catalog"


class TransactionLost(StoreError):
    """A write inside a transaction failed, and SQLite took back all of it."""


class Writes:
    """Transactions of one connection, and those that became parts of the present one.

    Args:
        connection: The connection.
        lock: Held as long as a transaction lasts.
        path: The database file, for errors.
        points: Prefix of the failpoints passed.

    Attributes:
        names: The transactions that are written and not committed yet.
    """

    __slots__ = ("_lock", "connection", "names", "path", "points")

    def __init__(self, connection: sqlite3.Connection, lock: threading.RLock, path: Path, points: str) -> None:
        self._lock = lock
        self.connection = connection
        self.names: list[str] = []
        self.path = path
        self.points = points

    def begin(self) -> bool:
        """Take the lock and begin a transaction; return whether there is one already, which this becomes a part of."""
        self._lock.acquire()
        try:
            if self.connection.in_transaction:
                return True
            self.names.clear()
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as failed:
            self._lock.release()
            raise from_sqlite(failed, _WRITING, self.path) from failed
        return False

    def end(self, error: BaseException | None, *, is_part: bool) -> None:
        """Commit what :meth:`begin` began, or take it back after an error, and release the lock."""
        try:
            with disk_faults(_WRITING, self.path):
                if not is_part:
                    self._finish(error)
        finally:
            self._lock.release()
        if isinstance(error, (OSError, sqlite3.Error)):
            raise translated(error, _WRITING, self.path) from error

    def _finish(self, error: BaseException | None) -> None:
        try:
            if error is None:
                self.connection.execute("COMMIT")
        finally:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        if error is None:
            for name in self.names:
                failpoint(f"{self.points}/{name}/after-commit")


class Together:
    """The block of :meth:`Database.together`."""

    __slots__ = ("_is_part", "_writes")

    def __init__(self, writes: Writes) -> None:
        self._writes = writes
        self._is_part = False

    def __enter__(self) -> None:
        """Begin a transaction, or a part of the one that is under way."""
        self._is_part = self._writes.begin()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Commit it, or take it back after an error; a part ends with its transaction."""
        self._writes.end(error, is_part=self._is_part)


class Transaction:
    """The block of :meth:`Database.transaction`."""

    __slots__ = ("_is_part", "_name", "_writes")

    def __init__(self, writes: Writes, name: str) -> None:
        self._writes = writes
        self._name = name
        self._is_part = False

    def __enter__(self) -> sqlite3.Connection:
        """Begin a transaction, or a part of the one that is under way."""
        self._is_part = self._writes.begin()
        return self._writes.connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Commit it, or take it back after an error; a part ends with its transaction."""
        if error is None:
            try:
                failpoint(f"{self._writes.points}/{self._name}/before-commit")
            except BaseException as failed:
                self._writes.end(failed, is_part=self._is_part)
                raise
            self._writes.names.append(self._name)
        self._writes.end(error, is_part=self._is_part)


class Database:
    """A connection to the catalog, or to another database whose every write is a transaction with a name.

    Transactions of several threads take turns on a lock, so that no thread commits half of another's. A transaction
    inside :meth:`together` becomes part of it.

    Args:
        path: The database file.
        readonly: Open an existing file and never write to it.
        points: Prefix of the failpoints passed.
    """

    def __init__(self, path: Path, *, readonly: bool = False, points: str = "catalog") -> None:
        self.path = path
        self._lock = threading.RLock()
        with disk_faults("open the catalog", path):
            self._connection = _connect_readonly(path) if readonly else connect(path)
            wait_by_itself(self._connection, STATEMENT_SECONDS)
        self._writes = Writes(self._connection, self._lock, path, points)

    def close(self) -> None:
        """Close the connection; later use raises :class:`StoreError`."""
        with self._lock:
            self._connection.close()

    def transaction(self, name: str) -> Transaction:
        """Run one transaction: committed when the block ends, rolled back when it raises.

        Args:
            name: An entry of ``failpoint.TRANSACTIONS``, or of the table of its prefix; there is a failpoint before and
                after the commit.

        Raises:
            DiskFull: No space left on the disk; the database is unchanged.
            StoreError: The write failed; the database is unchanged.
        """
        return Transaction(self._writes, name)

    def together(self) -> Together:
        """Combine all transactions in the block into one: one wait for the disk, and all changes or none.

        Exceptions raised inside must propagate out of the block.

        Raises:
            DiskFull: No space left on the disk; the database is unchanged.
            StoreError: The write failed; the database is unchanged.
        """
        return Together(self._writes)

    @contextmanager
    def part(self) -> Iterator[None]:
        """Take back what the block wrote, and nothing else, when it raises; inside :meth:`together`.

        Raises:
            TransactionLost: SQLite took back the whole transaction, as it does when the disk is full.
        """
        names = self._writes.names
        written = len(names)
        with disk_faults(_WRITING, self.path):
            self._connection.execute("SAVEPOINT part")
            try:
                yield
            except BaseException as error:
                del names[written:]
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
