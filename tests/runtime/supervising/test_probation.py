"""Probation of new revisions: what ends it, what is gone back to, with which state, and what stays in quarantine."""

from __future__ import annotations

import pytest

from airssys_tui.api.commands import LiftQuarantine, MarkStable, Reload, Restart, Rollback, Start, Stop
from airssys_tui.api.views.components import NoteKind
from airssys_tui.core.errors import RollbackRefused, TransitionError
from airssys_tui.core.lifecycle import RecoveryKind, State
from airssys_tui.core.probation import FEWEST_CALLS
from airssys_tui.core.revision import Cause, Outcome
from airssys_tui.core.traps import GuestTrap
from tests.support.callers import Callers
from tests.support.components import ALL, STATE, Crafted
from tests.support.probation import ONE, QUICK, STRICT, THREE, TWO, fallen, trap, updated
from tests.support.world import World

LENIENT = QUICK + "[deployment]\ntraps = 2\n"
SHORT = QUICK + '[deployment]\nprobation = "200ms"\nstable_after = 3\n'
BURN = """(i32.store (i32.const 200) (i32.const 2000))
  (loop $burn (i32.store (i32.const 200) (i32.sub (i32.load (i32.const 200)) (i32.const 1)))
    (br_if $burn (i32.load (i32.const 200))))"""


def test_a_trap_past_the_budget_goes_back_to_the_last_stable_one(world: World) -> None:
    updated(world)
    assert world.row("c").probation_until is not None
    trap(world)
    row = fallen(world)
    assert (row.version, row.stable, row.restarts, row.quarantined) == ("1.0.0", True, 0, (2,))
    assert row.probation_until is None, "a rollback is not on probation"
    assert row.note.kind is NoteKind.TROUBLE
    assert row.note.text.startswith("r2 quarantined: 1 trap in ")
    assert row.note.text.endswith(" (unreachable in trap) · back on r1")
    newest, bad, _ = world.history("c")
    assert (newest.cause, newest.origin, newest.who) == (Cause.ROLLBACK, 1, "airssys")
    assert (bad.outcome, bad.stable) == (Outcome.QUARANTINED, False)
    assert "1 trap in" in bad.reason
    assert newest.note == bad.reason
    assert world.told("c", "quarantined").endswith(" · back on r1 as r3 · it goes on from the last saved state")
    assert world.call("c", "get") == 5


def test_traps_within_the_budget_are_restarted(world: World) -> None:
    updated(world, manifest=LENIENT)
    for restarts in (1, 2):
        trap(world)
        world.wait_row("c", lambda row, restarts=restarts: row.restarts == restarts and row.state is State.RUNNING)
    assert world.row("c").revision == 2
    trap(world)
    assert fallen(world).note.text.startswith("r2 quarantined: 3 traps in ")


def test_a_trap_that_the_previous_revision_had_too_does_not_count(world: World) -> None:
    world.put("c", ONE, STRICT)
    world.open()
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    world.do(MarkStable("c", 1))
    world.install("c", TWO, STRICT)
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 2 and row.state is State.RUNNING)
    assert world.row("c").revision == 2
    trap(world, "spin")
    assert fallen(world).note.text.endswith("(out-of-fuel in spin) · back on r1")


def test_time_without_a_fault_makes_it_stable_and_its_later_traps_its_own(world: World) -> None:
    updated(world, manifest=SHORT + "traps = 0\n")
    for _ in range(3):
        world.call("c", "get")
    row = world.wait_row("c", lambda row: row.revision == 2 and row.stable)
    assert row.probation_until is None
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert world.row("c").revision == 2
    assert world.history("c")[0].stable


def test_a_forgiven_trap_leaves_it_unstable_when_its_time_is_over(world: World) -> None:
    updated(world, manifest=SHORT)
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    for _ in range(3):
        world.call("c", "get")
    world.wait_event("c", "unproven")
    row = world.wait_row("c", lambda row: row.probation_until is None)
    assert (row.revision, row.stable, row.probation_until) == (2, False, None)


def test_an_operators_word_ends_the_probation(world: World) -> None:
    updated(world)
    world.do(MarkStable("c", 2))
    world.wait_row("c", lambda row: row.stable and row.probation_until is None)
    world.wait_for(lambda _: world.runtime.probe.component("c").proof.trial is None)
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert world.row("c").revision == 2


def test_bad_health_goes_back_with_the_state_exactly_as_it_was_acknowledged(world: World) -> None:
    manifest = QUICK + '[health]\ninterval = "100ms"\nfailures = 2\n'
    world.put("c", ONE, manifest)
    world.open()
    world.do(MarkStable("c", 1))
    callers = Callers(world, "c", "add")
    try:
        world.install("c", Crafted(health="unhealthy", sick_after=1), manifest)
        row = fallen(world)
        callers.everyone_moves()
    finally:
        acknowledged = callers.end()
    assert "unhealthy 2 times in a row" in row.note.text
    assert world.told("c", "quarantined").endswith(" · the state was kept")
    assert world.call("c", "get") == acknowledged
    assert row.restarts == 0


