"""States of components: taken, listed, exported, imported and restored; what a rollback says it would do to them."""

from __future__ import annotations

import msgspec
import pytest

from airssys_tui.api.commands import ImportState, RestoreState, Rollback, SaveState, Start, Stop
from airssys_tui.api.views.components import NoteKind
from airssys_tui.api.views.past import StateFile, StateView
from airssys_tui.api.views.revisions import StateChoice
from airssys_tui.core.errors import GateRefusal, RollbackRefused, TransitionError, UnknownComponent, UsageError
from airssys_tui.core.identity import digest_of
from airssys_tui.core.lifecycle import State
from airssys_tui.core.revision import Cause, Outcome, StatePolicy
from airssys_tui.runtime.actors.contract import MAX_STATE
from tests.support.components import STATELESS, Crafted
from tests.support.places import RELEASES
from tests.support.world import PATIENCE, World

ONE, TWO = (Crafted(salt=salt) for salt in "12")
STUBBORN = Crafted(load="error")


def states(world: World, name: str = "c") -> tuple[StateView, ...]:
    return world.runtime.states(name).result(PATIENCE)


def exported(world: World, snapshot: int, name: str = "c") -> StateFile:
    return world.runtime.export_state(name, snapshot).result(PATIENCE)


def choices(world: World, to: int | None = None, name: str = "c") -> dict[str, StateChoice]:
    return {choice.policy: choice for choice in world.runtime.preview_rollback(name, to).result(PATIENCE).state}


def counts(world: World, name: str = "c") -> list[int]:
    """Return the counts in the states that are kept, newest first."""
    return [int.from_bytes(exported(world, view.id, name).data, "little") for view in states(world, name)]


def settle(world: World, name: str) -> None:
    """Wait until nothing is under way with a component."""

    async def turn() -> None:
        async with world.runtime.probe.component(name).lock:
            pass

    world.run(turn)


@pytest.fixture
def counting(world: World) -> World:
    """Give a world in which `c` has counted to 5."""
    world.put("c", ONE, version="1.0.0")
    world.open()
    world.call("c", "add", 5)
    return world


def test_a_state_is_taken_on_demand_and_listed(counting: World) -> None:
    done = counting.do(SaveState("c"))
    (view,) = states(counting)
    assert (view.revision, view.version, view.cause, view.schema) == (1, "1.0.0", "operator", "crafted/1")
    assert (view.size, view.paired, view.failed_by) == (8, True, ())
    assert done.text == f"state of c saved as snapshot {view.id}: 8B"
    row = counting.row("c")
    assert (row.state_bytes, row.state_saved_at) == (8, view.at)
    assert counting.call("c", "get") == 5, "it goes on"


def test_a_state_is_taken_before_every_update_and_at_every_stop(counting: World) -> None:
    counting.install("c", TWO, version="2.0.0")
    counting.call("c", "add", 2)
    counting.do(Stop("c"))
    assert [(view.cause, view.revision) for view in states(counting)] == [("stop", 2), ("update", 1)]
    assert counts(counting) == [7, 5]


def test_an_earlier_state_is_restored_as_a_new_revision(counting: World) -> None:
    counting.do(SaveState("c"))
    (kept,) = states(counting)
    counting.call("c", "add", 10)
    done = counting.do(RestoreState("c", kept.id))
    assert counting.call("c", "get") == 5
    newest, first = counting.history("c")
    assert (newest.cause, newest.origin, newest.outcome, done.revision) == (Cause.RESTORE, 1, Outcome.ACTIVE, 2)
    assert first.outcome is Outcome.SUPERSEDED
    assert "snapshot 1" in newest.note
    assert 15 in counts(counting), "what was replaced is kept"
    counting.reopen()
    assert counting.call("c", "get") == 5


def test_a_state_is_restored_into_what_is_stopped_for_its_next_start(counting: World) -> None:
    counting.do(SaveState("c"))
    counting.call("c", "add", 10)
    counting.do(Stop("c"))
    counting.do(RestoreState("c", states(counting)[-1].id))
    assert counting.row("c").state is State.STOPPED
    counting.do(Start("c"))
    assert counting.call("c", "get") == 5


