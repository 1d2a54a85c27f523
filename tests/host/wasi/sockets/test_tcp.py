"""``wasi:sockets/tcp`` called by a real component: every function, in every state, over real connections."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.core.units import MIB
from airssys_tui.engine.engine import Engine
from airssys_tui.host.doors.network.holdings import MOST_OPEN, Sort
from airssys_tui.host.doors.network.sockets.byte_flow import MOST_LEFT
from airssys_tui.host.doors.network.sockets.remainders import REMAINDERS
from airssys_tui.host.wasi.pollable import MOST_MOVED
from tests.support.network import PATIENCE, serving
from tests.support.wasi.socket_guest import CLOSED, LOOPBACK, SocketGuest, at, socket_guest

SECOND = 1_000_000_000
VERSIONS = pytest.mark.parametrize("version", [4, 6])


def pair(guest: SocketGuest, version: int = 4) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return two ends of one connection: socket, input and output; the one that was taken last."""
    listener = guest.listening(version)
    began = guest.connected(guest.tcp("local-address", listener).value)
    taken = guest.taken(listener)
    guest.drop("tcp-socket", listener)
    return began, taken


@VERSIONS
def test_a_conversation_in_both_directions(guest: SocketGuest, version: int) -> None:
    (began, input_, output), (taken, heard, said) = pair(guest, version)
    assert guest.tcp("remote-address", began) == guest.tcp("local-address", taken)
    assert guest.tcp("remote-address", taken) == guest.tcp("local-address", began)
    address = guest.tcp("remote-address", began).value
    assert address == at(address.payload["port"], LOOPBACK[version])
    assert guest.write("check-write", output) == Ok(MOST_MOVED)
    assert guest.write("write", output, b"hello") == Ok()
    assert guest.await_bytes(heard, 3) == Ok(b"hel")
    assert guest.read(heard, 100) == Ok(b"lo")
    assert guest.read(heard, 100) == Ok(b"")
    assert guest.write("blocking-write-and-flush", said, b"answer") == Ok()
    assert guest.await_bytes(input_) == Ok(b"answer")
    assert guest.tcp("address-family", began) == {4: "ipv4", 6: "ipv6"}[version]


def test_an_echo_by_splicing(guest: SocketGuest) -> None:
    (_, input_, output), (_, heard, said) = pair(guest)
    guest.write("blocking-write-and-flush", output, b"x" * 1_000)
    assert guest.write("blocking-splice", said, heard, 600) == Ok(600)
    assert guest.write("splice", said, heard, 600) == Ok(400)
    received = guest.await_bytes(input_).value
    while len(received) < 1_000:
        received += guest.await_bytes(input_).value
    assert received == b"x" * 1_000


def test_permits_are_what_the_door_takes() -> None:
    assert MOST_LEFT == MOST_MOVED


# --- states ----------------------------------------------------------------------------------------------------------


def refusals(guest: SocketGuest, made: int, *verbs: str) -> set[Any]:
    """Return what methods without arguments of their own answer."""
    given: dict[str, tuple[Any, ...]] = {
        "start-bind": (guest.network, at(0)),
        "start-connect": (guest.network, at(9)),
        "shutdown": ("both",),
        "set-listen-backlog-size": (32,),
    }
    return {guest.tcp(verb, made, *given.get(verb, ())).value for verb in verbs}


FINISHING = ("finish-bind", "finish-connect", "finish-listen")


def test_a_new_socket(guest: SocketGuest) -> None:
    made = guest.new_tcp()
    assert refusals(guest, made, *FINISHING) == {"not-in-progress"}
    wrong = ("start-listen", "accept", "shutdown", "local-address", "remote-address")
    assert refusals(guest, made, *wrong) == {"invalid-state"}
    assert guest.tcp("is-listening", made) is False
    guest.block("sockets/tcp#[method]tcp-socket", made)


def test_a_bound_socket(guest: SocketGuest) -> None:
    made = guest.bound()
    assert refusals(guest, made, *FINISHING) == {"not-in-progress"}
    assert refusals(guest, made, "start-bind", "accept", "shutdown", "remote-address") == {"invalid-state"}
    assert isinstance(guest.tcp("local-address", made), Ok)
    guest.block("sockets/tcp#[method]tcp-socket", made)


