"""A guest at ``wasi:http``: messages, bodies and exchanges by their handles, one call of the guest for each step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from airssys_tui.core.limits import Limits
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.host import HostInterface
from airssys_tui.engine.linker import Linker
from airssys_tui.host.doors.network.lookups import Lookups
from airssys_tui.host.doors.network.network_door import NetworkDoor
from airssys_tui.host.wasi import io
from airssys_tui.host.wasi.http import http_outgoing, http_types
from tests.support.network import EVERYTHING, HeldInternet, RuleGuard
from tests.support.wasi.wasi_desk import PATIENT, PlainTenant, WasiDesk

TYPES = "http/types#"
STREAMS = "io/streams#"
INTERFACES = (*io.INTERFACES, *http_types.INTERFACES, *http_outgoing.INTERFACES)
CLOSED = Err(Variant("closed"))


_MADE: WeakKeyDictionary[Engine, tuple[Linker, Code]] = WeakKeyDictionary()


class WebDesk(WasiDesk):
    """One instance of a guest that passes calls on to ``wasi:http`` and ``wasi:io``, with its door to the network.

    Args:
        engine: Makes it.
        granted: Permissions in text form; all of loopback if there are none.
        declared: What its manifest declares; what is granted if None.
        candidate: Whether its revision does not serve yet.
        internet: Its network.
        limits: Its limits.
    """

    def __init__(
        self,
        engine: Engine,
        *granted: str,
        declared: tuple[str, ...] | None = None,
        candidate: bool = False,
        internet: HeldInternet | None = None,
        limits: Limits = PATIENT,
    ) -> None:
        self.guard = RuleGuard(*(granted or EVERYTHING), declared=declared, candidate=candidate)
        self.internet = internet or HeldInternet()
        tenant = PlainTenant()
        self.door = NetworkDoor(self.guard, "c", tenant.blocking, self.internet, Lookups())
        vars(tenant).update(network=self.door)
        super().__init__(engine, INTERFACES, tenant=tenant, limits=limits)

    def _prepared(self, engine: Engine, interfaces: Sequence[HostInterface], guest: bytes) -> tuple[Linker, Code]:
        if engine not in _MADE:
            _MADE[engine] = super()._prepared(engine, interfaces, guest)
        return _MADE[engine]

    def close(self) -> None:
        """End the instance, as the runtime does."""
        self.instance.close()
        self.door.close()

    # Calls of the guest

    def types(self, function: str, *arguments: Any, **named: Any) -> Any:
        """Call a function of ``http/types``, such as ``fields.get`` or ``new-fields``."""
        export = f"http-types-{function.replace('.', '-')}"
        return self.instance.call(export, *arguments, **named).value

    # Steps that many tests take

    def fields(self, *entries: tuple[str, bytes]) -> int:
        """Make fields."""
        found: int = self.types("fields.from-list", list(entries)).value
        return found

    def request(
        self,
        authority: str | int,
        target: str = "/",
        *,
        method: str = "get",
        scheme: str = "HTTP",
        fields: Sequence[tuple[str, bytes]] = (),
    ) -> int:
        """Make a request; a number stands for a port of this machine."""
        made: int = self.types("new-outgoing-request", self.fields(*fields))
        where = f"127.0.0.1:{authority}" if isinstance(authority, int) else authority
        for part, value in (
            ("method", Variant(method)),
            ("scheme", Some(Variant(scheme))),
            ("authority", Some(where)),
            ("path-with-query", Some(target)),
        ):
            assert self.types(f"outgoing-request.set-{part}", made, value) == Ok()
        return made

    def times(self, **milliseconds: int) -> int:
        """Make options of a request, in milliseconds."""
        made: int = self.types("new-request-options")
        for name, value in milliseconds.items():
            function = f"request-options.set-{name.replace('_', '-')}-timeout"
            assert self.types(function, made, Some(value * 1_000_000)) == Ok()
        return made

    def handle(self, request: int, times: int | None = None) -> Any:
        """Hand a request in; return the future, or the error."""
        return self.call("http/outgoing-handler#handle", request, None if times is None else Some(times))

    def outcome(self, future: int) -> Any:
        """Wait for a future response; return it, or the error."""
        pollable = self.types("future-incoming-response.subscribe", future)
        self.call("io/poll#[method]pollable.block", pollable)
        self.drop("pollable", pollable)
        found = self.types("future-incoming-response.get", future)
        assert isinstance(found, Some), found
        return found.value.value

    def ask(self, *parts: Any, **named: Any) -> Any:
        """Ask a server; return the response, or the error."""
        began = self.handle(self.request(*parts, **named))
        return self.outcome(began.value) if isinstance(began, Ok) else began

    def body(self, response: int) -> tuple[int, int]:
        """Return the body of a response, and its stream."""
        body = self.types("incoming-response.consume", response).value
        return body, self.types("incoming-body.stream", body).value

    def read(self, stream: int, most: int = 65_536) -> tuple[bytes, Any]:
        """Read a stream to its end; return the bytes and the error of the end."""
        got = b""
        while isinstance(found := self.call(STREAMS + "[method]input-stream.blocking-read", stream, most), Ok):
            got += found.value
        return got, found

    def opened(self, request: int) -> tuple[int, int]:
        """Return the body of a request, and its stream."""
        body = self.types("outgoing-request.body", request).value
        return body, self.types("outgoing-body.write", body).value

    def write(self, stream: int, data: bytes) -> Any:
        """Write at most 4096 bytes; wait for it."""
        return self.call(STREAMS + "[method]output-stream.blocking-write-and-flush", stream, data)

    def finish(self, body: int, stream: int | None, trailers: int | None = None) -> Any:
        """Drop the stream of a body that is sent, and finish it."""
        if stream is not None:
            self.drop("output-stream", stream)
        return self.types("outgoing-body.finish", body, None if trailers is None else Some(trailers))


@contextlib.contextmanager
def web_desk(engine: Engine, *granted: str, **named: Any) -> Iterator[WebDesk]:
    """Make a desk; close it after the block."""
    made = WebDesk(engine, *granted, **named)
    try:
        yield made
    finally:
        made.close()
