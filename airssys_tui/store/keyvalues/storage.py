"""The key-value data of components: one database next to the catalog, one namespace per component.

Acknowledged changes survive any end of the process: by then the operating system has them in the write-ahead log
(``synchronous = NORMAL``). Components that request more durability write through a second connection that also waits
for the disk (``FULL``). No change is acknowledged while its write is still pending.

One writer at a time holds the lock ``_writing``. The fast connection also serves all reads; its lock is held only for
one statement or one fast change. Neither lock is ever held while a guest runs.

The connections do not wait for another process that locks the file: who waits holds no lock that a read needs, and
waits no longer than its caller can (``patience``).
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from airssys_tui.core.errors import SchemaTooNew, StoreError
from airssys_tui.core.keyvalue import Durability, Value
from airssys_tui.store.disk.database import BUSY_SECONDS, HEADER, use_write_ahead_log, wait_by_itself
from airssys_tui.store.disk.durable import create_private
from airssys_tui.store.disk.faults import disk_faults, from_sqlite, is_busy
from airssys_tui.store.keyvalues.changes import NamespaceChange
from airssys_tui.store.keyvalues.patience import Waiting, acquire, insist, patience

SCHEMA: Final = 1
APPLICATION_ID: Final = 0x4152534B
"""``ARSK``, in the header of the file."""

_NORMAL: Final = Durability.NORMAL
"""Looking up a member of an enum takes longer than comparing it."""

_TABLES: Final = (
    """CREATE TABLE namespaces (
        id INTEGER PRIMARY KEY,
        component TEXT NOT NULL UNIQUE,
        bytes INTEGER NOT NULL DEFAULT 0 CHECK (bytes >= 0),
        keys INTEGER NOT NULL DEFAULT 0 CHECK (keys >= 0)
    ) STRICT""",
    """CREATE TABLE entries (
        namespace INTEGER NOT NULL REFERENCES namespaces (id),
        key BLOB NOT NULL,
        size INTEGER NOT NULL,
        value ANY NOT NULL,
        PRIMARY KEY (namespace, key)
    ) STRICT, WITHOUT ROWID""",
    # Triggers count the usage, so it is exact even if the code has a bug.
    """CREATE TRIGGER entry_is_added AFTER INSERT ON entries BEGIN
        UPDATE namespaces SET bytes = bytes + new.size, keys = keys + 1 WHERE id = new.namespace;
    END""",
    """CREATE TRIGGER entry_is_replaced AFTER UPDATE OF size ON entries WHEN new.size <> old.size BEGIN
        UPDATE namespaces SET bytes = bytes + new.size - old.size WHERE id = new.namespace;
    END""",
    """CREATE TRIGGER entry_is_removed AFTER DELETE ON entries BEGIN
        UPDATE namespaces SET bytes = bytes - old.size, keys = keys - 1 WHERE id = old.namespace;
    END""",
    """CREATE TABLE staged (
        component TEXT NOT NULL,
        revision INTEGER NOT NULL,
        operations BLOB NOT NULL,
        PRIMARY KEY (component, revision)
    ) STRICT, WITHOUT ROWID""",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA}",
)


class Storage:
    """The database; created on first use, so a folder whose components store no data has no file.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opening = threading.Lock()
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        self._fast: sqlite3.Connection | None = None
        self._cursor: sqlite3.Cursor | None = None
        self._full: sqlite3.Connection | None = None
        self._closed = False

    def close(self) -> None:
        """Close the connections; later use, and who waits for another process, gets a :class:`StoreError`."""
        self._closed = True
        with self._opening, self._writing, self._reading:
            for connection in (self._full, self._fast):
                if connection is not None:
                    connection.close()
            self._full = self._fast = self._cursor = None

    def recover(self, activated: Callable[[str, int], bool]) -> int:
        """Resolve changes that a crash left staged, by the catalog's records: apply or drop them.

        Args:
            activated: Returns whether the catalog says that a revision was activated.

        Returns:
            The number applied.

        Raises:
            StoreError: The database is damaged or not writable.
        """
        if not self.path.exists():
            return 0
        applied = 0
        for component, revision in self.rows("SELECT component, revision FROM staged ORDER BY component, revision", ()):
            with self.changing(Durability.FULL) as connection:
                changes = take_staged(connection, component, revision)
                if activated(component, revision):
                    NamespaceChange(connection, namespace_number(connection, component)).put(changes)
                    applied += 1
        return applied

    @property
    def exists(self) -> bool:
        """Whether any data was ever stored."""
        return self._fast is not None or self.path.exists()

    def number_of(self, component: str, deadline_ns: int | None = None) -> int | None:
        """Return the number of a component's namespace, or None before its first change."""
        rows = self.rows("SELECT id FROM namespaces WHERE component = ?", (component,), deadline_ns=deadline_ns)
        return int(rows[0][0]) if rows else None

    def components(self) -> tuple[str, ...]:
        """Return the names of the components that store data, sorted."""
        return tuple(row[0] for row in self.rows("SELECT component FROM namespaces WHERE keys > 0 ORDER BY 1", ()))

    def rows(
        self, sql: str, parameters: Sequence[Any], waiting: Waiting | None = None, deadline_ns: int | None = None
    ) -> list[tuple[Any, ...]]:
        """Return every row of a query.

        Args:
            sql: The query.
            parameters: Its parameters.
            waiting: Announces a wait.
            deadline_ns: When the caller is to be done, see :func:`~airssys_tui.store.keyvalues.patience.patience`.

        Raises:
            StoreBusy: Others kept it from reading for too long.
            StoreError: The database cannot be read.
        """
        if self._fast is None:
            self._open(waiting, deadline_ns)
        try:
            rows = self._run_at_once(sql, parameters)
            if rows is not None:  # nearly always
                return rows
            return insist(lambda: self._run(sql, parameters, waiting, deadline_ns), waiting, deadline_ns)
        except sqlite3.Error as error:
            raise from_sqlite(error, "read the storage", self.path) from error

    def write(
        self,
        sql: str,
        parameters: Sequence[Any],
        durability: Durability,
        waiting: Waiting | None = None,
        deadline_ns: int | None = None,
    ) -> list[tuple[Any, ...]]:
        """Run one statement as its own transaction; return its rows. For arguments see `rows` and `changing`.

        Raises:
            DiskFull: No space left on the disk; the database is unchanged.
            StoreBusy: Others kept it from writing for too long; the database is unchanged.
            StoreError: The write failed; the database is unchanged.
        """
        if self._fast is None:
            self._open(waiting, deadline_ns)
        writing = self._writing
        # Inlined `acquire`: every single change takes this path.
        if not writing.acquire(blocking=False):
            acquire(writing, waiting, deadline_ns, self.path)
        try:
            if durability is _NORMAL:
                rows = self._run_at_once(sql, parameters)
                if rows is not None:  # nearly always
                    return rows
                return insist(lambda: self._run(sql, parameters, waiting, deadline_ns), waiting, deadline_ns)
            connection = self._full_connection(deadline_ns)
            with waiting() if waiting else contextlib.nullcontext():
                return insist(lambda: connection.execute(sql, parameters).fetchall(), None, deadline_ns)
        except sqlite3.Error as error:
            raise from_sqlite(error, "write the storage", self.path) from error
        finally:
            writing.release()

    def _run_at_once(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]] | None:
        """Run a statement on the fast connection; return None, and change nothing, if it would have to wait."""
        reading = self._reading
        if not reading.acquire(blocking=False):
            return None
        try:
            # One cursor for all: a new one for each statement costs a tenth of what SQLite needs for it.
            cursor = self._cursor
            if cursor is None or self._closed:
                raise closed(self.path)
            return cursor.execute(sql, parameters).fetchall()
        except sqlite3.OperationalError as error:
            if is_busy(error):
                return None
            raise
        finally:
            reading.release()

    def _run(
        self, sql: str, parameters: Sequence[Any], waiting: Waiting | None, deadline_ns: int | None
    ) -> list[tuple[Any, ...]]:
        reading = self._reading
        if not reading.acquire(blocking=False):
            acquire(reading, waiting, deadline_ns, self.path)
        try:
            return self._opened().execute(sql, parameters).fetchall()
        finally:
            reading.release()

    @contextlib.contextmanager
    def changing(
        self, durability: Durability, waiting: Waiting | None = None, deadline_ns: int | None = None
    ) -> Iterator[sqlite3.Connection]:
        """Run one transaction: committed when the block ends, rolled back when it raises.

        Args:
            durability: What the change survives once the block has ended.
            waiting: Announces operations that may take long: waiting for another writer, and for the disk.
            deadline_ns: When the caller is to be done; bounds the wait for others, not the wait for the disk.

        Raises:
            DiskFull: No space left on the disk; the database is unchanged.
            StoreBusy: Others kept it from beginning for too long; the database is unchanged.
            StoreError: The write failed; the database is unchanged.
        """
        if self._fast is None:
            self._open(waiting, deadline_ns)
        acquire(self._writing, waiting, deadline_ns, self.path)
        try:
            if durability is Durability.FULL:
                connection = self._full_connection(deadline_ns)
                insist(lambda: connection.execute("BEGIN IMMEDIATE"), waiting, deadline_ns)
                announced = waiting() if waiting else contextlib.nullcontext()
                with announced, _to_the_end(connection):
                    yield connection
                return
            insist(lambda: self._begin(waiting, deadline_ns), waiting, deadline_ns)
            try:
                with _to_the_end(self._opened()) as connection:
                    yield connection
            finally:
                self._reading.release()
        except sqlite3.Error as error:
            raise from_sqlite(error, "write the storage", self.path) from error
        finally:
            self._writing.release()

    def _begin(self, waiting: Waiting | None, deadline_ns: int | None) -> None:
        """Begin a transaction on the fast connection, and keep the lock of its readers; neither if it fails."""
        acquire(self._reading, waiting, deadline_ns, self.path)
        try:
            self._opened().execute("BEGIN IMMEDIATE")
        except BaseException:
            self._reading.release()
            raise

    def _opened(self) -> sqlite3.Connection:
        if self._fast is None or self._closed:
            raise closed(self.path)
        return self._fast

    def _full_connection(self, deadline_ns: int | None) -> sqlite3.Connection:
        if self._full is None:
            if self._closed:
                raise closed(self.path)
            self._full = connect(self.path, "FULL", _each_step(deadline_ns))
            wait_by_itself(self._full, 0.0)
        return self._full

    def _open(self, waiting: Waiting | None = None, deadline_ns: int | None = None) -> None:
        acquire(self._opening, waiting, deadline_ns, self.path)
        try:
            if self._fast is not None:
                return
            if self._closed:
                raise closed(self.path)
            with waiting() if waiting else contextlib.nullcontext():
                connection = self._connection(_each_step(deadline_ns))
                self._cursor, self._fast = connection.cursor(), connection
        finally:
            self._opening.release()

    def _connection(self, seconds: float) -> sqlite3.Connection:
        """Return the fast connection to a database whose tables exist."""
        with disk_faults("open the storage", self.path):
            connection = connect(self.path, "NORMAL", seconds)
        try:
            self._prepare(connection)
            wait_by_itself(connection, 0.0)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        try:
            if check_schema(connection, self.path) == SCHEMA:
                return
            connection.execute("BEGIN IMMEDIATE")
            with _to_the_end(connection):
                # Another process may have created the tables since; inside the transaction none can.
                if check_schema(connection, self.path) < SCHEMA:
                    for statement in _TABLES:
                        connection.execute(statement)
        except sqlite3.Error as error:
            raise from_sqlite(error, "prepare the storage", self.path) from error


