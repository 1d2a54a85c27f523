"""A state directory is for its user alone, however it was found: made private, or refused with the remedy."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from airssys_tui.cli.serving.log import log_path, open_log
from airssys_tui.core.errors import StoreError
from airssys_tui.core.keyvalue import WriteTerms
from airssys_tui.store.directory import StateDirectory
from airssys_tui.store.disk.privacy import exposures, make_private
from airssys_tui.store.keyvalues.namespace import Namespace


def modes(path: Path) -> dict[str, int]:
    """Return the mode of everything in a directory, and its own, by name."""
    found = {".": path, **{str(entry.relative_to(path)): entry for entry in path.rglob("*")}}
    return {name: stat.S_IMODE(entry.lstat().st_mode) for name, entry in found.items()}


def used(path: Path, folder: Path) -> None:
    """Leave a state directory as a runtime leaves it that was killed: with everything there is."""
    with StateDirectory.open(path, folder=folder) as state:
        state.blobs.put(b"wasm")
        Namespace(state.storage, "local/one").set("a", "1", WriteTerms(1_000))
        for name in ("catalog.db-wal", "catalog.db-shm", "storage.db-wal", "storage.db-shm"):
            assert (path / name).exists()
        os.close(open_log(log_path(path)))


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_everything_that_is_made_is_private_whatever_the_umask(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "state"
    with StateDirectory.open(path, folder=folder) as state:
        state.blobs.put(b"wasm")
        Namespace(state.storage, "local/one").set("a", "1", WriteTerms(1_000))
        os.close(open_log(log_path(path)))
        found = modes(path)
    assert {"catalog.db", "catalog.db-wal", "storage.db-shm", "owner.json", "logs/tui.log"} <= found.keys()
    assert {name: mode for name, mode in found.items() if mode & 0o077} == {}


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o750, 0o701])
def test_an_empty_directory_is_made_private(tmp_path: Path, folder: Path, mode: int) -> None:
    path = tmp_path / "state"
    path.mkdir()
    path.chmod(mode)
    with StateDirectory.open(path, folder=folder):
        assert modes(path)["."] == 0o700


def test_one_that_was_used_is_made_private_with_what_is_in_it(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "state"
    used(path, folder)
    for entry in (path, path / "blobs", path / "logs"):
        entry.chmod(0o755)
    for entry in (path / "catalog.db", path / "storage.db", path / "logs" / "tui.log"):
        entry.chmod(0o666)
    assert len(exposures(path)) == 6
    with StateDirectory.open(path, folder=folder) as state:
        assert state.storage.components() == ("local/one",)
        assert exposures(path) == ()


def test_a_directory_that_holds_other_things_is_refused_as_it_is(tmp_path: Path, folder: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "letter").write_text("dear")
    home.chmod(0o755)
    with pytest.raises(StoreError, match=r"other users may have access to the state directory .* mode is 0755") as told:
        StateDirectory.open(home, folder=folder)
    assert f"chmod 700 {home}" in told.value.remedy
    assert modes(home) == {".": 0o755, "letter": stat.S_IMODE((home / "letter").stat().st_mode)}
    home.chmod(0o700)
    StateDirectory.open(home, folder=folder).close()


def link_directory(path: Path, aside: Path) -> None:
    path.rename(aside)
    path.symlink_to(aside)


def dangling(path: Path, aside: Path) -> None:
    path.rename(aside)
    path.symlink_to(aside.with_name("nowhere"))


def link_inside(name: str) -> Callable[[Path, Path], None]:
    def link(path: Path, aside: Path) -> None:
        entry = path / name
        if entry.exists():
            entry.rename(aside)
        entry.symlink_to(aside)

    return link


LINKS = {
    "the directory": link_directory,
    "to nowhere": dangling,
    **{
        name: link_inside(name)
        for name in ("catalog.db", "catalog.db-wal", "storage.db", "storage.db-shm", "owner.lock", "owner.json")
    },
    **{name: link_inside(name) for name in ("blobs", "code", "logs", "logs/tui.log", "blobs/ab", "probe")},
}


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_links_are_refused_and_what_they_lead_to_is_not_touched(
    tmp_path: Path, folder: Path, link: Callable[[Path, Path], None]
) -> None:
    path, aside = tmp_path / "state", tmp_path / "aside"
    used(path, folder)
    link(path, aside)
    before = modes(tmp_path)
    with pytest.raises(StoreError, match="is a link") as told:
        StateDirectory.open(path, folder=folder)
    assert told.value.remedy
    assert modes(tmp_path) == before
    assert any("is a link" in exposure.text for exposure in exposures(path))


def test_a_directory_behind_a_linked_parent_is_taken(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    StateDirectory.open(tmp_path / "link" / "state", folder=folder).close()


def test_what_belongs_to_another_user_is_refused(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used(tmp_path / "state", folder)
    monkeypatch.setattr(os, "geteuid", lambda: 4_711)
    with pytest.raises(StoreError, match="belongs to another user") as told:
        make_private(tmp_path / "state")
    assert "--state-dir" in told.value.remedy
    assert all("belongs to another user" in exposure.text for exposure in exposures(tmp_path / "state"))


def test_a_file_in_its_place_is_refused(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StoreError, match="is a file"):
        StateDirectory.open(tmp_path / "state", folder=folder)


def test_a_log_is_not_written_through_a_link(tmp_path: Path) -> None:
    log, letter = log_path(tmp_path), tmp_path / "letter"
    letter.write_text("dear")
    log.parent.mkdir()
    log.symlink_to(letter)
    with pytest.raises(StoreError, match="cannot open the log"):
        open_log(log)
    assert letter.read_text() == "dear"


MISPLACED = {
    f"{name} is {kind}": (name, make)
    for kind, make in {"a pipe": os.mkfifo, "a folder": os.mkdir}.items()
    for name in ("catalog.db", "catalog.db-wal", "storage.db", "storage.db-shm", "owner.lock", "owner.json", "probe")
} | {
    f"{name} is {kind}": (name, make)
    for kind, make in {"a pipe": os.mkfifo, "a file": os.mknod}.items()
    for name in ("blobs", "code", "logs")
}


@pytest.mark.parametrize(("name", "make"), MISPLACED.values(), ids=MISPLACED)
def test_what_is_no_file_or_no_folder_in_its_place_is_refused_and_told(
    tmp_path: Path, folder: Path, name: str, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "state"
    used(path, folder)
    if (path / name).exists():
        (path / name).rename(tmp_path / "aside")
    make(path / name)
    with pytest.raises(StoreError, match="has to be a f") as told:
        StateDirectory.open(path, folder=folder)
    assert told.value.remedy
    assert any("has to be a f" in exposure.text for exposure in exposures(path))
