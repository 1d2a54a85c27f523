"""Why an operation on a socket fails: one of a fixed set of failures, and one sentence for the component."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from airssys_tui.core.errors import AirssysError
from airssys_tui.host.doors.network.network_errors import NetworkRefusal


class SocketFailure(StrEnum):
    """What can be wrong with an operation on a socket; each stands for one or more errors of POSIX."""

    UNKNOWN = "unknown"
    ACCESS_DENIED = "access-denied"
    NOT_SUPPORTED = "not-supported"
    INVALID_ARGUMENT = "invalid-argument"
    OUT_OF_MEMORY = "out-of-memory"
    TIMEOUT = "timeout"
    CONCURRENCY_CONFLICT = "concurrency-conflict"
    NOT_IN_PROGRESS = "not-in-progress"
    WOULD_BLOCK = "would-block"
    INVALID_STATE = "invalid-state"
    NEW_SOCKET_LIMIT = "new-socket-limit"
    ADDRESS_NOT_BINDABLE = "address-not-bindable"
    ADDRESS_IN_USE = "address-in-use"
    REMOTE_UNREACHABLE = "remote-unreachable"
    CONNECTION_REFUSED = "connection-refused"
    CONNECTION_RESET = "connection-reset"
    CONNECTION_ABORTED = "connection-aborted"
    DATAGRAM_TOO_LARGE = "datagram-too-large"
    NAME_UNRESOLVABLE = "name-unresolvable"
    TEMPORARY_RESOLVER_FAILURE = "temporary-resolver-failure"
    PERMANENT_RESOLVER_FAILURE = "permanent-resolver-failure"


class SocketRefusal(AirssysError):
    """The door refused an operation on a socket, or the system failed it. It never leaves the host.

    Args:
        failure: What is wrong.
        message: One sentence for the component.
    """

    title = "socket"

    def __init__(self, failure: SocketFailure, message: str) -> None:
        super().__init__(message)
        self.failure = failure


_FAILURES: Final[Mapping[int, SocketFailure]] = {
    errno.EACCES: SocketFailure.ACCESS_DENIED,
    errno.EPERM: SocketFailure.ACCESS_DENIED,
    errno.EADDRINUSE: SocketFailure.ADDRESS_IN_USE,
    errno.EADDRNOTAVAIL: SocketFailure.ADDRESS_NOT_BINDABLE,
    errno.ETIMEDOUT: SocketFailure.TIMEOUT,
    errno.ECONNREFUSED: SocketFailure.CONNECTION_REFUSED,
    errno.ECONNRESET: SocketFailure.CONNECTION_RESET,
    errno.EPIPE: SocketFailure.CONNECTION_RESET,
    errno.ECONNABORTED: SocketFailure.CONNECTION_ABORTED,
    errno.EINVAL: SocketFailure.INVALID_ARGUMENT,
    errno.EHOSTUNREACH: SocketFailure.REMOTE_UNREACHABLE,
    errno.EHOSTDOWN: SocketFailure.REMOTE_UNREACHABLE,
    errno.ENETDOWN: SocketFailure.REMOTE_UNREACHABLE,
    errno.ENETUNREACH: SocketFailure.REMOTE_UNREACHABLE,
    getattr(errno, "ENONET", errno.ENETDOWN): SocketFailure.REMOTE_UNREACHABLE,
    errno.EISCONN: SocketFailure.INVALID_STATE,
    errno.ENOTCONN: SocketFailure.INVALID_STATE,
    errno.EDESTADDRREQ: SocketFailure.INVALID_STATE,
    errno.EBADF: SocketFailure.INVALID_STATE,
    errno.EMSGSIZE: SocketFailure.DATAGRAM_TOO_LARGE,
    errno.ENOMEM: SocketFailure.OUT_OF_MEMORY,
    errno.ENOBUFS: SocketFailure.OUT_OF_MEMORY,
    errno.EMFILE: SocketFailure.NEW_SOCKET_LIMIT,
    errno.ENFILE: SocketFailure.NEW_SOCKET_LIMIT,
    errno.EOPNOTSUPP: SocketFailure.NOT_SUPPORTED,
    errno.ENOPROTOOPT: SocketFailure.NOT_SUPPORTED,
    errno.EPFNOSUPPORT: SocketFailure.NOT_SUPPORTED,
    errno.EPROTONOSUPPORT: SocketFailure.NOT_SUPPORTED,
    errno.ESOCKTNOSUPPORT: SocketFailure.NOT_SUPPORTED,
    errno.EAFNOSUPPORT: SocketFailure.NOT_SUPPORTED,
}

CONNECTING: Final[Mapping[int, SocketFailure]] = {
    errno.EADDRNOTAVAIL: SocketFailure.ADDRESS_IN_USE,  # no port of this machine is free
    errno.EAGAIN: SocketFailure.ADDRESS_IN_USE,
}
"""What errors mean for a connection that is to be made."""

TAKING: Final[Mapping[int, SocketFailure]] = dict.fromkeys(
    (
        errno.ECONNRESET,
        errno.ENETRESET,
        errno.EHOSTUNREACH,
        errno.EHOSTDOWN,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.EPROTO,
        errno.ENOPROTOOPT,
        errno.EOPNOTSUPP,
        getattr(errno, "ENONET", errno.ENETDOWN),
    ),
    SocketFailure.CONNECTION_ABORTED,
)
"""What errors mean for a connection that is taken: Linux reports there what befell the one who knocked (accept(2))."""

PACKETS: Final[Mapping[int, SocketFailure]] = {
    errno.ECONNRESET: SocketFailure.REMOTE_UNREACHABLE,
    errno.ENETRESET: SocketFailure.REMOTE_UNREACHABLE,
}
"""What errors mean for packets."""

_NONE: Final[Mapping[int, SocketFailure]] = {}


def failed(error: OSError | int, doing: str, meaning: Mapping[int, SocketFailure] = _NONE) -> SocketRefusal:
    """Return the refusal for what the operating system reported.

    Args:
        error: The error, or its number.
        doing: What was attempted, such as ``connecting to 192.0.2.1:80``.
        meaning: What some errors mean for that operation.
    """
    number = error if isinstance(error, int) else error.errno or errno.EIO
    failure = meaning.get(number) or _FAILURES.get(number, SocketFailure.UNKNOWN)
    return SocketRefusal(failure, f"{doing}: {os.strerror(number)}")


def invalid_state(what: str) -> SocketRefusal:
    """Return the refusal for an operation that the state of a socket does not allow."""
    return SocketRefusal(SocketFailure.INVALID_STATE, what)


def refused_by(refusal: NetworkRefusal) -> SocketRefusal:
    """Return what a refusal of the door to the network, for a right or for something closed, means for a socket."""
    failure = SocketFailure.ACCESS_DENIED if refusal.case == "denied" else SocketFailure.INVALID_STATE
    return SocketRefusal(failure, refusal.message)
