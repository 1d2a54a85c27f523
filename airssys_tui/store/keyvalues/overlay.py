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

    def get(self, key: str) -> Value | None:
        """Return the value of a key, or None."""
        if kept := self._changes.get(key):
            return kept.value
        return self._base.get(key) if self._base is not None else None

    def exists(self, key: str) -> bool:
        """Return whether a key exists."""
        if kept := self._changes.get(key):
            return kept.size is not None
        return self._base is not None and self._base.exists(key)

    def keys(self, prefix: str, after: str | None, limit: int) -> tuple[str, ...]:
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
            stored = [key for key in self._base.keys(prefix, after, asked) if key not in self._changes]
        return tuple(heapq.nsmallest(limit, [*mine, *stored], key=str.encode))

    def usage(self) -> StorageUse:
        """Return the amount of data that would be stored if no other writer changes these keys meanwhile."""
        stored = self._base.usage() if self._base is not None else StorageUse()
        return StorageUse(stored.bytes + self._bytes, stored.keys + self._keys)

    def set(self, key: str, value: Value, terms: WriteTerms) -> None:
        """Store a value, unless that would exceed the quota."""
        self.apply((SetKey(key, value),), terms)

    def delete(self, key: str, terms: WriteTerms) -> bool:
        """Remove a key; return whether it existed."""
        there = self.exists(key)
        if there:
            self.apply((DeleteKey(key),), terms)
        return there

    def apply(self, operations: tuple[Operation, ...], terms: WriteTerms) -> None:
        """Apply several changes in order, all or none; the quota is checked at the end."""
        undo: list[tuple[str, _Kept | None]] = []
        before = self._bytes, self._keys, self._kept
        try:
            for operation in operations:
                self._make(operation, undo)
            self._keep_within(terms.quota, before[0])
        except BaseException:
            for key, kept in reversed(undo):
                if kept is None:
                    del self._changes[key]
                else:
                    self._changes[key] = kept
            self._bytes, self._keys, self._kept = before
            raise

    def _keep_within(self, quota: int, before: int) -> None:
        if self._bytes > before:
            check_quota(self.usage().bytes, quota)
        if self._kept > MAX_BYTES:
            raise StorageRefusal("unavailable", f"the candidate changed more than {MAX_BYTES} bytes before it serves")

    def _make(self, operation: Operation, undo: list[tuple[str, _Kept | None]]) -> None:
        match operation:
            case SetKey(key, value):
                undo.append((key, self._changes.get(key)))
                self._put(key, value)
            case DeleteKey(key):
                undo.append((key, self._changes.get(key)))
                self._put(key, None)
            case Expect(key, value):
                require(key, value, self.get(key))

    def _put(self, key: str, value: Value | None) -> None:
        kept = self._changes.get(key)
        old = self._stored_size(key) if kept is None else kept.size
        name = size_of(key)
        new = None if value is None else name + size_of(value)
        self._bytes += (new or 0) - (old or 0)
        self._keys += (new is not None) - (old is not None)
        self._kept += (new or name) - (0 if kept is None else kept.size or name)
        self._changes[key] = _Kept(value, new)

    def _stored_size(self, key: str) -> int | None:
        stored = self._base.get(key) if self._base is not None else None
        return None if stored is None else size_of(key) + size_of(stored)


class _Retired(KeyValues):
    """The storage of an instance that was replaced: every operation fails."""

    def get(self, key: str) -> Value | None:
        raise _replaced(key)

    def exists(self, key: str) -> bool:
        raise _replaced(key)

    def keys(self, prefix: str, after: str | None, limit: int) -> tuple[str, ...]:
        raise _replaced(prefix, after, limit)

    def usage(self) -> StorageUse:
        raise _replaced()

    def set(self, key: str, value: Value, terms: WriteTerms) -> None:
        raise _replaced(key, value, terms)

    def delete(self, key: str, terms: WriteTerms) -> bool:
        raise _replaced(key, terms)

    def apply(self, operations: tuple[Operation, ...], terms: WriteTerms) -> None:
        raise _replaced(operations, terms)


def _replaced(*_asked: object) -> StorageRefusal:
    return StorageRefusal("unavailable", "this instance was replaced: another one serves")


RETIRED: Final[KeyValues] = _Retired()
"""The storage of any instance that was replaced."""
