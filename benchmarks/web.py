"""A question to a web server on this machine: through the engine, the door and its guard, and by the bare client."""

from __future__ import annotations

import contextlib
import http.client
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from airssys_tui.core.capability.grant import Denial, Grant, Scope
from airssys_tui.core.capability.permission import Access, Permission, parse_permission
from airssys_tui.core.capability.policy import Policy
from airssys_tui.core.limits import UNLIMITED_FUEL, Limits
from airssys_tui.engine.engine import Engine
from airssys_tui.host.doors.network.network_door import NetworkDoor
from airssys_tui.host.interfaces import dns, tcp, udp
from airssys_tui.host.interfaces import http as web
from airssys_tui.runtime.guard.answer_wait import WaitingCall
from airssys_tui.runtime.guard.component_guard import ComponentGuard
from airssys_tui.runtime.guard.rights import Rights, Standing
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
        door = NetworkDoor(guard(f"network:connect:127.0.0.1:{port}"), "local/b", contextlib.nullcontext)
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


class Unrecorded:
    """Records of a guard that are kept nowhere."""

    session = ""

    def now(self) -> float:
        return time.time()

    def use_up(self, _rights: Rights, _grant: Grant, _access: Access, _revision: int) -> bool | None:
        return None

    def denied(self, rights: Rights, denial: Denial, revision: int, *, observed: bool) -> None:  # noqa: ARG002 -- of the protocol
        raise ValueError(denial.text)

    def used(self, rights: Rights, access: Access, permission: Permission, grant: Grant, revision: int) -> None:
        """Record nothing."""

    def ask(self, *_: object, waits: WaitingCall | None = None) -> bool:  # noqa: ARG002 - nobody waits here
        return False

    def admit(self, _rights: Rights, _waiting: WaitingCall, _revision: int) -> bool:
        return False

    def dismiss(self, _rights: Rights, _waiting: WaitingCall) -> None:
        pass


def guard(granted: str) -> ComponentGuard:
    """Return the guard of a component that serves and was granted one permission."""
    permission = parse_permission(granted)
    grant = Grant(id=1, component="local/b", permission=permission, scope=Scope.ALWAYS, who="operator", at=0.0)
    rights = Rights("local/b", Standing(Policy(component="local/b"), (grant,)))
    return ComponentGuard(rights, (permission,), Unrecorded(), 1, candidate=False)


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
