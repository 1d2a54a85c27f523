"""One change of a component's storage: steps within a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

from airssys_tui.core.errors import StorageRefusal
from airssys_tui.core.keyvalue import DeleteKey, Expect, Operation, SetKey, Value, check_quota, size_of

PUT: Final = """INSERT INTO entries (namespace, key, size, value) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET size = excluded.size, value = excluded.value"""
"""Stores one value, whether or not there was one."""

REMOVE: Final = "DELETE FROM entries WHERE namespace = ? AND key = ? RETURNING size"
"""Removes one key; answers with a row when there was one."""


class NamespaceChange:
    """Steps in a namespace, within a transaction that the caller opened. The schema keeps the usage.

    Args:
        connection: In a transaction.
        namespace: Number of the namespace.
    """

    def __init__(self, connection: sqlite3.Connection, namespace: int) -> None:
        self._connection = connection
        self._namespace = namespace

    @property
    def used(self) -> int:
        """Bytes stored now."""
        row = self._connection.execute("SELECT bytes FROM namespaces WHERE id = ?", (self._namespace,)).fetchone()
        return int(row[0])

    def keep_within(self, quota: int, before: int) -> int:
        """Refuse to have grown past a quota: who stores more than a new one allows may still store less.

        Args:
            quota: Most bytes that may be stored.
            before: Bytes stored before the steps.

        Returns:
            Bytes stored now.

        Raises:
            StorageRefusal: ``quota-exceeded``.
        """
        used = self.used
        if used > before:
            check_quota(used, quota)
        return used

    def make(self, operations: Iterable[Operation]) -> None:
        """Carry out operations, in their order.

        Raises:
            StorageRefusal: ``conflict``, when an expectation does not hold.
        """
        for operation in operations:
            match operation:
                case SetKey(key, value):
                    self.set(key, value)
                case DeleteKey(key):
                    self.delete(key)
                case Expect(key, value):
                    self.expect(key, value)

    def put(self, changes: Iterable[tuple[str, Value | None]]) -> None:
        """Set keys, or delete those without a value."""
        for key, value in changes:
            if value is None:
                self.delete(key)
            else:
                self.set(key, value)

    def set(self, key: str, value: Value) -> None:
        """Store a value."""
        self._connection.execute(PUT, row_of(self._namespace, key, value))

    def delete(self, key: str) -> bool:
        """Remove a key; return whether there was one."""
        return bool(self._connection.execute(REMOVE, (self._namespace, key.encode())).fetchall())

    def expect(self, key: str, value: Value | None) -> None:
        """Give up unless a key has a value.

        Raises:
            StorageRefusal: ``conflict``.
        """
        row = self._connection.execute(
            "SELECT value FROM entries WHERE namespace = ? AND key = ?", (self._namespace, key.encode())
        ).fetchone()
        require(key, value, None if row is None else row[0])


def row_of(namespace: int, key: str, value: Value) -> tuple[int, bytes, int, Value]:
    """Return what :data:`PUT` takes."""
    name = key.encode()
    return namespace, name, len(name) + size_of(value), value


def growth_of(operations: Iterable[Operation]) -> int:
    """Return the most bytes that operations can add."""
    return sum(
        size_of(operation.key) + size_of(operation.value) for operation in operations if isinstance(operation, SetKey)
    )


def require(key: str, wanted: Value | None, found: Value | None) -> None:
    """Give up unless a value is the one that was expected; text and bytes are never the same.

    Raises:
        StorageRefusal: ``conflict``.
    """
    if type(wanted) is type(found) and wanted == found:
        return
    if found is None:
        raise StorageRefusal("conflict", f"{key} does not exist")
    raise StorageRefusal("conflict", f"{key} exists" if wanted is None else f"{key} has another value")
