"""A component on the door to the network, with a guard by the rules, a resolver and a network of the test's own.

Nothing leaves the machine: names have the addresses that the test gives them, and what is not on loopback is recorded
and refused, unless the test leads it to a server of its own.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from ipaddress import ip_address
from time import perf_counter_ns
from typing import Any

from airssys_tui.core.capability.decision import judge
from airssys_tui.core.capability.grant import Denial, Grant, Reason, Scope
from airssys_tui.core.capability.permission import Access, Permission, parse_permission
from airssys_tui.core.capability.policy import Policy
from airssys_tui.core.limits import Limits
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.linker import Linker
from airssys_tui.engine.waiting import Announcement, Waitable, Wake, wait
from airssys_tui.host.doors.network.internet import Internet
from airssys_tui.host.doors.network.lookups import Lookups
from airssys_tui.host.doors.network.network_door import NetworkDoor
from airssys_tui.host.interfaces import dns, http, tcp, udp
from tests.support.places import FIXTURES

DOORS = "fixture:networker/doors@1.0.0#"
NETWORKER = FIXTURES / "networker" / "networker.wasm"
INTERFACES = (http.INTERFACE, tcp.INTERFACE, udp.INTERFACE, dns.INTERFACE)
EVERYTHING = (
    "network:connect:localhost:*",
    "network:connect:127.0.0.1:*",
    "network:connect:[::1]:*",
    "network:listen:127.0.0.1:*",
    "network:listen:[::1]:*",
)
"""Permissions for all of loopback, as a test that is not about the guard needs them."""

PATIENCE = 30.0
"""Seconds after which a server fails a test; never what a test that passes waits for."""


class RuleGuard:
    """A guard by the rules of the product, with grants in memory.

    Args:
        granted: Permissions in text form; granted always, and declared, if nothing else is.
        declared: What the manifest declares.
        candidate: Whether the revision does not serve yet.

    Attributes:
        denials: Denials, in order.
        used: Accesses that were allowed, in order.
    """

    def __init__(self, *granted: str, declared: tuple[str, ...] | None = None, candidate: bool = False) -> None:
        self.declared = tuple(parse_permission(text) for text in (granted if declared is None else declared))
        self.grants: list[Grant] = []
        for text in granted:
            self.grant(text)
        self.candidate = candidate
        self.denials: list[Denial] = []
        self.used: list[Access] = []
        self._spent: dict[Access, int] = {}

    def grant(self, text: str, scope: Scope = Scope.ALWAYS) -> None:
        number = len(self.grants) + 1
        made = Grant(id=number, component="c", permission=parse_permission(text), scope=scope, who="operator", at=0.0)
        self.grants.append(made)

    def revoke(self) -> None:
        self.grants.clear()
        self._spent.clear()

    def require(self, access: Access) -> Denial | None:
        found = judge(access, self.declared, self.grants, Policy(), 1.0, candidate=self.candidate)
        if found.denial is not None:
            self.denials.append(found.denial)
            return found.denial
        if found.grant is not None and found.grant.scope is Scope.ONCE:
            self.grants.remove(found.grant)
            self._spent[access] = found.grant.id
        self.used.append(access)
        return None

    def await_answer(self, _access: Access) -> int:
        return 0

    def again(self, access: Access) -> Denial | None:
        return None if access in self._spent else self.require(access)

    def look(self, access: Access | Permission) -> Denial | None:
        return judge(access, self.declared, self.grants, Policy(), 1.0, candidate=self.candidate).denial

    def deny(self, denial: Denial) -> str:
        self.denials.append(denial)
        return denial.text

    def in_force(self) -> tuple[Grant, ...]:
        return tuple(self.grants)

    def ask(self, permission: Permission, _rationale: str) -> Denial | None:
        raise NotImplementedError(permission)

    @property
    def reasons(self) -> list[Reason]:
        """Why accesses were denied, in order."""
        return [denial.reason for denial in self.denials]


class HeldInternet(Internet):
    """A network that ends at this machine.

    Attributes:
        names: Addresses by name; what a lookup finds is taken from the front, and the last one stays.
        routes: Where connections to an address and a port really lead: to a server of the test.
        asked: Names that were looked up, in order.
        reached: Addresses and ports that somebody tried to connect or to send to, in order.
        left: Those of them that are neither on this machine nor led to it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, list[tuple[str, ...]]] = {}
        self.routes: dict[tuple[str, int], int] = {}
        self.asked: list[str] = []
        self.reached: list[tuple[str, int]] = []
        self.left: list[tuple[str, int]] = []

    def name(self, name: str, *answers: tuple[str, ...]) -> None:
        """Give a name its addresses: one tuple for each lookup."""
        self.names[name] = list(answers)

    def look_up(self, name: str) -> tuple[str, ...]:
        self.asked.append(name)
        answers = self.names.get(name)
        if not answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect(self, opened: socket.socket, address: tuple[str, int]) -> int:
        led = self._led(address)
        return errno.ECONNREFUSED if led is None else super().connect(opened, led)

    def send_to(self, opened: socket.socket, data: bytes, address: tuple[str, int]) -> int:
        led = self._led(address)
        return 0 if led is None else super().send_to(opened, data, led)

    def _led(self, address: tuple[str, int]) -> tuple[str, int] | None:
        self.reached.append(address)
        if address in self.routes:
            return "127.0.0.1", self.routes[address]
        if ip_address(address[0]).is_loopback:
            return address
        self.left.append(address)
        return None


