"""The door to sockets without a guest: with a guard by the rules, a network that ends at this machine, and a call."""

from __future__ import annotations

import contextlib
from ipaddress import ip_address

import pytest

from airssys_tui.engine.waiting import READABLE
from airssys_tui.host.doors.network.connecting import SocketAddress
from airssys_tui.host.doors.network.lookups import Lookups
from airssys_tui.host.doors.network.network_door import NetworkDoor
from airssys_tui.host.doors.network.sockets.association import Association
from airssys_tui.host.doors.network.sockets.socket_refusal import SocketRefusal
from airssys_tui.host.doors.network.sockets.tcp_socket import TcpSocket
from airssys_tui.host.doors.network.sockets.udp_socket import UdpSocket
from tests.support.network import EVERYTHING, HeldInternet, RuleGuard, StandingCall

LOOPBACK = {4: "127.0.0.1", 6: "::1"}


def at(port: int, address: str = "127.0.0.1") -> SocketAddress:
    """Return an address and a port."""
    return SocketAddress(ip_address(address), port)


class Desk:
    """A door to sockets, and the call that uses it.

    Args:
        granted: Permissions in text form; all of loopback if there are none.
        declared: What the manifest declares; the same if None.
    """

    def __init__(self, *granted: str, declared: tuple[str, ...] | None = None) -> None:
        self.guard = RuleGuard(*(granted or EVERYTHING), declared=declared)
        self.internet = HeldInternet()
        self.lookups = Lookups()
        self.door = NetworkDoor(self.guard, "c", contextlib.nullcontext, self.internet, self.lookups)
        self.sockets = self.door.sockets
        self.call = StandingCall()

    def await_step(self, socket: TcpSocket) -> None:
        """Wait for the step under way of a socket."""
        self.call.wait((socket.waitable(socket.awaited()),))

    def bound(self, version: int = 4, address: str | None = None) -> TcpSocket:
        """Return a socket with a free port of loopback."""
        made = self.sockets.tcp(self.call, version)
        made.start_bind(self.call, at(0, address or LOOPBACK[version]))
        made.finish_bind()
        return made

    def listening(self, version: int = 4) -> TcpSocket:
        """Return a listener at a free port of loopback."""
        made = self.bound(version)
        made.start_listen()
        made.finish_listen()
        return made

    def connected(self, where: SocketAddress) -> TcpSocket:
        """Return a connection to an address."""
        made = self.sockets.tcp(self.call, where.address.version)
        made.start_connect(self.call, where)
        self.await_step(made)
        made.finish_connect()
        return made

    def pair(self, version: int = 4) -> tuple[TcpSocket, TcpSocket]:
        """Return two ends of one connection, the one that was taken last."""
        listener = self.listening(version)
        began = self.connected(listener.local_address())
        self.await_step(listener)
        taken = listener.accept()
        listener.drop()
        return began, taken

    def await_bytes(self, socket: TcpSocket) -> bytes:
        """Wait for bytes, and return them; empty at the end."""
        while (data := socket.receive(self.call, 65_536)) is None:
            self.call.wait((socket.waitable(READABLE),))
        return data

    def udp(self, version: int = 4, address: str | None = None) -> UdpSocket:
        """Return a socket for datagrams with a free port of loopback."""
        made = self.sockets.udp(self.call, version)
        made.start_bind(self.call, at(0, address or LOOPBACK[version]))
        made.finish_bind()
        return made

    def await_packet(self, association: Association) -> bytes:
        """Wait for a packet, and return what it holds."""
        while not (found := association.receive(self.call, 1)):
            self.call.wait((association.waitable(sending=False),))
        return found[0].data


def refused(failure: str) -> pytest.RaisesExc[SocketRefusal]:
    """Check that a block fails in one way."""
    return pytest.raises(SocketRefusal, check=lambda refusal: refusal.failure == failure)
