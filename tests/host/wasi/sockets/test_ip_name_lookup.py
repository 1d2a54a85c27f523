"""``wasi:sockets/ip-name-lookup`` called by a real component."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Err, Ok, Variant
from airssys_tui.engine.engine import Engine
from airssys_tui.host.doors.network.lookups import MOST_OF_ONE
from tests.support.network import PATIENCE
from tests.support.wasi.socket_guest import SocketGuest, at, socket_guest

PUBLIC = "93.184.216.34"
STREAM = "sockets/ip-name-lookup#[method]resolve-address-stream"


@pytest.fixture
def guest(engine: Engine) -> Iterator[SocketGuest]:
    with socket_guest(engine, "network:connect:*.example.com:80") as made:
        made.internet.name("api.example.com", (PUBLIC, "2606:2800:220:1::1", "::ffff:93.184.216.35"))
        yield made


@pytest.fixture
def answer(guest: SocketGuest, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Resolvers answer when this is set."""
    given = threading.Event()

    def look_up(_name: str) -> tuple[str, ...]:
        assert given.wait(PATIENCE)
        return (PUBLIC,)

    monkeypatch.setattr(guest.internet, "look_up", look_up)
    yield given
    given.set()


def test_the_addresses_of_a_name(guest: SocketGuest) -> None:
    assert guest.look_up("API.example.com.") == [
        Variant("ipv4", (93, 184, 216, 34)),
        Variant("ipv6", (0x2606, 0x2800, 0x220, 1, 0, 0, 0, 1)),
        Variant("ipv4", (93, 184, 216, 35)),
    ]
    assert guest.internet.asked == ["api.example.com"]


def test_an_address_is_its_own(guest: SocketGuest) -> None:
    assert guest.look_up("192.0.2.0") == [Variant("ipv4", (192, 0, 2, 0))]
    assert guest.look_up("[::1]") == [Variant("ipv6", (0, 0, 0, 0, 0, 0, 0, 1))]
    assert guest.look_up("::ffff:127.0.0.1") == [Variant("ipv4", (127, 0, 0, 1))]
    assert guest.internet.asked == []


@pytest.mark.parametrize("name", ["", " ", "a.b<&>", "127.0.0.1:80", "[::]:80", "http://example.com/", "0x7f.1"])
def test_what_is_no_name(guest: SocketGuest, name: str) -> None:
    assert guest.begin_lookup(name) == Err("invalid-argument")


def test_a_name_that_may_not_be_used_is_not_looked_up(guest: SocketGuest) -> None:
    assert guest.begin_lookup("example.org") == Err("access-denied")
    assert guest.internet.asked == []


def test_the_answer_is_waited_for(guest: SocketGuest, answer: threading.Event) -> None:
    stream = guest.begin_lookup("api.example.com").value
    pollable = guest.call(f"{STREAM}.subscribe", stream)
    assert guest.call("io/poll#[method]pollable.ready", pollable) is False
    assert guest.next_address(stream) == Err("would-block")
    guest.tenant.at_block = [answer.set]
    guest.call("io/poll#[method]pollable.block", pollable)
    assert isinstance(guest.next_address(stream), Ok)
    assert guest.next_address(stream) == guest.next_address(stream) == Ok(None)
    guest.drop("resolve-address-stream", stream)
    assert guest.call("io/poll#[method]pollable.ready", pollable) is True


def test_a_wait_for_a_resolver_ends_with_the_call(guest: SocketGuest, answer: threading.Event) -> None:
    stream = guest.begin_lookup("api.example.com").value
    guest.tenant.at_block = [guest.instance.cancel]
    with pytest.raises(GuestTrap) as caught:
        guest.block(STREAM, stream)
    assert caught.value.trap.kind is TrapKind.CANCELLED
    assert guest.lookups.busy == 1, "the resolver cannot be interrupted; it keeps its place"
    answer.set()


def test_an_instance_has_so_many_lookups(guest: SocketGuest, answer: threading.Event) -> None:
    streams = [guest.begin_lookup("api.example.com").value for _ in range(MOST_OF_ONE)]
    assert guest.begin_lookup("api.example.com") == Err("temporary-resolver-failure")
    for stream in streams:
        guest.drop("resolve-address-stream", stream)
    assert guest.begin_lookup("api.example.com") == Err("temporary-resolver-failure"), "abandoned ones count"
    answer.set()


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (socket.EAI_NONAME, "name-unresolvable"),
        (socket.EAI_AGAIN, "temporary-resolver-failure"),
        (socket.EAI_FAIL, "permanent-resolver-failure"),
        (socket.EAI_MEMORY, "out-of-memory"),
    ],
)
def test_what_resolvers_say(guest: SocketGuest, code: int, failure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_name: str) -> tuple[str, ...]:
        raise socket.gaierror(code, "said")

    monkeypatch.setattr(guest.internet, "look_up", fail)
    assert guest.look_up("api.example.com") == failure


def test_what_was_looked_up_is_connected_to_by_its_address(guest: SocketGuest) -> None:
    assert guest.attempt(at(80, PUBLIC)) == "access-denied"
    guest.look_up("api.example.com")
    assert guest.attempt(at(80, PUBLIC)) == "connection-refused", "it was let through, and this network ends here"
    assert guest.internet.reached == [(PUBLIC, 80)]
    assert guest.attempt(at(81, PUBLIC)) == "access-denied"
