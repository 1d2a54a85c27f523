"""``wasi:keyvalue/batch``: several keys at a time; changes are made all or none, which the draft does not demand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from airssys_tui.core.errors import StorageRefusal
from airssys_tui.core.keyvalue import MAX_CHANGE, MAX_OPERATIONS, DeleteKey, Operation, SetKey, check_change
from airssys_tui.core.types.values import Some
from airssys_tui.engine.host import FUEL_PER_BYTE, FUEL_PER_WORK, HostContext
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.wasi.drafts.buckets import Bucket, as_bytes, read_value, reading, writing
from airssys_tui.host.wasi.drafts.draft_types import draft_interface


@reading
def _get_many(context: HostContext, bucket: Bucket, keys: list[str]) -> list[Some | None]:
    _bound(keys)
    found: list[Some | None] = []
    size = 0
    for key in keys:
        value = read_value(context, bucket.stored(key))
        if value is None:
            found.append(None)
            continue
        data = as_bytes(value)
        size += len(key) + len(data)
        if size > MAX_CHANGE:
            raise StorageRefusal("too-large", f"more than {MAX_CHANGE} bytes of keys and values at once: get fewer")
        found.append(Some((key, data)))
    return found


@writing
def _set_many(context: HostContext, bucket: Bucket, pairs: list[tuple[str, bytes]]) -> None:
    _bound(pairs)
    _apply(context, tuple([SetKey(bucket.stored(key), value) for key, value in pairs]))


@writing
def _delete_many(context: HostContext, bucket: Bucket, keys: list[str]) -> None:
    _bound(keys)
    _apply(context, tuple([DeleteKey(bucket.stored(key)) for key in keys]))


def _bound(many: Sequence[Any]) -> None:
    if len(many) > MAX_OPERATIONS:
        raise StorageRefusal("too-large", f"{len(many)} keys at once; the limit is {MAX_OPERATIONS}")


def _apply(context: HostContext, operations: tuple[Operation, ...]) -> None:
    tenant: Tenant = context.owner
    check_change(operations)
    moved = sum([len(one.key) + (len(one.value) if isinstance(one, SetKey) else 0) for one in operations])
    context.charge(FUEL_PER_WORK * (1 + len(operations)) + FUEL_PER_BYTE * moved)
    tenant.storage.apply(operations, tenant.storage_terms, context.deadline_ns)


INTERFACES: Final = tuple(
    draft_interface(
        f"keyvalue/batch@{version}",
        {"get-many": _get_many, "set-many": _set_many, "delete-many": _delete_many},
    )
    for version in ("0.2.0-draft", "0.2.0-draft2")
)
"""The interface, as both drafts have it."""
