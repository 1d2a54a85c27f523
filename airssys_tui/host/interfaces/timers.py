"""``airssys:core-host/timers``: a component schedules calls to itself."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.core.errors import CapacityError, UsageError
from airssys_tui.core.types.interface import Field, Function, ListOf, OptionOf, Param, Record
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import BOOL, STRING, U64, UNIT_OR_ERROR

TIMER: Final = Record((Field("name", STRING), Field("due-in", U64), Field("period", OptionOf(U64))))


def _set(context: HostContext, name: str, after_ms: int, period_ms: Some | None) -> Any:
    tenant: Tenant = context.owner
    if not tenant.handles_timers:
        return Err(Variant("unsupported", "airssys:core-component/timer-handler@1.0.0 is not exported"))
    try:
        tenant.alarms.set(name, after_ms, None if period_ms is None else period_ms.value)
    except UsageError as error:
        return Err(Variant("invalid-input", error.message))
    except CapacityError as error:
        return Err(Variant("unavailable", error.message))
    return Ok()


def _cancel(context: HostContext, name: str) -> bool:
    tenant: Tenant = context.owner
    return tenant.alarms.cancel(name)


def _list_timers(context: HostContext) -> list[dict[str, Any]]:
    tenant: Tenant = context.owner
    return [
        {"name": name, "due-in": due_in, "period": None if period is None else Some(period)}
        for name, due_in, period in tenant.alarms.list()
    ]


INTERFACE: Final = HostInterface(
    "airssys:core-host/timers@1.0.0",
    (
        HostFunction(
            Function(
                "set",
                (Param("name", STRING), Param("after-ms", U64), Param("period-ms", OptionOf(U64))),
                UNIT_OR_ERROR,
            ),
            _set,
        ),
        HostFunction(Function("cancel", (Param("name", STRING),), BOOL), _cancel),
        HostFunction(Function("list-timers", (), ListOf(TIMER)), _list_timers),
    ),
)
