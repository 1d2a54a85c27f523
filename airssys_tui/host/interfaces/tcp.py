"""``airssys:ext-network/tcp``: streams of bytes to and from other machines."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.core.types.interface import Borrow, EnumOf, Own, Param
from airssys_tui.engine.host import HostContext, HostInterface, HostResource
from airssys_tui.host.doors.network.streams import Connection, Listener
from airssys_tui.host.network_values import SOCKET_ADDRESS, U16, address_value, network_function
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.types import BYTES, STRING, U32, U64

SHUTDOWN_HOW: Final = EnumOf(("receive", "send", "both"))

_CONNECTION: Final = Param("self", Borrow("connection"))
_LISTENER: Final = Param("self", Borrow("listener"))
_WHERE: Final = (Param("host", STRING), Param("port", U16))

_WEIGHT: Final = 1024
"""Bytes that a socket is counted with; the system's buffers come on top."""


def _connect(context: HostContext, host: str, port: int, timeout: int) -> Connection:
    tenant: Tenant = context.owner
    return tenant.network.connect(context, host, port, timeout)


def _read(context: HostContext, connection: Connection, length: int) -> bytes:
    tenant: Tenant = context.owner
    return connection.read(length, tenant.network.within(context))


def _write(context: HostContext, connection: Connection, data: bytes) -> int:
    tenant: Tenant = context.owner
    return connection.write(data, tenant.network.within(context))


def _peer(_context: HostContext, connection: Connection) -> dict[str, Any]:
    return address_value(connection.peer())


def _close(_context: HostContext, connection: Connection, how: str) -> None:
    connection.end(how)


def _bind(context: HostContext, host: str, port: int) -> Listener:
    tenant: Tenant = context.owner
    return tenant.network.listen(context, host, port)


def _accept(context: HostContext, listener: Listener, timeout: int) -> Connection:
    tenant: Tenant = context.owner
    return listener.accept(tenant.network.within(context, timeout))


def _address(_context: HostContext, listener: Listener) -> dict[str, Any]:
    return address_value(listener.address())


def _drop(_context: HostContext, dropped: Connection | Listener) -> None:
    dropped.close()


INTERFACE: Final = HostInterface(
    "airssys:ext-network/tcp@1.0.0",
    (
        network_function("[static]connection.connect", _connect, Own("connection"), *_WHERE, Param("timeout", U64)),
        network_function("[method]connection.read", _read, BYTES, _CONNECTION, Param("len", U32)),
        network_function("[method]connection.write", _write, U32, _CONNECTION, Param("data", BYTES)),
        network_function("[method]connection.peer", _peer, SOCKET_ADDRESS, _CONNECTION),
        network_function("[method]connection.close", _close, None, _CONNECTION, Param("how", SHUTDOWN_HOW)),
        network_function("[static]listener.bind", _bind, Own("listener"), *_WHERE),
        network_function("[method]listener.accept", _accept, Own("connection"), _LISTENER, Param("timeout", U64)),
        network_function("[method]listener.address", _address, SOCKET_ADDRESS, _LISTENER),
    ),
    (HostResource("connection", _drop, _WEIGHT), HostResource("listener", _drop, _WEIGHT)),
)
