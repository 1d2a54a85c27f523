"""A stored copy that is damaged or missing is taken in again from the folder; nothing is condemned for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from airssys_tui.api.commands import Reload, Restart, Rollback, Start, Stop
from airssys_tui.core.errors import AirssysError, RollbackRefused, TransitionError
from airssys_tui.core.lifecycle import RecoveryKind, State
from airssys_tui.core.revision import Outcome
from tests.support.components import Crafted
from tests.support.world import World

ONE, TWO = Crafted(salt="one"), Crafted(salt="two")


def flip(blob: Path) -> None:
    data = bytearray(blob.read_bytes())
    data[300] ^= 0xFF
    blob.write_bytes(data)


def truncate(blob: Path) -> None:
    blob.write_bytes(blob.read_bytes()[:100])


def directory(blob: Path) -> None:
    blob.unlink()
    blob.mkdir()
    (blob / "inside").write_bytes(b"x")


def link(blob: Path) -> None:
    blob.rename(blob.with_name("elsewhere"))
    blob.symlink_to(blob.with_name("elsewhere"))


def dangling(blob: Path) -> None:
    blob.unlink()
    blob.symlink_to("nowhere")


def fifo(blob: Path) -> None:
    blob.unlink()
    os.mkfifo(blob)


def unreadable(blob: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("the superuser can read everything")
    blob.chmod(0)


DAMAGES = {
    "a byte": flip,
    "cut off": truncate,
    "empty": lambda blob: blob.write_bytes(b""),
    "missing": Path.unlink,
    "directory": directory,
    "link": link,
    "dangling link": dangling,
    "FIFO": fifo,
    "unreadable": unreadable,
    "whole shelf missing": lambda blob: shutil.rmtree(blob.parent),
}


def damage(world: World, how: Callable[[Path], object], name: str = "c") -> Path:
    """Damage the stored copy of what serves, and forget its compiled code, so that the copy is needed."""
    digest = world.row(name).digest
    assert digest is not None
    blob = blob_of(world, digest)
    world.close()
    how(blob)
    shutil.rmtree(world.state_dir / "code")
    return blob


def blob_of(world: World, digest: str) -> Path:
    name = digest.removeprefix("sha256:")
    return world.state_dir / "blobs" / name[:2] / name


@pytest.fixture
def counting(world: World) -> World:
    world.put("c", ONE)
    world.open()
    assert world.call("c", "add", 7) == 7
    return world


@pytest.mark.parametrize("how", DAMAGES.values(), ids=DAMAGES)
def test_a_start_takes_a_damaged_copy_in_again(counting: World, how: Callable[[Path], object]) -> None:
    blob = damage(counting, how)
    counting.open()
    row = counting.row("c")
    assert (row.state, row.revision, row.quarantined, row.restarts) == (State.RUNNING, 1, (), 0)
    assert counting.call("c", "get") == 7
    assert "taken in again from the folder" in "".join(event.text for event in counting.events(None, "store"))
    assert not blob.is_symlink()
    assert blob.read_bytes() == ONE.wasm()
    with pytest.raises(TransitionError, match="already serves what is on disk"):
        counting.do(Reload("c"))


def test_a_copy_is_not_taken_from_files_that_became_others(counting: World) -> None:
    damage(counting, flip)
    shutil.rmtree(counting.folder / "c")
    counting.put("c", TWO)
    counting.open()
    row = counting.wait_row("c", lambda row: row.state is State.RUNNING)
    assert (row.revision, row.quarantined) == (2, ())
    assert "taken in again" not in "".join(event.text for event in counting.events())


def test_without_the_file_nothing_is_condemned_and_it_serves_when_the_file_is_back(world: World) -> None:
    manifest = '[supervision]\nmax_restarts = 0\n[deployment]\nprobation = "1h"\n'
    world.put("c", ONE, manifest)
    world.open()
    world.call("c", "add", 3)
    damage(world, flip)
    (world.folder / "c" / "c.wasm").rename(world.folder / "aside")
    world.open()
    row = world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.BACKOFF)
    assert (row.state, row.quarantined, row.revision) == (State.FAILED, (), 1)
    assert "does not match its digest" in row.note.text
    assert "will be tried again in" in row.note.text
    assert world.outcomes("c")[1] is Outcome.ACTIVE
    (world.folder / "aside").rename(world.folder / "c" / "c.wasm")
    assert "started" in world.do(Reload("c")).text
    assert world.call("c", "get") == 3
    assert world.row("c").revision == 1


def test_reload_starts_what_is_on_disk_while_nothing_serves(counting: World) -> None:
    counting.do(Stop("c"))
    assert "started" in counting.do(Reload("c")).text
    assert (counting.row("c").state, counting.row("c").revision) == (State.RUNNING, 1)
    assert counting.call("c", "get") == 7
    with pytest.raises(TransitionError, match="already serves what is on disk"):
        counting.do(Reload("c"))


@pytest.mark.parametrize("how", [flip, directory, Path.unlink], ids=["a byte", "directory", "missing"])
def test_a_restart_onto_a_damaged_copy_heals_it(counting: World, how: Callable[[Path], object]) -> None:
    digest = counting.row("c").digest
    assert digest is not None
    damage(counting, how)
    (counting.folder / "c" / "c.wasm").rename(counting.folder / "aside")
    counting.open()
    counting.do(Stop("c"))
    (counting.folder / "aside").rename(counting.folder / "c" / "c.wasm")
    counting.do(Start("c"))
    counting.do(Restart("c"))
    assert blob_of(counting, digest).read_bytes() == ONE.wasm()


def test_a_rollback_onto_a_damaged_copy_heals_from_whoever_has_the_file_or_says_what_to_do(counting: World) -> None:
    counting.install("c", TWO)
    first = counting.history("c")[-1].digest
    blob = blob_of(counting, first)
    flip(blob)
    with pytest.raises(RollbackRefused, match="does not match its digest") as caught:
        counting.do(Rollback("c", to=1))
    assert "put the same file back" in caught.value.remedy
    assert (counting.row("c").state, counting.row("c").revision) == (State.RUNNING, 2)
    counting.install("d", ONE)
    flip(blob)
    counting.do(Rollback("c", to=1))
    assert counting.call("c", "get") == 7
    assert blob.read_bytes() == ONE.wasm()


@pytest.mark.parametrize("how", [truncate, directory, link, unreadable, fifo], ids=lambda how: how.__name__)
def test_damaged_compiled_code_is_compiled_again(counting: World, how: Callable[[Path], object]) -> None:
    counting.close()
    (code,) = (counting.state_dir / "code").glob("*/*.cwasm")
    how(code)
    counting.open()
    assert counting.row("c").state is State.RUNNING
    assert counting.call("c", "get") == 7
    counting.reopen()  # what is written behind is written by the end
    assert code.is_file()
    assert not code.is_symlink()
    assert counting.runtime.probe.floor.state.code.counters.hits == 1


def test_what_is_no_file_among_the_code_does_not_keep_the_runtime_from_starting(counting: World) -> None:
    counting.close()
    (code,) = (counting.state_dir / "code").glob("*/*.cwasm")
    for name, how in (("a", directory), ("b", dangling), ("c", fifo)):
        stray = code.with_name(f"{name * 64}.cwasm")
        stray.touch()
        how(stray)
    try:
        counting.open()
    except AirssysError as error:
        pytest.fail(f"it did not start: {error}")
    assert counting.row("c").state is State.RUNNING
    assert [file.name for file in code.parent.iterdir()] == [code.name]


@pytest.mark.parametrize(
    "how", [truncate, directory, link, unreadable, fifo, Path.unlink], ids=lambda how: how.__name__
)
def test_code_that_is_damaged_while_the_runtime_runs_is_a_miss_and_is_replaced(
    counting: World, how: Callable[[Path], object]
) -> None:
    floor = counting.runtime.probe.floor
    digest = counting.row("c").digest
    (code,) = (counting.state_dir / "code").glob("*/*.cwasm")
    data = code.read_bytes()
    how(code)
    got = counting.run(lambda: floor.disk(floor.state.code.get, digest, floor.engine.identity))
    assert got is None
    counting.run(lambda: floor.disk(floor.state.code.put, digest, floor.engine.identity, data))
    assert code.read_bytes() == data
    assert not code.is_symlink()
