"""``wasi:sockets/udp`` called by a real component: every function, with peers and without."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

import pytest

from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.engine import Engine
from airssys_tui.host.doors.network.holdings import MOST_OPEN, Sort
from tests.support.network import PATIENCE
from tests.support.wasi.socket_guest import SocketGuest, at, socket_guest

INCOMING = "sockets/udp#[method]incoming-datagram-stream"
OUTGOING = "sockets/udp#[method]outgoing-datagram-stream"
VERSIONS = pytest.mark.parametrize("version", [4, 6])


def streams(guest: SocketGuest, made: int, peer: Variant | None = None) -> tuple[int, int]:
    """Return the incoming and the outgoing stream of a new association."""
    incoming, outgoing = guest.udp("stream", made, None if peer is None else Some(peer)).value
    return incoming, outgoing


def address(guest: SocketGuest, made: int) -> Variant:
    answer: Variant = guest.udp("local-address", made).value
    return answer


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    """Somebody outside the guest."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(PATIENCE)
        yield made


def test_binding_has_two_steps(guest: SocketGuest) -> None:
    made = guest.new_udp()
    for verb, arguments in (("local-address", ()), ("remote-address", ()), ("stream", (None,))):
        assert guest.udp(verb, made, *arguments) == Err("invalid-state")
    assert guest.udp("finish-bind", made) == Err("not-in-progress")
    assert guest.udp("start-bind", made, guest.network, at(0, "::1")) == Err("invalid-argument")
    assert guest.udp("start-bind", made, guest.network, at(0)) == Ok()
    assert guest.udp("finish-bind", made) == Ok()
    assert guest.udp("finish-bind", made) == Err("not-in-progress")
    assert guest.udp("start-bind", made, guest.network, at(0)) == Err("invalid-state")
    assert guest.udp("remote-address", made) == Err("invalid-state")
    assert guest.udp("address-family", made) == "ipv4"
    guest.block("sockets/udp#[method]udp-socket", made)


@VERSIONS
def test_packets_between_two_guests(guest: SocketGuest, version: int) -> None:
    server, client = guest.bound_udp(version), guest.bound_udp(version)
    heard, answers = streams(guest, server)
    replies, asks = streams(guest, client, address(guest, server))
    assert guest.udp("remote-address", client) == Ok(address(guest, server))
    assert guest.send(asks, (b"one", None), (b"", address(guest, server))) == Ok(2)
    guest.block(INCOMING, heard)
    arrived = guest.receive(heard).value
    assert [each["data"] for each in arrived] == [b"one", b""]
    assert arrived[0]["remote-address"] == address(guest, client)
    assert guest.send(answers, (b"answer", address(guest, client))) == Ok(1)
    guest.block(INCOMING, replies)
    assert guest.receive(replies).value == [{"data": b"answer", "remote-address": address(guest, server)}]
    assert guest.receive(replies) == Ok([])
    assert guest.receive(replies, 0) == Ok([])
    assert guest.receive(replies, 2**64 - 1) == Ok([])


def test_packets_to_and_from_somebody_outside(guest: SocketGuest, peer: socket.socket) -> None:
    made = guest.bound_udp()
    incoming, outgoing = streams(guest, made)
    there = at(peer.getsockname()[1])
    assert guest.send(outgoing, (b"ping", there)) == Ok(1)
    data, sender = peer.recvfrom(100)
    assert (data, sender[1]) == (b"ping", address(guest, made).payload["port"])
    peer.sendto(b"pong", sender)
    guest.block(INCOMING, incoming)
    assert guest.receive(incoming).value == [{"data": b"pong", "remote-address": there}]


def test_a_peer_is_changed_and_given_up(engine: Engine) -> None:
    granted = ("network:listen:0.0.0.0:*", "network:listen:127.0.0.1:*", "network:connect:127.0.0.1:*")
    with socket_guest(engine, *granted) as guest:
        made = guest.new_udp()
        assert guest.udp("start-bind", made, guest.network, at(0, "0.0.0.0")) == Ok()
        assert guest.udp("finish-bind", made) == Ok()
        port = address(guest, made).payload["port"]
        for there in (None, at(4_321), at(4_321), at(4_320), None, None, at(4_321)):
            incoming, outgoing = streams(guest, made, there)
            remote = guest.udp("remote-address", made)
            assert remote == (Err("invalid-state") if there is None else Ok(there))
            assert address(guest, made).payload["port"] == port
            assert guest.receive(incoming) == Ok([])
            guest.drop("incoming-datagram-stream", incoming)
            guest.drop("outgoing-datagram-stream", outgoing)


