"""Every error code of ``wasi:http``: how a guest of ``outgoing-handler`` gets it, or why this host never gives it."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.core.types.values import Err, Ok
from airssys_tui.engine.engine import Engine
from airssys_tui.host.doors.exchange.exchange_faults import FaultCode
from airssys_tui.host.doors.network.holdings import MOST_OPEN, Sort
from tests.support.network import HeldInternet, WebServer, answered, serving
from tests.support.tls_servers import TlsServer, make_certificate
from tests.support.wasi.web_desk import WebDesk, web_desk

OK = b"HTTP/1.1 200 OK\r\n"
LARGE = b"b" * 9_000
NAMED = "api.example.com"
GRANTS = ("network:connect:127.0.0.1:*", "network:connect:[::1]:*", f"network:connect:{NAMED}:80")

NEVER = {
    FaultCode.REQUEST_LENGTH_REQUIRED: "a component may say it to its clients; the host sends every length, or chunks",
    FaultCode.RESPONSE_CONTENT_CODING: "bodies pass with the coding that they have",
    FaultCode.LOOP_DETECTED: "nothing stands between the component and the server",
    FaultCode.CONFIGURATION_ERROR: "what is configured is the grant, and that is a denial",
}


class FailingInternet(HeldInternet):
    """A network that fails to connect.

    Args:
        number: The error of the system.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def connect(self, opened: socket.socket, address: tuple[str, int]) -> int:
        return self._number


class NarrowInternet(HeldInternet):
    """A network on which little is under way."""

    def connect(self, opened: socket.socket, address: tuple[str, int]) -> int:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        return super().connect(opened, address)


