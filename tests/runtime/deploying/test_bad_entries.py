"""One bad entry is one row: whatever lies in the folder, the others run; and only what does not exist is removed."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.api.commands import Stop
from airssys_tui.api.views.components import NoteKind
from airssys_tui.api.views.runtime import Phase
from airssys_tui.core import regular_file
from airssys_tui.core.events import EventAction
from airssys_tui.core.lifecycle import State
from airssys_tui.runtime.sources import folder, surveyor
from airssys_tui.runtime.sources import stamps as stamping
from tests.support.components import Crafted
from tests.support.world import World

pytestmark = pytest.mark.timeout(60)

ONE, TWO = Crafted(salt="1"), Crafted(salt="2")
MANIFEST = '[package]\nname = "{0}"\n[component]\nwasm = "{0}.wasm"\n'

Make = Callable[[Path], None]


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def directory(path: Path) -> None:
    path.mkdir()


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def vast(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10 * 1024**4)


HOSTILE = [
    (pipe, "is a named pipe"),
    (endless, "is a device"),
    (listening, "is a socket"),
    (directory, "is a folder"),
    (loop, "symbolic links"),
    (vast, "are read"),
]


@pytest.mark.parametrize(("make", "said"), HOSTILE, ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_no_regular_file_is_one_row_and_the_others_run(world: World, make: Make, said: str) -> None:
    world.put("c", ONE)
    if make is not directory:  # a directory of that name may hold a component
        make(world.folder / "alone.wasm")
    for name, hostile in (("manifest", "Component.toml"), ("wasm", "wasm.wasm")):
        (world.folder / name).mkdir()
        (world.folder / name / f"{name}.wasm").write_bytes(TWO.wasm())
        (world.folder / name / "Component.toml").write_text(MANIFEST.format(name))
        (world.folder / name / hostile).unlink()
        make(world.folder / name / hostile)
    world.open()
    assert world.call("c", "add", 2) == 2
    rows = [row for row in world.runtime.snapshot().components if row.id != "c"]
    assert [row.id for row in rows] == [*(["alone"] if make is not directory else []), "manifest", "wasm"]
    for row in rows:
        assert (row.state, said in row.note.text) == (State.FAILED, True), row.note
        assert "tried again" not in row.note.text, "waiting does not help"
        told = " ".join(str(sentence) for sentence in world.runtime.explain(row.id).result(30).sentences)
        assert said in told, told
        assert "fix what was refused" in told, told
    world.put("later", TWO)
    world.notice("later")
    assert world.call("later", "add", 1) == 1
    world.do(Stop("c"))
    assert world.row("c").state is State.STOPPED


def test_links_that_lead_to_themselves_are_rows_too(world: World) -> None:
    world.put("c", ONE)
    (world.folder / "around").symlink_to("around")
    (world.folder / "one").symlink_to("other")
    (world.folder / "other").symlink_to("one")
    (world.folder / "nowhere").symlink_to("missing")
    world.open()
    assert world.row("c").state is State.RUNNING
    assert sorted(row.id for row in world.runtime.snapshot().components) == ["around", "c", "one", "other"]
    notes = [world.row(name).note.text for name in ("around", "one", "other")]
    assert all("symbolic links" in note and "tried again" not in note for note in notes), notes
    (world.folder / "one").unlink()
    world.put("one", TWO)
    world.notice("one")
    assert world.call("one", "add", 1) == 1


class Faults:
    """Makes calls of the system fail for paths of some entries."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number = 0
        self.where: tuple[Path, ...] = ()
        self.calls: tuple[str, ...] = ()
        for module, name in (
            (regular_file.os, "open"),
            (regular_file.os, "stat"),
            (folder.os, "scandir"),
            (stamping.os, "scandir"),
        ):
            monkeypatch.setattr(module, name, self._failing(name, getattr(module, name)))

    def _failing(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(path: Any, *args: Any, **kwargs: Any) -> Any:
            if self.number and name in self.calls and any(str(path).startswith(str(where)) for where in self.where):
                raise OSError(self.number, os.strerror(self.number), str(path))
            return call(path, *args, **kwargs)

        return run

    @contextlib.contextmanager
    def on(self, *where: Path, number: int, calls: tuple[str, ...] = ("open", "stat", "scandir")) -> Iterator[None]:
        """Fail while the block runs."""
        self.number, self.where, self.calls = number, where, calls
        try:
            yield
        finally:
            self.number = 0


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    """Give a file system that can be broken."""
    return Faults(monkeypatch)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.EIO, errno.ESTALE])
def test_what_cannot_be_read_now_keeps_serving_and_is_read_again(world: World, faults: Faults, number: int) -> None:
    world.put("c", ONE)
    world.put("d", ONE)
    world.open()
    world.call("c", "add", 5)
    with faults.on(world.folder / "c", number=number):
        world.notice("c")
        row = world.row("c")
        assert (row.state, row.present, row.note.kind) == (State.RUNNING, True, NoteKind.REFUSED)
        assert row.note.text == f"cannot read c: {os.strerror(number)}; it is tried again"
        assert world.call("c", "get") == 5
        assert world.call("d", "add", 1) == 1
        assert "the instance goes on serving" in world.told("c", EventAction.WAITING)
    world.put("c", TWO)
    row = world.wait_row("c", lambda row: row.revision == 2)  # nobody notices: it is read again by itself
    assert (row.state, row.note.kind) == (State.RUNNING, NoteKind.NONE)
    assert world.call("c", "get") == 5
    assert world.events("c", EventAction.REMOVED) == []
    assert len(world.events("c", EventAction.WAITING)) == 1, "it was told once"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE])
