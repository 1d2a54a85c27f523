"""``wasi:http/outgoing-handler`` called by a real component, with real servers: good, slow, broken and endless ones."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.engine import Engine
from airssys_tui.host.doors.network.holdings import MOST_OPEN, Sort
from tests.support.network import Flood, WebServer, answered, read_question, serving
from tests.support.wasi.wasi_desk import WasiDesk
from tests.support.wasi.web_desk import CLOSED, INTERFACES, STREAMS, WebDesk, web_desk


@pytest.fixture
def guest(engine: Engine) -> Iterator[WebDesk]:
    with web_desk(engine) as made:
        yield made


def silent(taken: socket.socket) -> None:
    """Answer nothing, until the other end has gone."""
    while taken.recv(65_536):
        pass


def chunked_answer(*chunks: bytes, trailer: bytes = b"") -> bytes:
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + framed + b"0\r\n" + trailer + b"\r\n"


def test_a_question_and_its_answer(guest: WebDesk) -> None:
    server = WebServer(b"HTTP/1.1 404 No\r\nX-Made: Up\r\ncontent-length: 5\r\n\r\nhello")
    with serving(server) as port:
        response = guest.ask(port, "/a?b", fields=[("X-Asked", b"1")]).value
        assert guest.types("incoming-response.status", response) == 404
        fields = guest.types("incoming-response.headers", response)
        assert guest.types("fields.entries", fields) == [("X-Made", b"Up"), ("content-length", b"5")]
        assert guest.types("fields.append", fields, "a", b"") == Err(Variant("immutable"))
        body, stream = guest.body(response)
        assert guest.types("incoming-response.consume", response) == Err()
        assert guest.read(stream, 2) == (b"hello", CLOSED)
        guest.drop("input-stream", stream)
        future = guest.types("incoming-body.finish", body)
        assert guest.types("future-trailers.get", future) == Some(Ok(Ok(None)))
        assert guest.door.holdings.count(Sort.CONNECTION) == 0
    assert server.questions[0].startswith(b"GET /a?b HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nX-Asked: 1\r\n" % port)


def test_a_body_that_is_written_before_the_request_goes_out(guest: WebDesk) -> None:
    server = WebServer(answered(b""))
    with serving(server) as port:
        request = guest.request(port, method="post")
        body, stream = guest.opened(request)
        assert guest.write(stream, b"early") == Ok()
        assert guest.finish(body, stream) == Ok()
        assert isinstance(guest.outcome(guest.handle(request).value), Ok)
    assert server.questions[0].endswith(b"content-length: 5\r\nconnection: close\r\n\r\nearly")


def echo(taken: socket.socket) -> None:
    """Answer with what comes in chunks, as it comes, and with its trailer."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += taken.recv(1)
    taken.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while data := taken.recv(65_536):
        taken.sendall(data)


def test_a_conversation(guest: WebDesk) -> None:
    with serving(echo) as port:
        request = guest.request(port, method="post")
        body, out = guest.opened(request)
        future = guest.handle(request).value
        assert guest.write(out, b"one") == Ok()
        response = guest.outcome(future).value
        incoming, stream = guest.body(response)
        assert guest.call(STREAMS + "[method]input-stream.blocking-read", stream, 100) == Ok(b"one")
        assert guest.call(STREAMS + "[method]input-stream.read", stream, 100) == Ok(b"")
        assert guest.write(out, b"two") == Ok()
        assert guest.call(STREAMS + "[method]input-stream.blocking-read", stream, 100) == Ok(b"two")
        assert guest.finish(body, out, guest.fields(("x-sum", b"6"))) == Ok()
        assert guest.call(STREAMS + "[method]input-stream.blocking-read", stream, 100) == CLOSED
        guest.drop("input-stream", stream)
        trailers = guest.types("future-trailers.get", guest.types("incoming-body.finish", incoming))
        assert guest.types("fields.entries", trailers.value.value.value.value) == [("x-sum", b"6")]


def test_a_response_is_passed_on_as_a_request(guest: WebDesk) -> None:
    data = bytes(range(256)) * 2_000
    seen = WebServer(answered(b"thanks"))
    with serving(WebServer(answered(data))) as source, serving(seen) as sink:
        response = guest.ask(source).value
        _, stream = guest.body(response)
        fields = guest.types("fields.clone", guest.types("incoming-response.headers", response))
        request = guest.types("new-outgoing-request", fields)
        for part, value in (("scheme", Some(Variant("HTTP"))), ("authority", Some(f"127.0.0.1:{sink}"))):
            guest.types(f"outgoing-request.set-{part}", request, value)
        guest.types("outgoing-request.set-method", request, Variant("put"))
        body, out = guest.opened(request)
        future = guest.handle(request).value
        while isinstance(guest.call(STREAMS + "[method]output-stream.blocking-splice", out, stream, 2**40), Ok):
            pass
        assert guest.finish(body, out) == Ok()
        _, thanks = guest.body(guest.outcome(future).value)
        assert guest.read(thanks) == (b"thanks", CLOSED)
    assert seen.questions[0].endswith(b"\r\n\r\n" + data)


