"""Undoing what an operator did last, on real components; and when it is refused."""

from __future__ import annotations

import pytest

from airssys_tui.api.commands import (
    Annotate,
    MarkStable,
    Pin,
    RestoreState,
    Rollback,
    SaveState,
    Start,
    Stop,
    Undo,
    Unload,
)
from airssys_tui.core.errors import TransitionError, UsageError
from airssys_tui.core.lifecycle import Desired, State
from airssys_tui.core.revision import Cause, StatePolicy
from airssys_tui.store.catalog.actions import ACTIONS
from tests.support.components import STATELESS, Crafted
from tests.support.world import PATIENCE, World

ONE, TWO, THREE = (Crafted(salt=f"undo {number}") for number in range(3))


@pytest.fixture
def lived(world: World) -> World:
    """Give a component that was updated once and has counted to 7."""
    world.open()
    world.install("c", ONE, version="1.0.0")
    world.install("c", TWO, version="1.1.0")
    world.call("c", "add", 7)
    return world


def undo(world: World) -> str:
    return str(world.do(Undo()).text)


def label(world: World) -> str:
    return str(world.runtime.snapshot().undo)


def test_a_stop_is_undone_with_the_state(lived: World) -> None:
    lived.do(Stop("c"))
    assert label(lived) == "stop c, just now"
    assert "undone: stop c" in undo(lived)
    assert lived.call("c", "get") == 7
    assert lived.row("c").desired is Desired.RUNNING
    assert label(lived) == ""


def test_a_start_is_undone(lived: World) -> None:
    lived.do(Stop("c"))
    lived.do(Start("c"))
    undo(lived)
    assert lived.row("c").state is State.STOPPED
    assert lived.row("c").desired is Desired.STOPPED


def test_an_unload_is_undone(lived: World) -> None:
    lived.do(Unload("c"))
    undo(lived)
    assert lived.call("c", "get") == 7


def test_a_rollback_is_undone_to_what_served_and_what_was_held(lived: World) -> None:
    lived.do(Rollback("c"))
    assert lived.row("c").held == ("1.1.0",)
    lived.call("c", "add", 1)
    undo(lived)
    row = lived.row("c")
    assert (row.version, row.revision, row.held) == ("1.1.0", 4, ())
    assert lived.call("c", "get") == 8
    assert lived.history("c")[0].origin == 2
    lived.notice("c")
    assert lived.row("c").revision == 4, "what is on disk serves"


def test_holds_of_an_earlier_rollback_come_back(lived: World) -> None:
    lived.install("c", THREE, version="1.2.0")
    lived.do(Rollback("c", to=2))
    held = lived.row("c").held
    lived.do(Rollback("c", to=1))
    assert lived.row("c").held != held
    undo(lived)
    assert (lived.row("c").held, lived.row("c").version) == (held, "1.1.0")


@pytest.mark.parametrize("policy", [StatePolicy.FRESH, StatePolicy.RESTORE])
def test_a_rollback_that_exchanged_the_state_gives_it_back(lived: World, policy: StatePolicy) -> None:
    lived.do(Rollback("c", to=1, state=policy))
    assert lived.call("c", "get") == 0
    lived.call("c", "add", 100)
    assert "stays behind" in lived.runtime.snapshot().undo_loses
    undo(lived)
    assert lived.call("c", "get") == 7


def test_what_has_no_state_loses_its_memory_and_says_so(world: World) -> None:
    world.open()
    world.install("c", Crafted(exports=STATELESS))
    world.do(Stop("c"))
    world.do(Start("c"))
    assert "memory" in world.runtime.snapshot().undo_loses


def test_marks_are_undone_one_after_the_other(lived: World) -> None:
    lived.do(Pin("c", 1))
    lived.do(Annotate("c", 1, "before the summer"))
    lived.do(Annotate("c", 1, "after the summer"))
    lived.do(MarkStable("c", 2))
    notes = []
    for _ in range(4):
        undo(lived)
        record = next(each for each in lived.history("c") if each.number == 1)
        notes.append(record.note)
    assert notes == ["after the summer", "before the summer", "", ""]
    assert not any(each.pinned for each in lived.history("c"))
    assert not lived.row("c").stable
    with pytest.raises(UsageError, match="nothing to undo"):
        undo(lived)


def test_what_changed_nothing_leaves_nothing_to_undo(lived: World) -> None:
    lived.do(Annotate("c", 1, ""))
    with pytest.raises(TransitionError):
        lived.do(Start("c"))
    assert label(lived) == ""
    assert lived.told("c", "not-done") == "not done, start: c already runs"


def test_a_newer_deployment_is_not_undone_over(lived: World) -> None:
    lived.do(Pin("c", 1))
    lived.do(Rollback("c"))
    lived.install("c", THREE, version="1.2.0")
    with pytest.raises(TransitionError, match="r4 has taken over since") as refused:
        undo(lived)
    assert "pin r1 of c" in refused.value.remedy
    assert lived.row("c").version == "1.2.0"
    assert label(lived).startswith("pin r1 of c")


def test_a_note_that_was_changed_elsewhere_is_left_alone(lived: World) -> None:
    lived.do(Annotate("c", 1, "mine"))
    catalog = lived.runtime.probe.floor.state.catalog
    lived.run(lambda: lived.runtime.probe.floor.disk(catalog.annotate, "c", 1, "theirs", who="other"))
    with pytest.raises(TransitionError, match="note was changed"):
        undo(lived)
    assert lived.history("c")[-1].note == "theirs"


def test_what_can_be_undone_outlives_the_runtime(lived: World) -> None:
    lived.do(Rollback("c"))
    lived.reopen()
    assert label(lived).startswith("roll back c to r3")
    undo(lived)
    assert lived.row("c").version == "1.1.0"
    lived.reopen()
    assert label(lived) == ""


def test_it_outlives_a_kill(lived: World) -> None:
    lived.do(Stop("c"))
    lived.crash()
    assert lived.row("c").desired is Desired.STOPPED
    undo(lived)
    assert lived.call("c", "get") == 7


def test_undoing_is_told_and_recorded(lived: World) -> None:
    lived.do(Stop("c"))
    lived.runtime.submit(Undo(), who="ada").result(30)
    assert "ada asked to undo: stop c" in [event.text for event in lived.events("c", "undo")]
    newest, first = lived.runtime.probe.floor.state.catalog.actions()
    assert (newest.undoes, newest.who, newest.text) == (first.id, "ada", "undo of stop c")
    assert first.settled == "undone"


def test_only_so_many_are_kept(lived: World) -> None:
    for number in range(ACTIONS + 20):
        lived.do(Annotate("c", 1, f"note {number}"))
    assert len(lived.runtime.probe.floor.state.catalog.actions()) == ACTIONS


def test_a_restored_state_is_given_back(lived: World) -> None:
    lived.do(Pin("c", 1))
    lived.do(SaveState("c"))
    lived.call("c", "add", 4)
    saved = lived.runtime.states("c").result(PATIENCE)[0].id
    lived.do(RestoreState("c", saved))
    assert lived.call("c", "get") == 7
    assert label(lived) == f"restore the state of c from snapshot {saved}, just now"
    assert "since the restore stays behind" in lived.runtime.snapshot().undo_loses
    undo(lived)
    assert lived.call("c", "get") == 11
    assert lived.row("c").version == "1.1.0"
    assert lived.history("c")[0].cause is Cause.RESTORE
    assert label(lived).startswith("pin r1 of c")