def test_a_state_that_cannot_be_loaded_leaves_everything_as_it_was(counting: World) -> None:
    counting.do(SaveState("c"))
    (good,) = states(counting)
    counting.remove("c")
    counting.install("c", Crafted(load="error", exports=ONE.exports, salt="never loads"), version="2.0.0")
    before = counting.row("c")
    assert before.revision == 1, "the trial load refused the update"
    counting.install("d", STUBBORN)
    counting.call("d", "add", 3)
    counting.do(SaveState("d"))
    (bad,) = states(counting, "d")
    with pytest.raises(GateRefusal, match="load answered"):
        counting.do(RestoreState("d", bad.id))
    assert (counting.row("d").state, counting.row("d").revision) == (State.RUNNING, 1)
    assert counting.call("d", "get") == 3
    (view,) = states(counting, "d")
    assert (view.failed_by, view.paired) == ((1,), False), "it is remembered, and never taken by itself again"
    assert counting.outcomes("d") == {1: Outcome.ACTIVE, 2: Outcome.FAILED}
    assert good.failed_by == ()


def test_restoring_lifts_neither_holds_nor_refusals(counting: World) -> None:
    counting.install("c", TWO, version="2.0.0")
    counting.do(Rollback("c"))
    held = counting.row("c").held
    assert held == ("2.0.0",)
    counting.do(RestoreState("c", states(counting)[0].id))
    assert counting.row("c").held == held
    counting.install("c", Crafted(init="error"), version="3.0.0")
    assert counting.row("c").note.kind is NoteKind.REFUSED
    counting.do(RestoreState("c", states(counting)[0].id))
    counting.notice("c")
    assert counting.told("c", "ignored") == "ignored: already refused at init"
    counting.reopen()
    assert counting.told("c", "ignored") == "ignored: already refused at init"


def test_a_state_goes_out_and_comes_in(counting: World) -> None:
    counting.do(SaveState("c"))
    file = exported(counting, states(counting)[0].id)
    assert (file.component, file.version, file.kind, file.format) == ("c", "1.0.0", "binary", 1)
    assert file.digest == digest_of(file.data)
    counting.call("c", "add", 10)
    done = counting.do(ImportState("c", file))
    newest = states(counting)[0]
    assert (newest.cause, newest.paired, newest.digest) == ("import", False, file.digest)
    assert f"snapshot {newest.id} imported" in done.text
    assert counting.call("c", "get") == 15, "nothing loads it yet"
    counting.do(Stop("c"))
    counting.do(Start("c"))
    assert counting.call("c", "get") == 15, "nor does a start"
    counting.do(RestoreState("c", newest.id))
    assert counting.call("c", "get") == 5


def test_a_newer_import_is_never_what_a_start_begins_with(counting: World) -> None:
    counting.do(SaveState("c"))
    file = exported(counting, states(counting)[0].id)
    counting.call("c", "add", 10)
    counting.do(Stop("c"))
    counting.do(ImportState("c", file))
    counting.do(Start("c"))
    assert counting.call("c", "get") == 15


def test_an_imported_state_says_whose_and_which_version_it_was(counting: World) -> None:
    data = (9).to_bytes(8, "little")
    file = StateFile(
        component="elsewhere",
        revision=12,
        version="0.9.0",
        schema="crafted/1\n",
        kind="binary",
        at=1.0,
        digest=digest_of(data),
        data=data,
    )
    assert "exported from elsewhere" in counting.do(ImportState("c", file)).text
    view = states(counting)[0]
    assert (view.version, view.revision, view.schema) == ("0.9.0", 1, "crafted/1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"data": b"other"}, "does not have its digest"),
        ({"format": 2}, "format 2; this program reads format 1"),
        ({"kind": "image"}, "of kind 'image'"),
        ({"data": b"\0" * (MAX_STATE + 1)}, "the most is 2097152"),
        ({"kind": "text", "data": b"\xff", "digest": digest_of(b"\xff")}, "not UTF-8"),
    ],
)
def test_what_is_no_state_is_not_imported(counting: World, change: dict[str, object], said: str) -> None:
    counting.do(SaveState("c"))
    file = msgspec.structs.replace(exported(counting, states(counting)[0].id), **change)
    with pytest.raises(UsageError, match=said):
        counting.do(ImportState("c", file))
    assert len(states(counting)) == 1


