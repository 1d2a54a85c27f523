"""``wasi:keyvalue/atomics``: counters, and changes of what nobody changed meanwhile.

A counter is its decimal number as text, as in Redis and wasmtime. A ``cas`` compares values: it fails if the value is
another one than it was told, and does not see that one was there in between.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any, Final

from airssys_tui.core.errors import StorageRefusal, StoreError
from airssys_tui.core.keyvalue import Expect, SetKey, Value, check_value
from airssys_tui.core.types.interface import INTEGER_BOUNDS
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.host import HostContext, HostResource
from airssys_tui.host.storage_access import write_denial
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.wasi.drafts.buckets import DENIED, Bucket, as_bytes, other, read_value, reading, writing
from airssys_tui.host.wasi.drafts.draft_types import draft_interface

TRIES: Final = 16
"""How often a counter is read again because somebody else changed it meanwhile."""

_NUMBER: Final = re.compile(rb"-?[0-9]{1,20}\Z")


class Comparison:
    """The value of a ``cas``: the key, and a digest of the value that it had; the value itself may be large.

    Args:
        key: The key in the storage.
        value: Its value.
    """

    __slots__ = ("_seen", "key")

    def __init__(self, key: str, value: Value | None) -> None:
        self.key = key
        self.see(value)

    def see(self, value: Value | None) -> None:
        """Note the value that is to be replaced."""
        self._seen = _digest(value)

    def is_of(self, value: Value | None) -> bool:
        """Return whether a value is the one that is to be replaced."""
        return self._seen == _digest(value)


def _digest(value: Value | None) -> bytes:
    return b"" if value is None else sha256(as_bytes(value)).digest()


def _incrementing(integer: str) -> Any:
    least, most = INTEGER_BOUNDS[integer]

    @writing
    def increment(context: HostContext, bucket: Bucket, key: str, delta: int) -> int:
        tenant: Tenant = context.owner
        stored = bucket.stored(key)
        for _ in range(TRIES):
            found = read_value(context, stored)
            number = _number(found) + delta
            if not least <= number <= most:
                raise StorageRefusal("out-of-range", f"the counter would be {number}, which is no {integer}")
            change = Expect(stored, found), SetKey(stored, str(number).encode())
            try:
                tenant.storage.apply(change, tenant.storage_terms, context.deadline_ns)
            except StorageRefusal as refusal:
                if refusal.case != "conflict":
                    raise
            else:
                return number
        raise StorageRefusal("conflict", f"others changed the counter {TRIES} times meanwhile")

    return increment


def _number(value: Value | None) -> int:
    if value is None:
        return 0
    text = as_bytes(value)
    if not _NUMBER.match(text):
        raise StorageRefusal("not-a-number", "the value is not a decimal number")
    return int(text)


@reading
def _new(context: HostContext, bucket: Bucket, key: str) -> Comparison:
    stored = bucket.stored(key)
    return Comparison(stored, read_value(context, stored))


@reading
def _current(context: HostContext, comparison: Comparison) -> Some | None:
    value = read_value(context, comparison.key)
    comparison.see(value)
    return None if value is None else Some(as_bytes(value))


def _swap(context: HostContext, comparison: Comparison, value: bytes) -> Ok | Err:
    tenant: Tenant = context.owner
    if write_denial(tenant.guard) is not None:
        return Err(Variant("store-error", DENIED))
    try:
        return _swapped(context, comparison, value)
    except (StorageRefusal, StoreError) as error:
        return Err(Variant("store-error", other(tenant, error)))


def _swapped(context: HostContext, comparison: Comparison, value: bytes) -> Ok | Err:
    tenant: Tenant = context.owner
    key = comparison.key
    check_value(value)
    context.charge_bytes(len(value))
    found = read_value(context, key)
    if comparison.is_of(found):
        try:
            tenant.storage.apply((Expect(key, found), SetKey(key, value)), tenant.storage_terms, context.deadline_ns)
        except StorageRefusal as refusal:
            if refusal.case != "conflict":
                raise
            found = read_value(context, key)
        else:
            return Ok()
    return Err(Variant("cas-failed", Comparison(key, found)))


INTERFACES: Final = (
    draft_interface("keyvalue/atomics@0.2.0-draft", {"increment": _incrementing("u64")}),
    draft_interface(
        "keyvalue/atomics@0.2.0-draft2",
        {
            "increment": _incrementing("s64"),
            "[static]cas.new": _new,
            "[method]cas.current": _current,
            "swap": _swap,
        },
        (HostResource("cas", weight=1_024),),
    ),
)
"""The interface, as both drafts have it."""
