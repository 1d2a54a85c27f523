"""Names that are no text are refused once, shown escaped, and stored nowhere; long and foreign ones are taken."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
import pytest

from airssys_tui.api.wire import encode
from airssys_tui.core.errors import IdentityError, UsageError
from airssys_tui.core.events import EventAction
from airssys_tui.core.lifecycle import State
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.runtime.sources.names import is_relevant, require_name, stem_of
from tests.support.components import Crafted
from tests.support.world import World

pytestmark = pytest.mark.timeout(60)

ONE, TWO = Crafted(salt="1"), Crafted(salt="2")

REFUSED = {
    b"bad\xff.wasm": r"bad\xff.wasm",
    b"\xed\xa0\x80.wasm": r"\xed\xa0\x80.wasm",
    b"a\nb.wasm": r"a\x0ab.wasm",
    b"\x1b[31mred.wasm": r"\x1b[31mred.wasm",
    "line\u2028.wasm".encode(): r"line\u2028.wasm",
}


@pytest.fixture(params=["native", "polling"])
def watched(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, world: World) -> World:
    """Give a world with `c` serving, whose folder is watched."""
    if request.param == "polling":
        monkeypatch.setenv("AIRSSYS_TUI_POLL", "1")
    world.put("c", ONE)
    world.open(watch=True)
    world.call("c", "add", 5)
    return world


def _stored(world: World) -> bytes:
    """Return everything that is on disk of the state, and everything that front ends are sent."""
    disk = b"".join(file.read_bytes() for file in world.state_dir.rglob("*") if file.is_file())
    return disk + encode(world.runtime.snapshot()) + encode(world.runtime.events(0, 5_000))


def test_a_name_that_is_no_text_is_refused_once_and_nobody_else_is_judged_again(watched: World) -> None:
    for name in REFUSED:
        (watched.folder / os.fsdecode(name)).write_bytes(TWO.wasm())
    inside = watched.folder / os.fsdecode(b"folder\xfe")
    inside.mkdir()
    shutil.copy(watched.folder / "c" / "c.wasm", inside / "x.wasm")
    watched.wait_for(lambda snapshot: len(snapshot.problems) == len(REFUSED) + 1)
    for shown in (*REFUSED.values(), r"folder\xfe"):
        told = [event.text for event in watched.events(action=EventAction.REFUSED) if event.text.startswith(shown)]
        assert len(told) == 1, (shown, told)
        assert any(text.startswith(f"{shown}: ") for text in watched.runtime.snapshot().problems)
    watched.put("d", TWO)
    watched.wait_row("d", lambda row: row.state is State.RUNNING)
    assert [row.id for row in watched.runtime.snapshot().components] == ["c", "d"]
    assert watched.events("c", EventAction.IGNORED) == []
    assert watched.call("c", "get") == 5
    everything = _stored(watched)
    assert not any(raw in everything for raw in (b"bad\xff", b"folder\xfe", b"\x1b[31m", rb"\udcff", b"\xed\xa0\x80"))


def test_a_refusal_of_a_name_is_over_when_the_file_is_renamed(watched: World) -> None:
    bad = watched.folder / os.fsdecode(b"bad\xff.wasm")
    bad.write_bytes(TWO.wasm())
    watched.wait_for(lambda snapshot: snapshot.problems)
    bad.rename(watched.folder / "good.wasm")
    watched.wait_row("good", lambda row: row.state is State.RUNNING)
    watched.wait_for(lambda snapshot: not snapshot.problems)


def test_a_start_refuses_such_names_too_and_a_restart_again(world: World) -> None:
    world.put("c", ONE)
    for name in REFUSED:
        (world.folder / os.fsdecode(name)).write_bytes(TWO.wasm())
    world.open()
    world.reopen()
    assert len(world.runtime.snapshot().problems) == len(REFUSED)
    assert [row.id for row in world.runtime.snapshot().components] == ["c"]
    assert world.call("c", "add", 1) == 1
    msgspec.json.decode(encode(world.runtime.snapshot()))


@pytest.mark.parametrize(
    ("name", "identity"),
    [("Zoë 日本.wasm", "zo"), ("x" * 250 + ".wasm", "x" * 64), ("soft\u00adhyphen.wasm", "soft-hyphen")],
)
def test_long_and_foreign_names_are_taken(world: World, name: str, identity: str) -> None:
    (world.folder / name).write_bytes(TWO.wasm())
    world.open()
    assert world.row(identity).state is State.RUNNING
    world.reopen()
    assert world.row(identity).state is State.RUNNING


def test_a_folder_whose_only_bare_file_has_no_proper_name_says_so(world: World) -> None:
    (world.folder / "d").mkdir()
    (world.folder / "d" / os.fsdecode(b"\xff.wasm")).write_bytes(TWO.wasm())
    world.put("c", ONE)
    world.open()
    row = world.wait_row("d", lambda row: row.state is State.FAILED)
    assert r"\xff.wasm" in row.note.text


@pytest.mark.parametrize("name", ["a\0b", "\x7f", "\x85", "\ud800", "\u2029"])
def test_what_no_name_may_have(name: str) -> None:
    with pytest.raises(IdentityError):
        require_name(name)


@pytest.mark.parametrize("name", ["a", "Ä", "\u202e", "e\u0301", "a b\u00a0c", "\U0001f469\u200d\U0001f680"])
def test_what_is_only_shown_with_care_is_taken(name: str) -> None:
    require_name(name)


def test_names_that_look_like_a_components() -> None:
    for name in ("x.wasm", "X.WASM", "x.wat", "Component.toml", "component.TOML"):
        assert is_relevant(name)
    for name in (".x.wasm", "x.wasm~", "x.wasm.part", "x.wasmx", "Component.toml.bak", "notes.md"):
        assert not is_relevant(name)
    assert (stem_of("x.wasm"), stem_of("x.y"), Path("x.y").stem) == ("x", "x.y", "x")


@pytest.mark.parametrize("name", [b"f\xff", b"\xfe/inner", b"\xed\xa0\x80"])
def test_a_folder_whose_path_is_no_text_is_refused_before_anything_is_made(tmp_path: Path, name: bytes) -> None:
    folder = tmp_path / os.fsdecode(name)
    folder.mkdir(parents=True)
    with pytest.raises(UsageError, match="is not UTF-8 text") as told:
        EmbeddedRuntime.open(folder, state_dir=tmp_path / "state")
    assert told.value.message.isascii()
    assert told.value.remedy == "rename the folder"
    assert not (tmp_path / "state").exists()
