"""Asking web servers without a thread: what goes out, what comes back, and how each of both ends and breaks."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter_ns

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.capability.permission import parse_permission
from airssys_tui.core.errors import HostFault
from airssys_tui.engine.waiting import READABLE
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.host.doors.exchange.header_fields import Fields
from airssys_tui.host.doors.exchange.http_messages import IncomingResponse, OutgoingRequest
from airssys_tui.host.doors.exchange.message_bodies import UNFINISHED
from airssys_tui.host.doors.network import connecting, web_exchange
from airssys_tui.host.doors.network.exchange_times import MOST_CONNECT_NS, MOST_SILENCE_NS, bounded
from airssys_tui.host.doors.network.holdings import MOST_OPEN, Sort
from airssys_tui.host.doors.network.lookups import MOST_OF_ONE, Lookups
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.doors.network.web_exchange import WebExchange
from tests.support.network import (
    Flood,
    HeldInternet,
    WebServer,
    answered,
    read_question,
    redirected,
    serving,
)
from tests.support.tls_servers import TlsServer, TrustingInternet, make_certificate
from tests.support.web_asker import WebAsker, asked, asking, opened, times

RULES = (parse_permission("network:connect:127.0.0.1:*"),)
PUBLIC = "93.184.216.34"
MEBIBYTE = 1 << 20


@pytest.fixture
def asker() -> Iterator[WebAsker]:
    with asking() as made:
        yield made


class Clock:
    """The clock of the door, which a test puts forward.

    Attributes:
        ahead: Seconds that it is ahead of the real one.
    """

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> int:
        return perf_counter_ns() + int(self.ahead * 1e9)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (web_exchange, connecting):
        monkeypatch.setattr(module, "perf_counter_ns", made)
    return made


def entries(response: IncomingResponse) -> list[tuple[str, bytes]]:
    return list(response.fields.entries())


def raw(answer: bytes) -> Callable[[socket.socket], None]:
    """Return a server that reads a question and answers with bytes, whatever they are."""

    def serve(taken: socket.socket) -> None:
        read_question(taken)
        with contextlib.suppress(OSError):
            taken.sendall(answer)

    return serve


def holding(answer: bytes = b"") -> Callable[[socket.socket], None]:
    """Return a server that answers with some bytes and then says nothing more, until the other end has gone."""

    def serve(taken: socket.socket) -> None:
        read_question(taken)
        taken.sendall(answer)
        while taken.recv(65_536):
            pass

    return serve


# what goes out and what comes back


def test_a_question_and_its_answer(asker: WebAsker) -> None:
    server = WebServer(
        b"HTTP/1.1 203 Sure\r\nContent-Length: 5\r\nX-Made: \xfcp\r\nx-made: twice\r\nupgrade: h2\r\n\r\nhello"
    )
    with serving(server) as port:
        request = asked(port, "/a/b?c=%20", fields=[("Accept", b" text/plain\t"), ("x-a", b"\xc3\xbc"), ("x-a", b"")])
        response = asker.answer(request)
        assert response.status == 203
        assert entries(response) == [("Content-Length", b"5"), ("X-Made", b"\xfcp"), ("x-made", b"twice")]
        body = asker.body(response)
        assert asker.read(body, 2) == b"hello"
        assert body.pipe.fault is None
        assert body.finish().take() is None
        assert asker.door.holdings.count(Sort.CONNECTION) == 0, "the connection ends with the response"
    assert server.questions == [
        f"GET /a/b?c=%20 HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nAccept: text/plain\r\nx-a: ü\r\nx-a: \r\n"
        "connection: close\r\n\r\n".encode()
    ]


@pytest.mark.parametrize(
    ("method", "head"),
    [("POST", "content-length: 0"), ("PATCH", "content-length: 0"), ("GET", None), ("M-SEARCH", None)],
)
def test_without_a_body(asker: WebAsker, method: str, head: str | None) -> None:
    server = WebServer(answered(b""))
    with serving(server) as port:
        asker.answer(asked(port, None, method=method))
    lines = server.questions[0].decode().split("\r\n")
    assert lines[0] == f"{method} / HTTP/1.1"
    assert lines[2:-3] == ([head] if head else [])


@pytest.mark.parametrize(("method", "data"), [("POST", b"data"), ("GET", b"data"), ("POST", b""), ("GET", b"")])
def test_a_body_that_is_complete_is_sent_with_its_length(asker: WebAsker, method: str, data: bytes) -> None:
    server = WebServer(answered(b""))
    with serving(server) as port:
        request = asked(port, method=method)
        body = opened(request)
        body.write(data)
        assert body.finish() is None
        asker.answer(request)
    (question,) = server.questions
    assert question.endswith(b"\r\n\r\n" + data)
    assert (b"content-length: %d\r\n" % len(data) in question) == (bool(data) or method == "POST")
    assert b"chunked" not in question


def test_a_body_whose_length_was_promised(asker: WebAsker) -> None:
    server = WebServer(answered(b"done"))
    with serving(server) as port:
        request = asked(port, method="PUT", fields=[("Content-Length", b"200000")])
        body = opened(request)
        exchange = asker.ask(request)
        asker.write(body, bytes(200_000))
        assert body.finish(Fields([("x-late", b"1")])) is None
        response = asker.outcome(exchange)
        assert isinstance(response, IncomingResponse)
    (question,) = server.questions
    assert b"Content-Length: 200000\r\n" in question
    assert question.endswith(b"\0" * 200_000), "there is no place for trailer fields after a promised length"


def chunked(taken: socket.socket) -> bytes:
    """Read a question that is sent in chunks, to its end."""
    data = b""
    while not data.endswith(b"\r\n\r\n") or b"\r\n0\r\n" not in data:
        piece = taken.recv(65_536)
        if not piece:
            return data
        data += piece
    return data


def test_a_body_that_is_still_written_is_sent_in_chunks(asker: WebAsker) -> None:
    seen: list[bytes] = []

    def serve(taken: socket.socket) -> None:
        seen.append(chunked(taken))
        taken.sendall(answered(b""))

    with serving(serve) as port:
        request = asked(port, method="POST")
        body = opened(request)
        exchange = asker.ask(request)
        body.write(b"one")
        while not asker.door.holdings.count(Sort.CONNECTION) or body.pipe.waiting:
            exchange.advance(asker.call)
            asker.wait(exchange.until_ready()) if body.pipe.waiting else None
        body.write(b"two")
        body.finish(Fields([("X-Sum", b"6"), ("content-length", b"9")]))
        asker.outcome(exchange)
    assert b"transfer-encoding: chunked\r\n" in seen[0]
    assert seen[0].partition(b"\r\n\r\n")[2] == b"3\r\none\r\n3\r\ntwo\r\n0\r\nX-Sum: 6\r\n\r\n"


def echo(taken: socket.socket) -> None:
    """Answer with what comes, as it comes."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += taken.recv(1)
    left = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
    taken.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % left)
    while left:
        data = taken.recv(65_536)
        taken.sendall(data)
        left -= len(data)


