"""One question and its answer on one connection, by the rules of HTTP/1.1 (RFC 9112).

``h11`` knows these rules and does no input or output, so the connection can be the one to the address that was checked,
and every wait can end with the call. It is strict where leniency is how answers are smuggled: two lengths, a length
beside chunks, other transfer codings and malformed lines are errors. A connection carries one question and no other, so
nothing of an answer can be taken for the next one.
"""

from __future__ import annotations

import socket
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec

from airssys_tui.core.capability.permission import Access
from airssys_tui.engine.waiting import READABLE, WRITABLE
from airssys_tui.host.doors.network.byte_channel import PIECE, Wire
from airssys_tui.host.doors.network.holdings import CALL_FUEL, Holdings, Opened, Sort
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.doors.network.operation_time import Patience
from airssys_tui.host.doors.network.streams import check_length
from airssys_tui.host.doors.network.web_request import WebRequest

if TYPE_CHECKING:
    import h11

MOST_ANSWERED: Final = 128
"""Headers of an answer."""

MOST_ANSWER_HEADER: Final = 8 * 1024
"""Bytes of one of them, name and value together."""

MOST_HEAD: Final = MOST_ANSWERED * (MOST_ANSWER_HEADER + 4) + 1024
"""Bytes of the head of an answer."""

MOST_INTERIM: Final = 16
"""Answers of status 1xx before the one that counts."""

MOST_PIECES: Final = 256
"""Pieces of a body that one read puts together."""


_INTERIM: Final = "an interim answer"
_END: Final = "the end of the body"


class AnswerHead(msgspec.Struct, frozen=True):
    """The head of an answer.

    Attributes:
        status: 200 to 599.
        headers: Names in lower case and values, in the order of the answer.
    """

    status: int
    headers: tuple[tuple[str, str], ...]

    def location(self) -> str | None:
        """Return where it redirects to; None if it does not, or does so twice."""
        found = [value for name, value in self.headers if name == "location"]
        return found[0] if self.status in {301, 302, 303, 307, 308} and len(found) == 1 else None