def test_a_component_without_a_state_has_none_to_save_import_or_restore(counting: World) -> None:
    counting.do(SaveState("c"))
    file = exported(counting, states(counting)[0].id)
    counting.install("plain", Crafted(exports=STATELESS))
    for command in (SaveState("plain"), ImportState("plain", file), RestoreState("plain", 1)):
        with pytest.raises(TransitionError, match="has no `state` export"):
            counting.do(command)


def test_there_is_nothing_to_save_in_what_does_not_run_and_nothing_to_restore_from_nowhere(counting: World) -> None:
    counting.do(Stop("c"))
    with pytest.raises(TransitionError, match="only a running component has a state to save"):
        counting.do(SaveState("c"))
    with pytest.raises(UsageError, match="c has no snapshot 77"):
        counting.do(RestoreState("c", 77))
    counting.install("d", TWO)
    with pytest.raises(UsageError, match="d has no snapshot 1"):
        counting.do(RestoreState("d", 1))
    with pytest.raises(UsageError):
        exported(counting, 77)
    with pytest.raises(UnknownComponent):
        states(counting, "nobody")


def test_states_are_saved_on_a_timer_when_the_manifest_says_so(world: World) -> None:
    world.put("timed", ONE, '[state]\nsnapshot_every = "1s"\n', version="1.0.0")
    world.put("never", ONE, version="1.0.0")
    world.open(sample=3600.0)
    system = world.runtime.probe.system

    def due(now: float) -> dict[str, bool]:
        async def ask() -> dict[str, bool]:
            return {component.name: system.states.check_due(component, now) for component in system.router}

        return world.run(ask)

    world.call("timed", "add", 4)
    assert due(100.0) == {"timed": False, "never": False}, "a whole interval first"
    assert due(100.9) == {"timed": False, "never": False}
    assert due(101.0) == {"timed": True, "never": False}
    world.wait_event("timed", "state")
    assert [view.cause for view in states(world, "timed")] == ["timer"]
    assert due(102.0)["timed"]
    settle(world, "timed")
    assert len(states(world, "timed")) == 1, "what has not changed is not written again"
    world.call("timed", "add", 1)
    assert due(200.0)["timed"]
    world.wait_event("timed", "state", 2)
    assert counts(world, "timed") == [5, 4]
    assert states(world, "never") == ()


def test_the_preview_says_what_each_policy_means(counting: World) -> None:
    counting.install("c", TWO, version="2.0.0")
    counting.call("c", "add", 2)
    found = choices(counting)
    assert found["keep"].text == "r1 (1.0.0) could load 2.0.0's state: 8B (tried)"
    assert found["keep"].possible
    assert found["restore"].text.startswith("the last state of r1: 8B, ")
    assert found["fresh"].possible
    assert counting.call("c", "get") == 7, "nothing has changed"
    assert counting.outcomes("c") == {1: Outcome.SUPERSEDED, 2: Outcome.ACTIVE}


def test_the_preview_finds_out_that_the_older_one_cannot_load_the_state(world: World) -> None:
    world.put("c", STUBBORN, version="1.0.0")
    world.open()
    world.install("c", Crafted(salt="anew", exports=STUBBORN.exports), version="2.0.0")
    world.call("c", "add", 2)
    found = choices(world, to=1)
    assert not found["keep"].possible
    assert "r1 (1.0.0) cannot load 2.0.0's state, 8B (tried): load answered" in found["keep"].text
    with pytest.raises(Exception, match="refused at state load"):
        world.do(Rollback("c", to=1))
    assert world.call("c", "get") == 2


def test_the_preview_compiles_nothing(counting: World) -> None:
    counting.install("c", TWO, version="2.0.0")
    floor = counting.runtime.probe.floor
    digest = counting.history("c")[1].digest
    floor.shelf.clear()
    counting.run(lambda: floor.disk(floor.state.code.remove, digest))
    found = choices(counting)["keep"]
    assert found.possible
    assert "not tried: not compiled" in found.text


