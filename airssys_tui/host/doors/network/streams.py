"""Streams of bytes to and from other machines: connections, and listeners that take them."""

from __future__ import annotations

import errno
import socket
from ipaddress import ip_address
from typing import Final

from airssys_tui.core.capability.permission import Access
from airssys_tui.engine.waiting import READABLE
from airssys_tui.host.doors.network.byte_channel import Wire, shut
from airssys_tui.host.doors.network.connecting import SocketAddress
from airssys_tui.host.doors.network.holdings import CALL_FUEL, MOST_MOVED, Holdings, Opened, Sort
from airssys_tui.host.doors.network.network_errors import NetworkRefusal, refusal_of
from airssys_tui.host.doors.network.operation_time import Patience

_HOW: Final = {"receive": socket.SHUT_RD, "send": socket.SHUT_WR, "both": socket.SHUT_RDWR}
_AGAIN: Final = frozenset({errno.ECONNABORTED, errno.EINTR, errno.EPROTO})
"""Errors of one who knocked and left, which say nothing about the listener."""


class Connection(Opened):
    """One conversation.

    Args:
        holdings: Where it is counted.
        access: What each call on it needs.
        opened: The connected socket.
        peer: The other end.
    """

    __slots__ = ("_ended", "_peer", "_wire")

    def __init__(self, holdings: Holdings, access: Access, opened: socket.socket, peer: SocketAddress) -> None:
        self._wire = Wire(opened)
        self._peer = peer
        self._ended: set[str] = set()
        super().__init__(holdings, Sort.CONNECTION, access, opened)

    def read(self, length: int, patience: Patience) -> bytes:
        """Return at most so many bytes, waiting for the first ones; empty when the peer has ended.

        Raises:
            NetworkRefusal: ``invalid-input``, ``denied``, ``timeout``, ``closed`` or ``failed``.
        """
        check_length(length)
        with self.using():
            self._check("receive")
            patience.caller.charge(CALL_FUEL)
            data = self._wire.receive(length, patience)
            patience.caller.charge(len(data))
            return data

    def write(self, data: bytes, patience: Patience) -> int:
        """Write, waiting until the system takes at least one byte; return how many it took.

        Raises:
            NetworkRefusal: ``too-large``, ``denied``, ``timeout``, ``closed`` or ``failed``.
        """
        if len(data) > MOST_MOVED:
            raise NetworkRefusal("too-large", f"{len(data)} bytes; one call writes at most {MOST_MOVED}")
        with self.using():
            self._check("send")
            patience.caller.charge(CALL_FUEL)
            if not data:
                return 0
            sent = self._wire.send(memoryview(data), patience)
            patience.caller.charge(sent)
            return sent

    def peer(self) -> SocketAddress:
        """Return the other end.

        Raises:
            NetworkRefusal: ``denied`` or ``closed``.
        """
        with self.using():
            return self._peer

    def end(self, how: str) -> None:
        """End one direction or both.

        Args:
            how: ``receive``, ``send`` or ``both``.

        Raises:
            NetworkRefusal: ``denied`` or ``closed``.
        """
        with self.using() as opened:
            if how != "both":
                self._check(how)
            shut(opened, _HOW[how])
            self._ended |= {"receive", "send"} if how == "both" else {how}
        if how == "both":
            self.close()

    def _check(self, direction: str) -> None:
        if direction in self._ended:
            raise NetworkRefusal("closed", f"its direction `{direction}` was ended")


class Listener(Opened):
    """Takes conversations that others begin.

    Args:
        holdings: Where it is counted, and the conversations that it takes.
        access: What each call on it needs, and each call on a conversation that it takes.
        opened: The bound socket.

    Raises:
        NetworkRefusal: ``address-in-use`` or ``failed``.
    """

    __slots__ = ()

    BACKLOG: Final = 16
    """Conversations that may wait to be taken."""

    def __init__(self, holdings: Holdings, access: Access, opened: socket.socket) -> None:
        try:
            opened.listen(self.BACKLOG)
        except OSError as error:
            opened.close()
            raise refusal_of(error.errno or errno.EIO, "listening") from error
        super().__init__(holdings, Sort.LISTENER, access, opened)

    def accept(self, patience: Patience) -> Connection:
        """Take the next conversation, waiting for it.

        Raises:
            NetworkRefusal: ``denied``, ``timeout``, ``closed`` or ``failed``.
        """
        with self.using() as opened:
            self._holdings.require_room(Sort.CONNECTION, self.access)
            patience.caller.charge(CALL_FUEL)
            while True:
                try:
                    taken, _ = opened.accept()
                except (BlockingIOError, InterruptedError):
                    patience.wait(opened.fileno(), READABLE)
                except OSError as error:
                    if error.errno not in _AGAIN:
                        raise refusal_of(error.errno or errno.EIO, "accepting") from error
                    patience.check()
                else:
                    return self._conversation(taken)

    def _conversation(self, taken: socket.socket) -> Connection:
        taken.setblocking(False)
        try:
            peer = socket_address(taken.getpeername())
        except OSError as error:  # it has left already
            taken.close()
            raise refusal_of(error.errno or errno.EIO, "accepting") from error
        return Connection(self._holdings, self.access, taken, peer)

    def address(self) -> SocketAddress:
        """Return where it listens.

        Raises:
            NetworkRefusal: ``denied`` or ``closed``.
        """
        with self.using() as opened:
            return socket_address(opened.getsockname())


def socket_address(name: tuple[str, int, *tuple[int, ...]]) -> SocketAddress:
    """Return the address and the port in the name that the system gives a socket."""
    return SocketAddress(ip_address(name[0].partition("%")[0]), name[1])


def check_length(length: int) -> None:
    """Check how many bytes one call may read.

    Raises:
        NetworkRefusal: ``invalid-input``.
    """
    if not 1 <= length <= MOST_MOVED:
        raise NetworkRefusal("invalid-input", f"{length} bytes; one call reads 1 to {MOST_MOVED}")
