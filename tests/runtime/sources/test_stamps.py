"""What the system says about an entry's files: links are followed, and only what does not exist is gone."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from airssys_tui.runtime.sources.stamps import Stamps, same_but_for_inode_times, stamps, survey


def _put(folder: Path) -> Path:
    """Make a folder with an entry of each kind; return what the links lead to."""
    target = folder.parent / "build"
    (target / "v1").mkdir(parents=True)
    (target / "v1" / "Component.toml").write_text("one")
    (target / "v1" / "d.wasm").write_text("one")
    (target / "b.wasm").write_text("one")
    folder.mkdir()
    (folder / "a").mkdir()
    (folder / "a" / "Component.toml").write_text("one")
    (folder / "a" / "a.wasm").write_text("one")
    (folder / "b.wasm").symlink_to(target / "b.wasm")
    (folder / "hard.wasm").hardlink_to(target / "v1" / "d.wasm")
    (folder / "d").symlink_to(target / "v1")
    (folder / "loop.wasm").symlink_to("loop.wasm")
    (folder / "gone.wasm").symlink_to("nowhere")
    (folder / "x.wasm").mkdir()
    (folder / "x.wasm" / "x.wasm").write_text("one")
    os.mkfifo(folder / "pipe.wasm")
    for ignored in ("notes.md", "a/notes.md", "a/.a.wasm.swp", ".hidden.wasm", "b.wasm.tmp"):
        (folder / ignored).write_text("nothing")
    return target


def _replace_target(target: Path) -> str:
    (target / "new").write_text("two")
    (target / "new").replace(target / "b.wasm")
    return "b.wasm"


def _rewrite_target(target: Path) -> str:
    (target / "b.wasm").write_text("two!")
    return "b.wasm"


def _write_other_name(target: Path) -> str:
    (target / "v1" / "d.wasm").write_text("two!")
    return "hard.wasm"


def _swap_directory(target: Path) -> str:
    (target / "v1").rename(target / "v0")
    (target / "v1").mkdir()
    (target / "v1" / "Component.toml").write_text("two")
    (target / "v1" / "d.wasm").write_text("two")
    return "d"


def _write_back_in_time(target: Path) -> str:
    before = (target / "b.wasm").stat()
    with (target / "b.wasm").open("r+b") as file:
        file.write(b"two")
    os.utime(target / "b.wasm", ns=(before.st_atime_ns, before.st_mtime_ns))
    return "b.wasm"


@pytest.mark.parametrize(
    "change", [_replace_target, _rewrite_target, _write_other_name, _swap_directory, _write_back_in_time]
)
def test_a_change_behind_a_link_changes_the_stamps(tmp_path: Path, change: Callable[[Path], str]) -> None:
    folder = tmp_path / "components"
    target = _put(folder)
    before = survey(folder).stamps
    key = change(target)
    after = survey(folder).stamps
    assert after[key] != before[key]
    assert same_but_for_inode_times(before[key], after[key]) is (change is _write_back_in_time)


def test_the_survey_of_a_folder_says_what_each_entry_says(tmp_path: Path) -> None:
    folder = tmp_path / "components"
    _put(folder)
    found = survey(folder).stamps
    assert sorted(found) == ["a", "b.wasm", "d", "hard.wasm", "loop.wasm", "pipe.wasm", "x.wasm"]
    assert [stamp.name for stamp in found["a"]] == ["Component.toml", "a.wasm"]
    for key in (path.name for path in folder.iterdir()):
        if not key.startswith(".") and not key.endswith(".tmp"):
            assert stamps(folder, key) == found.get(key, ())
    assert found["loop.wasm"][0].size == -errno.ELOOP, "it is there, and says why it cannot be looked at"


def test_an_entry_that_cannot_be_looked_at_is_not_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "components"
    _put(folder)
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("a"):
            raise OSError(errno.EMFILE, "Too many open files")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    expected: Stamps = stamps(folder, "a")
    assert [stamp.size for stamp in expected] == [-errno.EMFILE]
    assert survey(folder).stamps["a"] == expected
