"""The protocol of the control socket: frames, and the messages in them.

A frame is four bytes of length, big-endian, and that many bytes of msgpack. A connection goes like this::

    client                                server
    Hello(protocol, access, follow)  ->
                                     <-   Welcome(epoch, folder)      or Refused, and the end
    Ask(number, method, arguments)   ->
                                     <-   Answer(number, value)       or Failure(number, error)
                                     <-   Part, Part, …, Moment       to a client that follows: what changed
                                     <-   Beat                        nothing changed; the server is alive
                                     <-   Bye                         the runtime stops

* Client and server must speak the same :data:`PROTOCOL`: both come from one program, so there is nothing to negotiate.
* Questions are numbered and answered in any order, so one slow call does not block the others.
* The server pushes changes instead of being polled: at rest it sends only a :class:`Beat` every few seconds, and a
  client infers from silence that the server is gone.
* A change is sent in parts, so that a thousand rows do not make one huge frame; the parts take effect with the
  :class:`Moment`. An answer never overtakes the changes that it is about.
* Every size is bounded before anything is read: a frame beyond the limit ends the connection. Until the ``Hello`` is
  read, the limit is 4 KiB.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

import msgspec

from airssys_tui.api import wire
from airssys_tui.api.socket.ticks import Tick
from airssys_tui.api.socket.wire_errors import WireError
from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.runtime import Snapshot
from airssys_tui.core.errors import ProtocolMismatch
from airssys_tui.core.events import Event
from airssys_tui.core.units import KIB, MIB

PROTOCOL: Final = 3
"""Version of the protocol; grows with every incompatible change."""

MAX_HELLO: Final = 4 * KIB
"""Largest first frame of a client, in bytes."""

MAX_QUESTION: Final = MIB
"""Largest frame of a client that may only read, in bytes."""

MAX_COMMAND: Final = 80 * MIB
"""Largest frame of a client with full access, in bytes: it may import a state."""

MAX_ANSWER: Final = 80 * MIB
"""Largest frame of a server, in bytes: it may hold an exported state."""

_LENGTH: Final = struct.Struct(">I")


class Access(StrEnum):
    """Access rights of a connection."""

    READ = "read"
    FULL = "full"


class Hello(msgspec.Struct, frozen=True, tag="hello", array_like=True):
    """The first message of a client.

    Attributes:
        protocol: :data:`PROTOCOL` of the client.
        program: Version of its program.
        access: The requested access.
        client: Name of the client: ``screen``, ``rollback``…
        follow: Whether the server should send changes.
    """

    protocol: int
    program: str
    access: Access
    client: str
    follow: bool = False


class Ask(msgspec.Struct, frozen=True, tag="ask", array_like=True):
    """A question of a client.

    Attributes:
        number: Chosen by the client; the answer carries the same one.
        method: Name of a method of the api, or :data:`STATUS`.
        arguments: The parameters by name, in msgpack.
    """

    number: int
    method: str
    arguments: msgspec.Raw


class Welcome(msgspec.Struct, frozen=True, tag="welcome", array_like=True):
    """The first message of a server that accepts the client.

    Attributes:
        protocol: :data:`PROTOCOL` of the server.
        program: Version of its program.
        epoch: Differs for each runtime; generations and event numbers of two epochs must not be compared.
        pid: Process id of the runtime.
        folder: The watched folder, absolute.
        access: The granted access.
    """

    protocol: int
    program: str
    epoch: str
    pid: int
    folder: str
    access: Access


class Refused(msgspec.Struct, frozen=True, tag="refused", array_like=True):
    """Why the server ends the connection."""

    fault: WireError


class Answer(msgspec.Struct, frozen=True, tag="answer", array_like=True):
    """The answer to a question."""

    number: int
    value: msgspec.Raw


class Failure(msgspec.Struct, frozen=True, tag="failure", array_like=True):
    """The error with which a question ended."""

    number: int
    fault: WireError


class Part(msgspec.Struct, frozen=True, tag="part", array_like=True):
    """Changed rows and new events; they take effect when the next :class:`Moment` arrives.

    Attributes:
        rows: Complete rows.
        events: New events, oldest first.
        ticks: Rows in which only the meters changed since the last moment.
    """

    rows: tuple[ComponentView, ...] = ()
    events: tuple[Event, ...] = ()
    ticks: tuple[Tick, ...] = ()


class Moment(msgspec.Struct, frozen=True, tag="moment", array_like=True):
    """The runtime at one moment, after the parts that belong to it.

    Attributes:
        head: The snapshot without its rows.
        whole: Whether the parts are all rows, not only those that changed since the last moment.
        lost: Number of the newest event that was dropped before it could be sent.
    """

    head: Snapshot
    whole: bool
    lost: int


class Beat(msgspec.Struct, frozen=True, tag="beat", array_like=True):
    """Nothing has changed; the server is still alive."""


class Bye(msgspec.Struct, frozen=True, tag="bye", array_like=True):
    """The runtime stops."""


class ServingReport(msgspec.Struct, frozen=True, kw_only=True):
    """Usage of a control socket.

    Attributes:
        pid: Process id of the runtime.
        clients: Current connections.
        kinds: Connections now, by client name.
        served: Connections since the socket was opened.
        refused: Connections that were refused: too many at once, another user, another protocol.
        faulty: Connections ended because the client sent a malformed message, or was late.
        slow: Connections ended because the client did not read.
        sent: Bytes sent.
    """

    pid: int
    clients: int
    kinds: dict[str, int]
    served: int
    refused: int
    faulty: int
    slow: int
    sent: int


STATUS: Final = "status"
"""The method that asks the server for its :class:`ServingReport`; all others are methods of the runtime."""


def frame(message: Any) -> bytes:
    """Return a message as a frame."""
    payload = wire.pack(message)
    return _LENGTH.pack(len(payload)) + payload


class Splitter:
    """Splits received bytes into frames.

    Attributes:
        limit: Largest accepted frame in bytes.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._buffer = bytearray()

    @property
    def unfinished(self) -> bool:
        """Whether a frame has begun to arrive."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add received bytes, and yield the payloads of the frames that are complete.

        Raises:
            ProtocolMismatch: A frame is empty or larger than the limit.
        """
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if not 0 < length <= self.limit:
                raise ProtocolMismatch(f"frame is {length} bytes; accepted: 1 to {self.limit}")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            payload = bytes(memoryview(self._buffer)[_LENGTH.size : end])
            del self._buffer[:end]
            yield payload


read_hello: Final = wire.unpacker(Hello)
read_welcome: Final = wire.unpacker(Welcome | Refused)
