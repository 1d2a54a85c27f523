from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from airssys_tui.core.errors import FolderMismatch, StateAbsent, StateLocked, StoreError
from airssys_tui.store.directory import CATALOG_FILE, StateDirectory
from airssys_tui.store.disk.durable import sync_directory
from airssys_tui.store.ownership import NOTE_FILE, Owner, live_owner, read_owner
from airssys_tui.store.paths import default_state_dir

NOBODY = 65_534
HOLDER = """
import sys
from pathlib import Path
from airssys_tui.store.directory import StateDirectory
state = StateDirectory.open(Path(sys.argv[1]), folder=Path(sys.argv[2]))
state.catalog.upsert_component("counter", "/c")
print("ready", flush=True)
sys.stdin.read()
state.close()
"""


def hold(directory: Path, folder: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(directory), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    return holder


def test_a_directory_is_private_and_lives_on(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "deep" / "state"
    with StateDirectory.open(path, folder=folder) as state:
        state.catalog.upsert_component("counter", "/c")
        digest = state.blobs.put(b"wasm")
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert stat.S_IMODE(state.blobs.path(digest).stat().st_mode) == 0o600
        assert stat.S_IMODE((path / NOTE_FILE).stat().st_mode) == 0o600
    with StateDirectory.open(path, folder=folder) as state:
        assert not state.left_in_disorder
        assert [record.id for record in state.catalog.components()] == ["counter"]
        assert state.blobs.get(digest) == b"wasm"


def test_a_second_process_is_told_who_owns_the_directory(tmp_path: Path, folder: Path) -> None:
    holder = hold(tmp_path / "state", folder)
    try:
        with pytest.raises(StateLocked) as caught:
            StateDirectory.open(tmp_path / "state", folder=folder)
        assert re.search(rf"pid {holder.pid} since \d\d:\d\d$", str(caught.value))
        assert caught.value.remedy
        owner = live_owner(tmp_path / "state")
        assert owner is not None
        assert (owner.pid, owner.folder) == (holder.pid, str(folder))
        with StateDirectory.open_readonly(tmp_path / "state") as reader:
            assert [record.id for record in reader.catalog.components()] == ["counter"]
    finally:
        holder.communicate("")
    assert read_owner(tmp_path / "state") is None
    with StateDirectory.open(tmp_path / "state", folder=folder) as state:
        assert not state.left_in_disorder


def test_the_lock_of_a_killed_owner_is_free(tmp_path: Path, folder: Path) -> None:
    holder = hold(tmp_path / "state", folder)
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    assert live_owner(tmp_path / "state") is None
    with StateDirectory.open_readonly(tmp_path / "state") as reader:
        assert [record.id for record in reader.catalog.components()] == ["counter"]
    with StateDirectory.open(tmp_path / "state", folder=folder) as state:
        assert state.left_in_disorder
        assert [record.id for record in state.catalog.components()] == ["counter"]


def test_one_process_owns_it_once(state: StateDirectory, folder: Path) -> None:
    with pytest.raises(StateLocked, match=f"pid {os.getpid()} since"):
        StateDirectory.open(state.path, folder=folder)
    state.catalog.components()


def test_an_owner_elsewhere_and_long_ago_is_named_so() -> None:
    owner = Owner(7, "another-host", time.time() - 3 * 86_400, "/components")
    assert re.fullmatch(r"pid 7 on another-host since \d{4}-\d\d-\d\d \d\d:\d\d", str(owner))
    assert re.fullmatch(r"pid 7 since \d\d:\d\d", str(Owner(7, socket.gethostname(), time.time(), "/")))


def test_an_owner_of_another_host_counts_as_alive(tmp_path: Path) -> None:
    owner = Owner(2**22 + 1, "another-host", 1.0, "/components")
    (tmp_path / NOTE_FILE).write_bytes(msgspec.json.encode(owner))
    assert live_owner(tmp_path) == owner
    for damaged in (b"{ not json", b'{"host": "\xff"}', b'{"\xff": 1}', b""):
        (tmp_path / NOTE_FILE).write_bytes(damaged)
        assert live_owner(tmp_path) is None


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_a_note_that_is_no_file_names_nobody_and_holds_up_nobody(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / NOTE_FILE)
    assert read_owner(tmp_path) is None
    assert live_owner(tmp_path) is None


def test_a_directory_belongs_to_its_folder(tmp_path: Path, folder: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    StateDirectory.open(tmp_path / "state", folder=folder).close()
    with pytest.raises(FolderMismatch, match=re.escape(f"belongs to {folder}, not to {other}")) as caught:
        StateDirectory.open(tmp_path / "state", folder=other)
    assert "--adopt" in caught.value.remedy
    StateDirectory.open(tmp_path / "state", folder=folder).close()
    StateDirectory.open(tmp_path / "state", folder=other, adopt=True).close()
    with StateDirectory.open(tmp_path / "state", folder=other) as state:
        assert state.catalog.folder() == str(other)


def test_a_link_to_the_folder_is_the_folder(tmp_path: Path, folder: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    StateDirectory.open(tmp_path / "state", folder=folder).close()
    StateDirectory.open(tmp_path / "state", folder=link).close()
    assert default_state_dir(link) == default_state_dir(folder)


def test_each_folder_has_its_own_default_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    one, two = default_state_dir(tmp_path / "a" / "My Components"), default_state_dir(tmp_path / "b" / "My Components")
    assert one != two
    assert re.fullmatch(r"my-components-[0-9a-f]{12}", one.name)
    if sys.platform == "linux":
        assert one.parent == tmp_path / "xdg" / "airssys-tui"


def test_reading_what_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(StateAbsent):
        StateDirectory.open_readonly(tmp_path / "state")
    assert not (tmp_path / "state").exists()


def test_a_reader_cannot_write(state: StateDirectory) -> None:
    with StateDirectory.open_readonly(state.path) as reader, pytest.raises(StoreError):
        reader.catalog.upsert_component("counter", "/c")
    assert state.catalog.components() == ()


def test_a_reader_sees_what_is_committed_while_it_reads(state: StateDirectory) -> None:
    with StateDirectory.open_readonly(state.path) as reader:
        assert reader.catalog.components() == ()
        state.catalog.upsert_component("counter", "/c")
        assert [record.id for record in reader.catalog.components()] == ["counter"]


def test_a_reader_needs_no_more_than_the_file(tmp_path: Path, folder: Path) -> None:
    with StateDirectory.open(tmp_path / "state", folder=folder) as state:
        state.catalog.upsert_component("counter", "/c")
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / CATALOG_FILE).write_bytes((tmp_path / "state" / CATALOG_FILE).read_bytes())
    copy.chmod(0o500)
    try:
        with StateDirectory.open_readonly(copy) as reader:
            assert [record.id for record in reader.catalog.components()] == ["counter"]
    finally:
        copy.chmod(0o700)


@pytest.mark.parametrize(
    ("offset", "damage"),
    [(0, b"this is no database at all"), (4096 * 2, os.urandom(4096 * 6))],
    ids=["header", "pages"],
)
def test_a_damaged_catalog_is_an_error_with_a_remedy(tmp_path: Path, folder: Path, offset: int, damage: bytes) -> None:
    directory = tmp_path / "state"
    StateDirectory.open(directory, folder=folder).close()
    with (directory / CATALOG_FILE).open("r+b") as file:
        file.seek(offset)
        file.write(damage)
    (directory / NOTE_FILE).write_text("left by a crash")
    for _ in range(2):
        with pytest.raises(StoreError, match="is damaged") as caught:
            StateDirectory.open(directory, folder=folder)
        assert type(caught.value) is StoreError
        assert "restore it" in caught.value.remedy


def test_a_path_that_cannot_be_a_directory_is_an_error(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError):
        StateDirectory.open(tmp_path / "file" / "state", folder=folder)
    with pytest.raises(StoreError):
        StateDirectory.open(tmp_path / "file", folder=folder)


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[Path]:
    """A directory of somebody who may not write everywhere, as root may."""
    if os.geteuid() != 0:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory() as base:
        Path(base).chmod(0o777)
        os.seteuid(NOBODY)
        try:
            yield Path(base)
        finally:
            os.seteuid(0)


@pytest.mark.parametrize(("file", "mode"), [(".", 0o500), (CATALOG_FILE, 0o400), ("blobs/unfinished", 0o000)])
def test_what_may_not_be_written_is_an_error_with_a_remedy(unprivileged: Path, file: str, mode: int) -> None:
    directory = unprivileged / "state"
    StateDirectory.open(directory, folder=unprivileged).close()
    (directory / file).chmod(mode)
    try:
        for _ in range(2):
            with pytest.raises(StoreError, match="is read-only or belongs to another user") as caught:
                StateDirectory.open(directory, folder=unprivileged)
            assert "--state-dir" in caught.value.remedy
        with StateDirectory.open_readonly(directory) as reader:
            assert reader.catalog.components() == ()
    finally:
        (directory / file).chmod(0o700)


def test_what_may_not_be_read_is_an_error_with_a_remedy(unprivileged: Path) -> None:
    directory = unprivileged / "state"
    StateDirectory.open(directory, folder=unprivileged).close()
    (directory / CATALOG_FILE).chmod(0o000)
    with pytest.raises(StoreError, match="belongs to another user"):
        StateDirectory.open_readonly(directory)


def test_sync_directory_is_for_directories(tmp_path: Path) -> None:
    sync_directory(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError):
        sync_directory(tmp_path / "file")
