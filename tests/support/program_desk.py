"""An instance of the process probe with a guard by the rules, and ways to look at processes from outside."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from airssys_tui.core.limits import Limits
from airssys_tui.core.types.values import Err, Some
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.instance import Instance
from airssys_tui.host.catalogue import INTERFACES
from airssys_tui.host.doors.programs.program_door import ProgramDoor, ProgramSource
from airssys_tui.host.services.output_lines import OutputBuffer
from airssys_tui.host.wasi_context import WasiContext
from tests.support.places import FIXTURES, SAMPLES
from tests.support.rule_guard import RuleGuard
from tests.support.world import PATIENCE

ROOMY = Limits(fuel_per_call=10_000_000_000, deadline=PATIENCE)


class Owner:
    """What host functions know about the probe."""

    def __init__(self, guard: Any, source: ProgramSource) -> None:
        self.guard = guard
        self.programs = ProgramDoor(guard, source)
        self.wasi = WasiContext(OutputBuffer())

    def blocking(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


class Probes:
    """An engine, what starts programs, and the fixtures that pass everything on; shared by the tests of a module."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.source = ProgramSource()
        self._linker = self.engine.linker(INTERFACES)
        self._codes: dict[str, Code] = {}
        self._desks: list[ProgramDesk] = []

    def desk(self, guard: RuleGuard, probe: str = "process-probe", source: ProgramSource | None = None) -> ProgramDesk:
        """Make an instance of a fixture or sample."""
        if probe not in self._codes:
            folder = next(folder for folder in (FIXTURES, SAMPLES) if (folder / probe).is_dir())
            code = self._codes[probe] = self.engine.compile((folder / probe / f"{probe}.wasm").read_bytes())
            assert self._linker.problems(code.interface) == ()
        owner = Owner(guard, source or self.source)
        made = ProgramDesk(self._linker.instantiate(self._codes[probe], ROOMY, owner=owner), owner)
        self._desks.append(made)
        return made

    def end_instances(self) -> None:
        """End every instance that was made, and with it every program."""
        while self._desks:
            self._desks.pop().close()

    def close(self) -> None:
        """End everything."""
        self.end_instances()
        self.source.close()
        self.engine.close()


class ProgramDesk:
    """Calls one instance.

    Args:
        instance: The instance.
        owner: Its owner.
    """

    def __init__(self, instance: Instance, owner: Owner) -> None:
        self.instance = instance
        self.owner = owner
        self.guard: RuleGuard = owner.guard

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
