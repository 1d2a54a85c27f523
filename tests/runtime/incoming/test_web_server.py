"""The server before any component: bounds of what clients send, answers without a component, addresses."""

from __future__ import annotations

import socket
import sys

import pytest

from airssys_tui.core.lifecycle import State
from airssys_tui.core.manifest.http_sections import ListenAddress
from airssys_tui.runtime.incoming import connection_guard
from tests.support.http_client import Client, chunks, request
from tests.support.http_handlers import silent_handler
from tests.support.world import World

ROUTED = '[http]\nroutes = ["/a/*"]\nmax_body = 100\n'


@pytest.fixture
def port(world: World) -> int:
    """Open a runtime with a component that has a route and no response; return where it is asked."""
    world.put("c", silent_handler(), ROUTED)
    world.open(http=(ListenAddress("127.0.0.1", 0),))
    (listener,) = world.runtime.probe.system.http.listeners
    assert not listener.problem
    return listener.address.port


def test_what_no_route_covers_is_404_with_an_id(port: int) -> None:
    with Client(port) as client:
        answer = client.ask("GET", "/")
        assert (answer.status, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")
        assert answer.body == f"404 no component answers this path\nrequest {answer.id}\n".encode()
        assert len(answer.id) == 32
        assert client.ask("GET", "/").id != answer.id  # on the same connection


def test_a_component_with_a_handler_of_another_type_gives_no_response(port: int) -> None:
    with Client(port) as client:
        assert client.ask("GET", "/a/x").status == 502


def test_head_has_the_fields_and_no_body(port: int) -> None:
    with Client(port) as client:
        answer = client.ask("HEAD", "/nowhere")
        assert (answer.status, answer.body) == (404, b"")
        assert client.ask("GET", "/nowhere").status == 404


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/a/../b", {}, 400),
        ("/a/%2e%2e/b", {}, 400),
        ("/a\\b", {}, 400),
        ("/a?b=\x7f", {}, 400),
        ("/é", {}, 400),
        ("/a/x", {"host": "a b"}, 400),
        ("/a/x", {"host": "0x7f.1"}, 400),
        ("/" + "a" * 9_000, {}, 414),
        ("/a?" + "b" * 9_000, {}, 414),
        ("/a/x", {"x": "y" * 40_000}, 431),
        ("/a/x", {f"x{number}": "y" for number in range(200)}, 431),
        ("http://example.com/a/x", {}, 400),
        ("*", {}, 400),
    ],
)
def test_what_is_malformed_or_too_large_is_refused(port: int, path: str, fields: dict[str, str], status: int) -> None:
    with Client(port) as client:
        answer = client.ask("GET", path, **fields)
        assert (answer.status, answer.headers["connection"]) == (status, "close")
        assert client.read() == b""


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /a HTTP/1.1\r\n\r\n",
        b"GET /a HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        b"POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: a\r\ncontent-length: -5\r\n\r\n",
        b"POST /a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked, x\r\n\r\n0\r\n\r\n",
        b"GET /a HTTP/1.1\r\nhost : a\r\n\r\n",
        b"GET /a HTTP/1.1\r\nhost: a\r\n folded: b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(port: int, raw: bytes) -> None:
    with Client(port) as client:
        client.send(raw)
        assert client.answer().status == 400


def test_an_old_client_needs_no_host(port: int) -> None:
    with Client(port) as client:
        client.send(b"GET /nowhere HTTP/1.0\r\n\r\n")
        assert client.answer().status == 404
        assert client.read() == b""


def test_a_body_that_is_announced_too_large_is_413_before_it_is_sent(port: int) -> None:
    with Client(port) as client:
        client.send(request("POST", "/a/x", None, content_length="101", expect="100-continue"))
        answer = client.answer()
        assert (answer.status, answer.headers["connection"]) == (413, "close")


def test_a_head_without_an_end_is_431(port: int) -> None:
    with Client(port) as client:
        client.send(b"GET /a HTTP/1.1\r\nhost: a\r\n", (b"x: " + b"y" * 1_000 + b"\r\n") * 66)
        assert client.answer().status == 431


def test_a_head_that_does_not_arrive_in_time_is_408(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_guard, "HEAD_TIME", 0.05)
    with Client(port) as client:
        assert client.answer().status == 408
    with Client(port) as client:
        assert client.ask("GET", "/nowhere").status == 404
        client.send(b"GET /a HT")
        client.send(b"TP/1.1\r\n")
        assert client.answer().status == 408
        assert client.read() == b""


def test_one_connection_too_many_is_503(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_guard, "MOST_CONNECTIONS", 2)
    with Client(port) as one, Client(port) as two:
        assert one.ask("GET", "/nowhere").status == two.ask("GET", "/nowhere").status == 404
        with Client(port) as three:
            answer = three.answer()
            assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert one.ask("GET", "/nowhere").status == 404


def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    with Client(port) as client:
        client.send(
            request("GET", "/1"), request("POST", "/2", b"hello"), request("HEAD", "/3"), request("GET", "/a/b")
        )
        assert [client.answer(method).status for method in ("GET", "POST", "HEAD", "GET")] == [404, 404, 404, 502]


def test_a_chunked_body_that_nobody_wants_ends_the_connection(port: int) -> None:
    with Client(port) as client:
        client.send(request("POST", "/nowhere", chunks(b"a", b"b"), transfer_encoding="chunked"))
        assert client.answer().status == 404


def test_an_address_in_use_is_told_and_everything_else_runs(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = ListenAddress("127.0.0.1", taken.getsockname()[1])
        world.put("c", silent_handler(), ROUTED)
        world.open(http=(address,))
        (listener,) = world.runtime.probe.system.http.listeners
        assert (listener.address, listener.problem) == (address, "Address already in use")
        assert world.row("c").state == "running"
        (told,) = [event for event in world.events() if "nothing listens at" in event.text]
        assert told.level == "error"


def test_a_folder_says_where(world: World) -> None:
    (world.folder / "airssys.toml").write_text('[http]\nlisten = "127.0.0.1:0"\n')
    world.open()
    (listener,) = world.runtime.probe.system.http.listeners
    with Client(listener.address.port) as client:
        assert client.ask("GET", "/").status == 404
    port = listener.address.port
    world.close()
    with pytest.raises(ConnectionRefusedError):
        Client(port)


@pytest.mark.parametrize("missing", ["uvicorn", "httptools"])
def test_a_runtime_without_the_server_says_how_to_install_it_and_runs_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    world.put("c", silent_handler(), ROUTED)
    world.open(http=(ListenAddress("127.0.0.1", 0),))
    (listener,) = world.runtime.probe.system.http.listeners
    assert missing in listener.problem
    told = [event.text for event in world.runtime.events(limit=1_000).events]
    assert any("pip install 'airssys-tui[http]'" in text for text in told)
    assert world.row("c").state is State.RUNNING
