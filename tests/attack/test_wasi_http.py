"""The attacks on hosts a second time, through ``wasi:http``, and what a component may try with a request of its own.

Nothing may be looked up or reached but what a case says; what leaves the machine would be recorded.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from airssys_tui.core.capability.grant import Reason, Scope
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.engine import Engine
from airssys_tui.host.doors.network.holdings import Sort
from tests.support.host_attacks import AMBIGUOUS, API, ATTEMPTS, BELOW, PUBLIC, SPECIAL, hostile_internet
from tests.support.network import HeldInternet, WebServer, answered, redirected, serving
from tests.support.wasi.web_desk import CLOSED, WebDesk, web_desk

DENIED = Err(Variant("HTTP-request-denied"))
PROHIBITED = Err(Variant("destination-IP-prohibited"))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


@pytest.fixture
def internet() -> HeldInternet:
    return hostile_internet()


def attempt(guest: WebDesk, authority: str, target: str = "/", method: Any = None, **fields: bytes) -> Any:
    """Ask as far as it goes; return the first error, or the response."""
    made = guest.types("fields.from-list", [(name.replace("_", "-"), value) for name, value in fields.items()])
    if isinstance(made, Err):
        return made
    request = guest.types("new-outgoing-request", made.value)
    for part, value in (
        ("scheme", Some(Variant("HTTP"))),
        ("method", method or Variant("get")),
        ("authority", Some(authority)),
        ("path-with-query", Some(target)),
    ):
        if guest.types(f"outgoing-request.set-{part}", request, value) != Ok():
            return Err(part)
    began = guest.handle(request)
    return guest.outcome(began.value) if isinstance(began, Ok) else began


def unreadable(answer: Any) -> bool:
    """Return whether an authority was refused for its form, when it was set or when it was used."""
    assert isinstance(answer, Err), answer
    return answer.value == "authority" or answer.value.case == "HTTP-request-URI-invalid"


# --- hosts that look like others -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in ATTEMPTS if name != "name and port"])
def test_a_host_that_looks_like_another(engine: Engine, internet: HeldInternet, name: str) -> None:
    host, wanted = ATTEMPTS[name]
    authority = f"[{host}]" if ":" in host and "[" not in host else host
    with web_desk(engine, API, internet=internet) as attacker:
        answer = attempt(attacker, authority)
        if isinstance(wanted, Reason) and host.isascii():
            assert answer.value.case in {"HTTP-request-denied", "destination-IP-prohibited"}
            assert attacker.guard.reasons == [wanted]
        else:
            assert unreadable(answer)
            assert attacker.guard.reasons == []
    assert internet.asked == internet.reached == []


@pytest.mark.parametrize(
    "authority",
    [
        *("api.example.com:80@evil.org", "evil.org:80@api.example.com", "api.example.com:80:81", "api.example.com:+80"),
        *(
            "api.example.com:0",
            "api.example.com:65616",
            "api.example.com:",
            ":80",
            "@api.example.com",
            "a b",
            "[::1",
            "",
        ),
        *("api.example.com/", "api.example.com?", "api.example.com#", "api.example.com\\", "[api.example.com]"),
    ],
)
def test_an_authority_that_can_be_read_in_two_ways(engine: Engine, internet: HeldInternet, authority: str) -> None:
    with web_desk(engine, API, internet=internet) as attacker:
        assert unreadable(attempt(attacker, authority))
    assert internet.asked == internet.reached == []


@pytest.mark.parametrize(
    "authority", ["API.Example.COM", "api.example.com.", "api.example.com:80", "API.EXAMPLE.com:80"]
)
def test_the_same_host_in_another_spelling_is_the_same_host(
    engine: Engine, internet: HeldInternet, authority: str
) -> None:
    server = WebServer(answered(b""))
    with serving(server) as port, web_desk(engine, API, internet=internet) as attacker:
        internet.routes[PUBLIC, 80] = port
        assert isinstance(attempt(attacker, authority), Ok)
    assert (internet.asked, internet.reached) == (["api.example.com"], [(PUBLIC, 80)])
    assert b"\r\nhost: api.example.com\r\n" in server.questions[0]


@pytest.mark.parametrize("authority", ["api.example.com:81", "api.example.com:443", "example.com", "evil.org:80"])
def test_another_port_and_another_host(engine: Engine, internet: HeldInternet, authority: str) -> None:
    with web_desk(engine, BELOW, internet=internet) as attacker:
        assert attempt(attacker, authority) == DENIED
    assert internet.asked == internet.reached == []


def test_another_scheme_is_another_port(engine: Engine, internet: HeldInternet) -> None:
    with web_desk(engine, API, internet=internet) as attacker:
        assert attacker.ask("api.example.com", scheme="HTTPS") == DENIED
    assert internet.asked == []


# --- granted names that lead where no name may lead ------------------------------------------------------------------


@pytest.mark.parametrize("address", SPECIAL)
def test_a_name_that_leads_inside(engine: Engine, internet: HeldInternet, address: str) -> None:
    internet.name("api.example.com", (address,))
    with web_desk(engine, API, internet=internet) as attacker:
        assert attempt(attacker, "api.example.com") == PROHIBITED
        assert attacker.guard.reasons == [Reason.UNDECLARED]
        assert attacker.guard.denials[0].access.address, "the operator is told the address"
    assert internet.reached == []


def test_an_address_inside_among_public_ones(engine: Engine, internet: HeldInternet) -> None:
    internet.name("api.example.com", ("127.0.0.1", PUBLIC, "10.0.0.1"))
    with web_desk(engine, API, internet=internet) as attacker:
        assert attempt(attacker, "api.example.com") == Err(Variant("connection-refused"))
        assert attacker.guard.reasons == [Reason.UNDECLARED, Reason.UNDECLARED]
    assert internet.reached == [(PUBLIC, 80)]


def test_a_resolver_that_changes_its_mind(engine: Engine, internet: HeldInternet) -> None:
    internet.name("api.example.com", (PUBLIC,), ("127.0.0.1",))
    with web_desk(engine, API, internet=internet) as attacker:
        assert attempt(attacker, "api.example.com") == Err(Variant("connection-refused"))
        assert (internet.asked, internet.reached) == (["api.example.com"], [(PUBLIC, 80)]), "one lookup for one attempt"
        assert attempt(attacker, "api.example.com") == PROHIBITED
    assert internet.reached == [(PUBLIC, 80)]


def test_nobody_tells_where_localhost_is(engine: Engine, internet: HeldInternet) -> None:
    internet.name("localhost", (PUBLIC,))
    with web_desk(engine, "network:connect:localhost:1", internet=internet) as attacker:
        assert attempt(attacker, "localhost:1") == Err(Variant("connection-refused"))
    assert internet.asked == []
    assert [address for address, _ in internet.reached] == ["127.0.0.1", "::1"]


@pytest.mark.parametrize("location", ["http://127.0.0.1/", "http://169.254.169.254/", "//evil.org/", "/again"])
def test_a_redirect_leads_nowhere_by_itself(engine: Engine, internet: HeldInternet, location: str) -> None:
    with serving(WebServer(redirected(location))) as port, web_desk(engine, API, internet=internet) as attacker:
        internet.routes[PUBLIC, 80] = port
        response = attempt(attacker, "api.example.com").value
        assert attacker.types("incoming-response.status", response) == 302
    assert internet.reached == [(PUBLIC, 80)]


# --- what is smuggled ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["a\r\nhost: evil.org", "a\n", "a\0", "a\x0b", "a\x7f"])
def test_no_line_ends_where_a_component_says(engine: Engine, internet: HeldInternet, text: str) -> None:
    with web_desk(engine, API, internet=internet) as attacker:
        assert attempt(attacker, text) == Err("authority")
        assert attempt(attacker, "api.example.com", f"/{text}") == Err("path-with-query")
        assert attempt(attacker, "api.example.com", method=Variant("other", text)) == Err("method")
        assert attempt(attacker, "api.example.com", a=text.encode()) == Err(Variant("invalid-syntax"))
        named = attacker.types("fields.from-list", [(text, b"")])
        assert named == Err(Variant("invalid-syntax"))
    assert internet.asked == []


@pytest.mark.parametrize(
    "name", ["host", "Host", "connection", "transfer-encoding", "Transfer-Encoding", "upgrade", "proxy-authorization"]
)
def test_no_component_frames_its_request(engine: Engine, internet: HeldInternet, name: str) -> None:
    with web_desk(engine, API, internet=internet) as attacker:
        assert attacker.types("fields.from-list", [(name, b"chunked")]) == Err(Variant("forbidden"))
        fields = attacker.types("new-fields")
        assert attacker.types("fields.set", fields, name, [b"chunked"]) == Err(Variant("forbidden"))


@pytest.mark.parametrize("lengths", [[b"5", b"0"], [b"5, 5"], [b"+5"], [b"0x5"], [b"5 "], [b"-1"]])
def test_a_length_is_told_once_and_plainly(engine: Engine, internet: HeldInternet, lengths: list[bytes]) -> None:
    server = WebServer(answered(b""))
    with serving(server) as port, web_desk(engine, API, internet=internet) as attacker:
        internet.routes[PUBLIC, 80] = port
        request = attacker.request("api.example.com", fields=[("content-length", length) for length in lengths])
        body = attacker.types("outgoing-request.body", request)
        if lengths == [b"5 "]:
            stream = attacker.types("outgoing-body.write", body.value).value
            attacker.write(stream, b"12345")
            attacker.finish(body.value, stream)
            assert isinstance(attacker.outcome(attacker.handle(request).value), Ok)
            assert b"\r\ncontent-length: 5\r\n" in server.questions[0]
        else:
            assert body == Err()
            assert attacker.handle(request) == Err(Variant("HTTP-protocol-error"))
            assert server.questions == []


def test_no_body_is_longer_than_it_says(engine: Engine, internet: HeldInternet) -> None:
    seen: list[bytes] = []

    def serve(taken: socket.socket) -> None:
        while data := taken.recv(65_536):
            seen.append(data)

    with serving(serve) as port, web_desk(engine, API, internet=internet) as attacker:
        internet.routes[PUBLIC, 80] = port
        request = attacker.request("api.example.com", method="post", fields=[("content-length", b"4")])
        body, stream = attacker.opened(request)
        future = attacker.handle(request).value
        assert isinstance(attacker.write(stream, b"body"), Ok)
        smuggled = attacker.write(stream, b"GET /admin HTTP/1.1\r\n\r\n")
        assert smuggled.value.case == "last-operation-failed"
        assert isinstance(attacker.outcome(future), Err)
        attacker.drop("output-stream", stream)
        attacker.drop("outgoing-body", body)
    assert b"admin" not in b"".join(seen)


def test_a_second_answer_answers_nothing(engine: Engine, internet: HeldInternet) -> None:
    server = WebServer(answered(b"one") + answered(b"smuggled"), answered(b"two"))
    with serving(server) as port, web_desk(engine, API, internet=internet) as attacker:
        internet.routes[PUBLIC, 80] = port
        for wanted in (b"one", b"two"):
            _, stream = attacker.body(attempt(attacker, "api.example.com").value)
            assert attacker.read(stream) == (wanted, CLOSED)


@pytest.mark.parametrize("raw", AMBIGUOUS)
def test_an_answer_that_two_readers_read_in_two_ways(engine: Engine, internet: HeldInternet, raw: bytes) -> None:
    with serving(WebServer(raw)) as port, web_desk(engine, API, internet=internet) as attacker:
        internet.routes[PUBLIC, 80] = port
        answer = attempt(attacker, "api.example.com")
        assert answer.value.case in {"HTTP-protocol-error", "HTTP-response-transfer-coding"}
        assert attacker.door.holdings.count(Sort.CONNECTION) == 0


# --- rights that end, and what is not a right ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"declared": (API,), "granted": ("network:connect:nowhere.example.com:80",)}, Reason.NOT_GRANTED),
        ({"declared": ()}, Reason.UNDECLARED),
        ({"candidate": True}, Reason.CANDIDATE),
    ],
    ids=["declared only", "granted only", "candidate"],
)
def test_what_is_not_a_right(engine: Engine, internet: HeldInternet, said: dict[str, Any], reason: Reason) -> None:
    granted = said.pop("granted", (API,))
    with web_desk(engine, *granted, internet=internet, **said) as attacker:
        assert attempt(attacker, "api.example.com") == DENIED
        assert attacker.guard.reasons == [reason]
    assert internet.asked == []


def test_a_refusal_for_good_beats_every_grant(engine: Engine, internet: HeldInternet) -> None:
    with web_desk(engine, API, internet=internet) as attacker:
        attacker.guard.grant(BELOW, Scope.NEVER)
        assert attempt(attacker, "api.example.com") == DENIED
    assert internet.asked == []


def test_one_access_is_one_exchange(engine: Engine, internet: HeldInternet) -> None:
    server = WebServer(redirected("/next"))
    granted = ("network:connect:nowhere.example.com:80",)
    with serving(server) as port, web_desk(engine, *granted, declared=(API,), internet=internet) as attacker:
        internet.routes[PUBLIC, 80] = port
        attacker.guard.grant(API, Scope.ONCE)
        assert isinstance(attempt(attacker, "api.example.com"), Ok)
        assert attempt(attacker, "api.example.com", "/next") == DENIED
    assert len(server.questions) == 1


def test_revoked_in_the_middle(engine: Engine, internet: HeldInternet) -> None:
    more = threading.Event()

    def slow(taken: socket.socket) -> None:
        taken.recv(10_000)
        taken.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf")
        more.wait(30)
        taken.sendall(b"more")

    with serving(slow) as port, web_desk(engine, API, internet=internet) as attacker:
        internet.routes[PUBLIC, 80] = port
        _, stream = attacker.body(attempt(attacker, "api.example.com").value)
        attacker.guard.revoke()
        more.set()
        got, end = attacker.read(stream)
        assert got in {b"", b"half"}, "what was here already may be read"
        assert attacker.types("http-error-code", end.value.payload) == Some(Variant("HTTP-request-denied"))
        assert attacker.door.holdings.count(Sort.CONNECTION) == 0
