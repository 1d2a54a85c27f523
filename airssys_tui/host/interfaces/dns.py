"""``airssys:ext-network/dns``: finding machines by name."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.types.interface import ListOf, Param
from airssys_tui.core.types.values import Variant
from airssys_tui.engine.host import HostContext, HostInterface
from airssys_tui.host.network_values import IP_ADDRESS, ip_value, network_function
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import STRING


def _resolve(context: HostContext, name: str) -> list[Variant]:
    tenant: Tenant = context.owner
    return [ip_value(address) for address in tenant.network.resolve(context, name)]


INTERFACE: Final = HostInterface(
    "airssys:ext-network/dns@1.0.0",
    (network_function("resolve", _resolve, ListOf(IP_ADDRESS), Param("name", STRING)),),
)
