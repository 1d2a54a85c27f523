"""``airssys:core-host/metrics``: a component reports its own measurements."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.types.interface import Function, Param, ValType
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import F64, PAIRS, STRING, U64


def _counter_add(context: HostContext, name: str, by: int, labels: list[tuple[str, str]]) -> None:
    tenant: Tenant = context.owner
    tenant.measures.add(name, by, labels)


def _gauge_set(context: HostContext, name: str, value: float, labels: list[tuple[str, str]]) -> None:
    tenant: Tenant = context.owner
    tenant.measures.set(name, value, labels)


def _histogram_record(context: HostContext, name: str, value: float, labels: list[tuple[str, str]]) -> None:
    tenant: Tenant = context.owner
    tenant.measures.record(name, value, labels)


def _params(number: str, type_: ValType) -> tuple[Param, ...]:
    return Param("name", STRING), Param(number, type_), Param("labels", PAIRS)


INTERFACE: Final = HostInterface(
    "airssys:core-host/metrics@1.0.0",
    (
        HostFunction(Function("counter-add", _params("by", U64)), _counter_add),
        HostFunction(Function("gauge-set", _params("value", F64)), _gauge_set),
        HostFunction(Function("histogram-record", _params("value", F64)), _histogram_record),
    ),
)