def test_both_directions_at_once_and_never_more_than_the_pipes_keep(asker: WebAsker) -> None:
    data = bytes(range(256)) * (2 * MEBIBYTE // 256)
    with serving(echo) as port:
        request = asked(port, method="POST", fields=[("content-length", b"%d" % len(data))])
        sent, got = opened(request), b""
        exchange = asker.ask(request)
        left = memoryview(data)
        response: IncomingResponse | None = None
        while len(got) < len(data):
            if left and sent.pipe.room:
                room = sent.pipe.room
                sent.write(bytes(left[:room]))
                left = left[room:]
                if not left:
                    sent.finish()
            if response is None:
                if exchange.is_ready(asker.call):
                    taken = exchange.take()
                    assert isinstance(taken, IncomingResponse)
                    response, body = taken, asker.body(taken)
            elif body.pipe.is_readable(asker.call):
                assert body.pipe.waiting <= 65_536
                got += body.pipe.read(50_000)
            elif not (left and sent.pipe.room):
                asker.wait(exchange.waitable())
    assert got == data


def test_a_reader_that_rests_stops_the_server(asker: WebAsker) -> None:
    flood = Flood()
    with serving(flood) as port:
        body = asker.body(asker.answer(asked(port)))
        while not flood.stopped.wait(0.01):
            body.pipe.drive(asker.call)
            assert body.pipe.waiting <= 65_536
        assert len(asker.read(body)) == flood.sent


def test_trailers(asker: WebAsker) -> None:
    answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 7\r\nhost: evil\r\n\r\n"
    with serving(WebServer(answer)) as port:
        body = asker.body(asker.answer(asked(port)))
        assert asker.read(body) == b"body"
        trailers = body.finish().take()
    assert isinstance(trailers, Fields)
    assert list(trailers.entries()) == [("X-Sum", b"7")]


def test_trailers_without_reading_the_body(asker: WebAsker) -> None:
    chunk = b"10000\r\n" + bytes(65_536) + b"\r\n"
    answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunk * 20 + b"0\r\nx: y\r\n\r\n"
    with serving(raw(answer)) as port:
        future = asker.body(asker.answer(asked(port))).finish()
        while not future.is_ready(asker.call):
            asker.wait(future.until_ready())
        trailers = future.take()
    assert isinstance(trailers, Fields)
    assert trailers.get("X") == [b"y"]


def test_a_body_without_end_never_has_trailers(asker: WebAsker) -> None:
    def serve(taken: socket.socket) -> None:
        read_question(taken)
        taken.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                taken.sendall(bytes(65_536))

    with serving(serve) as port:
        future = asker.body(asker.answer(asked(port))).finish()
        charged = asker.call.charged
        for _ in range(10):
            assert not future.is_ready(asker.call)
            asker.wait(future.until_ready())
        assert asker.call.charged > charged + 100_000, "it pays for what it throws away"
        future.drop()
        assert asker.door.holdings.count(Sort.CONNECTION) == 0


def test_redirects_are_answers(asker: WebAsker) -> None:
    server = WebServer(redirected("http://169.254.169.254/"))
    with serving(server) as port:
        response = asker.answer(asked(port))
        assert response.status == 302
        assert response.fields.get("location") == [b"http://169.254.169.254/"]
    assert len(server.questions) == 1


def test_interim_answers_are_passed_over(asker: WebAsker) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    with serving(WebServer(interim * 16 + answered(b""))) as port:
        assert asker.answer(asked(port)).status == 200


def test_an_answer_before_the_question_is_over(asker: WebAsker) -> None:
    def serve(taken: socket.socket) -> None:
        taken.recv(1_000)
        taken.sendall(answered(b"too much", status="413 Content Too Large"))

    with serving(serve) as port:
        request = asked(port, method="POST")
        body = opened(request)
        body.write(b"begun")
        exchange = asker.ask(request)
        response = asker.outcome(exchange)
        assert isinstance(response, IncomingResponse)
        assert response.status == 413
        assert asker.read(asker.body(response)) == b"too much"
        assert body.pipe.abandoned, "nobody wants the rest"
        assert body.pipe.is_writable(asker.call)


def test_the_first_address_that_answers_is_used() -> None:
    internet = HeldInternet()
    internet.name("api.example.com", ("93.184.216.1", PUBLIC))
    with serving(WebServer(answered(b"second"))) as port, asking("network:connect:api.example.com:80") as asker:
        asker.internet.names.update(internet.names)
        asker.internet.routes[PUBLIC, 80] = port
        assert asker.read(asker.body(asker.answer(asked("api.example.com")))) == b"second"
        assert asker.internet.reached == [("93.184.216.1", 80), (PUBLIC, 80)]
        assert asker.internet.asked == ["api.example.com"], "it was looked up once"


@settings(max_examples=40)
@given(
    st.lists(st.binary(min_size=1, max_size=300), max_size=6),
    st.lists(st.integers(1, 200), min_size=1, max_size=8),
    st.integers(1, 100),
    st.booleans(),
)
def test_a_body_in_any_pieces_is_the_same_body(
    chunks: list[bytes], cuts: list[int], most: int, in_chunks: bool
) -> None:
    data = b"".join(chunks)
    if in_chunks:
        head = b"transfer-encoding: chunked\r\n\r\n"
        framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    else:
        head, framed = b"content-length: %d\r\n\r\n" % len(data), data
    answer = b"HTTP/1.1 200 OK\r\n" + head + framed

    def serve(taken: socket.socket) -> None:
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        read_question(taken)
        left, turn = answer, 0
        while left:
            cut = cuts[turn % len(cuts)]
            taken.sendall(left[:cut])
            left, turn = left[cut:], turn + 1

    with serving(serve) as port, asking() as asker:
        body = asker.body(asker.answer(asked(port)))
        assert asker.read(body, most) == data
        assert body.pipe.fault is None


# what may be asked


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"method": "CONNECT"}, ExchangeFault(FaultCode.REQUEST_METHOD_INVALID)),
        ({"method": "M" * 65}, ExchangeFault(FaultCode.REQUEST_METHOD_INVALID)),
        ({"authority": "user@127.0.0.1"}, ExchangeFault(FaultCode.REQUEST_URI_INVALID)),
        ({"authority": "2130706433"}, ExchangeFault(FaultCode.REQUEST_URI_INVALID)),
        ({"authority": "a_b.example.com"}, ExchangeFault(FaultCode.REQUEST_URI_INVALID)),
        ({"target": "*"}, ExchangeFault(FaultCode.REQUEST_URI_INVALID)),
        ({"target": "/" + "a" * 8_192}, ExchangeFault(FaultCode.REQUEST_URI_TOO_LONG)),
        ({"scheme": "ftp"}, ExchangeFault(FaultCode.REQUEST_URI_INVALID)),
        ({"fields": [("a", b"1")] * 129}, ExchangeFault(FaultCode.REQUEST_HEADER_SECTION_SIZE, number=258)),
        ({"fields": [("a", b"1" * 8_192)]}, ExchangeFault(FaultCode.REQUEST_HEADER_SIZE, "a", 8_193)),
        ({"fields": [("content-length", b"x")]}, ExchangeFault(FaultCode.PROTOCOL_ERROR)),
        ({"fields": [("content-length", b"1")] * 2}, ExchangeFault(FaultCode.PROTOCOL_ERROR)),
        ({"fields": [("content-length", b"1")]}, ExchangeFault(FaultCode.REQUEST_BODY_SIZE, number=0)),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_questions_that_are_not_sent(asker: WebAsker, change: dict[str, object], fault: ExchangeFault) -> None:
    said: dict[str, object] = {"authority": "127.0.0.1:9", **change}
    assert asker.refused(asked(said.pop("authority"), **said)) == fault  # type: ignore[arg-type]
    assert asker.internet.reached == []
    assert asker.door.holdings.count(Sort.CONNECTION) == 0


