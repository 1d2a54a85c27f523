"""The key-value data of components: one database next to the catalog, one namespace per component.

Acknowledged changes survive any end of the process: by then the operating system has them in the write-ahead log
(``synchronous = NORMAL``). Components that request more durability write through a second connection that also waits
for the disk (``FULL``). No change is acknowledged while its write is still pending.

One writer at a time holds the lock ``_writing``. The fast connection also serves all reads; its lock is held only for
one statement or one fast change. Neither lock is ever held while a guest runs.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from airssys_tui.core.errors import SchemaTooNew, StoreError
from airssys_tui.core.keyvalue import Durability, Value
from airssys_tui.store.disk.database import BUSY_SECONDS, HEADER, use_write_ahead_log
from airssys_tui.store.disk.faults import from_sqlite
from airssys_tui.store.keyvalues.changes import NamespaceChange

SCHEMA: Final = 1
APPLICATION_ID: Final = 0x4152534B
"""``ARSK``, in the header of the file."""

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

Waiting: TypeAlias = Callable[[], contextlib.AbstractContextManager[object]]
"""Announces a wait for the duration of its block."""


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
        self._full: sqlite3.Connection | None = None
        self._closed = False

    def close(self) -> None:
        """Close the connections; later use raises :class:`StoreError`."""
        with self._opening, self._writing, self._reading:
            self._closed = True
            for connection in (self._full, self._fast):
                if connection is not None:
                    connection.close()
            self._full = self._fast = None

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

    def number_of(self, component: str) -> int | None:
        """Return the number of a component's namespace, or None before its first change."""
        rows = self.rows("SELECT id FROM namespaces WHERE component = ?", (component,))
        return int(rows[0][0]) if rows else None

    def components(self) -> tuple[str, ...]:
        """Return the names of the components that store data, sorted."""
        return tuple(row[0] for row in self.rows("SELECT component FROM namespaces WHERE keys > 0 ORDER BY 1", ()))

    def rows(self, sql: str, parameters: tuple[Any, ...], waiting: Waiting | None = None) -> list[tuple[Any, ...]]:
        """Return every row of a query.

        Raises:
            StoreError: The database cannot be read.
        """
        if self._fast is None:
            self._open()
        if not self._reading.acquire(blocking=False):
            acquire(self._reading, waiting)
        try:
            if self._fast is None:
                raise closed(self.path)
            return self._fast.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise from_sqlite(error, "read the storage", self.path) from error
        finally:
            self._reading.release()

    def write(self, sql: str, parameters: tuple[Any, ...], waiting: Waiting | None = None) -> list[tuple[Any, ...]]:
        """Run one statement as its own transaction on the fast connection; return its rows.

        Raises:
            DiskFull: No space left on the disk; the database is unchanged.
            StoreError: The write failed; the database is unchanged.
        """
        if self._fast is None:
            self._open()
        writing, reading = self._writing, self._reading
        # Inlined `acquire`: every single change takes this path.
        if not writing.acquire(blocking=False):
            acquire(writing, waiting)
        try:
            if not reading.acquire(blocking=False):
                acquire(reading, waiting)
            try:
                if self._fast is None:
                    raise closed(self.path)
                return self._fast.execute(sql, parameters).fetchall()
            finally:
                reading.release()
        except sqlite3.Error as error:
            raise from_sqlite(error, "write the storage", self.path) from error
        finally:
            writing.release()

    @contextlib.contextmanager
    def changing(self, durability: Durability, waiting: Waiting | None = None) -> Iterator[sqlite3.Connection]:
        """Run one transaction: committed when the block ends, rolled back when it raises.

        Args:
            durability: What the change survives once the block has ended.
            waiting: Announces operations that may take long: waiting for another writer, and for the disk.

        Raises:
            DiskFull: No space left on the disk; the database is unchanged.
            StoreError: The write failed; the database is unchanged.
        """
        if self._fast is None:
            self._open()
        acquire(self._writing, waiting)
        try:
            if durability is Durability.FULL:
                announced = waiting() if waiting else contextlib.nullcontext()
                with announced, self._transaction(self._full_connection()) as connection:
                    yield connection
                return
            acquire(self._reading, waiting)
            try:
                with self._transaction(self._fast) as connection:
                    yield connection
            finally:
                self._reading.release()
        except sqlite3.Error as error:
            raise from_sqlite(error, "write the storage", self.path) from error
        finally:
            self._writing.release()

    @contextlib.contextmanager
    def _transaction(self, connection: sqlite3.Connection | None) -> Iterator[sqlite3.Connection]:
        if connection is None:
            raise closed(self.path)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _full_connection(self) -> sqlite3.Connection:
        if self._full is None:
            if self._closed:
                raise closed(self.path)
            self._full = connect(self.path, "FULL")
        return self._full

    def _open(self) -> None:
        with self._opening:
            if self._fast is not None:
                return
            if self._closed:
                raise closed(self.path)
            try:
                connection = connect(self.path, "NORMAL")
            except sqlite3.Error as error:
                raise from_sqlite(error, "open the storage", self.path) from error
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._fast = connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        try:
            if check_schema(connection, self.path) == SCHEMA:
                return
            with self._transaction(connection):
                # Another process may have created the tables since; inside the transaction none can.
                if check_schema(connection, self.path) < SCHEMA:
                    for statement in _TABLES:
                        connection.execute(statement)
        except sqlite3.Error as error:
            raise from_sqlite(error, "prepare the storage", self.path) from error


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


def connect(path: Path, synchronous: str) -> sqlite3.Connection:
    """Open a connection in WAL mode with the given ``synchronous`` setting: ``NORMAL`` or ``FULL``."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        use_write_ahead_log(connection)
        for pragma in (f"synchronous = {synchronous}", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    path.chmod(0o600)
    return connection


def acquire(lock: threading.Lock, waiting: Waiting | None) -> None:
    """Take a lock; announce the wait, if any."""
    if lock.acquire(blocking=False):
        return
    with waiting() if waiting else contextlib.nullcontext():
        lock.acquire()


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