def test_a_start_takes_what_cannot_be_read_now_from_its_record(world: World, faults: Faults, number: int) -> None:
    world.put("c", ONE)
    world.open()
    world.call("c", "add", 5)
    world.close()
    world.put("new", TWO)
    with faults.on(world.folder / "c", world.folder / "new", number=number):
        world.open()
        row = world.row("c")
        assert (row.state, row.present) == (State.RUNNING, True)
        assert world.call("c", "get") == 5
        assert "it is tried again" in world.row("new").note.text
    world.wait_row("new", lambda row: row.state is State.RUNNING)
    world.wait_row("c", lambda row: row.note.kind is NoteKind.NONE)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.EIO])
def test_a_folder_that_cannot_be_listed_now_stops_nothing(world: World, faults: Faults, number: int) -> None:
    world.put("c", ONE)
    world.open()
    world.call("c", "add", 5)
    world.close()
    with faults.on(world.folder, number=number, calls=("scandir",)):
        world.open(watch=True)
        snapshot = world.runtime.snapshot()
        assert snapshot.phase is Phase.RUNNING
        assert world.call("c", "get") == 5
        world.wait_for(lambda snapshot: any("cannot read components/" in text for text in snapshot.problems))
    world.put("new", TWO)
    world.wait_row("new", lambda row: row.state is State.RUNNING)
    world.wait_for(lambda snapshot: snapshot.problems == ())
    assert world.call("c", "get") == 5


@contextlib.contextmanager
def no_descriptors() -> Iterator[Callable[[], None]]:
    """Leave the process no descriptor to open; yields what takes those that were closed since."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open(os.devnull, os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 1, hard))

    def take_what_is_free() -> None:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))

    try:
        yield take_what_is_free
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_moment_without_descriptors_stops_nothing(world: World) -> None:
    world.put("c", ONE)
    world.open()
    world.call("c", "add", 5)
    with no_descriptors() as take_what_is_free:
        while not world.events("c", EventAction.WAITING):  # a thread of the runtime may have closed a file meanwhile
            take_what_is_free()
            world.notice_later("c").result(30)
    assert os.strerror(errno.EMFILE) in world.told("c", EventAction.WAITING)
    assert world.call("c", "get") == 5
    world.wait_row("c", lambda row: row.note.kind is NoteKind.NONE)
    assert world.events("c", EventAction.REMOVED) == []


@pytest.mark.parametrize("spoil", [pipe, endless, directory])
def test_a_candidate_of_older_files_does_not_take_over_from_what_was_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, spoil: Make
) -> None:
    world.put("c", ONE)
    world.open()
    engine, entered, go_on = world.runtime.probe.floor.engine, threading.Event(), threading.Event()
    compile_now = engine.compile

    def held(wasm: bytes, **options: object) -> object:
        entered.set()
        assert go_on.wait(30)
        return compile_now(wasm, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "compile", held)
    world.put("c", TWO)
    done = world.notice_later("c")
    assert entered.wait(30)
    (world.folder / "c" / "Component.toml").unlink()
    spoil(world.folder / "c" / "Component.toml")
    spoilt = world.notice_later("c")
    world.wait_row("c", lambda row: row.note.kind is NoteKind.REFUSED)
    go_on.set()
    assert not futures.wait([done, spoilt], 30).not_done
    world.publish()
    row = world.row("c")
    assert (row.revision, row.state, row.note.kind) == (1, State.RUNNING, NoteKind.REFUSED)


@pytest.mark.parametrize("gone", ["directory", "files"])
def test_only_what_does_not_exist_is_removed(world: World, gone: str) -> None:
    world.put("c", ONE)
    world.open()
    for file in (world.folder / "c").iterdir():
        file.unlink()
    if gone == "directory":
        (world.folder / "c").rmdir()
    world.notice("c")
    assert world.row("c").state is State.STOPPED
    assert len(world.events("c", EventAction.REMOVED)) == 1


@pytest.mark.parametrize("calls", [("open",), ("open", "stat", "scandir")], ids=["content", "everything"])
def test_files_that_never_answer_hold_up_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch, calls: tuple[str, ...]
) -> None:
    answer = threading.Event()

    def hanging(call: Callable[..., Any]) -> Callable[..., Any]:
        def run(path: Any, *args: Any, **kwargs: Any) -> Any:
            if "hung" in str(path):
                answer.wait(60)
            return call(path, *args, **kwargs)

        return run

    hung = [f"hung-{number}" for number in range(6)]
    for name in (*hung, "zzz"):
        world.put(name, ONE)
    for call in calls:
        monkeypatch.setattr(os, call, hanging(getattr(os, call)))
    monkeypatch.setattr(surveyor, "STALL", 0.2)
    try:
        world.open_later(reading=1.5, watch=True)
        world.wait_row("zzz", lambda row: row.state is State.RUNNING)
        for name in hung:
            world.wait_row(name, lambda row: "its file system has not answered for 1.5 s" in row.note.text)
        world.put("zzz", TWO)
        world.wait_row("zzz", lambda row: row.revision == 2)
    finally:
        answer.set()
    for name in hung:
        world.wait_row(name, lambda row: row.state is State.RUNNING)


def test_a_close_does_not_wait_for_files_that_never_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = threading.Event()
    monkeypatch.setattr(folder, "read_regular", lambda *_: answer.wait(60) and b"")
    world.put("c", ONE)
    world.open(reading=0.2)
    assert "has not answered" in world.row("c").note.text
    world.runtime.close()
    assert not answer.is_set()
    answer.set()
