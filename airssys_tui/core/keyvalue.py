"""The words of key-value storage: what is stored, what may be asked of it, and where its bounds are."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Protocol, TypeAlias

import msgspec

from airssys_tui.core.errors import StorageRefusal

MAX_KEY: Final = 256
"""Bytes of a key in UTF-8; it has at least one."""

MAX_VALUE: Final = 1024 * 1024
"""Bytes of a value; text counts in UTF-8."""

MAX_OPERATIONS: Final = 1_000
"""Operations of one change."""

MAX_CHANGE: Final = 2 * 1024 * 1024
"""Bytes of the keys and values of one change."""

MAX_PAGE: Final = 1_000
"""Keys of one part of a listing."""

_WIDEST: Final = 4
"""Bytes of a character in UTF-8 at most."""

_SURELY_KEY: Final = MAX_KEY // _WIDEST
_SURELY_VALUE: Final = MAX_VALUE // _WIDEST
"""Characters that are within the bound whatever they are: most keys and values need no closer look."""

_CURSOR: Final = "after:"

_CONTROLS: Final = dict.fromkeys((*range(32), *range(127, 160)))

Value: TypeAlias = str | bytes
"""What is stored: text comes back as text, bytes as bytes."""


class Durability(StrEnum):
    """What an acknowledged change survives: any end of the process, or a power cut as well."""

    NORMAL = "normal"
    FULL = "full"


class SetKey(msgspec.Struct, frozen=True):
    """Store a value under a key."""

    key: str
    value: Value


class DeleteKey(msgspec.Struct, frozen=True):
    """Remove a key, if it is there."""

    key: str


class Expect(msgspec.Struct, frozen=True):
    """Give everything up unless a key has this very value; nothing stands for no such key."""

    key: str
    value: Value | None


Operation: TypeAlias = SetKey | DeleteKey | Expect


class KeyPage(msgspec.Struct, frozen=True):
    """A part of a listing, and the cursor of the next one."""

    keys: tuple[str, ...]
    next: str | None = None


class StorageUse(msgspec.Struct, frozen=True):
    """Bytes of keys and values, and how many keys there are."""

    bytes: int = 0
    keys: int = 0


class WriteTerms(msgspec.Struct, frozen=True):
    """On what terms a change is made: the most bytes that may be stored then, and what it survives."""

    quota: int
    durability: Durability = Durability.NORMAL


class KeyValues(Protocol):
    """The storage of one component. Every change is made whole or not at all.

    Methods raise :class:`~airssys_tui.core.errors.StorageRefusal` for what cannot be done, and
    :class:`~airssys_tui.core.errors.StoreError` when the disk is at fault.
    """

    def get(self, key: str) -> Value | None:
        """Return a value; nothing when there is no such key."""
        ...

    def exists(self, key: str) -> bool:
        """Return whether there is such a key."""
        ...

    def keys(self, prefix: str, after: str | None, limit: int) -> tuple[str, ...]:
        """Return at most ``limit`` keys with a prefix in the order of their bytes, those after one when it is given."""
        ...

    def usage(self) -> StorageUse:
        """Return how much is stored, exactly."""
        ...

    def set(self, key: str, value: Value, terms: WriteTerms) -> None:
        """Store a value, unless more would be stored than the quota."""
        ...

    def delete(self, key: str, terms: WriteTerms) -> bool:
        """Remove a key; return whether there was one."""
        ...

    def apply(self, operations: tuple[Operation, ...], terms: WriteTerms) -> None:
        """Make several changes in their order, all of them or none; the quota counts at the end."""
        ...


def size_of(value: Value) -> int:
    """Return the bytes that a value counts as."""
    if isinstance(value, bytes):
        return len(value)
    return len(value) if value.isascii() else len(value.encode())


def check_key(key: str) -> None:
    """Refuse what cannot be a key.

    Raises:
        StorageRefusal: ``invalid-key``.
    """
    if 0 < len(key) <= _SURELY_KEY and key.isprintable():
        return
    if not key:
        raise StorageRefusal("invalid-key", "a key has at least one byte")
    check_prefix(key)


def check_prefix(key: str) -> None:
    """Refuse what no key can begin with.

    Raises:
        StorageRefusal: ``invalid-key``.
    """
    size = size_of(key)
    if size > MAX_KEY:
        raise StorageRefusal("invalid-key", f"the key has {size} bytes, at most {MAX_KEY} are kept")
    if not key.isprintable() and len(key.translate(_CONTROLS)) != len(key):
        raise StorageRefusal("invalid-key", "a key holds no control characters")


def check_value(value: Value) -> None:
    """Refuse a value that is too large.

    Raises:
        StorageRefusal: ``too-large``.
    """
    if len(value) <= _SURELY_VALUE:
        return
    size = size_of(value)
    if size > MAX_VALUE:
        raise StorageRefusal("too-large", f"the value has {size} bytes, at most {MAX_VALUE} are kept")


def check_change(operations: tuple[Operation, ...]) -> None:
    """Refuse a change with too many operations, too many bytes, or a key or value that cannot be one.

    Raises:
        StorageRefusal: ``invalid-key`` or ``too-large``.
    """
    if len(operations) > MAX_OPERATIONS:
        raise StorageRefusal("too-large", f"{len(operations)} operations, at most {MAX_OPERATIONS} make one change")
    total = 0
    for operation in operations:
        check_key(operation.key)
        total += size_of(operation.key)
        if not isinstance(operation, DeleteKey) and operation.value is not None:
            check_value(operation.value)
            total += size_of(operation.value)
    if total > MAX_CHANGE:
        raise StorageRefusal("too-large", f"a change of {total} bytes, at most {MAX_CHANGE} are taken")


def check_quota(used: int, quota: int) -> None:
    """Refuse to store more than the quota.

    Raises:
        StorageRefusal: ``quota-exceeded``.
    """
    if used > quota:
        raise StorageRefusal(
            "quota-exceeded", f"{used} bytes would be stored, the limit is {quota}: raise `storage` under [resources]"
        )


def list_page(values: KeyValues, prefix: str, cursor: str | None, limit: int) -> KeyPage:
    """List a part of the keys with a prefix.

    Args:
        values: Whose.
        prefix: What the keys begin with; empty for all.
        cursor: Where the part begins, from the part before.
        limit: Keys of the part, 1 to :data:`MAX_PAGE`.

    Raises:
        StorageRefusal: ``invalid-key``, ``invalid-cursor`` or ``too-large``.
    """
    check_prefix(prefix)
    if not 1 <= limit <= MAX_PAGE:
        raise StorageRefusal("too-large", f"{limit} keys at a time, 1 to {MAX_PAGE} are given")
    after = None if cursor is None else _position(cursor, prefix)
    found = values.keys(prefix, after, limit + 1)
    if len(found) <= limit:
        return KeyPage(found)
    return KeyPage(found[:limit], _CURSOR + found[limit - 1])


def _position(cursor: str, prefix: str) -> str:
    key = cursor.removeprefix(_CURSOR)
    if key == cursor or not key or not key.startswith(prefix) or size_of(key) > MAX_KEY:
        raise StorageRefusal("invalid-cursor", "the cursor is not one that a listing with this prefix gave")
    return key
