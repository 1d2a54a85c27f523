"""Connecting to an address that was checked, and to no other: nothing is looked up here."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from typing import Final

import msgspec

from airssys_tui.core.pattern.hosts import Address
from airssys_tui.engine.waiting import WRITABLE
from airssys_tui.host.doors.network.destinations import Destination
from airssys_tui.host.doors.network.internet import Internet
from airssys_tui.host.doors.network.network_errors import NetworkRefusal, refusal_of
from airssys_tui.host.doors.network.operation_time import Patience

_UNDER_WAY: Final = frozenset({errno.EINPROGRESS, errno.EAGAIN, errno.EINTR})


class SocketAddress(msgspec.Struct, frozen=True):
    """An address and a port."""

    address: Address
    port: int

    def __str__(self) -> str:
        """Return both as in a URL."""
        return f"[{self.address}]:{self.port}" if self.address.version == 6 else f"{self.address}:{self.port}"


def family(address: Address) -> socket.AddressFamily:
    """Return the family of sockets for an address."""
    return socket.AF_INET6 if address.version == 6 else socket.AF_INET


def connected(
    destinations: Sequence[Destination], port: int, internet: Internet, patience: Patience
) -> tuple[socket.socket, Destination]:
    """Connect to the first address that answers; return the non-blocking socket and where it leads.

    An address that does not answer keeps no other one waiting for longer than half of the time that is left.

    Raises:
        NetworkRefusal: ``refused``, ``timeout`` or ``failed``, of the last address.
    """
    for number, destination in enumerate(destinations, start=1):
        last = number == len(destinations)
        try:
            return _connected(
                destination.address, port, internet, patience if last else patience.at_most(patience.left / 2)
            ), destination
        except NetworkRefusal:
            if last:
                raise
            patience.check()
    raise NetworkRefusal("failed", "there is no address to connect to")


def _connected(address: Address, port: int, internet: Internet, patience: Patience) -> socket.socket:
    where = SocketAddress(address, port)
    opened = new_socket(address, socket.SOCK_STREAM)
    try:
        number = internet.connect(opened, (str(address), port))
        if number in _UNDER_WAY:
            patience.wait(opened.fileno(), WRITABLE)
            number = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    except BaseException:
        opened.close()
        raise
    if number:
        opened.close()
        raise refusal_of(number, f"connecting to {where}")
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def new_socket(address: Address, type_: socket.SocketKind) -> socket.socket:
    """Make a non-blocking socket for an address, which no other program inherits.

    Raises:
        NetworkRefusal: ``failed``.
    """
    try:
        opened = socket.socket(family(address), type_)
    except OSError as error:
        raise refusal_of(error.errno or errno.EIO, "opening a socket") from error
    opened.setblocking(False)
    return opened


def bound(address: Address, port: int, type_: socket.SocketKind) -> socket.socket:
    """Make a non-blocking socket at an address and a port of this machine; 0 lets the system choose the port.

    Raises:
        NetworkRefusal: ``address-in-use`` or ``failed``.
    """
    opened = new_socket(address, type_)
    try:
        if address.version == 6:
            # Otherwise `::` would take what is sent to addresses of the fourth version, which was not asked for.
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if type_ is socket.SOCK_STREAM:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((str(address), port))
    except OSError as error:
        opened.close()
        raise refusal_of(error.errno or errno.EIO, f"taking {SocketAddress(address, port)}") from error
    return opened
