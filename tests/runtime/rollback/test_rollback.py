"""Going back: to where, with which state, what is held afterwards, and what is refused."""

from __future__ import annotations

from concurrent.futures import wait

import pytest

from airssys_tui.api.commands import MarkStable, Reload, Rollback, Start, Stop, Undo
from airssys_tui.api.views.components import NoteKind
from airssys_tui.core.errors import NotServing, RollbackRefused
from airssys_tui.core.lifecycle import State
from airssys_tui.core.revision import Cause, Outcome, StatePolicy
from tests.support.components import ALL, STATELESS, Crafted
from tests.support.world import World

ONE, TWO, THREE = (Crafted(salt=salt) for salt in "123")
LONG = '[resources]\ndeadline = "60s"\nfuel_per_call = "unlimited"\n[supervision]\nshutdown = "100ms"\n'


@pytest.fixture
def updated(world: World) -> World:
    """Give a world in which `c` was updated from 1.0.0 to 2.0.0 and counted to 5 before and to 7 after."""
    world.put("c", ONE, version="1.0.0")
    world.open()
    world.call("c", "add", 5)
    world.do(MarkStable("c", 1))
    world.install("c", TWO, version="2.0.0")
    assert world.call("c", "add", 2) == 7
    return world


def test_back_to_the_previous_stable_one_as_a_new_revision(updated: World) -> None:
    done = updated.do(Rollback("c", note="2.0.0 is slow"))
    row = updated.row("c")
    assert (row.state, row.revision, row.version, row.stable) == (State.RUNNING, 3, "1.0.0", True)
    assert done.revision == 3
    assert done.text == "c serves r3 (1.0.0); held back: 2.0.0"
    newest = updated.history("c")[0]
    assert (newest.cause, newest.origin, newest.note) == (Cause.ROLLBACK, 1, "2.0.0 is slow")
    assert updated.outcomes("c") == {1: Outcome.SUPERSEDED, 2: Outcome.SUPERSEDED, 3: Outcome.ACTIVE}
    assert updated.call("c", "get") == 7, "the count goes along"


def test_what_was_left_does_not_count_as_stable(updated: World) -> None:
    updated.do(Rollback("c"))
    assert {revision.number: revision.stable for revision in updated.history("c")} == {1: True, 2: False, 3: True}
    with pytest.raises(RollbackRefused, match="no earlier revision"):
        updated.do(Rollback("c"))


def test_to_any_revision_that_served(updated: World) -> None:
    updated.install("c", THREE, version="3.0.0")
    updated.do(Rollback("c", to=1))
    assert updated.row("c").version == "1.0.0"
    updated.do(Rollback("c", to=2))
    assert updated.row("c").version == "2.0.0"
    assert updated.history("c")[0].origin == 2
    updated.do(Rollback("c", to=4))
    assert updated.history("c")[0].origin == 1, "r4 was r1: the artifact's own number is kept"


@pytest.mark.parametrize(("policy", "count"), [(StatePolicy.KEEP, 7), (StatePolicy.RESTORE, 5), (StatePolicy.FRESH, 0)])
def test_what_becomes_of_the_state(updated: World, policy: StatePolicy, count: int) -> None:
    updated.do(Rollback("c", state=policy))
    assert updated.call("c", "get") == count


@pytest.mark.parametrize(("policy", "count"), [(StatePolicy.KEEP, 7), (StatePolicy.RESTORE, 5), (StatePolicy.FRESH, 0)])
def test_a_state_that_was_given_up_does_not_come_back_by_a_trap(
    updated: World, policy: StatePolicy, count: int
) -> None:
    updated.do(Rollback("c", state=policy))
    updated.runtime.invoke("c", "trap").exception(30)
    updated.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert updated.call("c", "get") == count


def test_the_state_that_was_left_is_kept_as_a_snapshot(updated: World) -> None:
    updated.do(Rollback("c", state=StatePolicy.FRESH))
    updated.do(Rollback("c", to=2, state=StatePolicy.RESTORE))
    assert updated.call("c", "get") == 7


