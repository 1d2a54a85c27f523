"""A real component on ``airssys:ext-network/udp``."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from airssys_tui.core.types.values import Err, Ok, Variant
from airssys_tui.engine.engine import Engine
from tests.support.network import Guest, guest


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


@pytest.fixture
def caller(engine: Engine) -> Iterator[Guest]:
    with guest(engine) as made:
        yield made


def case(answer: object) -> str:
    assert isinstance(answer, Err), answer
    return str(answer.value.case)


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(30)
        yield made


def test_packets_in_both_directions(caller: Guest, peer: socket.socket) -> None:
    number = caller.ask("bind", "127.0.0.1", 0).value
    here = caller.ask("socket-address-of", number).value
    assert here["address"] == Variant("ipv4", (127, 0, 0, 1))
    assert caller.ask("send-to", number, b"ping", "localhost", peer.getsockname()[1]) == Ok()
    data, sender = peer.recvfrom(100)
    assert (data, sender) == (b"ping", ("127.0.0.1", here["port"]))
    peer.sendto(b"pong", sender)
    arrived = caller.ask("receive-from", number, 5_000).value
    assert arrived == {
        "data": b"pong",
        "sender": {"address": Variant("ipv4", (127, 0, 0, 1)), "port": peer.getsockname()[1]},
    }


def test_no_packet_comes(caller: Guest) -> None:
    number = caller.ask("bind", "127.0.0.1", 0).value
    assert case(caller.ask("receive-from", number, 1)) == "timeout"
    assert case(caller.ask("receive-from", number, 60_001)) == "invalid-input"


def test_a_packet_has_bounds(caller: Guest, peer: socket.socket) -> None:
    number = caller.ask("bind", "127.0.0.1", 0).value
    assert case(caller.ask("send-to", number, b"x" * 65_508, "127.0.0.1", peer.getsockname()[1])) == "too-large"
    assert caller.ask("send-to", number, b"", "127.0.0.1", peer.getsockname()[1]) == Ok()


def test_an_address_of_another_kind_cannot_be_reached(caller: Guest) -> None:
    number = caller.ask("bind", "127.0.0.1", 0).value
    assert case(caller.ask("send-to", number, b"x", "[::1]", 9)) == "failed"


def test_that_nobody_took_a_packet_keeps_no_other_one_back(caller: Guest, peer: socket.socket) -> None:
    number = caller.ask("bind", "127.0.0.1", 0).value
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        gone = free.getsockname()[1]
    for _ in range(3):
        assert caller.ask("send-to", number, b"lost", "127.0.0.1", gone) == Ok()
    assert caller.ask("send-to", number, b"ping", "127.0.0.1", peer.getsockname()[1]) == Ok()
    assert peer.recv(10) == b"ping"


def test_a_component_has_so_many_sockets(caller: Guest) -> None:
    numbers = [caller.ask("bind", "127.0.0.1", 0).value for _ in range(8)]
    assert case(caller.ask("bind", "127.0.0.1", 0)) == "denied"
    caller.ask("drop-socket", numbers[0])
    assert isinstance(caller.ask("bind", "127.0.0.1", 0), Ok)


def test_each_packet_needs_leave(caller: Guest, peer: socket.socket) -> None:
    number = caller.ask("bind", "127.0.0.1", 0).value
    caller.guard.revoke()
    caller.guard.grant("network:listen:127.0.0.1:*")
    assert case(caller.ask("send-to", number, b"x", "127.0.0.1", peer.getsockname()[1])) == "denied"
    assert isinstance(caller.ask("socket-address-of", number), Ok), "its own place is still granted"
