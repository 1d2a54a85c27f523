"""Addresses, versions and error codes of ``wasi:sockets``, to and from the door, and what all sockets do alike."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import wraps
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final

from airssys_tui.core.types.values import Err, Ok, Variant
from airssys_tui.engine.host import FUEL_PER_WORK, HostContext
from airssys_tui.host.doors.network.connecting import SocketAddress
from airssys_tui.host.doors.network.sockets.held_socket import HeldSocket
from airssys_tui.host.doors.network.sockets.socket_door import SocketDoor
from airssys_tui.host.doors.network.sockets.socket_options import Option
from airssys_tui.host.doors.network.sockets.socket_refusal import SocketFailure, SocketRefusal
from airssys_tui.host.doors.network.sockets.tcp_socket import TcpSocket
from airssys_tui.host.doors.network.sockets.udp_socket import UdpSocket
from airssys_tui.host.network_values import ip_value
from airssys_tui.host.tenant import Tenant
from airssys_tui.host.wasi.sockets.socket_networks import Network

FAMILIES: Final = {4: "ipv4", 6: "ipv6"}
VERSIONS: Final = {"ipv4": 4, "ipv6": 6}

SOCKET_BYTES: Final = 1024
"""Bytes of memory that a socket is counted with; the system's buffers come on top."""


def socket_door(context: HostContext) -> SocketDoor:
    """Return the door to sockets of the caller."""
    tenant: Tenant = context.owner
    return tenant.network.sockets


def answering(work: Callable[..., Any]) -> Callable[..., Any]:
    """Make a host function of what does its work: ``result<…, error-code>``, charged as one piece of work."""

    @wraps(work)
    def run(context: HostContext, *arguments: Any) -> Any:
        context.charge(FUEL_PER_WORK)
        try:
            return Ok(work(context, *arguments))
        except SocketRefusal as refusal:
            return Err(refusal.failure.value)

    return run


def reading(option: Option) -> Callable[..., Any]:
    """Return what reads an option of a socket."""

    def read(_context: HostContext, socket: HeldSocket) -> int | bool:
        value = socket.option(option)
        return bool(value) if option is Option.KEEP_ALIVE else value

    return answering(read)


def setting(option: Option) -> Callable[..., Any]:
    """Return what sets an option of a socket."""

    def set_(_context: HostContext, socket: HeldSocket, value: int) -> None:
        socket.set_option(option, int(value))

    return answering(set_)


def common_calls(resource: str) -> dict[str, Callable[..., Any]]:
    """Return the functions about addresses, which ``tcp-socket`` and ``udp-socket`` have alike."""
    return {
        f"[method]{resource}.start-bind": answering(_start_bind),
        f"[method]{resource}.finish-bind": answering(_finish_bind),
        f"[method]{resource}.local-address": answering(_local_address),
        f"[method]{resource}.remote-address": answering(_remote_address),
        f"[method]{resource}.address-family": _family,
    }


def _start_bind(context: HostContext, socket: TcpSocket | UdpSocket, _network: Network, where: Variant) -> None:
    socket.start_bind(context, read_address(where))


def _finish_bind(_context: HostContext, socket: TcpSocket | UdpSocket) -> None:
    socket.finish_bind()


def _local_address(_context: HostContext, socket: TcpSocket | UdpSocket) -> Variant:
    return address_value(socket.local_address())


def _remote_address(_context: HostContext, socket: TcpSocket | UdpSocket) -> Variant:
    return address_value(socket.remote_address())


def _family(_context: HostContext, socket: TcpSocket | UdpSocket) -> str:
    return FAMILIES[socket.version]


def read_address(value: Variant) -> SocketAddress:
    """Return an address that a guest gave. Flow information says nothing about where it is, and is not used.

    Raises:
        SocketRefusal: ``not-supported`` if it names a scope: the guard does not know one interface from another.
    """
    where = value.payload
    if value.case == "ipv4":
        return SocketAddress(IPv4Address(bytes(where["address"])), where["port"])
    if where["scope-id"]:
        raise SocketRefusal(SocketFailure.NOT_SUPPORTED, "addresses of one interface only are not possible")
    return SocketAddress(IPv6Address(struct.pack("!8H", *where["address"])), where["port"])


def address_value(where: SocketAddress) -> Variant:
    """Return an address for a guest."""
    address = ip_value(where.address)
    record = {"port": where.port, "address": address.payload}
    return Variant(address.case, record if address.case == "ipv4" else {**record, "flow-info": 0, "scope-id": 0})
