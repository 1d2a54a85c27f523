"""``wasi:http/outgoing-handler``: asking web servers, by the same rights as everything else on the network."""

from __future__ import annotations

from typing import Final

from airssys_tui.core.types.values import Err, Ok, Some
from airssys_tui.engine.host import HostContext
from airssys_tui.host.doors.exchange.http_messages import OutgoingRequest
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.wasi.charged_calls import charged
from airssys_tui.host.wasi.http.http_values import fault_value, value_of
from airssys_tui.host.wasi.wasi_types import wasi_interface


def _handle(context: HostContext, request: OutgoingRequest, times: Some | None) -> Ok | Err:
    tenant: Tenant = context.owner
    try:
        return Ok(tenant.network.exchange(context, request, value_of(times)))
    except NetworkRefusal as refusal:
        request.drop()
        return Err(fault_value(refusal.fault))


INTERFACES: Final = (wasi_interface("http/outgoing-handler", {"handle": charged(_handle)}),)
"""The interface, as the catalogue takes it."""