def test_many_at_once(guest: WebDesk) -> None:
    go = [threading.Event() for _ in range(3)]

    def serve(taken: socket.socket) -> None:
        number = int(read_question(taken)[5:6])
        go[number].wait(30)
        taken.sendall(answered(b"%d" % number))

    with serving(serve) as port:
        futures = [guest.handle(guest.request(port, f"/{number}")).value for number in range(3)]
        pollables = [guest.types("future-incoming-response.subscribe", future) for future in futures]
        for number in (1, 0, 2):
            others = [future for place, future in enumerate(futures) if not go[place].is_set()]
            assert all(guest.types("future-incoming-response.get", future) is None for future in others)
            go[number].set()
            left = [pollable for place, pollable in enumerate(pollables) if place == number or not go[place].is_set()]
            ready = guest.call("io/poll#poll", left)
            assert [left[place] for place in ready] == [pollables[number]]
            _, stream = guest.body(guest.types("future-incoming-response.get", futures[number]).value.value.value)
            assert guest.read(stream) == (b"%d" % number, CLOSED)


def test_a_response_is_given_once(guest: WebDesk) -> None:
    with serving(WebServer(answered(b""))) as port:
        future = guest.handle(guest.request(port)).value
        assert isinstance(guest.outcome(future), Ok)
        assert guest.types("future-incoming-response.get", future) == Some(Err())


def test_a_pollable_that_outlives_its_exchange_is_ready(guest: WebDesk) -> None:
    with serving(silent) as port:
        future = guest.handle(guest.request(port)).value
        pollable = guest.types("future-incoming-response.subscribe", future)
        assert not guest.call("io/poll#[method]pollable.ready", pollable)
        guest.drop("future-incoming-response", future)
        assert guest.call("io/poll#[method]pollable.ready", pollable)


def test_a_body_that_nobody_reads_comes_no_further_than_its_pipe(guest: WebDesk) -> None:
    flood = Flood()
    with serving(flood) as port:
        _, stream = guest.body(guest.ask(port).value)
        assert flood.stopped.wait(30)
        got, end = guest.read(stream)
        assert (len(got), end) == (flood.sent, CLOSED)


# what goes wrong


def test_what_may_not_be_asked(guest: WebDesk) -> None:
    assert guest.ask("a_b.example.com") == Err(Variant("HTTP-request-URI-invalid"))
    assert guest.ask("127.0.0.1", scheme="HTTP", method="connect") == Err(Variant("HTTP-request-method-invalid"))
    assert guest.ask("evil.example.com") == Err(Variant("HTTP-request-denied"))
    long = [("a", b"b" * 9_000)]
    error = guest.ask("127.0.0.1:80", fields=long)
    payload = Some({"field-name": Some("a"), "field-size": Some(9_001)})
    assert error == Err(Variant("HTTP-request-header-size", payload))
    assert guest.internet.asked == guest.internet.reached == []


def test_a_request_that_is_refused_takes_its_body_along(guest: WebDesk) -> None:
    request = guest.request("evil.example.com", method="post")
    _, stream = guest.opened(request)
    assert isinstance(guest.handle(request), Err)
    assert guest.write(stream, b"for nobody") == CLOSED