class SilentInternet(HeldInternet):
    """A network whose resolver does not answer until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def look_up(self, name: str) -> tuple[str, ...]:
        self.released.wait(30)
        return super().look_up(name)


@pytest.fixture
def desk(engine: Engine) -> Iterator[Callable[[HeldInternet], WebDesk]]:
    """Make a guest with its network."""
    made = []

    def make(internet: HeldInternet) -> WebDesk:
        opened = web_desk(engine, *GRANTS, internet=internet)
        made.append(opened)
        return opened.__enter__()

    yield make
    for opened in made:
        opened.__exit__(None, None, None)


def code(answer: Any) -> str:
    assert isinstance(answer, Err), answer
    return str(answer.value.case)


def test_every_code_is_given_or_never_given() -> None:
    given = [*BROKEN, *IN_THE_BODY, *REFUSED, *SYSTEM, *NAMES, *SILENCE, *SENT, *ELSEWHERE]
    assert len(given) == len(set(given))
    assert set(given) | set(NEVER) == set(FaultCode)
    assert not set(given) & set(NEVER)


BROKEN = {
    FaultCode.CONNECTION_TERMINATED: ("HTTP", b""),
    FaultCode.RESPONSE_INCOMPLETE: ("HTTP", OK),
    FaultCode.RESPONSE_HEADER_SECTION_SIZE: ("HTTP", OK + b"a: b\r\n" * 129 + b"\r\n"),
    FaultCode.RESPONSE_HEADER_SIZE: ("HTTP", OK + b"a: " + LARGE + b"\r\n\r\n"),
    FaultCode.RESPONSE_TRANSFER_CODING: ("HTTP", OK + b"transfer-encoding: gzip\r\n\r\n"),
    FaultCode.UPGRADE_FAILED: ("HTTP", b"HTTP/1.1 101 Switching Protocols\r\nupgrade: chat\r\n\r\n"),
    FaultCode.PROTOCOL_ERROR: ("HTTP", OK + b"content-length: many\r\n\r\n"),
    FaultCode.TLS_PROTOCOL_ERROR: ("HTTPS", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    FaultCode.TLS_ALERT_RECEIVED: ("HTTPS", bytes([21, 3, 3, 0, 2, 2, 40])),
}
"""What a server sends before it leaves."""


@pytest.mark.parametrize("fault", BROKEN)
def test_of_a_server_that_answers_wrongly(desk: Callable[[HeldInternet], WebDesk], fault: FaultCode) -> None:
    scheme, answer = BROKEN[fault]

    def serve(taken: socket.socket) -> None:
        taken.recv(65_536)
        taken.sendall(answer)

    with serving(serve) as port:
        assert code(desk(HeldInternet()).ask(port, scheme=scheme)) == fault


IN_THE_BODY = {
    FaultCode.RESPONSE_TRAILER_SECTION_SIZE: b"a: b\r\n" * 129,
    FaultCode.RESPONSE_TRAILER_SIZE: b"a: " + LARGE + b"\r\n",
}
"""Trailers."""


@pytest.mark.parametrize("fault", IN_THE_BODY)
def test_of_a_trailer(desk: Callable[[HeldInternet], WebDesk], fault: FaultCode) -> None:
    answer = OK + b"transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" + IN_THE_BODY[fault] + b"\r\n"
    with serving(WebServer(answer)) as port:
        guest = desk(HeldInternet())
        _, stream = guest.body(guest.ask(port).value)
        _, end = guest.read(stream)
        assert guest.types("http-error-code", end.value.payload).value.case == fault


REFUSED: dict[FaultCode, dict[str, Any]] = {
    FaultCode.REQUEST_DENIED: {"authority": "evil.example.com"},
    FaultCode.REQUEST_METHOD_INVALID: {"method": "connect"},
    FaultCode.REQUEST_URI_INVALID: {"authority": "a_b.example.com"},
    FaultCode.REQUEST_URI_TOO_LONG: {"target": "/" + "a" * 9_000},
    FaultCode.REQUEST_HEADER_SECTION_SIZE: {"fields": [("a", b"b")] * 129},
    FaultCode.REQUEST_HEADER_SIZE: {"fields": [("a", LARGE)]},
}
"""Requests that nobody gets to see."""


@pytest.mark.parametrize("fault", REFUSED)
def test_of_a_request(desk: Callable[[HeldInternet], WebDesk], fault: FaultCode) -> None:
    internet = HeldInternet()
    assert code(desk(internet).ask(**{"authority": "127.0.0.1:80", **REFUSED[fault]})) == fault
    assert internet.reached == []


SYSTEM = {
    FaultCode.CONNECTION_REFUSED: errno.ECONNREFUSED,
    FaultCode.DESTINATION_IP_UNROUTABLE: errno.ENETUNREACH,
    FaultCode.DESTINATION_UNAVAILABLE: errno.EHOSTDOWN,
    FaultCode.INTERNAL_ERROR: errno.EPERM,
}
"""What the system says to a connection."""


@pytest.mark.parametrize("fault", SYSTEM)
def test_of_the_system(desk: Callable[[HeldInternet], WebDesk], fault: FaultCode) -> None:
    assert code(desk(FailingInternet(SYSTEM[fault])).ask(80)) == fault


NAMES: dict[FaultCode, tuple[tuple[str, ...], ...]] = {
    FaultCode.DNS_ERROR: (),
    FaultCode.DESTINATION_NOT_FOUND: ((),),
    FaultCode.DESTINATION_IP_PROHIBITED: (("10.0.0.1",),),
}
"""What a name means."""


@pytest.mark.parametrize("fault", NAMES)
def test_of_a_name(desk: Callable[[HeldInternet], WebDesk], fault: FaultCode) -> None:
    internet = HeldInternet()
    internet.name(NAMED, *NAMES[fault])
    assert code(desk(internet).ask(NAMED)) == fault
    assert internet.reached == []


SILENCE = {
    FaultCode.CONNECTION_TIMEOUT: ("HTTPS", b"", {"connect": 20}),
    FaultCode.CONNECTION_READ_TIMEOUT: ("HTTP", b"", {"first_byte": 20}),
    FaultCode.RESPONSE_TIMEOUT: ("HTTP", b"HTTP/1.1 200", {"first_byte": 20}),
}
"""What a server sends before it falls silent, and what the guest has time for."""


def falling_silent(said: bytes) -> Callable[[socket.socket], None]:
    def serve(taken: socket.socket) -> None:
        taken.recv(65_536)
        taken.sendall(said)
        while taken.recv(65_536):
            pass

    return serve


@pytest.mark.parametrize("fault", SILENCE)
def test_of_silence(desk: Callable[[HeldInternet], WebDesk], fault: FaultCode) -> None:
    scheme, said, times = SILENCE[fault]
    with serving(falling_silent(said)) as port:
        guest = desk(HeldInternet())
        began = guest.handle(guest.request(port, scheme=scheme), guest.times(**times))
        assert code(guest.outcome(began.value)) == fault


SENT: dict[FaultCode, list[tuple[str, bytes]]] = {
    FaultCode.REQUEST_TRAILER_SECTION_SIZE: [("a", b"b")] * 129,
    FaultCode.REQUEST_TRAILER_SIZE: [("a", LARGE)],
}
"""Trailers of the guest."""


@pytest.mark.parametrize("fault", SENT)
def test_of_what_the_guest_sends_last(desk: Callable[[HeldInternet], WebDesk], fault: FaultCode) -> None:
    with serving(falling_silent(b"")) as port:
        guest = desk(HeldInternet())
        request = guest.request(port, method="post")
        body, stream = guest.opened(request)
        future = guest.handle(request).value
        finished = guest.finish(body, stream, guest.fields(*SENT[fault]))
        assert code(finished if isinstance(finished, Err) else guest.outcome(future)) == fault


def _dns_timeout(desk: Callable[[HeldInternet], WebDesk], _folder: Path) -> str:
    internet = SilentInternet()
    guest = desk(internet)
    try:
        began = guest.handle(guest.request(NAMED), guest.times(connect=20))
        return code(guest.outcome(began.value))
    finally:
        internet.released.set()


def _write_timeout(desk: Callable[[HeldInternet], WebDesk], _folder: Path) -> str:
    left = threading.Event()

    def serve(taken: socket.socket) -> None:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        left.wait(30)

    with serving(serve) as port:
        guest = desk(NarrowInternet())
        request = guest.request(port, method="post")
        _, stream = guest.opened(request)
        future = guest.handle(request, guest.times(first_byte=50)).value
        while guest.write(stream, bytes(4_096)) == Ok():
            pass
        left.set()
        return code(guest.outcome(future))


def _limit(desk: Callable[[HeldInternet], WebDesk], _folder: Path) -> str:
    with serving(falling_silent(b"")) as port:
        guest = desk(HeldInternet())
        for _ in range(MOST_OPEN[Sort.CONNECTION]):
            assert isinstance(guest.handle(guest.request(port)), Ok)
        return code(guest.handle(guest.request(port)))


def _request_body(desk: Callable[[HeldInternet], WebDesk], _folder: Path) -> str:
    guest = desk(HeldInternet())
    body, stream = guest.opened(guest.request(80, method="post", fields=[("content-length", b"5")]))
    guest.write(stream, b"abc")
    return code(guest.finish(body, stream))


def _response_body(desk: Callable[[HeldInternet], WebDesk], _folder: Path) -> str:
    guest = desk(HeldInternet())
    response = guest.types("new-outgoing-response", guest.fields(("content-length", b"5")))
    body = guest.types("outgoing-response.body", response).value
    return code(guest.finish(body, None))


def _certificate(desk: Callable[[HeldInternet], WebDesk], folder: Path) -> str:
    with serving(TlsServer(make_certificate(folder), answered(b""))) as port:
        return code(desk(HeldInternet()).ask(port, scheme="HTTPS"))


ELSEWHERE = {
    FaultCode.DNS_TIMEOUT: _dns_timeout,
    FaultCode.CONNECTION_WRITE_TIMEOUT: _write_timeout,
    FaultCode.CONNECTION_LIMIT_REACHED: _limit,
    FaultCode.REQUEST_BODY_SIZE: _request_body,
    FaultCode.RESPONSE_BODY_SIZE: _response_body,
    FaultCode.TLS_CERTIFICATE_ERROR: _certificate,
}
"""Those that take more."""


@pytest.mark.parametrize("fault", ELSEWHERE)
def test_of_the_rest(desk: Callable[[HeldInternet], WebDesk], fault: FaultCode, tmp_path: Path) -> None:
    assert ELSEWHERE[fault](desk, tmp_path) == fault
