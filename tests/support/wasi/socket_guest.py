"""A guest of ``wasi:sockets`` with a door of its own: a guard by the rules, and a network that ends at this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Any
from weakref import WeakKeyDictionary

from airssys_tui.core.limits import Limits
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.host import HostInterface
from airssys_tui.engine.linker import Linker
from airssys_tui.host.doors.network.connecting import SocketAddress
from airssys_tui.host.doors.network.lookups import Lookups
from airssys_tui.host.doors.network.network_door import NetworkDoor
from airssys_tui.host.wasi import io
from airssys_tui.host.wasi.sockets import name_lookup, socket_networks, tcp_sockets, udp_sockets
from airssys_tui.host.wasi.sockets.socket_values import FAMILIES, address_value
from tests.support.network import EVERYTHING, HeldInternet, RuleGuard
from tests.support.wasi.wasi_desk import PATIENT, PlainTenant, WasiDesk

INTERFACES = (
    *io.INTERFACES,
    *socket_networks.INTERFACES,
    *tcp_sockets.INTERFACES,
    *udp_sockets.INTERFACES,
    *name_lookup.INTERFACES,
)
_PREPARED: WeakKeyDictionary[Engine, tuple[Linker, Code]] = WeakKeyDictionary()
LOOPBACK = {4: "127.0.0.1", 6: "::1"}
CLOSED = Err(Variant("closed"))


def at(port: int, address: str = "127.0.0.1", **said: int) -> Variant:
    """Return an address and a port as a guest gives them."""
    value = address_value(SocketAddress(ip_address(address), port))
    return Variant(value.case, {**value.payload, **said})


class SocketGuest(WasiDesk):
    """An instance that passes calls on to ``wasi:sockets``; handles are numbers.

    Args:
        engine: Makes it.
        granted: Permissions in text form; all of loopback if there are none.
        declared: What the manifest declares; the same if None.
        internet: Its network.
        limits: Its limits.
        candidate: Whether its revision does not serve yet.
    """

    def __init__(
        self,
        engine: Engine,
        *granted: str,
        declared: tuple[str, ...] | None = None,
        internet: HeldInternet | None = None,
        limits: Limits = PATIENT,
        candidate: bool = False,
    ) -> None:
        self.guard = RuleGuard(*(granted or EVERYTHING), declared=declared, candidate=candidate)
        self.internet = internet or HeldInternet()
        self.lookups = Lookups()
        tenant = PlainTenant()
        self.door = NetworkDoor(self.guard, "c", tenant.blocking, self.internet, self.lookups)
        tenant.network = self.door  # type: ignore[attr-defined]
        super().__init__(engine, INTERFACES, tenant=tenant, limits=limits)
        self.network = self.call("sockets/instance-network#instance-network")

    def _prepared(self, engine: Engine, interfaces: Sequence[HostInterface], guest: bytes) -> tuple[Linker, Code]:
        """Link once for each engine: a test has one guest or many."""
        if engine not in _PREPARED:
            _PREPARED[engine] = super()._prepared(engine, interfaces, guest)
        return _PREPARED[engine]

    def close(self) -> None:
        """End the instance, as the runtime does."""
        self.instance.close()
        self.door.close()

    def block(self, resource: str, handle: int, **limits: Any) -> None:
        """Wait for what something subscribes to, such as ``sockets/tcp#[method]tcp-socket``."""
        pollable = self.call(f"{resource}.subscribe", handle)
        try:
            self.call("io/poll#[method]pollable.block", pollable, **limits)
        finally:
            with contextlib.suppress(Exception):
                self.drop("pollable", pollable)

    # --- streams ------------------------------------------------------------------------------------------------------

    def tcp(self, verb: str, socket: int, *arguments: Any) -> Any:
        """Call a method of a socket for streams."""
        return self.call(f"sockets/tcp#[method]tcp-socket.{verb}", socket, *arguments)

    def new_tcp(self, version: int = 4) -> int:
        """Make a socket for streams."""
        return int(self.call("sockets/tcp-create-socket#create-tcp-socket", FAMILIES[version]).value)

    def bound(self, version: int = 4, where: Variant | None = None) -> int:
        """Return a socket with a port of loopback."""
        made = self.new_tcp(version)
        assert self.tcp("start-bind", made, self.network, where or at(0, LOOPBACK[version])) == Ok()
        assert self.tcp("finish-bind", made) == Ok()
        return made

    def listening(self, version: int = 4) -> int:
        """Return a listener at a free port of loopback."""
        made = self.bound(version)
        assert self.tcp("start-listen", made) == Ok()
        assert self.tcp("finish-listen", made) == Ok()
        return made

    def connected(self, where: Variant) -> tuple[int, int, int]:
        """Return a connection with its input and its output."""
        made = self.new_tcp(4 if where.case == "ipv4" else 6)
        assert self.tcp("start-connect", made, self.network, where) == Ok()
        self.block("sockets/tcp#[method]tcp-socket", made)
        input_, output = self.tcp("finish-connect", made).value
        return made, input_, output

    def attempt(self, where: Variant) -> Any:
        """Try to connect to an address; return what failed, or None."""
        made = self.new_tcp(4 if where.case == "ipv4" else 6)
        try:
            answer = self.tcp("start-connect", made, self.network, where)
            if answer == Ok():
                self.block("sockets/tcp#[method]tcp-socket", made)
                answer = self.tcp("finish-connect", made)
                if isinstance(answer, Ok):
                    self.drop("input-stream", answer.value[0])
                    self.drop("output-stream", answer.value[1])
        finally:
            self.drop("tcp-socket", made)
        return answer.value if isinstance(answer, Err) else None

    def taken(self, listener: int) -> tuple[int, int, int]:
        """Wait for a conversation and take it."""
        self.block("sockets/tcp#[method]tcp-socket", listener)
        made, input_, output = self.tcp("accept", listener).value
        return made, input_, output

    def read(self, stream: int, most: int) -> Any:
        """Read what is there."""
        return self.call("io/streams#[method]input-stream.read", stream, most)

    def await_bytes(self, stream: int, most: int = 65_536, **limits: Any) -> Any:
        """Read, waiting for the first byte."""
        return self.call("io/streams#[method]input-stream.blocking-read", stream, most, **limits)

    def write(self, verb: str, stream: int, *arguments: Any) -> Any:
        """Call a method of an output."""
        return self.call(f"io/streams#[method]output-stream.{verb}", stream, *arguments)

    # --- datagrams ----------------------------------------------------------------------------------------------------

    def udp(self, verb: str, socket: int, *arguments: Any) -> Any:
        """Call a method of a socket for datagrams."""
        return self.call(f"sockets/udp#[method]udp-socket.{verb}", socket, *arguments)

    def new_udp(self, version: int = 4) -> int:
        """Make a socket for datagrams."""
        return int(self.call("sockets/udp-create-socket#create-udp-socket", FAMILIES[version]).value)

    def bound_udp(self, version: int = 4) -> int:
        """Return a socket for datagrams with a port of loopback."""
        made = self.new_udp(version)
        assert self.udp("start-bind", made, self.network, at(0, LOOPBACK[version])) == Ok()
        assert self.udp("finish-bind", made) == Ok()
        return made

    def receive(self, stream: int, most: int = 10) -> Any:
        """Receive packets that are there."""
        return self.call("sockets/udp#[method]incoming-datagram-stream.receive", stream, most)

    def send(self, stream: int, *packets: tuple[bytes, Variant | None], checked: bool = True) -> Any:
        """Send packets, after asking for the permit."""
        if checked:
            permit = self.call("sockets/udp#[method]outgoing-datagram-stream.check-send", stream)
            if isinstance(permit, Err):
                return permit
            assert permit.value >= len(packets)
        said = [{"data": data, "remote-address": None if where is None else Some(where)} for data, where in packets]
        return self.call("sockets/udp#[method]outgoing-datagram-stream.send", stream, said)

    # --- names --------------------------------------------------------------------------------------------------------

    def begin_lookup(self, name: str) -> Any:
        """Begin to look up a name."""
        return self.call("sockets/ip-name-lookup#resolve-addresses", self.network, name)

    def next_address(self, stream: int) -> Any:
        """Return the next address."""
        return self.call("sockets/ip-name-lookup#[method]resolve-address-stream.resolve-next-address", stream)

    def look_up(self, name: str) -> list[Variant] | str:
        """Look up a name and wait; return all addresses, or what failed."""
        answer = self.begin_lookup(name)
        if isinstance(answer, Err):
            return str(answer.value)
        self.block("sockets/ip-name-lookup#[method]resolve-address-stream", answer.value)
        found: list[Variant] = []
        try:
            while isinstance(entry := self.next_address(answer.value), Ok):
                if entry.value is None:
                    return found
                found.append(entry.value.value)
        finally:
            self.drop("resolve-address-stream", answer.value)
        return str(entry.value)


@contextlib.contextmanager
def socket_guest(engine: Engine, *granted: str, **said: Any) -> Iterator[SocketGuest]:
    """Make an instance; close it after the block."""
    made = SocketGuest(engine, *granted, **said)
    try:
        yield made
    finally:
        made.close()
