"""Sockets for streams: what each state allows, what fails how, and what ends with what."""

from __future__ import annotations

import errno
import resource
import socket
from collections.abc import Callable

import pytest

from airssys_tui.core.capability.grant import Reason, Scope
from airssys_tui.engine.call_ends import CallCancelled
from airssys_tui.host.doors.network.holdings import MOST_OPEN, Sort
from airssys_tui.host.doors.network.sockets.byte_flow import Direction
from airssys_tui.host.doors.network.sockets.socket_options import Option
from airssys_tui.host.doors.network.sockets.tcp_socket import TcpSocket, TcpState
from tests.support.network import StandingCall
from tests.support.socket_door import LOOPBACK, Desk, at, refused

CALL = StandingCall()


def unbound(desk: Desk) -> TcpSocket:
    return desk.sockets.tcp(desk.call, 4)


def binding(desk: Desk) -> TcpSocket:
    made = unbound(desk)
    made.start_bind(desk.call, at(0))
    return made


def listen_started(desk: Desk) -> TcpSocket:
    made = desk.bound()
    made.start_listen()
    return made


def connecting(desk: Desk) -> TcpSocket:
    made = unbound(desk)
    made.start_connect(desk.call, desk.listening().local_address())
    return made


def closed(desk: Desk) -> TcpSocket:
    made = unbound(desk)
    made.close()
    return made


STATES: dict[TcpState, Callable[[Desk], TcpSocket]] = {
    TcpState.UNBOUND: unbound,
    TcpState.BINDING: binding,
    TcpState.BOUND: Desk.bound,
    TcpState.LISTEN_STARTED: listen_started,
    TcpState.LISTENING: Desk.listening,
    TcpState.CONNECTING: connecting,
    TcpState.CONNECTED: lambda desk: desk.pair()[0],
    TcpState.CLOSED: closed,
}
OPERATIONS: dict[str, Callable[[TcpSocket], object]] = {
    "start-bind": lambda made: made.start_bind(CALL, at(0)),
    "finish-bind": lambda made: made.finish_bind(),
    "start-connect": lambda made: made.start_connect(CALL, at(9)),
    "finish-connect": lambda made: made.finish_connect(),
    "start-listen": lambda made: made.start_listen(),
    "finish-listen": lambda made: made.finish_listen(),
    "accept": lambda made: made.accept(),
    "local-address": lambda made: made.local_address(),
    "remote-address": lambda made: made.remote_address(),
    "set-backlog": lambda made: made.set_backlog(32),
    "set-option": lambda made: made.set_option(Option.HOP_LIMIT, 42),
    "shutdown": lambda made: made.shutdown(Direction),
    "send": lambda made: made.send(CALL, b"x"),
}
PROGRESS = {"finish-bind", "finish-connect", "finish-listen"}
ALLOWED = {
    TcpState.UNBOUND: {"start-bind", "start-connect", "set-backlog", "set-option"},
    TcpState.BINDING: {"finish-bind", "set-backlog", "set-option"},
    TcpState.BOUND: {"start-connect", "start-listen", "local-address", "set-backlog", "set-option"},
    TcpState.LISTEN_STARTED: {"finish-listen", "local-address", "set-backlog", "set-option"},
    TcpState.LISTENING: {"accept", "local-address", "set-backlog", "set-option"},
    TcpState.CONNECTING: {"finish-connect", "local-address", "set-option"},
    TcpState.CONNECTED: {"local-address", "remote-address", "set-option", "shutdown", "send"},
    TcpState.CLOSED: set(),
}


@pytest.mark.parametrize("state", TcpState)
def test_what_a_state_does_not_allow_is_refused_and_changes_nothing(desk: Desk, state: TcpState) -> None:
    made = STATES[state](desk)
    assert made.state is state
    for name, operation in OPERATIONS.items():
        if name in ALLOWED[state]:
            continue
        failure = "not-in-progress" if name in PROGRESS else "invalid-state"
        if (state, name) == (TcpState.CONNECTING, "start-connect"):
            failure = "concurrency-conflict"
        with refused(failure):
            operation(made)
        assert made.state is state, name