def test_restore_without_a_snapshot_is_refused(world: World) -> None:
    world.put("c", Crafted(exports=STATELESS))
    world.open()
    world.install("c", ONE)
    with pytest.raises(RollbackRefused, match="no state of r1 was kept") as refused:
        world.do(Rollback("c", to=1, state=StatePolicy.RESTORE))
    assert "fresh" in refused.value.remedy
    assert world.row("c").revision == 2


def test_a_state_that_the_older_one_cannot_load_refuses_and_says_what_to_do(world: World) -> None:
    world.put("c", Crafted(load="error"))
    world.open()
    world.install("c", Crafted(exports=STATELESS))
    world.do(Reload("c", force=True))
    world.install("c", ONE)
    world.call("c", "add", 3)
    with pytest.raises(RollbackRefused, match="refused at state load: load answered invalid-state") as refused:
        world.do(Rollback("c", to=1))
    assert "fresh" in refused.value.remedy
    assert world.call("c", "get") == 3
    world.do(Rollback("c", to=1, state=StatePolicy.FRESH))
    assert world.call("c", "get") == 0


def test_to_itself_unknown_and_refused_ones_are_refused_and_nothing_changes(updated: World) -> None:
    updated.install("c", Crafted(init="error"))
    before = updated.history("c")
    for to, said in ((2, "already serves"), (9, "has no revision r9"), (3, "never served: it was refused")):
        with pytest.raises(RollbackRefused, match=said):
            updated.do(Rollback("c", to=to))
    assert updated.history("c") == before
    assert updated.call("c", "get") == 7


def test_what_a_gate_refused_is_kept_but_a_forced_rollback_to_it_meets_the_same_gate(updated: World) -> None:
    updated.install("c", Crafted(init="error"))
    with pytest.raises(RollbackRefused, match="r3 of c never served: it was refused at a gate"):
        updated.do(Rollback("c", to=3))
    with pytest.raises(RollbackRefused, match="r3 cannot serve: refused at init: init answered"):
        updated.do(Rollback("c", to=3, force=True))
    assert updated.row("c").revision == 2
    assert updated.call("c", "get") == 7


def test_what_only_broke_callers_can_be_brought_back_by_force(updated: World) -> None:
    updated.install("c", Crafted(exports=ALL - {"trap"}), version="3.0.0")
    assert updated.row("c").note.text.startswith("3.0.0 refused at compatibility")
    updated.do(Rollback("c", to=3, force=True))
    assert (updated.row("c").revision, updated.row("c").version) == (4, "3.0.0")
    assert updated.call("c", "get") == 7


def test_what_is_on_disk_is_held_until_it_is_something_new(updated: World) -> None:
    updated.do(Rollback("c"))
    row = updated.row("c")
    assert (row.held, row.note.kind, row.note.text) == (("2.0.0",), NoteKind.HELD, "held: 2.0.0 on disk")
    updated.notice("c")
    assert updated.told("c", "ignored").startswith("ignored: held after rollback")
    updated.reopen()
    row = updated.row("c")
    assert (row.revision, row.held, row.note.text) == (3, ("2.0.0",), "held: 2.0.0 on disk")
    assert updated.told("c", "ignored").startswith("ignored: held after rollback")
    row = updated.install("c", THREE, version="3.0.0")
    assert (row.version, row.held, row.note.kind) == ("3.0.0", (), NoteKind.NONE)
    row = updated.install("c", TWO, version="2.0.0")
    assert row.version == "2.0.0", "it is held no longer"
    assert updated.call("c", "get") == 7


def test_a_new_digest_that_is_refused_lifts_nothing(updated: World) -> None:
    updated.do(Rollback("c"))
    updated.install("c", Crafted(init="error"))
    assert updated.row("c").held == ("2.0.0",)
    updated.install("c", TWO, version="2.0.0")
    assert updated.row("c").version == "1.0.0"


def test_another_manifest_does_not_lift_a_hold(updated: World) -> None:
    updated.do(Rollback("c"))
    updated.install("c", TWO, "[resources]\nmailbox = 5\n", version="2.0.0")
    assert updated.row("c").version == "1.0.0"


