"""Every error code of ``wasi:sockets``: how a guest gets it, or why this host never gives it."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import pytest

from airssys_tui.core.types.interface import EnumOf, ResultOf
from airssys_tui.core.types.values import Err, Ok
from airssys_tui.engine.engine import Engine
from airssys_tui.host.doors.network.holdings import MOST_OPEN, Sort
from airssys_tui.host.doors.network.sockets.socket_refusal import SocketFailure
from airssys_tui.host.wasi.wasi_types import wasi_types
from tests.support.network import HeldInternet
from tests.support.wasi.socket_guest import SocketGuest, at, socket_guest


class FailingInternet(HeldInternet):
    """A network on which the system says no.

    Args:
        number: What it says to a connection.
        resolver: What it says to a lookup.
    """

    def __init__(self, number: int = 0, resolver: int = 0) -> None:
        super().__init__()
        self._number, self._resolver = number, resolver

    def connect(self, opened: socket.socket, address: tuple[str, int]) -> int:
        return self._number

    def look_up(self, name: str) -> tuple[str, ...]:
        raise socket.gaierror(self._resolver, "no")


CONNECTING = {
    SocketFailure.UNKNOWN: errno.EIO,
    SocketFailure.OUT_OF_MEMORY: errno.ENOMEM,
    SocketFailure.TIMEOUT: errno.ETIMEDOUT,
    SocketFailure.REMOTE_UNREACHABLE: errno.ENETUNREACH,
    SocketFailure.CONNECTION_REFUSED: errno.ECONNREFUSED,
    SocketFailure.CONNECTION_RESET: errno.ECONNRESET,
    SocketFailure.CONNECTION_ABORTED: errno.ECONNABORTED,
}
"""What the system says to a connection."""

LOOKING_UP = {
    SocketFailure.NAME_UNRESOLVABLE: socket.EAI_NONAME,
    SocketFailure.TEMPORARY_RESOLVER_FAILURE: socket.EAI_AGAIN,
    SocketFailure.PERMANENT_RESOLVER_FAILURE: socket.EAI_FAIL,
}
"""What the system says to a lookup."""


def _denied(guest: SocketGuest) -> object:
    return Err(guest.attempt(at(80, "203.0.113.1")))


def _scope(guest: SocketGuest) -> object:
    where = at(0, "::1", **{"scope-id": 1})
    return guest.tcp("start-bind", guest.new_tcp(6), guest.network, where)


def _family(guest: SocketGuest) -> object:
    return guest.tcp("start-bind", guest.new_tcp(4), guest.network, at(0, "::1"))


def _twice(guest: SocketGuest) -> object:
    listener, made = guest.tcp("local-address", guest.listening()).value, guest.new_tcp()
    assert guest.tcp("start-connect", made, guest.network, listener) == Ok()
    return guest.tcp("start-connect", made, guest.network, listener)


def _not_begun(guest: SocketGuest) -> object:
    return guest.tcp("finish-bind", guest.new_tcp())


def _nobody(guest: SocketGuest) -> object:
    return guest.tcp("accept", guest.listening())


def _not_listening(guest: SocketGuest) -> object:
    return guest.tcp("accept", guest.new_tcp())


def _too_many(guest: SocketGuest) -> object:
    for _ in range(MOST_OPEN[Sort.LISTENER]):
        guest.listening()
    return guest.tcp("start-listen", guest.bound())


def _elsewhere(guest: SocketGuest) -> object:
    made = guest.new_tcp()
    started = guest.tcp("start-bind", made, guest.network, at(0, "203.0.113.1"))
    return started if isinstance(started, Err) else guest.tcp("finish-bind", made)


def _taken(guest: SocketGuest) -> object:
    taken = guest.tcp("local-address", guest.listening()).value
    made = guest.new_tcp()
    started = guest.tcp("start-bind", made, guest.network, taken)
    return started if isinstance(started, Err) else guest.tcp("finish-bind", made)


def _large(guest: SocketGuest) -> object:
    _, outgoing = guest.udp("stream", guest.bound_udp(), None).value
    return guest.send(outgoing, (bytes(65_508), at(9)))


ELSEWHERE: dict[SocketFailure, tuple[Callable[[SocketGuest], object], tuple[str, ...]]] = {
    SocketFailure.ACCESS_DENIED: (_denied, ()),
    SocketFailure.NOT_SUPPORTED: (_scope, ()),
    SocketFailure.INVALID_ARGUMENT: (_family, ()),
    SocketFailure.CONCURRENCY_CONFLICT: (_twice, ()),
    SocketFailure.NOT_IN_PROGRESS: (_not_begun, ()),
    SocketFailure.WOULD_BLOCK: (_nobody, ()),
    SocketFailure.INVALID_STATE: (_not_listening, ()),
    SocketFailure.NEW_SOCKET_LIMIT: (_too_many, ()),
    SocketFailure.ADDRESS_NOT_BINDABLE: (_elsewhere, ("network:listen:203.0.113.1:*",)),
    SocketFailure.ADDRESS_IN_USE: (_taken, ()),
    SocketFailure.DATAGRAM_TOO_LARGE: (_large, ()),
}
"""What a guest does, and what is granted to it."""


def test_every_code_is_given() -> None:
    given = [*CONNECTING, *LOOKING_UP, *ELSEWHERE]
    assert len(given) == len(set(given))
    functions = {each.name: each for each in wasi_types().interfaces["sockets/tcp"].functions}
    result = functions["[method]tcp-socket.start-bind"].result
    assert isinstance(result, ResultOf)
    assert isinstance(result.err, EnumOf)
    assert {str(failure.value) for failure in given} == set(result.err.names)


@pytest.mark.parametrize("failure", CONNECTING)
def test_of_a_connection(engine: Engine, failure: SocketFailure) -> None:
    with socket_guest(engine, internet=FailingInternet(CONNECTING[failure])) as guest:
        assert guest.attempt(at(80)) == failure


@pytest.mark.parametrize("failure", LOOKING_UP)
def test_of_a_lookup(engine: Engine, failure: SocketFailure) -> None:
    internet = FailingInternet(resolver=LOOKING_UP[failure])
    with socket_guest(engine, "network:connect:api.example.com:80", internet=internet) as guest:
        assert guest.look_up("api.example.com") == failure


@pytest.mark.parametrize("failure", ELSEWHERE)
def test_of_the_rest(engine: Engine, failure: SocketFailure) -> None:
    work, granted = ELSEWHERE[failure]
    with socket_guest(engine, *granted) as guest:
        assert work(guest) == Err(failure)
