"""A socket for streams: made, perhaps bound, then connected or set to listen.

::

    unbound ──start_bind──► binding ──finish_bind──► bound ──start_listen──► listen-started ──finish_listen──► listening
       │                                               │
       └───────────────── start_connect ───────────────┴──► connecting ──finish_connect──► connected

What the state does not allow is refused and changes nothing. A step towards a connection or a listener that fails
closes the socket; one of binding does not. Only connecting waits between its two steps. This is the machine of
https://github.com/WebAssembly/wasi-sockets/blob/main/TcpSocketOperationalSemantics.md.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Collection
from enum import StrEnum
from typing import Final

from airssys_tui.core.capability.permission import Access
from airssys_tui.engine.waiting import READABLE, WRITABLE
from airssys_tui.host.doors.network.connecting import SocketAddress
from airssys_tui.host.doors.network.holdings import Sort
from airssys_tui.host.doors.network.operation_time import Caller
from airssys_tui.host.doors.network.sockets.byte_flow import ByteFlow, Direction
from airssys_tui.host.doors.network.sockets.held_socket import (
    HeldSocket,
    require_one,
    require_peer,
    require_room,
)
from airssys_tui.host.doors.network.sockets.premises import Premises
from airssys_tui.host.doors.network.sockets.socket_options import Option
from airssys_tui.host.doors.network.sockets.socket_refusal import (
    CONNECTING,
    TAKING,
    SocketFailure,
    SocketRefusal,
    failed,
    invalid_state,
)
from airssys_tui.host.doors.network.streams import socket_address

MOST_BACKLOG: Final = 128
"""Conversations that may wait to be taken; also how many may if the component does not say."""

_UNDER_WAY: Final = frozenset({0, errno.EINPROGRESS, errno.EINTR})


class TcpState(StrEnum):
    """What a socket is."""

    UNBOUND = "unbound"
    BINDING = "bind-in-progress"
    BOUND = "bound"
    LISTEN_STARTED = "listen-in-progress"
    LISTENING = "listening"
    CONNECTING = "connect-in-progress"
    CONNECTED = "connected"
    CLOSED = "closed"


_ADDRESSED: Final = frozenset(TcpState) - {TcpState.UNBOUND, TcpState.BINDING, TcpState.CLOSED}
_BEFORE_LISTENING: Final = frozenset({TcpState.UNBOUND, TcpState.BINDING, TcpState.BOUND, TcpState.LISTEN_STARTED})


class TcpSocket(HeldSocket):
    """A socket for streams. Used on the thread of the call; closed by any.

    Args:
        premises: Where it is made.
        version: The version of the internet protocol, 4 or 6.
        taken: A connection that a listener took; a new socket if None.
        peer: The other end of that connection.
        accesses: What the listener needed.

    Raises:
        SocketRefusal: ``new-socket-limit``, ``not-supported`` or ``out-of-memory``.
    """

    __slots__ = ("_backlog", "_chosen", "_flow", "_peer", "_premises", "_state")

    def __init__(
        self,
        premises: Premises,
        version: int,
        taken: socket.socket | None = None,
        peer: SocketAddress | None = None,
        accesses: tuple[Access, ...] = (),
    ) -> None:
        self._premises = premises
        self._backlog = MOST_BACKLOG
        self._chosen: dict[Option, int] = {}
        self._flow: ByteFlow | None = None
        self._peer = peer
        self._state = TcpState.UNBOUND
        if taken is not None:
            self._begin_flow(taken)
        super().__init__(premises.holdings, Sort.CONNECTION, socket.SOCK_STREAM, version, taken)
        self.accesses = accesses

    @property
    def state(self) -> TcpState:
        """What it is; closed also when an operator or the end of its instance closed it."""
        return TcpState.CLOSED if self.closed else self._state

    # --- binding ------------------------------------------------------------------------------------------------------

    def start_bind(self, caller: Caller, where: SocketAddress) -> None:
        """Take an address of this machine; port 0 lets the system choose one.

        Raises:
            SocketRefusal: ``invalid-state``, ``invalid-argument``, ``access-denied``, ``address-in-use`` or
                ``address-not-bindable``.
        """
        self._require(TcpState.UNBOUND)
        self.require_version(where)
        require_one(where)
        access = self._premises.rights.listen(caller, where)
        with self.using() as opened:
            try:
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # past conversations keep no port
                opened.bind((str(where.address), where.port))
            except OSError as error:
                raise failed(error, f"taking {where}") from error
        self.accesses = (access,)
        self._state = TcpState.BINDING

    def finish_bind(self) -> None:
        """Finish binding.

        Raises:
            SocketRefusal: ``not-in-progress``.
        """
        self._require_progress(TcpState.BINDING)
        self._state = TcpState.BOUND

    # --- connecting ---------------------------------------------------------------------------------------------------

    def start_connect(self, caller: Caller, where: SocketAddress) -> None:
        """Begin to connect to an address.

        Raises:
            SocketRefusal: ``invalid-state``, ``concurrency-conflict``, ``invalid-argument``, ``access-denied`` or what
                connecting fails with; the socket is closed then, unless its state did not allow it.
        """
        if self.state is TcpState.CONNECTING:
            raise SocketRefusal(SocketFailure.CONCURRENCY_CONFLICT, "the socket is connecting already")
        self._require(TcpState.UNBOUND, TcpState.BOUND)
        try:
            self.require_version(where)
            require_one(where)
            require_peer(where)
            access = self._premises.rights.connect(caller, where)
            with self.using() as opened:
                number = self._premises.internet.connect(opened, (str(where.address), where.port))
            if number not in _UNDER_WAY:
                raise failed(number, f"connecting to {where}", CONNECTING)
        except SocketRefusal:
            self.close()
            raise
        self.accesses = (*self.accesses, access)
        self._peer = where
        self._state = TcpState.CONNECTING

    def finish_connect(self) -> None:
        """Finish connecting.

        Raises:
            SocketRefusal: ``not-in-progress``, ``would-block``, or what connecting fails with; the socket is closed
                then.
        """
        self._require_progress(TcpState.CONNECTING)
        if not self.is_ready(WRITABLE):
            raise SocketRefusal(SocketFailure.WOULD_BLOCK, "the other end has not answered yet")
        with self.using() as opened:
            number = opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not number:
                self._begin_flow(opened)
        if number:
            self.close()
            raise failed(number, f"connecting to {self._peer}", CONNECTING)

    def _begin_flow(self, opened: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the other end has left; whoever reads finds out
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._flow = ByteFlow(opened, self.close)
        self._state = TcpState.CONNECTED

    # --- listening ----------------------------------------------------------------------------------------------------

    def start_listen(self) -> None:
        """Begin to listen.

        Raises:
            SocketRefusal: ``invalid-state``; ``new-socket-limit`` or ``access-denied``, which close the socket.
        """
        self._require(TcpState.BOUND)
        try:
            with self.using():
                require_room(self._holdings, Sort.LISTENER, self.accesses[0])
        except SocketRefusal:
            self.close()
            raise
        self._holdings.move(self, Sort.LISTENER)
        self._state = TcpState.LISTEN_STARTED

    def finish_listen(self) -> None:
        """Finish beginning to listen.

        Raises:
            SocketRefusal: ``not-in-progress``; ``address-in-use`` or ``access-denied``, which close the socket.
        """
        self._require_progress(TcpState.LISTEN_STARTED)
        try:
            with self.using() as opened:
                opened.listen(self._backlog)
        except OSError as error:
            self.close()
            raise failed(error, "listening") from error
        self._state = TcpState.LISTENING

    def set_backlog(self, count: int) -> None:
        """Set how many conversations may wait to be taken; more than :data:`MOST_BACKLOG` are that many.

        Raises:
            SocketRefusal: ``invalid-argument``, ``invalid-state`` or ``not-supported``.
        """
        if not count:
            raise SocketRefusal(SocketFailure.INVALID_ARGUMENT, "at least one conversation has to be able to wait")
        self._require(TcpState.LISTENING, *_BEFORE_LISTENING)
        backlog = min(count, MOST_BACKLOG)
        if self._state is TcpState.LISTENING:
            with self.using() as opened:
                try:
                    opened.listen(backlog)
                except OSError as error:
                    raise SocketRefusal(SocketFailure.NOT_SUPPORTED, "the system does not change it") from error
        self._backlog = backlog

    def accept(self) -> TcpSocket:
        """Take the next conversation.

        Raises:
            SocketRefusal: ``invalid-state``, ``would-block``, ``access-denied``, ``connection-aborted`` or
                ``new-socket-limit``.
        """
        self._require(TcpState.LISTENING)
        with self.using() as opened:
            require_room(self._holdings, Sort.CONNECTION, self.accesses[0])
            try:
                taken, name = opened.accept()
            except BlockingIOError as error:
                raise SocketRefusal(SocketFailure.WOULD_BLOCK, "nobody waits to be taken") from error
            except OSError as error:
                raise failed(error, "accepting", TAKING) from error
        taken.setblocking(False)
        made = TcpSocket(self._premises, self.version, taken, socket_address(name), self.accesses)
        for option, value in self._chosen.items():  # not all systems hand them down
            made.set_option(option, value)
        return made

    # --- bytes --------------------------------------------------------------------------------------------------------

    def receive(self, caller: Caller, most: int) -> bytes | None:
        """Return at most so many bytes that are there; empty at the end, None if there are none yet.

        Raises:
            SocketRefusal: ``access-denied``, or how the connection failed.
        """
        flow = self._open_flow()
        with self.using():
            data = flow.receive(most)
        caller.charge(len(data or b""))
        return data

    def send(self, caller: Caller, data: bytes) -> None:
        """Take all bytes, as many as ``MOST_LEFT`` of the flow; what the system has no room for is sent later.

        Raises:
            SocketRefusal: ``would-block`` if there is no room, ``access-denied``, or how the connection failed.
        """
        caller.charge(len(data))
        flow = self._open_flow()
        with self.using():
            flow.send(data)

    def has_room(self) -> bool:
        """Return whether :meth:`send` takes bytes now.

        Raises:
            SocketRefusal: ``access-denied``, or how the connection failed.
        """
        flow = self._open_flow()
        with self.using():
            return flow.has_room()

    def may_send(self) -> bool:
        """Return whether :meth:`has_room` would return true or raise."""
        return self.closed or self._open_flow().may_go_on()

    def has_ended(self, direction: Direction) -> bool:
        """Return whether a direction is over: ended, left by the other end while sending, or closed with the socket."""
        return self.closed or self._open_flow().has_ended(direction)

    def shutdown(self, directions: Collection[Direction]) -> None:
        """End one direction or both; bytes that were written are sent first. Idempotent.

        Raises:
            SocketRefusal: ``invalid-state`` or ``access-denied``.
        """
        self._require(TcpState.CONNECTED)
        with self.using():
            for direction in directions:
                self._open_flow().end(direction)

    def _open_flow(self) -> ByteFlow:
        if self._flow is None:
            raise invalid_state("the socket is not connected")
        return self._flow

    # --- what it is ---------------------------------------------------------------------------------------------------

    def local_address(self) -> SocketAddress:
        """Return its own address.

        Raises:
            SocketRefusal: ``invalid-state`` or ``access-denied``.
        """
        self._require(*_ADDRESSED)
        return self._local_address()

    def remote_address(self) -> SocketAddress:
        """Return the address of the other end.

        Raises:
            SocketRefusal: ``invalid-state`` or ``access-denied``.
        """
        self._require(TcpState.CONNECTED)
        with self.using():
            assert self._peer is not None, "it is connected"  # noqa: S101 -- narrows the type
            return self._peer

    def set_option(self, option: Option, value: int) -> None:
        """Set an option, also for conversations that are taken later; see the base class."""
        super().set_option(option, value)
        self._chosen[option] = value

    def awaited(self) -> int:
        """Return the events that the step under way waits for; 0 if none is and there is nothing to wait for."""
        return {TcpState.CONNECTING: WRITABLE, TcpState.LISTENING: READABLE}.get(self.state, 0)

    def drop(self) -> None:
        """Close it; what was written to it is still sent, for ``LINGER_NS`` of the flow at most."""
        if self.closed or self._flow is None or not self._flow.leave():
            self.close()

    def _end(self) -> None:
        if self._flow is not None:
            self._flow.close()
        super()._end()

    def _require(self, *states: TcpState) -> None:
        if self.state not in states:
            raise invalid_state(f"the socket is {self.state}")

    def _require_progress(self, state: TcpState) -> None:
        if self.state is not state:
            raise SocketRefusal(SocketFailure.NOT_IN_PROGRESS, f"the socket is {self.state}")
