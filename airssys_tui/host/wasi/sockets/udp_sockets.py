"""``wasi:sockets/udp`` and ``udp-create-socket``: sockets for datagrams, and the two streams of what they exchange."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.core.errors import HostFault
from airssys_tui.core.types.values import Some
from airssys_tui.engine.host import HostContext, HostResource
from airssys_tui.engine.waiting import Waitable
from airssys_tui.host.doors.network.sockets.association import Association, Outgoing
from airssys_tui.host.doors.network.sockets.socket_options import Option
from airssys_tui.host.doors.network.sockets.socket_refusal import SocketRefusal
from airssys_tui.host.doors.network.sockets.udp_socket import UdpSocket
from airssys_tui.host.wasi.pollable import Moment, Pollable
from airssys_tui.host.wasi.sockets.socket_values import (
    SOCKET_BYTES,
    VERSIONS,
    address_value,
    answering,
    common_calls,
    read_address,
    reading,
    setting,
    socket_door,
)
from airssys_tui.host.wasi.wasi_types import wasi_interface

MOST_PERMITTED: Final = 16
"""Packets of one ``send``."""


class IncomingDatagrams(Pollable):
    """The value of an ``incoming-datagram-stream``; its own pollable.

    Args:
        association: What the socket was associated with when it was made.
    """

    __slots__ = ("association",)

    def __init__(self, association: Association) -> None:
        super().__init__()
        self.association = association

    def ready(self, context: HostContext) -> bool:
        """Return whether a packet for the component has arrived, or a failure."""
        return self.association.is_ready(context)

    def waitable(self) -> Waitable:
        """Return the socket."""
        return self.association.waitable(sending=False)


class OutgoingDatagrams(Pollable):
    """The value of an ``outgoing-datagram-stream``; its own pollable.

    Args:
        association: What the socket was associated with when it was made.

    Attributes:
        permit: Packets that ``check-send`` has permitted for the next ``send``.
    """

    __slots__ = ("association", "permit")

    def __init__(self, association: Association) -> None:
        super().__init__()
        self.association = association
        self.permit = 0

    def ready(self, _context: HostContext) -> bool:
        """Return whether the system has room again."""
        return self.association.may_send()

    def waitable(self) -> Waitable:
        """Return the socket."""
        return self.association.waitable(sending=True)


def _create(context: HostContext, family: str) -> UdpSocket:
    return socket_door(context).udp(context, VERSIONS[family])


def _stream(context: HostContext, socket: UdpSocket, peer: Some | None) -> tuple[IncomingDatagrams, OutgoingDatagrams]:
    association = socket.associate(context, None if peer is None else read_address(peer.value))
    return IncomingDatagrams(association), OutgoingDatagrams(association)


def _subscribe(_context: HostContext, _socket: UdpSocket) -> Moment:
    return Moment(0)  # no operation of the socket itself waits


def _receive(context: HostContext, stream: IncomingDatagrams, most: int) -> list[dict[str, Any]]:
    return [
        {"data": each.data, "remote-address": address_value(each.sender)}
        for each in stream.association.receive(context, most)
    ]


def _check_send(_context: HostContext, stream: OutgoingDatagrams) -> int:
    stream.permit = 0
    stream.association.require_working()
    stream.permit = MOST_PERMITTED if stream.association.may_send() else 0
    return stream.permit


def _send(context: HostContext, stream: OutgoingDatagrams, datagrams: list[dict[str, Any]]) -> int:
    if len(datagrams) > stream.permit:
        raise HostFault(f"{len(datagrams)} datagrams are sent, and check-send permits {stream.permit}")
    stream.permit = 0
    packets: list[Outgoing] = []
    try:
        # What comes before an address that cannot be used is sent.
        packets.extend(_packet(each["data"], each["remote-address"]) for each in datagrams)
    except SocketRefusal:
        if not packets:
            raise
    return stream.association.send(context, packets)


def _packet(data: bytes, target: Some | None) -> Outgoing:
    return Outgoing(data, None if target is None else read_address(target.value))


def _itself(_context: HostContext, stream: Pollable) -> Pollable:
    return stream


def _drop(_context: Any, socket: UdpSocket) -> None:
    socket.close()


def _drop_stream(_context: Any, stream: Pollable) -> None:
    stream.ended = True


INTERFACES: Final = (
    wasi_interface(
        "sockets/udp",
        {
            "[method]udp-socket.stream": answering(_stream),
            **common_calls("udp-socket"),
            "[method]udp-socket.unicast-hop-limit": reading(Option.HOP_LIMIT),
            "[method]udp-socket.set-unicast-hop-limit": setting(Option.HOP_LIMIT),
            "[method]udp-socket.receive-buffer-size": reading(Option.RECEIVE_BUFFER),
            "[method]udp-socket.set-receive-buffer-size": setting(Option.RECEIVE_BUFFER),
            "[method]udp-socket.send-buffer-size": reading(Option.SEND_BUFFER),
            "[method]udp-socket.set-send-buffer-size": setting(Option.SEND_BUFFER),
            "[method]udp-socket.subscribe": _subscribe,
            "[method]incoming-datagram-stream.receive": answering(_receive),
            "[method]incoming-datagram-stream.subscribe": _itself,
            "[method]outgoing-datagram-stream.check-send": answering(_check_send),
            "[method]outgoing-datagram-stream.send": answering(_send),
            "[method]outgoing-datagram-stream.subscribe": _itself,
        },
        (
            HostResource("udp-socket", _drop, SOCKET_BYTES),
            HostResource("incoming-datagram-stream", _drop_stream),
            HostResource("outgoing-datagram-stream", _drop_stream),
        ),
    ),
    wasi_interface("sockets/udp-create-socket", {"create-udp-socket": answering(_create)}),
)
"""Both interfaces."""
