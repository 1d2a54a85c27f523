"""A question to a web server on this machine: through the engine, the door and its guard, and by the bare client."""

from __future__ import annotations

import contextlib
import http.client
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from airssys_tui.core.capability.grant import Denial, Grant
from airssys_tui.core.capability.permission import Access, Permission
from airssys_tui.core.limits import UNLIMITED_FUEL, Limits
from airssys_tui.engine.engine import Engine
from airssys_tui.host.doors.network.network_door import NetworkDoor
from airssys_tui.host.interfaces import dns, tcp, udp
from airssys_tui.host.interfaces import http as web
from benchmarks.clock import Effort, pair
from benchmarks.report import Row, beside

NETWORKER: Final = Path(__file__).parents[1] / "tests" / "fixtures" / "components" / "networker" / "networker.wasm"
DOORS: Final = "fixture:networker/doors@1.0.0#"
BODY: Final = b"x" * 256
ANSWER: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 256\r\n\r\n" + BODY
SERVER: Final = f"""
import socket
listening = socket.create_server(("127.0.0.1", 0), backlog=128)
print(listening.getsockname()[1], flush=True)
while True:
    taken, _ = listening.accept()
    with taken:
        taken.recv(65_536)
        taken.sendall({ANSWER!r})
"""
INTERFACES: Final = (web.INTERFACE, tcp.INTERFACE, udp.INTERFACE, dns.INTERFACE)


def round_trip(effort: Effort) -> Iterator[Row]:
    """One question with an answer of 256 bytes, a connection for each, against ``http.client`` from Python."""
    with answering() as port, closing(Engine()) as engine:
        door = NetworkDoor(Open(), "benchmark", contextlib.nullcontext)
        limits = Limits(fuel_per_call=UNLIMITED_FUEL, deadline=3_600.0)
        linker, code = engine.linker(INTERFACES), engine.compile(NETWORKER.read_bytes())
        with linker.instantiate(code, limits, owner=Owner(door)) as instance:
            request: dict[str, Any] = {"method": "get", "url": f"http://127.0.0.1:{port}/", "headers": []}
            request |= {"body": None, "timeout": None}

            def ask() -> None:
                body = instance.call(DOORS + "send", request).value.value["body"]
                if instance.call(DOORS + "read-body", body, 1_000).value.value != BODY:
                    raise ValueError("another answer")
                instance.call(DOORS + "drop-body", body)

            taken, bare = pair(effort, ask, lambda: _bare(port))
        yield beside("network/http-round-trip", taken * 1e6, "µs", "http.client", bare * 1e6)
        door.close()


def _bare(port: int) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port)
    client.request("GET", "/")
    if client.getresponse().read() != BODY:
        raise ValueError("another answer")
    client.close()


class Open:
    """A guard that allows everything."""

    def require(self, _access: Access) -> Denial | None:
        return None

    def again(self, _access: Access) -> Denial | None:
        return None

    def look(self, _access: Access) -> Denial | None:
        return None

    def deny(self, denial: Denial) -> str:
        return denial.text

    def in_force(self) -> tuple[Grant, ...]:
        return ()

    def ask(self, _permission: Permission, _rationale: str) -> Denial | None:
        return None


class Owner:
    """What the interfaces of the network ask of their owner."""

    def __init__(self, network: NetworkDoor) -> None:
        self.network = network


@contextmanager
def answering() -> Iterator[int]:
    """Run a server that gives one answer to everything, in a process of its own; yield its port."""
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.kill()