@pytest.mark.parametrize(
    ("state", "name", "after"),
    [
        (TcpState.UNBOUND, "start-bind", TcpState.BINDING),
        (TcpState.BINDING, "finish-bind", TcpState.BOUND),
        (TcpState.UNBOUND, "start-connect", TcpState.CONNECTING),
        (TcpState.BOUND, "start-connect", TcpState.CONNECTING),
        (TcpState.BOUND, "start-listen", TcpState.LISTEN_STARTED),
        (TcpState.LISTEN_STARTED, "finish-listen", TcpState.LISTENING),
        (TcpState.CONNECTED, "shutdown", TcpState.CONNECTED),
        (TcpState.LISTENING, "set-backlog", TcpState.LISTENING),
    ],
)
def test_a_step_leads_on(desk: Desk, state: TcpState, name: str, after: TcpState) -> None:
    made = STATES[state](desk)
    OPERATIONS[name](made)
    assert made.state is after


@pytest.mark.parametrize("version", [4, 6])
def test_a_conversation(desk: Desk, version: int) -> None:
    began, taken = desk.pair(version)
    assert str(began.remote_address().address) == LOOPBACK[version]
    assert began.remote_address() == taken.local_address()
    assert taken.remote_address() == began.local_address()
    began.send(desk.call, b"hello")
    assert desk.await_bytes(taken) == b"hello"
    assert taken.receive(desk.call, 10) is None
    began.shutdown([Direction.SEND])
    assert desk.await_bytes(taken) == b""
    taken.send(desk.call, b"still here")
    assert desk.await_bytes(began) == b"still here"


def test_a_bound_socket_connects_from_its_address(desk: Desk) -> None:
    listener, made = desk.listening(), desk.bound()
    here = made.local_address()
    made.start_connect(desk.call, listener.local_address())
    desk.await_step(made)
    made.finish_connect()
    desk.await_step(listener)
    assert listener.accept().remote_address() == here


def test_nobody_listens(desk: Desk) -> None:
    free = desk.bound()
    made = unbound(desk)
    made.start_connect(desk.call, free.local_address())
    desk.await_step(made)
    with refused("connection-refused"):
        made.finish_connect()
    assert made.state is TcpState.CLOSED


def test_nobody_has_answered_yet(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TcpSocket, "is_ready", lambda _made, _events: False)
    made = connecting(desk)
    with refused("would-block"):
        made.finish_connect()
    assert made.state is TcpState.CONNECTING


def test_nobody_knocks(desk: Desk) -> None:
    with refused("would-block"):
        desk.listening().accept()


@pytest.mark.parametrize(
    ("version", "address", "port"),
    [
        (4, "::1", 80),
        (6, "127.0.0.1", 80),
        (6, "::ffff:127.0.0.1", 80),
        (4, "224.0.0.1", 80),
        (4, "255.255.255.255", 80),
        (6, "ff02::1", 80),
        (4, "0.0.0.0", 80),
        (6, "::", 80),
        (4, "127.0.0.1", 0),
    ],
)
def test_addresses_that_nobody_can_be_reached_at(desk: Desk, version: int, address: str, port: int) -> None:
    made = desk.sockets.tcp(desk.call, version)
    with refused("invalid-argument"):
        made.start_connect(desk.call, at(port, address))
    assert made.state is TcpState.CLOSED, "a step towards a connection that fails ends the socket"
    assert desk.guard.denials == desk.internet.reached == []


@pytest.mark.parametrize(
    ("version", "address"),
    [(4, "::1"), (6, "127.0.0.1"), (6, "::ffff:127.0.0.1"), (4, "224.0.0.1"), (4, "255.255.255.255"), (6, "ff02::1")],
)
def test_addresses_that_cannot_be_taken(desk: Desk, version: int, address: str) -> None:
    made = desk.sockets.tcp(desk.call, version)
    with refused("invalid-argument"):
        made.start_bind(desk.call, at(0, address))
    assert made.state is TcpState.UNBOUND
    made.start_bind(desk.call, at(0, LOOPBACK[version]))
    made.finish_bind()


