"""Buckets of ``wasi:keyvalue``: parts of a component's own storage, and how a face uses them.

Bucket ``default`` is what the storage holds under keys that begin with ``kv/default/``. So a bucket has the storage's
permission, quota, durability, snapshots and tools, every component has buckets of its own, and no identifier or key
reaches what another component stored. Characters that a key of the storage may not have, and those that would make two
names the same, are written as ``%`` and two hexadecimal digits there: any text can be a key.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import msgspec

from airssys_tui.core.errors import StorageRefusal, StoreError
from airssys_tui.core.keyvalue import MAX_KEY, Value, size_of
from airssys_tui.core.types.values import Err, Ok, Variant
from airssys_tui.engine.host import FUEL_PER_BYTE, FUEL_PER_WORK, HostContext
from airssys_tui.host.storage_access import read_denial, storage_failure, write_denial
from airssys_tui.host.tenant import Tenant

ROOM: Final = "kv/"
"""What all keys of buckets begin with in a component's storage."""

MOST_IDENTIFIER: Final = 64
"""Bytes of a bucket's identifier, as it is written in keys."""

MOST_LISTED: Final = 1_000
"""Keys of one page of a listing."""

DENIED: Final = Variant("access-denied")
"""The error for what is not granted: the draft gives it no text; the operator sees the reason."""

NO_SUCH_STORE: Final = Variant("no-such-store")

_ESCAPED: Final = {code: f"%{code:02X}" for code in (*range(32), ord("%"), *range(127, 160))}
_ESCAPED_IN_BUCKET: Final = _ESCAPED | {ord("/"): "%2F"}
_ESCAPE: Final = re.compile("%([0-9A-F]{2})")


class KeysFound(msgspec.Struct, frozen=True):
    """One page of a bucket's keys.

    Attributes:
        keys: At most :data:`MOST_LISTED`.
        last: Where the next page starts; None if there are no more.
    """

    keys: list[str]
    last: str | None


class Bucket:
    """The value of a ``bucket``.

    Args:
        identifier: Its identifier, any text; the empty one is a bucket like others.

    Raises:
        StorageRefusal: ``invalid-key``, if the identifier is longer than :data:`MOST_IDENTIFIER`.
    """

    __slots__ = ("_prefix",)

    def __init__(self, identifier: str) -> None:
        name = _escaped(identifier, _ESCAPED_IN_BUCKET, MOST_IDENTIFIER)
        if size_of(name) > MOST_IDENTIFIER:
            raise StorageRefusal("invalid-key", f"the identifier has {size_of(name)} bytes of {MOST_IDENTIFIER}")
        self._prefix = f"{ROOM}{name}/"

    def stored(self, key: str) -> str:
        """Return the key in the storage.

        Raises:
            StorageRefusal: ``invalid-key``, if it is too long.
        """
        return self._bounded(_escaped(key, _ESCAPED, MAX_KEY))

    def page(self, context: HostContext, after: str | None) -> KeysFound:
        """List keys, in the order of the storage; what it costs in fuel depends on how many there are.

        Args:
            context: The caller.
            after: ``last`` of the page before; a made-up one lists what would come after it.
        """
        tenant: Tenant = context.owner
        context.charge(FUEL_PER_WORK)
        start = None if after is None else self._bounded(after)
        found = tenant.storage.keys(self._prefix, start, MOST_LISTED + 1, context.deadline_ns)
        names = [key.removeprefix(self._prefix) for key in found[:MOST_LISTED]]
        context.charge(FUEL_PER_BYTE * sum(map(len, names)))
        last = names[-1] if len(found) > MOST_LISTED else None
        # What a component stored here by itself, in a way that no key is written, is none of the bucket's.
        return KeysFound([key for name in names if (key := _unescaped(name)).translate(_ESCAPED) == name], last)

    def _bounded(self, name: str) -> str:
        most = MAX_KEY - size_of(self._prefix)
        if size_of(name) > most:
            raise StorageRefusal("invalid-key", f"the key is {size_of(name)} bytes; the limit in this bucket is {most}")
        return self._prefix + name


def _escaped(text: str, escapes: dict[int, str], most: int) -> str:
    """Return a text with escapes; one that is too long without them as it is, as escaping millions takes seconds."""
    return text.translate(escapes) if len(text) <= most else text


def _unescaped(name: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), name)


def read_value(context: HostContext, key: str) -> Value | None:
    """Return what the storage holds under a key of its own, and charge for it.

    Raises:
        StorageRefusal: If it cannot be read.
        StoreError: The disk failed.
    """
    tenant: Tenant = context.owner
    context.charge_bytes(len(key))
    value = tenant.storage.get(key, context.deadline_ns)
    if value:
        context.charge(FUEL_PER_BYTE * len(value))
    return value


def as_bytes(value: Value) -> bytes:
    """Return a value as the draft knows it: text that was stored by other means is UTF-8."""
    return value if isinstance(value, bytes) else value.encode()


def reading(work: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function that reads: it needs ``storage``, and answers ``result<T, error>``."""
    return _answering(work, writes=False)


def writing(work: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function that changes: it needs ``storage = "read-write"``, and answers ``result<T, error>``."""
    return _answering(work, writes=True)


def _answering(work: Callable[..., Any], *, writes: bool) -> Callable[..., Any]:
    denied = write_denial if writes else read_denial

    @wraps(work)
    def run(context: HostContext, *arguments: Any) -> Ok | Err:
        tenant: Tenant = context.owner
        if denied(tenant.guard) is not None:
            return Err(DENIED)
        try:
            return Ok(work(context, *arguments))
        except (StorageRefusal, StoreError) as error:
            return Err(other(tenant, error))

    return run


def other(tenant: Tenant, error: StorageRefusal | StoreError) -> Variant:
    """Return the ``error`` of the draft for a failure of the storage: its case in ``storage-error``, and why."""
    failure = storage_failure(tenant, error)
    return Variant("other", f"{failure.case}: {failure.text}")
