"""Connecting to an address that was checked, and to no other: nothing is looked up here."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
from collections.abc import Sequence
from time import perf_counter_ns
from typing import Final

import msgspec

from airssys_tui.core.pattern.hosts import Address
from airssys_tui.engine.waiting import WRITABLE, Waitable
from airssys_tui.host.doors.network.destinations import Destination
from airssys_tui.host.doors.network.internet import Internet
from airssys_tui.host.doors.network.network_errors import NetworkRefusal, refusal_of
from airssys_tui.host.doors.network.operation_time import Patience, late

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


class Dialling:
    """Connects to the first of some addresses that answers, without waiting.

    An address that does not answer keeps no other one waiting for longer than half of the time that is left.

    Args:
        destinations: Where to, best first; at least one.
        port: The port.
        internet: The network.
        until_ns: Until when, in nanoseconds of ``perf_counter_ns``.
    """

    def __init__(self, destinations: Sequence[Destination], port: int, internet: Internet, until_ns: int) -> None:
        self._left = list(destinations)
        self._port = port
        self._internet = internet
        self._until_ns = self._due_ns = until_ns
        self._socket: socket.socket | None = None

    def advance(self) -> tuple[socket.socket, Destination] | None:
        """Do what can be done now; return the non-blocking socket and where it leads, or None if it has to wait.

        Raises:
            NetworkRefusal: ``refused``, ``timeout``, ``closed`` or ``failed``, of the last address.
        """
        while True:
            try:
                opened = self._try()
            except NetworkRefusal:
                self.close()
                self._left.pop(0)
                if not self._left:
                    raise
                if perf_counter_ns() >= self._until_ns:
                    raise late() from None
            else:
                return None if opened is None else (opened, self._left[0])

    def waitable(self) -> Waitable:
        """Return what it waits for."""
        return Waitable(self._due_ns, -1 if self._socket is None else self._socket.fileno(), WRITABLE)

    def close(self) -> None:
        """Give up the address that has not answered yet. Idempotent; from any thread."""
        opened, self._socket = self._socket, None
        if opened is not None:
            opened.close()

    def _try(self) -> socket.socket | None:
        opened = self._socket
        if opened is None:
            opened, number = self._begin()
        elif is_writable(opened):
            number = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        elif perf_counter_ns() >= self._due_ns:
            raise late()
        else:
            return None
        if number in _UNDER_WAY:
            return None
        if number:
            raise refusal_of(number, f"connecting to {SocketAddress(self._left[0].address, self._port)}")
        self._socket = None
        with contextlib.suppress(OSError):  # the other end may have gone, and whoever uses it finds out
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def _begin(self) -> tuple[socket.socket, int]:
        address, now = self._left[0].address, perf_counter_ns()
        share = 1 if len(self._left) == 1 else 2
        self._due_ns = now + max(0, self._until_ns - now) // share
        opened = self._socket = new_socket(address, socket.SOCK_STREAM)
        return opened, self._internet.connect(opened, (str(address), self._port))


def connected(
    destinations: Sequence[Destination], port: int, internet: Internet, patience: Patience
) -> tuple[socket.socket, Destination]:
    """Connect to the first address that answers; return the non-blocking socket and where it leads.

    Raises:
        NetworkRefusal: ``refused``, ``timeout``, ``closed`` or ``failed``, of the last address.
    """
    dialling = Dialling(destinations, port, internet, patience.until_ns)
    try:
        while (found := dialling.advance()) is None:
            patience.attend(dialling.waitable())
        return found
    finally:
        dialling.close()


def is_writable(opened: socket.socket) -> bool:
    """Return whether the system would take bytes now, or report trouble."""
    poll = select.poll()
    poll.register(opened, WRITABLE)
    return bool(poll.poll(0))


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