def test_a_listener(guest: SocketGuest) -> None:
    made = guest.listening()
    assert refusals(guest, made, *FINISHING) == {"not-in-progress"}
    wrong = ("start-bind", "start-connect", "start-listen", "shutdown", "remote-address")
    assert refusals(guest, made, *wrong) == {"invalid-state"}
    assert guest.tcp("is-listening", made) is True
    assert guest.tcp("accept", made) == Err("would-block")
    assert guest.tcp("set-listen-backlog-size", made, 32) == Ok()
    pollable = guest.call("sockets/tcp#[method]tcp-socket.subscribe", made)
    assert guest.call("io/poll#[method]pollable.ready", pollable) is False
    with socket.create_connection(("127.0.0.1", guest.tcp("local-address", made).value.payload["port"])):
        guest.call("io/poll#[method]pollable.block", pollable)
        assert isinstance(guest.tcp("accept", made), Ok)
        assert guest.call("io/poll#[method]pollable.ready", pollable) is False
    guest.drop("tcp-socket", made)
    assert guest.call("io/poll#[method]pollable.ready", pollable) is True, "what is gone is not waited for"


def test_a_connected_socket(guest: SocketGuest) -> None:
    (made, _, _), _ = pair(guest)
    assert refusals(guest, made, *FINISHING) == {"not-in-progress"}
    wrong = ("start-bind", "start-connect", "start-listen", "accept", "set-listen-backlog-size")
    assert refusals(guest, made, *wrong) == {"invalid-state"}


def test_a_connection_under_way(guest: SocketGuest, monkeypatch: pytest.MonkeyPatch) -> None:
    listener, made = guest.listening(), guest.new_tcp()
    where = guest.tcp("local-address", listener).value
    assert guest.tcp("start-connect", made, guest.network, where) == Ok()
    with monkeypatch.context() as patch:
        patch.setattr("airssys_tui.host.doors.network.sockets.held_socket.HeldSocket.is_ready", lambda *_: False)
        assert guest.tcp("finish-connect", made) == Err("would-block")
    assert refusals(guest, made, "start-connect") == {"concurrency-conflict"}
    assert refusals(guest, made, "start-bind", "start-listen", "remote-address") == {"invalid-state"}
    assert isinstance(guest.tcp("local-address", made), Ok)
    guest.block("sockets/tcp#[method]tcp-socket", made)
    assert isinstance(guest.tcp("finish-connect", made), Ok)


def test_a_socket_that_failed_to_connect(guest: SocketGuest) -> None:
    free = guest.bound()
    made = guest.new_tcp()
    where = guest.tcp("local-address", free).value
    assert guest.tcp("start-connect", made, guest.network, where) == Ok()
    guest.block("sockets/tcp#[method]tcp-socket", made)
    assert guest.tcp("finish-connect", made) == Err("connection-refused")
    assert refusals(guest, made, *FINISHING) == {"not-in-progress"}
    rest = ("start-bind", "start-connect", "start-listen", "accept", "local-address", "hop-limit", "shutdown")
    assert refusals(guest, made, *rest) == {"invalid-state"}
    guest.block("sockets/tcp#[method]tcp-socket", made)


# --- error codes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "code"),
    [
        (at(80, "::1"), "invalid-argument"),
        (at(80, "224.0.0.1"), "invalid-argument"),
        (at(80, "255.255.255.255"), "invalid-argument"),
        (at(80, "0.0.0.0"), "invalid-argument"),
        (at(0), "invalid-argument"),
        (at(80, "10.0.0.1"), "access-denied"),
    ],
)
def test_addresses_that_a_socket_does_not_connect_to(guest: SocketGuest, where: Variant, code: str) -> None:
    made = guest.new_tcp()
    assert guest.tcp("start-connect", made, guest.network, where) == Err(code)
    assert guest.internet.reached == []


def test_addresses_of_the_sixth_version(guest: SocketGuest) -> None:
    for where, code in (
        (at(80, "::ffff:127.0.0.1"), "invalid-argument"),
        (at(80, "fe80::1", **{"scope-id": 2}), "not-supported"),
        (at(80), "invalid-argument"),
    ):
        assert guest.tcp("start-connect", guest.new_tcp(6), guest.network, where) == Err(code)
        assert guest.tcp("start-bind", guest.new_tcp(6), guest.network, where) == Err(code)
    listener = guest.listening(6)
    port = guest.tcp("local-address", listener).value.payload["port"]
    guest.connected(at(port, "::1", **{"flow-info": 7}))


