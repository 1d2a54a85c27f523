"""What happens when an instance traps or reports that it is unhealthy, and what callers notice of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from airssys_tui.api.commands import Reload, Restart, Start, Stop
from airssys_tui.api.views.components import NoteKind
from airssys_tui.core.errors import CallDropped, GateRefusal, MailboxFull, NotServing, TransitionError
from airssys_tui.core.lifecycle import Desired, RecoveryKind, State
from airssys_tui.core.traps import GuestTrap, TrapKind
from tests.support.callers import Callers
from tests.support.components import ALL, SPIN, STATE, STATELESS, Crafted
from tests.support.gate import Gate
from tests.support.places import SAMPLES
from tests.support.world import World

QUICK = '[supervision]\nbackoff = {initial = "10ms", factor = 1.0, jitter = 0.0}\n'
ONCE = '[supervision]\nmax_restarts = 1\nbackoff = {initial = "10ms"}\n'
SLOW = '[supervision]\nbackoff = {initial = "30s", max = "30s"}\n'
LONG = '[resources]\ndeadline = "60s"\nfuel_per_call = "unlimited"\n'

TRAPS = {
    "unreachable": TrapKind.UNREACHABLE,
    "out-of-bounds": TrapKind.OUT_OF_BOUNDS,
    "stack-overflow": TrapKind.STACK_OVERFLOW,
    "divide-by-zero": TrapKind.INTEGER,
    "integer-overflow": TrapKind.INTEGER,
    "bad-conversion": TrapKind.INTEGER,
    "indirect-null": TrapKind.INDIRECT_CALL,
    "indirect-signature": TrapKind.INDIRECT_CALL,
    "endless-loop": TrapKind.OUT_OF_FUEL,
}


@pytest.fixture
def serving(world: World) -> Callable[..., World]:
    """Give a way to have a component `c` serve."""

    def serve(component: Crafted | Path | None = None, manifest: str = QUICK) -> World:
        world.put("c", component or Crafted(), manifest)
        world.open()
        return world

    return serve


def trap(world: World, export: str = "trap") -> GuestTrap:
    error = world.runtime.invoke("c", export).exception(30)
    assert isinstance(error, GuestTrap)
    return error


def test_the_caller_gets_the_trap_and_the_component_a_new_instance(serving: Callable[..., World]) -> None:
    world = serving()
    assert trap(world).trap.kind is TrapKind.UNREACHABLE
    row = world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert (row.revision, row.recovery.kind, row.note.kind) == (1, RecoveryKind.NONE, NoteKind.NONE)
    assert world.call("c", "add", 1) == 1
    assert [event.action for event in world.events("c") if event.kind == "supervision"] == ["trapped", "restarting"]


@pytest.mark.parametrize(("export", "kind"), TRAPS.items())
def test_each_kind_of_trap_is_named_and_survived(world: World, export: str, kind: TrapKind) -> None:
    world.put("crasher", SAMPLES / "crasher")
    world.open()
    error = world.runtime.invoke("crasher", export).exception(30)
    assert isinstance(error, GuestTrap)
    assert error.trap.kind is kind
    world.wait_row("crasher", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert world.call("crasher", "ok") == 42


def test_a_restart_brings_the_last_saved_state(serving: Callable[..., World]) -> None:
    world = serving()
    world.call("c", "add", 5)
    world.do(Restart("c"))
    world.call("c", "add", 2)
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert world.call("c", "get") == 5, "what came after the last snapshot is lost by a trap"
    assert world.row("c").state_bytes == 8


def test_without_restore_state_it_begins_anew(serving: Callable[..., World]) -> None:
    world = serving(manifest=QUICK + "restore_state = false\n")
    world.call("c", "add", 5)
    world.do(Stop("c"))
    world.do(Start("c"))
    assert world.call("c", "get") == 0


def test_a_state_that_cannot_be_loaded_is_tried_once(serving: Callable[..., World]) -> None:
    world = serving(Crafted(load="trap"))
    world.call("c", "add", 5)
    world.do(Stop("c"))
    with pytest.raises(GateRefusal, match="its last state could not be loaded"):
        world.do(Start("c"))
    assert world.row("c").state is State.FAILED
    world.do(Start("c"))
    assert world.call("c", "get") == 0, "what it failed to load is not given to it again"


def test_waits_grow_and_then_it_is_given_up_for_all_to_see(serving: Callable[..., World]) -> None:
    world = serving(manifest='[supervision]\nmax_restarts = 2\nbackoff = {initial = "10ms", jitter = 0.0}\n')
    for restarts in (1, 2):
        trap(world)
        world.wait_row("c", lambda row, restarts=restarts: row.restarts == restarts and row.state is State.RUNNING)
    trap(world)
    row = world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    assert (row.state, row.health, row.desired) == (State.FAILED, "unhealthy", Desired.RUNNING)
    assert row.note.kind is NoteKind.TROUBLE
    assert "unreachable" in row.note.text
    assert "2 restarts within 60 s are used up" in row.note.text
    assert [event.text.split(" (")[0] for event in world.events("c", "restarting")] == [
        "restarting in 10ms",
        "restarting in 20ms",
    ]
    with pytest.raises(NotServing):
        world.runtime.invoke("c", "get")


def test_the_operators_start_gives_a_new_budget(serving: Callable[..., World]) -> None:
    world = serving(manifest=ONCE)
    for budget in (1, 2):
        trap(world)
        world.wait_row("c", lambda row, budget=budget: row.restarts == budget and row.state is State.RUNNING)
        trap(world)
        world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
        world.do(Start("c"))
    assert world.call("c", "add", 1) == 1


def test_a_good_release_revives_one_that_was_given_up(serving: Callable[..., World]) -> None:
    world = serving(manifest="[supervision]\nmax_restarts = 0\n")
    trap(world)
    world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    row = world.install("c", Crafted(salt="2"), QUICK)
    assert (row.state, row.recovery.kind, row.note.kind) == (State.RUNNING, RecoveryKind.NONE, NoteKind.NONE)
    assert world.call("c", "get") == 0


@pytest.mark.parametrize("policy", ["temporary", "transient"])
def test_the_restart_policy_decides(serving: Callable[..., World], policy: str) -> None:
    world = serving(manifest=QUICK + f'restart = "{policy}"\n')
    trap(world)
    if policy == "temporary":
        row = world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
        assert "restart = temporary" in row.note.text
    else:
        world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)


def test_waiting_calls_survive_a_restart(serving: Callable[..., World]) -> None:
    world = serving()
    gate = Gate(world, "c")
    trapping = world.runtime.invoke("c", "trap")
    waiting = [world.runtime.invoke("c", "add", 1) for _ in range(5)]
    gate.open()
    assert isinstance(trapping.exception(30), GuestTrap)
    assert [call.result(30) for call in waiting] == [1, 2, 3, 4, 5]


def test_calls_made_during_the_backoff_wait_for_the_next_instance(serving: Callable[..., World]) -> None:
    world = serving(manifest='[supervision]\nbackoff = {initial = "150ms"}\n')
    trap(world)
    world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.BACKOFF)
    assert world.call("c", "add", 3) == 3


def test_waiting_calls_are_dropped_when_it_is_given_up(serving: Callable[..., World]) -> None:
    world = serving(manifest="[supervision]\nmax_restarts = 0\n")
    gate = Gate(world, "c")
    world.runtime.invoke("c", "trap")
    waiting = [world.runtime.invoke("c", "get") for _ in range(3)]
    gate.open()
    assert all(isinstance(call.exception(30), CallDropped) for call in waiting)
    world.wait_row("c", lambda row: row.meters.dropped == 3)


def test_waiting_calls_are_dropped_by_a_stop(serving: Callable[..., World]) -> None:
    world = serving()
    gate = Gate(world, "c")
    waiting = [world.runtime.invoke("c", "get") for _ in range(3)]
    stopping = world.runtime.submit(Stop("c"))
    assert all(isinstance(call.exception(30), CallDropped) for call in waiting)
    gate.open()
    stopping.result(30)
    assert world.row("c").state is State.STOPPED


def test_a_full_mailbox_refuses_and_counts(serving: Callable[..., World]) -> None:
    world = serving(manifest="[resources]\nmailbox = 3\n")
    gate = Gate(world, "c")
    waiting = [world.runtime.invoke("c", "add", 1) for _ in range(3)]
    for _ in range(2):
        with pytest.raises(MailboxFull) as full:
            world.runtime.invoke("c", "add", 1)
    assert full.value.retryable
    gate.open()
    assert [call.result(30) for call in waiting] == [1, 2, 3]
    world.wait_row("c", lambda row: row.meters.dropped == 2 and row.meters.queue == 0)


def test_a_full_mailbox_does_not_refuse_an_update(serving: Callable[..., World]) -> None:
    world = serving(manifest="[resources]\nmailbox = 2\n")
    gate = Gate(world, "c")
    waiting = [world.runtime.invoke("c", "add", 1) for _ in range(2)]
    world.put("c", Crafted(salt="2"), "[resources]\nmailbox = 2\n")
    following = world.notice_later("c")
    world.wait_row("c", lambda row: row.candidate == 2)
    gate.open()
    following.result(30)
    assert [call.result(30) for call in waiting] == [1, 2]
    assert world.wait_row("c", lambda row: row.revision == 2).note.kind is NoteKind.NONE
    assert world.call("c", "get") == 2


def test_an_update_does_not_wait_for_an_instance_that_trapped_under_it(serving: Callable[..., World]) -> None:
    world = serving(manifest=SLOW)
    world.call("c", "add", 4)
    world.do(Restart("c"))
    gate = Gate(world, "c")
    world.put("c", Crafted(salt="2"), SLOW)
    world.runtime.invoke("c", "trap")
    following = world.notice_later("c")
    world.wait_row("c", lambda row: row.candidate == 2)
    gate.open()
    following.result(30)
    assert world.wait_row("c", lambda row: row.revision == 2 and row.state is State.RUNNING)
    assert world.call("c", "get") == 4


def test_a_health_that_is_bad_in_a_row_restarts_with_state_and_queue(serving: Callable[..., World]) -> None:
    manifest = QUICK + '[health]\ninterval = "100ms"\nfailures = 3\n'
    world = serving(Crafted(health="unhealthy", sick_after=2), manifest)
    world.call("c", "add", 6)
    world.wait_row("c", lambda row: row.restarts >= 1 and row.state is State.RUNNING)
    assert "unhealthy in a row" in world.events("c", "started")[-1].text
    assert world.call("c", "get") == 6


def test_degraded_warns_and_nothing_else(serving: Callable[..., World]) -> None:
    manifest = QUICK + '[health]\ninterval = "100ms"\nfailures = 1\n'
    world = serving(Crafted(health="degraded", sick_after=1), manifest)
    world.wait_row("c", lambda row: row.health == "degraded")
    assert world.told("c", "degraded") == "degraded"
    assert world.events("c", "restarting") == []


@pytest.mark.parametrize("health", ["trap", "spin"])
def test_a_check_that_does_not_answer_is_a_trap(serving: Callable[..., World], health: str) -> None:
    manifest = ONCE + LONG + '[health]\ninterval = "100ms"\ntimeout = "50ms"\n'
    world = serving(Crafted(health=health, sick_after=1), manifest)
    world.wait_event("c", "trapped")
    world.wait_row("c", lambda row: row.restarts >= 1)


def test_checks_go_before_the_calls_that_wait_and_one_at_a_time(serving: Callable[..., World]) -> None:
    manifest = LONG + '[health]\ninterval = "100ms"\nfailures = 1\n[deployment]\nprobation = "0s"\n'
    world = serving(Crafted(health="degraded", sick_after=1), manifest)
    gate = Gate(world, "c")
    waiting = [world.runtime.invoke("c", "add", 1) for _ in range(50)]
    component = world.runtime.probe.component("c")
    world.wait_for(lambda _: component.supervision.checking)
    due = component.supervision.check_at
    world.wait_for(lambda _: time.monotonic() > due + 0.25)
    assert component.actor.queued <= 51, "one question waits, however long the call takes"
    gate.open()
    assert [call.result(30) for call in waiting] == list(range(1, 51))
    world.wait_row("c", lambda row: row.health == "degraded")


def test_checks_hold_under_load(serving: Callable[..., World]) -> None:
    manifest = QUICK + '[health]\ninterval = "100ms"\nfailures = 2\n[deployment]\nprobation = "0s"\n'
    world = serving(Crafted(health="unhealthy", sick_after=3), manifest)
    callers = Callers(world, "c", "add")
    try:
        world.wait_row("c", lambda row: row.restarts >= 1 and row.state is State.RUNNING)
        callers.everyone_moves()
    finally:
        acknowledged = callers.end()
    assert world.call("c", "get") == acknowledged


def test_a_check_that_hangs_is_over_after_its_timeout_not_the_calls(serving: Callable[..., World]) -> None:
    manifest = QUICK + LONG + '[health]\ninterval = "100ms"\ntimeout = "20ms"\n[deployment]\nprobation = "0s"\n'
    world = serving(Crafted(health="spin", sick_after=1), manifest)
    assert "deadline" in world.wait_event("c", "trapped").text
    world.wait_row("c", lambda row: row.restarts >= 1 and row.state is State.RUNNING)
    assert world.call("c", "add", 1) >= 1


def test_waiting_for_a_restart_refills_no_budget(serving: Callable[..., World]) -> None:
    waits = 'backoff = {initial = "600ms", factor = 1.0, jitter = 0.0}'
    world = serving(manifest=f'[supervision]\nmax_restarts = 2\nwindow = "500ms"\n{waits}\n')
    for restarts in (1, 2):
        trap(world)
        world.wait_row("c", lambda row, restarts=restarts: row.restarts == restarts and row.state is State.RUNNING)
    trap(world)
    row = world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    assert "2 restarts within 0.5 s are used up" in row.note.text


def test_healthy_uptime_refills_the_budget(serving: Callable[..., World]) -> None:
    world = serving(manifest=QUICK + 'max_restarts = 1\nwindow = "100ms"\n[deployment]\nprobation = "0s"\n')
    component = world.runtime.probe.component("c")
    for restarts in (1, 2, 3):
        trap(world)
        world.wait_row("c", lambda row, restarts=restarts: row.restarts == restarts and row.state is State.RUNNING)
        since = component.life.uptime
        world.wait_for(lambda _, since=since: component.life.uptime > since + 0.15)
    assert world.row("c").state is State.RUNNING


def test_what_was_given_up_is_tried_again_by_the_next_runtime(serving: Callable[..., World]) -> None:
    world = serving(manifest='[supervision]\nmax_restarts = 0\n[deployment]\nprobation = "0s"\n')
    trap(world)
    world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    world.reopen()
    row = world.row("c")
    assert (row.state, row.recovery.kind) == (State.RUNNING, RecoveryKind.NONE)


def test_a_restart_keeps_the_state_and_the_calls(serving: Callable[..., World]) -> None:
    world = serving()
    world.call("c", "add", 5)
    done = world.do(Restart("c"))
    assert done.text.startswith("c restarted (0 calls queued)")
    row = world.row("c")
    assert (row.state, row.revision, row.restarts) == (State.RUNNING, 1, 0)
    assert world.call("c", "get") == 5


def test_a_restart_of_one_whose_call_does_not_end_is_bounded(serving: Callable[..., World]) -> None:
    world = serving(manifest=LONG + '[supervision]\nshutdown = "50ms"\n')
    world.call("c", "add", 5)
    world.do(Restart("c"))
    spinning = world.runtime.invoke("c", "spin")
    waiting = world.runtime.invoke("c", "add", 1)
    world.wait_for(lambda snapshot: snapshot.busy)
    world.do(Restart("c"))
    assert isinstance(spinning.exception(30), GuestTrap)
    assert waiting.result(30) == 6, "the last saved state, and the call that waited"


def test_a_restart_without_state_loses_it(serving: Callable[..., World]) -> None:
    world = serving(Crafted(exports=ALL - {STATE}))
    world.call("c", "add", 5)
    world.do(Restart("c"))
    assert world.call("c", "get") == 0


def test_a_restart_of_one_that_traps_when_it_saves_ends_with_it_running(serving: Callable[..., World]) -> None:
    world = serving(Crafted(save="trap"))
    world.runtime.submit(Restart("c")).exception(30)
    world.wait_row("c", lambda row: row.state is State.RUNNING)
    world.wait_for(lambda _: world.runtime.probe.component("c").actor.serving)
    assert world.call("c", "add", 1) == 1


def test_stop_and_start(serving: Callable[..., World]) -> None:
    world = serving()
    world.call("c", "add", 5)
    world.do(Stop("c"))
    row = world.row("c")
    assert (row.state, row.desired, row.health) == (State.STOPPED, Desired.STOPPED, "unknown")
    with pytest.raises(NotServing) as refused:
        world.runtime.invoke("c", "get")
    assert refused.value.remedy
    with pytest.raises(TransitionError, match="already stopped"):
        world.do(Stop("c"))
    world.do(Start("c"))
    assert world.call("c", "get") == 5
    with pytest.raises(TransitionError, match="already runs"):
        world.do(Start("c"))


def test_what_is_wanted_survives_the_runtime(serving: Callable[..., World]) -> None:
    world = serving()
    world.call("c", "add", 5)
    world.do(Stop("c"))
    world.reopen()
    row = world.row("c")
    assert (row.state, row.desired, row.revision) == (State.INSTALLED, Desired.STOPPED, 1)
    world.do(Start("c"))
    world.reopen()
    assert world.row("c").state is State.RUNNING
    assert world.call("c", "get") == 5


def test_an_update_of_a_stopped_component_does_not_start_it(serving: Callable[..., World]) -> None:
    world = serving()
    world.call("c", "add", 5)
    world.do(Stop("c"))
    row = world.install("c", Crafted(salt="2"))
    assert (row.state, row.revision) == (State.STOPPED, 2)
    world.do(Start("c"))
    assert world.call("c", "get") == 5


def test_a_stop_during_the_backoff_wins(serving: Callable[..., World]) -> None:
    world = serving(manifest=SLOW)
    trap(world)
    world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.BACKOFF)
    world.do(Stop("c"))
    row = world.row("c")
    assert row.desired is Desired.STOPPED
    assert row.recovery.kind is RecoveryKind.NONE
    assert row.state in {State.STOPPED, State.FAILED}
    world.do(Start("c"))
    assert world.call("c", "get") == 0


def test_a_start_during_the_backoff_does_not_wait(serving: Callable[..., World]) -> None:
    world = serving(manifest=SLOW)
    trap(world)
    world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.BACKOFF)
    world.do(Start("c"))
    assert world.row("c").state is State.RUNNING


def test_an_update_that_is_half_done_is_cancelled_by_a_stop(serving: Callable[..., World]) -> None:
    world = serving()
    world.put("c", Crafted(init="spin"), LONG)
    world.notice_later("c")
    world.wait_row("c", lambda row: row.candidate == 2)
    world.do(Stop("c"))
    row = world.row("c")
    assert (row.state, row.revision, row.candidate) == (State.STOPPED, 1, None)


def test_a_stop_of_one_whose_call_does_not_end_is_bounded(serving: Callable[..., World]) -> None:
    world = serving(manifest=LONG + '[supervision]\nshutdown = "50ms"\n')
    spinning = world.runtime.invoke("c", "spin")
    world.wait_for(lambda snapshot: snapshot.busy)
    world.do(Stop("c"))
    error = spinning.exception(30)
    assert isinstance(error, GuestTrap)
    assert error.trap.kind is TrapKind.CANCELLED
    assert world.row("c").state is State.STOPPED
    world.do(Start("c"))
    assert world.call("c", "add", 1) == 1


def test_a_command_runs_to_its_end_and_again_when_it_is_asked(world: World) -> None:
    world.put("wasi-hello", SAMPLES / "wasi-hello")
    world.open()
    row = world.wait_row("wasi-hello", lambda row: row.state is State.STOPPED)
    assert row.kind == "command"
    assert "completed in" in row.note.text
    printed = [event.text for event in world.events("wasi-hello", "stdout")]
    assert printed
    world.do(Start("wasi-hello"))
    world.wait_event("wasi-hello", "completed", 2)
    assert [event.text for event in world.events("wasi-hello", "stdout")] == printed * 2
    world.reopen()
    assert world.row("wasi-hello").state in {State.INSTALLED, State.STOPPED}


def test_a_trap_of_one_leaves_the_others_alone(world: World) -> None:
    world.put("c", Crafted(), SLOW)
    world.put("d", Crafted(), SLOW)
    world.open()
    world.call("d", "add", 2)
    trap(world)
    world.wait_row("c", lambda row: row.state is State.FAILED)
    assert world.call("d", "get") == 2
    assert world.row("d").restarts == 0


def test_a_component_without_the_contract_is_supervised_too(serving: Callable[..., World]) -> None:
    world = serving(Crafted(exports=frozenset({"add", "get", "trap"})))
    assert world.row("c").kind == "passive"
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)


def test_a_reload_of_what_serves_is_refused(serving: Callable[..., World]) -> None:
    world = serving(Crafted(exports=STATELESS))
    with pytest.raises(TransitionError, match="already serves what is on disk"):
        world.do(Reload("c"))


def test_a_call_past_its_fuel_or_its_deadline_is_a_trap(world: World) -> None:
    world.put("fuel", Crafted(), "[resources]\nfuel_per_call = 10_000\n")
    world.put(
        "time",
        Crafted(add=SPIN.replace("(unreachable)", "")),
        '[resources]\nfuel_per_call = "unlimited"\ndeadline = "50ms"\n',
    )
    world.open()
    out_of_fuel = world.runtime.invoke("fuel", "spin").exception(30)
    too_late = world.runtime.invoke("time", "spin").exception(30)
    assert isinstance(out_of_fuel, GuestTrap)
    assert isinstance(too_late, GuestTrap)
    assert (out_of_fuel.trap.kind, too_late.trap.kind) == (TrapKind.OUT_OF_FUEL, TrapKind.DEADLINE)


def test_a_refused_reload_of_a_stopped_component_leaves_it_wanted_stopped(serving: Callable[..., World]) -> None:
    world = serving()
    world.do(Stop("c"))
    world.put("c", Crafted(init="error"))
    with pytest.raises(GateRefusal):
        world.do(Reload("c"))
    row = world.row("c")
    assert (row.state, row.desired) == (State.STOPPED, Desired.STOPPED)
    world.reopen()
    assert world.row("c").desired is Desired.STOPPED


def test_a_reload_of_a_stopped_component_starts_it(serving: Callable[..., World]) -> None:
    world = serving()
    world.call("c", "add", 4)
    world.do(Stop("c"))
    world.put("c", Crafted(salt="2"))
    world.do(Reload("c"))
    assert world.row("c").desired is Desired.RUNNING
    assert world.call("c", "get") == 4
