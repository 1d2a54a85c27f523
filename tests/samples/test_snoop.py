"""The sample that tries to get at the machine: with nothing granted, and with the living guard of a runtime."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from airssys_tui.core.capability.permission import permissions_of
from airssys_tui.core.limits import Limits
from airssys_tui.core.manifest.document import parse_manifest
from airssys_tui.engine.engine import Engine
from airssys_tui.host.catalogue import INTERFACES
from airssys_tui.host.doors.filesystem.filesystem import Filesystem
from airssys_tui.host.doors.network.network_door import NetworkDoor
from airssys_tui.host.doors.programs.program_door import ProgramDoor, ProgramSource
from tests.support.guest import component_file
from tests.support.places import SAMPLES
from tests.support.rule_guard import RuleGuard
from tests.support.world import World

TRY_ALL = "airssys:snoop/attempts@1.0.0#try-all"
MANIFEST = (SAMPLES / "snoop" / "Component.toml").read_text()
FORBIDDEN = {
    "read the password hashes",
    "read a private key",
    "read the environment of the host",
    "read the memory of the host",
    "read a descriptor of the host",
    "read the memory of the machine",
    "leave a job for the scheduler",
    "set a parameter of the kernel",
    "delete the users of the machine",
    "copy the password hashes",
    "load a library into a program",
    "ask with two answers in one",
}
NOT_GRANTED = {
    "read the users of the machine",
    "read the history of a shell",
    "list the root",
    "run a shell",
    "run a shell by its path",
    "read a variable",
    "reach the metadata of a cloud",
    "reach a service of this machine",
    "reach it by a mapped address",
}
UNDECLARED = {
    "list the homes",
    "leave a library",
    "run a line for a shell",
    "run as somebody else",
    "run an interpreter",
    "run the host's own program",
    "read a secret from a variable",
    "send a secret by looking up a name",
    "ask for every program",
}
DENIED = {
    **dict.fromkeys(FORBIDDEN, "forbidden"),
    **dict.fromkeys(NOT_GRANTED, "not-granted"),
    **dict.fromkeys(UNDECLARED, "undeclared"),
}
DECLARED = tuple(str(each) for each in permissions_of(parse_manifest(MANIFEST, "Component.toml").capabilities))


@pytest.fixture(scope="module")
def linked() -> Iterator[Any]:
    engine = Engine()
    yield engine.linker(INTERFACES), engine.compile(component_file("snoop").read_bytes())
    engine.close()


def attempts(linked: Any, guard: RuleGuard) -> dict[str, tuple[str, str]]:
    """Return what came of each way: the outcome, and the reason that the host gave."""
    linker, code = linked
    source = ProgramSource()
    owner = SimpleNamespace(
        guard=guard,
        filesystem=Filesystem(guard),
        network=NetworkDoor(guard, "local/snoop", contextlib.nullcontext),
        programs=ProgramDoor(guard, source),
        blocking=contextlib.nullcontext,
        wasi=SimpleNamespace(variables={}),
    )
    with linker.instantiate(code, Limits(fuel_per_call=100_000_000, memory=2 << 20), owner=owner) as instance:
        answer = instance.call(TRY_ALL, deadline=60.0).value
    source.close()
    return {each["way"]: (each["outcome"], each["said"].partition(":")[0]) for each in answer}


def test_nothing_works_that_was_not_granted(linked: Any) -> None:
    guard = RuleGuard(*DECLARED, granted=())
    found = attempts(linked, guard)
    assert len(found) >= 30
    assert [way for way, (outcome, _) in found.items() if outcome == "allowed"] == []
    denied = {way: said for way, (outcome, said) in found.items() if outcome == "denied"}
    assert denied == DENIED
    assert sorted(each.reason for each in guard.denied) == sorted(
        reason for way, reason in denied.items() if not way.startswith("ask ")
    )


def test_what_nobody_can_be_granted_stays_denied(linked: Any) -> None:
    everything = (
        "filesystem:read:/**",
        "filesystem:write:/etc/**",
        "filesystem:write:/proc/**",
        "filesystem:delete:/etc/**",
    )
    found = attempts(linked, RuleGuard(*everything))
    forbidden = {way for way, (_, said) in found.items() if said == "forbidden"}
    assert forbidden == FORBIDDEN
    assert all(found[way][0] == "denied" for way in forbidden)


def test_every_denial_shows(world: World) -> None:
    world.put("snoop", SAMPLES / "snoop")
    world.open()
    answer = world.call("snoop", TRY_ALL)
    assert [each["way"] for each in answer if each["outcome"] == "allowed"] == []
    told = " ".join(event.text for event in world.events("snoop", "denied"))
    for what in ("filesystem", "network", "process", "environment"):
        assert what in told