def test_only_the_latest_streams_work(guest: SocketGuest) -> None:
    made = guest.bound_udp()
    incoming, outgoing = streams(guest, made)
    streams(guest, made)
    assert guest.receive(incoming) == Err("invalid-state")
    assert guest.send(outgoing) == Err("invalid-state")
    guest.block(INCOMING, incoming)
    guest.block(OUTGOING, outgoing)


def test_streams_end_with_their_socket(guest: SocketGuest) -> None:
    made = guest.bound_udp()
    incoming, outgoing = streams(guest, made)
    pollable = guest.call(f"{INCOMING}.subscribe", incoming)
    assert guest.call("io/poll#[method]pollable.ready", pollable) is False
    guest.drop("udp-socket", made)
    assert guest.call("io/poll#[method]pollable.ready", pollable) is True
    assert guest.receive(incoming) == Err("invalid-state")
    assert guest.send(outgoing) == Err("invalid-state")
    guest.drop("incoming-datagram-stream", incoming)
    assert guest.call("io/poll#[method]pollable.ready", pollable) is True
    assert guest.door.holdings.count(Sort.SOCKET) == 0


# --- the permit ------------------------------------------------------------------------------------------------------


def test_sending_needs_a_permit_each_time(guest: SocketGuest) -> None:
    made = guest.bound_udp()
    _, outgoing = streams(guest, made)
    here = address(guest, made)
    assert guest.send(outgoing, (b"x", here)) == Ok(1)
    with pytest.raises(GuestTrap) as caught:
        guest.send(outgoing, (b"x", here), checked=False)
    assert caught.value.trap.kind is TrapKind.HOST_ERROR
    assert "1 datagrams are sent, and check-send permits 0" in caught.value.trap.message


def test_more_than_is_permitted_traps(guest: SocketGuest) -> None:
    made = guest.bound_udp()
    _, outgoing = streams(guest, made)
    permit = guest.call(f"{OUTGOING}.check-send", outgoing).value
    assert guest.call(f"{OUTGOING}.check-send", outgoing) == Ok(permit)
    with pytest.raises(GuestTrap):
        guest.send(outgoing, *[(b"x", address(guest, made))] * (permit + 1), checked=False)


def test_nothing_needs_no_permit(guest: SocketGuest) -> None:
    _, outgoing = streams(guest, guest.bound_udp())
    assert guest.send(outgoing, checked=False) == Ok(0)


def test_there_is_no_room(guest: SocketGuest, monkeypatch: pytest.MonkeyPatch) -> None:
    made = guest.bound_udp()
    _, outgoing = streams(guest, made, address(guest, made))
    numbers = [0, errno.EAGAIN]
    monkeypatch.setattr(guest.internet, "send", lambda _opened, _data: numbers.pop(0))
    assert guest.send(outgoing, (b"x", None), (b"y", None)) == Ok(1)
    with monkeypatch.context() as patch:
        patch.setattr("airssys_tui.host.doors.network.sockets.held_socket.HeldSocket.is_ready", lambda *_: False)
        assert guest.call(f"{OUTGOING}.check-send", outgoing) == Ok(0)
    guest.block(OUTGOING, outgoing)
    assert guest.call(f"{OUTGOING}.check-send", outgoing).value > 0


# --- error codes -----------------------------------------------------------------------------------------------------

TARGETS: list[tuple[Variant | None, str]] = [
    (None, "invalid-argument"),
    (at(0), "invalid-argument"),
    (at(9, "0.0.0.0"), "invalid-argument"),
    (at(9, "::1"), "invalid-argument"),
    (at(9, "10.0.0.1"), "access-denied"),
]


@pytest.mark.parametrize(("where", "code"), TARGETS)
def test_where_packets_do_not_go(guest: SocketGuest, where: Variant | None, code: str) -> None:
    made = guest.bound_udp()
    _, outgoing = streams(guest, made)
    assert guest.send(outgoing, (b"x", where)) == Err(code)
    assert guest.send(outgoing, (b"x", address(guest, made)), (b"x", where)) == Ok(1)
    if where is not None:
        assert guest.udp("stream", made, Some(where)) == Err(code)
    assert guest.internet.left == []