def test_a_target_that_hangs_does_not_keep_the_preview_waiting(world: World) -> None:
    patient = '[resources]\ndeadline = "60s"\nfuel_per_call = "unlimited"\n'
    world.put("c", Crafted(load="spin"), patient, version="1.0.0")
    world.open()
    world.install("c", TWO, patient, version="2.0.0")
    assert "trying took too long" in choices(world, to=1)["keep"].text
    world.call("c", "add", 2)


def test_the_preview_says_that_storage_is_not_reverted(world: World) -> None:
    stores = '[capabilities]\nstorage = "read-write"\n'
    world.put("c", ONE, stores, version="1.0.0")
    world.open()
    world.install("c", TWO, stores, version="2.0.0")
    assert all("its storage is not reverted" in choice.text for choice in choices(world).values())


def test_a_rollback_never_takes_a_paired_state_that_its_target_could_not_load(counting: World) -> None:
    counting.install("c", TWO, version="2.0.0")
    catalog = counting.runtime.probe.floor.state.catalog
    counting.run(lambda: counting.runtime.probe.floor.disk(catalog.mark_snapshot_failed, states(counting)[0].id, 1))
    assert not choices(counting)["restore"].possible
    with pytest.raises(Exception, match="no state of r1 was kept"):
        counting.do(Rollback("c", state=StatePolicy.RESTORE))


def test_the_counter_is_restored_across_its_releases(world: World) -> None:
    world.put("counter", RELEASES / "1.1.0")
    world.open()
    world.call("counter", "increment", 5)
    world.do(SaveState("counter"))
    world.install("counter", RELEASES / "1.4.0")
    world.call("counter", "increment", 2)
    assert choices(world, name="counter")["keep"].text.startswith("r1 (1.1.0) could load 1.4.0's state")
    oldest = states(world, "counter")[-1]
    assert oldest.version == "1.1.0"
    world.do(RestoreState("counter", oldest.id))
    assert world.call("counter", "get") == 5
    assert world.row("counter").version == "1.4.0", "the state of the older release, in the newer one"


def test_a_paired_state_that_could_not_be_restored_is_not_tried_again(counting: World) -> None:
    counting.install("c", STUBBORN, version="2.0.0")  # refused: it cannot load the state
    counting.install("d", STUBBORN, version="1.0.0")
    counting.do(SaveState("d"))
    counting.install("d", ONE, version="2.0.0")
    with pytest.raises(RollbackRefused, match="refused at state load"):
        counting.do(Rollback("d", to=1, state=StatePolicy.RESTORE))
    update, operator = states(counting, "d")
    assert {update.cause: update.failed_by, operator.cause: operator.failed_by} == {"update": (1,), "operator": ()}
    with pytest.raises(RollbackRefused, match="refused at state load"):
        counting.do(Rollback("d", to=1, state=StatePolicy.RESTORE))
    assert all(view.failed_by == (1,) for view in states(counting, "d") if view.revision == 1)
    with pytest.raises(RollbackRefused, match="no state of r1 was kept"):
        counting.do(Rollback("d", to=1, state=StatePolicy.RESTORE))
    assert counting.row("d").revision == 2


def test_a_state_that_failed_under_one_number_has_failed_for_its_artifact(counting: World) -> None:
    counting.do(SaveState("c"))
    counting.call("c", "add", 10)
    counting.do(Stop("c"))
    newest, oldest = states(counting)
    catalog = counting.runtime.probe.floor.state.catalog
    counting.run(lambda: counting.runtime.probe.floor.disk(catalog.mark_snapshot_failed, newest.id, 1))
    counting.do(RestoreState("c", oldest.id))
    floor = counting.runtime.probe.floor
    counting.run(lambda: floor.disk(catalog.drop_snapshots, [oldest.id + 2]))
    counting.do(Start("c"))
    assert counting.call("c", "get") == 5, "r2 is r1: what r1 could not load, it is not given"