class StandingCall:
    """A call that runs for as long as it is let, with all the fuel there is, and waits as the engine's do."""

    def __init__(self, seconds: float = PATIENCE) -> None:
        self.deadline_ns = perf_counter_ns() + int(seconds * 1e9)
        self.cancelled = self.closing = False
        self.wake: Wake | None = None
        self.charged = 0

    def charge(self, fuel: int) -> None:
        self.charged += fuel

    def wait(self, waitables: Sequence[Waitable], announce: Announcement = contextlib.nullcontext) -> tuple[int, ...]:
        return wait(self, waitables, announce)


class Tenant:
    """What the interfaces of the network ask of their owner."""

    def __init__(self, network: NetworkDoor) -> None:
        self.network = network


@cache
def _prepared(engine: Engine) -> tuple[Linker, Code]:
    return engine.linker(INTERFACES), engine.compile(NETWORKER.read_bytes())


class Guest:
    """An instance of the component that passes everything on, with its door.

    Args:
        engine: Makes it.
        guard: Decides for it.
        internet: Its network.
        lookups: The lookups of the process; of its own if not given.
    """

    def __init__(
        self, engine: Engine, guard: RuleGuard, internet: HeldInternet | None = None, lookups: Lookups | None = None
    ) -> None:
        self.guard = guard
        self.internet = internet or HeldInternet()
        self.blocked = 0
        self.door = NetworkDoor(guard, "c", self._blocking, self.internet, lookups or Lookups())
        linker, code = _prepared(engine)
        self.instance = linker.instantiate(code, Limits(deadline=PATIENCE), owner=Tenant(self.door))

    @contextlib.contextmanager
    def _blocking(self) -> Iterator[None]:
        self.blocked += 1
        yield

    def ask(self, function: str, *arguments: Any, **limits: Any) -> Any:
        """Call an export; return what it answers."""
        return self.instance.call(DOORS + function, *arguments, **limits).value

    def get(self, url: str, **said: Any) -> Any:
        """Ask a web server; return the answer."""
        return self.ask("send", request(url, **said))

    def close(self) -> None:
        """End the instance, as the runtime does."""
        self.instance.close()
        self.door.close()


def request(
    url: str,
    method: str = "get",
    headers: list[tuple[str, str]] | None = None,
    body: Any = None,
    timeout: Any = None,
) -> dict[str, Any]:
    """Return a question as a guest gives it."""
    return {"method": method, "url": url, "headers": headers or [], "body": body, "timeout": timeout}


@contextlib.contextmanager
def serving(handle: Callable[[socket.socket], None], *, host: str = "127.0.0.1") -> Iterator[int]:
    """Run a server for connections, each handled on a thread of its own; yield its port."""
    threads: list[threading.Thread] = []
    open_: list[socket.socket] = []

    def run(taken: socket.socket) -> None:
        with taken, contextlib.suppress(OSError):
            handle(taken)

    def take() -> None:
        with contextlib.suppress(OSError):
            while True:
                taken, _ = listening.accept()
                taken.settimeout(PATIENCE)
                open_.append(taken)
                threads.append(threading.Thread(target=run, args=(taken,)))
                threads[-1].start()

    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listening:
        taker = threading.Thread(target=take)
        taker.start()
        try:
            yield listening.getsockname()[1]
        finally:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            taker.join()
            for each in open_:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


class WebServer:
    """Answers every question with the same bytes, and remembers the questions.

    Args:
        answers: What is sent, question by question; the last one stays. Bytes, or what makes them of the question.
    """

    def __init__(self, *answers: bytes | Callable[[bytes], bytes]) -> None:
        self._answers = list(answers)
        self.questions: list[bytes] = []

    def __call__(self, taken: socket.socket) -> None:
        question = read_question(taken)
        self.questions.append(question)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        taken.sendall(answer(question) if callable(answer) else answer)


class Flood:
    """Answers a question with a body without end, until nobody has taken any of it for a tenth of a second.

    Attributes:
        sent: Bytes of the body that were taken.
        stopped: Is set when it has stopped.
    """

    def __init__(self) -> None:
        self.sent = 0
        self.stopped = threading.Event()

    def __call__(self, taken: socket.socket) -> None:
        read_question(taken)
        taken.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        taken.settimeout(0.1)
        with contextlib.suppress(TimeoutError):
            while True:
                self.sent += taken.send(bytes(65_536))
        self.stopped.set()


def read_question(taken: socket.socket) -> bytes:
    """Read a question with its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = taken.recv(65_536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += taken.recv(65_536)
    return head + b"\r\n\r\n" + body


def answered(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return an answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirected(location: str, status: str = "302 Found") -> bytes:
    """Return an answer that redirects."""
    return answered(b"", f"location: {location}", status=status)


@contextlib.contextmanager
def guest(engine: Engine, *granted: str, **said: Any) -> Iterator[Guest]:
    """Make an instance with permissions in text form; close it after the block."""
    guard = RuleGuard(
        *(granted or EVERYTHING), declared=said.pop("declared", None), candidate=said.pop("candidate", False)
    )
    made = Guest(engine, guard, **said)
    try:
        yield made
    finally:
        made.close()