def test_what_supervision_gives_up_on_probation_is_gone_back_from(world: World) -> None:
    updated(world, manifest="[supervision]\nmax_restarts = 0\n[deployment]\ntraps = 9\n")
    trap(world)
    row = fallen(world)
    assert "0 restarts within 60 s are used up" in row.note.text
    assert world.call("c", "get") == 5


@pytest.mark.parametrize("action", ["warn", "rollback", "ignore"])
def test_costlier_calls_are_told_or_gone_back_from(world: World, action: str) -> None:
    manifest = QUICK + f'[deployment]\nregression = {{fuel = 1.5, latency = 1000, action = "{action}"}}\n'
    world.put("c", ONE, manifest)
    world.open()
    for _ in range(FEWEST_CALLS):
        world.call("c", "add", 1)
    world.install("c", Crafted(add=BURN), manifest)
    for _ in range(FEWEST_CALLS):
        world.call("c", "add", 1)
    if action == "rollback":
        assert "add takes" in fallen(world).note.text
    elif action == "warn":
        assert "the fuel" in world.wait_event("c", "costlier").text
        assert world.row("c").revision == 2
    else:
        world.do(MarkStable("c", 2))
        assert world.events("c", "costlier") == []
    assert world.call("c", "get") == 2 * FEWEST_CALLS


def test_slower_calls_are_told(world: World) -> None:
    # Tens of milliseconds a call: far past the least slowdown on a fast machine, and within the deadline on a busy one.
    resources = '[resources]\nfuel_per_call = "unlimited"\ndeadline = "30s"\n'
    manifest = QUICK + resources + '[deployment]\nprobation = "5m"\nregression = {fuel = 1000, latency = 3}\n'
    world.put("c", Crafted(add=BURN.replace("2000)", "40000)")), manifest)
    world.open()
    for _ in range(FEWEST_CALLS):
        world.call("c", "add", 1)
    world.install("c", Crafted(add=BURN.replace("2000)", "20000000)")), manifest)
    for _ in range(FEWEST_CALLS):
        world.call("c", "add", 1)
    assert "as long" in world.wait_event("c", "costlier").text
    assert world.row("c").revision == 2


def test_another_mix_of_the_same_calls_is_no_regression(world: World) -> None:
    manifest = QUICK + '[deployment]\nprobation = "200ms"\nregression = {action = "rollback", latency = 1000}\n'
    world.put("c", Crafted(add=BURN), manifest)
    world.open()
    for _ in range(FEWEST_CALLS):
        world.call("c", "get")
    world.call("c", "add", 1)
    world.install("c", Crafted(add=BURN, salt="2"), manifest)
    for _ in range(FEWEST_CALLS):
        world.call("c", "add", 1)
    world.call("c", "get")
    row = world.wait_row("c", lambda row: row.stable)
    assert row.revision == 2


def test_the_costs_of_the_previous_revision_survive_a_restart_of_the_runtime(world: World) -> None:
    manifest = QUICK + '[deployment]\nregression = {fuel = 1.5, latency = 1000, action = "rollback"}\n'
    world.put("c", ONE, manifest)
    world.open()
    for _ in range(FEWEST_CALLS):
        world.call("c", "add", 1)
    world.put("c", Crafted(add=BURN), manifest)
    world.reopen()
    assert world.row("c").revision == 2
    for _ in range(FEWEST_CALLS):
        world.call("c", "add", 1)
    assert "the fuel" in fallen(world).note.text


def test_quarantine_holds_against_the_watcher_and_a_restart(world: World) -> None:
    updated(world)
    trap(world)
    fallen(world)
    world.notice("c")
    assert world.told("c", "ignored").startswith("ignored: quarantined as r2 (1 trap in ")
    world.reopen()
    row = world.row("c")
    assert (row.revision, row.version, row.quarantined) == (3, "1.0.0", (2,))
    assert row.note.text.startswith("r2 quarantined: 1 trap in ")
    assert row.note.text.endswith(" · back on r1")
    assert world.call("c", "get") == 5


def test_a_new_digest_or_another_manifest_is_tried(world: World) -> None:
    updated(world)
    trap(world)
    fallen(world)
    assert world.install("c", THREE, STRICT, version="3.0.0").version == "3.0.0"
    world.install("c", TWO, STRICT, version="2.0.0")
    assert world.row("c").version == "3.0.0", "what failed stays in quarantine"
    assert world.install("c", TWO, LENIENT, version="2.0.0").version == "2.0.0"


def test_an_explicit_reload_lifts_it(world: World) -> None:
    updated(world)
    trap(world)
    fallen(world)
    world.do(Reload("c"))
    row = world.row("c")
    assert (row.version, row.revision, row.quarantined, row.note.kind) == ("2.0.0", 4, (), NoteKind.NONE)
    assert world.outcomes("c")[2] is Outcome.SUPERSEDED
    trap(world)
    row = fallen(world, 5)
    assert (row.version, row.quarantined) == ("1.0.0", (4,)), "it is on probation again, and goes back again"


