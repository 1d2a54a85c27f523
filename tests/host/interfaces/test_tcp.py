"""A real component on ``airssys:ext-network/tcp``: conversations in both directions, their bounds and their end."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Err, Ok, Variant
from airssys_tui.engine.engine import Engine
from airssys_tui.host.doors.network.holdings import Sort
from tests.support.network import Guest, guest, serving


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


@pytest.fixture
def caller(engine: Engine) -> Iterator[Guest]:
    with guest(engine) as made:
        yield made


def echo(taken: socket.socket) -> None:
    while data := taken.recv(65_536):
        taken.sendall(data)


def case(answer: object) -> str:
    assert isinstance(answer, Err), answer
    return str(answer.value.case)


def connected(caller: Guest, port: int) -> int:
    return int(caller.ask("connect", "127.0.0.1", port, 5_000).value)


def test_a_conversation(caller: Guest) -> None:
    with serving(echo) as port:
        number = connected(caller, port)
        assert caller.ask("peer", number) == Ok({"address": Variant("ipv4", (127, 0, 0, 1)), "port": port})
        assert caller.ask("write", number, b"hello") == Ok(5)
        assert caller.ask("write", number, b"") == Ok(0)
        assert caller.ask("read", number, 3) == Ok(b"hel")
        assert caller.ask("read", number, 1_000) == Ok(b"lo")
        assert caller.ask("close", number, "send") == Ok()
        assert caller.ask("read", number, 1) == Ok(b""), "the peer has ended as well"
        assert case(caller.ask("write", number, b"x")) == "closed"
        assert caller.ask("close", number, "both") == Ok()
        assert case(caller.ask("peer", number)) == "closed"
        assert case(caller.ask("read", number, 1)) == "closed"
        assert caller.door.holdings.count(Sort.CONNECTION) == 0


def test_a_direction_ends_once(caller: Guest) -> None:
    with serving(echo) as port:
        number = connected(caller, port)
        assert caller.ask("close", number, "receive") == Ok()
        assert case(caller.ask("read", number, 1)) == "closed"
        assert case(caller.ask("close", number, "receive")) == "closed"


@pytest.mark.parametrize("length", [0, 1024 * 1024 + 1])
def test_reads_are_bounded(caller: Guest, length: int) -> None:
    with serving(echo) as port:
        assert case(caller.ask("read", connected(caller, port), length)) == "invalid-input"


def test_more_than_one_call_may_write_is_refused(caller: Guest) -> None:
    with serving(echo) as port:
        assert case(caller.ask("write", connected(caller, port), b"x" * (1024 * 1024 + 1))) == "too-large"


@pytest.mark.parametrize("timeout", [0, 60_001, 2**64 - 1])
def test_timeouts_are_bounded(caller: Guest, timeout: int) -> None:
    assert case(caller.ask("connect", "127.0.0.1", 1, timeout)) == "invalid-input"


def test_a_port_is_not_zero(caller: Guest) -> None:
    assert case(caller.ask("connect", "127.0.0.1", 0, 1_000)) == "invalid-input"


def test_nobody_listens(caller: Guest) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert case(caller.ask("connect", "127.0.0.1", port, 5_000)) == "refused"


def test_a_name_leads_to_the_first_address_that_answers(caller: Guest) -> None:
    with serving(echo, host="::1") as port:
        number = caller.ask("connect", "localhost", port, 5_000).value
        assert caller.ask("peer", number).value["address"] == Variant("ipv6", (0, 0, 0, 0, 0, 0, 0, 1))
        assert [address for address, _ in caller.internet.reached] == ["127.0.0.1", "::1"]


def test_a_grant_for_one_access_is_enough_for_a_name_with_two_addresses(engine: Engine) -> None:
    declared = ("network:connect:localhost:*",)
    with guest(engine, "network:connect:[::1]:1", declared=declared) as caller, serving(echo, host="::1") as port:
        caller.guard.grant(declared[0], Scope.ONCE)
        number = caller.ask("connect", "localhost", port, 5_000).value
        assert caller.ask("write", number, b"once") == Ok(4)
        assert caller.ask("read", number, 4) == Ok(b"once")
        assert case(caller.ask("connect", "localhost", port, 5_000)) == "denied"


def test_each_address_that_is_used_is_an_access_of_its_own(caller: Guest) -> None:
    with serving(echo, host="::1") as port:
        caller.ask("connect", "localhost", port, 5_000)
    assert [access.address for access in caller.guard.used] == ["127.0.0.1", "::1"]


def test_a_peer_that_is_silent_holds_up_no_longer_than_the_call(engine: Engine) -> None:
    with guest(engine) as caller, serving(lambda taken: taken.recv(1)) as port:
        number = connected(caller, port)
        with pytest.raises(GuestTrap) as caught:
            caller.ask("read", number, 1, deadline=0.05)
        assert caught.value.trap.kind is TrapKind.DEADLINE
        assert caller.blocked > 0


def test_a_wait_ends_when_the_call_is_cancelled(engine: Engine) -> None:
    reading = threading.Event()

    def silent(taken: socket.socket) -> None:
        reading.set()
        taken.recv(1)

    with guest(engine) as caller, serving(silent) as port:
        number = connected(caller, port)
        assert reading.wait(30)
        threading.Timer(0.02, caller.instance.cancel).start()
        with pytest.raises(GuestTrap) as caught:
            caller.ask("read", number, 1)
        assert caught.value.trap.kind is TrapKind.CANCELLED


def test_a_connection_is_lost(caller: Guest) -> None:
    def reset(taken: socket.socket) -> None:
        taken.recv(1)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with serving(reset) as port:
        number = connected(caller, port)
        caller.ask("write", number, b"x")
        assert case(caller.ask("read", number, 1)) == "closed"


def test_others_knock(caller: Guest) -> None:
    listener = caller.ask("listen", "127.0.0.1", 0).value
    where = caller.ask("listener-address", listener).value
    assert where["address"] == Variant("ipv4", (127, 0, 0, 1))
    with socket.create_connection(("127.0.0.1", where["port"])) as peer:
        number = caller.ask("accept", listener, 5_000).value
        assert caller.ask("peer", number).value["port"] == peer.getsockname()[1]
        peer.sendall(b"knock")
        assert caller.ask("read", number, 10) == Ok(b"knock")
        caller.ask("drop-connection", number)
        assert peer.recv(1) == b"", "dropping it ended it"


def test_nobody_knocks(caller: Guest) -> None:
    listener = caller.ask("listen", "127.0.0.1", 0).value
    assert case(caller.ask("accept", listener, 1)) == "timeout"
    assert case(caller.ask("accept", listener, 0)) == "invalid-input"


def test_an_address_is_taken(caller: Guest) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert case(caller.ask("listen", "127.0.0.1", taken.getsockname()[1])) == "address-in-use"


def test_a_component_has_so_many_connections(caller: Guest) -> None:
    with serving(echo) as port:
        numbers = [connected(caller, port) for _ in range(64)]
        refused = caller.ask("connect", "127.0.0.1", port, 5_000)
        assert refused.value.case == "denied"
        assert "quota: the component has 64 connections open" in refused.value.payload
        listener = caller.ask("listen", "127.0.0.1", 0).value
        assert case(caller.ask("accept", listener, 5_000)) == "denied"
        caller.ask("drop-connection", numbers[0])
        connected(caller, port)


def test_a_component_has_so_many_listeners(caller: Guest) -> None:
    numbers = [caller.ask("listen", "127.0.0.1", 0).value for _ in range(8)]
    assert case(caller.ask("listen", "127.0.0.1", 0)) == "denied"
    caller.ask("drop-listener", numbers[0])
    assert isinstance(caller.ask("listen", "127.0.0.1", 0), Ok)


def test_what_is_open_ends_with_the_instance(engine: Engine) -> None:
    ended = threading.Event()

    def wait(taken: socket.socket) -> None:
        if taken.recv(1) == b"":
            ended.set()

    with serving(wait) as port:
        with guest(engine) as caller:
            connected(caller, port)
            listener = caller.ask("listen", "127.0.0.1", 0).value
            free = caller.ask("listener-address", listener).value["port"]
        assert ended.wait(30)
        with contextlib.closing(socket.create_server(("127.0.0.1", free))):
            pass


def test_a_closed_door_closes_what_is_opened_later(engine: Engine) -> None:
    with guest(engine) as caller, serving(echo) as port:
        caller.door.close()
        assert case(caller.ask("read", connected(caller, port), 1)) == "closed"


def test_what_is_taken_back_ends_with_the_next_call(caller: Guest) -> None:
    with serving(echo) as port:
        number = connected(caller, port)
        caller.guard.revoke()
        refused = caller.ask("write", number, b"x")
        assert refused.value.case == "denied"
        assert refused.value.payload.startswith("not-granted: ")
        caller.guard.grant("network:connect:127.0.0.1:*")
        assert case(caller.ask("write", number, b"x")) == "closed"


def test_a_handle_of_somebody_else_is_none(engine: Engine) -> None:
    with guest(engine) as one, guest(engine) as other, serving(echo) as port:
        number = connected(one, port)
        with pytest.raises(GuestTrap):
            other.ask("write", number, b"stolen")


def test_host_work_costs_fuel(caller: Guest) -> None:
    with serving(echo) as port:
        number = connected(caller, port)
        with pytest.raises(GuestTrap) as caught:
            caller.ask("write", number, b"x" * 10_000, fuel=10_000)
        assert caught.value.trap.kind is TrapKind.OUT_OF_FUEL
