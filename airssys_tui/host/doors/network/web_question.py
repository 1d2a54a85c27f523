"""Requests of components as they go to a web server: checked before anything is looked up, and framed by the host."""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.host.doors.exchange.body_pipe import BodyPipe
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.host.doors.exchange.header_fields import FieldRefusal, Fields, content_length, forbidden
from airssys_tui.host.doors.exchange.http_messages import OutgoingRequest
from airssys_tui.host.doors.network.dialogue import Header
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.doors.network.web_address import MOST_URL, WebAddress, read_url

MOST_ASKED: Final = 128
"""Header fields of a request, and its trailer fields."""

MOST_ASKED_FIELD: Final = 8 * 1024
"""Bytes of one of them, name and value together."""

_MOST_METHOD: Final = 64
_BODIED: Final = frozenset({"POST", "PUT", "PATCH"})
_NOT_TRAILING: Final = frozenset({"content-length", "te", "trailer"})
"""Fields about the framing, which mean nothing after the body (RFC 9110, section 6.5.1)."""

_SECTIONS: Final = {
    "header": (FaultCode.REQUEST_HEADER_SECTION_SIZE, FaultCode.REQUEST_HEADER_SIZE),
    "trailer": (FaultCode.REQUEST_TRAILER_SECTION_SIZE, FaultCode.REQUEST_TRAILER_SIZE),
}


class WebQuestion(msgspec.Struct, frozen=True):
    """A request that may be sent.

    Attributes:
        method: The method, as the component wrote it.
        url: Where to.
        fields: The header fields of the component.
        length: The length of the body that they promise in bytes; None if they promise none.
        body: The body; None without one.
    """

    method: str
    url: WebAddress
    fields: tuple[Header, ...]
    length: int | None
    body: BodyPipe | None

    def head(self) -> list[Header]:
        """Return all header fields, those included that the host sets.

        The body is sent in chunks, unless its length was promised or all of it is here.
        """
        host = (b"host", self.url.authority.encode("ascii"))
        return [host, *self.fields, *self._framing(), (b"connection", b"close")]

    def _framing(self) -> list[Header]:
        if self.length is not None:
            return []
        if self.body is not None and not self.body.whole:
            return [(b"transfer-encoding", b"chunked")]
        length = 0 if self.body is None else self.body.waiting
        return [(b"content-length", b"%d" % length)] if length or self.method in _BODIED else []

    def trailers(self) -> list[Header]:
        """Return the trailer fields, once the body is over; none if the framing has no place for them.

        Raises:
            NetworkRefusal: ``too-large``.
        """
        found = None if self.body is None else self.body.trailers
        if found is None or self.length is not None:
            return []
        return [header for header in _lines(found, "trailer") if header[0].decode("ascii").lower() not in _NOT_TRAILING]


def read_question(request: OutgoingRequest) -> WebQuestion:
    """Check a request of a component.

    Raises:
        NetworkRefusal: ``invalid-input`` or ``too-large``; its fault says which part.
    """
    if request.method == "CONNECT" or len(request.method) > _MOST_METHOD:
        raise _refused(FaultCode.REQUEST_METHOD_INVALID, "the method")
    fields = _lines(request.fields, "header")
    try:
        length = content_length(request.fields)
    except FieldRefusal as error:
        raise _refused(FaultCode.PROTOCOL_ERROR, "the content-length") from error
    if request.body is None and length:
        fault = ExchangeFault(FaultCode.REQUEST_BODY_SIZE, number=0)
        raise NetworkRefusal("invalid-input", f"a body of {length} bytes was promised, and there is none", fault)
    body = None if request.body is None else request.body.pipe
    return WebQuestion(request.method, _url(request), tuple(fields), length, body)


def _url(request: OutgoingRequest) -> WebAddress:
    """Return where a request goes; without a scheme, by HTTPS."""
    target = request.target or "/"
    if target == "*" or not request.authority:
        raise _refused(FaultCode.REQUEST_URI_INVALID, "the authority or the path")
    text = f"{request.scheme or 'https'}://{request.authority}{target}"
    if len(text) > MOST_URL:
        raise _refused(FaultCode.REQUEST_URI_TOO_LONG, "the length of the URL")
    try:
        return read_url(text)
    except NetworkRefusal as refusal:
        raise NetworkRefusal(refusal.case, refusal.message, ExchangeFault(FaultCode.REQUEST_URI_INVALID)) from refusal


def _lines(fields: Fields, section: str) -> list[Header]:
    all_, one = _SECTIONS[section]
    if len(fields) > MOST_ASKED:
        text = f"there are {len(fields)} {section} fields; the limit is {MOST_ASKED}"
        raise NetworkRefusal("too-large", text, ExchangeFault(all_, number=fields.size))
    found: list[Header] = []
    for name, value in fields.entries():
        if forbidden(name):
            raise _refused(FaultCode.PROTOCOL_ERROR, f"the {section} field {name[:64]}")
        if len(name) + len(value) > MOST_ASKED_FIELD:
            text = f"the {section} field {name[:64]} is longer than {MOST_ASKED_FIELD} bytes"
            raise NetworkRefusal("too-large", text, ExchangeFault(one, name[:64], len(name) + len(value)))
        found.append((name.encode("ascii"), value.strip(b" \t")))
    return found


def _refused(code: FaultCode, what: str) -> NetworkRefusal:
    return NetworkRefusal("invalid-input", f"{what} cannot be sent to a web server", ExchangeFault(code))
