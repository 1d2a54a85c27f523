"""A real component on ``airssys:ext-network/http``: questions, answers, and servers that misbehave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Err, Ok, Some
from airssys_tui.engine.engine import Engine
from airssys_tui.host.doors.network.holdings import Sort
from airssys_tui.host.doors.network.network_errors import NetworkRefusal
from airssys_tui.host.doors.network.web_request import check_request
from tests.support.network import (
    Guest,
    StandingCall,
    WebServer,
    answered,
    guest,
    read_question,
    redirected,
    request,
    serving,
)
from tests.support.tls_servers import TlsServer, TrustingInternet, make_certificate


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


@pytest.fixture
def asker(engine: Engine) -> Iterator[Guest]:
    with guest(engine) as made:
        yield made


def case(answer: object) -> str:
    assert isinstance(answer, Err), answer
    return str(answer.value.case)


def body(asker: Guest, answer: Ok, piece: int = 100_000) -> bytes:
    found = b""
    while data := asker.ask("read-body", answer.value["body"], piece).value:
        assert isinstance(data, bytes), data
        found += data
    assert asker.ask("at-end", answer.value["body"])
    return found


# questions


def test_a_question_and_its_answer(asker: Guest) -> None:
    server = WebServer(answered(b"hello", "X-Made: \xfcp", "x-made: twice"))
    with serving(server) as port:
        answer = asker.get(f"http://127.0.0.1:{port}/a/b?c=%20d#e", headers=[("Accept", "text/plain"), ("x-a", "ü")])
        assert answer.value["status"] == 200
        assert answer.value["headers"] == [("content-length", "5"), ("x-made", "üp"), ("x-made", "twice")]
        assert not asker.ask("at-end", answer.value["body"])
        assert asker.ask("read-body", answer.value["body"], 2) == Ok(b"he")
        assert body(asker, answer, 2) == b"llo"
        assert asker.ask("read-body", answer.value["body"], 2) == Ok(b""), "it stays at its end"
        assert asker.door.holdings.count(Sort.CONNECTION) == 0, "the connection ends with the body"
    assert server.questions == [
        f"GET /a/b?c=%20d HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept: text/plain\r\nx-a: ü\r\n"
        "connection: close\r\n\r\n".encode()
    ]


@pytest.mark.parametrize(
    ("method", "given", "line"),
    [
        ("post", b"data", b"content-length: 4\r\n"),
        ("put", None, b"content-length: 0\r\n"),
        ("patch", b"", b"content-length: 0\r\n"),
        ("delete", None, b""),
        ("options", None, b""),
    ],
)
def test_methods_and_bodies(asker: Guest, method: str, given: bytes | None, line: bytes) -> None:
    server = WebServer(answered(b"", status="201 Created"))
    with serving(server) as port:
        said = None if given is None else Some(given)
        answer = asker.get(f"http://127.0.0.1:{port}", method=method, body=said)
    assert answer.value["status"] == 201
    (question,) = server.questions
    assert question.startswith(method.upper().encode() + b" / HTTP/1.1\r\n")
    assert question.endswith(b"\r\n\r\n" + (given or b""))
    assert line in question
    assert (b"content-length" in question) == bool(line)


def test_a_large_body_goes_up(asker: Guest) -> None:
    server = WebServer(lambda question: answered(str(len(question.partition(b"\r\n\r\n")[2])).encode()))
    with serving(server) as port:
        answer = asker.get(f"http://127.0.0.1:{port}/", method="post", body=Some(b"x" * 100_000))
        assert body(asker, answer) == b"100000"


def test_a_server_may_answer_before_it_has_read_everything(asker: Guest) -> None:
    def refuse(taken: socket.socket) -> None:
        taken.recv(1_000)
        taken.sendall(answered(b"no", status="413 Content Too Large"))
        taken.shutdown(socket.SHUT_WR)
        while taken.recv(65_536):
            pass

    with serving(refuse) as port:
        # Past the guest's boundary, which carries so many bytes slowly.
        call, asked = StandingCall(), check_request("put", f"http://127.0.0.1:{port}/", [], b"x" * 1024 * 1024)
        answer = asker.door.send(call, asked, None)
        assert answer.head.status == 413
        assert asker.door.read_body(call, answer.body, 10) == b"no"


def test_a_body_has_a_bound() -> None:
    with pytest.raises(NetworkRefusal) as caught:
        check_request("put", "http://127.0.0.1/", [], b"x" * (1024 * 1024 + 1))
    assert caught.value.case == "too-large"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"headers": [("a\r\nb", "c")]}, "invalid-input"),
        ({"headers": [("", "c")]}, "invalid-input"),
        ({"headers": [("a b", "c")]}, "invalid-input"),
        ({"headers": [("a:", "c")]}, "invalid-input"),
        ({"headers": [("ä", "c")]}, "invalid-input"),
        ({"headers": [("a", "b\r\nx-injected: yes")]}, "invalid-input"),
        ({"headers": [("a", "b\nx")]}, "invalid-input"),
        ({"headers": [("a", "b\0c")]}, "invalid-input"),
        ({"headers": [("a", "b\x7f")]}, "invalid-input"),
        ({"headers": [("Host", "other")]}, "invalid-input"),
        ({"headers": [("content-length", "1")]}, "invalid-input"),
        ({"headers": [("Transfer-Encoding", "chunked")]}, "invalid-input"),
        ({"headers": [("connection", "keep-alive")]}, "invalid-input"),
        ({"headers": [("upgrade", "websocket")]}, "invalid-input"),
        ({"headers": [("expect", "100-continue")]}, "invalid-input"),
        ({"headers": [("te", "trailers")]}, "invalid-input"),
        ({"headers": [("Proxy-Authorization", "x")]}, "invalid-input"),
        ({"headers": [("a", "b")] * 65}, "invalid-input"),
        ({"headers": [("a", "b" * 8_192)]}, "invalid-input"),
        ({"timeout": Some(0)}, "invalid-input"),
        ({"timeout": Some(300_001)}, "invalid-input"),
    ],
)
def test_questions_that_are_not_asked(asker: Guest, said: dict[str, object], wanted: str) -> None:
    assert case(asker.ask("send", request("http://127.0.0.1:9/", **said))) == wanted  # type: ignore[arg-type]
    assert asker.internet.reached == []


# answers


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nt: v\r\n\r\n",
            b"abcde",
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end"),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\na: b\r\n\r\n" + answered(b"ok"),
            b"ok",
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n", b""),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnone", b"none"),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\n\x1f\x8b\x00", b"\x1f\x8b\x00"),
    ],
    ids=["chunked", "until-the-end", "interim", "no-content", "not-modified", "not-found", "compressed"],
)
def test_forms_of_answers(asker: Guest, raw: bytes, wanted: bytes) -> None:
    with serving(WebServer(raw)) as port:
        assert body(asker, asker.get(f"http://127.0.0.1:{port}/")) == wanted


def test_what_is_known_about_a_resource_has_no_body(asker: Guest) -> None:
    with serving(WebServer(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n")) as port:
        answer = asker.get(f"http://127.0.0.1:{port}/", method="head")
        assert answer.value["headers"] == [("content-length", "99")]
        assert body(asker, answer) == b""


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"", "closed"),
        (b"HTTP/1.1 200 OK\r\nconte", "closed"),
        (b"not http at all\r\n\r\n", "failed"),
        (b"HTTP/1.1 200 OK\r\na b: c\r\n\r\n", "failed"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", "failed"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", "failed"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n", "failed"),
        (b"HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n", "failed"),
        (b"HTTP/1.1 600 More\r\n\r\n", "failed"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 17, "failed"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 129 + b"\r\n", "too-large"),
        (b"HTTP/1.1 200 OK\r\na: " + b"b" * 8_192 + b"\r\n\r\n", "too-large"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: " + b"b" * 1_200_000, "too-large"),
    ],
    ids=[
        *("silence", "half-a-head", "not-http", "bad-name", "two-lengths", "negative", "two-codings", "switching"),
        *("past-599", "many-interim", "many-headers", "long-header", "endless-head"),
    ],
)
def test_answers_that_are_not_taken(asker: Guest, raw: bytes, wanted: str) -> None:
    with serving(WebServer(raw)) as port:
        assert case(asker.get(f"http://127.0.0.1:{port}/")) == wanted
        assert asker.door.holdings.count(Sort.CONNECTION) == 0


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", "closed"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", "closed"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalfXX4\r\n", "failed"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n", "failed"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nbad trailer\r\n\r\n", "failed"),
    ],
    ids=["cut", "cut-chunks", "no-line-end", "no-number", "bad-trailer"],
)
def test_bodies_that_are_not_taken(asker: Guest, raw: bytes, wanted: str) -> None:
    half, sent = threading.Event(), raw.index(b"half") + 4

    def serve(taken: socket.socket) -> None:
        read_question(taken)
        taken.sendall(raw[:sent])
        assert half.wait(30)
        taken.sendall(raw[sent:])

    with serving(serve) as port:
        answer = asker.get(f"http://127.0.0.1:{port}/")
        assert asker.ask("read-body", answer.value["body"], 100) == Ok(b"half")
        half.set()
        assert case(asker.ask("read-body", answer.value["body"], 100)) == wanted


def test_a_body_without_end_is_read_piece_by_piece(asker: Guest) -> None:
    def endless(taken: socket.socket) -> None:
        read_question(taken)
        taken.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            taken.sendall(b"2000\r\n" + b"x" * 8_192 + b"\r\n")

    with serving(endless) as port:
        answer = asker.get(f"http://127.0.0.1:{port}/")
        for _ in range(20):
            assert 1 <= len(asker.ask("read-body", answer.value["body"], 10_000).value) <= 10_000
        assert case(asker.ask("read-body", answer.value["body"], 0)) == "invalid-input"
        asker.ask("drop-body", answer.value["body"])
        assert asker.door.holdings.count(Sort.CONNECTION) == 0, "dropping it ends the transfer"


def test_the_time_is_for_all_of_it(asker: Guest) -> None:
    def slow(taken: socket.socket) -> None:
        read_question(taken)
        taken.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
        taken.recv(1)

    with serving(slow) as port:
        answer = asker.get(f"http://127.0.0.1:{port}/", timeout=Some(300))
        assert asker.ask("read-body", answer.value["body"], 100) == Ok(b"half")
        assert case(asker.ask("read-body", answer.value["body"], 100)) == "timeout"


def test_a_server_that_says_nothing(asker: Guest) -> None:
    with serving(lambda taken: [read_question(taken), taken.recv(1)]) as port:
        refused = asker.get(f"http://127.0.0.1:{port}/", timeout=Some(30))
        assert case(refused) == "timeout"
        assert asker.door.holdings.count(Sort.CONNECTION) == 0


def test_the_deadline_of_the_call_counts_as_well(asker: Guest) -> None:
    with serving(lambda taken: [read_question(taken), taken.recv(1)]) as port:
        with pytest.raises(GuestTrap) as caught:
            asker.ask("send", request(f"http://127.0.0.1:{port}/"), deadline=0.05)
        assert caught.value.trap.kind is TrapKind.DEADLINE


# redirects


def host_of(question: bytes) -> str:
    return question.partition(b"host: ")[2].partition(b"\r")[0].decode()


def test_redirects_are_followed(asker: Guest) -> None:
    server = WebServer(redirected("/next?x"), lambda asked: redirected(f"//{host_of(asked)}/last"), answered(b"there"))
    with serving(server) as port:
        answer = asker.get(f"http://127.0.0.1:{port}/first", headers=[("cookie", "kept")])
        assert body(asker, answer) == b"there"
    assert [question.split(b" ")[1] for question in server.questions] == [b"/first", b"/next?x", b"/last"]
    assert all(b"cookie: kept" in question for question in server.questions)


@pytest.mark.parametrize(
    ("status", "method", "then", "has_body"),
    [
        ("301 Moved", "post", "GET", False),
        ("302 Found", "post", "GET", False),
        ("302 Found", "put", "PUT", True),
        ("303 See Other", "put", "GET", False),
        ("303 See Other", "head", "HEAD", False),
        ("307 Temporary", "post", "POST", True),
        ("308 Permanent", "post", "POST", True),
    ],
)
def test_what_a_redirect_makes_of_a_question(asker: Guest, status: str, method: str, then: str, has_body: bool) -> None:
    server = WebServer(redirected("/next", status), answered(b""))
    with serving(server) as port:
        said = None if method == "head" else Some(b"data")
        asker.get(f"http://127.0.0.1:{port}/", method=method, body=said, headers=[("content-type", "a/b")])
    second = server.questions[1]
    assert second.startswith(then.encode() + b" /next ")
    assert second.endswith(b"data") == has_body
    assert (b"content-type" in second) == (has_body or method == "head")


def test_another_origin_is_not_told_credentials(asker: Guest) -> None:
    other = WebServer(answered(b""))
    with serving(other) as there:
        server = WebServer(redirected(f"http://127.0.0.1:{there}/"))
        with serving(server) as here:
            secret = [("Authorization", "Basic x"), ("Cookie", "a=b"), ("accept", "*/*")]
            asker.get(f"http://127.0.0.1:{here}/", headers=secret)
    assert b"authorization: Basic x" in server.questions[0]
    assert b"authorization" not in other.questions[0]
    assert b"cookie" not in other.questions[0]
    assert b"accept: */*" in other.questions[0]


def test_five_redirects_and_no_more(asker: Guest) -> None:
    server = WebServer(redirected("/again"))
    with serving(server) as port:
        assert case(asker.get(f"http://127.0.0.1:{port}/")) == "failed"
    assert len(server.questions) == 6
    assert asker.door.holdings.count(Sort.CONNECTION) == 0


@pytest.mark.parametrize(
    "location",
    ["ftp://127.0.0.1/", "file:///etc/passwd", "http://a:b@127.0.0.1/", "http://[::1", "http:// /", "javascript:x"],
)
def test_redirects_that_lead_nowhere(asker: Guest, location: str) -> None:
    with serving(WebServer(redirected(location))) as port:
        assert case(asker.get(f"http://127.0.0.1:{port}/")) == "failed"


@pytest.mark.parametrize(
    "answer", [answered(b"x", status="302 Found"), redirected("/", "300 Choices"), redirected("/", "304 Same")]
)
def test_what_is_no_redirect_is_an_answer(asker: Guest, answer: bytes) -> None:
    server = WebServer(answer)
    with serving(server) as port:
        assert isinstance(asker.get(f"http://127.0.0.1:{port}/"), Ok)
    assert len(server.questions) == 1


# bounds and rights


def test_transfers_are_connections(asker: Guest) -> None:
    with serving(WebServer(answered(b"body"))) as port:
        for _ in range(64):
            assert isinstance(asker.get(f"http://127.0.0.1:{port}/"), Ok)
        assert asker.door.holdings.count(Sort.CONNECTION) == 0, "what came whole is no longer open"


def test_one_access_is_one_question(engine: Engine) -> None:
    with guest(engine, "network:connect:[::1]:1", declared=("network:connect:127.0.0.1:*",)) as asker:
        with serving(WebServer(answered(b"once"))) as port:
            asker.guard.grant("network:connect:127.0.0.1:*", Scope.ONCE)
            answer = asker.get(f"http://127.0.0.1:{port}/")
            assert body(asker, answer) == b"once", "the grant is for the whole transfer"
            refused = asker.get(f"http://127.0.0.1:{port}/")
        assert refused.value.payload.startswith("not-granted: ")


def test_a_body_that_is_taken_back_is_not_read_on(asker: Guest) -> None:
    with serving(WebServer(answered(b"body"))) as port:
        answer = asker.get(f"http://127.0.0.1:{port}/")
        asker.guard.revoke()
        assert case(asker.ask("read-body", answer.value["body"], 10)) == "denied"
        with pytest.raises(GuestTrap) as caught:
            asker.ask("at-end", answer.value["body"])
        assert caught.value.trap.kind is TrapKind.HOST_DENIAL


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


PUBLIC = ("93.184.216.34", 443)


def secured(engine: Engine, certificate: Path, port: int, *granted: str) -> AbstractContextManager[Guest]:
    internet = TrustingInternet(certificate)
    internet.name("api.example.com", (PUBLIC[0],))
    internet.name("other.example.com", (PUBLIC[0],))
    internet.routes[PUBLIC] = port
    return guest(engine, *(granted or ("network:connect:*.example.com:443",)), internet=internet)


@pytest.mark.parametrize(
    "raw", [answered(b"secret"), b"HTTP/1.0 200 OK\r\n\r\nsecret"], ids=["length", "until-the-end"]
)
def test_a_server_proves_its_name(engine: Engine, certificate: Path, raw: bytes) -> None:
    server = TlsServer(certificate, raw)
    with serving(server) as port, secured(engine, certificate, port) as asker:
        answer = asker.get("https://api.example.com/")
        assert body(asker, answer) == b"secret"
        assert asker.internet.reached == [PUBLIC], "the address that was checked"
    assert server.names == ["api.example.com"]
    assert b"host: api.example.com\r\n" in server.questions[0]


@pytest.mark.parametrize("url", ["https://other.example.com/"])
def test_a_server_of_another_name(engine: Engine, certificate: Path, url: str) -> None:
    server = TlsServer(certificate, answered(b""))
    with serving(server) as port, secured(engine, certificate, port) as asker:
        assert case(asker.get(url)) == "tls-failed"
    assert server.questions == []


def test_a_server_that_nobody_trusts(engine: Engine, certificate: Path) -> None:
    server = TlsServer(certificate, answered(b""))
    with serving(server) as port, guest(engine) as asker:
        assert case(asker.get(f"https://127.0.0.1:{port}/")) == "tls-failed"
    assert server.questions == []


def test_a_server_without_tls(engine: Engine) -> None:
    with serving(lambda taken: taken.sendall(answered(b""))) as port, guest(engine) as asker:
        assert case(asker.get(f"https://127.0.0.1:{port}/")) == "tls-failed"


def test_a_handshake_that_never_ends(engine: Engine) -> None:
    with serving(lambda taken: [taken.recv(10_000), taken.recv(1)]) as port, guest(engine) as asker:
        assert case(asker.get(f"https://127.0.0.1:{port}/", timeout=Some(50))) == "timeout"


def test_a_body_that_is_cut_is_not_taken_for_whole(engine: Engine, certificate: Path) -> None:
    class Cutting(TlsServer):
        def __call__(self, taken: socket.socket) -> None:
            secured = self.context.wrap_socket(taken, server_side=True)
            read_question(secured)
            secured.sendall(b"HTTP/1.0 200 OK\r\n\r\nhalf")
            secured.close()

    with serving(Cutting(certificate, b"")) as port, secured(engine, certificate, port) as asker:
        answer = asker.get("https://api.example.com/")
        assert asker.ask("read-body", answer.value["body"], 100) == Ok(b"half")
        assert case(asker.ask("read-body", answer.value["body"], 100)) == "closed"


def test_a_downgrade_needs_its_own_permission(engine: Engine, certificate: Path) -> None:
    server = TlsServer(certificate, redirected("http://api.example.com/plain"))
    with serving(server) as port, secured(engine, certificate, port) as asker:
        assert case(asker.get("https://api.example.com/")) == "denied"
        assert asker.internet.reached == [PUBLIC]


# the environment


def test_neither_proxies_nor_the_environment_count(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    log = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    with serving(WebServer(answered(b"direct"))) as port, guest(engine) as asker:
        assert body(asker, asker.get(f"http://127.0.0.1:{port}/")) == b"direct"
        assert asker.internet.trust().keylog_filename is None
