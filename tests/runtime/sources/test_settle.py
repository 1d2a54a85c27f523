"""When a change has settled: scripted notices and stamps on a clock that is given."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.runtime.sources.folder import entries
from airssys_tui.runtime.sources.names import key_of
from airssys_tui.runtime.sources.settle import LONGEST, Settled, Settler
from airssys_tui.runtime.sources.stamps import Stamp, stamps

QUIET = 0.05


class Script:
    """A folder that exists as stamps only, a settler on it, and the clock of both."""

    def __init__(self) -> None:
        self.now = 0.0
        self.files: dict[str, dict[str, Stamp]] = {}
        self.settler = Settler(lambda key: tuple(self.files.get(key, {}).values()), QUIET)
        self.settled: list[Settled] = []
        self._writes = 0

    def write(self, key: str, name: str) -> None:
        """Write a file and notice it, as the operating system does."""
        self._writes += 1
        self.files.setdefault(key, {})[name] = Stamp(name, self._writes, self._writes)
        self.settler.notice(key, self.now)

    def delete(self, key: str) -> None:
        """Delete all there is of a component."""
        self.files.pop(key, None)
        self.settler.notice(key, self.now)

    def passes(self, seconds: float, step: float = 0.01) -> list[Settled]:
        """Let time pass, with a look now and then; return what settled meanwhile."""
        found = []
        for _ in range(round(seconds / step)):
            self.now += step
            found += self.settler.due(self.now)
        self.settled += found
        return found


@pytest.fixture
def script() -> Script:
    return Script()


def test_nothing_settles_before_it_has_been_quiet(script: Script) -> None:
    script.write("counter", "counter.wasm")
    assert script.passes(QUIET - 0.01) == []
    assert script.settler.waiting
    assert [change.key for change in script.passes(0.03)] == ["counter"]
    assert not script.settler.waiting


@pytest.mark.parametrize("order", [("counter.wasm", "Component.toml"), ("Component.toml", "counter.wasm")])
def test_manifest_and_wasm_are_one_change_in_either_order(script: Script, order: tuple[str, str]) -> None:
    script.write("counter", order[0])
    assert script.passes(0.04) == []
    script.write("counter", order[1])
    (change,) = script.passes(1.0)
    assert {stamp[0] for stamp in change.stamps} == {"counter.wasm", "Component.toml"}
    assert change.bursts == 2
    assert change.waited >= 0.04 + QUIET


def test_a_burst_is_one_change_with_the_last_stamps(script: Script) -> None:
    for _ in range(40):
        script.write("counter", "counter.wasm")
        assert script.passes(0.01) == []
    (change,) = script.passes(1.0)
    assert change.stamps[0][1] == 40
    assert change.bursts == 40


def test_a_file_that_grows_without_notices_is_waited_for(script: Script) -> None:
    script.write("counter", "counter.wasm")
    for size in range(100, 120):
        script.files["counter"]["counter.wasm"] = Stamp("counter.wasm", size, size)
        assert script.passes(0.03) == []
    assert len(script.passes(1.0)) == 1


def test_one_look_does_not_tell_that_a_file_rests(script: Script) -> None:
    script.write("counter", "counter.wasm")
    script.now += 10 * QUIET  # nobody looked meanwhile: the machine was busy
    assert script.settler.due(script.now) == ()
    script.files["counter"]["counter.wasm"] = Stamp("counter.wasm", 2, 2)
    assert script.passes(QUIET - 0.01) == []
    assert len(script.passes(0.1)) == 1


def test_what_never_rests_is_taken_as_it_is_after_a_while(script: Script) -> None:
    script.write("counter", "counter.wasm")
    looks = 0
    while not (found := script.passes(0.01)):
        script.write("counter", "counter.wasm")
        looks += 1
        assert looks < 2_000, "it waits for ever"
    assert found[0].waited == pytest.approx(LONGEST, abs=0.05)


def test_delete_and_add_is_a_replacement(script: Script) -> None:
    script.write("counter", "counter.wasm")
    script.passes(1.0)
    script.delete("counter")
    assert script.passes(0.03) == []
    script.write("counter", "counter.wasm")
    (change,) = script.passes(1.0)
    assert change.stamps, "it is there"


def test_what_stays_away_is_gone(script: Script) -> None:
    script.write("counter", "counter.wasm")
    script.passes(1.0)
    script.delete("counter")
    (change,) = script.passes(1.0)
    assert change.stamps == ()


def test_components_settle_on_their_own(script: Script) -> None:
    script.write("a", "a.wasm")
    for _ in range(20):
        script.write("b", "b.wasm")
        script.passes(0.01)
    assert [change.key for change in script.settled] == ["a"]
    script.passes(1.0)
    assert [change.key for change in script.settled] == ["a", "b"]


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["write", "delete"]), st.floats(0.0, 0.2)), max_size=30)
)
def test_whatever_happens_the_last_word_is_what_is_there(steps: list[tuple[str, str, float]]) -> None:
    script = Script()
    for key, what, pause in steps:
        script.write(key, "x.wasm") if what == "write" else script.delete(key)
        script.passes(pause)
    script.passes(2 * QUIET + 0.05)
    assert not script.settler.waiting
    for key in {key for key, _, _ in steps}:
        last = [change for change in script.settled if change.key == key][-1]
        assert last.stamps == tuple(script.files.get(key, {}).values())


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("counter/Component.toml", "counter"),
        ("counter/counter.wasm", "counter"),
        ("echo.wasm", "echo.wasm"),
        ("counter", "counter"),
        ("counter/counter.wasm.tmp", None),
        ("counter/.counter.wasm.swp", None),
        ("counter/counter.wasm~", None),
        ("counter/counter.wasm.part", None),
        ("counter/notes.md", None),
        ("counter/src/counter.wasm", None),
        (".releases/counter.wasm", None),
        ("echo.wasm.crdownload", None),
        ("../elsewhere/echo.wasm", None),
        ("", None),
    ],
)
def test_which_paths_matter(path: str, key: str | None) -> None:
    folder = Path("/w/components")
    assert key_of(folder, Path("/w/elsewhere/echo.wasm") if path.startswith("..") else folder / path) == key


def test_entries_are_directories_and_files_that_look_like_components(tmp_path: Path) -> None:
    for name in ("counter/Component.toml", "half/half.wasm", "docs/readme.md", ".releases/x.wasm", "empty/.keep"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "echo.wasm").write_bytes(b"")
    (tmp_path / "echo.wasm.tmp").write_bytes(b"")
    (tmp_path / "dir.wasm").mkdir()
    for name in ("X.WASM", "x.wat", "notes.md"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "link").symlink_to("link")
    assert entries(tmp_path) == (
        *("X.WASM", "counter", "dir.wasm", "docs", "echo.wasm", "empty", "half", "link", "x.wat"),
    )


def test_stamps_tell_size_time_and_file_apart(tmp_path: Path) -> None:
    directory = tmp_path / "counter"
    directory.mkdir()
    wasm = directory / "counter.wasm"
    wasm.write_bytes(b"one")
    (directory / "counter.wasm.tmp").write_bytes(b"unfinished")
    first = stamps(tmp_path, "counter")
    assert [stamp[0] for stamp in first] == ["counter.wasm"]
    other = directory / "aside.tmp"
    other.write_bytes(b"two")
    other.replace(wasm)
    assert stamps(tmp_path, "counter") != first, "the same size, another file"
    wasm.unlink()
    assert stamps(tmp_path, "counter") == ()
    assert stamps(tmp_path, "nothing") == ()
