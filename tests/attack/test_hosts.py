"""A component that tries to reach hosts which it was not granted: every attempt is denied, for the right reason.

Each case is a real component on the real door, with a guard by the rules of the product. The resolver and the network
are the test's own: what would leave the machine is recorded, and nothing may be recorded but what a case says.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.capability.grant import Reason, Scope
from airssys_tui.core.pattern.hosts import host_of
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.types.values import Err, Ok
from airssys_tui.engine.engine import Engine
from airssys_tui.host.doors.network.holdings import Sort
from airssys_tui.host.doors.network.lookups import Lookups
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.doors.network.web_address import PORTS, read_url
from tests.support.host_attacks import AMBIGUOUS, API, ATTEMPTS, BELOW, INVALID, PUBLIC, SPECIAL, hostile_internet
from tests.support.network import Guest, HeldInternet, WebServer, answered, guest, redirected, serving


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


@pytest.fixture
def internet() -> HeldInternet:
    return hostile_internet()


def denied(attacker: Guest, answer: object, *reasons: Reason) -> None:
    """Check that an attempt was denied for a reason that the operator is told, and that nothing was reached."""
    assert isinstance(answer, Err), answer
    assert answer.value.case == "denied", answer
    assert attacker.guard.reasons == list(reasons)
    assert answer.value.payload.startswith(f"{reasons[0]}: ")


# --- names and addresses that look like something else ---------------------------------------------------------------


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_host_that_looks_like_another(engine: Engine, internet: HeldInternet, attempt: str) -> None:
    host, wanted = ATTEMPTS[attempt]
    with guest(engine, API, internet=internet) as attacker:
        answers = [attacker.ask("connect", host, 80, 1_000), attacker.ask("resolve", host)]
        if wanted == INVALID:
            assert [answer.value.case for answer in answers] == [INVALID, INVALID]
        else:
            denied(attacker, answers[0], wanted, wanted)
            denied(attacker, answers[1], wanted, wanted)
    assert internet.reached == []
    assert internet.asked == [], "nobody was told the name"


@pytest.mark.parametrize(
    "host", ["API.Example.COM", "api.example.com.", "\uff41pi.example.com", "api\u3002example.com"]
)
def test_the_same_host_in_another_spelling_is_the_same_host(engine: Engine, internet: HeldInternet, host: str) -> None:
    with guest(engine, API, internet=internet) as attacker:
        assert attacker.ask("connect", host, 80, 1_000).value.case == "refused"
    assert internet.asked == ["api.example.com"]
    assert internet.reached == [(PUBLIC, 80)]


@pytest.mark.parametrize("host", ["evilexample.com", "example.com", "api.example.com.evil.org"])
def test_what_is_below_a_domain_ends_with_it(engine: Engine, internet: HeldInternet, host: str) -> None:
    with guest(engine, BELOW, internet=internet) as attacker:
        denied(attacker, attacker.ask("connect", host, 80, 1_000), Reason.UNDECLARED)
    assert internet.reached == []


@pytest.mark.parametrize("port", [81, 443, 8_080, 65_535])
def test_another_port(engine: Engine, internet: HeldInternet, port: int) -> None:
    with guest(engine, API, internet=internet) as attacker:
        denied(attacker, attacker.ask("connect", "api.example.com", port, 1_000), Reason.UNDECLARED)
    assert internet.asked == internet.reached == []


# --- URLs that two readers read in two ways --------------------------------------------------------------------------

URLS = {
    "user": "http://api.example.com@127.0.0.1/",
    "user and password": "http://api.example.com:80@127.0.0.1/",
    "user before the granted host": "http://127.0.0.1@api.example.com/",
    "backslash": "http://api.example.com\\@127.0.0.1/",
    "backslash in the path": "http://api.example.com/\\@127.0.0.1/",
    "backslashes": "http:\\\\api.example.com/",
    "line break in the path": "http://api.example.com/a\r\nhost: evil.org",
    "line break in the host": "http://api.example.com\r\n.evil.org/",
    "tab": "http://api.example.com/\ta",
    "space": "http://api.example.com/a b HTTP/1.1",
    "no slashes": "http:api.example.com/",
    "one slash": "http:/api.example.com/",
    "three slashes": "http:///api.example.com/",
    "no scheme": "//api.example.com/",
    "space in front": " http://api.example.com/",
    "file": "file:///etc/passwd",
    "ftp": "ftp://api.example.com/",
    "unix": "http+unix://%2fvar%2frun%2fdocker.sock/",
    "two ports": "http://api.example.com:80:81/",
    "signed port": "http://api.example.com:+80/",
    "no port": "http://api.example.com:/",
    "port zero": "http://api.example.com:0/",
    "large port": "http://api.example.com:65616/",
    "other digits in the port": "http://api.example.com:\uff18\uff10/",
    "percent in the host": "http://api%2eexample.com/",
    "name in brackets": "http://[api.example.com]/",
    "decimal": "http://2130706433/",
    "no host": "http:///",
    "question mark for a host": "http://?@api.example.com/",
    "letters in the path": "http://api.example.com/\u2028",
    "long": "http://api.example.com/" + "a" * 8_192,
}


@pytest.mark.parametrize("attempt", URLS)
def test_a_url_that_can_be_read_in_two_ways(engine: Engine, internet: HeldInternet, attempt: str) -> None:
    with guest(engine, API, internet=internet) as attacker:
        assert attacker.get(URLS[attempt]).value.case == INVALID
    assert internet.asked == internet.reached == []


PIECES = (
    "http",
    "https",
    ":",
    "/",
    "//",
    "@",
    "?",
    "#",
    "\\",
    "api.example.com",
    "127.0.0.1",
    "[::1]",
    ":80",
    "%2f",
    " ",
)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join))
def test_no_url_is_read_in_two_ways(tail: str) -> None:
    """What is accepted has the host and the port that another reader finds, and no user."""
    for text in (f"http://{tail}", f"https://api.example.com{tail}", tail):
        with contextlib.suppress(NetworkRefusal):
            found, other = read_url(text), urlsplit(text)
            assert found.host == host_of(other.hostname or "")
            assert found.port == (other.port or PORTS[other.scheme])
            assert other.username is None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1#@api.example.com/",
        "http://127.0.0.1?@api.example.com/",
        "http://127.0.0.1/@api.example.com/",
        "http://evil.org/http://api.example.com/",
        "http://[::ffff:127.0.0.1]/",
        "https://api.example.com/",
    ],
)
def test_a_url_of_another_host(engine: Engine, internet: HeldInternet, url: str) -> None:
    with guest(engine, API, internet=internet) as attacker:
        denied(attacker, attacker.get(url), Reason.UNDECLARED)
    assert internet.asked == internet.reached == []


# --- granted names that lead where no name may lead ------------------------------------------------------------------


@pytest.mark.parametrize("address", SPECIAL)
def test_a_name_that_leads_inside(engine: Engine, internet: HeldInternet, address: str) -> None:
    internet.name("api.example.com", (address,))
    with guest(engine, API, internet=internet) as attacker:
        answer = attacker.ask("connect", "api.example.com", 80, 1_000)
        denied(attacker, answer, Reason.UNDECLARED)
        assert attacker.guard.denials[0].access.address, "the operator is told the address"
        denied(attacker, attacker.get("http://api.example.com/"), Reason.UNDECLARED, Reason.UNDECLARED)
    assert internet.reached == []


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_nobody_is_at_all_addresses_whatever_is_granted(engine: Engine, internet: HeldInternet, address: str) -> None:
    """The system would take them for loopback."""
    host = f"[{address}]" if ":" in address else address
    internet.name("api.example.com", (address,))
    granted = (API, f"network:connect:{host}:*", "network:listen:127.0.0.1:*", "network:listen:[::1]:*")
    with guest(engine, *granted, internet=internet) as attacker:
        for asked in (address, "api.example.com"):
            assert attacker.ask("connect", asked, 80, 1_000).value.case == INVALID
        assert attacker.get(f"http://{host}:8080/").value.case == INVALID
        number = attacker.ask("bind", "::1" if ":" in address else "127.0.0.1", 0).value
        assert attacker.ask("send-to", number, b"x", address, 80).value.case == INVALID
    assert internet.reached == []


def test_a_name_of_its_own_for_this_machine_is_not_localhost(engine: Engine, internet: HeldInternet) -> None:
    internet.name("me.example.com", ("127.0.0.1",))
    with guest(engine, "network:connect:localhost:80", BELOW, internet=internet) as attacker:
        denied(attacker, attacker.ask("connect", "me.example.com", 80, 1_000), Reason.UNDECLARED)
    assert internet.reached == []


def test_nobody_tells_where_localhost_is(engine: Engine, internet: HeldInternet) -> None:
    internet.name("localhost", (PUBLIC,))
    with guest(engine, "network:connect:localhost:80", internet=internet) as attacker:
        assert attacker.ask("connect", "localhost", 80, 1_000).value.case == "refused"
    assert internet.asked == []
    assert [address for address, _ in internet.reached] == ["127.0.0.1", "::1"]


def test_a_resolver_that_changes_its_mind(engine: Engine, internet: HeldInternet) -> None:
    internet.name("api.example.com", (PUBLIC,), ("127.0.0.1",))
    with guest(engine, API, internet=internet) as attacker:
        assert attacker.ask("connect", "api.example.com", 80, 1_000).value.case == "refused"
        assert (internet.asked, internet.reached) == (["api.example.com"], [(PUBLIC, 80)]), "one lookup for one attempt"
        denied(attacker, attacker.ask("connect", "api.example.com", 80, 1_000), Reason.UNDECLARED)
    assert internet.reached == [(PUBLIC, 80)]


def test_an_address_inside_among_public_ones(engine: Engine, internet: HeldInternet) -> None:
    internet.name("api.example.com", ("127.0.0.1", PUBLIC, "10.0.0.1"))
    with guest(engine, API, internet=internet) as attacker:
        assert attacker.ask("connect", "api.example.com", 80, 1_000).value.case == "refused"
        assert attacker.guard.reasons == [Reason.UNDECLARED, Reason.UNDECLARED]
    assert internet.reached == [(PUBLIC, 80)]


# --- redirects -------------------------------------------------------------------------------------------------------

REDIRECTS = {
    "loopback": "http://127.0.0.1/",
    "loopback, in short": "//127.0.0.1/",
    "localhost": "http://localhost/",
    "v6": "http://[::1]/",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "another port": "http://api.example.com:8080/",
    "another host": "http://evil.org/",
    "another scheme": "https://api.example.com/",
}


@pytest.mark.parametrize("attempt", REDIRECTS)
@pytest.mark.parametrize("status", ["302 Found", "308 Permanent Redirect"])
def test_a_redirect_to_where_it_may_not_go(engine: Engine, internet: HeldInternet, attempt: str, status: str) -> None:
    with serving(WebServer(redirected(REDIRECTS[attempt], status))) as port:
        internet.routes[PUBLIC, 80] = port
        with guest(engine, API, internet=internet) as attacker:
            denied(attacker, attacker.get("http://api.example.com/"), Reason.UNDECLARED)
            assert attacker.door.holdings.count(Sort.CONNECTION) == 0
    assert internet.reached == [(PUBLIC, 80)]


def test_a_redirect_to_a_name_that_leads_inside(engine: Engine, internet: HeldInternet) -> None:
    internet.name("inside.example.com", ("10.0.0.1",))
    with serving(WebServer(redirected("http://inside.example.com/"))) as port:
        internet.routes[PUBLIC, 80] = port
        with guest(engine, BELOW, internet=internet) as attacker:
            denied(attacker, attacker.get("http://api.example.com/"), Reason.UNDECLARED)
    assert internet.reached == [(PUBLIC, 80)]


def test_a_redirect_to_itself_that_leads_inside_meanwhile(engine: Engine, internet: HeldInternet) -> None:
    internet.name("api.example.com", (PUBLIC,), ("169.254.169.254",))
    with serving(WebServer(redirected("/"))) as port:
        internet.routes[PUBLIC, 80] = port
        with guest(engine, API, internet=internet) as attacker:
            denied(attacker, attacker.get("http://api.example.com/"), Reason.UNDECLARED)
    assert internet.reached == [(PUBLIC, 80)]


def test_a_grant_for_one_access_follows_no_redirect(engine: Engine, internet: HeldInternet) -> None:
    server = WebServer(redirected("/next"))
    with serving(server) as port:
        internet.routes[PUBLIC, 80] = port
        with guest(engine, "network:connect:nowhere.example.com:80", declared=(API,), internet=internet) as attacker:
            attacker.guard.grant(API, Scope.ONCE)
            denied(attacker, attacker.get("http://api.example.com/"), Reason.NOT_GRANTED)
    assert len(server.questions) == 1


# --- what is smuggled ------------------------------------------------------------------------------------------------


def test_a_second_answer_answers_nothing(engine: Engine, internet: HeldInternet) -> None:
    server = WebServer(answered(b"one") + answered(b"smuggled"), answered(b"two"))
    with serving(server) as port:
        internet.routes[PUBLIC, 80] = port
        with guest(engine, API, internet=internet) as attacker:
            bodies = [
                attacker.ask("read-body", attacker.get("http://api.example.com/").value["body"], 100) for _ in range(2)
            ]
    assert bodies == [Ok(b"one"), Ok(b"two")]


@pytest.mark.parametrize("raw", AMBIGUOUS)
def test_an_answer_that_two_readers_read_in_two_ways(engine: Engine, internet: HeldInternet, raw: bytes) -> None:
    with serving(WebServer(raw)) as port:
        internet.routes[PUBLIC, 80] = port
        with guest(engine, API, internet=internet) as attacker:
            assert attacker.get("http://api.example.com/").value.case == "failed"


# --- listening and packets -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "host", "port"),
    [
        ("listen", "0.0.0.0", 8_080),
        ("listen", "::", 8_080),
        ("listen", "::ffff:0.0.0.0", 8_080),
        ("listen", "127.0.0.1", 8_081),
        ("listen", "127.0.0.1", 0),
        ("listen", "127.0.0.2", 8_080),
        ("listen", "::1", 8_080),
        ("listen", "localhost", 8_080),
        ("listen", "192.168.0.1", 8_080),
        ("bind", "0.0.0.0", 8_080),
        ("bind", "::", 8_080),
        ("bind", "224.0.0.251", 8_080),
        ("bind", "127.0.0.1", 0),
    ],
)
def test_listening_elsewhere(engine: Engine, function: str, host: str, port: int) -> None:
    with guest(engine, "network:listen:127.0.0.1:8080") as attacker:
        denied(attacker, attacker.ask(function, host, port), Reason.UNDECLARED)


def test_everything_of_the_sixth_version_is_nothing_of_the_fourth(engine: Engine) -> None:
    with guest(engine, "network:listen:[::]:*") as attacker:
        number = attacker.ask("listen", "::", 0).value
        port = attacker.ask("listener-address", number).value["port"]
        with socket.create_connection(("::1", port)), pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_listening_is_not_connecting(engine: Engine) -> None:
    with serving(lambda taken: taken.recv(1)) as port, guest(engine, f"network:listen:127.0.0.1:{port}") as attacker:
        denied(attacker, attacker.ask("connect", "127.0.0.1", port, 1_000), Reason.UNDECLARED)
        assert attacker.internet.reached == []
    with guest(engine, "network:connect:127.0.0.1:*") as attacker:
        denied(attacker, attacker.ask("listen", "127.0.0.1", 0), Reason.UNDECLARED)


@pytest.mark.parametrize("host", ["255.255.255.255", "127.255.255.255", "224.0.0.251", "239.255.255.250", "10.0.0.255"])
def test_packets_to_many(engine: Engine, internet: HeldInternet, host: str) -> None:
    with guest(engine, "network:listen:127.0.0.1:*", "network:connect:*.example.com:*", internet=internet) as attacker:
        number = attacker.ask("bind", "127.0.0.1", 0).value
        denied(attacker, attacker.ask("send-to", number, b"x", host, 53), Reason.UNDECLARED)
        internet.name("many.example.com", (host,))
        answer = attacker.ask("send-to", number, b"x", "many.example.com", 53)
        denied(attacker, answer, Reason.UNDECLARED, Reason.UNDECLARED)
    assert internet.reached == []


class Broadcasting(HeldInternet):
    """A network that would send to everybody, if the socket had asked the system for leave."""

    def send_to(self, opened: socket.socket, data: bytes, address: tuple[str, int]) -> int:
        self.reached.append(address)
        return 0 if opened.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST) else errno.EACCES


def test_packets_to_all_are_not_sent_even_if_granted(engine: Engine) -> None:
    with guest(
        engine, "network:listen:0.0.0.0:*", "network:connect:255.255.255.255:9", internet=Broadcasting()
    ) as attacker:
        number = attacker.ask("bind", "0.0.0.0", 0).value
        assert attacker.ask("send-to", number, b"x", "255.255.255.255", 9).value.case == "failed"


# --- rights that end, bounds, and what is not a right ---------------------------------------------------------------


def test_what_is_declared_is_not_granted(engine: Engine, internet: HeldInternet) -> None:
    with guest(engine, "network:connect:nowhere.example.com:80", declared=(API,), internet=internet) as attacker:
        denied(attacker, attacker.get("http://api.example.com/"), Reason.NOT_GRANTED)
    assert internet.asked == []


def test_what_is_granted_is_not_declared(engine: Engine, internet: HeldInternet) -> None:
    with guest(engine, API, declared=(), internet=internet) as attacker:
        denied(attacker, attacker.get("http://api.example.com/"), Reason.UNDECLARED)
    assert internet.asked == []


def test_a_refusal_for_good_beats_every_grant(engine: Engine, internet: HeldInternet) -> None:
    with guest(engine, API, internet=internet) as attacker:
        attacker.guard.grant(BELOW, Scope.NEVER)
        denied(attacker, attacker.get("http://api.example.com/"), Reason.NOT_GRANTED)
    assert internet.asked == []


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("connect", ("127.0.0.1", 9, 1_000)),
        ("listen", ("127.0.0.1", 0)),
        ("bind", ("127.0.0.1", 0)),
        ("resolve", ("localhost",)),
    ],
)
def test_a_candidate_does_not_act_on_the_world(engine: Engine, function: str, arguments: tuple[object, ...]) -> None:
    granted = ("network:connect:127.0.0.1:*", "network:connect:localhost:*", "network:listen:127.0.0.1:*")
    with guest(engine, *granted, candidate=True) as attacker:
        denied(attacker, attacker.ask(function, *arguments), Reason.CANDIDATE)
        assert attacker.internet.reached == []


def test_a_candidate_asks_no_server(engine: Engine, internet: HeldInternet) -> None:
    with guest(engine, API, candidate=True, internet=internet) as attacker:
        denied(attacker, attacker.get("http://api.example.com/"), Reason.CANDIDATE)
    assert internet.asked == []


def test_revoked_in_the_middle_of_a_transfer(engine: Engine, internet: HeldInternet) -> None:
    more = threading.Event()

    def slow(taken: socket.socket) -> None:
        taken.recv(10_000)
        taken.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf")
        more.wait(30)
        taken.sendall(b"more")

    with serving(slow) as port:
        internet.routes[PUBLIC, 80] = port
        with guest(engine, API, internet=internet) as attacker:
            answer = attacker.get("http://api.example.com/")
            assert attacker.ask("read-body", answer.value["body"], 4) == Ok(b"half")
            attacker.guard.revoke()
            more.set()
            denied(attacker, attacker.ask("read-body", answer.value["body"], 4), Reason.NOT_GRANTED)
            assert attacker.door.holdings.count(Sort.CONNECTION) == 0, "the transfer has ended"


def test_more_connections_than_there_may_be(engine: Engine) -> None:
    with serving(lambda taken: taken.recv(1)) as port, guest(engine, "network:connect:127.0.0.1:*") as attacker:
        for _ in range(64):
            attacker.ask("connect", "127.0.0.1", port, 5_000)
        denied(attacker, attacker.ask("connect", "127.0.0.1", port, 5_000), Reason.QUOTA)
        denied(attacker, attacker.get(f"http://127.0.0.1:{port}/"), Reason.QUOTA, Reason.QUOTA)


def test_a_resolver_that_never_answers_holds_up_nobody_else(engine: Engine) -> None:
    over = threading.Event()

    class Silent(HeldInternet):
        def look_up(self, name: str) -> tuple[str, ...]:
            self.asked.append(name)
            over.wait(30)
            return ("127.0.0.1",)

    lookups = Lookups()
    with guest(engine, BELOW, internet=Silent(), lookups=lookups) as attacker:
        for number in range(4):
            assert attacker.ask("connect", f"a{number}.example.com", 80, 1).value.case == "timeout"
        denied(attacker, attacker.ask("connect", "b.example.com", 80, 1), Reason.QUOTA)
        assert len(attacker.internet.asked) == lookups.busy == 4
    with guest(engine, BELOW, internet=Silent(), lookups=lookups) as again:
        denied(again, again.ask("resolve", "b.example.com"), Reason.QUOTA)
        over.set()


def test_a_handle_that_was_never_given(engine: Engine) -> None:
    with guest(engine, "network:connect:127.0.0.1:*") as attacker, pytest.raises(GuestTrap):
        attacker.ask("read", 1, 10)


def test_a_connection_is_no_body(engine: Engine) -> None:
    with serving(lambda taken: taken.recv(1)) as port, guest(engine, "network:connect:127.0.0.1:*") as attacker:
        number = attacker.ask("connect", "127.0.0.1", port, 5_000).value
        with pytest.raises(GuestTrap):
            attacker.ask("read-body", number, 10)
