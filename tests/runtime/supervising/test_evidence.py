"""Only evidence makes a revision stable; what is untried is gone back from; fuel is compared before anybody calls."""

from __future__ import annotations

import msgspec
import pytest

from airssys_tui.api.commands import MarkStable, Reload, Rollback, Start
from airssys_tui.core.errors import GateRefusal
from airssys_tui.core.lifecycle import RecoveryKind, State
from airssys_tui.core.probation import FEWEST_CALLS, ExportCost
from airssys_tui.core.revision import Outcome, Tier
from airssys_tui.core.traps import GuestTrap
from airssys_tui.runtime.calling import gate_comparison
from airssys_tui.runtime.components.evidence import recall_costs
from airssys_tui.runtime.metering.call_costs import CallCosts
from airssys_tui.store.catalog.records import CostRecord
from tests.support.components import ALL, HEALTH, Crafted
from tests.support.places import RELEASES
from tests.support.probation import ONE, QUICK, THREE, TWO, fallen, trap
from tests.support.world import PATIENCE, World

SHORT = QUICK + "max_restarts = 1\n[deployment]\ntraps = 1000\nstable_after = 5\nprobation = "
SOON, NEVER, LONG = (f'{SHORT}"{span}"\n' for span in ("20ms", "0s", "1h"))
TRAPS = Crafted(salt="always", add="(unreachable)")


def burn(times: int) -> str:
    """Text that takes so many times the fuel of an empty loop."""
    return f"""(i32.store (i32.const 200) (i32.const {times}))
      (loop $burn (i32.store (i32.const 200) (i32.sub (i32.load (i32.const 200)) (i32.const 1)))
        (br_if $burn (i32.load (i32.const 200))))"""


def calls(world: World, times: int, export: str = "get") -> None:
    for _ in range(times):
        world.call("c", export)


def is_over(world: World) -> None:
    """Wait until the time of the probation is over and was judged."""
    world.wait_for(lambda _: (trial := world.runtime.probe.component("c").proof.trial) is None or trial.untried)


@pytest.mark.parametrize("manifest", [SOON, NEVER], ids=["short", "none"])
def test_quiet_time_alone_makes_nothing_stable(world: World, manifest: str) -> None:
    world.put("c", ONE, manifest)
    world.open()
    is_over(world)
    row = world.row("c")
    assert (row.stable, row.untried) == (False, True)
    assert not world.history("c")[0].stable
    calls(world, 4)
    assert (world.row("c").stable, world.history("c")[0].untried) == (False, True)
    calls(world, 1)
    row = world.wait_row("c", lambda row: row.stable)
    assert (row.untried, world.history("c")[0].untried) == (False, False)
    assert world.told("c", "stable") == "r1 is stable: it served 5 calls without a fault"


def test_it_says_untried_in_every_place(world: World) -> None:
    world.put("c", ONE, SOON)
    world.open()
    assert world.wait_event("c", "untried").text == "r1 is untried: it has served 0 of the 5 calls that make it stable"
    assert world.wait_row("c", lambda row: row.untried)
    assert world.runtime.describe("c").result(PATIENCE).view.untried
    assert world.history("c")[0].untried
    assert "It is untried" in " ".join(world.runtime.explain("c").result(PATIENCE).sentences)


def test_a_revision_that_traps_on_every_call_is_never_stable_and_nothing_to_go_back_to(world: World) -> None:
    world.put("c", ONE, SOON)
    world.open()
    world.do(MarkStable("c", 1))
    world.install("c", TRAPS, SOON)
    is_over(world)
    assert isinstance(world.runtime.invoke("c", "add", 1).exception(PATIENCE), GuestTrap)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert not world.row("c").stable
    world.install("c", THREE, SOON)
    assert {revision.number: revision.stable for revision in world.history("c")} == {1: True, 2: False, 3: False}
    world.runtime.invoke("c", "trap").exception(PATIENCE)
    world.wait_row("c", lambda row: row.restarts == 2 and row.state is State.RUNNING)
    world.runtime.invoke("c", "trap").exception(PATIENCE)
    row = fallen(world, 4)
    assert world.history("c")[0].origin == 1, "not the one that traps"
    assert row.quarantined == (3,)


@pytest.mark.parametrize("manifest", [SOON, NEVER, LONG], ids=["untried", "never judged", "on probation"])
def test_exhausted_restarts_go_back_to_the_last_stable_one(world: World, manifest: str) -> None:
    world.put("c", ONE, manifest, version="1.0.0")
    world.open()
    world.do(MarkStable("c", 1))
    world.install("c", TWO, manifest, version="2.0.0")
    if manifest is not LONG:
        is_over(world)
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    trap(world)
    row = fallen(world)
    assert (row.version, row.stable, row.quarantined) == ("1.0.0", True, (2,))
    assert "1 restarts within 60 s are used up" in row.note.text
    assert row.note.text.endswith("· back on r1")
    assert len(world.events("c", "quarantined")) == 1


