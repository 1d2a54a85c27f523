"""Key-value storage: its data types, its operations and its bounds."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Protocol, TypeAlias

import msgspec

from airssys_tui.core.errors import StorageRefusal

MAX_KEY: Final = 256
"""Maximum bytes of a key in UTF-8; the minimum is 1."""

MAX_VALUE: Final = 1024 * 1024
"""Maximum bytes of a value; text is counted in UTF-8."""

MAX_OPERATIONS: Final = 1_000
"""Maximum operations in one change."""

MAX_CHANGE: Final = 2 * 1024 * 1024
"""Maximum bytes of keys and values in one change."""

MAX_PAGE: Final = 1_000
"""Maximum keys in one page of a listing."""

_WIDEST: Final = 4
"""Maximum bytes of a character in UTF-8."""

_SURELY_KEY: Final = MAX_KEY // _WIDEST
_SURELY_VALUE: Final = MAX_VALUE // _WIDEST
"""Characters that fit the bound whatever they are, so that most keys and values need no exact count."""

_CURSOR: Final = "after:"

_CONTROLS: Final = dict.fromkeys((*range(32), *range(127, 160)))

Value: TypeAlias = str | bytes
"""A stored value: text comes back as text, bytes as bytes."""


class Durability(StrEnum):
    """What an acknowledged change survives: a crash of the process (normal), or a power failure as well (full)."""

    NORMAL = "normal"
    FULL = "full"


class SetKey(msgspec.Struct, frozen=True):
    """Store a value under a key."""

    key: str
    value: Value


class DeleteKey(msgspec.Struct, frozen=True):
    """Remove a key, if it exists."""

    key: str


class Expect(msgspec.Struct, frozen=True):
    """Abort the whole change unless the key has exactly this value; None means that the key must not exist."""

    key: str
    value: Value | None


Operation: TypeAlias = SetKey | DeleteKey | Expect


class KeyPage(msgspec.Struct, frozen=True):
    """One page of a listing, and the cursor of the next page."""

    keys: tuple[str, ...]
    next: str | None = None


class StorageUse(msgspec.Struct, frozen=True):
    """Bytes of keys and values, and the number of keys."""

    bytes: int = 0
    keys: int = 0


class WriteTerms(msgspec.Struct, frozen=True):
    """Terms of a change: the quota in bytes, checked after the change, and the durability."""

    quota: int
    durability: Durability = Durability.NORMAL


class KeyValues(Protocol):
    """The storage of one component. Every change is atomic.

    Each method takes the deadline of its caller (``deadline_ns``, in nanoseconds of ``time.perf_counter_ns``) and waits
    for others, if it has to, for at most half of the time that is left; None means a few seconds.

    Methods raise :class:`~airssys_tui.core.errors.StorageRefusal` for an operation that is not allowed, and
    :class:`~airssys_tui.core.errors.StoreError` for a failure of the disk.
    """

    def get(self, key: str, deadline_ns: int | None = None) -> Value | None:
        """Return the value of a key, or None."""
        ...

    def exists(self, key: str, deadline_ns: int | None = None) -> bool:
        """Return whether a key exists."""
        ...

    def keys(self, prefix: str, after: str | None, limit: int, deadline_ns: int | None = None) -> tuple[str, ...]:
        """Return at most ``limit`` keys with a prefix in byte order, starting after ``after`` if given."""
        ...

    def usage(self, deadline_ns: int | None = None) -> StorageUse:
        """Return the exact amount of stored data."""
        ...

    def set(self, key: str, value: Value, terms: WriteTerms, deadline_ns: int | None = None) -> None:
        """Store a value, unless that would exceed the quota."""
        ...

    def delete(self, key: str, terms: WriteTerms, deadline_ns: int | None = None) -> bool:
        """Remove a key; return whether it existed."""
        ...

    def apply(self, operations: tuple[Operation, ...], terms: WriteTerms, deadline_ns: int | None = None) -> None:
        """Apply several changes in order, all or none; the quota is checked at the end."""
        ...


def size_of(value: Value) -> int:
    """Return the size of a value in bytes."""
    if isinstance(value, bytes):
        return len(value)
    return len(value) if value.isascii() else len(value.encode())


def check_key(key: str) -> None:
    """Reject an invalid key.

    Raises:
        StorageRefusal: ``invalid-key``.
    """
    if 0 < len(key) <= _SURELY_KEY and key.isprintable():
        return
    if not key:
        raise StorageRefusal("invalid-key", "the key is empty; it needs at least one byte")
    check_prefix(key)


def check_prefix(key: str) -> None:
    """Reject a text that no key can start with.

    Raises:
        StorageRefusal: ``invalid-key``.
    """
    size = size_of(key)
    if size > MAX_KEY:
        raise StorageRefusal("invalid-key", f"the key is {size} bytes; the limit is {MAX_KEY}")
    if not key.isprintable() and len(key.translate(_CONTROLS)) != len(key):
        raise StorageRefusal("invalid-key", "the key contains a control character")


def check_value(value: Value) -> None:
    """Reject a value that is too large.

    Raises:
        StorageRefusal: ``too-large``.
    """
    if len(value) <= _SURELY_VALUE:
        return
    size = size_of(value)
    if size > MAX_VALUE:
        raise StorageRefusal("too-large", f"the value is {size} bytes; the limit is {MAX_VALUE}")


def check_change(operations: tuple[Operation, ...]) -> None:
    """Reject a change with too many operations, too many bytes, or an invalid key or value.

    Raises:
        StorageRefusal: ``invalid-key`` or ``too-large``.
    """
    if len(operations) > MAX_OPERATIONS:
        raise StorageRefusal("too-large", f"the change has {len(operations)} operations; the limit is {MAX_OPERATIONS}")
    most = 0
    for operation in operations:
        check_key(operation.key)
        most += len(operation.key)
        value = None if isinstance(operation, DeleteKey) else operation.value
        if value is not None:
            size = len(value)
            most += size
            if size > _SURELY_VALUE:
                check_value(value)
    if most > MAX_CHANGE // _WIDEST:
        _check_total(operations)


def _check_total(operations: tuple[Operation, ...]) -> None:
    total = 0
    for operation in operations:
        total += size_of(operation.key)
        if not isinstance(operation, DeleteKey) and operation.value is not None:
            total += size_of(operation.value)
    if total > MAX_CHANGE:
        raise StorageRefusal("too-large", f"the change is {total} bytes; the limit is {MAX_CHANGE}")


def check_quota(used: int, quota: int) -> None:
    """Reject usage above the quota.

    Raises:
        StorageRefusal: ``quota-exceeded``.
    """
    if used > quota:
        raise StorageRefusal(
            "quota-exceeded", f"{used} bytes exceed the limit of {quota}: raise `storage` under [resources]"
        )


def list_page(
    values: KeyValues, prefix: str, cursor: str | None, limit: int, deadline_ns: int | None = None
) -> KeyPage:
    """List one page of the keys with a prefix.

    Args:
        values: The storage to list.
        prefix: What the keys start with; empty for all.
        cursor: Where the page starts, from the previous page.
        limit: Keys per page, 1 to :data:`MAX_PAGE`.
        deadline_ns: See :class:`KeyValues`.

    Raises:
        StorageRefusal: ``invalid-key``, ``invalid-cursor`` or ``too-large``.
    """
    check_prefix(prefix)
    if not 1 <= limit <= MAX_PAGE:
        raise StorageRefusal("too-large", f"a page of {limit} keys; accepted: 1 to {MAX_PAGE}")
    after = None if cursor is None else _position(cursor, prefix)
    found = values.keys(prefix, after, limit + 1, deadline_ns)
    if len(found) <= limit:
        return KeyPage(found)
    return KeyPage(found[:limit], _CURSOR + found[limit - 1])


def _position(cursor: str, prefix: str) -> str:
    key = cursor.removeprefix(_CURSOR)
    if key == cursor or not key or not key.startswith(prefix) or size_of(key) > MAX_KEY:
        raise StorageRefusal("invalid-cursor", "the cursor does not come from a listing with this prefix")
    return key