def test_a_question_without_an_authority(asker: WebAsker) -> None:
    assert asker.refused(OutgoingRequest(Fields())).code is FaultCode.REQUEST_URI_INVALID


@pytest.mark.parametrize("name", ["host", "Connection", "proxy-authorization", "transfer-encoding"])
def test_fields_of_the_host_are_refused_however_they_got_there(asker: WebAsker, name: str) -> None:
    assert asker.refused(asked_with(Fields([(name, b"x")]))).code is FaultCode.PROTOCOL_ERROR
    assert asker.internet.reached == []


def asked_with(fields: Fields) -> OutgoingRequest:
    request = OutgoingRequest(fields)
    request.set_authority("127.0.0.1")
    return request


def test_without_a_scheme_it_is_secure() -> None:
    with asking("network:connect:127.0.0.1:443") as asker:
        asker.internet.routes["127.0.0.1", 443] = 1
        asker.ask(asked("127.0.0.1", scheme=None)).drop()
        assert asker.internet.reached == [("127.0.0.1", 443)]


@pytest.mark.parametrize(
    ("trailers", "fault"),
    [
        ([("a", b"1")] * 129, ExchangeFault(FaultCode.REQUEST_TRAILER_SECTION_SIZE, number=258)),
        ([("a", b"1" * 8_192)], ExchangeFault(FaultCode.REQUEST_TRAILER_SIZE, "a", 8_193)),
        ([("host", b"x")], ExchangeFault(FaultCode.PROTOCOL_ERROR)),
    ],
    ids=["many", "long", "the host's"],
)
def test_trailers_that_are_not_sent(asker: WebAsker, trailers: list[tuple[str, bytes]], fault: ExchangeFault) -> None:
    with serving(holding()) as port:
        request = asked(port, method="POST")
        opened(request).finish(Fields(trailers))
        assert asker.fault(request) == fault