def test_binding(engine: Engine) -> None:
    with socket_guest(engine, "network:listen:127.0.0.1:*", "network:listen:192.0.2.1:*") as guest:
        taken = guest.tcp("local-address", guest.listening()).value
        for where, code in (
            (taken, "address-in-use"),
            (at(0, "192.0.2.1"), "address-not-bindable"),
            (at(0, "0.0.0.0"), "access-denied"),
            (at(0, "224.0.0.1"), "invalid-argument"),
        ):
            made = guest.new_tcp()
            assert guest.tcp("start-bind", made, guest.network, where) == Err(code)
            assert guest.tcp("start-bind", made, guest.network, at(0)) == Ok(), "it may be tried again"
            assert guest.tcp("local-address", made) == Err("invalid-state")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.EHOSTUNREACH, "remote-unreachable"),
        (errno.ETIMEDOUT, "timeout"),
        (errno.ECONNABORTED, "connection-aborted"),
        (errno.ECONNRESET, "connection-reset"),
        (errno.EADDRNOTAVAIL, "address-in-use"),
        (errno.ENOBUFS, "out-of-memory"),
        (errno.EIO, "unknown"),
    ],
)
def test_what_the_system_says_of_a_connection(
    guest: SocketGuest, number: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest.internet, "connect", lambda _opened, _where: number)
    assert guest.attempt(at(9)) == code


def test_a_listener_whose_address_somebody_else_listens_at(guest: SocketGuest) -> None:
    one = guest.bound()
    other = guest.bound(where=guest.tcp("local-address", one).value)
    assert [guest.tcp("start-listen", made) for made in (one, other)] == [Ok(), Ok()]
    assert guest.tcp("finish-listen", one) == Ok()
    assert guest.tcp("finish-listen", other) == Err("address-in-use")


def test_an_instance_has_so_many_sockets(guest: SocketGuest) -> None:
    made = [guest.new_tcp() for _ in range(MOST_OPEN[Sort.CONNECTION])]
    assert guest.call("sockets/tcp-create-socket#create-tcp-socket", "ipv4") == Err("new-socket-limit")
    guest.drop("tcp-socket", made[0])
    guest.new_tcp()


