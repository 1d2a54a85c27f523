"""``wasi:keyvalue/store``: one key at a time, and listings."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.core.errors import StorageRefusal
from airssys_tui.core.keyvalue import check_value
from airssys_tui.core.types.values import Err, Ok, Some
from airssys_tui.engine.host import HostContext, HostResource
from airssys_tui.host.storage_access import read_denial
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.wasi.charged_calls import charged
from airssys_tui.host.wasi.drafts.buckets import (
    DENIED,
    NO_SUCH_STORE,
    Bucket,
    as_bytes,
    read_value,
    reading,
    writing,
)
from airssys_tui.host.wasi.drafts.draft_types import draft_interface

MOST_CURSORS: Final = 4
"""Listings that one bucket of the draft with numbers for cursors can go on with; the oldest are forgotten."""

_BYTES: Final = 2_048
"""Bytes of memory that one bucket with its cursors is counted with."""


class NumberingBucket(Bucket):
    """A bucket whose cursors are numbers: it remembers where each of the latest goes on. Others do not know them."""

    __slots__ = ("_cursors", "_next")

    def __init__(self, identifier: str) -> None:
        super().__init__(identifier)
        self._cursors: dict[int, str] = {}
        self._next = 1

    def position(self, cursor: int) -> str:
        """Return where a cursor goes on.

        Raises:
            StorageRefusal: ``invalid-cursor``, if it is none of the latest of this bucket.
        """
        if cursor not in self._cursors:
            raise StorageRefusal(
                "invalid-cursor", f"{cursor} is none of the last {MOST_CURSORS} cursors of this bucket"
            )
        return self._cursors[cursor]

    def cursor_at(self, position: str) -> int:
        """Return a cursor that goes on at a position."""
        cursor, self._next = self._next, self._next + 1
        self._cursors[cursor] = position
        self._cursors.pop(cursor - MOST_CURSORS, None)
        return cursor


def _opening(kind: type[Bucket]) -> Any:
    @charged
    def opened(context: HostContext, identifier: str) -> Ok | Err:
        tenant: Tenant = context.owner
        if read_denial(tenant.guard) is not None:
            return Err(DENIED)
        try:
            return Ok(kind(identifier))
        except StorageRefusal:
            return Err(NO_SUCH_STORE)

    return opened


@reading
def _get(context: HostContext, bucket: Bucket, key: str) -> Some | None:
    value = read_value(context, bucket.stored(key))
    return None if value is None else Some(as_bytes(value))


@writing
def _set(context: HostContext, bucket: Bucket, key: str, value: bytes) -> None:
    tenant: Tenant = context.owner
    stored = bucket.stored(key)
    check_value(value)
    context.charge_bytes(len(stored) + len(value))
    tenant.storage.set(stored, value, tenant.storage_terms, context.deadline_ns)


@writing
def _delete(context: HostContext, bucket: Bucket, key: str) -> None:
    tenant: Tenant = context.owner
    stored = bucket.stored(key)
    context.charge_bytes(len(stored))
    tenant.storage.delete(stored, tenant.storage_terms, context.deadline_ns)


@reading
def _exists(context: HostContext, bucket: Bucket, key: str) -> bool:
    tenant: Tenant = context.owner
    stored = bucket.stored(key)
    context.charge_bytes(len(stored))
    return tenant.storage.exists(stored, context.deadline_ns)


@reading
def _list_numbered(context: HostContext, bucket: NumberingBucket, cursor: Some | None) -> dict[str, Any]:
    found = bucket.page(context, None if cursor is None else bucket.position(cursor.value))
    return {"keys": found.keys, "cursor": None if found.last is None else Some(bucket.cursor_at(found.last))}


@reading
def _list_named(context: HostContext, bucket: Bucket, cursor: Some | None) -> dict[str, Any]:
    found = bucket.page(context, None if cursor is None else cursor.value)
    return {"keys": found.keys, "cursor": None if found.last is None else Some(found.last)}


_ONE_KEY: Final = {
    "[method]bucket.get": _get,
    "[method]bucket.set": _set,
    "[method]bucket.delete": _delete,
    "[method]bucket.exists": _exists,
}

INTERFACES: Final = (
    draft_interface(
        "keyvalue/store@0.2.0-draft",
        {"open": _opening(NumberingBucket), "[method]bucket.list-keys": _list_numbered, **_ONE_KEY},
        (HostResource("bucket", weight=_BYTES),),
    ),
    draft_interface(
        "keyvalue/store@0.2.0-draft2",
        {"open": _opening(Bucket), "[method]bucket.list-keys": _list_named, **_ONE_KEY},
        (HostResource("bucket"),),
    ),
)
"""The interface, as both drafts have it."""