@pytest.mark.parametrize("length", [None, 9])
def test_a_body_that_its_component_drops_is_not_sent_as_if_it_were_whole(asker: WebAsker, length: int | None) -> None:
    seen: list[bytes] = []

    def serve(taken: socket.socket) -> None:
        while data := taken.recv(65_536):
            seen.append(data)

    with serving(serve) as port:
        request = asked(port, method="POST", fields=[("content-length", b"9")] if length else [])
        body = opened(request)
        exchange = asker.ask(request)
        body.write(b"half")
        body.drop()
        assert asker.outcome(exchange) == UNFINISHED
        assert asker.door.holdings.count(Sort.CONNECTION) == 0
    assert b"\r\n0\r\n\r\n" not in b"".join(seen)


# what can go wrong on the way


def test_a_name_that_nobody_knows() -> None:
    with asking("network:connect:*.example.com:80") as asker:
        assert asker.fault(asked("api.example.com")) == ExchangeFault(FaultCode.DNS_ERROR, "NXDOMAIN")


def test_a_name_without_addresses() -> None:
    with asking("network:connect:*.example.com:80") as asker:
        asker.internet.name("api.example.com", ())
        assert asker.fault(asked("api.example.com")) == ExchangeFault(FaultCode.DESTINATION_NOT_FOUND)


class StuckInternet(HeldInternet):
    """A network whose resolver and whose servers do not answer.

    Args:
        deaf: A port of this machine where nobody is let in.

    Attributes:
        answer: Set to let the resolver answer.
    """

    def __init__(self, deaf: int) -> None:
        super().__init__()
        self.answer = threading.Event()
        self._deaf = deaf

    def look_up(self, name: str) -> tuple[str, ...]:
        assert self.answer.wait(30)
        return super().look_up(name)

    def connect(self, opened: socket.socket, address: tuple[str, int]) -> int:
        self.reached.append(address)
        mapped = "::ffff:" if opened.family is socket.AF_INET6 else ""
        return opened.connect_ex((f"{mapped}127.0.0.1", self._deaf))


@pytest.fixture
def stuck() -> Iterator[StuckInternet]:
    with contextlib.ExitStack() as kept:
        listening = kept.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # the system takes few that nobody accepts, and lets the others wait
            filler = kept.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listening.getsockname())
        internet = StuckInternet(listening.getsockname()[1])
        yield internet
        internet.answer.set()


def test_a_resolver_that_does_not_answer(stuck: StuckInternet, clock: Clock) -> None:
    with asking("network:connect:*.example.com:80", internet=stuck) as asker:
        exchange = asker.ask(asked("api.example.com"), times(connect=40_000))
        clock.ahead = 39
        assert not exchange.is_ready(asker.call)
        clock.ahead = 41
        assert asker.outcome(exchange) == ExchangeFault(FaultCode.DNS_TIMEOUT)
        assert asker.door.holdings.count(Sort.CONNECTION) == 0


def test_a_server_that_does_not_answer_has_its_share_of_the_time(stuck: StuckInternet, clock: Clock) -> None:
    with asking(internet=stuck) as asker:
        exchange = asker.ask(asked("localhost:80"), times(connect=40_000))
        for ahead in (0, 19):
            clock.ahead = ahead
            assert not exchange.is_ready(asker.call)
            assert stuck.reached == [("127.0.0.1", 80)]
        for ahead in (21, 39):
            clock.ahead = ahead
            assert not exchange.is_ready(asker.call)
            assert stuck.reached == [("127.0.0.1", 80), ("::1", 80)]
        clock.ahead = 41
        assert asker.outcome(exchange) == ExchangeFault(FaultCode.CONNECTION_TIMEOUT)
        assert asker.door.holdings.count(Sort.CONNECTION) == 0


def test_nobody_waits_for_the_resolver(stuck: StuckInternet) -> None:
    with asking("network:connect:*.example.com:80", internet=stuck) as asker:
        first = asker.ask(asked("api.example.com"))
        assert not first.is_ready(asker.call)
        stuck.name("api.example.com", ())
        stuck.answer.set()
        assert asker.outcome(first) == ExchangeFault(FaultCode.DESTINATION_NOT_FOUND)


