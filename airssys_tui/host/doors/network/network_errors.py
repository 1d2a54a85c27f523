"""Why the door to the network refuses a call: a case of ``network-error`` and one sentence for the component.

For an exchange with a web server there is a fault beside it, which tells more than the case.
"""

from __future__ import annotations

import errno
import os
from typing import Final

from airssys_tui.core.capability.grant import Denial, Reason
from airssys_tui.core.errors import AirssysError
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode


class NetworkRefusal(AirssysError):
    """The door refused a call, or the network failed it; carries the WIT case. It never leaves the host.

    Args:
        case: A case of ``network-error``.
        message: One sentence for the component.
        fault: What it means for an exchange; by the case if None.
    """

    title = "network"

    def __init__(self, case: str, message: str, fault: ExchangeFault | None = None) -> None:
        super().__init__(message)
        self.case = case
        self.fault = fault or _fault_of_case(case, message)


_CASES: Final = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "closed",
    errno.ECONNABORTED: "closed",
    errno.EPIPE: "closed",
    errno.ENOTCONN: "closed",
    errno.EBADF: "closed",
    errno.ETIMEDOUT: "timeout",
    errno.EADDRINUSE: "address-in-use",
    errno.EMSGSIZE: "too-large",
}

_FAULTS: Final = {
    "denied": FaultCode.REQUEST_DENIED,
    "name-not-resolved": FaultCode.DNS_ERROR,
    "refused": FaultCode.CONNECTION_REFUSED,
    "closed": FaultCode.CONNECTION_TERMINATED,
    "tls-failed": FaultCode.TLS_PROTOCOL_ERROR,
    "timeout": FaultCode.CONNECTION_TIMEOUT,
}
"""What a case means for an exchange; other cases are internal errors."""

_UNREACHABLE: Final = {
    errno.ENETUNREACH: FaultCode.DESTINATION_IP_UNROUTABLE,
    errno.EHOSTUNREACH: FaultCode.DESTINATION_IP_UNROUTABLE,
    errno.EHOSTDOWN: FaultCode.DESTINATION_UNAVAILABLE,
    errno.ENETDOWN: FaultCode.DESTINATION_UNAVAILABLE,
    errno.EADDRNOTAVAIL: FaultCode.CONNECTION_LIMIT_REACHED,  # no port of this machine is free
    errno.EMFILE: FaultCode.CONNECTION_LIMIT_REACHED,
    errno.ENFILE: FaultCode.CONNECTION_LIMIT_REACHED,
}
"""What some errors of the operating system mean for an exchange, beyond their cases."""


def refusal_of(number: int, doing: str) -> NetworkRefusal:
    """Return the refusal for what the operating system reported.

    Args:
        number: Its error number.
        doing: What was attempted, such as ``connecting to 192.0.2.1``.
    """
    fault = ExchangeFault(_UNREACHABLE[number]) if number in _UNREACHABLE else None
    return NetworkRefusal(_CASES.get(number, "failed"), f"{doing}: {os.strerror(number)}", fault)


def refusal_of_denial(denial: Denial, text: str) -> NetworkRefusal:
    """Return the refusal for what the guard or a bound denies.

    Args:
        denial: The denial.
        text: What the guard tells about it.
    """
    if denial.reason in {Reason.QUOTA, Reason.CAPACITY}:
        code = FaultCode.CONNECTION_LIMIT_REACHED
    elif denial.access.address or denial.reason is Reason.FORBIDDEN:
        code = FaultCode.DESTINATION_IP_PROHIBITED
    else:
        code = FaultCode.REQUEST_DENIED
    return NetworkRefusal("denied", text, ExchangeFault(code))


def _fault_of_case(case: str, message: str) -> ExchangeFault:
    code = _FAULTS.get(case)
    return ExchangeFault(FaultCode.INTERNAL_ERROR, message) if code is None else ExchangeFault(code)
