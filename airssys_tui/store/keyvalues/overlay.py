"""Uncommitted changes: a candidate's writes before it serves, layered over the stored data."""

from __future__ import annotations

import heapq
from typing import Final, NamedTuple

from airssys_tui.core.errors import StorageRefusal
from airssys_tui.core.keyvalue import (
    DeleteKey,
    Expect,
    KeyValues,
    Operation,
    SetKey,
    StorageUse,
    Value,
    WriteTerms,
    check_quota,
    size_of,
)
from airssys_tui.store.keyvalues.changes import require

MAX_BYTES: Final = 16 * 1024 * 1024
"""Maximum bytes changed before they are stored; they are kept in memory."""

CHANGE_BYTES: Final = 256
"""Bytes of memory of one change besides its key and value, so that many small ones are bounded as well; measured."""


class _Kept(NamedTuple):
    """A changed value and its size; both None for a deleted key."""

    value: Value | None
    size: int | None


class Overlay(KeyValues):
    """A storage whose changes stay in memory. Used by one thread at a time.

    Args:
        base: The stored data; None for a storage that is entirely in memory.
    """

    def __init__(self, base: KeyValues | None = None) -> None:
        self._base = base
        self._changes: dict[str, _Kept] = {}
        self._bytes = self._keys = self._kept = 0

    @property
    def changes(self) -> dict[str, Value | None]:
        """The value of each changed key; None for a deleted one."""
        return {key: kept.value for key, kept in self._changes.items()}

    def get(self, key: str, deadline_ns: int | None = None) -> Value | None:
        """Return the value of a key, or None."""
        if kept := self._changes.get(key):
            return kept.value
        return self._base.get(key, deadline_ns) if self._base is not None else None

    def exists(self, key: str, deadline_ns: int | None = None) -> bool:
        """Return whether a key exists."""
        if kept := self._changes.get(key):
            return kept.size is not None
        return self._base is not None and self._base.exists(key, deadline_ns)

    def keys(self, prefix: str, after: str | None, limit: int, deadline_ns: int | None = None) -> tuple[str, ...]:
        """Return at most ``limit`` keys with a prefix in byte order, starting after ``after`` if given."""
        mine = [
            key
            for key, kept in self._changes.items()
            if kept.size is not None and key.startswith(prefix) and (after is None or key.encode() > after.encode())
        ]
        stored: list[str] = []
        if self._base is not None:
            # Request as many more keys as the changes may hide.
            asked = limit + len(self._changes)
            stored = [key for key in self._base.keys(prefix, after, asked, deadline_ns) if key not in self._changes]
        return tuple(heapq.nsmallest(limit, [*mine, *stored], key=str.encode))

    def usage(self, deadline_ns: int | None = None) -> StorageUse:
        """Return the amount of data that would be stored if no other writer changes these keys meanwhile."""
        stored = self._base.usage(deadline_ns) if self._base is not None else StorageUse()
        return StorageUse(stored.bytes + self._bytes, stored.keys + self._keys)

    def set(self, key: str, value: Value, terms: WriteTerms, deadline_ns: int | None = None) -> None:
        """Store a value, unless that would exceed the quota."""
        self.apply((SetKey(key, value),), terms, deadline_ns)

    def delete(self, key: str, terms: WriteTerms, deadline_ns: int | None = None) -> bool:
        """Remove a key; return whether it existed."""
        there = self.exists(key, deadline_ns)
        if there:
            self.apply((DeleteKey(key),), terms, deadline_ns)
        return there

    def apply(self, operations: tuple[Operation, ...], terms: WriteTerms, deadline_ns: int | None = None) -> None:
        """Apply several changes in order, all or none; the quota is checked at the end."""
        undo: list[tuple[str, _Kept | None]] = []
        before = self._bytes, self._keys, self._kept
        try:
            for operation in operations:
                self._make(operation, undo, deadline_ns)
            self._keep_within(terms.quota, before[0], deadline_ns)
        except BaseException:
            for key, kept in reversed(undo):
                if kept is None:
                    del self._changes[key]
                else:
                    self._changes[key] = kept
            self._bytes, self._keys, self._kept = before
            raise

    def _keep_within(self, quota: int, before: int, deadline_ns: int | None) -> None:
        if self._bytes > before:
            check_quota(self.usage(deadline_ns).bytes, quota)
        if self._kept > MAX_BYTES:
            raise StorageRefusal("unavailable", f"the candidate changed more than {MAX_BYTES} bytes before it serves")

    def _make(self, operation: Operation, undo: list[tuple[str, _Kept | None]], deadline_ns: int | None) -> None:
        match operation:
            case SetKey(key, value):
                undo.append((key, self._changes.get(key)))
                self._put(key, value, deadline_ns)
            case DeleteKey(key):
                undo.append((key, self._changes.get(key)))
                self._put(key, None, deadline_ns)
            case Expect(key, value):
                require(key, value, self.get(key, deadline_ns))

    def _put(self, key: str, value: Value | None, deadline_ns: int | None) -> None:
        kept = self._changes.get(key)
        old = self._stored_size(key, deadline_ns) if kept is None else kept.size
        name = size_of(key)
        new = None if value is None else name + size_of(value)
        self._bytes += (new or 0) - (old or 0)
        self._keys += (new is not None) - (old is not None)
        self._kept += (new or name) - (-CHANGE_BYTES if kept is None else kept.size or name)
        self._changes[key] = _Kept(value, new)

    def _stored_size(self, key: str, deadline_ns: int | None) -> int | None:
        stored = self._base.get(key, deadline_ns) if self._base is not None else None
        return None if stored is None else size_of(key) + size_of(stored)


class _Retired(KeyValues):
    """The storage of an instance that was replaced: every operation fails."""

    def get(self, key: str, deadline_ns: int | None = None) -> Value | None:
        raise _replaced(key, deadline_ns)

    def exists(self, key: str, deadline_ns: int | None = None) -> bool:
        raise _replaced(key, deadline_ns)

    def keys(self, prefix: str, after: str | None, limit: int, deadline_ns: int | None = None) -> tuple[str, ...]:
        raise _replaced(prefix, after, limit, deadline_ns)

    def usage(self, deadline_ns: int | None = None) -> StorageUse:
        raise _replaced(deadline_ns)

    def set(self, key: str, value: Value, terms: WriteTerms, deadline_ns: int | None = None) -> None:
        raise _replaced(key, value, terms, deadline_ns)

    def delete(self, key: str, terms: WriteTerms, deadline_ns: int | None = None) -> bool:
        raise _replaced(key, terms, deadline_ns)

    def apply(self, operations: tuple[Operation, ...], terms: WriteTerms, deadline_ns: int | None = None) -> None:
        raise _replaced(operations, terms, deadline_ns)


def _replaced(*_asked: object) -> StorageRefusal:
    return StorageRefusal("unavailable", "this instance was replaced: another one serves")


RETIRED: Final[KeyValues] = _Retired()
"""The storage of any instance that was replaced."""
