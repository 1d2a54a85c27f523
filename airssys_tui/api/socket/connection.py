"""The server's end of one connection: handshake, questions, and limits on each client.

A connection is a state machine on the server's event loop::

    opened --Hello--> serving --the client leaves--> over
       |                 |
       +-- refused       +-- faulty   it sent a malformed message, or did not finish one in time
           too many      +-- slow     it does not read what is sent to it
           wrong user    +-- refused  it has asked nothing for long, and another one needs the place
           wrong version

The cost of a client is bounded, whatever the client sends. So a timer runs in every state in which the
server waits for the client: until its ``Hello`` (5 s), until the rest of a frame (10 s), until it reads again (10 s).
Frames, questions in flight and unsent bytes are limited as well (:class:`ServingLimits`).

A connection takes a place for clients only once it has said ``Hello``: those that say nothing keep nobody out.

A question is answered either at once or when its future ends. That happens on a thread of the runtime, which only hands
the future over: the server's loop encodes and sends. Before the server answers a client that follows, it sends the
changes that led to the answer, so that a screen never sees "done" before it sees the result.

A read-only connection is refused every method that is not listed as reading. The client receives errors of the api as
answers, and also a fault in the runtime: the connection stays open.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from airssys_tui import __version__
from airssys_tui.api import wire
from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.socket.address import is_trusted, peer_user
from airssys_tui.api.socket.frames import (
    MAX_COMMAND,
    MAX_HELLO,
    MAX_QUESTION,
    PROTOCOL,
    STATUS,
    Access,
    Answer,
    Ask,
    Failure,
    Hello,
    Refused,
    ServingReport,
    Splitter,
    Welcome,
    frame,
    read_hello,
)
from airssys_tui.api.socket.methods import METHODS, Method
from airssys_tui.api.socket.wire_errors import fault_of
from airssys_tui.core.errors import AirssysError, Overcrowded, ProtocolMismatch, ReadOnlyAccess, Unreachable, UsageError
from airssys_tui.core.text import one_line
from airssys_tui.core.units import KIB, MIB

_read_ask = wire.untouched(Ask)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingLimits:
    """Limits of the server.

    Attributes:
        clients: Maximum simultaneous clients: connections that have said hello.
        silent: Maximum simultaneous connections that have not.
        idle: Seconds after which a client that follows nothing and asks nothing may lose its place to another.
        in_flight: Maximum unanswered questions of one client.
        hello: Seconds within which a client has to send its ``Hello``.
        frame: Seconds within which a frame has to be complete.
        write: Seconds for which a client may leave the send buffer full.
        unsent: Maximum unsent bytes for one client.
        pulse: Seconds between two checks for changes.
        beat: Seconds without a message after which the server sends a ``Beat`` to a client that follows.
    """

    clients: int = 64
    silent: int = 64
    idle: float = 30.0
    in_flight: int = 64
    hello: float = 5.0
    frame: float = 10.0
    write: float = 10.0
    unsent: int = 96 * MIB
    pulse: float = 0.25
    beat: float = 2.0


class End(StrEnum):
    """Why a connection ended; the server counts each."""

    LEFT = "left"
    REFUSED = "refused"
    FAULTY = "faulty"
    SLOW = "slow"


class Host(Protocol):
    """The server as its connections see it."""

    api: RuntimeApi
    limits: ServingLimits
    epoch: str
    pid: int
    folder: str

    def arrive(self, connection: Connection) -> None:
        """Register a connection that has said nothing yet."""
        ...

    def admit(self, connection: Connection) -> AirssysError | None:
        """Register a connection that has said hello as a client; return why there is no room for it, or None."""
        ...

    def follow(self, connection: Connection) -> None:
        """Send a connection the full state now, and every later change."""
        ...

    def catch_up(self, connection: Connection) -> None:
        """Send a connection all changes up to now."""
        ...

    def forget(self, connection: Connection, end: End, reason: str) -> None:
        """Unregister a connection."""
        ...

    def report(self) -> ServingReport:
        """Return how the socket is used."""
        ...


class Connection(asyncio.Protocol):
    """One connected client, on the server's loop.

    Args:
        host: The server.

    Attributes:
        position: Generation and event number that the client has; None until it follows.
        version: Version of the server's mirror that the client has.
        sent: Bytes sent to it.
        gone: Set when the connection is over.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._splitter = Splitter(MAX_HELLO)
        self._hello: Hello | None = None
        self._pending: set[int] = set()
        self._hello_late: asyncio.TimerHandle | None = None
        self._frame_late: asyncio.TimerHandle | None = None
        self._read_late: asyncio.TimerHandle | None = None
        self._end = End.LEFT
        self._reason = ""
        self._heard = self._loop.time()
        self.gone = asyncio.Event()
        self.position: tuple[int, int] | None = None
        self.version = -1
        self.sent = 0

    @property
    def name(self) -> str:
        """Name that the client gave itself."""
        return one_line(self._hello.client, 40) if self._hello is not None else "unknown"

    @property
    def clogged(self) -> bool:
        """Whether the client has left the send buffer full."""
        return self._read_late is not None

    @property
    def idle(self) -> float:
        """Seconds for which the client has asked nothing; 0 if it follows, waits for an answer or does not read."""
        if self.position is not None or self._pending or self.clogged:
            return 0.0
        return self._loop.time() - self._heard

    @property
    def open(self) -> bool:
        """Whether the connection can send messages."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first message, unless the client is refused."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - always so for a stream server
        self._transport = transport
        transport.set_write_buffer_limits(high=256 * KIB, low=64 * KIB)
        self._hello_late = self._loop.call_later(self._host.limits.hello, self._fail, "no hello in time")
        peer: socket.socket = transport.get_extra_info("socket")
        self._host.arrive(self)
        if not is_trusted(peer_user(peer)):
            self.end(End.REFUSED, Unreachable("this runtime belongs to another user"))

    def data_received(self, data: bytes) -> None:
        """Process received bytes; disconnect a client that sends a malformed message."""
        self._heard = self._loop.time()
        try:
            for payload in self._splitter.feed(data):
                if not self.open:
                    return
                self._take(payload)
        except ProtocolMismatch as error:
            self.end(End.FAULTY, error)
        except (msgspec.DecodeError, RecursionError) as error:
            self.end(End.FAULTY, ProtocolMismatch(f"malformed message: {one_line(str(error))}"))
        self._expect_rest()

    def eof_received(self) -> bool | None:
        """End the connection when the client stops sending."""
        return None

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio calls it
        """Drop all pending answers of the client."""
        for timer in (self._hello_late, self._frame_late, self._read_late):
            if timer is not None:
                timer.cancel()
        self._pending.clear()
        self._transport = None
        self.gone.set()
        self._host.forget(self, self._end, self._reason)

    def pause_writing(self) -> None:
        """The send buffer is full: give the client some time to read."""
        self._read_late = self._loop.call_later(self._host.limits.write, self._too_slow)

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._read_late is not None:
            self._read_late.cancel()
            self._read_late = None

    def send(self, frames: Sequence[bytes]) -> None:
        """Send frames; disconnect a client with too many unsent bytes."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > self._host.limits.unsent:
            self._too_slow()
            return
        for one in frames:
            self.sent += len(one)
            self._transport.write(one)

    def end(self, end: End, error: AirssysError | None = None) -> None:
        """End the connection; send the reason if the client still reads."""
        if not self.open or self._transport is None:
            return
        self._end, self._reason = end, str(error or "")
        transport = self._transport
        if error is not None:
            self.send([frame(Refused(fault_of(error)))])
        transport.close()
        self._loop.call_later(1.0, self.abort)

    def make_room(self) -> None:
        """End the connection because another one needs its place."""
        self.end(
            End.REFUSED,
            Overcrowded("another client needed the place of this one, which asked nothing", remedy="connect again"),
        )

    def _take(self, payload: bytes) -> None:
        if self._hello is None:
            self._greet(read_hello(payload))
        else:
            self._asked(_read_ask(payload))

    def _greet(self, hello: Hello) -> None:
        if self._hello_late is not None:
            self._hello_late.cancel()
        if hello.protocol != PROTOCOL:
            self.end(
                End.REFUSED,
                ProtocolMismatch(
                    f"the runtime is version {__version__} and speaks protocol {PROTOCOL}; "
                    f"the client is version {hello.program} and speaks {hello.protocol}",
                    remedy="use the same version of airssys-tui for both",
                ),
            )
            return
        if (crowding := self._host.admit(self)) is not None:
            self.end(End.REFUSED, crowding)
            return
        self._hello = hello
        self._splitter.limit = MAX_COMMAND if hello.access is Access.FULL else MAX_QUESTION
        host = self._host
        self.send([frame(Welcome(PROTOCOL, __version__, host.epoch, host.pid, host.folder, hello.access))])
        if hello.follow:
            host.follow(self)

    def _asked(self, ask: Ask) -> None:
        if ask.method == STATUS:
            self._answer(ask.number, self._host.report())
            return
        try:
            answer = self._ask(ask)
        except Exception as error:  # noqa: BLE001 - a fault behind the api becomes the answer to this question
            self.send([frame(Failure(ask.number, fault_of(error)))])
            return
        if isinstance(answer, Future):
            self._pending.add(ask.number)
            answer.add_done_callback(lambda done: self._hand_over(ask.number, done))
        else:
            self._answer(ask.number, answer)

    def _ask(self, ask: Ask) -> Any:
        method = METHODS.get(ask.method)
        if method is None:
            raise UsageError(f"the runtime has no method {one_line(ask.method, 60)}", remedy="use the same version")
        arguments = self._arguments(method, ask)
        hello = self._hello
        if (hello is None or hello.access is not Access.FULL) and method.changes(arguments):
            raise ReadOnlyAccess(
                "this connection is read-only: it cannot send commands or calls",
                remedy="attach without --readonly",
            )
        if len(self._pending) >= self._host.limits.in_flight:
            raise Overcrowded(
                f"{len(self._pending)} requests of this client wait already", remedy="try again when one is answered"
            )
        return method.ask(self._host.api, arguments)

    def _arguments(self, method: Method, ask: Ask) -> msgspec.Struct:
        try:
            arguments: msgspec.Struct = method.read_arguments(ask.arguments)
        except msgspec.DecodeError as error:
            raise UsageError(f"{method.name}: {one_line(str(error))}") from error
        return arguments

    def _hand_over(self, number: int, done: Future[Any]) -> None:
        # On a thread of the runtime, which must not be delayed: the server's loop encodes the answer.
        try:
            self._loop.call_soon_threadsafe(self._answered, number, done)
        except RuntimeError:  # the loop is closed: the answer is no longer needed
            return

    def _answered(self, number: int, done: Future[Any]) -> None:
        if number not in self._pending:
            return
        self._pending.discard(number)
        self._heard = self._loop.time()
        if done.cancelled():
            self.send([frame(Failure(number, fault_of(AirssysError("the runtime cancelled the request"))))])
        elif (error := done.exception()) is not None:
            self._catch_up()
            self.send([frame(Failure(number, fault_of(error)))])
        else:
            self._catch_up()
            self._answer(number, done.result())

    def _catch_up(self) -> None:
        # The changes must arrive before the answer about them.
        if self.position is not None:
            self._host.catch_up(self)

    def _answer(self, number: int, value: Any) -> None:
        try:
            answer = frame(Answer(number, msgspec.Raw(wire.pack(value))))
        except UnicodeEncodeError as error:  # a file name may not be valid text
            answer = frame(
                Failure(number, fault_of(AirssysError(f"the answer holds text that is not Unicode: {error}")))
            )
        self.send([answer])

    def _expect_rest(self) -> None:
        if self._frame_late is not None and not self._splitter.unfinished:
            self._frame_late.cancel()
            self._frame_late = None
        elif self._frame_late is None and self._splitter.unfinished:
            self._frame_late = self._loop.call_later(
                self._host.limits.frame, self._fail, "a message was not complete in time"
            )

    def _fail(self, reason: str) -> None:
        self.end(End.FAULTY, ProtocolMismatch(reason))

    def _too_slow(self) -> None:
        self._end, self._reason = End.SLOW, "it does not read what is sent to it"
        self.abort()

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()
