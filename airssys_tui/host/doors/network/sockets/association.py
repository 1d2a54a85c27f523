"""Packets between a socket and one peer, or anybody: what a socket for datagrams is associated with for the moment."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from airssys_tui.engine.waiting import READABLE, WRITABLE, Waitable
from airssys_tui.host.doors.network.connecting import SocketAddress
from airssys_tui.host.doors.network.datagrams import Datagram
from airssys_tui.host.doors.network.holdings import CALL_FUEL
from airssys_tui.host.doors.network.operation_time import Caller
from airssys_tui.host.doors.network.sockets.correspondents import Correspondents
from airssys_tui.host.doors.network.sockets.held_socket import AT_ONCE, HeldSocket, require_peer
from airssys_tui.host.doors.network.sockets.premises import Premises
from airssys_tui.host.doors.network.sockets.socket_refusal import (
    PACKETS,
    SocketFailure,
    SocketRefusal,
    failed,
    invalid_state,
)
from airssys_tui.host.doors.network.streams import socket_address

MOST_RECEIVED: Final = 16
"""Packets that one call may receive."""

MOST_BYTES: Final = 64 * 1024
"""Bytes after which one call receives no further packet."""

MOST_DROPPED: Final = 64
"""Packets that one look drops."""

MOST_DATAGRAM: Final = 65_535
"""Bytes of one packet, as it is looked at before the system is asked."""


class Outgoing(msgspec.Struct, frozen=True):
    """A packet to be sent.

    Attributes:
        data: What it holds.
        target: Where to; None for the peer of the association.
    """

    data: bytes
    target: SocketAddress | None = None


class Association:
    """Packets from and to one peer, or anybody. Used on the thread of the call.

    Args:
        owner: The socket.
        premises: Where the socket was made.
        peer: The one peer, or None.
        correspondents: Decides whose packets are taken; None if anybody's are.
    """

    __slots__ = ("_correspondents", "_looked_at", "_over", "_owner", "_premises", "_waiting", "peer")

    def __init__(
        self,
        owner: HeldSocket,
        premises: Premises,
        peer: SocketAddress | None,
        correspondents: Correspondents | None = None,
    ) -> None:
        self._correspondents = correspondents
        self._owner = owner
        self._premises = premises
        self._waiting = self._over = False
        self._looked_at: SocketAddress | None = None
        self.peer = peer

    def end(self) -> None:
        """Note that the socket has another association: from now on everything fails with ``invalid-state``."""
        self._over = True

    def receive(self, caller: Caller, most: int) -> list[Datagram]:
        """Return packets that are there: at most so many, :data:`MOST_RECEIVED` and about :data:`MOST_BYTES`.

        Those of others than the peer, and those that the component may not have, are dropped; after
        :data:`MOST_DROPPED` of them the rest is left for the next call.

        Raises:
            SocketRefusal: ``invalid-state``, ``access-denied``, or what was reported before any packet.
        """
        found: list[Datagram] = []
        size = dropped = 0
        with self._using() as opened:
            while len(found) < min(most, MOST_RECEIVED) and size < MOST_BYTES and dropped < MOST_DROPPED:
                try:
                    data, name = opened.recvfrom(MOST_DATAGRAM)
                except BlockingIOError:
                    break
                except OSError as error:
                    if found:
                        break
                    raise failed(error, "receiving", PACKETS) from error
                caller.charge(CALL_FUEL + len(data))
                sender = socket_address(name)
                taken, self._looked_at = self._takes(sender), None
                if taken:
                    found.append(Datagram(sender, data))
                    size += len(data)
                else:
                    dropped += 1
        return found

    def _takes(self, sender: SocketAddress) -> bool:
        """Return whether the component gets packets of somebody."""
        if self.peer is not None:
            return sender == self.peer  # what others had sent before the association is still there after it
        if self._correspondents is None:
            return True
        return self._correspondents.admit(sender, counted=sender == self._looked_at)

    def may_send(self) -> bool:
        """Return whether a packet may be sent now, or sending fails."""
        if self._is_over():
            return True
        self._waiting = self._waiting and not self._owner.is_ready(WRITABLE)
        return not self._waiting

    def require_working(self) -> None:
        """Refuse if the socket is closed, or has another association.

        Raises:
            SocketRefusal: ``invalid-state`` or ``access-denied``.
        """
        with self._using():
            pass

    def send(self, caller: Caller, packets: Sequence[Outgoing]) -> int:
        """Send packets until one fails or the system has no room; return how many it took.

        Raises:
            SocketRefusal: ``invalid-state``, or why the first one failed.
        """
        with self._using() as opened:
            for count, packet in enumerate(packets):
                try:
                    number = self._send(caller, opened, packet)
                except SocketRefusal:
                    if count:
                        return count
                    raise
                if number == errno.EAGAIN:
                    self._waiting = True
                    return count
        return len(packets)

    def _send(self, caller: Caller, opened: socket.socket, packet: Outgoing) -> int:
        """Send one packet; return 0, or ``EAGAIN`` if there is no room."""
        if len(packet.data) > MOST_DATAGRAM:
            raise SocketRefusal(SocketFailure.DATAGRAM_TOO_LARGE, f"a packet of {len(packet.data)} bytes")
        target = self._target(packet)
        access = self._premises.rights.connect(caller, target) if self.peer is None else None
        caller.charge(CALL_FUEL + len(packet.data))
        internet = self._premises.internet
        if self.peer is None:
            number = internet.send_to(opened, packet.data, (str(target.address), target.port))
        else:
            number = internet.send(opened, packet.data)
        if number not in {0, errno.EAGAIN}:
            raise failed(number, f"sending to {target}", PACKETS)
        if access is not None and self._correspondents is not None:
            self._correspondents.note(target, access)
        return number

    def _target(self, packet: Outgoing) -> SocketAddress:
        target = packet.target or self.peer
        if target is None:
            raise SocketRefusal(SocketFailure.INVALID_ARGUMENT, "the packet says not where to, and there is no peer")
        if self.peer not in {None, target}:
            raise SocketRefusal(SocketFailure.INVALID_ARGUMENT, f"{target} is not the peer")
        self._owner.require_version(target)
        require_peer(target)
        return target

    def is_ready(self, caller: Caller) -> bool:
        """Return whether :meth:`receive` would return a packet or raise; what it would drop is dropped."""
        if self._is_over():
            return True
        for _ in range(MOST_DROPPED):
            if not self._owner.is_ready(READABLE):
                return False
            if self._is_taken(caller):
                return True
        return False

    def _is_taken(self, caller: Caller) -> bool:
        """Drop the first packet if the component does not get it; return whether it does, or trouble is reported."""
        if self.peer is not None or self._correspondents is None:
            return True
        try:
            with self._using() as opened:
                sender = socket_address(opened.recvfrom(0, socket.MSG_PEEK)[1])
                if self._takes(sender):
                    self._looked_at = sender  # of the first packet that is there, until it is received
                    return True
                caller.charge(CALL_FUEL)
                opened.recvfrom(0)
                self._looked_at = None
        except BlockingIOError:
            return False
        except (OSError, SocketRefusal):
            return True  # whoever receives finds out
        return False

    def waitable(self, *, sending: bool) -> Waitable:
        """Return what has to be waited for until it may be ready to send, or to receive."""
        return AT_ONCE if self._is_over() else self._owner.waitable(WRITABLE if sending else READABLE)

    def _is_over(self) -> bool:
        return self._over or self._owner.closed

    @contextlib.contextmanager
    def _using(self) -> Iterator[socket.socket]:
        if self._over:
            raise invalid_state("the socket has another association")
        with self._owner.using() as opened:
            yield opened
