"""Both ways in which a revision takes over, held to one contract: nothing is lost, nothing stays behind."""

from __future__ import annotations

import gc
from collections.abc import Callable
from concurrent.futures import wait
from typing import Any

import pytest

from airssys_tui.api.commands import Restart, Rollback, Start, Stop
from airssys_tui.core.errors import RollbackRefused
from airssys_tui.core.lifecycle import State
from airssys_tui.core.revision import Outcome, StatePolicy
from airssys_tui.engine.instance import Instance
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.deploying.rehearsal import Rehearsal
from tests.support.callers import Callers
from tests.support.command_line import eventually
from tests.support.components import ALL, STATE, Crafted
from tests.support.world import World

STRATEGIES = ["blue-green", "stop-start"]
ENDLESS = '[resources]\ndeadline = "60s"\nfuel_per_call = "unlimited"\n'


def deployment(strategy: str, more: str = "") -> str:
    return f'[supervision]\nbackoff = {{initial = "1ms"}}\n[deployment]\nstrategy = "{strategy}"\n{more}'


IN_TURN = deployment("stop-start")


@pytest.fixture(params=STRATEGIES)
def strategy(request: pytest.FixtureRequest) -> str:
    """Give each strategy in turn."""
    return str(request.param)


def live(world: World) -> int:
    pool = world.runtime.probe.floor.engine.pool
    assert pool is not None
    return pool.live


def counted(kind: type) -> int:
    gc.collect()
    return sum(isinstance(thing, kind) for thing in gc.get_objects())


# --- one contract ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["reload", "rollback", "restart", "refused"])
def test_swaps_under_four_callers_lose_nothing(world: World, strategy: str, what: str) -> None:
    manifest = deployment(strategy)
    world.put("c", Crafted(salt="0"), manifest)
    world.open()
    world.install("c", Crafted(salt="1"), manifest)
    swaps: dict[str, Callable[[int], object]] = {
        "reload": lambda number: world.install("c", Crafted(salt=f"{number + 2}"), manifest),
        "rollback": lambda number: world.do(Rollback("c", to=1 + number % 2)),
        "restart": lambda _: world.do(Restart("c")),
        "refused": lambda number: world.install("c", Crafted(load="error", salt=f"{number}"), manifest),
    }
    callers = Callers(world, "c", "add")
    try:
        for number in range(8):
            swaps[what](number)
            callers.everyone_moves()
    finally:
        acknowledged = callers.end()
    assert world.call("c", "get") == acknowledged
    row = world.row("c")
    assert (row.state, row.restarts, row.meters.dropped) == (State.RUNNING, 0, 0)
    world.reopen()
    assert world.call("c", "get") == acknowledged


@pytest.mark.parametrize(
    "bad",
    [
        Crafted(start="(unreachable)"),
        Crafted(init="error"),
        Crafted(init="trap"),
        Crafted(load="error"),
        Crafted(load="trap"),
        Crafted(health="unhealthy"),
    ],
    ids=repr,
)
def test_a_failure_at_each_step_leaves_the_old_one_with_its_state_and_its_calls(
    world: World, strategy: str, bad: Crafted
) -> None:
    manifest = deployment(strategy)
    world.put("c", Crafted(), manifest)
    world.open()
    callers = Callers(world, "c", "add")
    try:
        assert world.install("c", bad, manifest).revision == 1
        callers.everyone_moves()
    finally:
        acknowledged = callers.end()
    row = world.row("c")
    assert (row.state, row.restarts, row.note.kind) == (State.RUNNING, 0, "refused")
    assert world.outcomes("c") == {1: Outcome.ACTIVE, 2: Outcome.FAILED}
    assert world.call("c", "get") == acknowledged


@pytest.mark.parametrize(("policy", "count"), [(StatePolicy.KEEP, 7), (StatePolicy.RESTORE, 5), (StatePolicy.FRESH, 0)])
def test_what_becomes_of_the_state_and_that_it_survives_a_trap(
    world: World, strategy: str, policy: StatePolicy, count: int
) -> None:
    manifest = deployment(strategy)
    world.put("c", Crafted(), manifest)
    world.open()
    world.call("c", "add", 5)
    world.install("c", Crafted(salt="2"), manifest)
    world.call("c", "add", 2)
    world.do(Rollback("c", state=policy))
    assert world.call("c", "get") == count
    world.runtime.invoke("c", "trap").exception(30)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert world.call("c", "get") == count


def test_a_failing_revision_is_gone_back_from(world: World, strategy: str) -> None:
    manifest = deployment(strategy, "traps = 0\nstable_after = 1\n")
    world.put("c", Crafted(), manifest)
    world.open()
    world.call("c", "add", 5)
    world.install("c", Crafted(salt="2"), manifest)
    world.runtime.invoke("c", "trap").exception(30)
    row = world.wait_row("c", lambda row: row.revision == 3 and row.state is State.RUNNING)
    assert row.quarantined == (2,)
    assert world.call("c", "get") == 5


@pytest.mark.timeout(240)
def test_two_hundred_swaps_leave_nothing_behind(world: World, strategy: str) -> None:
    manifest = deployment(strategy)
    world.put("c", Crafted(salt="0"), manifest)
    world.open()
    world.install("c", Crafted(salt="1"), manifest)
    world.wait_for(lambda _: live(world) == 1)
    before = counted(Serving), counted(Instance)
    for number in range(200):
        world.do(Rollback("c", to=1 + number))
    world.wait_for(lambda _: live(world) == 1)
    # What was retired last may be held by its worker for a moment.
    eventually(lambda: counted(Serving) <= before[0] and counted(Instance) <= before[1])


