"""The streams of a connection, and what a guest waits for at a socket for streams."""

from __future__ import annotations

from airssys_tui.engine.host import FUEL_PER_WORK, HostContext
from airssys_tui.engine.waiting import READABLE, WRITABLE, Waitable
from airssys_tui.host.doors.network.sockets.byte_flow import MOST_LEFT, Direction
from airssys_tui.host.doors.network.sockets.socket_refusal import SocketRefusal
from airssys_tui.host.doors.network.sockets.tcp_socket import TcpSocket
from airssys_tui.host.wasi.input_stream import InputStream
from airssys_tui.host.wasi.output_stream import OutputStream
from airssys_tui.host.wasi.pollable import Pollable
from airssys_tui.host.wasi.stream_end import IoError, StreamClosed, StreamFailed


def _failed(refusal: SocketRefusal) -> StreamFailed:
    return StreamFailed(IoError(refusal.message, network=refusal.failure.value))


class TcpInput(InputStream):
    """What the other end of a connection sends; at its end when that end, or the guest, ended the direction.

    Args:
        socket: The connection, which lives on when the stream is dropped.
    """

    __slots__ = ("_socket",)

    def __init__(self, socket: TcpSocket) -> None:
        super().__init__()
        self._socket = socket

    def read(self, context: HostContext, most: int) -> bytes:
        """Return bytes that are there, or none if none has arrived.

        Raises:
            StreamClosed: At the end.
            StreamFailed: If the connection failed, or is not allowed any more.
        """
        context.charge(FUEL_PER_WORK)
        if self._socket.has_ended(Direction.RECEIVE):
            raise StreamClosed
        if not most:
            return b""
        try:
            data = self._socket.receive(context, most)
        except SocketRefusal as refusal:
            raise _failed(refusal) from refusal
        if data == b"":
            raise StreamClosed
        return data or b""

    def ready(self, _context: HostContext) -> bool:
        """Return whether something has arrived, the end or a failure included."""
        return self._socket.has_ended(Direction.RECEIVE) or self._socket.is_ready(READABLE)

    def waitable(self) -> Waitable:
        """Return the connection."""
        return self._socket.waitable(READABLE)


class TcpOutput(OutputStream):
    """What the other end of a connection is sent; closed when the guest ended the direction, or nobody reads.

    Args:
        socket: The connection, which lives on when the stream is dropped.
    """

    __slots__ = ("_socket",)

    def __init__(self, socket: TcpSocket) -> None:
        super().__init__()
        self._socket = socket

    def check_write(self, _context: HostContext) -> int:
        """Return the permit of one write once the system has taken the last one.

        Raises:
            StreamClosed: If the direction is over.
            StreamFailed: If the connection failed, or is not allowed any more.
        """
        self._require_open()
        try:
            return MOST_LEFT if self._socket.has_room() else 0
        except SocketRefusal as refusal:
            raise _failed(refusal) from refusal

    def write(self, context: HostContext, data: bytes) -> None:
        """Send; what the system has no room for is sent later.

        Raises:
            StreamClosed: If the direction is over.
            StreamFailed: If the connection failed, or is not allowed any more.
        """
        context.charge(FUEL_PER_WORK)
        self._require_open()
        try:
            self._socket.send(context, data)
        except SocketRefusal as refusal:
            raise _failed(refusal) from refusal
        self._require_open()

    def flush(self, _context: HostContext) -> None:
        """Do nothing: everything is on its way.

        Raises:
            StreamClosed: If the direction is over.
        """
        self._require_open()

    def ready(self, _context: HostContext) -> bool:
        """Return whether the system has taken the last write."""
        return self._socket.has_ended(Direction.SEND) or self._socket.may_send()

    def waitable(self) -> Waitable:
        """Return the connection."""
        return self._socket.waitable(WRITABLE)

    def _require_open(self) -> None:
        if self._socket.has_ended(Direction.SEND):
            raise StreamClosed


class SocketStep(Pollable):
    """Is ready when the step under way of a socket can be finished, or a conversation can be taken.

    Args:
        socket: The socket.
    """

    __slots__ = ("_socket",)

    def __init__(self, socket: TcpSocket) -> None:
        super().__init__()
        self._socket = socket

    def ready(self, _context: HostContext) -> bool:
        """Return whether the step can be finished; without one, there is nothing to wait for."""
        events = self._socket.awaited()
        return not events or self._socket.is_ready(events)

    def waitable(self) -> Waitable:
        """Return the socket."""
        return self._socket.waitable(self._socket.awaited())
