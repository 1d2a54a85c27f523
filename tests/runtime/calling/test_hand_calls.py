"""A call by hand that traps is the caller's business; and what only the host calls, nobody calls by accident."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from airssys_tui.api.commands import MarkStable, SaveState
from airssys_tui.api.views.components import NoteKind
from airssys_tui.api.views.runtime import CallReport
from airssys_tui.core.description import HOST_CALLS, is_host_call
from airssys_tui.core.errors import UsageError
from airssys_tui.core.lifecycle import RecoveryKind, State
from airssys_tui.core.traps import GuestTrap, TrapKind
from tests.support.components import HEALTH, LIFECYCLE, STATE, Crafted
from tests.support.probation import ONE, QUICK, TWO
from tests.support.world import PATIENCE, World

TIGHT = QUICK + "max_restarts = 1\n[deployment]\ntraps = 0\n"
SCARCE = '[resources]\nfuel_per_call = 100_000\ndeadline = "60s"\n'
ENDLESS = '[resources]\nfuel_per_call = "unlimited"\ndeadline = "100ms"\n'
CONFIG = [
    {
        "id": {"namespace": "", "name": "c"},
        "version": {"major": 0, "minor": 0, "patch": 0, "pre-release": None, "build": None},
        "entries": [],
    }
]


def by_hand(world: World, export: str, *arguments: Any, force: bool = False) -> CallReport:
    said = msgspec.json.encode(arguments).decode()
    return world.runtime.call("c", export, said, force=force).result(PATIENCE)


def trap_by_hand(world: World, export: str = "trap") -> GuestTrap:
    with pytest.raises(GuestTrap) as trapped:
        by_hand(world, export)
    return trapped.value


def is_replaced(world: World, times: int) -> None:
    world.wait_for(lambda _: len(world.events("c", "started")) >= times)
    world.wait_row("c", lambda row: row.state is State.RUNNING)


@pytest.mark.parametrize(
    ("export", "manifest", "kind"),
    [
        ("trap", TIGHT, TrapKind.UNREACHABLE),
        ("spin", TIGHT + SCARCE, TrapKind.OUT_OF_FUEL),
        ("spin", TIGHT + ENDLESS, TrapKind.DEADLINE),
    ],
    ids=["unreachable", "out of fuel", "deadline"],
)
def test_traps_by_hand_use_up_no_restarts(world: World, export: str, manifest: str, kind: TrapKind) -> None:
    world.put("c", ONE, manifest)
    world.open()
    for number in range(1, 5):
        assert trap_by_hand(world, export).trap.kind is kind
        is_replaced(world, number)
    row = world.wait_row("c", lambda row: row.meters.hand_traps == 4 and row.state is State.RUNNING)
    assert (row.restarts, row.recovery.kind, row.quarantined) == (0, RecoveryKind.NONE, ())
    assert (row.note.kind, row.meters.errors) == (NoteKind.NONE, 0)
    assert world.call("c", "add", 1) == 1


def test_they_use_up_nothing_of_what_a_program_has_left(world: World) -> None:
    world.put("c", ONE, TIGHT.replace("traps = 0", 'traps = 9\nprobation = "0s"'))
    world.open()
    for number in range(1, 4):
        trap_by_hand(world)
        is_replaced(world, number)
    assert isinstance(world.runtime.invoke("c", "trap").exception(PATIENCE), GuestTrap)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert isinstance(world.runtime.invoke("c", "trap").exception(PATIENCE), GuestTrap)
    row = world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    assert (row.restarts, row.meters.errors, row.meters.hand_traps) == (1, 2, 3)


def test_those_who_are_served_wait_and_lose_nothing(world: World) -> None:
    world.put("c", ONE, TIGHT)
    world.open()
    waiting = []
    for number in range(1, 4):
        waiting += [world.runtime.invoke("c", "add", 1) for _ in range(20)]
        trap_by_hand(world)
        waiting += [world.runtime.invoke("c", "add", 1) for _ in range(20)]
        is_replaced(world, number)
    assert all(call.result(PATIENCE) >= 1 for call in waiting)
    assert world.row("c").restarts == 0


def test_a_probation_is_not_charged(world: World) -> None:
    world.put("c", ONE, TIGHT, version="1.0.0")
    world.open()
    world.do(MarkStable("c", 1))
    world.install("c", TWO, TIGHT, version="2.0.0")
    for number in range(1, 4):
        trap_by_hand(world)
        is_replaced(world, number)
    row = world.row("c")
    assert (row.revision, row.quarantined) == (2, ())
    assert world.runtime.probe.component("c").proof.clean, "it is no fault of the revision"
    assert isinstance(world.runtime.invoke("c", "trap").exception(PATIENCE), GuestTrap)
    world.wait_row("c", lambda row: row.revision == 3 and row.quarantined == (2,))


PROVEN = '[deployment]\nstable_after = 3\nprobation = "0s"\n'


@pytest.mark.parametrize(
    ("sequence", "stable"),
    [
        ("ttttttt", False),
        ("gtgtgtgtg", False),
        ("ggtggtgg", False),
        ("tttggg", True),
        ("ggtggg", True),
    ],
)
def test_calls_by_hand_prove_nothing_while_some_of_them_trap(world: World, sequence: str, stable: bool) -> None:
    world.put("c", ONE, QUICK + PROVEN)
    world.open()
    for number, letter in enumerate(sequence):
        if letter == "g":
            by_hand(world, "get")
        else:
            trap_by_hand(world)
            is_replaced(world, sequence[: number + 1].count("t"))
    component = world.runtime.probe.component("c")
    assert component.actor.costs.served(1) == len(sequence) - 1 - sequence.rfind("t")
    if stable:
        world.wait_row("c", lambda row: row.stable)
    else:
        assert not world.row("c").stable
    assert (world.row("c").restarts, component.proof.faults) == (0, 0), "nor are they faults"


def test_what_a_trap_by_hand_took_back_stays_so_over_a_restart_of_the_runtime(world: World) -> None:
    world.put("c", ONE, QUICK + PROVEN)
    world.open()
    by_hand(world, "get")
    by_hand(world, "get")
    world.reopen()
    assert world.runtime.probe.component("c").actor.costs.served(1) == 2
    trap_by_hand(world)
    is_replaced(world, 1)
    world.reopen()
    assert world.runtime.probe.component("c").actor.costs.served(1) == 0
    by_hand(world, "get")
    assert not world.row("c").stable


def test_the_event_says_whose_call_it_was(world: World) -> None:
    world.put("c", ONE, TIGHT)
    world.open()
    trap_by_hand(world)
    assert world.wait_event("c", "trapped").text.startswith("trap in r1, in a call by hand: ")
    is_replaced(world, 1)
    assert "in a call by hand" in world.told("c", "started")
    world.runtime.invoke("c", "trap").exception(PATIENCE)
    assert world.wait_event("c", "trapped", 2).text.startswith("trap in r1: ")


def test_a_temporary_component_gets_another_instance_too(world: World) -> None:
    world.put("c", ONE, '[supervision]\nrestart = "temporary"\n')
    world.open()
    trap_by_hand(world)
    is_replaced(world, 1)
    assert world.call("c", "add", 1) == 1


def test_a_call_by_hand_that_only_fails_leaves_no_mark_on_the_next_trap(world: World) -> None:
    world.put("c", ONE, TIGHT.replace("traps = 0", "traps = 9"))
    world.open()
    with pytest.raises(Exception, match="expected"):
        by_hand(world, "add", "no number")
    by_hand(world, "add", 1)
    world.runtime.invoke("c", "trap").exception(PATIENCE)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert world.row("c").meters.hand_traps == 0


def test_an_instance_that_cannot_be_replaced_is_the_components_own_fault(world: World) -> None:
    world.put("c", Crafted(load="trap"), TIGHT.replace("max_restarts = 1", "max_restarts = 0"))
    world.open()
    world.call("c", "add", 1)
    world.do(SaveState("c"))
    trap_by_hand(world)
    row = world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    assert "0 restarts within 60 s are used up" in row.note.text


HOSTS = [
    (f"{LIFECYCLE}#init", CONFIG),
    (f"{LIFECYCLE}#shutdown", []),
    (f"{STATE}#save", []),
    (f"{STATE}#load", [{"binary": [0] * 8}, CONFIG[0]["version"]]),
    ("shutdown", []),
    ("lifecycle#init", CONFIG),
]


@pytest.mark.parametrize(("export", "arguments"), HOSTS, ids=[export for export, _ in HOSTS])
def test_what_only_the_host_calls_is_called_by_force_only(world: World, export: str, arguments: list[Any]) -> None:
    world.put("c", ONE, TIGHT)
    world.open()
    world.call("c", "add", 5)
    with pytest.raises(UsageError, match="is not called by hand") as refused:
        by_hand(world, export, *arguments)
    assert "--force" in refused.value.remedy
    assert world.call("c", "get") == 5, "the guest was not entered"
    by_hand(world, export, *arguments, force=True)


def test_the_other_exports_of_the_contract_are_called_freely(world: World) -> None:
    world.put("c", ONE)
    world.open()
    assert "healthy" in by_hand(world, f"{HEALTH}#check").result
    assert by_hand(world, f"{STATE}#schema").result == '"crafted/1"'


@pytest.mark.parametrize("version", ["@1.0.0", "@1.4.2", "@2.0.0-rc.1", ""])
def test_they_are_known_in_each_version_and_nothing_else_is(version: str) -> None:
    for interface, functions in HOST_CALLS.items():
        for function in functions:
            assert is_host_call(f"{interface}{version}#{function}")
    for other in (
        "init",
        "load",
        f"acme:shop/lifecycle{version}#init",
        f"airssys:core-component/state{version}#schema",
    ):
        assert not is_host_call(other)


def test_a_check_of_them_runs_in_an_instance_of_its_own(world: World) -> None:
    world.put("c", ONE)
    world.open()
    kept = world.runtime.save_check("c", "saves", f"{STATE}#save", "[]").result(PATIENCE)
    assert "ok" in kept.result
