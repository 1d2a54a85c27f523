"""A bare wasm file in a folder is taken in; what only looks like a component is told, with reason and remedy."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from airssys_tui.core.events import EventAction
from airssys_tui.core.lifecycle import State
from airssys_tui.runtime.sources import folder, overlooked
from airssys_tui.runtime.sources.overlooked import overlooked_folder
from airssys_tui.runtime.standalone.check import inspect_path
from tests.support.components import Crafted
from tests.support.world import World

pytestmark = pytest.mark.timeout(60)

ONE, TWO = Crafted(salt="1"), Crafted(salt="2")


@pytest.mark.parametrize(
    ("path", "identity"),
    [("foo/primes.wasm", "foo"), ("Big Echo/x.wasm", "big-echo"), ("v1.2/v1.2.wasm", "v1-2"), ("x.wasm/y.wasm", "x")],
)
def test_a_bare_file_in_a_folder_is_taken_in_under_the_folders_name(world: World, path: str, identity: str) -> None:
    (world.folder / path).parent.mkdir()
    (world.folder / path).write_bytes(ONE.wasm())
    world.open()
    row = world.wait_row(identity, lambda row: row.state is State.RUNNING)
    assert row.source == Path(path).parts[0]
    assert world.call(identity, "add", 5) == 5
    assert inspect_path((world.folder / path).parent).id == identity
    (world.folder / path).write_bytes(TWO.wasm())
    world.notice(Path(path).parts[0])
    world.wait_row(identity, lambda row: row.revision == 2)
    assert world.call(identity, "get") == 5
    world.reopen()
    assert world.row(identity).state is State.RUNNING


def test_a_bare_file_that_is_dropped_while_it_is_watched_is_taken_in(world: World) -> None:
    world.open(watch=True)
    (world.folder / "foo").mkdir()
    (world.folder / "foo" / "x.wasm").write_bytes(ONE.wasm())
    world.wait_row("foo", lambda row: row.state is State.RUNNING)


def test_a_bare_file_in_a_folder_that_is_copied_slowly_is_one_revision(world: World) -> None:
    world.open(watch=True)
    wasm = ONE.wasm()
    (world.folder / "foo").mkdir()
    with (world.folder / "foo" / "x.wasm").open("wb") as file:
        file.write(wasm[: len(wasm) // 2])
        file.flush()
        world.wait_for(lambda _: world.events(action=EventAction.PARTIAL_WRITE))
        assert world.runtime.snapshot().components == ()
        file.write(wasm[len(wasm) // 2 :])
    row = world.wait_row("foo", lambda row: row.state is State.RUNNING)
    assert row.revision == 1


def test_a_manifest_that_follows_soon_is_waited_for(world: World) -> None:
    world.open()
    (world.folder / "foo").mkdir()
    (world.folder / "foo" / "x.wasm").write_bytes(ONE.wasm())
    world.notice("foo")
    assert world.runtime.snapshot().components == ()
    (world.folder / "foo" / "Component.toml").write_text('[package]\nname = "bar"\n[component]\nwasm = "x.wasm"\n')
    world.notice("foo")
    assert [row.id for row in world.runtime.snapshot().components] == ["bar"]


def test_a_manifest_that_follows_late_makes_it_another_component(world: World) -> None:
    (world.folder / "foo").mkdir()
    (world.folder / "foo" / "x.wasm").write_bytes(ONE.wasm())
    world.open()
    world.wait_row("foo", lambda row: row.state is State.RUNNING)
    (world.folder / "foo" / "Component.toml").write_text('[package]\nname = "bar"\n[component]\nwasm = "x.wasm"\n')
    world.notice("foo")
    world.wait_row("bar", lambda row: row.state is State.RUNNING)
    assert (world.row("foo").state, world.row("foo").present) == (State.STOPPED, False)


NEAR_MISSES = [
    (["x.wat"], "x.wat is WebAssembly text"),
    (["X.WASM"], "X.WASM does not end in .wasm in small letters"),
    (["foo/x.wat"], "foo/x.wat is WebAssembly text"),
    (["foo/X.Wasm"], "foo/X.Wasm does not end in .wasm in small letters"),
    (["foo/bar/x.wasm"], "foo/bar/x.wasm lies too deep"),
    (["foo/a/b/c/x.wasm"], "foo/a/b/c/x.wasm lies too deep"),
    (["foo/bar/Component.toml", "foo/bar/x.wasm"], "foo/bar/x.wasm lies too deep"),
    (["foo/component.toml"], "foo/ has component.toml, but no .wasm file"),
    (["Component.toml"], "Component.toml lies outside of a component's folder"),
]
ROWS = [
    (["foo/a.wasm", "foo/b.wasm"], "foo/ has 2 .wasm files (a.wasm, b.wasm) and no Component.toml that names one"),
    (["foo/x.wasm", "foo/component.toml"], "foo/component.toml is not read as a manifest"),
    (["foo/Component.toml"], "x.wasm is not in foo/"),
]


def _make(world: World, files: list[str]) -> None:
    for file in files:
        path = world.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if file.lower().endswith(".toml"):
            path.write_text('[package]\nname = "foo"\n[component]\nwasm = "x.wasm"\n')
        else:
            path.write_bytes(ONE.wasm())


@pytest.mark.parametrize(("files", "said"), NEAR_MISSES, ids=lambda value: str(value[0])[:20])
def test_what_looks_like_a_component_is_told(world: World, files: list[str], said: str) -> None:
    world.put("c", TWO)
    _make(world, files)
    world.open()
    snapshot = world.wait_for(lambda snapshot: snapshot if snapshot.problems else None)
    (problem,) = snapshot.problems
    assert problem.startswith(said)
    assert "not taken in → " in problem
    assert [row.id for row in snapshot.components] == ["c"]
    key = files[0].split("/")[0]
    world.notice(key)
    assert len([event for event in world.events(action=EventAction.REFUSED) if said in event.text]) == 1, "told once"
    world.remove(key)
    assert world.runtime.snapshot().problems == ()


@pytest.mark.parametrize(("files", "said"), ROWS, ids=lambda value: str(value[0])[:20])
def test_a_folder_with_wasm_that_cannot_be_a_component_is_a_row(world: World, files: list[str], said: str) -> None:
    _make(world, files)
    world.open()
    row = world.wait_row("foo", lambda row: row.state is State.FAILED)
    assert said in row.note.text
    assert not inspect_path(world.folder / "foo").admissible
    world.remove("foo")
    assert world.runtime.snapshot().components == ()


def test_near_misses_that_are_dropped_while_it_is_watched_are_told(world: World) -> None:
    world.open(watch=True)
    for count, (files, said) in enumerate((NEAR_MISSES[0], NEAR_MISSES[2], NEAR_MISSES[4]), 1):
        _make(world, files)
        world.wait_for(lambda snapshot, said=said: any(text.startswith(said) for text in snapshot.problems))
        if count == 2:
            world.remove("foo")
    (world.folder / "x.wat").unlink()
    world.wait_for(lambda snapshot: not any(text.startswith("x.wat") for text in snapshot.problems))


def test_a_second_wasm_file_does_not_stop_the_first(world: World) -> None:
    _make(world, ["foo/a.wasm"])
    world.open()
    world.wait_row("foo", lambda row: row.state is State.RUNNING)
    world.call("foo", "add", 5)
    (world.folder / "foo" / "b.wasm").write_bytes(TWO.wasm())
    world.notice("foo")
    row = world.wait_row("foo", lambda row: "has 2 .wasm files" in row.note.text)
    assert (row.state, world.call("foo", "get")) == (State.RUNNING, 5)
    (world.folder / "foo" / "b.wasm").unlink()
    world.notice("foo")
    world.wait_row("foo", lambda row: not row.note.text)


def test_a_component_that_shrinks_to_its_text_is_gone(world: World) -> None:
    _make(world, ["foo/a.wasm", "foo/a.wat"])
    world.open()
    world.wait_row("foo", lambda row: row.state is State.RUNNING)
    (world.folder / "foo" / "a.wasm").unlink()
    world.notice("foo")
    world.wait_row("foo", lambda row: row.state is State.STOPPED and not row.present)
    world.wait_for(lambda snapshot: any(text.startswith("foo/a.wat is WebAssembly") for text in snapshot.problems))


def test_ordinary_folders_and_files_are_not_worth_a_word(world: World) -> None:
    for file in ("docs/readme.md", "src/lib.rs", "empty/.keep", "notes.md", ".hidden/x.wasm", "a/.git/x.wasm"):
        (world.folder / file).parent.mkdir(parents=True, exist_ok=True)
        (world.folder / file).write_text("nothing")
    world.open()
    assert world.runtime.snapshot().problems == ()
    assert folder.read(world.folder, "docs") is None


def test_a_vast_tree_is_looked_at_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlooked, "MOST_LOOKED_AT", 5)
    for number in range(20):
        (tmp_path / f"d{number:02}").mkdir()
    (tmp_path / "d19" / "x.wasm").write_bytes(b"")
    assert overlooked_folder(tmp_path, "tree", []) is None
    monkeypatch.setattr(overlooked, "MOST_LOOKED_AT", 100)
    assert overlooked_folder(tmp_path, "tree", []) is not None
    deep = tmp_path / "deep" / "/".join("abcdef")
    deep.mkdir(parents=True)
    (deep / "x.wasm").write_bytes(b"")
    (tmp_path / "deep" / "again").symlink_to(tmp_path / "deep")
    assert overlooked_folder(tmp_path / "deep", "deep", []) is None


@pytest.mark.parametrize(("levels", "told"), [(1, True), (overlooked.DEEPEST, True), (overlooked.DEEPEST + 1, False)])
def test_so_many_levels_are_looked_at_and_no_more(tmp_path: Path, levels: int, *, told: bool) -> None:
    below = tmp_path.joinpath(*"abcdefgh"[:levels])
    below.mkdir(parents=True)
    (below / "x.wasm").write_bytes(b"")
    assert (overlooked_folder(tmp_path, "tree", []) is not None) is told


@pytest.mark.parametrize("hours", [1, 24, 24 * 365])
def test_files_from_the_future_are_not_waited_for(tmp_path: Path, hours: int) -> None:
    (tmp_path / "c").mkdir()
    wasm = tmp_path / "c" / "x.wasm"
    wasm.write_bytes(b"")
    assert isinstance(folder.read(tmp_path, "c", young=60.0), folder.Early)
    later = time.time() + 3600 * hours
    os.utime(wasm, (later, later))
    assert isinstance(folder.read(tmp_path, "c", young=60.0), folder.Reading)
