"""``airssys:core-host/storage``: a component's own keys and values.

Denied by default: a call that is not declared and granted returns ``denied`` and what would allow it. The default
policy grants it once it is declared.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from airssys_tui.core.errors import StorageRefusal, StoreError
from airssys_tui.core.keyvalue import (
    DeleteKey,
    Expect,
    Operation,
    SetKey,
    check_change,
    check_key,
    check_value,
    list_page,
)
from airssys_tui.core.types.interface import (
    Case,
    Field,
    Function,
    ListOf,
    OptionOf,
    Param,
    Record,
    ResultOf,
    ValType,
    VariantOf,
)
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface
from airssys_tui.host.storage_access import READ, READ_WRITE, WRITE, read_denial, storage_failure, write_denial
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import BOOL, OPTIONAL_STRING, PAYLOAD, STORAGE_ERROR, STRING, U32, U64

ENTRY: Final = Record((Field("key", STRING), Field("value", PAYLOAD)))
EXPECTATION: Final = Record((Field("key", STRING), Field("value", OptionOf(PAYLOAD))))
OPERATION: Final = VariantOf((Case("set", ENTRY), Case("delete", STRING), Case("expect", EXPECTATION)))
KEY_PAGE: Final = Record((Field("keys", ListOf(STRING)), Field("next", OPTIONAL_STRING)))
USAGE: Final = Record((Field("bytes", U64), Field("limit", U64), Field("keys", U64)))

_NOTHING: Final = Ok()


def _reading(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return errors as error values; no exception passes through the guest."""

    @wraps(work)
    def run(context: HostContext, *arguments: Any) -> Any:
        tenant: Tenant = context.owner
        denial = read_denial(tenant.guard)
        return _answer(work, context, arguments) if denial is None else _error("denied", denial.text)

    return run


def _writing(work: Callable[..., Any]) -> Callable[..., Any]:
    """Like :func:`_reading`, for functions that change the storage."""

    @wraps(work)
    def run(context: HostContext, *arguments: Any) -> Any:
        tenant: Tenant = context.owner
        denial = write_denial(tenant.guard)
        return _answer(work, context, arguments) if denial is None else _error("denied", denial.text)

    return run


def _answer(work: Callable[..., Any], context: HostContext, arguments: tuple[Any, ...]) -> Any:
    tenant: Tenant = context.owner
    try:
        return Ok(work(tenant, context.deadline_ns, *arguments))
    except (StorageRefusal, StoreError) as error:
        return _failed(tenant, error)


def _failed(tenant: Tenant, error: StorageRefusal | StoreError) -> Err:
    failure = storage_failure(tenant, error)
    return _error(failure.case, failure.text)


def _error(case: str, text: str) -> Err:
    return Err(Variant(case, text))


def _get(context: HostContext, key: str) -> Any:
    # Inlined, like `_set` and `_apply`: these are called most often.
    tenant: Tenant = context.owner
    if tenant.guard.open_storage is None:
        denial = tenant.guard.require(READ)
        if denial is not None:
            return _error("denied", denial.text)
    try:
        check_key(key)
        value = tenant.storage.get(key, context.deadline_ns)
    except (StorageRefusal, StoreError) as error:
        return _failed(tenant, error)
    if value is None:
        return _NOTHING
    return Ok(Some(Variant("text" if isinstance(value, str) else "binary", value)))


def _set(context: HostContext, key: str, value: Variant) -> Any:
    tenant: Tenant = context.owner
    if tenant.guard.open_storage is not READ_WRITE:
        denial = tenant.guard.require(WRITE)
        if denial is not None:
            return _error("denied", denial.text)
    try:
        check_key(key)
        check_value(value.payload)
        tenant.storage.set(key, value.payload, tenant.storage_terms, context.deadline_ns)
    except (StorageRefusal, StoreError) as error:
        return _failed(tenant, error)
    return _NOTHING


@_writing
def _delete(tenant: Tenant, deadline_ns: int, key: str) -> bool:
    check_key(key)
    return tenant.storage.delete(key, tenant.storage_terms, deadline_ns)


@_reading
def _exists(tenant: Tenant, deadline_ns: int, key: str) -> bool:
    check_key(key)
    return tenant.storage.exists(key, deadline_ns)


@_reading
def _list_keys(
    tenant: Tenant, deadline_ns: int, prefix: str, cursor: Some | None, limit: int
) -> dict[str, list[str] | Some | None]:
    page = list_page(tenant.storage, prefix, None if cursor is None else cursor.value, limit, deadline_ns)
    return {"keys": list(page.keys), "next": None if page.next is None else Some(page.next)}


@_reading
def _usage(tenant: Tenant, deadline_ns: int) -> dict[str, int]:
    used = tenant.storage.usage(deadline_ns)
    return {"bytes": used.bytes, "limit": tenant.storage_terms.quota, "keys": used.keys}


def _apply(context: HostContext, operations: list[Variant]) -> Any:
    tenant: Tenant = context.owner
    if tenant.guard.open_storage is not READ_WRITE:
        denial = tenant.guard.require(WRITE)
        if denial is not None:
            return _error("denied", denial.text)
    try:
        wanted = tuple([_MADE[operation.case](operation.payload) for operation in operations])
        check_change(wanted)
        tenant.storage.apply(wanted, tenant.storage_terms, context.deadline_ns)
    except (StorageRefusal, StoreError) as error:
        return _failed(tenant, error)
    return _NOTHING


def _set_key(said: dict[str, Any]) -> SetKey:
    return SetKey(said["key"], said["value"].payload)


def _expect(said: dict[str, Any]) -> Expect:
    value: Some | None = said["value"]
    return Expect(said["key"], None if value is None else value.value.payload)


_MADE: Final[dict[str, Callable[[Any], Operation]]] = {"set": _set_key, "delete": DeleteKey, "expect": _expect}
"""Makes an operation of the payload of each case."""


def _function(name: str, call: Callable[..., Any], result: ValType | None, **params: ValType) -> HostFunction:
    parameters = tuple(Param(key, type_) for key, type_ in params.items())
    return HostFunction(Function(name, parameters, ResultOf(result, STORAGE_ERROR)), call)


INTERFACE: Final = HostInterface(
    "airssys:core-host/storage@1.0.0",
    (
        _function("get", _get, OptionOf(PAYLOAD), key=STRING),
        _function("set", _set, None, key=STRING, value=PAYLOAD),
        _function("delete", _delete, BOOL, key=STRING),
        _function("exists", _exists, BOOL, key=STRING),
        _function("list-keys", _list_keys, KEY_PAGE, prefix=STRING, cursor=OPTIONAL_STRING, limit=U32),
        _function("usage", _usage, USAGE),
        _function("apply", _apply, None, operations=ListOf(OPERATION)),
    ),
)
