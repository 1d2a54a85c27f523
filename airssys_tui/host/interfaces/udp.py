"""``airssys:ext-network/udp``: single packets to and from other machines."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.core.types.interface import Borrow, Field, Own, Param, Record
from airssys_tui.engine.host import HostContext, HostInterface, HostResource
from airssys_tui.host.doors.network.datagrams import DatagramSocket
from airssys_tui.host.network_values import SOCKET_ADDRESS, U16, address_value, network_function
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import BYTES, STRING, U64

DATAGRAM: Final = Record((Field("sender", SOCKET_ADDRESS), Field("data", BYTES)))

_SELF: Final = Param("self", Borrow("socket"))
_WHERE: Final = (Param("host", STRING), Param("port", U16))

_WEIGHT: Final = 1024
"""Bytes that a socket is counted with; the system's buffers come on top."""


def _bind(context: HostContext, host: str, port: int) -> DatagramSocket:
    tenant: Tenant = context.owner
    return tenant.network.bind(context, host, port)


def _send_to(context: HostContext, socket: DatagramSocket, data: bytes, host: str, port: int) -> None:
    tenant: Tenant = context.owner
    socket.send_to(data, host, port, tenant.network.within(context))


def _receive_from(context: HostContext, socket: DatagramSocket, timeout: int) -> dict[str, Any]:
    tenant: Tenant = context.owner
    arrived = socket.receive_from(tenant.network.within(context, timeout))
    return {"sender": address_value(arrived.sender), "data": arrived.data}


def _address(_context: HostContext, socket: DatagramSocket) -> dict[str, Any]:
    return address_value(socket.address())


def _drop(_context: HostContext, dropped: DatagramSocket) -> None:
    dropped.close()


INTERFACE: Final = HostInterface(
    "airssys:ext-network/udp@1.0.0",
    (
        network_function("[static]socket.bind", _bind, Own("socket"), *_WHERE),
        network_function("[method]socket.send-to", _send_to, None, _SELF, Param("data", BYTES), *_WHERE),
        network_function("[method]socket.receive-from", _receive_from, DATAGRAM, _SELF, Param("timeout", U64)),
        network_function("[method]socket.address", _address, SOCKET_ADDRESS, _SELF),
    ),
    (HostResource("socket", _drop, _WEIGHT),),
)
