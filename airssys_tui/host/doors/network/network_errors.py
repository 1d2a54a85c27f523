"""Why the door to the network refuses a call: a case of ``network-error`` and one sentence for the component."""

from __future__ import annotations

import errno
import os
from typing import Final

from airssys_tui.core.errors import AirssysError


class NetworkRefusal(AirssysError):
    """The door refused a call, or the network failed it; carries the WIT case. It never leaves the host.

    Args:
        case: A case of ``network-error``.
        message: One sentence for the component.
    """

    title = "network"

    def __init__(self, case: str, message: str) -> None:
        super().__init__(message)
        self.case = case


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


def refusal_of(number: int, doing: str) -> NetworkRefusal:
    """Return the refusal for what the operating system reported.

    Args:
        number: Its error number.
        doing: What was attempted, such as ``connecting to 192.0.2.1``.
    """
    return NetworkRefusal(_CASES.get(number, "failed"), f"{doing}: {os.strerror(number)}")