def test_a_manifest_that_was_rolled_back_from_is_held_too(world: World) -> None:
    """The artifact is the target's own: only its other manifest is held."""
    world.put("c", ONE, version="1.0.0")
    world.open()
    world.call("c", "add", 7)
    world.install("c", ONE, "[resources]\nmailbox = 5\n", version="1.1.0")
    assert world.runtime.preview_rollback("c", to=1).result(30).holds == ("1.1.0",)
    world.do(Rollback("c", to=1))
    row = world.row("c")
    assert (row.version, row.held, row.note.text) == ("1.0.0", ("1.1.0",), "held: 1.1.0 on disk")
    world.notice("c")
    world.reopen()
    row = world.row("c")
    assert (row.version, row.held, row.note.text) == ("1.0.0", ("1.1.0",), "held: 1.1.0 on disk")
    row = world.install("c", ONE, "[resources]\nmailbox = 6\n", version="1.2.0")
    assert (row.version, row.held) == ("1.2.0", ()), "a third manifest is something new"
    world.do(Rollback("c"))
    assert world.row("c").version == "1.0.0"
    world.do(Undo())
    assert (world.row("c").version, world.row("c").held) == ("1.2.0", ())
    world.do(Rollback("c"))
    world.do(Reload("c"))
    assert (world.row("c").version, world.row("c").held) == ("1.2.0", ())
    assert world.call("c", "get") == 7


def test_an_explicit_reload_lifts_a_hold(updated: World) -> None:
    updated.do(Rollback("c"))
    done = updated.do(Reload("c"))
    row = updated.row("c")
    assert (done.revision, row.version, row.held) == (4, "2.0.0", ())
    assert updated.call("c", "get") == 7


def test_what_lies_on_the_disk_unserved_is_held_too(updated: World) -> None:
    updated.install("c", Crafted(init="error"), version="2.1.0")
    updated.do(Rollback("c"))
    assert set(updated.row("c").held) == {"2.0.0", "2.1.0"}
    assert updated.row("c").note.text == "held: 2.1.0 on disk"


def test_going_back_twice_and_forward_again(updated: World) -> None:
    updated.do(MarkStable("c", 2))
    updated.install("c", THREE, version="3.0.0")
    updated.do(Rollback("c"))
    assert updated.row("c").version == "2.0.0"
    updated.do(Rollback("c"))
    assert updated.row("c").version == "1.0.0"
    updated.install("c", Crafted(salt="4"), version="4.0.0")
    updated.do(Rollback("c"))
    assert updated.row("c").version == "1.0.0", "what served last, not what was left on purpose"


def test_a_preview_says_what_the_rollback_then_does(updated: World) -> None:
    preview = updated.runtime.preview_rollback("c").result(30)
    assert (preview.becomes, preview.holds, preview.diff.then.number) == (3, ("2.0.0",), 1)
    assert {choice.policy: choice.possible for choice in preview.state} == {
        "keep": True,
        "restore": True,
        "fresh": True,
    }
    done = updated.do(Rollback("c"))
    assert done.revision == preview.becomes
    assert updated.row("c").held == preview.holds


def test_a_preview_of_what_is_refused_is_refused(updated: World) -> None:
    with pytest.raises(RollbackRefused, match="already serves"):
        updated.runtime.preview_rollback("c", 2).result(30)


@pytest.mark.parametrize("policy", [StatePolicy.RESTORE, StatePolicy.FRESH])
@pytest.mark.parametrize("save", ["error", "trap"])
def test_away_from_a_revision_that_cannot_save(world: World, save: str, policy: StatePolicy) -> None:
    world.put("c", ONE)
    world.open()
    world.call("c", "add", 5)
    world.install("c", Crafted(save=save))
    world.do(Rollback("c", state=policy))
    row = world.row("c")
    assert (row.state, row.revision) == (State.RUNNING, 3)
    assert world.call("c", "get") == (5 if policy is StatePolicy.RESTORE else 0)