@contextlib.contextmanager
def _to_the_end(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Commit the open transaction when the block ends; roll it back when it raises."""
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _each_step(deadline_ns: int | None) -> float:
    """Return how long each step of opening may wait: switching to WAL, looking for the tables, creating them."""
    return BUSY_SECONDS if deadline_ns is None else patience(deadline_ns) / 3


def check_schema(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of a storage's schema, 0 for a new file; reject a newer file or one of another program.

    Raises:
        SchemaTooNew: A newer program wrote it.
        StoreError: The file is some other database.
    """
    version, application, tables = connection.execute(HEADER).fetchone()
    if application != APPLICATION_ID and (application or version or tables):
        raise StoreError(
            f"{path} is a database, but not a storage of this program", remedy="choose another directory: --state-dir"
        )
    if version > SCHEMA:
        raise SchemaTooNew(
            f"the storage {path} has schema {version}; this program supports up to {SCHEMA}",
            remedy="use the newer program, or another --state-dir; nothing was changed",
        )
    return int(version)


def connect(path: Path, synchronous: str, seconds: float = BUSY_SECONDS) -> sqlite3.Connection:
    """Open a connection in WAL mode.

    Args:
        path: The file.
        synchronous: ``NORMAL`` or ``FULL``.
        seconds: How long each step, and each later statement, waits while another process locks the file.
    """
    create_private(path)
    connection = sqlite3.connect(path, timeout=seconds, isolation_level=None, check_same_thread=False)
    try:
        use_write_ahead_log(connection, seconds)
        for pragma in (f"synchronous = {synchronous}", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def closed(path: Path) -> StoreError:
    """Return the error for a closed storage."""
    return StoreError(f"the storage {path} is closed")


def namespace_number(connection: sqlite3.Connection, component: str) -> int:
    """Return the number of a component's namespace, creating it if necessary."""
    connection.execute("INSERT OR IGNORE INTO namespaces (component) VALUES (?)", (component,))
    row = connection.execute("SELECT id FROM namespaces WHERE component = ?", (component,)).fetchone()
    return int(row[0])


def take_staged(connection: sqlite3.Connection, component: str, revision: int) -> list[tuple[str, Value | None]]:
    """Return the changes staged for a revision, and delete them."""
    rows = connection.execute(
        "DELETE FROM staged WHERE component = ? AND revision = ? RETURNING operations", (component, revision)
    ).fetchall()
    return [(key, value) for key, value in msgspec.msgpack.decode(rows[0][0])] if rows else []
