"""A stop or start that is written into the catalog while nothing runs is an action of the operator like any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from airssys_tui.api.commands import Pin, Stop, Undo
from airssys_tui.core.errors import TransitionError
from airssys_tui.core.lifecycle import Desired, State
from tests.support.command_line import Answer, Desk
from tests.support.components import STATELESS, Crafted
from tests.support.world import World

Offline = Callable[[str], Answer]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a scratch folder beside that of the desk."""
    (tmp_path / "world").mkdir()
    made = World(tmp_path / "world")
    yield made
    made.close()


@pytest.fixture
def lived(world: World) -> World:
    """Give a component whose first revision was pinned, a while ago; no runtime is open."""
    world.open()
    world.install("c", Crafted(salt="offline 1"))
    world.call("c", "add", 7)
    world.do(Pin("c", 1))
    world.close()
    return world


@pytest.fixture
def offline(desk: Desk, lived: World) -> Offline:
    """Give the command line on that folder, for one command about the component."""
    place = ("--folder", str(lived.folder), "--state-dir", str(lived.state_dir))

    def run(command: str) -> Answer:
        answer = desk.run(command, "c", *place)
        assert answer.code == 0, answer.err
        return answer

    return run


def test_an_offline_stop_is_undone_and_an_older_pin_stays(lived: World, offline: Offline) -> None:
    assert "will stay stopped at the next start" in offline("stop").out
    lived.open()
    assert lived.row("c").state is State.INSTALLED
    assert lived.runtime.snapshot().undo == "stop c, just now"
    assert lived.do(Undo()).text.startswith("undone: stop c")
    assert (lived.row("c").state, lived.row("c").desired) == (State.RUNNING, Desired.RUNNING)
    assert lived.call("c", "get") == 7
    assert lived.history("c")[0].pinned, "the pin is older than the stop"
    assert lived.runtime.snapshot().undo.startswith("pin r1 of c")


def test_an_offline_start_is_undone(lived: World, offline: Offline) -> None:
    offline("stop")
    offline("start")
    lived.open()
    assert lived.row("c").state is State.RUNNING
    assert lived.do(Undo()).text.startswith("undone: start c")
    assert lived.row("c").state is State.STOPPED
    assert lived.row("c").desired is Desired.STOPPED
    lived.reopen()
    lived.do(Undo())
    assert lived.row("c").state is State.RUNNING, "undoing again goes further back: to the stop"


def test_the_undo_of_an_offline_start_says_what_it_loses(lived: World, desk: Desk) -> None:
    lived.open()
    lived.install("d", Crafted(exports=STATELESS))
    lived.close()
    for command in ("stop", "start"):
        desk.run(command, "d", "--folder", str(lived.folder), "--state-dir", str(lived.state_dir))
    lived.open()
    assert "what d holds in memory" in lived.runtime.snapshot().undo_loses


def test_one_that_changed_nothing_leaves_nothing_to_undo(lived: World, offline: Offline) -> None:
    offline("start")
    lived.open()
    assert lived.runtime.snapshot().undo.startswith("pin r1 of c")
    assert lived.events("c", "start") == []


def test_an_offline_stop_that_was_overtaken_is_not_undone(lived: World, offline: Offline) -> None:
    offline("stop")
    lived.put("c", Crafted(salt="offline 2"))
    lived.open()
    assert lived.row("c").revision == 2
    with pytest.raises(TransitionError, match="stop c can no longer be undone: r2 has taken over since"):
        lived.do(Undo())


def test_an_offline_stop_is_in_the_history(lived: World, offline: Offline, desk: Desk) -> None:
    offline("stop")
    told = desk.run("events", "c", "--since", "1h", "--folder", str(lived.folder), "--state-dir", str(lived.state_dir))
    assert "operator asked to stop" in told.out


def test_an_online_and_an_offline_stop_record_the_same(lived: World, offline: Offline) -> None:
    offline("stop")
    lived.open()
    (written, *_) = lived.runtime.probe.floor.state.catalog.actions()
    lived.do(Undo())
    lived.do(Stop("c"))
    (carried_out, *_) = lived.runtime.probe.floor.state.catalog.actions()
    assert (written.text, written.command, written.inverse, written.expects, written.who) == (
        carried_out.text,
        carried_out.command,
        carried_out.inverse,
        carried_out.expects,
        carried_out.who,
    )