def test_an_operator_lifts_it(world: World) -> None:
    updated(world)
    trap(world)
    fallen(world)
    with pytest.raises(RollbackRefused, match="r2 of c is quarantined"):
        world.do(Rollback("c", to=2))
    with pytest.raises(TransitionError, match="r1 of c is not in quarantine") as refused:
        world.do(LiftQuarantine("c", 1))
    assert refused.value.remedy == "in quarantine: r2"
    with pytest.raises(TransitionError, match="r2 of c is quarantined") as refused:
        world.do(MarkStable("c", 2))
    assert "release c 2" in refused.value.remedy
    assert "out of quarantine" in world.do(LiftQuarantine("c", 2)).text
    row = world.row("c")
    assert (row.revision, row.quarantined, row.note.kind) == (3, (), NoteKind.NONE)
    lifted = next(revision for revision in world.history("c") if revision.number == 2)
    assert lifted.outcome is Outcome.SUPERSEDED
    assert "quarantine lifted: by operator; it was: 1 trap in" in lifted.reason
    world.do(Rollback("c", to=2))
    assert world.row("c").version == "2.0.0"


def test_a_revision_that_cannot_save_gives_way_to_the_state_before_it(world: World) -> None:
    manifest = QUICK + '[health]\ninterval = "100ms"\nfailures = 1\n'
    updated(world, Crafted(save="error", health="unhealthy", sick_after=1), manifest)
    row = world.wait_row("c", lambda row: row.version == "1.0.0" and row.state is State.RUNNING)
    assert world.call("c", "get") == 5
    assert "the state of r1 was restored (state save: save answered internal" in world.told("c", "quarantined")
    assert row.quarantined == (2,)


def test_a_first_revision_is_supervised_and_quarantined_when_it_is_given_up(world: World) -> None:
    manifest = '[supervision]\nmax_restarts = 1\nbackoff = {initial = "1ms"}\n[deployment]\ntraps = 0\n'
    world.put("c", ONE, manifest)
    world.open()
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    trap(world)
    row = world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    assert (row.state, row.quarantined, row.revision) == (State.FAILED, (1,), 1)
    assert world.outcomes("c") == {1: Outcome.QUARANTINED}
    world.reopen()
    row = world.row("c")
    assert (row.state, row.quarantined, row.recovery.kind) == (State.FAILED, (1,), RecoveryKind.EXHAUSTED)
    assert row.note.text.startswith("r1 quarantined: ")
    world.notice("c")
    assert world.row("c").state is State.FAILED
    world.do(Start("c"))
    assert world.call("c", "add", 1) == 1
    assert world.outcomes("c") == {1: Outcome.ACTIVE}
    assert world.row("c").quarantined == ()


def test_a_first_revision_in_quarantine_gives_way_to_a_better_one(world: World) -> None:
    world.put("c", ONE, "[supervision]\nmax_restarts = 0\n")
    world.open()
    trap(world)
    world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    row = world.install("c", TWO)
    assert (row.state, row.revision, row.quarantined, row.recovery.kind) == (
        State.RUNNING,
        2,
        (1,),
        RecoveryKind.NONE,
    )


def test_a_first_revision_in_quarantine_is_reloaded_on_an_operators_word(world: World) -> None:
    world.put("c", ONE, "[supervision]\nmax_restarts = 0\n")
    world.open()
    trap(world)
    world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    world.do(Reload("c"))
    row = world.row("c")
    assert (row.state, row.revision, row.quarantined) == (State.RUNNING, 2, ())


def test_lifting_the_quarantine_of_what_stands_there_lets_it_be_started(world: World) -> None:
    world.put("c", ONE, "[supervision]\nmax_restarts = 0\n")
    world.open()
    trap(world)
    world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    world.do(LiftQuarantine("c", 1))
    assert world.outcomes("c") == {1: Outcome.ACTIVE}
    assert world.row("c").state is State.FAILED
    world.do(Start("c"))
    assert world.row("c").state is State.RUNNING


def test_a_stateless_component_goes_back_too(world: World) -> None:
    bare = ALL - {STATE}
    world.put("c", Crafted(exports=bare), STRICT)
    world.open()
    world.do(MarkStable("c", 1))
    world.install("c", Crafted(exports=bare, salt="2"), STRICT)
    trap(world)
    fallen(world)
    assert world.told("c", "quarantined").endswith("back on r1 as r3")


def test_a_cancelled_call_is_nobodys_fault(world: World) -> None:
    endless = '[resources]\ndeadline = "60s"\nfuel_per_call = "unlimited"\n'
    manifest = f'{endless}[supervision]\nshutdown = "50ms"\n[deployment]\ntraps = 0\n'
    updated(world, manifest=manifest)
    spinning = world.runtime.invoke("c", "spin")
    world.wait_for(lambda snapshot: snapshot.busy)
    world.do(Stop("c"))
    assert isinstance(spinning.exception(30), GuestTrap)
    world.do(Start("c"))
    assert (world.row("c").revision, world.row("c").quarantined) == (2, ())


def test_a_restart_on_probation_goes_on_with_it(world: World) -> None:
    updated(world)
    world.do(Restart("c"))
    assert world.row("c").probation_until is not None
    trap(world)
    fallen(world)
    assert world.call("c", "get") == 5