def test_an_address_of_somebody_else_cannot_be_taken(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk("network:listen:192.0.2.1:*")
    with refused("address-not-bindable"):
        unbound(desk).start_bind(desk.call, at(0, "192.0.2.1"))


def test_an_address_is_taken(desk: Desk) -> None:
    made = unbound(desk)
    with refused("address-in-use"):
        made.start_bind(desk.call, desk.listening().local_address())
    assert made.state is TcpState.UNBOUND


def test_a_port_is_free_again_while_a_past_conversation_lingers(desk: Desk) -> None:
    listener = desk.listening()
    where = listener.local_address()
    began = desk.connected(where)
    desk.await_step(listener)
    taken = listener.accept()
    taken.drop()  # the end that closes first keeps the port for a while
    assert desk.await_bytes(began) == b""
    listener.drop()
    again = unbound(desk)
    again.start_bind(desk.call, where)


def test_two_may_be_bound_and_one_listens(desk: Desk) -> None:
    one, other = desk.bound(), unbound(desk)
    other.start_bind(desk.call, one.local_address())
    other.finish_bind()
    for made in (one, other):
        made.start_listen()
    one.finish_listen()
    with refused("address-in-use"):
        other.finish_listen()
    assert other.state is TcpState.CLOSED


@pytest.mark.parametrize("number", [errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.ETIMEDOUT])
def test_what_the_system_says_of_a_connection(desk: Desk, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.internet, "connect", lambda _opened, _address: number)
    made = unbound(desk)
    says = {errno.EADDRNOTAVAIL: "address-in-use", errno.ETIMEDOUT: "timeout"}
    with refused(says.get(number, "remote-unreachable")):
        made.start_connect(desk.call, at(9))
    assert made.state is TcpState.CLOSED


def test_a_backlog_is_at_least_one(desk: Desk) -> None:
    made = unbound(desk)
    with refused("invalid-argument"):
        made.set_backlog(0)
    made.set_backlog(2**64 - 1)


# --- rights ----------------------------------------------------------------------------------------------------------


def test_each_step_needs_leave(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk("network:listen:127.0.0.1:*")
    with refused("access-denied"):
        unbound(desk).start_bind(desk.call, at(0, "127.0.0.2"))
    made = desk.bound()
    with refused("access-denied"):
        made.start_connect(desk.call, at(9))
    assert made.state is TcpState.CLOSED
    assert desk.guard.reasons == [Reason.UNDECLARED, Reason.UNDECLARED]
    assert desk.internet.reached == []


@pytest.mark.parametrize("name", ["local-address", "accept", "set-option"])
def test_what_is_taken_back_ends_with_the_next_use(desk: Desk, name: str) -> None:
    made = desk.listening()
    desk.guard.revoke()
    with refused("access-denied"):
        OPERATIONS[name](made)
    assert made.state is TcpState.CLOSED
    assert desk.door.holdings.count(Sort.LISTENER) == 0


def test_bytes_need_leave_each_time(desk: Desk) -> None:
    began, taken = desk.pair()
    desk.guard.revoke()
    with refused("access-denied"):
        began.send(desk.call, b"x")
    with refused("access-denied"):
        taken.receive(desk.call, 1)
    assert began.state is taken.state is TcpState.CLOSED


def test_a_grant_for_one_access_is_one_connection(open_desk: Callable[..., Desk]) -> None:
    declared = ("network:connect:127.0.0.1:*", "network:listen:127.0.0.1:*")
    desk = open_desk(declared[1], declared=declared)
    listener = desk.listening()
    desk.guard.grant(declared[0], Scope.ONCE)
    began = desk.connected(listener.local_address())
    began.send(desk.call, b"once")
    with refused("access-denied"):
        unbound(desk).start_connect(desk.call, listener.local_address())
    assert began.has_room(), "what it opened goes on"


# --- bounds and ends -------------------------------------------------------------------------------------------------


def test_an_instance_has_so_many_sockets(desk: Desk) -> None:
    made = [unbound(desk) for _ in range(MOST_OPEN[Sort.CONNECTION])]
    with refused("new-socket-limit"):
        unbound(desk)
    assert desk.guard.reasons == [Reason.QUOTA]
    made[0].drop()
    unbound(desk)


def test_an_instance_has_so_many_listeners(desk: Desk) -> None:
    made = [desk.listening() for _ in range(MOST_OPEN[Sort.LISTENER])]
    one_more = desk.bound()
    with refused("new-socket-limit"):
        one_more.start_listen()
    assert one_more.state is TcpState.CLOSED
    made[0].drop()
    assert desk.listening().state is TcpState.LISTENING
    assert desk.door.holdings.count(Sort.CONNECTION) == 0, "a listener is no connection any more"


def test_what_is_taken_counts_as_well(desk: Desk) -> None:
    listener = desk.listening()
    with socket.create_connection(("127.0.0.1", listener.local_address().port)):
        desk.await_step(listener)
        made = [unbound(desk) for _ in range(MOST_OPEN[Sort.CONNECTION])]
        with refused("new-socket-limit"):
            listener.accept()
        made[0].drop()
        assert listener.accept().state is TcpState.CONNECTED


def test_the_system_has_no_descriptor_left(desk: Desk) -> None:
    with socket.socket() as free:
        next_one = free.fileno()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_one, hard))
    try:
        with refused("new-socket-limit"):
            unbound(desk)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    unbound(desk)