def test_one_that_ended_its_probation_unproven_is_gone_back_from_too(world: World) -> None:
    world.put("c", ONE, SOON)
    world.open()
    world.do(MarkStable("c", 1))
    world.install("c", TWO, SOON)
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    calls(world, 5)
    world.wait_event("c", "unproven")
    trap(world)
    assert fallen(world).quarantined == (2,)


def test_what_was_gone_back_to_is_not_gone_back_from(world: World) -> None:
    world.put("c", ONE, SOON)
    world.open()
    world.do(MarkStable("c", 1))
    world.install("c", TWO, SOON)
    for _ in range(2):
        restarts = world.row("c").restarts
        trap(world)
        world.wait_row(
            "c", lambda row, n=restarts: row.state is State.RUNNING and (row.restarts > n or row.revision == 3)
        )
    fallen(world)
    trap(world)
    world.wait_row("c", lambda row: row.state is State.RUNNING and row.restarts == 2)
    trap(world)
    row = world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    assert (row.revision, row.quarantined) == (3, (2,)), "once, and no further"


def test_without_a_stable_one_an_untried_revision_is_given_up_and_tried_again_later(world: World) -> None:
    world.put("c", ONE, SOON)
    world.open()
    is_over(world)
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    trap(world)
    row = world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    assert (row.quarantined, world.outcomes("c")) == ((), {1: Outcome.ACTIVE})
    world.do(Start("c"))
    assert world.row("c").state is State.RUNNING


def test_going_back_is_tried_once(world: World) -> None:
    world.put("c", Crafted(salt="1", init="ok"), LONG.replace("traps = 1000", "traps = 0"))
    world.open()
    world.install("c", TWO, LONG.replace("traps = 1000", "traps = 0"))
    for number in (1, 2):
        trap(world)
        world.wait_for(lambda _, n=number: len(world.events("c", "trapped")) >= n)
        world.wait_row("c", lambda row: row.state is State.RUNNING or row.recovery.kind is RecoveryKind.EXHAUSTED)
    world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.EXHAUSTED)
    told = [event.text for event in world.events("c", "unproven")]
    assert [text for text in told if "cannot roll back" in text] == told[:1], "it is tried once"


def test_the_evidence_survives_a_restart_of_the_runtime(world: World) -> None:
    world.put("c", ONE, NEVER)
    world.open()
    calls(world, 3)
    world.reopen()
    is_over(world)
    assert not world.row("c").stable
    calls(world, 2)
    assert world.wait_row("c", lambda row: row.stable)
    assert world.told("c", "stable").startswith("r1 is stable: it served 5 calls")


def test_a_fault_survives_a_restart_of_the_runtime(world: World) -> None:
    world.put("c", ONE, NEVER)
    world.open()
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    world.reopen()
    calls(world, 6)
    world.wait_event("c", "unproven")
    assert not world.row("c").stable


def test_a_fault_and_the_evidence_survive_a_kill(world: World) -> None:
    world.put("c", ONE, LONG)
    world.open()
    calls(world, 5)
    trap(world)
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    catalog = world.runtime.probe.floor.state.catalog
    world.wait_for(lambda _: (kept := catalog.costs("c").get(1)) is not None and (kept.calls, kept.faults) == (5, 1))
    world.crash()
    component = world.runtime.probe.component("c")
    assert (component.proof.faults, component.actor.costs.served(1)) == (1, 5)


def test_a_rollback_goes_on_with_the_evidence_and_the_costs_of_what_it_points_to(world: World) -> None:
    world.put("c", ONE, NEVER)
    world.open()
    calls(world, 4)
    world.install("c", TWO, NEVER)
    world.do(Rollback("c", to=1))
    component = world.runtime.probe.component("c")
    assert component.actor.costs.served(3) == 4
    assert component.actor.costs.of(3) == component.actor.costs.of(1)
    assert not world.row("c").stable
    world.reopen()
    calls(world, 1)
    assert world.wait_row("c", lambda row: row.revision == 3 and row.stable)


