"""One question and its answer on one connection, by the rules of HTTP/1.1 (RFC 9112), without ever waiting.

``h11`` knows these rules and does no input or output, so the connection can be the one to the address that was checked,
and every wait can end with the call. It is strict where leniency is how answers are smuggled: two lengths, a length
beside chunks, other transfer codings and malformed lines are errors. A connection carries one question and no other, so
nothing of an answer can be taken for the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec

from airssys_tui.engine.waiting import READABLE, WRITABLE
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.host.doors.network.byte_channel import PIECE, Wire
from airssys_tui.host.doors.network.network_errors import NetworkRefusal

if TYPE_CHECKING:
    import h11

MOST_ANSWERED: Final = 128
"""Headers of an answer, and fields of its trailer."""

MOST_ANSWER_HEADER: Final = 8 * 1024
"""Bytes of one of them, name and value together."""

MOST_HEAD: Final = MOST_ANSWERED * (MOST_ANSWER_HEADER + 4) + 1024
"""Bytes of the head of an answer."""

Header = tuple[bytes, bytes]


class AnswerHead(msgspec.Struct, frozen=True):
    """The head of an answer.

    Attributes:
        status: 200 to 599.
        headers: Names and values, as they came.
    """

    status: int
    headers: tuple[Header, ...]

    def location(self) -> str | None:
        """Return where it redirects to; None if it does not, or does so twice."""
        found = [value for name, value in self.headers if name.lower() == b"location"]
        return header_text(found[0]) if self.status in {301, 302, 303, 307, 308} and len(found) == 1 else None


class Interim(msgspec.Struct, frozen=True):
    """An answer of status 1xx, after which another one comes."""


class AnswerEnd(msgspec.Struct, frozen=True):
    """The end of an answer.

    Attributes:
        trailers: The fields after its body, as headers.
    """

    trailers: tuple[Header, ...]


class Dialogue:
    """One question and its answer.

    Args:
        wire: The connection.

    Attributes:
        wire: The connection.
        unheard: Whether the server takes no more of the question: it may have answered and closed its end.
        heard: Bytes that came from the server.
    """

    __slots__ = ("_h11", "_left", "_pending", "heard", "unheard", "wire")

    def __init__(self, wire: Wire) -> None:
        import h11  # noqa: PLC0415 -- few components need it

        self.wire = wire
        self.unheard = False
        self.heard = 0
        self._h11: h11.Connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)
        self._left = False
        self._pending = memoryview(b"")

    # The question

    def ask(self, method: str, target: str, headers: Sequence[Header]) -> None:
        """Begin the question.

        Raises:
            NetworkRefusal: ``invalid-input``.
        """
        import h11  # noqa: PLC0415 -- loaded by now

        self._say(h11.Request, method=method, target=target, headers=list(headers))

    def tell(self, data: bytes) -> None:
        """Go on with the body of the question; at least one byte.

        Raises:
            NetworkRefusal: ``invalid-input``.
        """
        import h11  # noqa: PLC0415 -- loaded by now

        self._say(h11.Data, data=data)

    def finish(self, trailers: Sequence[Header] = ()) -> None:
        """End the question.

        Raises:
            NetworkRefusal: ``invalid-input``.
        """
        import h11  # noqa: PLC0415 -- loaded by now

        self._say(h11.EndOfMessage, headers=list(trailers))

    def _say(self, event: Any, **said: Any) -> None:
        import h11  # noqa: PLC0415 -- loaded by now

        try:
            data = self._h11.send(event(**said)) or b""
        except h11.LocalProtocolError as error:
            fault = ExchangeFault(FaultCode.PROTOCOL_ERROR)
            raise NetworkRefusal("invalid-input", f"the request cannot be sent: {error}", fault) from error
        if not self.unheard:
            self._pending = memoryview(b"".join((self._pending, data)))

    @property
    def pending(self) -> int:
        """Bytes of the question that the system has not taken yet."""
        return len(self._pending)

    def push(self) -> int:
        """Send of the question what the system takes now; return how many bytes."""
        if not self._pending:
            return 0
        try:
            sent = self.wire.try_send(self._pending)
        except NetworkRefusal:
            # The server may have answered and closed without reading the rest; its answer counts.
            self.unheard = True
            sent = len(self._pending)
        self._pending = self._pending[sent:]
        return sent

    # The answer

    def pull(self) -> int | None:
        """Receive what is there; return how many bytes, 0 if the server has left, or None if nothing has come.

        Raises:
            NetworkRefusal: ``closed`` or ``failed``.
        """
        data = self.wire.try_receive(PIECE)
        if data is None:
            return None
        self.heard += len(data)
        self._left = not data
        self._h11.receive_data(data)
        return len(data)

    def next_event(self) -> AnswerHead | Interim | bytes | AnswerEnd | None:
        """Return what the answer goes on with; None if more has to be received for that.

        Raises:
            NetworkRefusal: ``closed``, ``too-large`` or ``failed``.
        """
        import h11  # noqa: PLC0415 -- loaded by now

        try:
            event = self._h11.next_event()
        except h11.RemoteProtocolError as error:
            raise self._malformed(error) from error
        if isinstance(event, h11.InformationalResponse):
            return Interim()
        if isinstance(event, h11.Response):
            return _head(event)
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, h11.EndOfMessage):
            return AnswerEnd(_checked(event.headers.raw_items(), *_OF_TRAILERS))
        return AnswerEnd(()) if event is h11.PAUSED else None

    def _malformed(self, error: h11.RemoteProtocolError) -> NetworkRefusal:
        if self._left:
            fault = ExchangeFault(FaultCode.RESPONSE_INCOMPLETE if self.heard else FaultCode.CONNECTION_TERMINATED)
            return NetworkRefusal("closed", "the server left before the end of its answer", fault)
        if error.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
            fault = ExchangeFault(FaultCode.RESPONSE_HEADER_SECTION_SIZE, number=MOST_HEAD)
            return NetworkRefusal("too-large", f"the head of the answer has more than {MOST_HEAD} bytes", fault)
        code = FaultCode.PROTOCOL_ERROR
        if error.error_status_hint == HTTPStatus.NOT_IMPLEMENTED:
            code = FaultCode.RESPONSE_TRANSFER_CODING
        elif _SWITCH in str(error):
            code = FaultCode.UPGRADE_FAILED
        return NetworkRefusal("failed", f"the answer is malformed: {str(error)[:200]}", ExchangeFault(code))

    def events(self) -> int:
        """Return what has to be waited for: that the server sends, or takes more as well."""
        return READABLE | (WRITABLE if self._pending else 0)


_SWITCH: Final = "pending proposal"
"""What ``h11`` says of an answer that switches protocols though nobody asked for it."""

_OF_HEAD: Final = ("the answer", FaultCode.RESPONSE_HEADER_SECTION_SIZE, FaultCode.RESPONSE_HEADER_SIZE)
_OF_TRAILERS: Final = ("the trailer", FaultCode.RESPONSE_TRAILER_SECTION_SIZE, FaultCode.RESPONSE_TRAILER_SIZE)


def _head(event: h11.Response) -> AnswerHead:
    headers = _checked(event.headers.raw_items(), *_OF_HEAD)
    if event.status_code > 599:
        fault = ExchangeFault(FaultCode.PROTOCOL_ERROR)
        raise NetworkRefusal("failed", f"the answer has the status {event.status_code}", fault)
    return AnswerHead(event.status_code, headers)


def _checked(headers: Sequence[Header], whose: str, all_: FaultCode, one: FaultCode) -> tuple[Header, ...]:
    if len(headers) > MOST_ANSWERED:
        text = f"{whose} has {len(headers)} headers; the limit is {MOST_ANSWERED}"
        raise NetworkRefusal("too-large", text, ExchangeFault(all_, number=sum(map(_size, headers))))
    for name, value in headers:
        if _size((name, value)) > MOST_ANSWER_HEADER:
            text = f"{whose} has a header of more than {MOST_ANSWER_HEADER} bytes"
            fault = ExchangeFault(one, name[:64].decode("ascii"), _size((name, value)))
            raise NetworkRefusal("too-large", text, fault)
    return tuple((bytes(name), bytes(value)) for name, value in headers)


def _size(header: Header) -> int:
    return len(header[0]) + len(header[1])


def header_text(value: bytes) -> str:
    """Return the value of a header as text: UTF-8 if it is that, else ISO 8859-1."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
