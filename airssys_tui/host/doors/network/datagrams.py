"""Single packets to and from other machines."""

from __future__ import annotations

import errno
import socket
from typing import Final

import msgspec

from airssys_tui.core.capability.permission import Access
from airssys_tui.engine.waiting import READABLE, WRITABLE, Waitable
from airssys_tui.host.doors.network.connecting import SocketAddress
from airssys_tui.host.doors.network.destinations import Destinations, network_access
from airssys_tui.host.doors.network.holdings import CALL_FUEL, Holdings, Opened, Sort
from airssys_tui.host.doors.network.internet import Internet
from airssys_tui.host.doors.network.network_errors import NetworkRefusal, refusal_of
from airssys_tui.host.doors.network.operation_time import Patience
from airssys_tui.host.doors.network.sockets.correspondents import Correspondents
from airssys_tui.host.doors.network.streams import socket_address

MOST_IN_PACKET: Final = 65_507
"""Bytes that one packet may hold."""


_AT_ONCE: Final = Waitable(due_ns=0)


class Datagram(msgspec.Struct, frozen=True):
    """A packet that arrived.

    Attributes:
        sender: Who sent it, as it says.
        data: What it holds.
    """

    sender: SocketAddress
    data: bytes


class DatagramSocket(Opened):
    """A place to send packets from and to receive them at.

    Args:
        holdings: Where it is counted.
        access: What each call on it needs.
        opened: The bound socket.
        destinations: Finds and checks where packets go.
        internet: Where they are sent.
        correspondents: Decides whose packets are taken; None if anybody's are, by the access.
    """

    __slots__ = ("_correspondents", "_destinations", "_family", "_internet")

    def __init__(
        self,
        holdings: Holdings,
        access: Access,
        opened: socket.socket,
        destinations: Destinations,
        internet: Internet,
        *,
        correspondents: Correspondents | None = None,
    ) -> None:
        self._correspondents = correspondents
        self._destinations = destinations
        self._internet = internet
        self._family = opened.family
        super().__init__(holdings, Sort.SOCKET, access, opened)

    def send_to(self, data: bytes, host: str, port: int, patience: Patience) -> None:
        """Send one packet to the first address of a host that this socket can reach.

        Raises:
            NetworkRefusal: ``too-large``, ``invalid-input``, ``denied``, ``name-not-resolved``, ``timeout``, ``closed``
                or ``failed``.
        """
        if len(data) > MOST_IN_PACKET:
            raise NetworkRefusal("too-large", f"{len(data)} bytes; a packet holds at most {MOST_IN_PACKET}")
        with self.using() as opened:
            version = 6 if self._family == socket.AF_INET6 else 4
            access = network_access("connect", host, port)
            target = self._destinations.find(access, patience, version=version)[0]
            patience.caller.charge(CALL_FUEL + len(data))
            address = (str(target.address), port)
            # The system may report here that an earlier packet was not taken; this one is still to be sent.
            failures = {errno.ECONNREFUSED}
            while number := self._internet.send_to(opened, data, address):
                if number == errno.EAGAIN:
                    patience.wait(opened.fileno(), WRITABLE)
                elif number in failures:
                    failures.discard(number)
                else:
                    raise refusal_of(number, f"sending to {SocketAddress(target.address, port)}")
            if self._correspondents is not None:
                self._correspondents.note(SocketAddress(target.address, port), target.access)

    def receive_from(self, patience: Patience) -> Datagram:
        """Return the next packet that the component may have, waiting for it; others are dropped.

        Raises:
            NetworkRefusal: ``denied``, ``timeout``, ``closed`` or ``failed``.
        """
        with self.using() as opened:
            patience.caller.charge(CALL_FUEL)
            failures = {errno.ECONNREFUSED}
            while True:
                try:
                    data, sender = opened.recvfrom(MOST_IN_PACKET)
                except (BlockingIOError, InterruptedError):
                    patience.wait(opened.fileno(), READABLE)
                except OSError as error:
                    if error.errno not in failures:
                        raise refusal_of(error.errno or errno.EIO, "receiving") from error
                    failures.discard(error.errno)
                else:
                    patience.caller.charge(len(data))
                    arrived = Datagram(socket_address(sender), data)
                    if self._correspondents is None or self._correspondents.admit(arrived.sender):
                        return arrived
                    patience.caller.charge(CALL_FUEL)
                    patience.attend(_AT_ONCE)  # whoever sends without end does not keep the call from ending
                    patience.check()

    def _require_still(self) -> None:
        if self._correspondents is None:  # else each packet is decided about
            super()._require_still()

    def address(self) -> SocketAddress:
        """Return where it is.

        Raises:
            NetworkRefusal: ``denied`` or ``closed``.
        """
        with self.using() as opened:
            return socket_address(opened.getsockname())
