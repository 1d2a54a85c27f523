"""Clients for packets have no right to listen: strangers who find their port reach nothing, and all of that is counted.

Through both faces of the door: ``wasi:sockets/udp`` and ``airssys:ext-network/udp``.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from threading import Thread

import pytest

from airssys_tui.core.capability.grant import Denial, Reason, Scope
from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.engine import Engine
from airssys_tui.host.doors.network.holdings import MOST_OPEN, Sort
from airssys_tui.host.doors.network.sockets.association import MOST_DROPPED
from airssys_tui.host.doors.network.sockets.correspondents import MOST_KNOWN
from tests.support.host_attacks import API
from tests.support.network import PATIENCE, guest
from tests.support.socket_door import at as place
from tests.support.wasi.socket_guest import SocketGuest, at, socket_guest

INCOMING = "sockets/udp#[method]incoming-datagram-stream"
ANY = {4: "0.0.0.0", 6: "::"}
LOOPBACK = {4: "127.0.0.1", 6: "::1"}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


@pytest.fixture
def outside() -> Iterator[Callable[..., socket.socket]]:
    """Make somebody outside of the guest."""
    made: list[socket.socket] = []

    def make(version: int = 4) -> socket.socket:
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        made.append(socket.socket(family, socket.SOCK_DGRAM))
        made[-1].bind((LOOPBACK[version], 0))
        made[-1].settimeout(PATIENCE)
        return made[-1]

    yield make
    for each in made:
        each.close()


def port_of(one: socket.socket) -> int:
    port: int = one.getsockname()[1]
    return port


def right(one: socket.socket, version: int = 4) -> str:
    """Return the permission to reach somebody."""
    host = LOOPBACK[version] if version == 4 else f"[{LOOPBACK[version]}]"
    return f"network:connect:{host}:{port_of(one)}"


def client(made: SocketGuest, version: int = 4) -> tuple[int, int, int, tuple[str, int]]:
    """Return a socket at any free port of all addresses, its two streams, and where it is found."""
    number = made.new_udp(version)
    assert made.udp("start-bind", number, made.network, at(0, ANY[version])) == Ok()
    assert made.udp("finish-bind", number) == Ok()
    incoming, outgoing = made.udp("stream", number, None).value
    where = made.udp("local-address", number).value
    return number, incoming, outgoing, (LOOPBACK[version], where.payload["port"])


@pytest.mark.parametrize("version", [4, 6])
def test_a_client_needs_the_right_to_connect_only(
    engine: Engine, outside: Callable[..., socket.socket], version: int
) -> None:
    server, stranger = outside(version), outside(version)
    with socket_guest(engine, right(server, version)) as made:
        _, incoming, outgoing, here = client(made, version)
        assert made.guard.reasons == []
        stranger.sendto(b"who are you", here)
        assert made.send(outgoing, (b"ping", at(port_of(server), LOOPBACK[version]))) == Ok(1)
        data, sender = server.recvfrom(100)
        assert data == b"ping"
        server.sendto(b"pong", sender)
        made.block(INCOMING, incoming)
        assert [each["data"] for each in made.receive(incoming).value] == [b"pong"]
        assert [str(denial.access.permission().declared) for denial in made.guard.denials] == [
            f"listen:{'[::]' if version == 6 else '0.0.0.0'}:*"
        ], "the operator is told what taking packets of strangers would need"
        assert made.send(outgoing, (b"x", at(port_of(stranger), LOOPBACK[version]))) == Err("access-denied")


def test_the_same_by_an_association_with_the_server(engine: Engine, outside: Callable[..., socket.socket]) -> None:
    server, stranger = outside(), outside()
    with socket_guest(engine, right(server)) as made:
        number, _, _, here = client(made)
        stranger.sendto(b"before", here)
        incoming, outgoing = made.udp("stream", number, Some(at(port_of(server)))).value
        stranger.sendto(b"after", here)
        assert made.send(outgoing, (b"ping", None)) == Ok(1)
        _, sender = server.recvfrom(100)
        server.sendto(b"pong", sender)
        while not (arrived := made.receive(incoming).value):
            made.block(INCOMING, incoming)
        assert [each["data"] for each in arrived] == [b"pong"]
        assert made.udp("stream", number, Some(at(port_of(stranger)))) == Err("access-denied")


def test_nobody_is_heard_without_any_right(engine: Engine, outside: Callable[..., socket.socket]) -> None:
    stranger = outside()
    with socket_guest(engine, API) as made:
        _, incoming, _, here = client(made)
        for _ in range(5):
            stranger.sendto(b"come in", here)
        assert made.receive(incoming) == Ok([])
        pollable = made.call(f"{INCOMING}.subscribe", incoming)
        assert made.call("io/poll#[method]pollable.ready", pollable) is False
        assert made.guard.reasons == [Reason.UNDECLARED] * 5
        assert made.internet.reached == []


def test_a_stranger_that_is_observed_is_noted_once(
    engine: Engine, outside: Callable[..., socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = outside(), outside()
    with socket_guest(engine, API) as made:
        _, incoming, _, here = client(made)
        noted: list[Access] = []
        monkeypatch.setattr(made.guard, "require", noted.append)  # as in the mode `observe`: noted, and not denied
        monkeypatch.setattr(made.guard, "look", lambda access: None if access.action == "listen" else _DENIED)
        for _ in range(2):
            for stranger in (first, second):
                stranger.sendto(b"hello", here)
        pollable = made.call(f"{INCOMING}.subscribe", incoming)
        assert made.call("io/poll#[method]pollable.ready", pollable) is True
        assert made.call("io/poll#[method]pollable.ready", pollable) is True
        assert len(noted) == 1
        assert len(made.receive(incoming).value) == 4
        assert len(noted) == 4
        first.sendto(b"hello", here)
        assert len(made.receive(incoming).value) == 1
        assert len(noted) == 5


_DENIED = Denial(Access(Kind.NETWORK, "connect", "127.0.0.1", 1), Reason.NOT_GRANTED)


def test_a_flood_of_strangers_keeps_no_call_from_its_end(engine: Engine, outside: Callable[..., socket.socket]) -> None:
    stranger = outside()
    with socket_guest(engine, API) as made:
        _, incoming, _, here = client(made)
        over = Future[None]()

        def flood() -> None:
            while not over.done():
                stranger.sendto(b"x" * 1_000, here)

        flooding = Thread(target=flood)
        flooding.start()
        try:
            with pytest.raises(GuestTrap) as caught:
                made.block(INCOMING, incoming, deadline=0.2)
            assert caught.value.trap.kind is TrapKind.DEADLINE
        finally:
            over.set_result(None)
            flooding.join()


def test_one_call_drops_so_many(engine: Engine, outside: Callable[..., socket.socket]) -> None:
    stranger = outside()
    with socket_guest(engine, API) as made:
        _, incoming, _, here = client(made)
        for _ in range(MOST_DROPPED + 10):
            stranger.sendto(b"x", here)
        for total in (MOST_DROPPED, MOST_DROPPED + 10):
            assert made.receive(incoming) == Ok([])
            assert len(made.guard.denials) == total


def test_a_particular_port_or_address_is_no_client(engine: Engine) -> None:
    with socket_guest(engine, API, "network:connect:127.0.0.1:*") as made:
        for where in (at(5_353, "0.0.0.0"), at(0), at(0, "127.0.0.2"), at(53)):
            assert made.udp("start-bind", made.new_udp(), made.network, where) == Err("access-denied")
        listener = made.new_tcp()
        assert made.tcp("start-bind", listener, made.network, at(0, "0.0.0.0")) == Err("access-denied"), (
            "streams listen"
        )
        assert made.guard.reasons == [Reason.UNDECLARED] * 5


def test_whoever_declares_that_it_listens_is_no_client(engine: Engine, outside: Callable[..., socket.socket]) -> None:
    listen = "network:listen:0.0.0.0:*"
    with socket_guest(engine, API, declared=(API, listen)) as made:
        assert made.udp("start-bind", made.new_udp(), made.network, at(0, "0.0.0.0")) == Err("access-denied")
        assert made.guard.reasons == [Reason.NOT_GRANTED], "it is asked for, and not found out by lost packets"
    stranger = outside()
    with socket_guest(engine, listen) as made:
        _, incoming, outgoing, here = client(made)
        stranger.sendto(b"hello", here)
        made.block(INCOMING, incoming)
        assert [each["data"] for each in made.receive(incoming).value] == [b"hello"]
        assert made.send(outgoing, (b"x", at(port_of(stranger)))) == Err("access-denied"), "listening is not sending"


def test_a_right_that_is_taken_back_ends_the_exchange(engine: Engine, outside: Callable[..., socket.socket]) -> None:
    server = outside()
    with socket_guest(engine, right(server)) as made:
        _, incoming, outgoing, here = client(made)
        assert made.send(outgoing, (b"ping", at(port_of(server)))) == Ok(1)
        made.guard.revoke()
        server.sendto(b"late", here)
        assert made.receive(incoming) == Ok([])
        assert made.send(outgoing, (b"ping", at(port_of(server)))) == Err("access-denied")


def test_a_grant_for_one_access_is_one_packet_and_its_answer(
    engine: Engine, outside: Callable[..., socket.socket]
) -> None:
    server, stranger = outside(), outside()
    with socket_guest(engine, API, declared=(right(server),)) as made:
        made.guard.grant(right(server), Scope.ONCE)
        _, incoming, outgoing, here = client(made)
        assert made.send(outgoing, (b"ping", at(port_of(server)))) == Ok(1)
        for one in (stranger, server):
            one.sendto(b"pong", here)
        made.block(INCOMING, incoming)
        assert [each["remote-address"] for each in made.receive(incoming).value] == [at(port_of(server))]
        assert made.send(outgoing, (b"again", at(port_of(server)))) == Err("access-denied")


def test_an_answer_comes_by_the_name_that_was_looked_up(engine: Engine) -> None:
    with socket_guest(engine, API) as made:
        made.internet.name("api.example.com", ("93.184.216.34",))
        assert made.look_up("api.example.com") == [Variant("ipv4", (93, 184, 216, 34))]
        _, _, outgoing, _ = client(made)
        assert made.send(outgoing, (b"x", at(80, "93.184.216.34"))) == Ok(1)
        rights = made.door.sockets.rights
        assert rights.may_reach(place(80, "93.184.216.34"))
        assert not rights.may_reach(place(80, "93.184.216.35"))
        assert not rights.may_reach(place(81, "93.184.216.34"))


def test_a_candidate_may_prepare_and_sends_nothing(engine: Engine, outside: Callable[..., socket.socket]) -> None:
    server = outside()
    with socket_guest(engine, right(server), candidate=True) as made:
        _, incoming, outgoing, here = client(made)
        server.sendto(b"x", here)
        assert made.receive(incoming) == Ok([])
        assert made.send(outgoing, (b"x", at(port_of(server)))) == Err("access-denied")


def test_clients_are_bounded_like_all_sockets(engine: Engine) -> None:
    with socket_guest(engine, API) as made:
        for _ in range(MOST_OPEN[Sort.SOCKET]):
            client(made)
        assert made.call("sockets/udp-create-socket#create-udp-socket", "ipv4") == Err("new-socket-limit")


def test_addresses_that_were_sent_to_are_forgotten_in_turn(
    engine: Engine, outside: Callable[..., socket.socket]
) -> None:
    server = outside()
    everywhere = "network:connect:127.0.0.1:*"
    with socket_guest(engine, API, declared=(everywhere,)) as made:
        made.guard.grant(right(server), Scope.ONCE)
        _, incoming, outgoing, here = client(made)
        assert made.send(outgoing, (b"x", at(port_of(server)))) == Ok(1)
        made.guard.grant(everywhere)
        for port in range(1, MOST_KNOWN + 1):
            assert made.send(outgoing, (b"x", at(port))) == Ok(1)
        made.guard.grants.pop()
        server.sendto(b"late", here)
        assert made.receive(incoming) == Ok([])


# --- airssys:ext-network ---------------------------------------------------------------------------------------------


def test_the_same_through_the_other_face(engine: Engine, outside: Callable[..., socket.socket]) -> None:
    server, stranger = outside(), outside()
    with guest(engine, right(server)) as made:
        number = made.ask("bind", "0.0.0.0", 0).value
        here = ("127.0.0.1", made.ask("socket-address-of", number).value["port"])
        stranger.sendto(b"who are you", here)
        assert made.ask("send-to", number, b"ping", "127.0.0.1", port_of(server)) == Ok()
        assert server.recv(100) == b"ping"
        server.sendto(b"pong", here)
        assert made.ask("receive-from", number, 5_000).value["data"] == b"pong"
        assert [denial.access.action for denial in made.guard.denials] == ["listen"]
        assert made.ask("send-to", number, b"x", "127.0.0.1", port_of(stranger)).value.case == "denied"
        stranger.sendto(b"again", here)
        assert made.ask("receive-from", number, 1).value.case == "timeout"
        for host, port in (("0.0.0.0", 5_353), ("127.0.0.1", 0)):
            assert made.ask("bind", host, port).value.case == "denied"
        for _ in range(MOST_OPEN[Sort.SOCKET] - 1):
            assert isinstance(made.ask("bind", "::", 0), Ok)
        assert made.ask("bind", "0.0.0.0", 0).value.case == "denied"