def test_a_server_that_is_not_there(guest: WebDesk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert guest.ask(port) == Err(Variant("connection-refused"))


def test_a_name_that_nobody_knows(engine: Engine) -> None:
    with web_desk(engine, "network:connect:*.example.com:80") as guest:
        payload = {"rcode": Some("NXDOMAIN"), "info-code": None}
        assert guest.ask("api.example.com") == Err(Variant("DNS-error", payload))


def test_a_body_that_is_cut(guest: WebDesk) -> None:
    with serving(WebServer(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")) as port:
        _, stream = guest.body(guest.ask(port).value)
        got, end = guest.read(stream)
    assert got == b"half"
    assert guest.types("http-error-code", end.value.payload) == Some(Variant("HTTP-response-incomplete"))


def test_a_body_that_is_not_finished(guest: WebDesk) -> None:
    with serving(silent) as port:
        request = guest.request(port, method="post")
        body, stream = guest.opened(request)
        future = guest.handle(request).value
        guest.write(stream, b"half")
        guest.drop("output-stream", stream)
        guest.drop("outgoing-body", body)
        assert guest.outcome(future) == Err(Variant("HTTP-protocol-error"))


def test_times_of_the_guest(guest: WebDesk) -> None:
    with serving(silent) as port:
        began = guest.handle(guest.request(port), guest.times(first_byte=20))
        assert guest.outcome(began.value) == Err(Variant("connection-read-timeout"))


def test_there_is_a_limit_of_exchanges(guest: WebDesk) -> None:
    with serving(silent) as port:
        for _ in range(MOST_OPEN[Sort.CONNECTION]):
            assert isinstance(guest.handle(guest.request(port)), Ok)
        assert guest.handle(guest.request(port)) == Err(Variant("connection-limit-reached"))


# ends of calls and instances


def test_a_wait_ends_with_its_call(guest: WebDesk) -> None:
    with serving(silent) as port:
        future = guest.handle(guest.request(port)).value
        pollable = guest.types("future-incoming-response.subscribe", future)
        with pytest.raises(GuestTrap) as caught:
            guest.call("io/poll#[method]pollable.block", pollable, deadline=0.05)
        assert caught.value.trap.kind is TrapKind.DEADLINE
        assert guest.tenant.blocked >= 1


def test_a_wait_ends_when_its_call_is_cancelled(guest: WebDesk) -> None:
    with serving(silent) as port:
        future = guest.handle(guest.request(port)).value
        pollable = guest.types("future-incoming-response.subscribe", future)
        guest.tenant.at_block.append(guest.instance.cancel)
        with pytest.raises(GuestTrap) as caught:
            guest.call("io/poll#[method]pollable.block", pollable)
        assert caught.value.trap.kind is TrapKind.CANCELLED


@pytest.mark.parametrize("how", ["closed", "trapped"])
def test_nothing_is_left_of_a_guest_that_ends(guest: WebDesk, how: str) -> None:
    came, gone = threading.Semaphore(0), threading.Semaphore(0)

    def serve(taken: socket.socket) -> None:
        came.release()
        with contextlib.suppress(OSError):  # whoever leaves without reading everything resets the connection
            taken.sendall(b"HTTP/1.1 200 OK\r\n\r\nendless")
            silent(taken)
        gone.release()

    with serving(serve) as port:
        _, stream = guest.body(guest.ask(port).value)
        assert guest.call(STREAMS + "[method]input-stream.blocking-read", stream, 100) == Ok(b"endless")
        request = guest.request(port, method="post")
        guest.opened(request)
        pollable = guest.types("future-incoming-response.subscribe", guest.handle(request).value)
        for _ in range(2):
            while not came.acquire(timeout=0.01):
                guest.call("io/poll#[method]pollable.ready", pollable)
        if how == "trapped":
            with pytest.raises(GuestTrap):
                guest.call("io/poll#poll", [])
        guest.close()
        assert gone.acquire(timeout=30)
        assert gone.acquire(timeout=30)
        assert guest.door.holdings.count(Sort.CONNECTION) == 0


def test_fuel_bounds_what_a_guest_receives(engine: Engine) -> None:
    limits = Limits(deadline=60.0, fuel_per_call=100_000)
    with serving(WebServer(answered(bytes(400_000)))) as port, web_desk(engine, limits=limits) as guest:
        with pytest.raises(GuestTrap) as caught:
            guest.read(guest.body(guest.ask(port).value)[1])
        assert caught.value.trap.kind is TrapKind.OUT_OF_FUEL


def test_handles_are_bounded(engine: Engine) -> None:
    with web_desk(engine, limits=Limits(deadline=60.0, handles=10)) as guest:
        for _ in range(10):
            guest.types("new-fields")
        with pytest.raises(GuestTrap) as caught:
            guest.types("new-fields")
        assert caught.value.trap.kind is TrapKind.HANDLE_LIMIT


@pytest.mark.parametrize("version", ["0.2.0", "0.2.4"])
def test_a_guest_of_an_older_release(engine: Engine, version: str) -> None:
    made = WasiDesk(engine, INTERFACES, version=version)
    assert made.call("http/types#[constructor]fields") == 1
    made.instance.close()


def test_a_wait_is_announced(guest: WebDesk) -> None:
    release = threading.Event()

    def serve(taken: socket.socket) -> None:
        read_question(taken)
        release.wait(30)
        taken.sendall(chunked_answer(b"late", trailer=b"x: y\r\n"))

    with serving(serve) as port:
        future = guest.handle(guest.request(port)).value
        guest.tenant.at_block.append(release.set)
        _, stream = guest.body(guest.outcome(future).value)
        assert guest.read(stream) == (b"late", CLOSED)
        assert guest.tenant.blocked >= 1, "it is announced, so that another thread takes over"
