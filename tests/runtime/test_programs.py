"""Programs of components in a living system: started once they are granted, ended with whatever ends the instance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from airssys_tui.api.commands import Restart, Stop
from airssys_tui.core.capability.permission import Kind
from airssys_tui.core.capability.policy import PolicySource
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.types.values import Ok
from tests.support.places import FIXTURES
from tests.support.program_desk import await_end, refusal, status_of
from tests.support.world import World

MANIFEST = '[capabilities]\nprocess = ["spawn:sleep"]\n[resources]\ndeadline = "60s"\n'
WASM = FIXTURES / "process-probe" / "process-probe.wasm"
SLEEP = {
    "program": "sleep",
    "arguments": ["1000"],
    "environment": [],
    "working-directory": None,
    "timeout": None,
    "output": "nothing",
}


def trap(world: World) -> None:
    with pytest.raises(GuestTrap):
        world.call("probe", "trap")


def reload(world: World) -> None:
    world.install("probe", WASM.read_bytes(), f"{MANIFEST}memory = '32MiB'\n")


ENDS: dict[str, Callable[[World], object]] = {
    "stop": lambda world: world.do(Stop("probe")),
    "restart": lambda world: world.do(Restart("probe")),
    "trap": trap,
    "reload": reload,
    "removal": lambda world: world.remove("probe"),
    "close": lambda world: world.close(),
}


@pytest.fixture
def granted(world: World) -> World:
    world.put("probe", WASM.read_bytes(), MANIFEST)
    world.open()
    world.runtime.probe.system.guards.follow(PolicySource(default=(Kind.PROCESS,)))
    return world


@pytest.mark.parametrize("end", ENDS)
def test_programs_end_with_the_instance(granted: World, end: str) -> None:
    handle = granted.call("probe", "spawn", SLEEP)
    assert isinstance(handle, Ok), handle
    pid = granted.call("probe", "id", handle.value)
    assert status_of(pid)["Name"] in {"sleep", "coreutils"}
    ENDS[end](granted)
    assert await_end(pid)


def test_a_grant_that_is_revoked_holds_no_longer(granted: World) -> None:
    handle = granted.call("probe", "spawn", SLEEP).value
    granted.runtime.probe.system.guards.follow(PolicySource())
    for answer in (granted.call("probe", "wait", handle, 0), granted.call("probe", "spawn", SLEEP)):
        case, text = refusal(answer)
        assert (case, text.partition(":")[0]) == ("denied", "not-granted")
    assert "process:spawn:sleep" in granted.told("probe", "denied")


def test_a_runtime_searches_where_it_is_told(world: World, tmp_path: Path) -> None:
    tool = tmp_path / "sleep"
    tool.write_text("#!/bin/sh\nexec /bin/sleep 1000\n")
    tool.chmod(0o755)
    world.put("probe", WASM.read_bytes(), MANIFEST)
    world.open(program_path=(str(tmp_path),))
    world.runtime.probe.system.guards.follow(PolicySource(default=(Kind.PROCESS,)))
    assert isinstance(world.call("probe", "spawn", SLEEP), Ok)
    assert refusal(world.call("probe", "spawn", {**SLEEP, "program": "/usr/bin/sleep"}))[0] == "denied"