@pytest.mark.parametrize("way", ["reopen", "crash"])
def test_a_baseline_far_back_is_found_again(world: World, way: str) -> None:
    manifest = LONG.replace('"1h"', '"1h"\nregression = {fuel = 1.5, latency = 1000, action = "warn"}')
    world.put("c", ONE, manifest)
    world.open()
    calls(world, FEWEST_CALLS)
    for number in range(12):
        world.install("c", Crafted(salt=f"between {number}"), manifest)
    world.do(Rollback("c", to=1))
    getattr(world, way)()
    world.install("c", Crafted(salt="dear", add=burn(2_000)), manifest)
    component = world.runtime.probe.component("c")
    assert component.actor.costs.of(component.proof.trial.previous)["get"].calls == FEWEST_CALLS


CHECKED = LONG.replace('"1h"', '"20ms"\nregression = {fuel = 1.5, latency = 1000, action = "ACTION"}')


def with_check(world: World, action: str) -> str:
    manifest = CHECKED.replace("ACTION", action)
    world.put("c", Crafted(add=burn(100)), manifest)
    world.open()
    world.runtime.save_check("c", "adds", "add", "[2]").result(PATIENCE)
    return manifest


@pytest.mark.parametrize("times", [1_000, 2_000, 100_000], ids=["tenfold", "twentyfold", "a thousandfold"])
def test_a_tenfold_rise_is_seen_without_traffic(world: World, times: int) -> None:
    manifest = with_check(world, "warn")
    world.install("c", Crafted(add=burn(times)), manifest)
    said = world.wait_event("c", "costlier").text
    assert said.startswith("r2: check adds takes ")
    assert "x the fuel" in said
    assert world.row("c").revision == 2


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (Crafted(probe=burn(100)), Crafted(probe=burn(1_000)), True),
        (Crafted(probe=burn(100)), Crafted(probe=burn(100), salt="2"), False),
        (Crafted(start=burn(9_000), probe=burn(100)), Crafted(start=burn(9_000), probe=burn(1_000)), True),
        (Crafted(start=burn(90), probe=burn(100)), Crafted(start=burn(90_000), probe=burn(100)), False),
        (Crafted(probe=burn(1_000)), Crafted(probe=burn(100)), False),
        (Crafted(probe=burn(100)), Crafted(exports=ALL - {HEALTH}), False),
    ],
    ids=["tenfold", "the same", "tenfold after a start that takes more", "another start", "less", "none any more"],
)
def test_the_health_probe_is_compared_too(world: World, before: Crafted, after: Crafted, told: bool) -> None:
    manifest = CHECKED.replace("ACTION", "warn")
    world.put("c", before, manifest)
    world.open()
    world.put("c", after, manifest)
    world.do(Reload("c", force=True))
    assert world.row("c").revision == 2
    said = [event.text for event in world.events("c", "costlier")]
    assert bool(said) is told
    assert all(text.startswith("r2: the health probe takes ") for text in said)


def test_a_rise_is_refused_where_the_manifest_says_so_and_let_in_by_force(world: World) -> None:
    manifest = with_check(world, "rollback")
    row = world.install("c", Crafted(add=burn(2_000)), manifest)
    assert row.revision == 1
    assert "refused at health probe: check adds takes 2" in world.told("c", "refused")
    assert "--force" in world.told("c", "refused")
    with pytest.raises(GateRefusal):
        world.do(Reload("c"))
    world.do(Reload("c", force=True))
    assert world.row("c").revision == 4
    assert world.events("c", "costlier")


@pytest.mark.parametrize("action", ["warn", "rollback", "ignore"])
def test_the_same_fuel_is_told_by_nobody(world: World, action: str) -> None:
    manifest = with_check(world, action)
    assert world.install("c", Crafted(add=burn(101), salt="2"), manifest).revision == 2
    assert world.events("c", "costlier") == []


def test_saved_checks_that_pass_at_the_gate_are_evidence(world: World) -> None:
    manifest = with_check(world, "ignore")
    world.install("c", Crafted(salt="2"), manifest)
    assert world.wait_row("c", lambda row: row.revision == 2 and row.stable)
    assert world.told("c", "stable") == "r2 is stable: it passed its 1 saved check"


def test_saved_checks_that_do_not_pass_are_told_and_are_no_evidence(world: World) -> None:
    manifest = with_check(world, "ignore")
    world.install("c", Crafted(add="(return (i64.const 7))"), manifest)
    assert "1 of 1 saved checks do not pass: adds" in world.wait_event("c", "checks").text
    is_over(world)
    assert (world.row("c").stable, world.row("c").untried) == (False, True)


