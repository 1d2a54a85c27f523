"""What can go wrong with an exchange, as values: the vocabulary of ``wasi:http``, which has it from RFC 9209."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from airssys_tui.core.errors import AirssysError


class FaultCode(StrEnum):
    """The cases of ``error-code`` in ``wasi:http/types``, and their names there."""

    DNS_TIMEOUT = "DNS-timeout"
    DNS_ERROR = "DNS-error"
    DESTINATION_NOT_FOUND = "destination-not-found"
    DESTINATION_UNAVAILABLE = "destination-unavailable"
    DESTINATION_IP_PROHIBITED = "destination-IP-prohibited"
    DESTINATION_IP_UNROUTABLE = "destination-IP-unroutable"
    CONNECTION_REFUSED = "connection-refused"
    CONNECTION_TERMINATED = "connection-terminated"
    CONNECTION_TIMEOUT = "connection-timeout"
    CONNECTION_READ_TIMEOUT = "connection-read-timeout"
    CONNECTION_WRITE_TIMEOUT = "connection-write-timeout"
    CONNECTION_LIMIT_REACHED = "connection-limit-reached"
    TLS_PROTOCOL_ERROR = "TLS-protocol-error"
    TLS_CERTIFICATE_ERROR = "TLS-certificate-error"
    TLS_ALERT_RECEIVED = "TLS-alert-received"
    REQUEST_DENIED = "HTTP-request-denied"
    REQUEST_LENGTH_REQUIRED = "HTTP-request-length-required"
    REQUEST_BODY_SIZE = "HTTP-request-body-size"
    REQUEST_METHOD_INVALID = "HTTP-request-method-invalid"
    REQUEST_URI_INVALID = "HTTP-request-URI-invalid"
    REQUEST_URI_TOO_LONG = "HTTP-request-URI-too-long"
    REQUEST_HEADER_SECTION_SIZE = "HTTP-request-header-section-size"
    REQUEST_HEADER_SIZE = "HTTP-request-header-size"
    REQUEST_TRAILER_SECTION_SIZE = "HTTP-request-trailer-section-size"
    REQUEST_TRAILER_SIZE = "HTTP-request-trailer-size"
    RESPONSE_INCOMPLETE = "HTTP-response-incomplete"
    RESPONSE_HEADER_SECTION_SIZE = "HTTP-response-header-section-size"
    RESPONSE_HEADER_SIZE = "HTTP-response-header-size"
    RESPONSE_BODY_SIZE = "HTTP-response-body-size"
    RESPONSE_TRAILER_SECTION_SIZE = "HTTP-response-trailer-section-size"
    RESPONSE_TRAILER_SIZE = "HTTP-response-trailer-size"
    RESPONSE_TRANSFER_CODING = "HTTP-response-transfer-coding"
    RESPONSE_CONTENT_CODING = "HTTP-response-content-coding"
    RESPONSE_TIMEOUT = "HTTP-response-timeout"
    UPGRADE_FAILED = "HTTP-upgrade-failed"
    PROTOCOL_ERROR = "HTTP-protocol-error"
    LOOP_DETECTED = "loop-detected"
    CONFIGURATION_ERROR = "configuration-error"
    INTERNAL_ERROR = "internal-error"


class ExchangeFault(msgspec.Struct, frozen=True):
    """What went wrong.

    Attributes:
        code: What.
        text: What the case tells as text, if anything: the answer of the resolver, the alert of TLS, the name of the
            field, the coding, or any sentence for ``internal-error``.
        number: What it tells as a number: the number of the alert, the size in bytes of a field, a section or a body.
    """

    code: FaultCode
    text: str | None = None
    number: int | None = None

    def __str__(self) -> str:
        """Return one line for people."""
        told = [str(each) for each in (self.text, self.number) if each is not None]
        return f"{self.code}: {', '.join(told)}" if told else str(self.code)


class ExchangeFailed(AirssysError):
    """An exchange cannot go on; carries the fault. It never leaves the host."""

    title = "HTTP"

    def __init__(self, fault: ExchangeFault) -> None:
        super().__init__(str(fault))
        self.fault = fault
