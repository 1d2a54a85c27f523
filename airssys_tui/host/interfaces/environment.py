"""``airssys:ext-process/environment``: a component reads variables of the host's environment that it was granted."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.core.types.interface import Function, ListOf, Param, ResultOf
from airssys_tui.core.types.values import Ok, Some
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface
from airssys_tui.host.doors.programs.program_refusal import ProgramRefusal
from airssys_tui.host.doors.variables import granted_variables, read_variable
from airssys_tui.host.process_types import FUEL_PER_BYTE, FUEL_PER_CALL, PROCESS_ERROR, error_of
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import OPTIONAL_STRING, STRING


def _get(context: HostContext, name: str) -> Any:
    tenant: Tenant = context.owner
    context.charge(FUEL_PER_CALL)
    try:
        value = read_variable(tenant.guard, name, tenant.wasi.variables)
    except ProgramRefusal as refusal:
        return error_of(refusal)
    if value is None:
        return Ok()
    context.charge(FUEL_PER_BYTE * len(value))
    return Ok(Some(value))


def _list_granted(context: HostContext) -> list[str]:
    tenant: Tenant = context.owner
    context.charge(FUEL_PER_CALL)
    return granted_variables(tenant.guard)


INTERFACE: Final = HostInterface(
    "airssys:ext-process/environment@1.0.0",
    (
        HostFunction(Function("get", (Param("name", STRING),), ResultOf(OPTIONAL_STRING, PROCESS_ERROR)), _get),
        HostFunction(Function("list-granted", (), ListOf(STRING)), _list_granted),
    ),
)
