"""``airssys:core-host/config``: a component reads the ``[config]`` table of its manifest."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.types.interface import Function, Param
from airssys_tui.core.types.values import Some
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import OPTIONAL_STRING, PAIRS, STRING


def _get(context: HostContext, key: str) -> Some | None:
    tenant: Tenant = context.owner
    return next((Some(value) for name, value in tenant.config if name == key), None)


def _all(context: HostContext) -> list[tuple[str, str]]:
    tenant: Tenant = context.owner
    return list(tenant.config)


INTERFACE: Final = HostInterface(
    "airssys:core-host/config@1.0.0",
    (
        HostFunction(Function("get", (Param("key", STRING),), OPTIONAL_STRING), _get),
        HostFunction(Function("all", (), PAIRS), _all),
    ),
)
