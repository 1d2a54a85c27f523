"""One instance of a passing guest, and what it finds around it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from airssys_tui.core.limits import Limits
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.host import HostInterface
from airssys_tui.engine.linker import Linker
from airssys_tui.host.wasi.drafts.draft_types import draft_types
from tests.support.wasi.passing_guest import export_of, passing_guest

PATIENT = Limits(deadline=60.0)


class PlainTenant:
    """What the frame needs of a tenant; a test adds what its faces need.

    Attributes:
        blocked: How often a thread was about to block or to wait.
        at_block: Called each time that a thread is about to block or to wait, in turn; what a guest waits for comes
            from there, so that no test depends on time.
    """

    def __init__(self, **parts: Any) -> None:
        self.blocked = 0
        self.at_block: list[Callable[[], object]] = []
        vars(self).update(parts)

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Count it, and do what a test has planned for it."""
        self.blocked += 1
        if self.at_block:
            self.at_block.pop(0)()
        yield

    blocking = waiting


def _name(face: HostInterface) -> str:
    name = face.name.removeprefix("wasi:")
    return name if name in draft_types() else name.partition("@")[0]


class WasiDesk:
    """A guest that passes calls on to some interfaces.

    Args:
        engine: The engine.
        interfaces: The host's interfaces, all that the guest needs.
        tenant: The owner of the instance.
        limits: Its limits.
        called: The interfaces that are called; all of them if none is named.
        version: The release that the guest is built against.
    """

    def __init__(
        self,
        engine: Engine,
        interfaces: Sequence[HostInterface],
        *,
        tenant: Any = None,
        limits: Limits = PATIENT,
        called: Sequence[str] = (),
        version: str = "",
    ) -> None:
        self.tenant = PlainTenant() if tenant is None else tenant
        names = called or [_name(face) for face in interfaces]
        linker, code = self._prepared(engine, interfaces, passing_guest(*names, version=version))
        self.instance = linker.instantiate(code, limits, owner=self.tenant)

    def _prepared(self, engine: Engine, interfaces: Sequence[HostInterface], guest: bytes) -> tuple[Linker, Code]:
        code = engine.compile(guest)
        linker = engine.linker(interfaces)
        assert linker.problems(code.interface) == ()
        return linker, code

    def call(self, function: str, *arguments: Any, deadline: float | None = None) -> Any:
        """Call a function such as ``io/poll#poll``; handles are numbers."""
        return self.instance.call(export_of(function), *arguments, deadline=deadline).value

    def drop(self, resource: str, handle: int) -> None:
        """Drop a handle."""
        self.instance.call(f"drop-{resource}", handle)

    def give(self, resource: str, value: Any) -> int:
        """Hand a value of the host to the guest; return its handle there."""
        handle: int = self.instance.call(f"take-{resource}", value).value
        return handle
