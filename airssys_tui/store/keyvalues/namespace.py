"""The storage of one component, on disk."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from airssys_tui.core.errors import StoreBusy
from airssys_tui.core.keyvalue import Durability, KeyValues, Operation, StorageUse, Value, WriteTerms, size_of
from airssys_tui.store.keyvalues.changes import PUT, REMOVE, NamespaceChange, growth_of, puts_of, row_of
from airssys_tui.store.keyvalues.patience import Waiting, acquire
from airssys_tui.store.keyvalues.storage import Storage, namespace_number, take_staged

_LAST: Final = b"\xff" * 4
"""Bytes that sort after every UTF-8 text."""

_GET: Final = "SELECT value FROM entries WHERE namespace = ? AND key = ?"

_UNKNOWN: Final = 2**63


class Namespace(KeyValues):
    """The keys and values of one component. Thread-safe; there is one per component and process.

    Args:
        storage: The database.
        component: Text form of the identity.
        waiting: Announces operations that may take long.
    """

    def __init__(self, storage: Storage, component: str, waiting: Waiting | None = None) -> None:
        self._storage = storage
        self._component = component
        self._waiting = waiting
        self._turn = threading.Lock()
        self._unfinished: tuple[int, WriteTerms] | None = None
        self._number: int | None = None
        # An upper bound of the stored bytes. While it stays below the quota, a change need not look up the usage.
        self._bound = 0

    def get(self, key: str, deadline_ns: int | None = None) -> Value | None:
        """Return the value of a key, or None."""
        if self._number is None or self._unfinished is not None:
            rows = self._rows(_GET, deadline_ns, key.encode())
        else:
            rows = self._storage.rows(_GET, (self._number, key.encode()), self._waiting, deadline_ns)
        return rows[0][0] if rows else None

    def exists(self, key: str, deadline_ns: int | None = None) -> bool:
        """Return whether a key exists."""
        return bool(self._rows("SELECT 1 FROM entries WHERE namespace = ? AND key = ?", deadline_ns, key.encode()))

    def keys(self, prefix: str, after: str | None, limit: int, deadline_ns: int | None = None) -> tuple[str, ...]:
        """Return at most ``limit`` keys with a prefix in byte order, starting after ``after`` if given."""
        start = prefix.encode()
        end = start + _LAST
        if after is None:
            sql = "SELECT key FROM entries WHERE namespace = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?"
            rows = self._rows(sql, deadline_ns, start, end, limit)
        else:
            sql = "SELECT key FROM entries WHERE namespace = ? AND key > ? AND key < ? ORDER BY key LIMIT ?"
            rows = self._rows(sql, deadline_ns, after.encode(), end, limit)
        return tuple(row[0].decode() for row in rows)

    def usage(self, deadline_ns: int | None = None) -> StorageUse:
        """Return the exact amount of stored data."""
        rows = self._rows("SELECT bytes, keys FROM namespaces WHERE id = ?", deadline_ns)
        return StorageUse(*rows[0]) if rows else StorageUse()

    def set(self, key: str, value: Value, terms: WriteTerms, deadline_ns: int | None = None) -> None:
        """Store a value, unless that would exceed the quota."""
        if self._unfinished is not None:
            self._finish(deadline_ns)
        turn = self._turn
        if not turn.acquire(blocking=False):
            acquire(turn, self._waiting, deadline_ns, self._storage.path)
        try:
            number = self._number
            if number is not None:
                row = row_of(number, key, value)
                bound = self._bound + row[2]
                if bound <= terms.quota:
                    self._bound = bound
                    self._storage.write(PUT, row, terms.durability, self._waiting, deadline_ns)
                    return
            with self._changing(terms, size_of(key) + size_of(value), deadline_ns) as change:
                change.set(key, value)
        finally:
            turn.release()

    def delete(self, key: str, terms: WriteTerms, deadline_ns: int | None = None) -> bool:
        """Remove a key; return whether it existed."""
        if self._unfinished is not None:
            self._finish(deadline_ns)
        number = self._find_number(deadline_ns)
        if number is None:
            return False
        # The bound stays unchanged: it is only an upper bound.
        row = number, key.encode()
        return bool(self._storage.write(REMOVE, row, terms.durability, self._waiting, deadline_ns))

    def apply(self, operations: tuple[Operation, ...], terms: WriteTerms, deadline_ns: int | None = None) -> None:
        """Apply several changes in order, all or none; the quota is checked at the end."""
        if self._unfinished is not None:
            self._finish(deadline_ns)
        turn = self._turn
        if not turn.acquire(blocking=False):
            acquire(turn, self._waiting, deadline_ns, self._storage.path)
        try:
            number = self._number
            put = puts_of(number, operations) if number is not None else None
            if put is not None and self._bound + put.growth <= terms.quota:
                self._bound += put.growth
                self._storage.write(put.sql, put.rows, terms.durability, self._waiting, deadline_ns)
                return
            with self._changing(terms, growth_of(operations), deadline_ns) as change:
                change.make(operations)
        finally:
            turn.release()

    def make(self, changes: Mapping[str, Value | None], terms: WriteTerms) -> None:
        """Apply the changes of an overlay in one transaction.

        Raises:
            StorageRefusal: ``quota-exceeded``.
            StoreError: The write failed.
        """
        acquire(self._turn, self._waiting, None, self._storage.path)
        try:
            with self._changing(terms, _UNKNOWN, None) as change:
                change.put(changes.items())
        finally:
            self._turn.release()

    def stage(self, revision: int, changes: Mapping[str, Value | None], quota: int) -> None:
        """Store the changes of a candidate on disk until the catalog decides about it.

        Args:
            revision: The candidate.
            changes: Values by key; None deletes the key.
            quota: Maximum bytes stored once they are applied.

        Raises:
            StorageRefusal: ``quota-exceeded``, if they could not be applied.
            StoreError: The write failed.
        """
        encoded = msgspec.msgpack.encode(list(changes.items()))
        with self._storage.changing(Durability.FULL) as connection:
            # Applied on trial and rolled back: staged changes are known to be applicable.
            connection.execute("SAVEPOINT trial")
            change = NamespaceChange(connection, namespace_number(connection, self._component))
            before = change.used
            change.put(changes.items())
            change.keep_within(quota, before)
            connection.execute("ROLLBACK TO trial")
            connection.execute(
                "INSERT OR REPLACE INTO staged (component, revision, operations) VALUES (?, ?, ?)",
                (self._component, revision, encoded),
            )

    def commit_staged(self, revision: int, terms: WriteTerms, deadline_ns: int | None = None) -> int:
        """Apply staged changes and delete them, in one transaction; return their number.

        If that fails, every later use of the namespace retries it first and fails until it succeeds.
        """
        try:
            acquire(self._turn, self._waiting, deadline_ns, self._storage.path)
        except StoreBusy:
            self._unfinished = self._unfinished or (revision, terms)
            raise
        try:
            self._unfinished = revision, terms
            with self._storage.changing(terms.durability, self._waiting, deadline_ns) as connection:
                number = namespace_number(connection, self._component)
                change = NamespaceChange(connection, number)
                staged = take_staged(connection, self._component, revision)
                change.put(staged)
                bound = change.used
            self._number, self._bound, self._unfinished = number, bound, None
        finally:
            self._turn.release()
        return len(staged)

    def _finish(self, deadline_ns: int | None) -> None:
        unfinished = self._unfinished
        if unfinished is not None:
            self.commit_staged(*unfinished, deadline_ns)

    def drop_staged(self, revision: int) -> None:
        """Discard staged changes."""
        with self._storage.changing(Durability.FULL) as connection:
            take_staged(connection, self._component, revision)

    @contextlib.contextmanager
    def _changing(self, terms: WriteTerms, growth: int, deadline_ns: int | None) -> Iterator[NamespaceChange]:
        """Run a transaction within the quota; ``growth`` is the maximum that it can add."""
        known, bound = self._number, self._bound + growth
        with self._storage.changing(terms.durability, self._waiting, deadline_ns) as connection:
            if known is not None and bound <= terms.quota:
                number = known
                yield NamespaceChange(connection, number)
            else:
                number = namespace_number(connection, self._component)
                change = NamespaceChange(connection, number)
                before = change.used
                yield change
                bound = change.keep_within(terms.quota, before)
        # A number assigned in a transaction is valid only once that is committed.
        self._number, self._bound = number, bound

    def _rows(self, sql: str, deadline_ns: int | None, *parameters: bytes | int) -> list[tuple[Any, ...]]:
        if self._unfinished is not None:
            self._finish(deadline_ns)
        number = self._number or self._find_number(deadline_ns)
        if number is None:
            return []
        return self._storage.rows(sql, (number, *parameters), self._waiting, deadline_ns)

    def _find_number(self, deadline_ns: int | None) -> int | None:
        if self._number is None and self._storage.exists:
            self._number = self._storage.number_of(self._component, deadline_ns)
            # The amount of stored data is not known yet.
            self._bound = _UNKNOWN
        return self._number
