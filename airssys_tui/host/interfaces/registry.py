"""``airssys:core-host/registry``: the other components."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.types.interface import EnumOf, Field, Function, ListOf, OptionOf, Param, Record
from airssys_tui.core.types.values import Some
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import OPTIONAL_STRING, STRING, U64

MAX_LISTED: Final = 10_000

COMPONENT_ID: Final = Record((Field("namespace", STRING), Field("name", STRING)))
COMPONENT_VERSION: Final = Record(
    (
        Field("major", U64),
        Field("minor", U64),
        Field("patch", U64),
        Field("pre-release", OPTIONAL_STRING),
        Field("build", OPTIONAL_STRING),
    )
)
HEALTH: Final = EnumOf(("healthy", "degraded", "unhealthy", "unknown"))
STATE: Final = EnumOf(
    (
        "uninstalled",
        "installing",
        "installed",
        "starting",
        "running",
        "updating",
        "stopping",
        "stopped",
        "failed",
    )
)
COMPONENT_INFO: Final = Record(
    (
        Field("id", COMPONENT_ID),
        Field("version", OptionOf(COMPONENT_VERSION)),
        Field("state", STATE),
        Field("health", HEALTH),
        Field("interfaces", ListOf(STRING)),
    )
)


def _list_components(context: HostContext) -> list[dict[str, str]]:
    tenant: Tenant = context.owner
    known = sorted((found.id.namespace, found.id.name) for found in tuple(tenant.neighbours.values()))
    return [{"namespace": namespace, "name": name} for namespace, name in known[:MAX_LISTED]]


def _describe(context: HostContext, id_: dict[str, str]) -> Some | None:
    tenant: Tenant = context.owner
    wanted = id_["namespace"], id_["name"]
    # Look up by its parts: text that is not an identity then finds no entry instead of raising an error.
    found = tenant.neighbours.get(wanted)
    if found is None:
        return None
    return Some(
        {
            "id": id_,
            "version": None if found.version is None else Some(found.version),
            "state": found.state.value,
            "health": found.health.value,
            "interfaces": list(found.interfaces),
        }
    )


INTERFACE: Final = HostInterface(
    "airssys:core-host/registry@1.0.0",
    (
        HostFunction(Function("list-components", (), ListOf(COMPONENT_ID)), _list_components),
        HostFunction(Function("describe", (Param("id", COMPONENT_ID),), OptionOf(COMPONENT_INFO)), _describe),
    ),
)
