"""Clients of the metrics endpoint that are slow, silent or endless are cut off, and nobody else waits for them."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from airssys_tui.cli.serving import scrape_server
from airssys_tui.cli.serving.metrics_endpoint import TEXT, Exporter
from airssys_tui.cli.serving.scrape_address import Address
from airssys_tui.cli.serving.scrape_server import CLIENTS, MAX_REQUEST
from tests.support.scraping import scrape

ASKED = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
LIMIT = 30.0
"""Seconds after which a client that is not cut off fails the test."""

PACE = 0.02
"""Seconds between two bits of what a slow client sends: far less than the time-out of a single read."""


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    made = Exporter(Address("127.0.0.1", 0))
    yield made
    made.close()


@pytest.fixture
def connect(exporter: Exporter) -> Iterator[Callable[[], socket.socket]]:
    parts = urlsplit(exporter.url)
    with contextlib.ExitStack() as stack:

        def connected() -> socket.socket:
            return stack.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=LIMIT))

        yield connected


@pytest.fixture
def drip() -> Iterator[Callable[[socket.socket, bytes], threading.Event]]:
    """Send something again and again on a thread until the other side hangs up; return what is set then."""
    over = threading.Event()
    threads: list[threading.Thread] = []

    def begin(client: socket.socket, bit: bytes) -> threading.Event:
        cut = threading.Event()

        def send() -> None:
            while not over.wait(PACE):
                try:
                    client.sendall(bit)
                except OSError:
                    cut.set()
                    return

        threads.append(threading.Thread(target=send))
        threads[-1].start()
        return cut

    yield begin
    over.set()
    for thread in threads:
        thread.join()


BITS = {
    "a header that goes on": (ASKED + b"X: ", b"a"),
    "headers without end": (ASKED, b"X: a\r\n"),
    "a request line that goes on": (b"GET /", b"a"),
    "blank lines": (b"", b"\r\n"),
}


@pytest.mark.parametrize(("first", "bit"), BITS.values(), ids=BITS)
def test_who_is_slow_over_the_whole_request_is_cut_off(
    connect: Callable[[], socket.socket],
    drip: Callable[[socket.socket, bytes], threading.Event],
    monkeypatch: pytest.MonkeyPatch,
    first: bytes,
    bit: bytes,
) -> None:
    monkeypatch.setattr(scrape_server, "PATIENCE", 0.5)
    client = connect()
    client.sendall(first)
    assert drip(client, bit).wait(LIMIT)


def test_who_says_nothing_is_cut_off(connect: Callable[[], socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape_server, "PATIENCE", 0.5)
    assert connect().recv(1) == b""


def test_who_does_not_read_the_answer_is_cut_off(
    exporter: Exporter, connect: Callable[[], socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrape_server, "PATIENCE", 0.5)
    whole = 64 * 1024 * 1024
    monkeypatch.setattr(exporter, "page", lambda _accept: (b"x" * whole, TEXT))
    client = connect()
    client.sendall(ASKED + b"\r\n")
    server = exporter.open_connections
    assert _until(lambda: server() == 1)
    assert _until(lambda: server() == 0), "its thread has ended"
    client.setblocking(False)
    got = 0
    with contextlib.suppress(OSError):
        while part := client.recv(1024 * 1024):
            got += len(part)
    assert got < whole


@pytest.mark.parametrize("sent", [b"X" * (2 * MAX_REQUEST), b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * MAX_REQUEST])
def test_a_request_without_end_is_not_read_to_its_end(connect: Callable[[], socket.socket], sent: bytes) -> None:
    client = connect()
    with contextlib.suppress(OSError):
        client.sendall(sent)
        assert b" 200 " not in client.recv(1024)


@pytest.mark.parametrize("headers", [1, 2, 50])
def test_at_the_bound_a_request_is_over(connect: Callable[[], socket.socket], headers: int) -> None:
    size = MAX_REQUEST - len(ASKED)
    lines = [b"X: " + b"a" * (size // headers - 5) + b"\r\n" for _ in range(headers)]
    lines[0] = b"a" * (size % headers) + lines[0]
    client = connect()
    client.sendall(ASKED + b"".join(lines))  # no blank line: it would go on
    assert client.recv(1024).startswith(b"HTTP/1."), "it is answered, and nothing more is waited for"


def test_everybody_else_is_answered_meanwhile(
    exporter: Exporter,
    connect: Callable[[], socket.socket],
    drip: Callable[[socket.socket, bytes], threading.Event],
) -> None:
    for number in range(2 * CLIENTS):
        client = connect()
        client.sendall(ASKED)
        if number % 2:
            drip(client, b"X: a\r\n")
    for _ in range(5):
        assert scrape(exporter.url)[0] == 200
    assert exporter.open_connections() <= CLIENTS


def _until(true: Callable[[], bool]) -> bool:
    look = threading.Event()
    for _ in range(int(LIMIT / PACE)):
        if true():
            return True
        look.wait(PACE)
    return False
