"""``wasi:sockets/ip-name-lookup``: the addresses of a name, without waiting."""

from __future__ import annotations

from typing import Any, Final

from airssys_tui.core.types.values import Some
from airssys_tui.engine.host import HostContext, HostResource
from airssys_tui.engine.waiting import Waitable
from airssys_tui.host.doors.network.sockets.name_query import NameQuery
from airssys_tui.host.network_values import ip_value
from airssys_tui.host.wasi.pollable import Pollable
from airssys_tui.host.wasi.sockets.socket_networks import Network
from airssys_tui.host.wasi.sockets.socket_values import answering, socket_door
from airssys_tui.host.wasi.wasi_types import wasi_interface

_BYTES: Final = 4_096
"""Bytes of memory that one lookup with its addresses is counted with."""


class AddressStream(Pollable):
    """The value of a ``resolve-address-stream``; its own pollable.

    Args:
        query: The lookup.
    """

    __slots__ = ("query",)

    def __init__(self, query: NameQuery) -> None:
        super().__init__()
        self.query = query

    def ready(self, _context: HostContext) -> bool:
        """Return whether the answer is there."""
        return self.query.is_ready()

    def waitable(self) -> Waitable:
        """Return the lookup."""
        return self.query.waitable()


def _resolve(context: HostContext, _network: Network, name: str) -> AddressStream:
    return AddressStream(socket_door(context).look_up(context, name))


def _next(_context: HostContext, stream: AddressStream) -> Some | None:
    address = stream.query.next()
    return None if address is None else Some(ip_value(address))


def _subscribe(_context: HostContext, stream: AddressStream) -> AddressStream:
    return stream


def _drop(_context: Any, stream: AddressStream) -> None:
    stream.ended = True


INTERFACES: Final = (
    wasi_interface(
        "sockets/ip-name-lookup",
        {
            "resolve-addresses": answering(_resolve),
            "[method]resolve-address-stream.resolve-next-address": answering(_next),
            "[method]resolve-address-stream.subscribe": _subscribe,
        },
        (HostResource("resolve-address-stream", _drop, _BYTES),),
    ),
)
"""The interface."""
