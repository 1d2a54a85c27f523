"""The resource ``fields`` of ``wasi:http/types``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from airssys_tui.core.types.values import Err, Ok, Variant
from airssys_tui.engine.host import HostContext
from airssys_tui.host.doors.exchange.header_fields import LINE_BYTES, Entry, FieldRefusal, Fields
from airssys_tui.host.wasi.charged_calls import charged

_DONE: Final = Ok()


def _answering(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return what it returns as ``result<…, header-error>``."""

    @wraps(work)
    def run(context: HostContext, *arguments: Any) -> Ok | Err:
        try:
            value = work(context, *arguments)
        except FieldRefusal as refusal:
            return Err(Variant(refusal.fault))
        return _DONE if value is None else Ok(value)

    return run


def _new(_context: HostContext) -> Fields:
    return Fields()


def _from_list(context: HostContext, entries: list[Entry]) -> Fields:
    context.charge_bytes(sum(len(name) + len(value) for name, value in entries))
    return Fields.written(entries)


def _get(context: HostContext, fields: Fields, name: str) -> list[bytes]:
    found = fields.get(name)
    context.charge_bytes(sum(map(len, found)))
    return found


def _has(_context: HostContext, fields: Fields, name: str) -> bool:
    return fields.has(name)


def _set(context: HostContext, fields: Fields, name: str, values: list[bytes]) -> None:
    size = sum(map(len, values))
    context.charge_bytes(size)
    context.keep(size + (LINE_BYTES + len(name)) * len(values))
    fields.set(name, values)


def _delete(_context: HostContext, fields: Fields, name: str) -> None:
    fields.delete(name)


def _append(context: HostContext, fields: Fields, name: str, value: bytes) -> None:
    context.charge_bytes(len(value))
    context.keep(LINE_BYTES + len(name) + len(value))
    fields.append(name, value)


def _entries(context: HostContext, fields: Fields) -> list[Entry]:
    context.charge_bytes(fields.size)
    return list(fields.entries())


def _clone(context: HostContext, fields: Fields) -> Fields:
    context.charge_bytes(fields.size)
    return fields.clone()


CALLS: Final[dict[str, Callable[..., Any]]] = {
    "[constructor]fields": charged(_new),
    "[static]fields.from-list": _answering(_from_list),
    "[method]fields.get": _get,
    "[method]fields.has": charged(_has),
    "[method]fields.set": _answering(_set),
    "[method]fields.delete": charged(_answering(_delete)),
    "[method]fields.append": _answering(_append),
    "[method]fields.entries": _entries,
    "[method]fields.clone": _clone,
}
"""Its functions."""
