"""Clients that mean no good, or know no better: each gets an answer that it can read, and nobody else notices."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterator

import pytest

from airssys_tui.core.manifest.http_sections import ListenAddress
from airssys_tui.runtime.incoming import connection_guard
from tests.support.http_client import Client, chunks, request
from tests.support.wasi.http_guest import http_guest
from tests.support.world import World

MANIFEST = '[http]\nroutes = ["/*"]\nmax_body = "1MiB"\n'
HEAD = b"POST /c HTTP/1.1\r\nhost: a\r\n"


def opened(world: World) -> int:
    """Open a runtime with one component; return the port at which it is asked."""
    world.put("c", http_guest(), MANIFEST)
    world.open(http=(ListenAddress("127.0.0.1", 0),))
    where: int = world.runtime.probe.system.http.listeners[0].address.port
    return where


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    made = World(tmp_path_factory.mktemp("hostile"))
    yield opened(made)
    made.close()


def calls(client: Client) -> int:
    """Return how many calls of this kind the component has answered, this one included."""
    answer = client.ask("GET", "/c")
    assert answer.status == 200
    return int(answer.body[3:])


@contextlib.contextmanager
def nobody_else_notices(port: int) -> Iterator[None]:
    """Check that another client, connected all the time, is answered before and after, and no call ran meanwhile."""
    with Client(port) as other:
        before = calls(other)
        yield
        assert calls(other) == before + 1


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /c HTTP/1.1\r\n", 400),
        (HEAD + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"content-length: +5\r\n\r\nhello", 400),
        (HEAD + b"content-length: 5, 5\r\n\r\nhello", 400),
        (HEAD + b"content-length: 0x5\r\n\r\nhello", 400),
        (HEAD + b"content-length: 99999999999999999999\r\n\r\n", 400),
        (HEAD + b"x: a\x00b\r\n\r\n", 400),
        (HEAD + b"x: a\rb\r\n\r\n", 400),
        (HEAD + b"x y: a\r\n\r\n", 400),
        (HEAD + b": a\r\n\r\n", 400),
        (b"GET /c\r\n\r\n", 400),
        (b"GET /c HTTP/9.9\r\nhost: a\r\n\r\n", 400),
        (b"get /c HTTP/1.1\r\nhost: a\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n", 400),
        (b"GET http://a/c HTTP/1.1\r\nhost: b\r\n\r\n", 400),
        (b"GET /c HTTP/1.1\r\nhost: a/b\r\n\r\n", 400),
        (b"GET /c HTTP/1.1\r\nhost: a@b\r\n\r\n", 400),
        (b"GET /c HTTP/1.1\r\nhost: a\r\n" + b"x: " + b"y" * 70_000, 431),
        (HEAD + b"content-length: 104857600\r\n\r\n", 413),
    ],
    ids=range(22),
)
def test_what_is_refused_runs_no_call_and_closes(port: int, raw: bytes, status: int) -> None:
    with nobody_else_notices(port), Client(port) as client:
        client.send(raw)
        assert client.answer().status == status
        assert client.read() == b""


@pytest.mark.parametrize(
    "body",
    [b"zz\r\nhello\r\n", b"-1\r\n", b"5\r\nhelloX", b"fffffffffffffffff\r\n", b"5;" + b"x" * 600_000],
    ids=["no-number", "negative", "too-long", "overflow", "extension"],
)
def test_chunks_that_are_none_end_the_connection(port: int, body: bytes) -> None:
    with Client(port) as client:
        client.send(request("POST", "/read", transfer_encoding="chunked"), body)
        assert client.answer().status in {400, 431}
        assert client.read() == b""
    with Client(port) as other:
        assert other.ask("GET", "/hello").status == 200


@pytest.mark.parametrize("rest", [b"zz\r\n", b"5;" + b"x" * 600_000], ids=["malformed", "too-large"])
def test_no_refusal_gets_into_a_response_that_has_begun(port: int, rest: bytes) -> None:
    with Client(port) as client:
        client.send(request("POST", "/echo", transfer_encoding="chunked"), b"5\r\nhello\r\n")
        while client.line() != b"\r\n":
            pass
        assert (client.line(), client.read(7)) == (b"5\r\n", b"hello\r\n")
        with contextlib.suppress(OSError):
            client.send(rest)
            assert client.read() == b""


@pytest.mark.parametrize(
    "rest", [b"\x16\x03", b"GET /c HTTP/1.1\r\nx: " + b"y" * 600_000], ids=["malformed", "too-large"]
)
def test_what_is_refused_after_a_request_leaves_it_its_answer(port: int, rest: bytes) -> None:
    with nobody_else_notices(port), Client(port) as client:
        client.send(request("GET", "/long") + rest)
        answer = client.answer()
        assert (answer.status, answer.body) == (200, b"hello")
        assert client.read() == b""


def test_trailers_are_no_header_fields(port: int) -> None:
    with Client(port) as client:
        trailers = b"0\r\nhost: b\r\n\r\n"  # a head with two hosts would be refused
        client.send(request("POST", "/read", transfer_encoding="chunked"), b"1\r\nx\r\n" + trailers)
        assert client.answer().body == b"read"
        client.send(request("POST", "/read", transfer_encoding="chunked"), b"0\r\n", (b"x: " + b"y" * 1_000) * 600)
        assert client.answer().status == 431


def test_who_sends_far_too_much_reads_why_he_is_refused(port: int) -> None:
    with Client(port) as client:
        client.send(request("POST", "/read", content_length=str(100_000_000)))
        for _ in range(100):
            client.send(b"x" * 1_000_000)
        answer = client.answer()
        assert (answer.status, answer.headers["connection"]) == (413, "close")
        assert client.read() == b""


def test_who_goes_on_sending_after_an_answer_is_hung_up_on(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_guard, "LINGER", 0.05)
    with Client(port) as client:
        client.send(request("POST", "/read", content_length=str(2**40)))
        assert client.answer().status == 413
        with pytest.raises(OSError, match=r"reset|Broken pipe"):
            _flood(client)


def _flood(client: Client) -> None:
    while True:
        client.send(b"x" * 65_536)


def test_closing_waits_for_nobody_who_lingers(world: World) -> None:
    port = opened(world)
    with Client(port) as client, Client(port):
        client.send(request("POST", "/read", content_length=str(2**40)))
        assert client.answer().status == 413
        world.close()


def test_connections_past_those_that_are_told_so_are_closed(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_guard, "MOST_CONNECTIONS", 1)
    monkeypatch.setattr(connection_guard, "MOST_LINGERING", 1)
    with Client(port) as one:
        assert one.ask("GET", "/hello").status == 200
        with Client(port) as two:
            assert two.answer().status == 503
            with Client(port) as three, contextlib.suppress(ConnectionResetError):
                assert three.read() == b""
        assert one.ask("GET", "/hello").status == 200


def test_an_upgrade_is_answered_as_if_it_were_not_asked_for(port: int) -> None:
    with Client(port) as client:
        fields = {"connection": "Upgrade", "upgrade": "websocket", "sec_websocket_version": "13"}
        answer = client.ask("GET", "/c", **fields, sec_websocket_key="dGhlIHNhbXBsZSBub25jZQ==")
        assert (answer.status, answer.body[:3]) == (200, b"v1 ")


def test_old_clients_are_answered_and_hung_up_on(port: int) -> None:
    with Client(port) as client:
        client.send(b"GET /c HTTP/1.0\r\n\r\n")
        answer = client.answer()
        assert (answer.status, answer.body[:3], answer.headers["connection"]) == (200, b"v1 ", "close")
        assert client.read() == b""


def test_a_head_request_has_the_fields_and_no_body(port: int) -> None:
    with Client(port) as client:
        assert client.ask("HEAD", "/c").body == b""
        assert client.ask("GET", "/c").body[:3] == b"v1 "


def test_a_client_that_waits_for_leave_to_send_gets_it(port: int) -> None:
    with Client(port) as client:
        client.send(request("POST", "/echo", content_length="5", expect="100-continue"))
        assert client.line() == b"HTTP/1.1 100 Continue\r\n"
        assert client.line() == b"\r\n"
        client.send(b"hello")
        assert client.answer().body == b"hello"


def test_a_hundred_requests_at_once_are_answered_in_order(port: int) -> None:
    with Client(port) as client:
        before = calls(client)
        client.send(request("GET", "/c") * 100)
        for number in range(before + 1, before + 101):
            assert client.answer().body == b"v1 %08d" % number


def test_a_client_that_says_nothing_more_is_answered(port: int) -> None:
    with Client(port) as client:
        client.send(request("GET", "/c"))
        client.socket.shutdown(socket.SHUT_WR)
        with contextlib.suppress(http.client.HTTPException, ConnectionError):
            assert client.answer().status == 200
    with Client(port) as other:
        assert other.ask("GET", "/hello").status == 200


def test_chunks_of_one_byte_arrive_whole(port: int) -> None:
    with Client(port) as client:
        client.send(request("POST", "/echo", transfer_encoding="chunked"), chunks(*[b"x"] * 2_000))
        assert client.answer().body == b"x" * 2_000
