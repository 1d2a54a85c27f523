"""An instance of the process probe with a guard by the rules, and ways to look at processes from outside."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from airssys_tui.core.capability.decision import Judgement, in_force, judge
from airssys_tui.core.capability.grant import Denial, Grant, Scope
from airssys_tui.core.capability.permission import Access, Permission, parse_permission
from airssys_tui.core.capability.policy import Policy
from airssys_tui.core.limits import Limits
from airssys_tui.core.types.values import Err, Some
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.instance import Instance
from airssys_tui.host.catalogue import INTERFACES
from airssys_tui.host.doors.programs.program_door import ProgramDoor, ProgramSource
from tests.support.places import FIXTURES
from tests.support.world import PATIENCE

POLICY = Policy(component="local/probe")
ROOMY = Limits(fuel_per_call=10_000_000_000, deadline=PATIENCE)


class RuleGuard:
    """A guard by the rules of the core, with what a test declares and grants.

    Attributes:
        declared: What the manifest declares.
        grants: What the operator answered; may be changed at any time.
        candidate: Whether the revision does not serve yet.
        denied: The denials that were counted.
        used: The grants for one access that were used up.
    """

    def __init__(self, *declared: str, granted: tuple[str, ...] | None = None, candidate: bool = False) -> None:
        self.declared = tuple(map(parse_permission, declared))
        self.grants: list[Grant] = []
        self.candidate = candidate
        self.denied: list[Denial] = []
        self.used: list[Access] = []
        for text in declared if granted is None else granted:
            self.grant(text)

    def grant(self, text: str, scope: Scope = Scope.ALWAYS, expires_at: float | None = None) -> None:
        """Answer as an operator."""
        number = len(self.grants) + 1
        permission = parse_permission(text)
        self.grants.append(
            Grant(
                id=number,
                component="local/probe",
                permission=permission,
                scope=scope,
                who="test",
                at=0.0,
                expires_at=expires_at,
            )
        )

    def revoke(self) -> None:
        """Take back every grant."""
        self.grants.clear()

    def look(self, access: Access | Permission) -> Denial | None:
        return self._judge(access).denial

    def _judge(self, asked: Access | Permission) -> Judgement:
        return judge(asked, self.declared, self.grants, POLICY, 1.0, candidate=self.candidate)

    def require(self, access: Access) -> Denial | None:
        found = self._judge(access)
        if found.denial is not None:
            self.denied.append(found.denial)
        elif found.grant is not None and found.grant.scope is Scope.ONCE:
            self.grants.remove(found.grant)
            self.used.append(access)
        return found.denial

    def again(self, access: Access) -> Denial | None:
        return None if access in self.used else self.require(access)

    def deny(self, denial: Denial) -> str:
        self.denied.append(denial)
        return denial.text

    def in_force(self) -> tuple[Grant, ...]:
        return in_force(self.declared, self.grants, POLICY, 1.0)

    def ask(self, permission: Permission, _rationale: str) -> Denial | None:
        return self._judge(permission).denial


class Owner:
    """What host functions know about the probe."""

    def __init__(self, guard: Any, source: ProgramSource) -> None:
        self.guard = guard
        self.programs = ProgramDoor(guard, source)

    def blocking(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


class ProgramDesk:
    """Calls the probe.

    Args:
        engine: Makes its instances.
        source: What starts programs.
        guard: Its guard.
        probe: The fixture that is called.
    """

    def __init__(self, engine: Engine, source: ProgramSource, guard: Any, probe: str = "process-probe") -> None:
        self.guard = guard
        self.owner = Owner(guard, source)
        linker = engine.linker(INTERFACES)
        code = engine.compile((FIXTURES / probe / f"{probe}.wasm").read_bytes())
        assert linker.problems(code.interface) == ()
        self.instance: Instance = linker.instantiate(code, ROOMY, owner=self.owner)

    def call(self, export: str, *arguments: Any, deadline: float | None = None) -> Any:
        """Call an export; return what it answers."""
        return self.instance.call(export, *arguments, deadline=deadline).value

    def spawn(self, program: str, *arguments: str, **more: Any) -> Any:
        """Start a program; return what ``spawn`` answers."""
        directory, timeout = more.get("directory"), more.get("timeout")
        command = {
            "program": program,
            "arguments": list(arguments),
            "environment": list(more.get("environment", ())),
            "working-directory": None if directory is None else Some(str(directory)),
            "timeout": None if timeout is None else Some(timeout),
            "output": more.get("output", "both"),
        }
        return self.call("spawn", command)

    def start(self, program: str, *arguments: str, **more: Any) -> int:
        """Start a program that is allowed; return its handle."""
        answer = self.spawn(program, *arguments, **more)
        assert not isinstance(answer, Err), answer
        return int(answer.value)

    def run(self, program: str, *arguments: str, **more: Any) -> str:
        """Run a program to its end; return what it wrote."""
        handle = self.start(program, *arguments, **more)
        self.call("write-stdin", handle, b"")
        text = self.read_all(handle)
        self.call("drop-processes", handle)
        return text

    def read_all(self, handle: int, stream: str = "read-stdout") -> str:
        """Read to the end of a stream."""
        pieces = []
        while piece := self.call(stream, handle, 65_536).value:
            pieces.append(piece)
        return b"".join(pieces).decode()

    def line(self, handle: int) -> str:
        """Read one line, byte by byte."""
        found = b""
        while not found.endswith(b"\n"):
            piece = self.call("read-stdout", handle, 1).value
            assert piece, found
            found += piece
        return found.decode().strip()

    def close(self) -> None:
        """End the instance."""
        self.instance.close()


def refusal(answer: Any) -> tuple[str, str]:
    """Return case and text of an error."""
    assert isinstance(answer, Err), answer
    return answer.value.case, answer.value.payload


def await_end(pid: int) -> bool:
    """Wait until a process is gone or a zombie; return whether it is."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], PATIENCE)[0])
    finally:
        os.close(handle)


def await_true(wanted: Callable[[], object]) -> bool:
    """Wait until something is true that nothing announces."""
    limit = time.monotonic() + PATIENCE
    while not wanted():
        if time.monotonic() > limit:
            return False
        select.select([], [], [], 0.002)
    return True


def status_of(pid: int) -> dict[str, str]:
    """Return what the system says about a process; empty when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
