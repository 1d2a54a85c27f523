"""What the system reports is one of a fixed set of failures."""

from __future__ import annotations

import errno

import pytest

from airssys_tui.host.doors.network.sockets.socket_refusal import CONNECTING, PACKETS, TAKING, SocketFailure, failed

FAILURES = {
    errno.EACCES: "access-denied",
    errno.EPERM: "access-denied",
    errno.ENOMEM: "out-of-memory",
    errno.ENOBUFS: "out-of-memory",
    errno.ENFILE: "new-socket-limit",
    errno.EAFNOSUPPORT: "not-supported",
    errno.ETIMEDOUT: "timeout",
    errno.EHOSTUNREACH: "remote-unreachable",
    errno.ECONNABORTED: "connection-aborted",
    errno.ENOTCONN: "invalid-state",
    errno.EINVAL: "invalid-argument",
    errno.EIO: "unknown",
    errno.EXDEV: "unknown",
}


@pytest.mark.parametrize(("number", "failure"), FAILURES.items(), ids=str)
def test_errors_of_the_system(number: int, failure: str) -> None:
    assert failed(number, "trying").failure == failure
    assert failed(OSError(number, "said"), "trying").failure == failure


@pytest.mark.parametrize(
    ("meaning", "number", "failure"),
    [
        (CONNECTING, errno.EADDRNOTAVAIL, "address-in-use"),
        (CONNECTING, errno.ECONNREFUSED, "connection-refused"),
        (TAKING, errno.ECONNRESET, "connection-aborted"),
        (TAKING, errno.EPROTO, "connection-aborted"),
        (TAKING, errno.EMFILE, "new-socket-limit"),
        (PACKETS, errno.ECONNRESET, "remote-unreachable"),
    ],
)
def test_errors_that_mean_something_else_for_an_operation(
    meaning: dict[int, SocketFailure], number: int, failure: str
) -> None:
    assert failed(number, "trying", meaning).failure == failure


def test_an_error_without_a_number() -> None:
    assert failed(OSError("odd"), "trying").failure == "unknown"