def test_keeping_the_state_of_one_that_cannot_save_is_refused_with_the_ways_out(world: World) -> None:
    world.put("c", ONE)
    world.open()
    world.install("c", Crafted(save="error"))
    with pytest.raises(RollbackRefused, match="refused at state save: save answered internal") as refused:
        world.do(Rollback("c"))
    assert "restore" in refused.value.remedy
    assert world.row("c").state is State.RUNNING


def test_keeping_the_state_of_one_that_traps_when_it_saves_ends_with_it_running_again(world: World) -> None:
    world.put("c", ONE)
    world.open()
    world.install("c", Crafted(save="trap"))
    with pytest.raises(RollbackRefused, match="refused at state save: unreachable"):
        world.do(Rollback("c"))
    world.wait_row("c", lambda row: row.restarts == 1 and row.state is State.RUNNING)
    assert world.row("c").revision == 2


def test_an_update_that_is_half_done_is_cancelled(updated: World) -> None:
    updated.put("c", Crafted(init="spin"), LONG, version="3.0.0")
    following = updated.notice_later("c")
    updated.wait_row("c", lambda row: row.candidate == 3)
    updated.do(Rollback("c"))
    wait([following], 30)
    row = updated.row("c")
    assert (row.state, row.revision, row.version) == (State.RUNNING, 4, "1.0.0")
    assert updated.outcomes("c")[3] is Outcome.FAILED
    assert updated.call("c", "get") == 7


def test_a_refused_rollback_does_not_undo_the_update_it_waited_for(updated: World) -> None:
    with pytest.raises(RollbackRefused):
        updated.do(Rollback("c", to=9))
    updated.install("c", THREE, version="3.0.0")
    assert updated.row("c").version == "3.0.0"


def test_away_from_a_revision_whose_call_does_not_end(world: World) -> None:
    world.put("c", ONE)
    world.open()
    world.call("c", "add", 5)
    world.install("c", TWO, LONG)
    spinning = world.runtime.invoke("c", "spin")
    world.wait_for(lambda snapshot: snapshot.busy >= 1)
    world.do(Rollback("c", state=StatePolicy.RESTORE))
    assert spinning.exception(30) is not None
    assert world.call("c", "get") == 5


def test_away_from_a_revision_that_does_not_shut_down(world: World) -> None:
    world.put("c", ONE)
    world.open()
    world.install("c", Crafted(shutdown="trap"))
    world.do(Rollback("c"))
    assert world.call("c", "get") == 0
    assert "did not shut down cleanly" in world.wait_event("c", "retired").text


def test_a_stopped_component_is_rolled_back_and_stays_stopped(updated: World) -> None:
    updated.do(Stop("c"))
    updated.do(Rollback("c"))
    row = updated.row("c")
    assert (row.state, row.version) == (State.STOPPED, "1.0.0")
    with pytest.raises(NotServing):
        updated.call("c", "get")
    updated.do(Start("c"))
    assert updated.call("c", "get") == 7


def test_a_component_that_was_given_up_is_rolled_back_to_life(world: World) -> None:
    world.put("c", ONE)
    world.open()
    world.install("c", TWO, '[supervision]\nmax_restarts = 0\n[deployment]\nprobation = "0s"\n')
    world.runtime.invoke("c", "trap").exception(30)
    world.wait_row("c", lambda row: row.recovery.kind == "exhausted")
    world.do(Rollback("c"))
    assert world.row("c").state is State.RUNNING
    assert world.call("c", "add", 1) == 1


def test_a_refused_rollback_leaves_a_pending_restart_in_place(world: World) -> None:
    world.put("c", ONE, '[supervision]\nbackoff = {initial = "200ms"}\n')
    world.open()
    world.runtime.invoke("c", "trap").exception(30)
    world.wait_row("c", lambda row: row.recovery.kind == "backoff")
    with pytest.raises(RollbackRefused):
        world.do(Rollback("c"))
    world.wait_row("c", lambda row: row.state is State.RUNNING and row.restarts == 1)


def test_without_the_files_it_can_still_go_back(updated: World) -> None:
    updated.remove("c")
    assert updated.row("c").state is State.STOPPED
    updated.do(Rollback("c", to=1))
    assert updated.row("c").version == "1.0.0"
    assert updated.call("c", "get") == 7, "the operator's word brings it back"