def test_a_stopped_component_is_updated_without_being_started(world: World, strategy: str) -> None:
    manifest = deployment(strategy)
    world.put("c", Crafted(), manifest)
    world.open()
    world.call("c", "add", 5)
    world.do(Stop("c"))
    row = world.install("c", Crafted(salt="2"), manifest)
    assert (row.state, row.revision) == (State.STOPPED, 2)
    world.do(Start("c"))
    assert world.call("c", "get") == 5


# --- what only one of them promises ---------------------------------------------------------------------------------


@pytest.mark.parametrize("exports", [ALL, ALL - {STATE}], ids=["stateful", "stateless"])
def test_stop_start_never_has_two_instances(
    world: World, monkeypatch: pytest.MonkeyPatch, exports: frozenset[str]
) -> None:
    alive: list[int] = []
    instantiate = Rehearsal.instantiate

    async def watched(self: Rehearsal, *args: Any) -> Serving:
        alive.append(live(world))
        return await instantiate(self, *args)

    world.put("c", Crafted(exports=exports), IN_TURN)
    world.open()
    monkeypatch.setattr(Rehearsal, "instantiate", watched)
    world.install("c", Crafted(exports=exports, salt="2"), IN_TURN)
    world.do(Restart("c"))
    world.do(Rollback("c", state=StatePolicy.FRESH))
    world.install("c", Crafted(exports=exports, init="error"), IN_TURN)
    assert alive == [0, 0, 0, 0, 0]
    assert world.call("c", "add", 1) == 1
    assert live(world) == 1


def test_either_manifest_can_ask_for_it(world: World) -> None:
    world.put("c", Crafted(), IN_TURN)
    world.open()
    world.install("c", Crafted(salt="2"), deployment("blue-green"))
    assert "the old instance goes first" in world.told("c", "rehearsed")
    world.install("c", Crafted(salt="3"), deployment("blue-green"))
    assert "passed every gate" in world.told("c", "rehearsed")
    world.install("c", Crafted(salt="4"), IN_TURN)
    assert "the old instance goes first" in world.told("c", "rehearsed")


def test_what_the_gates_without_an_instance_refuse_takes_nothing_down(world: World) -> None:
    world.put("c", Crafted(), IN_TURN)
    world.open()
    serving = world.runtime.probe.component("c").actor.serving
    world.install("c", Crafted(exports=ALL - {"get"}), IN_TURN)
    assert "refused at compatibility" in world.row("c").note.text
    assert world.runtime.probe.component("c").actor.serving is serving


def test_a_newer_change_cancels_the_new_one_while_the_old_one_is_down(world: World) -> None:
    world.put("c", Crafted(), IN_TURN)
    world.open()
    world.call("c", "add", 5)
    world.put("c", Crafted(init="spin"), ENDLESS + IN_TURN)
    first = world.notice_later("c")
    world.wait_for(lambda _: world.runtime.probe.component("c").actor.serving is None)
    waiting = world.runtime.invoke("c", "add", 1)
    world.put("c", Crafted(salt="3"), IN_TURN)
    wait([first, world.notice_later("c")], 30)
    assert waiting.result(30) == 6
    assert world.wait_row("c", lambda row: row.revision == 3).state is State.RUNNING
    assert world.call("c", "get") == 6


def test_an_old_one_that_does_not_come_back_is_left_to_supervision(world: World) -> None:
    # It cannot load what it saves, which shows only when it has gone.
    world.put("c", Crafted(load="error"), IN_TURN)
    world.open()
    world.call("c", "add", 5)
    world.install("c", Crafted(init="error"), IN_TURN)
    assert "the old revision could not be started again" in world.told("c", "failed")
    world.wait_row("c", lambda row: row.restarts >= 1 and row.state is State.RUNNING)
    assert world.row("c").revision == 1


def test_a_call_that_does_not_end_refuses_the_swap_and_goes_on(world: World) -> None:
    manifest = ENDLESS + '[supervision]\nshutdown = "50ms"\n[deployment]\nstrategy = "stop-start"\n'
    world.put("c", Crafted(), manifest)
    world.open()
    spinning = world.runtime.invoke("c", "spin")
    world.wait_for(lambda snapshot: snapshot.busy)
    world.install("c", Crafted(salt="2"), manifest)
    assert "refused at drain: a call is still running after 50ms" in world.row("c").note.text
    assert not spinning.done()
    world.do(Stop("c"))
    assert spinning.exception(30) is not None


def test_a_state_that_cannot_be_saved_takes_nothing_down(world: World) -> None:
    world.put("c", Crafted(save="error"), IN_TURN)
    world.open()
    world.call("c", "add", 5)
    world.install("c", Crafted(salt="2"), IN_TURN)
    assert "refused at state save" in world.row("c").note.text
    assert world.call("c", "get") == 5
    with pytest.raises(RollbackRefused):
        world.do(Rollback("c"))
    assert world.runtime.submit(Restart("c")).exception(30) is not None
    assert world.call("c", "get") == 5
