"""What goes over the control socket: frames, and the messages in them.

A frame is its length in four bytes, the highest first, and that many bytes of msgpack. The client begins with
:class:`Hello`, the server answers with :class:`Welcome` or :class:`Refused`; then the client asks and the server
answers, and to clients that follow it says what changed.
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

PROTOCOL: Final = 1
"""Grows with every change that the other side has to know of."""

MAX_HELLO: Final = 4 * KIB
"""Bytes of the first frame of a client."""

MAX_QUESTION: Final = MIB
"""Bytes of a frame of a client that may only read."""

MAX_COMMAND: Final = 80 * MIB
"""Bytes of a frame of a client that may do everything: a state may be imported."""

MAX_ANSWER: Final = 80 * MIB
"""Bytes of a frame of a server: a state may be exported."""

_LENGTH: Final = struct.Struct(">I")


class Access(StrEnum):
    """What a connection may do."""

    READ = "read"
    FULL = "full"


class Hello(msgspec.Struct, frozen=True, tag="hello", array_like=True):
    """The first message of a client.

    Attributes:
        protocol: :data:`PROTOCOL` of the client.
        program: Version of its program.
        access: What it will do at most.
        client: What it is: ``screen``, ``rollback``…
        follow: Whether it wants to be told what changes.
    """

    protocol: int
    program: str
    access: Access
    client: str
    follow: bool = False


class Ask(msgspec.Struct, frozen=True, tag="ask", array_like=True):
    """A question of a client; the answer carries the same number."""

    number: int
    method: str
    arguments: msgspec.Raw


class Welcome(msgspec.Struct, frozen=True, tag="welcome", array_like=True):
    """The first message of a server that serves the client.

    Attributes:
        epoch: Another one for each runtime; generations and event numbers of two epochs have nothing in common.
        pid: Process of the runtime.
        folder: The watched folder, absolute.
        access: What the connection may do.
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
    """The error that a question ended with."""

    number: int
    fault: WireError


class Part(msgspec.Struct, frozen=True, tag="part", array_like=True):
    """Rows and events that changed; they count when the :class:`Moment` after them has come.

    Attributes:
        rows: Rows, whole.
        events: What happened, oldest first.
        ticks: Rows that only ticked on since the last moment.
    """

    rows: tuple[ComponentView, ...] = ()
    events: tuple[Event, ...] = ()
    ticks: tuple[Tick, ...] = ()


class Moment(msgspec.Struct, frozen=True, tag="moment", array_like=True):
    """The runtime at one moment, after the parts that belong to it.

    Attributes:
        head: Its totals, without rows.
        whole: Whether the parts are everything, not only what changed since the last moment.
        lost: Number of the newest event that was pushed out before it could be told.
    """

    head: Snapshot
    whole: bool
    lost: int


class Beat(msgspec.Struct, frozen=True, tag="beat", array_like=True):
    """Nothing has changed, and the server is still there."""


class Bye(msgspec.Struct, frozen=True, tag="bye", array_like=True):
    """The runtime stops."""


class ServingReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a control socket is used.

    Attributes:
        pid: Process of the runtime.
        clients: Connections now.
        kinds: The same by what the clients call themselves.
        served: Connections since it was opened.
        refused: Connections that were refused: too many at once, another user, another protocol.
        faulty: Connections ended because of what they sent, or did not send.
        slow: Connections ended because they did not read.
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
"""Asks the server itself for its :class:`ServingReport`; everything else is a method of the runtime."""


def frame(message: Any) -> bytes:
    """Return a message as a frame."""
    payload = wire.pack(message)
    return _LENGTH.pack(len(payload)) + payload


class Splitter:
    """Splits what arrives into frames.

    Attributes:
        limit: Bytes of the largest frame that is taken.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held = bytearray()

    @property
    def unfinished(self) -> bool:
        """Whether a frame has begun to arrive."""
        return bool(self._held)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take what arrived, and give the payloads of the frames that are complete.

        Raises:
            ProtocolMismatch: A frame is empty or larger than the limit.
        """
        self._held += data
        while len(self._held) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._held)
            if not 0 < length <= self.limit:
                raise ProtocolMismatch(f"a frame of {length} bytes; from 1 to {self.limit} are taken")
            end = _LENGTH.size + length
            if len(self._held) < end:
                return
            payload = bytes(memoryview(self._held)[_LENGTH.size : end])
            del self._held[:end]
            yield payload


read_hello: Final = wire.unpacker(Hello)
read_welcome: Final = wire.unpacker(Welcome | Refused)