@pytest.mark.parametrize("replayed", [0, 1, 2])
def test_saved_checks_that_time_ran_out_for_are_no_evidence(
    world: World, monkeypatch: pytest.MonkeyPatch, replayed: int
) -> None:
    manifest = with_check(world, "ignore")
    world.runtime.save_check("c", "gets", "get", "[]").result(PATIENCE)
    run = gate_comparison.Replay.run
    monkeypatch.setattr(gate_comparison.Replay, "run", lambda *given: run(*given)[:replayed])
    world.install("c", Crafted(salt="2"), manifest)
    is_over(world)
    trial = world.runtime.probe.component("c").proof.trial
    assert (trial is not None and trial.untried) is (replayed < 2)
    world.wait_row("c", lambda row: row.revision == 2 and row.stable is (replayed == 2))


def test_verify_is_evidence(world: World) -> None:
    with_check(world, "ignore")
    is_over(world)
    assert not world.row("c").stable
    (outcome,) = world.runtime.verify("c").result(PATIENCE)
    assert outcome.passed
    assert world.wait_row("c", lambda row: row.stable)


def relapsing(period: int, salt: str) -> Crafted:
    """Return a component that is well in the first of every so many health checks, and unhealthy in the others."""
    return Crafted(
        salt=salt,
        health="unhealthy",
        probe=f"""(i32.store (i32.const 204) (i32.add (i32.load (i32.const 204)) (i32.const 1)))
          (global.set $calls (i32.rem_u (i32.add (i32.load (i32.const 204)) (i32.const {period - 1}))
            (i32.const {period})))""",
    )


@pytest.mark.parametrize("failures", [2, 3, 4])
def test_only_bad_health_so_often_in_a_row_counts(world: World, failures: int) -> None:
    manifest = QUICK + f'[health]\ninterval = "100ms"\nfailures = {failures}\n[deployment]\nprobation = "1h"\n'
    world.put("c", ONE, manifest)
    world.open()
    world.do(MarkStable("c", 1))
    world.install("c", relapsing(failures, "2"), manifest)
    world.wait_event("c", "unhealthy", 3)
    row = world.row("c")
    assert (row.revision, row.restarts, row.quarantined) == (2, 0, ()), "one less than so many, again and again"
    world.install("c", relapsing(failures + 1, "3"), manifest)
    row = world.wait_row("c", lambda row: row.quarantined)
    assert f"unhealthy {failures} times in a row" in world.told("c", "quarantined")


def test_what_is_printed_in_a_comparison_is_no_news(world: World) -> None:
    world.put("counter", RELEASES / "1.0.0")
    world.open()
    ready = len([event for event in world.events("counter") if "ready" in event.text])
    world.runtime.save_check("counter", "gets", "get", "[]").result(PATIENCE)
    spoken = len([event for event in world.events("counter") if "ready" in event.text])
    world.put("counter", RELEASES / "1.1.0")
    world.do(Reload("counter"))
    again = len([event for event in world.events("counter") if "ready" in event.text])
    assert ready > 0
    assert again - spoken <= 2, "the rehearsal and the one that serves, and no other instance"


ENGINES = {Tier.OPTIMISED: "this", Tier.BASELINE: "baseline"}


@pytest.mark.parametrize(("engine", "known"), [("this", True), ("", True), ("baseline", True), ("another", False)])
def test_fuel_of_another_engine_is_no_baseline_but_the_calls_count(engine: str, *, known: bool) -> None:
    costs = CallCosts()
    figures = msgspec.json.encode({"get": ExportCost(30, 100.0)}).decode()
    recall_costs(costs, {1: CostRecord(figures, 30, engine=engine)}, ENGINES)
    assert (list(costs.of(1)), costs.served(1)) == (["get"] if known else [], 30)


def test_fuel_is_compared_within_a_tier_only() -> None:
    costs, figures = CallCosts(), {"get": ExportCost(30, 100.0)}
    recall_costs(costs, {1: CostRecord(msgspec.json.encode(figures).decode(), 30, engine="baseline")}, ENGINES)
    costs.begin(2, Tier.OPTIMISED)
    costs.record("get", 50, 1000)
    assert (costs.before(1), costs.fuel_change(1)) == ({}, None)
    costs.begin(3, Tier.BASELINE)
    costs.record("get", 150, 1000)
    assert (costs.before(1), costs.fuel_change(1)) == (figures, 0.5)
    assert costs.before(2) == {}


def test_calls_served_with_other_code_count_but_their_costs_do_not() -> None:
    costs = CallCosts()
    costs.begin(1, Tier.BASELINE)
    costs.record("get", 50, 1000)
    costs.begin(1, Tier.OPTIMISED)
    assert (costs.of(1), costs.served(1), costs.tier) == ({}, 1, Tier.OPTIMISED)
    costs.record("get", 70, 1000)
    assert (costs.of(1)["get"].fuel, costs.served(1)) == (70, 2)
    costs.begin(1, Tier.OPTIMISED)
    assert (costs.of(1)["get"].calls, costs.served(1)) == (1, 2)
