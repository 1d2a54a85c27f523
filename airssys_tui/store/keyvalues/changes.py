"""Steps that change a component's storage within a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from airssys_tui.core.errors import StorageRefusal
from airssys_tui.core.keyvalue import DeleteKey, Expect, Operation, SetKey, Value, check_quota, size_of

MOST_PUT: Final = 8
"""Values that one statement stores at most."""

_ROW: Final = "(?, ?, ?, ?)"
PUTS: Final = tuple(
    f"INSERT INTO entries (namespace, key, size, value) VALUES {', '.join([_ROW] * count)}"  # noqa: S608 - no values
    " ON CONFLICT DO UPDATE SET size = excluded.size, value = excluded.value"
    for count in range(1, MOST_PUT + 1)
)
"""Store one value, two, and so on, new or replaced; all of them or none, in order."""

PUT: Final = PUTS[0]
"""Stores one value."""

REMOVE: Final = "DELETE FROM entries WHERE namespace = ? AND key = ? RETURNING size"
"""Removes one key; returns a row if the key existed."""


class NamespaceChange:
    """Steps in a namespace, within a transaction opened by the caller. Triggers of the schema update the usage.

    Args:
        connection: A connection with an open transaction.
        namespace: The namespace's number.
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
        """Reject growth past a quota; a component above a lowered quota may still shrink.

        Args:
            quota: Maximum bytes stored.
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
        """Apply operations in order.

        Raises:
            StorageRefusal: ``conflict``, if an expectation fails.
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
        """Set keys; delete those whose value is None."""
        for key, value in changes:
            if value is None:
                self.delete(key)
            else:
                self.set(key, value)

    def set(self, key: str, value: Value) -> None:
        """Store a value."""
        self._connection.execute(PUT, row_of(self._namespace, key, value))

    def delete(self, key: str) -> bool:
        """Remove a key; return whether it existed."""
        return bool(self._connection.execute(REMOVE, (self._namespace, key.encode())).fetchall())

    def expect(self, key: str, value: Value | None) -> None:
        """Abort unless a key has the expected value.

        Raises:
            StorageRefusal: ``conflict``.
        """
        row = self._connection.execute(
            "SELECT value FROM entries WHERE namespace = ? AND key = ?", (self._namespace, key.encode())
        ).fetchone()
        require(key, value, None if row is None else row[0])


def row_of(namespace: int, key: str, value: Value) -> tuple[int, bytes, int, Value]:
    """Return the parameters of :data:`PUT`."""
    name = key.encode()
    return namespace, name, len(name) + size_of(value), value


class Puts(NamedTuple):
    """One statement that stores several values: its parameters, and the maximum number of bytes that it adds."""

    sql: str
    rows: list[int | bytes | Value]
    growth: int


def puts_of(namespace: int, operations: Sequence[Operation]) -> Puts | None:
    """Return the one statement that applies operations.

    Returns:
        None if it takes more than one: they are too many, or do not all set a value.
    """
    count = len(operations)
    if not 0 < count <= MOST_PUT:
        return None
    rows: list[int | bytes | Value] = []
    growth = 0
    for operation in operations:
        if operation.__class__ is not SetKey:
            return None
        # As `row_of` does, without its call: every value of every change passes here.
        name, value = operation.key.encode(), operation.value
        size = len(name) + (len(value) if value.__class__ is bytes else size_of(value))
        rows += namespace, name, size, value
        growth += size
    return Puts(PUTS[count - 1], rows, growth)


def growth_of(operations: Iterable[Operation]) -> int:
    """Return the maximum number of bytes that operations can add."""
    return sum(
        size_of(operation.key) + size_of(operation.value) for operation in operations if isinstance(operation, SetKey)
    )


def require(key: str, wanted: Value | None, found: Value | None) -> None:
    """Abort unless a value is the expected one; text and bytes are never equal.

    Raises:
        StorageRefusal: ``conflict``.
    """
    if type(wanted) is type(found) and wanted == found:
        return
    if found is None:
        raise StorageRefusal("conflict", f"{key} does not exist")
    raise StorageRefusal("conflict", f"{key} exists" if wanted is None else f"{key} has another value")