def test_a_port_where_nobody_is(asker: WebAsker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert asker.fault(asked(port)) == ExchangeFault(FaultCode.CONNECTION_REFUSED)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENETUNREACH, FaultCode.DESTINATION_IP_UNROUTABLE),
        (errno.EHOSTUNREACH, FaultCode.DESTINATION_IP_UNROUTABLE),
        (errno.EHOSTDOWN, FaultCode.DESTINATION_UNAVAILABLE),
        (errno.ECONNRESET, FaultCode.CONNECTION_TERMINATED),
        (errno.EADDRNOTAVAIL, FaultCode.CONNECTION_LIMIT_REACHED),
        (errno.EPERM, FaultCode.INTERNAL_ERROR),
    ],
    ids=lambda value: errno.errorcode[value] if isinstance(value, int) else None,
)
def test_what_the_system_reports(
    asker: WebAsker, monkeypatch: pytest.MonkeyPatch, number: int, code: FaultCode
) -> None:
    monkeypatch.setattr(asker.internet, "connect", lambda *_: number)
    assert asker.fault(asked(80)).code is code


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"", ExchangeFault(FaultCode.CONNECTION_TERMINATED)),
        (b"HTTP/1.1 200 OK\r\ncont", ExchangeFault(FaultCode.RESPONSE_INCOMPLETE)),
        (b"hello\r\n\r\n", ExchangeFault(FaultCode.PROTOCOL_ERROR)),
        (b"HTTP/1.1 600 No\r\n\r\n", ExchangeFault(FaultCode.PROTOCOL_ERROR)),
        (b"HTTP/1.1 200 OK\r\na b: c\r\n\r\n", ExchangeFault(FaultCode.PROTOCOL_ERROR)),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", ExchangeFault(FaultCode.PROTOCOL_ERROR)),
        (b"HTTP/1.1 103 Hm\r\n\r\n" * 17, ExchangeFault(FaultCode.PROTOCOL_ERROR)),
        (b"HTTP/1.1 101 Other\r\nupgrade: x\r\n\r\n", ExchangeFault(FaultCode.UPGRADE_FAILED)),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n", ExchangeFault(FaultCode.RESPONSE_TRANSFER_CODING)),
        (
            b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 129 + b"\r\n",
            ExchangeFault(FaultCode.RESPONSE_HEADER_SECTION_SIZE, number=258),
        ),
        (
            b"HTTP/1.1 200 OK\r\n" + b"a: " + b"b" * 8_000 + b"\r\n" + (b"a: " + b"b" * 8_000 + b"\r\n") * 8 + b"\r\n",
            ExchangeFault(FaultCode.RESPONSE_HEADER_SECTION_SIZE, number=72_009),
        ),
        (
            b"HTTP/1.1 200 OK\r\nX-Long: " + b"b" * 8_192 + b"\r\n\r\n",
            ExchangeFault(FaultCode.RESPONSE_HEADER_SIZE, "X-Long", 8_198),
        ),
        (
            b"HTTP/1.1 200 OK\r\na: " + b"b" * 1_100_000,
            ExchangeFault(FaultCode.RESPONSE_HEADER_SECTION_SIZE, number=1_050_112),
        ),
    ],
    ids=[
        *("nothing", "half a head", "no HTTP", "status", "field", "two lengths", "interim", "upgrade", "coding"),
        *("many fields", "large head", "long field", "endless head"),
    ],
)
def test_answers_that_are_none(asker: WebAsker, answer: bytes, fault: ExchangeFault) -> None:
    with serving(raw(answer)) as port:
        assert asker.fault(asked(port)) == fault
        assert asker.door.holdings.count(Sort.CONNECTION) == 0


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n"


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbody", ExchangeFault(FaultCode.RESPONSE_INCOMPLETE)),
        (CHUNKED, ExchangeFault(FaultCode.RESPONSE_INCOMPLETE)),
        (CHUNKED + b"0\r\n", ExchangeFault(FaultCode.RESPONSE_INCOMPLETE)),
        (CHUNKED + b"x\r\n", ExchangeFault(FaultCode.PROTOCOL_ERROR)),
        (
            CHUNKED + b"0\r\n" + b"a: b\r\n" * 129 + b"\r\n",
            ExchangeFault(FaultCode.RESPONSE_TRAILER_SECTION_SIZE, number=258),
        ),
        (
            CHUNKED + b"0\r\nX: " + b"b" * 8_192 + b"\r\n\r\n",
            ExchangeFault(FaultCode.RESPONSE_TRAILER_SIZE, "X", 8_193),
        ),
    ],
    ids=["cut by length", "cut in chunks", "cut trailer", "bad chunk", "many trailers", "long trailer"],
)
def test_bodies_that_break(asker: WebAsker, answer: bytes, fault: ExchangeFault) -> None:
    with serving(raw(answer)) as port:
        body = asker.body(asker.answer(asked(port)))
        assert asker.read(body) == b"body", "what came before is not lost"
        assert body.pipe.fault == fault
        assert body.finish().take() == fault
        assert asker.door.holdings.count(Sort.CONNECTION) == 0


def test_a_server_that_resets(asker: WebAsker) -> None:
    def serve(taken: socket.socket) -> None:
        taken.recv(10)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with serving(serve) as port:
        assert asker.fault(asked(port)) == ExchangeFault(FaultCode.CONNECTION_TERMINATED)


# times


def test_times_are_bounded() -> None:
    said = bounded(times(connect=10**9, first_byte=10**9, between_bytes=10**9))
    assert (said.connect, said.first_byte, said.between_bytes) == (MOST_CONNECT_NS, MOST_SILENCE_NS, MOST_SILENCE_NS)
    usual = bounded(None)
    assert 0 < usual.connect < MOST_CONNECT_NS
    assert 0 < usual.first_byte == usual.between_bytes < MOST_SILENCE_NS
    assert bounded(times(connect=1)).connect == 1_000_000


