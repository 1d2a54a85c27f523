"""What leaves the folder leaves nothing behind, and its name goes to the next entry that can use it."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError

import pytest

from airssys_tui.core.lifecycle import State
from tests.support.components import Crafted
from tests.support.world import PATIENCE, World

NOTHING = "[package"


def removed(world: World) -> None:
    shutil.rmtree(world.folder / "c")


def renamed(world: World) -> None:
    rename(world, "c", "other")


def emptied(world: World) -> None:
    for file in (world.folder / "c").iterdir():
        file.unlink()


def rename(world: World, entry: str, name: str) -> None:
    manifest = world.folder / entry / "Component.toml"
    manifest.write_text(manifest.read_text().replace(f'name = "{entry}"', f'name = "{name}"'))


@pytest.fixture
def let_go() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def hold_disk(world: World, let_go: threading.Event) -> None:
    held = threading.Event()

    def hold() -> None:
        held.set()
        assert let_go.wait(PATIENCE)

    world.runtime.probe.floor.on_disk(hold)
    assert held.wait(PATIENCE)


@pytest.mark.parametrize("leave", [removed, renamed, emptied])
def test_a_first_deployment_whose_files_leave_meanwhile_serves_nothing(
    leave: Callable[[World], None], world: World, let_go: threading.Event
) -> None:
    world.open()
    world.put("c", Crafted(salt="1"), version="1.0.0")
    hold_disk(world, let_go)
    arriving = world.notice_later("c")
    world.wait_row("c", lambda row: row.state is not State.RUNNING)
    component = world.runtime.probe.component("c")
    leave(world)
    leaving = world.notice_later("c")
    let_go.set()
    leaving.result(PATIENCE)
    with contextlib.suppress(CancelledError):
        arriving.result(PATIENCE)
    world.publish()
    assert (component.actor.serving, component.state is State.RUNNING) == (None, False)
    names = [row.id for row in world.runtime.snapshot().components if row.state is State.RUNNING]
    assert names == (["other"] if leave is renamed else [])
    world.put("c", Crafted(salt="1"), version="1.0.0")
    world.notice("c")
    assert world.call("c", "add", 3) == 3


@pytest.mark.parametrize("served", [True, False], ids=["served", "never-served"])
@pytest.mark.parametrize("leave", [removed, renamed], ids=["removed", "renamed"])
@pytest.mark.parametrize("broken", [0, 1, 2])
def test_the_name_goes_to_the_next_entry_that_can_use_it(
    broken: int, leave: Callable[[World], None], served: bool, world: World
) -> None:
    world.put("c", Crafted(salt="1"), "" if served else NOTHING, version="1.0.0")
    world.open()
    for entry in ("d", "e", "f"):
        world.put(entry, Crafted(salt=entry), version="2.0.0")
        rename(world, entry, "c")
        world.notice(entry)
    if not served:  # it has the name by its folder, and can be read now
        world.put("c", Crafted(salt="1"), version="1.0.0")
    for entry in ("d", "e")[:broken]:
        (world.folder / entry / "Component.toml").write_text(NOTHING)
    leave(world)
    world.notice("c")
    heir = ("d", "e", "f")[broken]
    assert (world.row("c").source, world.row("c").state) == (heir, State.RUNNING)


@pytest.mark.parametrize("left", ["nothing", "folder", "notes"])
def test_what_is_left_of_an_entry_that_a_component_moved_out_of_does_not_stop_it(left: str, world: World) -> None:
    world.put("c", Crafted(salt="1"), version="1.0.0")
    world.open()
    world.call("c", "add", 3)
    world.remove("c")
    (world.folder / "c.wasm").write_bytes(Crafted(salt="2").wasm())
    world.notice("c.wasm")
    assert (world.row("c").source, world.row("c").state) == ("c.wasm", State.RUNNING)
    if left != "nothing":
        (world.folder / "c").mkdir()
    if left == "notes":
        (world.folder / "c" / "notes.md").write_text("moved")
    world.notice("c")
    assert (world.row("c").source, world.row("c").state) == ("c.wasm", State.RUNNING)
    assert world.call("c", "get") == 3
