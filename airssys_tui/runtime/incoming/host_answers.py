"""What the host answers in place of a component, and why: a closed list, by RFC 9110 and RFC 6585."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from airssys_tui.api.views.http import HostReason
from airssys_tui.core.errors import AirssysError, CapacityError, MailboxFull, NotServing
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode


class HostAnswer(msgspec.Struct, frozen=True):
    """An answer of the host.

    Attributes:
        status: The status.
        text: One sentence for whoever reads it; it tells nothing about the inside.
        retry_after: Seconds after which asking again may help; None if it does not.
        closes: Whether the connection is closed, since the rest of the request is not read.
    """

    status: int
    text: str
    retry_after: int | None = None
    closes: bool = False


ANSWERS: Final[Mapping[HostReason, HostAnswer]] = {
    HostReason.BAD_REQUEST: HostAnswer(400, "the request is malformed", closes=True),
    HostReason.NOT_GRANTED: HostAnswer(403, "nobody may be reached here from this address"),
    HostReason.NO_ROUTE: HostAnswer(404, "no component answers this path"),
    HostReason.SLOW_BODY: HostAnswer(408, "the body did not arrive in time", closes=True),
    HostReason.BODY_TOO_LARGE: HostAnswer(413, "the body is larger than the component takes", closes=True),
    HostReason.PATH_TOO_LONG: HostAnswer(414, "the path and query are too long", closes=True),
    HostReason.HEAD_TOO_LARGE: HostAnswer(431, "the header fields are too large", closes=True),
    HostReason.INTERNAL: HostAnswer(500, "the host failed to serve the request"),
    HostReason.TRAP: HostAnswer(502, "the component failed"),
    HostReason.NO_RESPONSE: HostAnswer(502, "the component gave no response"),
    HostReason.FAULT: HostAnswer(502, "the component reported an error in place of a response"),
    HostReason.MAILBOX_FULL: HostAnswer(503, "too many requests wait for the component", retry_after=1),
    HostReason.QUEUED_TOO_LONG: HostAnswer(503, "the component did not get to the request in time", retry_after=1),
    HostReason.CANCELLED: HostAnswer(503, "the component was stopped meanwhile", retry_after=1),
    HostReason.NOT_SERVING: HostAnswer(503, "the component does not serve now", retry_after=5),
    HostReason.DEADLINE: HostAnswer(504, "the component did not respond in time"),
}
"""What is answered for each reason that has an answer."""


class Unserved(Exception):
    """A request cannot be served by a component; carries why. It never leaves the gateway."""

    def __init__(self, reason: HostReason, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason
        self.detail = detail


_STATUS_OF: Final = {
    FaultCode.REQUEST_DENIED: 403,
    FaultCode.REQUEST_LENGTH_REQUIRED: 411,
    FaultCode.REQUEST_BODY_SIZE: 413,
    FaultCode.REQUEST_METHOD_INVALID: 405,
    FaultCode.REQUEST_URI_INVALID: 400,
    FaultCode.REQUEST_URI_TOO_LONG: 414,
    FaultCode.REQUEST_HEADER_SECTION_SIZE: 431,
    FaultCode.REQUEST_HEADER_SIZE: 431,
    FaultCode.REQUEST_TRAILER_SECTION_SIZE: 431,
    FaultCode.REQUEST_TRAILER_SIZE: 431,
    FaultCode.CONFIGURATION_ERROR: 500,
    FaultCode.INTERNAL_ERROR: 500,
    FaultCode.LOOP_DETECTED: 508,
    FaultCode.DNS_TIMEOUT: 504,
    FaultCode.CONNECTION_TIMEOUT: 504,
    FaultCode.CONNECTION_READ_TIMEOUT: 504,
    FaultCode.CONNECTION_WRITE_TIMEOUT: 504,
    FaultCode.RESPONSE_TIMEOUT: 504,
}


def answer_to_fault(fault: ExchangeFault) -> HostAnswer:
    """Return the answer for an error that a component set in place of a response."""
    return HostAnswer(_STATUS_OF.get(fault.code, 502), ANSWERS[HostReason.FAULT].text)


def reason_of(error: BaseException) -> HostReason:
    """Return why there is no response, for what ended a call before there was one."""
    match error:
        case Unserved():
            return error.reason
        case MailboxFull():
            return HostReason.MAILBOX_FULL
        case NotServing() | CapacityError():
            return HostReason.NOT_SERVING
        case GuestTrap():
            return {TrapKind.DEADLINE: HostReason.DEADLINE, TrapKind.CANCELLED: HostReason.CANCELLED}.get(
                error.trap.kind, HostReason.TRAP
            )
        case AirssysError():
            return HostReason.NO_RESPONSE
    return HostReason.INTERNAL
