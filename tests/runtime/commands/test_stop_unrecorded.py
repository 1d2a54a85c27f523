"""A component stops even if that cannot be recorded; its stop and its last state are recorded as soon as possible."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from airssys_tui.api.commands import Pin, Start, Stop, Unload
from airssys_tui.core.errors import StoreBusy, StoreError
from airssys_tui.core.lifecycle import Desired, State
from airssys_tui.runtime.components import kept_states
from airssys_tui.store.catalog.records import NewSnapshot, SnapshotInfo
from airssys_tui.store.directory import CATALOG_FILE
from airssys_tui.store.disk import database, free_space
from tests.support.components import Crafted
from tests.support.full_disk import Disk, fill, small_file_system
from tests.support.world import World

Release = Callable[[], object]
SOON = {"disk_check": 0.02}


@pytest.fixture(params=["no room", "really no room", "locked"])
def unwritable(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[Callable[[], Release]]:
    """Give what makes the catalog of an open runtime unwritable; that returns what makes it writable again."""
    patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    with ExitStack() as stack:
        if request.param == "no room":
            disk = Disk(patch)

            def prevent() -> Release:
                disk.is_full = True
                return disk.free

        elif request.param == "really no room":
            small = stack.enter_context(small_file_system(tmp_path / "small"))
            world.state_dir = small / "state"
            patch.setattr(free_space, "RESERVE", 0)
            patch.setattr(free_space, "TIMES", 0)

            def prevent() -> Release:
                return fill(small).unlink

        else:
            patch.setattr(database, "STATEMENT_SECONDS", 0.05)

            def prevent() -> Release:
                other = stack.enter_context(closing(sqlite3.connect(world.state_dir / CATALOG_FILE)))
                other.execute("BEGIN IMMEDIATE")
                return other.rollback

        yield prevent
        world.close()


@pytest.fixture
def counting(world: World, unwritable: Callable[[], Release]) -> World:
    """Give a component that has counted to five."""
    world.put("c", Crafted(), version="1.0.0")
    world.open(**SOON)
    assert world.call("c", "add", 5) == 5
    return world


def recorded(world: World) -> Desired:
    with closing(sqlite3.connect(f"file:{world.state_dir / CATALOG_FILE}?mode=ro", uri=True)) as catalog:
        return Desired(catalog.execute("SELECT desired FROM components").fetchone()[0])


@pytest.mark.parametrize("order", [Stop, Unload])
def test_it_stops_now_and_that_is_recorded_later(
    order: type[Stop | Unload], counting: World, unwritable: Callable[[], Release]
) -> None:
    writable = unwritable()
    done = counting.do(order("c"))
    assert "but this is recorded only later: cannot write the catalog" in done.text
    row = counting.row("c")
    assert row.state in {State.STOPPED, State.UNINSTALLED}
    assert row.desired is Desired.STOPPED
    assert recorded(counting) is Desired.RUNNING
    assert "the next start would start it again" in counting.told("c", "store")
    writable()
    counting.wait_event("c", "store", 2)
    assert counting.told("c", "store") == "the stop is recorded now"
    assert recorded(counting) is Desired.STOPPED
    counting.wait_row("c", lambda row: "not recorded" not in row.note.text)
    counting.reopen(**SOON)
    assert counting.row("c").desired is Desired.STOPPED
    counting.do(Start("c"))
    assert counting.call("c", "get") == 5, "its last state was written later, too"


def test_the_row_says_that_it_is_not_recorded(counting: World, unwritable: Callable[[], Release]) -> None:
    unwritable()
    counting.do(Stop("c"))
    counting.publish()
    assert counting.row("c").note.text == "stopped by operator, not recorded yet"


def test_it_starts_again_with_what_it_had_before_anything_can_be_recorded(
    counting: World, unwritable: Callable[[], Release]
) -> None:
    writable = unwritable()
    counting.do(Stop("c"))
    counting.do(Start("c"))
    assert counting.call("c", "add", 1) == 6
    writable()
    counting.do(Stop("c"))
    counting.do(Start("c"))
    assert counting.call("c", "get") == 6, "an older state that was owed does not come back"
    counting.reopen(**SOON)
    assert counting.row("c").state is State.RUNNING
    assert counting.call("c", "get") == 6


def test_a_runtime_that_ends_first_starts_it_again_as_it_said(
    counting: World, unwritable: Callable[[], Release]
) -> None:
    writable = unwritable()
    counting.do(Stop("c"))
    counting.close()
    writable()
    counting.open(**SOON)
    assert counting.row("c").state is State.RUNNING


def test_other_commands_about_a_locked_catalog_are_refused_as_busy(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "STATEMENT_SECONDS", 0.05)
    world.put("c", Crafted(), version="1.0.0")
    world.open()
    with closing(sqlite3.connect(world.state_dir / CATALOG_FILE)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="locked by another process") as busy:
            world.do(Pin("c", 1))
        assert busy.value.retryable
        assert isinstance(busy.value, StoreError)
    world.do(Pin("c", 1))


@pytest.fixture
def roomless(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, Disk]]:
    """Give four components with a saved state each, a disk that can be filled, and nothing that writes by itself."""
    disk = Disk(monkeypatch)
    for name in "abcd":
        world.put(name, Crafted(salt=name))
    world.open(disk_check=3600.0)
    for name in "abcd":
        world.call(name, "add", 5)
        world.do(Stop(name))
        world.do(Start(name))
    yield world, disk
    world.close()


def saved(world: World, name: str) -> tuple[SnapshotInfo, ...]:
    floor = world.runtime.probe.floor
    found: tuple[SnapshotInfo, ...] = world.run(lambda: floor.disk(floor.state.catalog.snapshots, name, limit=10))
    return found


def write_owed(world: World) -> None:
    system = world.runtime.probe.system
    world.run(lambda: system.snapshots.write_owed(system.router))


def stopped_without_room(world: World, disk: Disk, *names: str) -> None:
    for name in names:
        world.call(name, "add", 1)
    disk.is_full = True
    for name in names:
        world.do(Stop(name))
    disk.free()


def test_a_state_that_is_owed_is_written_once(roomless: tuple[World, Disk]) -> None:
    world, disk = roomless
    stopped_without_room(world, disk, "a", "b")
    before = {name: len(saved(world, name)) for name in "ab"}
    for _ in range(3):
        write_owed(world)
    assert {name: len(saved(world, name)) for name in "ab"} == {name: count + 1 for name, count in before.items()}
    assert len([event for event in world.events("a") if "later than it was taken" in event.text]) == 1


@pytest.mark.parametrize(("seconds", "written"), [(60.0, False), (1.0, False), (-60.0, True)])
def test_a_state_that_is_owed_does_not_come_after_a_newer_one(
    roomless: tuple[World, Disk], seconds: float, *, written: bool
) -> None:
    world, disk = roomless
    stopped_without_room(world, disk, "c")
    floor, old = world.runtime.probe.floor, saved(world, "c")[0]
    data = world.run(lambda: floor.disk(floor.state.catalog.snapshot, old.id)).data
    other = NewSnapshot("c", 1, old.schema_tag, old.payload_kind, data, "import", floor.clock() + seconds)
    world.run(lambda: floor.disk(floor.state.catalog.add_snapshot, other))
    write_owed(world)
    assert (saved(world, "c")[0].cause == "import") is not written


@pytest.mark.parametrize("most", [1, 2, 3])
def test_so_many_states_are_owed_at_most_and_the_others_are_told_as_lost(
    roomless: tuple[World, Disk], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    world, disk = roomless
    monkeypatch.setattr(kept_states, "MOST_OWED", most)
    stopped_without_room(world, disk, *"abcd")
    lost = [name for name in "abcd" if world.events(name, "state lost")]
    assert lost == list("abcd"[most:])
    write_owed(world)
    assert [name for name in "abcd" if saved(world, name)[0].id > 4] == list("abcd"[:most])
