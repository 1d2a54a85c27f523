"""One bulk action is undone as one; and undoing a rollback brings back what was refused before it."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any

import pytest

from airssys_tui.api.commands import Command, MarkStable, Pin, Rollback, Stop, Undo, Unload
from airssys_tui.api.views.components import NoteKind
from airssys_tui.api.views.runtime import Done
from airssys_tui.core.errors import TransitionError, UsageError
from airssys_tui.core.lifecycle import State
from airssys_tui.store.catalog.actions import ACTIONS
from airssys_tui.tui.operating.bulk import carry_out
from tests.support.components import Crafted
from tests.support.world import PATIENCE, World

NAMES = ("a", "b", "c", "d")


@pytest.fixture
def four(world: World) -> World:
    """Give four components that serve; the first one has counted to 5."""
    for name in NAMES:
        world.put(name, Crafted(salt=f"bulk {name}"))
    world.open()
    world.call("a", "add", 5)
    world.do(Pin("a", 1))
    return world


def in_bulk(world: World, *commands: Command, batch: str = "bulk-1") -> None:
    asked: list[Future[Done]] = [world.runtime.submit(command, batch=batch) for command in commands]
    for each in asked:
        each.result(PATIENCE)


def label(world: World) -> str:
    return str(world.runtime.snapshot().undo)


@pytest.mark.parametrize("command", [Stop, Unload])
def test_a_bulk_action_is_undone_as_one(four: World, command: Any) -> None:
    in_bulk(four, *map(command, NAMES))
    assert label(four).startswith(f"{command.__name__.lower()} 4 components (")
    assert " and 1 more), just now" in label(four)
    assert four.do(Undo()).text.endswith(", 4 of 4")
    assert {four.row(name).state for name in NAMES} == {State.RUNNING}
    assert four.call("a", "get") == 5
    assert label(four).startswith("pin r1 of a"), "what was done before is next"


def test_the_screen_sends_its_bulk_commands_as_one_action(four: World) -> None:
    outcomes = asyncio.run(carry_out(four.runtime, [Stop(name) for name in NAMES[:3]]))
    assert not any(outcome.failed for outcome in outcomes)
    four.do(Undo())
    assert {four.row(name).state for name in NAMES} == {State.RUNNING}


def test_one_command_for_one_mark_is_an_action_of_its_own(four: World) -> None:
    asyncio.run(carry_out(four.runtime, [Stop("a")]))
    asyncio.run(carry_out(four.runtime, [Stop("b")]))
    four.do(Undo())
    assert (four.row("a").state, four.row("b").state) == (State.STOPPED, State.RUNNING)


def test_two_bulk_actions_are_undone_one_after_the_other(four: World) -> None:
    in_bulk(four, Pin("a", 1, pinned=False), Pin("b", 1), batch="pins")
    in_bulk(four, Stop("a"), Stop("b"), batch="stops")
    four.do(Undo())
    assert four.row("a").state is State.RUNNING
    assert four.history("b")[0].pinned
    four.do(Undo())
    assert (four.history("a")[0].pinned, four.history("b")[0].pinned) == (True, False)


def test_what_moved_on_since_is_left_out_and_named(four: World) -> None:
    in_bulk(four, *map(Stop, NAMES))
    four.install("b", Crafted(salt="bulk b 2"))
    text = four.do(Undo()).text
    assert "3 of 4; not undone: b: r2 has taken over since" in text
    assert {name: four.row(name).state is State.RUNNING for name in NAMES} == {
        "a": True,
        "b": False,
        "c": True,
        "d": True,
    }
    assert label(four).startswith("pin r1 of a")


def test_when_nothing_of_it_can_be_undone_it_is_refused(four: World) -> None:
    in_bulk(four, Stop("a"), Stop("b"))
    for name in ("a", "b"):
        four.install(name, Crafted(salt=f"bulk {name} 2"))
    with pytest.raises(TransitionError, match=r"stop 2 components \(., .\) can no longer be undone: ") as refused:
        four.do(Undo())
    assert "pin r1 of a" in refused.value.remedy


def test_a_bulk_action_outlives_the_runtime(four: World) -> None:
    in_bulk(four, *map(Stop, NAMES))
    four.reopen()
    assert label(four).startswith("stop 4 components (")
    four.do(Undo())
    assert {four.row(name).state for name in NAMES} == {State.RUNNING}


def test_a_bulk_action_is_kept_whole_or_not_at_all(four: World) -> None:
    in_bulk(four, Pin("b", 1), Pin("c", 1), Pin("d", 1))
    catalog = four.runtime.probe.floor.state.catalog
    first = catalog.actions()[0]
    for _ in range(ACTIONS - 2):
        four.run(lambda: four.runtime.probe.floor.disk(catalog.record_action, first))
    batches = [action.batch for action in catalog.actions()]
    assert batches.count("bulk-1") == ACTIONS + 1, "one row of the batch is among the newest: all of it stays"


def test_the_name_of_a_bulk_action_is_bounded(four: World) -> None:
    with pytest.raises(UsageError, match="65 characters"):
        four.runtime.submit(Stop("a"), batch="x" * 65).result(PATIENCE)
    assert four.row("a").state is State.RUNNING


REFUSED = {
    "init": Crafted(init="error"),
    "health probe": Crafted(health="unhealthy"),
    "magic": b"noise",
}


@pytest.mark.parametrize("gate", REFUSED)
def test_undoing_a_rollback_brings_the_refusal_back(world: World, gate: str) -> None:
    world.open()
    world.install("c", Crafted(salt="one"), version="1.0.0")
    world.do(MarkStable("c", 1))
    world.install("c", Crafted(salt="two"), version="1.1.0")
    world.install("c", REFUSED[gate], version="1.2.0")
    before = world.row("c").note
    assert before.kind is NoteKind.REFUSED
    world.do(Rollback("c", to=1))
    assert world.row("c").note.kind is not NoteKind.REFUSED
    world.do(Undo())
    row = world.row("c")
    assert (row.version, row.note) == ("1.1.0", before)
    world.notice("c")
    assert world.row("c").version == "1.1.0", "it is not tried again"
    assert len(world.events("c", "refused")) == 1
    world.reopen()
    assert world.row("c").note == before
    assert len(world.events("c", "refused")) == 0


def test_undoing_a_rollback_brings_an_unmet_dependency_back(world: World) -> None:
    world.open()
    world.install("c", Crafted(salt="one"))
    world.do(MarkStable("c", 1))
    world.install("c", Crafted(salt="two"))
    world.install("c", Crafted(salt="three"), '[dependencies]\nledger = "^1"\n')
    before = world.row("c").note
    assert "dependencies" in before.text
    world.do(Rollback("c", to=1))
    world.do(Undo())
    assert world.row("c").note == before