class Stepping:
    """A server that says one thing after the other, each when it is told to.

    Args:
        steps: What it says.
    """

    def __init__(self, *steps: bytes) -> None:
        self._steps = steps
        self._go = threading.Semaphore(0)
        self._said = threading.Semaphore(0)

    def __call__(self, taken: socket.socket) -> None:
        read_question(taken)
        for step in self._steps:
            assert self._go.acquire(timeout=30)
            taken.sendall(step)
            self._said.release()
        while taken.recv(65_536):
            pass

    def step(self) -> None:
        """Have it say the next thing, and wait until it is said."""
        self._go.release()
        assert self._said.acquire(timeout=30)


def begun(asker: WebAsker, request: OutgoingRequest, server: Stepping) -> WebExchange:
    """Begin an exchange, and let the server say the first thing."""
    exchange = asker.ask(request, times(first_byte=40_000, between_bytes=20_000))
    while exchange.waitable().descriptor < 0 or exchange.waitable().events != READABLE:
        exchange.advance(asker.call)
    server.step()
    return exchange


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", FaultCode.CONNECTION_READ_TIMEOUT),
        (b"HTTP/1.1 200 OK\r\n", FaultCode.RESPONSE_TIMEOUT),
        (b"HTTP/1.1 103 Hm\r\n\r\n", FaultCode.RESPONSE_TIMEOUT),
    ],
    ids=["nothing", "half a head", "interim"],
)
def test_a_head_that_does_not_come(asker: WebAsker, clock: Clock, answer: bytes, code: FaultCode) -> None:
    server = Stepping(answer)
    with serving(server) as port:
        exchange = begun(asker, asked(port), server)
        clock.ahead = 39
        assert not exchange.is_ready(asker.call)
        clock.ahead = 41
        assert asker.outcome(exchange) == ExchangeFault(code)
        assert asker.door.holdings.count(Sort.CONNECTION) == 0