def test_an_aborted_conversation_is_not_the_listeners_end(guest: SocketGuest, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = guest.listening()

    def abort(_opened: socket.socket) -> Any:
        raise ConnectionAbortedError(errno.ECONNABORTED, "aborted")

    with monkeypatch.context() as patch:
        patch.setattr(socket.socket, "accept", abort)
        assert guest.tcp("accept", listener) == Err("connection-aborted")
    guest.connected(guest.tcp("local-address", listener).value)
    assert guest.taken(listener)


# --- ends ------------------------------------------------------------------------------------------------------------


def test_the_other_end_leaves(guest: SocketGuest) -> None:
    with serving(lambda taken: taken.sendall(b"bye")) as port:
        _, input_, _ = guest.connected(at(port))
        assert guest.await_bytes(input_) == Ok(b"bye")
        guest.block("io/streams#[method]input-stream", input_)
        assert guest.read(input_, 10) == CLOSED
        assert guest.read(input_, 0) == CLOSED


def test_receiving_is_ended_here(guest: SocketGuest) -> None:
    (made, input_, _), (_, _, said) = pair(guest)
    guest.write("blocking-write-and-flush", said, b"late")
    guest.block("io/streams#[method]input-stream", input_)
    assert guest.tcp("shutdown", made, "receive") == Ok()
    assert guest.read(input_, 10) == CLOSED
    assert guest.read(input_, 0) == CLOSED
    assert guest.tcp("shutdown", made, "receive") == Ok()


def test_sending_is_ended_here(guest: SocketGuest) -> None:
    (made, _, output), (_, heard, _) = pair(guest)
    assert guest.write("check-write", output) == Ok(MOST_MOVED)
    assert guest.tcp("shutdown", made, "send") == Ok()
    assert guest.write("write", output, b"Hi!") == CLOSED
    assert guest.write("check-write", output) == CLOSED
    assert guest.write("flush", output) == CLOSED
    assert guest.await_bytes(heard) == CLOSED


def test_sending_is_ended_while_something_is_left(guest: SocketGuest) -> None:
    (made, _, output), (_, heard, _) = pair(guest)
    guest.tcp("set-send-buffer-size", made, 1_024)
    assert guest.write("check-write", output) == Ok(MOST_MOVED)
    assert guest.write("write", output, bytes(MOST_MOVED)) == Ok()
    assert guest.tcp("shutdown", made, "both") == Ok()
    received = 0
    while isinstance(answer := guest.await_bytes(heard), Ok):
        received += len(answer.value)
    assert (received, answer) == (MOST_MOVED, CLOSED)


def test_there_is_no_room_until_the_other_end_reads(guest: SocketGuest) -> None:
    (_, _, output), (_, heard, _) = pair(guest)
    count = 0
    pollable = guest.call("io/streams#[method]output-stream.subscribe", output)
    while guest.call("io/poll#[method]pollable.ready", pollable):  # the system may find room for more a moment later
        while permit := guest.write("check-write", output).value:
            assert guest.write("write-zeroes", output, permit) == Ok()
            count += permit
        assert count < 64 * MIB
    assert count
    while count:
        count -= len(guest.await_bytes(heard).value)
    guest.call("io/poll#[method]pollable.block", pollable)
    assert guest.write("check-write", output) == Ok(MOST_MOVED)
    assert guest.write("blocking-flush", output) == Ok()
    assert not len(REMAINDERS)


def reset(taken: socket.socket) -> None:
    taken.recv(1)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def test_a_failed_stream_says_why(guest: SocketGuest) -> None:
    with serving(reset) as port:
        _, input_, output = guest.connected(at(port))
        guest.write("blocking-write-and-flush", output, b"x")
        failed = guest.await_bytes(input_)
        assert failed.value.case == "last-operation-failed"
        error = failed.value.payload
        assert guest.call("sockets/network#network-error-code", error) == Some("connection-reset")
        assert "reset" in guest.call("io/error#[method]error.to-debug-string", error)
        assert guest.read(input_, 1) == CLOSED
        guest.write("check-write", output)
        guest.write("write", output, b"y")
        assert guest.write("check-write", output) == CLOSED


def test_what_is_taken_back_ends_with_the_next_operation(guest: SocketGuest) -> None:
    (made, input_, output), _ = pair(guest)
    guest.guard.revoke()
    failed = guest.write("check-write", output)
    assert guest.call("sockets/network#network-error-code", failed.value.payload) == Some("access-denied")
    assert guest.read(input_, 1) == CLOSED
    assert guest.tcp("local-address", made) == Err("invalid-state")


def test_a_socket_may_be_dropped_before_its_streams(guest: SocketGuest) -> None:
    (made, input_, output), (_, heard, _) = pair(guest)
    guest.drop("tcp-socket", made)
    assert guest.await_bytes(heard) == CLOSED
    assert guest.read(input_, 1) == CLOSED
    assert guest.write("check-write", output) == CLOSED
    guest.block("io/streams#[method]output-stream", output)


def test_streams_may_be_dropped_before_the_socket(guest: SocketGuest) -> None:
    (made, input_, output), (_, heard, said) = pair(guest)
    guest.drop("input-stream", input_)
    guest.drop("output-stream", output)
    assert isinstance(guest.tcp("remote-address", made), Ok)
    assert guest.write("blocking-write-and-flush", said, b"x") == Ok()
    guest.tcp("shutdown", made, "send")
    assert guest.await_bytes(heard) == CLOSED


def test_everything_ends_with_a_trap(engine: Engine) -> None:
    with socket_guest(engine) as guest, serving(lambda taken: taken.recv(1)) as port:
        guest.connected(at(port))
        listener = guest.listening()
        free = guest.tcp("local-address", listener).value.payload["port"]
        with pytest.raises(GuestTrap):
            guest.drop("tcp-socket", 999)
        guest.close()
        assert guest.door.holdings.count(Sort.CONNECTION) == guest.door.holdings.count(Sort.LISTENER) == 0
        with socket.create_server(("127.0.0.1", free)):
            pass


# --- waits -----------------------------------------------------------------------------------------------------------


def silent_wait(guest: SocketGuest, what: str, port: int) -> Callable[..., object]:
    """Prepare a wait for something that never happens."""
    if what == "accept":
        listener = guest.listening()
        return lambda **limits: guest.block("sockets/tcp#[method]tcp-socket", listener, **limits)
    _, input_, output = guest.connected(at(port))
    if what == "read":
        return lambda **limits: guest.await_bytes(input_, **limits)
    while guest.write("check-write", output).value:
        guest.write("write-zeroes", output, MOST_MOVED)
    return lambda **limits: guest.block("io/streams#[method]output-stream", output, **limits)


@pytest.fixture
def silent() -> Iterator[int]:
    """A server that takes connections and says nothing; yields its port."""
    ended = threading.Event()
    with serving(lambda _: ended.wait(PATIENCE) and None) as port:
        yield port
        ended.set()


WAITS = pytest.mark.parametrize("what", ["read", "accept", "write"])


@WAITS
def test_a_silent_socket_holds_up_no_longer_than_the_call(guest: SocketGuest, what: str, silent: int) -> None:
    wait = silent_wait(guest, what, silent)
    with pytest.raises(GuestTrap) as caught:
        wait(deadline=0.02)
    assert caught.value.trap.kind is TrapKind.DEADLINE
    assert guest.tenant.blocked > 0


@WAITS
def test_a_wait_ends_when_the_call_is_cancelled(guest: SocketGuest, what: str, silent: int) -> None:
    wait = silent_wait(guest, what, silent)
    guest.tenant.at_block = [guest.instance.cancel]
    with pytest.raises(GuestTrap) as caught:
        wait()
    assert caught.value.trap.kind is TrapKind.CANCELLED
    guest.close()
    assert not len(REMAINDERS)


def test_a_guest_waits_for_whichever_of_many_speaks_first(guest: SocketGuest, silent: int) -> None:
    inputs = [guest.connected(at(silent))[1] for _ in range(20)]
    (_, _, said), (_, heard, _) = pair(guest)
    pollables = [guest.call("io/streams#[method]input-stream.subscribe", one) for one in (*inputs, heard)]
    guest.write("blocking-write-and-flush", said, b"x")
    assert guest.call("io/poll#poll", pollables) == [20]


# --- options ---------------------------------------------------------------------------------------------------------

OPTIONS = {
    "keep-alive-enabled": {True: True, False: False},
    "keep-alive-idle-time": {1: SECOND, 42 * SECOND: 42 * SECOND, 2**64 - 1: 32_767 * SECOND},
    "keep-alive-interval": {1: SECOND, 42 * SECOND: 42 * SECOND, 2**64 - 1: 32_767 * SECOND},
    "keep-alive-count": {1: 1, 42: 42, 2**32 - 1: 127},
    "hop-limit": {1: 1, 255: 255},
    "receive-buffer-size": {0x10000: 0x10000},
    "send-buffer-size": {0x10000: 0x10000},
}


@VERSIONS
@pytest.mark.parametrize("option", OPTIONS)
def test_options(guest: SocketGuest, version: int, option: str) -> None:
    made = guest.new_tcp(version)
    assert isinstance(guest.tcp(option, made), Ok)
    for value, kept in OPTIONS[option].items():
        assert guest.tcp(f"set-{option}", made, value) == Ok()
        assert guest.tcp(option, made) == Ok(kept)
    if option != "keep-alive-enabled":
        assert guest.tcp(f"set-{option}", made, 0) == Err("invalid-argument")


def test_backlogs(guest: SocketGuest) -> None:
    made = guest.new_tcp()
    assert guest.tcp("set-listen-backlog-size", made, 0) == Err("invalid-argument")
    assert guest.tcp("set-listen-backlog-size", made, 1) == Ok()
    assert guest.tcp("set-listen-backlog-size", made, 2**64 - 1) == Ok()


def test_host_work_costs_fuel(engine: Engine) -> None:
    with socket_guest(engine, limits=Limits(deadline=PATIENCE, fuel_per_call=40_000)) as guest:
        (_, _, output), _ = pair(guest)
        guest.write("check-write", output)
        with pytest.raises(GuestTrap) as caught:
            guest.write("write", output, bytes(41_000))
        assert caught.value.trap.kind is TrapKind.OUT_OF_FUEL
