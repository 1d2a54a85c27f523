"""The attacks on hosts and addresses a second time, through ``wasi:sockets``: names are looked up, addresses are used.

As in ``test_hosts``: a real component, the rules of the product, and a network that records what would leave.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.capability.grant import Reason, Scope
from airssys_tui.core.pattern.hosts import AddressClass, address_class
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.engine import Engine
from airssys_tui.host.doors.network.holdings import Sort
from airssys_tui.host.doors.network.network_door import NetworkDoor
from airssys_tui.host.doors.network.sockets.looked_up import MOST_ADDRESSES
from airssys_tui.host.doors.network.sockets.socket_refusal import SocketRefusal
from tests.support.host_attacks import API, ATTEMPTS, BELOW, INVALID, PUBLIC, SPECIAL, hostile_internet
from tests.support.network import HeldInternet, serving
from tests.support.socket_door import Desk
from tests.support.socket_door import at as where_at
from tests.support.wasi.socket_guest import SocketGuest, at, socket_guest

UNDECLARED = [Reason.UNDECLARED]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


@pytest.fixture
def internet() -> HeldInternet:
    return hostile_internet()


def reach(attacker: SocketGuest, host: str, port: int = 80) -> str:
    """Look a host up and connect to everything that is found; return how all of that failed, or nothing."""
    found = attacker.look_up(host)
    if isinstance(found, str):
        return found
    failures = {attacker.attempt(at(port, text_of(address))) for address in found}
    return " ".join(sorted(failure or "reached" for failure in failures))


def text_of(address: Variant) -> str:
    if address.case == "ipv4":
        return ".".join(map(str, address.payload))
    return ":".join(f"{part:x}" for part in address.payload)


# --- names and addresses that look like something else ---------------------------------------------------------------


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_host_that_looks_like_another(engine: Engine, internet: HeldInternet, attempt: str) -> None:
    host, wanted = ATTEMPTS[attempt]
    with socket_guest(engine, API, internet=internet) as attacker:
        failure = reach(attacker, host)
        if wanted == INVALID or attempt in {"unspecified", "broadcast", "v6 unspecified"}:
            assert failure == "invalid-argument"
        else:
            assert failure == "access-denied"
            assert attacker.guard.reasons == [wanted]
    assert internet.reached == []
    assert internet.asked == [], "nobody was told the name"


@pytest.mark.parametrize(
    "host", ["API.Example.COM", "api.example.com.", "\uff41pi.example.com", "api\u3002example.com"]
)
def test_the_same_host_in_another_spelling_is_the_same_host(engine: Engine, internet: HeldInternet, host: str) -> None:
    with socket_guest(engine, API, internet=internet) as attacker:
        assert reach(attacker, host) == "connection-refused"
    assert internet.asked == ["api.example.com"]
    assert internet.reached == [(PUBLIC, 80)]


@pytest.mark.parametrize("port", [81, 443, 8_080, 65_535])
def test_another_port(engine: Engine, internet: HeldInternet, port: int) -> None:
    with socket_guest(engine, API, internet=internet) as attacker:
        assert reach(attacker, "api.example.com", port) == "access-denied"
    assert internet.reached == []


# --- granted names that lead where no name may lead ------------------------------------------------------------------


@pytest.mark.parametrize("address", SPECIAL)
def test_a_name_that_leads_inside(engine: Engine, internet: HeldInternet, address: str) -> None:
    internet.name("api.example.com", (address,))
    with socket_guest(engine, API, "network:listen:127.0.0.1:*", internet=internet) as attacker:
        failure = reach(attacker, "api.example.com")
        assert failure in {"access-denied", "invalid-argument"}
        if failure == "access-denied":
            assert attacker.guard.reasons == UNDECLARED
            assert attacker.guard.denials[0].access.address, "the operator is told the address"
        made = attacker.bound_udp()
        if (where := at(80, address)).case == "ipv4":
            assert attacker.udp("stream", made, Some(where)).value in {"access-denied", "invalid-argument"}
            _, outgoing = attacker.udp("stream", made, None).value
            assert attacker.send(outgoing, (b"x", where)).value in {"access-denied", "invalid-argument"}
    assert internet.reached == []


@pytest.mark.parametrize("address", ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:93.184.216.34"])
def test_an_address_of_the_fourth_version_in_disguise(engine: Engine, internet: HeldInternet, address: str) -> None:
    granted = (API, "network:connect:127.0.0.1:*", "network:listen:[::1]:*")
    with socket_guest(engine, *granted, internet=internet) as attacker:
        attacker.look_up("api.example.com")
        assert attacker.attempt(at(80, address)) == "invalid-argument"
        made = attacker.bound_udp(6)
        assert attacker.udp("stream", made, Some(at(80, address))) == Err("invalid-argument")
        _, outgoing = attacker.udp("stream", made, None).value
        assert attacker.send(outgoing, (b"x", at(80, address))) == Err("invalid-argument")
        assert attacker.tcp("start-bind", attacker.new_tcp(6), attacker.network, at(0, address)) == Err(
            "invalid-argument"
        )
    assert internet.reached == []


def test_a_name_of_its_own_for_this_machine_is_not_localhost(engine: Engine, internet: HeldInternet) -> None:
    internet.name("me.example.com", ("127.0.0.1",))
    with socket_guest(engine, BELOW, "network:connect:localhost:81", internet=internet) as attacker:
        assert reach(attacker, "me.example.com") == "access-denied"
    assert internet.reached == []


def test_nobody_tells_where_localhost_is(engine: Engine, internet: HeldInternet) -> None:
    internet.name("localhost", (PUBLIC,))
    with socket_guest(engine, "network:connect:localhost:9", internet=internet) as attacker:
        assert reach(attacker, "localhost", 9) == "connection-refused"
    assert internet.asked == []
    assert [address for address, _ in internet.reached] == ["127.0.0.1", "::1"]


def test_a_resolver_that_changes_its_mind(engine: Engine, internet: HeldInternet) -> None:
    internet.name("api.example.com", (PUBLIC,), ("127.0.0.1",))
    with socket_guest(engine, API, internet=internet) as attacker:
        attacker.look_up("api.example.com")
        assert attacker.look_up("api.example.com") == [Variant("ipv4", (127, 0, 0, 1))]
        assert attacker.attempt(at(80)) == "access-denied"
        assert attacker.attempt(at(80, PUBLIC)) == "connection-refused", "what was found first was checked as well"
    assert internet.reached == [(PUBLIC, 80)]


def test_an_address_inside_among_public_ones(engine: Engine, internet: HeldInternet) -> None:
    internet.name("api.example.com", ("127.0.0.1", PUBLIC, "10.0.0.1"))
    with socket_guest(engine, API, internet=internet) as attacker:
        assert reach(attacker, "api.example.com") == "access-denied connection-refused"
    assert internet.reached == [(PUBLIC, 80)]


def test_what_another_component_looked_up_is_nothing_to_this_one(engine: Engine, internet: HeldInternet) -> None:
    with (
        socket_guest(engine, API, internet=internet) as one,
        socket_guest(engine, API, internet=internet) as other,
    ):
        one.look_up("api.example.com")
        assert other.attempt(at(80, PUBLIC)) == "access-denied"
    assert internet.reached == []


def test_more_names_than_are_kept_open_nothing(engine: Engine, internet: HeldInternet) -> None:
    with socket_guest(engine, BELOW, internet=internet) as attacker:
        attacker.look_up("api.example.com")
        for number in range(MOST_ADDRESSES // 32 + 1):
            addresses = tuple(f"8.{number}.0.{last}" for last in range(32))
            internet.name(f"n{number}.example.com", addresses)
            attacker.look_up(f"n{number}.example.com")
        assert attacker.attempt(at(80, PUBLIC)) == "access-denied", "forgotten: it has to be looked up again"
        assert len(attacker.door.sockets.rights.looked_up) == MOST_ADDRESSES
    assert internet.reached == []


ADDRESSES = ("93.184.216.34", "93.184.216.35", "8.8.8.8", "127.0.0.1", "10.0.0.1", "::1", "2606:2800:220:1::1")
NAMES = ("api.example.com", "www.example.com", "evil.org", "localhost")
PERMISSIONS = (API, BELOW, "network:connect:8.8.8.8:*", "network:connect:localhost:80", "network:connect:10.0.0.1:80")


@given(
    st.sets(st.sampled_from(PERMISSIONS), min_size=1),
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.lists(st.sampled_from(ADDRESSES), max_size=3).map(tuple))
        | st.tuples(st.sampled_from(ADDRESSES), st.sampled_from([80, 81])),
        max_size=15,
    ),
)
def test_nothing_is_reached_but_what_a_permission_names(granted: set[str], steps: list[tuple[str, object]]) -> None:
    desk = Desk(*granted)
    led: dict[str, set[str]] = {}
    for host, said in steps:
        if isinstance(said, tuple):
            desk.internet.name(host, said)
            look_up(desk, host, lambda found, host=host: led.setdefault(found, set()).add(host))
            continue
        before = len(desk.internet.reached)
        allowed = any(names(permission, host, led.get(host, set()), said) for permission in granted)
        try_to_connect(desk, host, int(str(said)))
        assert (len(desk.internet.reached) > before) is allowed
    desk.door.close()


def look_up(desk: Desk, host: str, found: Callable[[str], object]) -> None:
    try:
        query = desk.sockets.look_up(desk.call, host)
        while not query.is_ready():
            desk.call.wait((query.waitable(),))
        while (address := query.next()) is not None:
            found(str(address))
    except SocketRefusal:
        return


def try_to_connect(desk: Desk, address: str, port: int) -> None:
    where = where_at(port, address)
    made = desk.sockets.tcp(desk.call, where.address.version)
    try:
        made.start_connect(desk.call, where)
    except SocketRefusal:
        return
    made.close()


def names(permission: str, address: str, found_by: set[str], port: object) -> bool:
    """Tell, in another way than the product does, whether a permission lets an address be reached."""
    _, _, rest = permission.split(":", 2)
    host, _, ports = rest.rpartition(":")
    if ports not in {"*", str(port)}:
        return False
    if host == address:
        return True
    if ip_address(address).is_loopback:
        return host == "localhost"
    if address_class(address) is not AddressClass.PUBLIC:
        return False
    return any(name == host or (host.startswith("*.") and name.endswith(host[1:])) for name in found_by)


# --- listening and packets -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("0.0.0.0", 8_080),
        ("::", 8_080),
        ("127.0.0.1", 8_081),
        ("127.0.0.1", 0),
        ("127.0.0.2", 8_080),
        ("::1", 8_080),
        ("192.168.0.1", 8_080),
    ],
)
def test_listening_elsewhere(engine: Engine, address: str, port: int) -> None:
    version = 6 if ":" in address else 4
    with socket_guest(engine, "network:listen:127.0.0.1:8080") as attacker:
        for verb, made in ((attacker.tcp, attacker.new_tcp(version)), (attacker.udp, attacker.new_udp(version))):
            assert verb("start-bind", made, attacker.network, at(port, address)) == Err("access-denied")
        assert attacker.guard.reasons == UNDECLARED * 2


def test_everything_of_the_sixth_version_is_nothing_of_the_fourth(engine: Engine) -> None:
    with socket_guest(engine, "network:listen:[::]:*") as attacker:
        made = attacker.bound(6, at(0, "::"))
        attacker.tcp("start-listen", made)
        assert attacker.tcp("finish-listen", made) == Ok()
        port = attacker.tcp("local-address", made).value.payload["port"]
        with socket.create_connection(("::1", port)), pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_listening_is_not_connecting(engine: Engine) -> None:
    granted = "network:listen:127.0.0.1:*"
    with serving(lambda taken: taken.recv(1)) as port, socket_guest(engine, granted) as attacker:
        assert attacker.attempt(at(port)) == "access-denied"
        bound = attacker.bound()
        assert attacker.tcp("start-connect", bound, attacker.network, at(port)) == Err("access-denied")
        assert attacker.internet.reached == []
    with socket_guest(engine, "network:connect:127.0.0.1:*") as attacker:
        for verb, made in ((attacker.tcp, attacker.new_tcp()), (attacker.udp, attacker.new_udp())):
            assert verb("start-bind", made, attacker.network, at(0)) == Err("access-denied")


@pytest.mark.parametrize(
    "address", ["255.255.255.255", "127.255.255.255", "224.0.0.251", "239.255.255.250", "10.0.0.255"]
)
def test_packets_to_many(engine: Engine, internet: HeldInternet, address: str) -> None:
    granted = ("network:listen:127.0.0.1:*", "network:connect:*.example.com:*")
    internet.name("many.example.com", (address,))
    with socket_guest(engine, *granted, internet=internet) as attacker:
        attacker.look_up("many.example.com")
        made = attacker.bound_udp()
        assert attacker.udp("stream", made, Some(at(53, address))) == Err("access-denied")
        _, outgoing = attacker.udp("stream", made, None).value
        assert attacker.send(outgoing, (b"x", at(53, address))) == Err("access-denied")
        assert attacker.guard.reasons == UNDECLARED * 2
    assert internet.reached == []


def test_packets_to_all_are_not_sent_even_if_granted(engine: Engine) -> None:
    granted = ("network:listen:127.0.0.1:*", "network:connect:127.255.255.255:9")
    with socket_guest(engine, *granted) as attacker:
        _, outgoing = attacker.udp("stream", attacker.bound_udp(), None).value
        assert attacker.send(outgoing, (b"x", at(9, "127.255.255.255"))) == Err("access-denied")


# --- rights that end, and what is not a right ------------------------------------------------------------------------


def test_what_is_declared_is_not_granted(engine: Engine, internet: HeldInternet) -> None:
    with socket_guest(engine, "network:connect:nowhere.example.com:80", declared=(API,), internet=internet) as attacker:
        assert reach(attacker, "api.example.com") == "access-denied"
        assert attacker.guard.reasons == [Reason.NOT_GRANTED]
    assert internet.asked == []


def test_what_is_granted_is_not_declared(engine: Engine, internet: HeldInternet) -> None:
    with socket_guest(engine, API, declared=(), internet=internet) as attacker:
        assert reach(attacker, "api.example.com") == "access-denied"
    assert internet.asked == []


def test_a_refusal_for_good_beats_every_grant(engine: Engine, internet: HeldInternet) -> None:
    with socket_guest(engine, API, internet=internet) as attacker:
        attacker.look_up("api.example.com")
        attacker.guard.grant(BELOW, Scope.NEVER)
        assert attacker.attempt(at(80, PUBLIC)) == "access-denied"
        assert reach(attacker, "api.example.com") == "access-denied"
    assert internet.reached == []


def test_a_candidate_does_not_act_on_the_world(engine: Engine, internet: HeldInternet) -> None:
    granted = (API, "network:connect:127.0.0.1:*", "network:connect:localhost:*", "network:listen:127.0.0.1:*")
    with socket_guest(engine, *granted, internet=internet, candidate=True) as attacker:
        assert attacker.attempt(at(9)) == "access-denied"
        assert reach(attacker, "api.example.com") == "access-denied"
        assert reach(attacker, "localhost") == "access-denied"
        for verb, made in ((attacker.tcp, attacker.new_tcp()), (attacker.udp, attacker.new_udp())):
            assert verb("start-bind", made, attacker.network, at(0)) == Err("access-denied")
        assert set(attacker.guard.reasons) == {Reason.CANDIDATE}
    assert internet.reached == internet.asked == []


def test_a_grant_for_one_access_is_one_connection(engine: Engine, internet: HeldInternet) -> None:
    with socket_guest(engine, "network:connect:nowhere.example.com:80", declared=(API,), internet=internet) as attacker:
        attacker.guard.grant(API, Scope.ONCE)
        assert reach(attacker, "api.example.com") == "connection-refused"
        assert attacker.attempt(at(80, PUBLIC)) == "access-denied"
    assert internet.reached == [(PUBLIC, 80)]


def test_revoked_in_the_middle_of_a_conversation(engine: Engine, internet: HeldInternet) -> None:
    ended = threading.Event()

    def wait(taken: socket.socket) -> None:
        taken.sendall(b"half")
        if taken.recv(1) == b"":
            ended.set()

    with serving(wait) as port:
        internet.routes[PUBLIC, 80] = port
        with socket_guest(engine, API, internet=internet) as attacker:
            attacker.look_up("api.example.com")
            made, input_, _ = attacker.connected(at(80, PUBLIC))
            assert attacker.tcp("remote-address", made) == Ok(at(80, PUBLIC))
            assert attacker.await_bytes(input_) == Ok(b"half")
            attacker.guard.revoke()
            assert attacker.read(input_, 10).value.case == "last-operation-failed"
            assert ended.wait(30)
            assert attacker.door.holdings.count(Sort.CONNECTION) == 0


def test_a_door_that_is_closed_opens_nothing(engine: Engine) -> None:
    with socket_guest(engine) as attacker, serving(lambda taken: taken.recv(1)) as port:
        door: NetworkDoor = attacker.door
        door.close()
        made = attacker.new_tcp()
        assert attacker.tcp("start-connect", made, attacker.network, at(port)) == Err("invalid-state")
        assert attacker.internet.reached == []