def test_scopes(guest: SocketGuest) -> None:
    made = guest.bound_udp(6)
    scoped = at(9, "fe80::1", **{"scope-id": 1})
    assert guest.udp("stream", made, Some(scoped)) == Err("not-supported")
    _, outgoing = streams(guest, made)
    assert guest.send(outgoing, (b"x", scoped)) == Err("not-supported")
    here = address(guest, made)
    assert guest.send(outgoing, (b"x", here), (b"x", scoped), (b"x", here)) == Ok(1)
    mapped = at(9, "::ffff:127.0.0.1")
    assert guest.udp("stream", made, Some(mapped)) == Err("invalid-argument")


def test_a_packet_for_somebody_else_than_the_peer(guest: SocketGuest) -> None:
    made, other = guest.bound_udp(), guest.bound_udp()
    _, outgoing = streams(guest, made, address(guest, other))
    assert guest.send(outgoing, (b"x", address(guest, made))) == Err("invalid-argument")


def test_packets_have_bounds(guest: SocketGuest) -> None:
    made = guest.bound_udp()
    _, outgoing = streams(guest, made)
    here = address(guest, made)
    assert guest.send(outgoing, (bytes(65_508), here)) == Err("datagram-too-large")
    assert guest.send(outgoing, (b"x", here), (bytes(65_508), here)) == Ok(1)


def test_the_peer_refuses(guest: SocketGuest) -> None:
    made, gone = guest.bound_udp(), guest.bound_udp()
    there = address(guest, gone)
    guest.drop("udp-socket", gone)
    incoming, outgoing = streams(guest, made, there)
    assert guest.send(outgoing, (b"x", None)) == Ok(1)
    guest.block(INCOMING, incoming)
    assert guest.receive(incoming) == Err("connection-refused")


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.ECONNRESET, "remote-unreachable"), (errno.ENETUNREACH, "remote-unreachable"), (errno.EIO, "unknown")],
)
def test_what_the_system_says(guest: SocketGuest, number: int, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = guest.bound_udp()
    _, outgoing = streams(guest, made)
    monkeypatch.setattr(guest.internet, "send_to", lambda *_: number)
    assert guest.send(outgoing, (b"x", at(9))) == Err(code)


def test_addresses_in_use(engine: Engine) -> None:
    with socket_guest(engine, "network:listen:127.0.0.1:*", "network:listen:192.0.2.1:*") as guest:
        taken = address(guest, guest.bound_udp())
        for where, code in (
            (taken, "address-in-use"),
            (at(0, "192.0.2.1"), "address-not-bindable"),
            (at(53, "0.0.0.0"), "access-denied"),
        ):
            assert guest.udp("start-bind", guest.new_udp(), guest.network, where) == Err(code)


def test_an_instance_has_so_many(guest: SocketGuest) -> None:
    made = [guest.new_udp() for _ in range(MOST_OPEN[Sort.SOCKET])]
    assert guest.call("sockets/udp-create-socket#create-udp-socket", "ipv4") == Err("new-socket-limit")
    guest.drop("udp-socket", made[0])
    guest.new_udp()


def test_what_is_taken_back_ends_with_the_next_operation(guest: SocketGuest) -> None:
    made = guest.bound_udp()
    incoming, outgoing = streams(guest, made)
    guest.guard.revoke()
    assert guest.receive(incoming) == Err("access-denied")
    assert guest.send(outgoing) == Err("invalid-state")
    assert guest.udp("local-address", made) == Err("invalid-state")


def test_a_wait_for_packets_ends_with_the_call(guest: SocketGuest) -> None:
    incoming, _ = streams(guest, guest.bound_udp())
    guest.tenant.at_block = [guest.instance.cancel]
    with pytest.raises(GuestTrap) as caught:
        guest.block(INCOMING, incoming)
    assert caught.value.trap.kind is TrapKind.CANCELLED


# --- options ---------------------------------------------------------------------------------------------------------

OPTIONS: dict[str, dict[int, int]] = {
    "unicast-hop-limit": {1: 1, 42: 42, 255: 255},
    "receive-buffer-size": {0x10000: 0x10000},
    "send-buffer-size": {0x10000: 0x10000},
}


@VERSIONS
@pytest.mark.parametrize("option", OPTIONS)
def test_options(guest: SocketGuest, version: int, option: str) -> None:
    made = guest.new_udp(version)
    assert guest.udp(option, made).value > 0
    for value, kept in OPTIONS[option].items():
        assert guest.udp(f"set-{option}", made, value) == Ok()
        assert guest.udp(option, made) == Ok(kept)
    assert guest.udp(f"set-{option}", made, 0) == Err("invalid-argument")
    assert guest.udp("address-family", made) == {4: "ipv4", 6: "ipv6"}[version]
