"""Sockets for datagrams: binding, associations, what is received and sent, and what is refused."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import pytest

from airssys_tui.core.capability.grant import Reason
from airssys_tui.host.doors.network.holdings import MOST_OPEN, Sort
from airssys_tui.host.doors.network.sockets import udp_socket
from airssys_tui.host.doors.network.sockets.association import MOST_BYTES, MOST_RECEIVED, Outgoing
from tests.support.socket_door import LOOPBACK, Desk, at, refused

OPEN = ("network:listen:0.0.0.0:*", "network:connect:127.0.0.1:*", "network:listen:127.0.0.1:*")


def test_binding_has_two_steps(desk: Desk) -> None:
    made = desk.sockets.udp(desk.call, 4)
    for ask in (made.local_address, made.remote_address, lambda: made.associate(desk.call, None)):
        with refused("invalid-state"):
            ask()
    with refused("not-in-progress"):
        made.finish_bind()
    made.start_bind(desk.call, at(0))
    with refused("invalid-state"):
        made.start_bind(desk.call, at(0))
    with refused("invalid-state"):
        made.local_address()
    made.finish_bind()
    with refused("not-in-progress"):
        made.finish_bind()
    with refused("invalid-state"):
        made.start_bind(desk.call, at(0))
    assert made.local_address().port
    with refused("invalid-state"):
        made.remote_address()


@pytest.mark.parametrize(("version", "address"), [(4, "::1"), (6, "127.0.0.1"), (6, "::ffff:127.0.0.1")])
def test_addresses_of_another_version(desk: Desk, version: int, address: str) -> None:
    with refused("invalid-argument"):
        desk.sockets.udp(desk.call, version).start_bind(desk.call, at(0, address))
    bound = desk.udp(version)
    with refused("invalid-argument"):
        bound.associate(desk.call, at(9, address))
    with refused("invalid-argument"):
        bound.associate(desk.call, None).send(desk.call, [Outgoing(b"x", at(9, address))])


@pytest.mark.parametrize(("address", "port"), [("0.0.0.0", 9), ("127.0.0.1", 0)])
def test_addresses_that_nobody_has(desk: Desk, address: str, port: int) -> None:
    bound = desk.udp()
    with refused("invalid-argument"):
        bound.associate(desk.call, at(port, address))
    with refused("invalid-argument"):
        bound.associate(desk.call, None).send(desk.call, [Outgoing(b"x", at(port, address))])
    assert desk.internet.reached == []


def test_an_address_is_taken(desk: Desk) -> None:
    with refused("address-in-use"):
        desk.sockets.udp(desk.call, 4).start_bind(desk.call, desk.udp().local_address())


def test_an_address_of_somebody_else(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk("network:listen:192.0.2.1:*")
    with refused("address-not-bindable"):
        desk.sockets.udp(desk.call, 4).start_bind(desk.call, at(0, "192.0.2.1"))


@pytest.mark.parametrize("version", [4, 6])
def test_packets_to_anybody_and_to_one_peer(desk: Desk, version: int) -> None:
    server, client = desk.udp(version), desk.udp(version)
    heard, asked = server.associate(desk.call, None), client.associate(desk.call, server.local_address())
    assert client.remote_address() == server.local_address()
    assert asked.send(desk.call, [Outgoing(b"one"), Outgoing(b"", server.local_address())]) == 2
    assert desk.await_packet(heard) == b"one"
    assert [(each.data, each.sender) for each in heard.receive(desk.call, 5)] == [(b"", client.local_address())]
    assert heard.receive(desk.call, 0) == []
    assert heard.send(desk.call, [Outgoing(b"answer", client.local_address())]) == 1
    assert desk.await_packet(asked) == b"answer"
    assert asked.receive(desk.call, 5) == []


def test_only_the_peer_is_heard(desk: Desk) -> None:
    server, client, stranger = desk.udp(), desk.udp(), desk.udp()
    spoken = stranger.associate(desk.call, client.local_address())
    spoken.send(desk.call, [Outgoing(b"before")])
    asked = client.associate(desk.call, server.local_address())
    spoken.send(desk.call, [Outgoing(b"after")])
    with refused("connection-refused"):
        spoken.send(desk.call, [Outgoing(b"after")])
    server.associate(desk.call, client.local_address()).send(desk.call, [Outgoing(b"answer")])
    assert desk.await_packet(asked) == b"answer"
    assert asked.receive(desk.call, 5) == []


def test_the_latest_association_is_the_one_that_works(desk: Desk) -> None:
    server, client = desk.udp(), desk.udp()
    first = client.associate(desk.call, server.local_address())
    second = client.associate(desk.call, None)
    with refused("invalid-state"):
        client.remote_address()
    for operation in (lambda: first.receive(desk.call, 1), lambda: first.send(desk.call, []), first.require_working):
        with refused("invalid-state"):
            operation()
    assert first.is_ready(desk.call)
    assert first.may_send()
    assert not second.is_ready(desk.call)


@pytest.mark.parametrize(("version", "anywhere"), [(4, "0.0.0.0"), (6, "::")])
def test_the_port_stays_whatever_it_is_associated_with(
    open_desk: Callable[..., Desk], version: int, anywhere: str
) -> None:
    here = LOOPBACK[version] if version == 4 else "[::1]"
    desk = open_desk(
        f"network:listen:{anywhere if version == 4 else '[::]'}:*",
        f"network:connect:{here}:*",
        f"network:listen:{here}:*",
    )
    client, one, other = desk.udp(version, anywhere), desk.udp(version), desk.udp(version)
    port = client.local_address().port
    for peer in (one, one, None, other, None, None, one):
        client.associate(desk.call, None if peer is None else peer.local_address())
        assert client.local_address().port == port
        assert str(client.local_address().address) == (anywhere if peer is None else LOOPBACK[version])
    assert client.association is not None
    client.association.send(desk.call, [Outgoing(b"still")])
    assert desk.await_packet(one.associate(desk.call, None)) == b"still"


def test_the_port_is_gone_meanwhile(open_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    desk = open_desk(*OPEN)
    client = desk.udp(address="0.0.0.0")
    client.associate(desk.call, desk.udp().local_address())
    place = client.local_address()
    real, thieves = udp_socket.CONNECT, []

    def steal(*arguments: object) -> int:
        done = real(*arguments)
        thieves.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        thieves[-1].bind(("0.0.0.0", place.port))
        return int(done)

    monkeypatch.setattr(udp_socket, "CONNECT", steal)
    with refused("address-in-use"):
        client.associate(desk.call, None)
    assert client.closed
    thieves[0].close()


def test_the_peer_refuses(desk: Desk) -> None:
    client, gone = desk.udp(), desk.udp()
    where = gone.local_address()
    gone.close()
    asked = client.associate(desk.call, where)
    assert asked.send(desk.call, [Outgoing(b"x")]) == 1
    with refused("connection-refused"):
        asked.receive(desk.call, 1)
    assert asked.send(desk.call, [Outgoing(b"x")] * 3) == 1, "what was sent is told, not what failed after it"


def test_packets_have_bounds(desk: Desk) -> None:
    association = desk.udp().associate(desk.call, None)
    for size in (65_508, 65_536):
        with refused("datagram-too-large"):
            association.send(desk.call, [Outgoing(bytes(size), at(9))])


def test_the_target_and_the_peer(desk: Desk) -> None:
    server, client = desk.udp(), desk.udp()
    with refused("invalid-argument"):
        client.associate(desk.call, None).send(desk.call, [Outgoing(b"x")])
    asked = client.associate(desk.call, server.local_address())
    with refused("invalid-argument"):
        asked.send(desk.call, [Outgoing(b"x", client.local_address())])
    assert asked.send(desk.call, [Outgoing(b"x"), Outgoing(b"x", client.local_address())]) == 1


def test_one_call_receives_so_much(desk: Desk) -> None:
    server, client = desk.udp(), desk.udp()
    heard, asked = server.associate(desk.call, None), client.associate(desk.call, server.local_address())
    assert asked.send(desk.call, [Outgoing(b"x")] * 20) == 20
    assert len(heard.receive(desk.call, 2**64 - 1)) == MOST_RECEIVED
    assert len(heard.receive(desk.call, 2**64 - 1)) == 20 - MOST_RECEIVED
    assert asked.send(desk.call, [Outgoing(bytes(40_000))] * 3) == 3
    assert sum(len(each.data) for each in heard.receive(desk.call, 3)) < MOST_BYTES + 40_000
    assert len(heard.receive(desk.call, 3)) == 1


def test_there_is_no_room(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    server, client = desk.udp(), desk.udp()
    asked = client.associate(desk.call, server.local_address())
    numbers = [0, errno.EAGAIN, errno.EAGAIN]
    monkeypatch.setattr(desk.internet, "send", lambda _opened, _data: numbers.pop(0))
    assert asked.send(desk.call, [Outgoing(b"x")] * 2) == 1
    assert asked.send(desk.call, [Outgoing(b"x")]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(type(client), "is_ready", lambda _made, _events: False)
        assert not asked.may_send()
    assert asked.may_send()


# --- rights ----------------------------------------------------------------------------------------------------------


def test_each_address_needs_leave(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk("network:listen:127.0.0.1:*")
    for where in (at(0, "127.0.0.2"), at(53, "0.0.0.0")):
        with refused("access-denied"):
            desk.sockets.udp(desk.call, 4).start_bind(desk.call, where)
    bound = desk.udp()
    with refused("access-denied"):
        bound.associate(desk.call, at(9))
    with refused("access-denied"):
        bound.associate(desk.call, None).send(desk.call, [Outgoing(b"x", at(9))])
    assert desk.internet.reached == []


def test_an_association_that_is_denied_leaves_the_earlier_one(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk("network:listen:127.0.0.1:*", "network:connect:127.0.0.1:*")
    server, client = desk.udp(), desk.udp()
    asked = client.associate(desk.call, server.local_address())
    with refused("access-denied"):
        client.associate(desk.call, at(9, "10.0.0.1"))
    asked.require_working()
    assert client.remote_address() == server.local_address()


def test_each_packet_needs_leave(desk: Desk) -> None:
    bound = desk.udp()
    association = bound.associate(desk.call, None)
    assert association.send(desk.call, [Outgoing(b"x", bound.local_address())]) == 1
    desk.guard.revoke()
    desk.guard.grant("network:listen:127.0.0.1:*")
    with refused("access-denied"):
        association.send(desk.call, [Outgoing(b"x", at(9))])
    assert desk.await_packet(association) == b"x", "its own place is still granted"
    desk.guard.revoke()
    with refused("access-denied"):
        association.receive(desk.call, 1)
    assert bound.closed


def test_packets_to_all_are_not_sent_even_if_granted(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk("network:listen:127.0.0.1:*", "network:connect:127.255.255.255:9")
    with refused("access-denied"):
        desk.udp().associate(desk.call, None).send(desk.call, [Outgoing(b"x", at(9, "127.255.255.255"))])


def test_an_instance_has_so_many(desk: Desk) -> None:
    made = [desk.udp() for _ in range(MOST_OPEN[Sort.SOCKET])]
    with refused("new-socket-limit"):
        desk.udp()
    assert desk.guard.reasons == [Reason.QUOTA]
    made[0].close()
    desk.udp()
