"""``airssys:core-capabilities/introspection``: a component looks at its own rights, and asks for more."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.core.types.interface import Function, ListOf, Param
from airssys_tui.core.types.values import Variant
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface
from airssys_tui.host.permission_values import (
    CAPABILITY_GRANT,
    PERMISSION,
    PERMISSION_RESULT,
    denied,
    grant_value,
    permission_of,
    result_of,
)
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import STRING

MAX_GRANTED: Final = 256
MAX_RATIONALE: Final = 1_024
"""Bytes of a rationale at most."""

FUEL_PER_QUESTION: Final = 1_000
FUEL_PER_GRANT: Final = 100


def _granted(context: HostContext) -> list[dict[str, Any]]:
    tenant: Tenant = context.owner
    found = tenant.guard.in_force()[:MAX_GRANTED]
    context.charge(FUEL_PER_QUESTION + FUEL_PER_GRANT * len(found))
    return [grant_value(grant) for grant in found]


def _check(context: HostContext, asked: Variant) -> Variant:
    tenant: Tenant = context.owner
    context.charge(FUEL_PER_QUESTION)
    try:
        permission = permission_of(asked)
    except ValueError as error:
        return _malformed(asked, error)
    return result_of(asked, tenant.guard.look(permission))


def _request(context: HostContext, asked: Variant, rationale: str) -> Variant:
    tenant: Tenant = context.owner
    context.charge(FUEL_PER_QUESTION)
    try:
        permission = permission_of(asked)
    except ValueError as error:
        return _malformed(asked, error)
    size = len(rationale.encode())
    if size > MAX_RATIONALE:
        return denied(asked, "quota", f"the rationale has {size} bytes; the limit is {MAX_RATIONALE}")
    return result_of(asked, tenant.guard.ask(permission, rationale))


def _malformed(asked: Variant, error: ValueError) -> Variant:
    # No manifest can declare it and no operator can grant it.
    return denied(asked, "forbidden", str(error))


INTERFACE: Final = HostInterface(
    "airssys:core-capabilities/introspection@1.0.0",
    (
        HostFunction(Function("granted", (), ListOf(CAPABILITY_GRANT)), _granted),
        HostFunction(Function("check", (Param("permission", PERMISSION),), PERMISSION_RESULT), _check),
        HostFunction(
            Function("request", (Param("permission", PERMISSION), Param("rationale", STRING)), PERMISSION_RESULT),
            _request,
        ),
    ),
)