def test_everything_ends_with_the_instance(desk: Desk) -> None:
    began, taken = desk.pair()
    listener = desk.listening()
    desk.door.close()
    assert {made.state for made in (began, taken, listener)} == {TcpState.CLOSED}
    assert unbound(desk).state is TcpState.CLOSED, "and what is made later at once"
    with socket.create_server(("127.0.0.1", 0)):
        pass


def test_a_wait_ends_with_the_call(desk: Desk) -> None:
    listener = desk.listening()
    desk.call.cancelled = True
    with pytest.raises(CallCancelled):
        desk.await_step(listener)


def test_a_connection_that_was_taken_as_the_instance_ended(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = desk.listening()
    with socket.create_connection(("127.0.0.1", listener.local_address().port)) as peer:
        desk.await_step(listener)
        real = type(desk.door.holdings).require_room

        def meanwhile(holdings: object, sort: Sort, access: object) -> None:
            real(holdings, sort, access)  # type: ignore[arg-type]
            desk.door.close()

        monkeypatch.setattr(type(desk.door.holdings), "require_room", meanwhile)
        taken = listener.accept()
        assert taken.state is TcpState.CLOSED
        peer.settimeout(30)
        assert peer.recv(1) == b""


# --- options ---------------------------------------------------------------------------------------------------------

SECOND = 1_000_000_000
ROUNDED = {
    Option.IDLE_TIME: {1: SECOND, SECOND + 1: 2 * SECOND, 42 * SECOND: 42 * SECOND, 2**64 - 1: 32_767 * SECOND},
    Option.INTERVAL: {1: SECOND, 42 * SECOND: 42 * SECOND, 2**64 - 1: 32_767 * SECOND},
    Option.COUNT: {1: 1, 42: 42, 2**32 - 1: 127},
    Option.HOP_LIMIT: {1: 1, 255: 255},
    Option.RECEIVE_BUFFER: {0x10000: 0x10000},
    Option.SEND_BUFFER: {0x10000: 0x10000},
    Option.KEEP_ALIVE: {1: 1, 0: 0},
}


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("option", Option)
def test_options(desk: Desk, version: int, option: Option) -> None:
    made = desk.sockets.tcp(desk.call, version)
    assert made.option(option) > 0 or option is Option.KEEP_ALIVE
    for value, kept in ROUNDED[option].items():
        made.set_option(option, value)
        assert made.option(option) == kept
    if option is not Option.KEEP_ALIVE:
        with refused("invalid-argument"):
            made.set_option(option, 0)


@pytest.mark.parametrize("option", [Option.RECEIVE_BUFFER, Option.SEND_BUFFER])
@pytest.mark.parametrize("value", [1, 2**64 - 1])
def test_buffers_are_as_near_as_the_system_allows(desk: Desk, option: Option, value: int) -> None:
    made = unbound(desk)
    made.set_option(option, value)
    assert 1 <= made.option(option) <= 1024 * 1024


@pytest.mark.parametrize("option", Option)
def test_options_are_handed_down(desk: Desk, option: Option) -> None:
    value, later = (1, 0) if option is Option.KEEP_ALIVE else (list(ROUNDED[option])[-1], 1)
    listener = desk.listening()
    listener.set_option(option, value)
    with socket.create_connection(("127.0.0.1", listener.local_address().port)):
        desk.await_step(listener)
        taken = listener.accept()
    assert taken.option(option) == ROUNDED[option][value]
    listener.set_option(option, later)
    assert taken.option(option) == ROUNDED[option][value]
