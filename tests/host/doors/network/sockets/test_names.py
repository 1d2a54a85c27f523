"""Names: looked up once, without waiting, and what they lead to is used by the right to the name."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.capability.grant import Reason, Scope
from airssys_tui.core.pattern.hosts import Address
from airssys_tui.host.doors.network.lookups import MOST_OF_ONE
from airssys_tui.host.doors.network.sockets.association import Outgoing
from airssys_tui.host.doors.network.sockets.looked_up import MOST_NAMES, LookedUp
from airssys_tui.host.doors.network.sockets.name_query import NameQuery
from tests.support.socket_door import Desk, at, refused

PUBLIC = "93.184.216.34"
OTHER = "93.184.216.35"
API = "network:connect:api.example.com:80"


def answers(desk: Desk, name: str) -> list[str]:
    """Look a name up, wait, and return all addresses."""
    return every(desk, desk.sockets.look_up(desk.call, name))


def every(desk: Desk, query: NameQuery) -> list[str]:
    while not query.is_ready():
        desk.call.wait((query.waitable(),))
    found = []
    while (address := query.next()) is not None:
        found.append(str(address))
    assert query.next() is None
    return found


def connect(desk: Desk, address: str, port: int = 80) -> None:
    where = at(port, address)
    desk.sockets.tcp(desk.call, where.address.version).start_connect(desk.call, where)


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    made = open_desk(API)
    made.internet.name("api.example.com", (PUBLIC, OTHER, "2606:2800:220:1::1"))
    return made


def test_the_addresses_of_a_name_in_their_order(desk: Desk) -> None:
    assert answers(desk, "API.example.com.") == [PUBLIC, OTHER, "2606:2800:220:1::1"]
    assert desk.internet.asked == ["api.example.com"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0.0.0.0", "0.0.0.0"),
        ("10.0.0.1", "10.0.0.1"),
        ("[::]", "::"),
        ("2001:0DB8:0:0:0:0:0:0", "2001:db8::"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
    ],
)
def test_an_address_is_its_own_and_nobody_is_asked(desk: Desk, text: str, address: str) -> None:
    assert answers(desk, text) == [address]
    assert desk.internet.asked == desk.guard.denials == []
    with refused("access-denied"):
        connect(desk, "10.0.0.1")


@pytest.mark.parametrize("name", ["", " ", "a.b<&>", "127.0.0.1:80", "[::]:80", "http://example.com/", "0x7f.1"])
def test_what_is_no_name(desk: Desk, name: str) -> None:
    with refused("invalid-argument"):
        desk.sockets.look_up(desk.call, name)


def test_who_may_not_use_a_name_may_not_look_it_up(desk: Desk) -> None:
    with refused("access-denied"):
        desk.sockets.look_up(desk.call, "evil.org")
    assert desk.guard.reasons == [Reason.UNDECLARED]
    assert desk.internet.asked == []


def test_the_answer_is_not_there_yet(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = threading.Event()

    def slow(_name: str) -> tuple[str, ...]:
        answer.wait(30)
        return (PUBLIC,)

    monkeypatch.setattr(desk.internet, "look_up", slow)
    query = desk.sockets.look_up(desk.call, "api.example.com")
    for _ in range(2):
        with refused("would-block"):
            query.next()
    answer.set()
    assert every(desk, query) == [PUBLIC]


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "name-unresolvable"),
        (socket.gaierror(socket.EAI_AGAIN, "later"), "temporary-resolver-failure"),
        (socket.gaierror(socket.EAI_FAIL, "never"), "permanent-resolver-failure"),
        (socket.gaierror(socket.EAI_MEMORY, "full"), "out-of-memory"),
        (OSError(5, "broken"), "name-unresolvable"),
        (UnicodeError("no name"), "name-unresolvable"),
    ],
)
def test_what_resolvers_say(desk: Desk, error: Exception, failure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_name: str) -> tuple[str, ...]:
        raise error

    monkeypatch.setattr(desk.internet, "look_up", fail)
    query = desk.sockets.look_up(desk.call, "api.example.com")
    while not query.is_ready():
        desk.call.wait((query.waitable(),))
    for _ in range(2):
        with refused(failure):
            query.next()


def test_a_name_with_nothing_but_nonsense(desk: Desk) -> None:
    desk.internet.name("api.example.com", ("nonsense",))
    with refused("name-unresolvable"):
        answers(desk, "api.example.com")


def test_an_instance_has_so_many_lookups(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = threading.Event()
    monkeypatch.setattr(desk.internet, "look_up", lambda _name: (PUBLIC,) if answer.wait(30) else ())
    queries = [desk.sockets.look_up(desk.call, "api.example.com") for _ in range(MOST_OF_ONE)]
    with refused("temporary-resolver-failure"):
        desk.sockets.look_up(desk.call, "api.example.com")
    assert desk.guard.reasons == [Reason.QUOTA]
    answer.set()
    assert [every(desk, query) for query in queries] == [[PUBLIC]] * MOST_OF_ONE


def test_nobody_tells_where_localhost_is(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk("network:connect:localhost:*")
    assert answers(desk, "localhost") == ["127.0.0.1", "::1"]
    assert desk.internet.asked == []


# --- addresses are used by the right to their name --------------------------------------------------------------------


def test_what_was_looked_up_may_be_used_by_its_address(desk: Desk) -> None:
    with refused("access-denied"):
        connect(desk, PUBLIC)
    answers(desk, "api.example.com")
    for address in (PUBLIC, OTHER):
        with refused("connection-refused"):
            connect(desk, address)
    assert desk.internet.reached == [(PUBLIC, 80), (OTHER, 80)]
    assert desk.internet.asked == ["api.example.com"], "nothing is looked up again"
    assert {access.subject for access in desk.guard.used} == {"api.example.com"}
    with refused("access-denied"):
        connect(desk, "93.184.216.36")
    with refused("access-denied"):
        connect(desk, PUBLIC, 81)


def test_an_answer_that_nobody_took_allows_nothing(desk: Desk) -> None:
    query = desk.sockets.look_up(desk.call, "api.example.com")
    with refused("access-denied"):
        connect(desk, PUBLIC)
    assert every(desk, query)


def test_a_name_that_is_taken_back_takes_its_addresses_along(desk: Desk) -> None:
    answers(desk, "api.example.com")
    desk.guard.revoke()
    with refused("access-denied"):
        connect(desk, PUBLIC)
    assert desk.internet.reached == []


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254", "64:ff9b::7f00:1"]
)
def test_a_name_that_leads_inside(desk: Desk, address: str) -> None:
    desk.internet.name("api.example.com", (address,))
    assert answers(desk, "api.example.com") == [address]
    with refused("access-denied"):
        connect(desk, address)
    assert desk.guard.denials[0].access.address == address, "the operator is told which address"
    assert desk.internet.reached == []


def test_a_resolver_that_changes_its_mind(desk: Desk) -> None:
    desk.internet.name("api.example.com", (PUBLIC,), ("127.0.0.1",))
    answers(desk, "api.example.com")
    assert answers(desk, "api.example.com") == ["127.0.0.1"]
    with refused("access-denied"):
        connect(desk, "127.0.0.1")
    with refused("connection-refused"):
        connect(desk, PUBLIC)


def test_packets_by_the_right_to_a_name(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(API, "network:listen:127.0.0.1:*")
    desk.internet.name("api.example.com", (PUBLIC,))
    bound = desk.udp()
    association = bound.associate(desk.call, None)
    with refused("access-denied"):
        association.send(desk.call, [Outgoing(b"x", at(80, PUBLIC))])
    answers(desk, "api.example.com")
    assert association.send(desk.call, [Outgoing(b"x", at(80, PUBLIC))]) == 1
    assert desk.internet.left == [(PUBLIC, 80)]


def test_a_grant_for_one_access_is_not_used_up_by_looking_up(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk("network:connect:nowhere.example.com:80", declared=(API,))
    desk.internet.name("api.example.com", (PUBLIC,))
    desk.guard.grant(API, Scope.ONCE)
    answers(desk, "api.example.com")
    with refused("connection-refused"):
        connect(desk, PUBLIC)
    with refused("access-denied"):
        connect(desk, PUBLIC)


def test_an_address_is_used_by_the_name_that_is_granted(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk("network:connect:*.example.com:80")
    for name in ("one.example.com", "two.example.com"):
        desk.internet.name(name, (PUBLIC,))
        answers(desk, name)
    desk.guard.revoke()
    desk.guard.grant("network:connect:one.example.com:80")
    with refused("connection-refused"):
        connect(desk, PUBLIC)
    assert desk.guard.used[-1].subject == "one.example.com"


def test_the_latest_names_of_an_address_are_kept() -> None:
    kept = LookedUp()
    address = ip_address(PUBLIC)
    for number in range(MOST_NAMES + 2):
        kept.keep(f"name-{number}", [address])
    kept.keep("name-5", [address])
    assert kept.names(address) == ("name-5", *(f"name-{number}" for number in (9, 8, 7, 6, 4, 3, 2)))


NAMES = st.integers(0, MOST_NAMES + 3).map("name-{}.example.com".format)
FEW = 12
RANGES = st.tuples(st.integers(0, FEW), st.integers(0, FEW)).map(
    lambda pair: [ip_address(0x5DB80000 + pair[0] + number) for number in range(pair[1])]
)


@given(st.lists(st.tuples(NAMES, RANGES), max_size=12))
def test_what_is_kept_is_bounded_and_true(lookups: list[tuple[str, list[Address]]]) -> None:
    kept = LookedUp(FEW)
    led: dict[Address, list[str]] = {}
    for name, addresses in lookups:
        kept.keep(name, addresses)
        for address in addresses:
            led.setdefault(address, []).append(name)
    assert len(kept) <= FEW
    assert all(kept.names(address) for _, addresses in lookups[-1:] for address in addresses), "the latest are kept"
    for address, names in led.items():
        found = kept.names(address)
        assert len(found) <= MOST_NAMES
        assert set(found) <= set(names)
        assert len(set(found)) == len(found)
        assert not found or found[0] == names[-1]