def test_a_head_that_comes_in_drops_is_too_late_all_the_same(asker: WebAsker, clock: Clock) -> None:
    server = Stepping(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n", b"c: d\r\n")
    with serving(server) as port:
        exchange = begun(asker, asked(port), server)
        for ahead in (20, 39):
            clock.ahead = ahead
            server.step()
            assert not exchange.is_ready(asker.call)
        clock.ahead = 41
        assert asker.outcome(exchange) == ExchangeFault(FaultCode.RESPONSE_TIMEOUT)


def test_a_body_has_time_from_each_byte_to_the_next(asker: WebAsker, clock: Clock) -> None:
    server = Stepping(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", b"h", b"alf")
    with serving(server) as port:
        response = asker.outcome(begun(asker, asked(port), server))
        assert isinstance(response, IncomingResponse)
        pipe = asker.body(response).pipe
        for ahead, here in ((19, b"h"), (38, b"alf")):
            assert not pipe.is_readable(asker.call)
            clock.ahead = ahead
            server.step()
            assert pipe.is_readable(asker.call)
            assert pipe.read(9) == here
        assert not pipe.is_readable(asker.call)
        clock.ahead = 57
        assert not pipe.is_readable(asker.call)
        clock.ahead = 59
        assert pipe.is_readable(asker.call)
        assert pipe.fault == ExchangeFault(FaultCode.CONNECTION_READ_TIMEOUT)


def test_a_server_that_does_not_read(asker: WebAsker, clock: Clock) -> None:
    release = threading.Event()
    with serving(lambda _taken: release.wait(30)) as port:
        request = asked(port, method="POST", fields=[("content-length", b"%d" % (64 * MEBIBYTE))])
        body = opened(request)
        exchange = asker.ask(request)
        while not exchange.is_ready(asker.call):
            body.write(bytes(body.pipe.room))
            clock.ahead += 30
        assert exchange.take() == ExchangeFault(FaultCode.CONNECTION_WRITE_TIMEOUT)
        assert body.pipe.abandoned
        release.set()


def test_a_component_that_is_slow_itself_is_not_late(asker: WebAsker, clock: Clock) -> None:
    def serve(taken: socket.socket) -> None:
        chunked(taken)
        taken.sendall(answered(b"done"))

    with serving(serve) as port:
        request = asked(port, method="POST")
        body = opened(request)
        exchange = asker.ask(request)
        body.write(b"begun")
        while body.pipe.waiting or exchange.waitable().due_ns is not None:
            exchange.advance(asker.call)
        clock.ahead = 1_000
        assert not exchange.is_ready(asker.call), "nothing is waited for but the component"
        body.finish()
        assert isinstance(asker.outcome(exchange), IncomingResponse)


# rights and bounds


def test_a_name_that_is_not_granted() -> None:
    with asking("network:connect:api.example.com:80") as asker:
        assert asker.refused(asked("evil.example.com")) == ExchangeFault(FaultCode.REQUEST_DENIED)
        assert asker.refused(asked("127.0.0.1")) == ExchangeFault(FaultCode.REQUEST_DENIED)
        assert asker.internet.asked == asker.internet.reached == []


def test_a_name_that_leads_to_this_machine() -> None:
    with asking("network:connect:*.example.com:80") as asker:
        asker.internet.name("api.example.com", ("127.0.0.1", "::1", "169.254.169.254"))
        assert asker.fault(asked("api.example.com")) == ExchangeFault(FaultCode.DESTINATION_IP_PROHIBITED)
        assert asker.internet.reached == []


def test_there_is_a_limit_of_exchanges(stuck: StuckInternet) -> None:
    with asking(internet=stuck) as asker:
        for _ in range(MOST_OPEN[Sort.CONNECTION]):
            asker.ask(asked(80))
        assert asker.refused(asked(80)) == ExchangeFault(FaultCode.CONNECTION_LIMIT_REACHED)


def test_there_is_a_limit_of_lookups(stuck: StuckInternet) -> None:
    with asking("network:connect:*.example.com:80", internet=stuck) as asker:
        for _ in range(MOST_OF_ONE):
            asker.ask(asked("api.example.com"))
        assert asker.refused(asked("api.example.com")) == ExchangeFault(FaultCode.CONNECTION_LIMIT_REACHED)


def test_a_lookup_that_nobody_waits_for_keeps_its_place(stuck: StuckInternet) -> None:
    lookups = Lookups()
    with asking("network:connect:*.example.com:80", internet=stuck, lookups=lookups) as asker:
        asker.ask(asked("api.example.com")).drop()
        assert asker.door.holdings.count(Sort.CONNECTION) == 0
        assert lookups.busy == 1


def test_one_access_is_one_exchange() -> None:
    with asking("network:connect:[::1]:1") as asker, serving(WebServer(answered(b"once"))) as port:
        asker.guard.declared = (*asker.guard.declared, *RULES)
        asker.guard.grant("network:connect:127.0.0.1:*", Scope.ONCE)
        assert asker.read(asker.body(asker.answer(asked(port)))) == b"once", "the grant is for the whole exchange"
        assert asker.refused(asked(port)) == ExchangeFault(FaultCode.REQUEST_DENIED)


def test_each_address_that_is_used_is_an_access_of_its_own(asker: WebAsker) -> None:
    with serving(WebServer(answered(b"")), host="::1") as port:
        asker.answer(asked(f"localhost:{port}"))
    assert asker.internet.reached == [("127.0.0.1", port), ("::1", port)]
    assert {access.address for access in asker.guard.used} == {"127.0.0.1", "::1"}


def test_a_grant_for_one_access_is_enough_for_a_name_with_two_addresses() -> None:
    with asking("network:connect:[::1]:1") as asker, serving(WebServer(answered(b"once")), host="::1") as port:
        asker.guard.declared = (parse_permission("network:connect:localhost:*"),)
        asker.guard.grant("network:connect:localhost:*", Scope.ONCE)
        assert asker.read(asker.body(asker.answer(asked(f"localhost:{port}")))) == b"once"
        assert asker.refused(asked(f"localhost:{port}")) == ExchangeFault(FaultCode.REQUEST_DENIED)


def test_what_is_taken_back_ends(asker: WebAsker) -> None:
    with serving(holding(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")) as port:
        body = asker.body(asker.answer(asked(port)))
        asker.guard.revoke()
        asker.read(body)
        assert body.pipe.fault == ExchangeFault(FaultCode.REQUEST_DENIED)
        assert asker.door.holdings.count(Sort.CONNECTION) == 0


def test_every_byte_is_paid_for(asker: WebAsker) -> None:
    with serving(WebServer(answered(bytes(10_000)))) as port:
        request = asked(port, method="POST")
        body = opened(request)
        body.write(bytes(5_000))
        body.finish()
        asker.read(asker.body(asker.answer(request)))
    assert 35_000 < asker.call.charged < 60_000


# giving up


@pytest.mark.parametrize("when", ["future", "response", "body", "finished", "door"])
def test_what_is_given_up_is_closed(asker: WebAsker, when: str) -> None:
    gone = threading.Event()

    def serve(taken: socket.socket) -> None:
        read_question(taken)
        taken.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
        assert taken.recv(1) == b""
        gone.set()

    with serving(serve) as port:
        exchange = asker.ask(asked(port))
        if when == "future":
            while asker.door.holdings.count(Sort.CONNECTION) and exchange.outcome is None:
                exchange.advance(asker.call)
            exchange.drop()
        elif when == "door":
            asker.outcome(exchange)
            asker.door.close()
        else:
            response = asker.outcome(exchange)
            assert isinstance(response, IncomingResponse)
            body = None if when == "response" else asker.body(response)
            exchange.drop()
            assert asker.door.holdings.count(Sort.CONNECTION) == 1, "the response is the component's now"
            if when == "finished" and body is not None:
                body.finish().drop()
            (response if body is None else body).drop()
        assert gone.wait(30)
        assert asker.door.holdings.count(Sort.CONNECTION) == 0
        assert exchange.is_ready(asker.call)


def test_a_door_that_closes_takes_what_is_on_its_way(stuck: StuckInternet) -> None:
    with asking("network:connect:*.example.com:80", "network:connect:127.0.0.1:80", internet=stuck) as asker:
        looking, dialling = asker.ask(asked("api.example.com")), asker.ask(asked("127.0.0.1"))
        asker.door.close()
        assert asker.door.holdings.count(Sort.CONNECTION) == 0
        assert asker.outcome(looking) == asker.outcome(dialling) == ExchangeFault(FaultCode.CONNECTION_TERMINATED)


def test_whoever_still_writes_learns_that_nobody_reads(asker: WebAsker) -> None:
    with serving(holding()) as port:
        request = asked(port, method="POST")
        body = opened(request)
        exchange = asker.ask(request)
        exchange.drop()
        while body.pipe.room:
            body.write(bytes(body.pipe.room))
        assert body.pipe.is_writable(asker.call)
        assert body.pipe.abandoned


def test_a_call_that_ends_while_it_drives_leaves_nothing_half_done(
    asker: WebAsker, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OutOfFuelError(HostFault):
        """The call has no fuel left."""

    def charge(_fuel: int) -> None:
        raise OutOfFuelError("no fuel")

    with serving(WebServer(answered(b""))) as port:
        exchange = asker.ask(asked(port))
        monkeypatch.setattr(asker.call, "charge", charge)
        with pytest.raises(OutOfFuelError):
            asker.outcome(exchange)
        asker.door.close()
        assert asker.door.holdings.count(Sort.CONNECTION) == 0


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@contextlib.contextmanager
def secured(certificate: Path, port: int, *, trusting: bool = True) -> Iterator[WebAsker]:
    internet = TrustingInternet(certificate) if trusting else HeldInternet()
    for name in ("api.example.com", "other.example.com"):
        internet.name(name, (PUBLIC,))
    internet.routes[PUBLIC, 443] = port
    with asking("network:connect:*.example.com:443", internet=internet) as made:
        yield made


def test_a_server_proves_its_name(certificate: Path) -> None:
    server = TlsServer(certificate, answered(b"x" * 200_000))
    with serving(server) as port, secured(certificate, port) as asker:
        request = asked("api.example.com", method="POST", scheme="https")
        body = opened(request)
        body.write(b"secret")
        body.finish()
        assert asker.read(asker.body(asker.answer(request)), 1_000) == b"x" * 200_000
        assert asker.internet.reached == [(PUBLIC, 443)], "the address that was checked"
    assert server.names == ["api.example.com"]
    assert server.questions[0].endswith(b"secret")


def test_a_server_of_another_name(certificate: Path) -> None:
    with serving(TlsServer(certificate, b"")) as port, secured(certificate, port) as asker:
        request = asked("other.example.com", scheme="https")
        assert asker.fault(request) == ExchangeFault(FaultCode.TLS_CERTIFICATE_ERROR)
        assert asker.door.holdings.count(Sort.CONNECTION) == 0


def test_a_server_that_nobody_trusts(certificate: Path) -> None:
    with serving(TlsServer(certificate, b"")) as port, secured(certificate, port, trusting=False) as asker:
        request = asked("api.example.com", scheme="https")
        assert asker.fault(request) == ExchangeFault(FaultCode.TLS_CERTIFICATE_ERROR)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", ExchangeFault(FaultCode.TLS_PROTOCOL_ERROR)),
        (b"", ExchangeFault(FaultCode.TLS_PROTOCOL_ERROR)),
        (b"\x15\3\3\0\2\2\x28", ExchangeFault(FaultCode.TLS_ALERT_RECEIVED, "handshake_failure", 40)),
        (b"\x15\3\3\0\2\2\x70", ExchangeFault(FaultCode.TLS_ALERT_RECEIVED, "unrecognized_name", 112)),
    ],
    ids=["no TLS", "nothing", "handshake failure", "unknown name"],
)
def test_a_handshake_that_breaks(certificate: Path, answer: bytes, fault: ExchangeFault) -> None:
    def serve(taken: socket.socket) -> None:
        taken.recv(10_000)
        taken.sendall(answer)

    with serving(serve) as port, secured(certificate, port) as asker:
        assert asker.fault(asked("api.example.com", scheme="https")) == fault


def test_a_handshake_that_never_ends(certificate: Path, clock: Clock) -> None:
    asked_for = threading.Event()

    def serve(taken: socket.socket) -> None:
        while taken.recv(10_000):
            asked_for.set()

    with serving(serve) as port, secured(certificate, port) as asker:
        exchange = asker.ask(asked("api.example.com", scheme="https"))
        while not asked_for.is_set():
            assert not exchange.is_ready(asker.call)
        clock.ahead = 31
        assert asker.outcome(exchange) == ExchangeFault(FaultCode.CONNECTION_TIMEOUT)


def test_a_body_that_is_cut_is_not_taken_for_whole(certificate: Path) -> None:
    class Cutting(TlsServer):
        def __call__(self, taken: socket.socket) -> None:
            wrapped = self.context.wrap_socket(taken, server_side=True)
            read_question(wrapped)
            wrapped.sendall(b"HTTP/1.0 200 OK\r\n\r\nhalf")
            wrapped.close()

    with serving(Cutting(certificate, b"")) as port, secured(certificate, port) as asker:
        body = asker.body(asker.answer(asked("api.example.com", scheme="https")))
        assert asker.read(body) == b"half"
        assert body.pipe.fault is not None


def test_refusals_have_faults() -> None:
    assert NetworkRefusal("closed", "x").fault == ExchangeFault(FaultCode.CONNECTION_TERMINATED)
    assert NetworkRefusal("failed", "why").fault == ExchangeFault(FaultCode.INTERNAL_ERROR, "why")