class Transfer(Opened):
    """A question on its way, and then the body of its answer.

    Args:
        holdings: Where it is counted, as a connection.
        access: What each call on it needs.
        opened: The connected socket.
        wire: The way to it.
        until_ns: Until when all of it has to be over, in nanoseconds of ``perf_counter_ns``.
    """

    __slots__ = ("_h11", "_left", "_over", "_rest", "_wire", "until_ns")

    def __init__(self, holdings: Holdings, access: Access, opened: socket.socket, wire: Wire, until_ns: int) -> None:
        import h11  # noqa: PLC0415 -- few components need it

        self._wire = wire
        self.until_ns = until_ns
        self._h11: h11.Connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)
        self._rest = b""
        self._over = self._left = False
        super().__init__(holdings, Sort.CONNECTION, access, opened)

    def ask(self, request: WebRequest, patience: Patience) -> AnswerHead:
        """Send a question and return the head of its answer.

        A server may answer before it has read all of the body; the rest is not sent then.

        Raises:
            NetworkRefusal: ``timeout``, ``closed``, ``too-large`` or ``failed``.
        """
        with self.occupied():
            pending = memoryview(self._written(request))
            interim = 0
            while not isinstance(event := self._next(), AnswerHead):
                if event is None:
                    pending = self._exchange(pending, patience)
                    continue
                interim += 1
                if event != _INTERIM or interim > MOST_INTERIM:
                    raise NetworkRefusal("failed", f"the server sent {interim} interim answers or switched protocols")
            self._look_ahead()
            return event

    def _written(self, request: WebRequest) -> bytes:
        import h11  # noqa: PLC0415 -- loaded by now

        events: list[Any] = [h11.Request(method=request.method, target=request.url.target, headers=request.framed())]
        if request.body:
            events.append(h11.Data(data=request.body))
        events.append(h11.EndOfMessage())
        try:
            return b"".join([self._h11.send(event) or b"" for event in events])
        except h11.LocalProtocolError as error:
            raise NetworkRefusal("invalid-input", f"the request cannot be sent: {error}") from error

    def _exchange(self, pending: memoryview, patience: Patience) -> memoryview:
        """Send what is pending, as far as it goes, and receive what is there; wait for one of them."""
        events = READABLE
        if pending:
            try:
                sent = self._wire.try_send(pending)
            except NetworkRefusal:
                # The server may have answered and closed without reading the rest; its answer counts.
                sent = len(pending)
            pending = pending[sent:]
            events |= WRITABLE if pending else 0
        data = self._wire.try_receive(PIECE)
        if data is None:
            patience.wait(self._wire.fileno(), events)
        else:
            patience.caller.charge(len(data))
            self._take(data)
        return pending

    def _take(self, data: bytes) -> None:
        self._left = not data
        self._h11.receive_data(data)

    def _next(self) -> Any:
        """Return what the answer goes on with: a head, bytes, or one of the words above; None if more is needed.

        Raises:
            NetworkRefusal: ``closed``, ``too-large`` or ``failed``.
        """
        import h11  # noqa: PLC0415 -- loaded by now

        try:
            event = self._h11.next_event()
        except h11.RemoteProtocolError as error:
            raise self._malformed(error) from error
        if isinstance(event, h11.InformationalResponse):
            return _INTERIM
        if isinstance(event, h11.Response):
            return _head(event)
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, h11.EndOfMessage) or event is h11.PAUSED:
            return _END
        return None

    def _malformed(self, error: h11.RemoteProtocolError) -> NetworkRefusal:
        if self._left:
            return NetworkRefusal("closed", "the server left before the end of its answer")
        if error.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
            return NetworkRefusal("too-large", f"the head of the answer has more than {MOST_HEAD} bytes")
        return NetworkRefusal("failed", f"the answer is malformed: {str(error)[:200]}")

    def read(self, length: int, patience: Patience) -> bytes:
        """Return at most so many bytes of the body, waiting for the first ones; empty at its end.

        Raises:
            NetworkRefusal: ``invalid-input``, ``denied``, ``timeout``, ``closed`` or ``failed``.
        """
        check_length(length)
        if self._over or (self._rest and not self.closed):
            self._holdings.again(self.access)
        else:
            with self.using():
                self._fill(patience)
        data, self._rest = self._rest[:length], self._rest[length:]
        patience.caller.charge(CALL_FUEL + len(data))
        return data

    def _fill(self, patience: Patience) -> None:
        """Wait for the next bytes of the body, or for its end."""
        while not self._rest and not self._over:
            self._take(self._wire.receive(PIECE, patience))
            self._look_ahead()

    def _look_ahead(self) -> None:
        """Take what was received of the body, so that its end is known as soon as it is there."""
        pieces: list[bytes] = []
        while len(pieces) < MOST_PIECES:
            event = self._next()
            if isinstance(event, bytes):
                pieces.append(event)
                continue
            if event is _END:
                self._over = True
                self.close()  # which ends when this call lets go
            break
        self._rest += b"".join(pieces)

    def at_end(self) -> bool:
        """Return whether all of the body has been read.

        Raises:
            NetworkRefusal: ``denied``.
        """
        self._holdings.again(self.access)
        return self._over and not self._rest


def _head(event: h11.Response) -> AnswerHead:
    headers = event.headers
    if len(headers) > MOST_ANSWERED:
        raise NetworkRefusal("too-large", f"the answer has {len(headers)} headers; the limit is {MOST_ANSWERED}")
    if any(len(name) + len(value) > MOST_ANSWER_HEADER for name, value in headers):
        raise NetworkRefusal("too-large", f"the answer has a header of more than {MOST_ANSWER_HEADER} bytes")
    if event.status_code > 599:
        raise NetworkRefusal("failed", f"the answer has the status {event.status_code}")
    return AnswerHead(event.status_code, tuple((name.decode("ascii"), _text(value)) for name, value in headers))


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
