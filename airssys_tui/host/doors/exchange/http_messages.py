"""Requests and responses as components have them."""

from __future__ import annotations

import re
from typing import Final

from airssys_tui.host.doors.exchange.exchange_faults import FaultCode
from airssys_tui.host.doors.exchange.header_fields import FieldRefusal, Fields, content_length, is_token
from airssys_tui.host.doors.exchange.message_bodies import IncomingBody, OutgoingBody

_SCHEME: Final = re.compile(r"[A-Za-z][-+.0-9A-Za-z]*\Z")
_AUTHORITY: Final = re.compile(
    r"(?:[-._~!$&'()*+,;=:%0-9A-Za-z]*@)?"
    r"(?:\[[0-9A-Fa-f:.]+\]|[-._~!$&'()*+,;=%0-9A-Za-z]+)"
    r"(?::(?P<port>[0-9]{1,5}))?\Z"
)
_TARGET: Final = re.compile(r"(?:[/?][\x21\x22\x24-\x5b\x5d-\x7e]*|\*)?\Z")
_MOST_PORT: Final = 65_535


class IncomingMessage:
    """A request or a response that a component receives.

    Args:
        fields: Its header fields, of :meth:`Fields.received`.
        body: Its body; one that is over at once for a message without.
    """

    __slots__ = ("_body", "fields")

    def __init__(self, fields: Fields, body: IncomingBody) -> None:
        self.fields = fields
        self._body: IncomingBody | None = body

    def holders(self) -> tuple[Fields | IncomingBody, ...]:
        """Return what keeps data for it; any thread may ask."""
        body = self._body
        return (self.fields,) if body is None else (self.fields, body)

    def consume(self) -> IncomingBody | None:
        """Return its body, the first time; then None."""
        body, self._body = self._body, None
        return body

    def drop(self) -> None:
        """Give it up, with the body if nobody consumed it."""
        if self._body is not None:
            self._body.drop()


class IncomingRequest(IncomingMessage):
    """A request that a server hands to a component.

    Args:
        method: As it came, such as ``GET``.
        target: Path and query, as they came; None for neither.
        scheme: ``http`` or ``https``; None if the server does not know.
        authority: The host and perhaps the port that the client named; None if it named none.
        fields: Its header fields, of :meth:`Fields.received`.
        body: Its body; one that is over at once for a request without.
    """

    __slots__ = ("authority", "method", "scheme", "target")

    def __init__(
        self,
        method: str,
        target: str | None,
        *,
        scheme: str | None,
        authority: str | None,
        fields: Fields,
        body: IncomingBody,
    ) -> None:
        super().__init__(fields, body)
        self.method = method
        self.target = target
        self.scheme = scheme
        self.authority = authority


class IncomingResponse(IncomingMessage):
    """A response that a component receives.

    Args:
        status: 200 to 599.
        fields: Its header fields, of :meth:`Fields.received`.
        body: Its body.
    """

    __slots__ = ("status",)

    def __init__(self, status: int, fields: Fields, body: IncomingBody) -> None:
        super().__init__(fields, body)
        self.status = status


class OutgoingMessage:
    """A request or a response that a component makes.

    Args:
        fields: Its header fields; nobody can change them any more.
        wrong_length: What a body of another length than the fields promise is.

    Attributes:
        fields: Its header fields.
        body: Its body; None while nobody has asked for it.
    """

    __slots__ = ("_wrong_length", "body", "fields")

    def __init__(self, fields: Fields, wrong_length: FaultCode) -> None:
        self.fields = fields.freeze()
        self._wrong_length = wrong_length
        self.body: OutgoingBody | None = None

    def holders(self) -> tuple[Fields | OutgoingBody, ...]:
        """Return what keeps data for it."""
        return (self.fields,) if self.body is None else (self.fields, self.body)

    def open_body(self) -> OutgoingBody | None:
        """Return its body, the first time; None then, or if the length that the fields promise is none."""
        if self.body is not None:
            return None
        try:
            self.body = OutgoingBody(content_length(self.fields), self._wrong_length)
        except FieldRefusal:
            return None
        return self.body

    def drop(self) -> None:
        """Give it up: nobody will send its body."""
        if self.body is not None:
            self.body.pipe.abandon()


class OutgoingRequest(OutgoingMessage):
    """A request that a component makes.

    Args:
        fields: Its header fields; nobody can change them any more.

    Attributes:
        method: Any name of a method.
        target: Path and query; None for neither.
        scheme: The scheme; None if the client may choose.
        authority: The host and perhaps the port; None for none.
    """

    __slots__ = ("authority", "method", "scheme", "target")

    def __init__(self, fields: Fields) -> None:
        super().__init__(fields, FaultCode.REQUEST_BODY_SIZE)
        self.method = "GET"
        self.target: str | None = None
        self.scheme: str | None = None
        self.authority: str | None = None

    def set_method(self, method: str) -> bool:
        """Set the method; return whether it can be one (RFC 9110, section 9.1)."""
        if not is_token(method):
            return False
        self.method = method
        return True

    def set_target(self, target: str | None) -> bool:
        """Set path and query; return whether they can be that (RFC 9112, section 3.2)."""
        if target is not None and not _TARGET.match(target):
            return False
        self.target = target
        return True

    def set_scheme(self, scheme: str | None) -> bool:
        """Set the scheme; return whether it can be one (RFC 3986, section 3.1)."""
        if scheme is not None and not _SCHEME.match(scheme):
            return False
        self.scheme = scheme
        return True

    def set_authority(self, authority: str | None) -> bool:
        """Set the authority; return whether it can be one (RFC 3986, section 3.2)."""
        if authority is not None and not _is_authority(authority):
            return False
        self.authority = authority
        return True


class OutgoingResponse(OutgoingMessage):
    """A response that a component makes.

    Args:
        fields: Its header fields; nobody can change them any more.

    Attributes:
        status: The status, 200 unless it was set.
    """

    __slots__ = ("status",)

    def __init__(self, fields: Fields) -> None:
        super().__init__(fields, FaultCode.RESPONSE_BODY_SIZE)
        self.status = 200

    def set_status(self, status: int) -> bool:
        """Set the status; return whether it can be one (RFC 9110, section 15)."""
        if not 100 <= status <= 999:
            return False
        self.status = status
        return True


class RequestTimes:
    """How long the parts of an exchange may take, in nanoseconds; None for as long as the host lets them.

    Attributes:
        connect: Until the connection stands.
        first_byte: From then on, or from the last byte sent, until the head of the response is here.
        between_bytes: From any byte of the response to the next one.
    """

    __slots__ = ("between_bytes", "connect", "first_byte")

    def __init__(self) -> None:
        self.connect: int | None = None
        self.first_byte: int | None = None
        self.between_bytes: int | None = None


def _is_authority(text: str) -> bool:
    found = _AUTHORITY.match(text)
    return found is not None and int(found["port"] or 1) in range(1, _MOST_PORT + 1)
