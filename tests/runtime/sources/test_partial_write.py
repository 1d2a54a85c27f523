"""An unfinished copy waits: one row says so, it gets no revision, and what never gets whole is refused in the end.

Clocks are given, files and components are real. Nobody sleeps: a copy goes on when the program has said that it waits.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.identity import digest_of
from airssys_tui.core.lifecycle import State
from airssys_tui.core.revision import Outcome
from airssys_tui.engine.admission import inspect
from airssys_tui.runtime.sources import settle
from airssys_tui.runtime.sources.partial_write import PartialWrite, Writer, partial_write_of
from airssys_tui.runtime.sources.settle import (
    AFTER_PARTIAL,
    CUT_PATIENCE,
    OPEN_PATIENCE,
    PARTIAL_LONGEST,
    QUIET,
    WHOLE_PATIENCE,
    Settled,
    Settler,
    Unfinished,
)
from airssys_tui.runtime.sources.stamps import Stamp
from tests.support.components import Crafted
from tests.support.places import RELEASES
from tests.support.world import World, replace

ONE, TWO, THREE = (Crafted(salt=f"partial {count}").wasm() for count in (1, 2, 3))
RELEASE = (RELEASES / "1.1.0" / "counter.wasm").read_bytes()
MANIFEST = '[package]\nname = "c"\nversion = "1.2.0"\n[component]\nwasm = "c.wasm"\n[resources]\nmemory = "2MiB"\n'
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says who has a file open for writing")


def _judged(folder: Path, data: bytes) -> PartialWrite | None:
    (folder / "x.wasm").write_bytes(data)
    return partial_write_of(folder, "x.wasm")


@pytest.mark.parametrize("whole", [TWO, RELEASE], ids=["crafted", "release"])
def test_a_file_that_is_cut_off_anywhere_within_a_section_is_a_partial_write(tmp_path: Path, whole: bytes) -> None:
    assert _judged(tmp_path, whole) is None
    boundaries = 0
    for length in [*range(1, 200), *range(200, len(whole), max(1, len(whole) // 300))]:
        cut = _judged(tmp_path, whole[:length])
        try:
            inspect(whole[:length])
            boundaries += 1  # by chance between two sections: nothing tells that more will follow
        except AdmissionError:
            assert cut is not None, f"cut off after {length} bytes"
            assert (cut.file, cut.cut) == ("x.wasm", True)
    assert boundaries < 40


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"\0as", "is cut off after 3 bytes"),
        (TWO[:8], "is cut off after 8 bytes"),
        (TWO[:-1], f"is cut off after {len(TWO) - 1} bytes"),
        (bytes(4096), "begins with zeros"),
        (TWO + bytes(512), f"goes on with zeros after {len(TWO)} bytes"),
        (b"#!/bin/sh\nexit 1\n", None),
        (b"\0asm\x0d\0\1\0\xff\1\0", None),
        (TWO, None),
    ],
)
def test_what_is_missing_is_said_and_what_is_damaged_is_for_the_gates(
    tmp_path: Path, data: bytes, reason: str | None
) -> None:
    found = _judged(tmp_path, data)
    assert (found.reason if found is not None else None) == reason


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "[pack",
        "[package]\n",
        '[package]\nname = "c',
        MANIFEST[: MANIFEST.index("[component]")],
        MANIFEST[: MANIFEST.index("[component]") + 5],
        MANIFEST[: MANIFEST.index('"2MiB')] + '"2M',
        MANIFEST + "[capabilities",
        MANIFEST + 'x = """never ends\n\n',
        MANIFEST + "description = [\n  1,\n",
    ],
)
def test_a_manifest_that_is_cut_off_is_a_partial_write(tmp_path: Path, text: str) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "c.wasm").write_bytes(ONE)
    (tmp_path / "c" / "Component.toml").write_text(text)
    found = partial_write_of(tmp_path, "c")
    assert found is not None
    assert (found.file, found.cut) == ("c/Component.toml", True)


@pytest.mark.parametrize(
    "text",
    [
        MANIFEST,
        MANIFEST.removesuffix("\n"),
        MANIFEST + "[wrong]\nkey = 1\n",
        MANIFEST.replace('"2MiB"', '"a lot"'),
        "nonsense = [}\n" + MANIFEST,
        MANIFEST.replace('name = "c"', 'name = "not a name"'),
    ],
)
def test_a_manifest_that_is_complete_or_wrong_elsewhere_is_not(tmp_path: Path, text: str) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "c.wasm").write_bytes(ONE)
    (tmp_path / "c" / "Component.toml").write_text(text)
    assert partial_write_of(tmp_path, "c") is None


@linux
def test_a_file_that_is_open_for_writing_is_known_and_asking_disturbs_nobody(tmp_path: Path) -> None:
    with (tmp_path / "x.wasm").open("wb", buffering=0) as file:
        file.write(TWO[:100])
        found = partial_write_of(tmp_path, "x.wasm")
        assert found is not None
        assert (found.writer, found.cut) == (Writer.OPEN, True)
        file.write(TWO[100:])
        found = partial_write_of(tmp_path, "x.wasm")
        assert found is not None
        assert (found.writer, found.cut, found.reason) == (Writer.OPEN, False, "is still open for writing")
    assert partial_write_of(tmp_path, "x.wasm") is None
    writes = 200
    script = f"for _ in range({writes}): open('x.wasm', 'r+b').close()"
    with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path) as writing:
        asked = 0
        while writing.poll() is None:
            partial_write_of(tmp_path, "x.wasm")
            asked += 1
    assert (writing.returncode, asked > 0) == (0, True)


BREAKS_THE_LEASE = """
import fcntl, os, sys
from pathlib import Path
from airssys_tui.runtime.sources import partial_write

def lease(descriptor, command, argument, ask=fcntl.fcntl):
    answer = ask(descriptor, command, argument)
    if (command, argument) == (fcntl.F_SETLEASE, fcntl.F_RDLCK):
        try:
            os.open("x.wasm", os.O_WRONLY | os.O_NONBLOCK)
        except BlockingIOError:
            print("the lease was broken")
    return answer

fcntl.fcntl = lease
partial_write.partial_write_of(Path.cwd(), "x.wasm")
"""


@linux
def test_whoever_writes_while_it_is_asked_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.wasm").write_bytes(TWO)
    ran = subprocess.run([sys.executable, "-c", BREAKS_THE_LEASE], cwd=tmp_path, capture_output=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, b"the lease was broken\n"), "a signal ended it"


def test_what_is_no_regular_file_is_left_to_the_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wasm")
    (tmp_path / "loop.wasm").symlink_to("loop.wasm")
    (tmp_path / "zero.wasm").symlink_to("/dev/zero")
    (tmp_path / "c").mkdir()
    os.mkfifo(tmp_path / "c" / "Component.toml")
    for key in ("pipe.wasm", "loop.wasm", "zero.wasm", "c", "gone.wasm", "gone"):
        assert partial_write_of(tmp_path, key) is None


class Copy:
    """A file that exists as a size only, a settler on it, and the clock of both."""

    def __init__(self, whole: int = 100) -> None:
        self.now = 0.0
        self.size = 0
        self.whole = whole
        self.writer = Writer.CLOSED
        self.came: list[tuple[float, Settled | Unfinished]] = []
        self.settler = Settler(lambda _: (Stamp("c.wasm", self.size, self.size),), QUIET, self._partial)

    def _partial(self, _: str) -> PartialWrite | None:
        if self.size < self.whole:
            return PartialWrite("c.wasm", "is cut off", self.writer)  # type: ignore[arg-type]
        return PartialWrite("c.wasm", "is open", self.writer, cut=False) if self.writer is Writer.OPEN else None  # type: ignore[arg-type]

    def write(self, size: int) -> None:
        self.size += size
        self.settler.notice("c", self.now)

    def passes(self, seconds: float) -> list[Settled | Unfinished]:
        """Let time pass in looks of 20 ms; return what came of them."""
        came = []
        for _ in range(round(seconds / 0.02)):
            self.now += 0.02
            for result in self.settler.due(self.now):
                came.append(result)
                self.came.append((self.now, result))
        return came


@pytest.mark.parametrize("writer", list(Writer))
@pytest.mark.parametrize("pause", [0.4, 1.0, 2.0, 4.0])
def test_a_copy_that_pauses_is_told_once_and_taken_once(writer: Writer, pause: float) -> None:
    copy = Copy()
    copy.writer = writer
    for _ in range(10):
        copy.write(10)
        copy.passes(pause)
    copy.writer = Writer.CLOSED
    copy.passes(AFTER_PARTIAL[1] + 0.5)
    assert [type(result) for _, result in copy.came] == [Unfinished, Settled]
    settled = copy.came[-1][1]
    assert isinstance(settled, Settled)
    assert (settled.partial, settled.stamps[0].size, settled.bursts) == (True, 100, 10)


def test_pauses_that_grow_are_waited_for() -> None:
    copy = Copy()
    for pause in (1.0, 2.0, 4.0, 7.0, 12.0, 22.0):
        copy.write(10)
        assert not any(isinstance(result, Settled) for result in copy.passes(pause))
    assert copy.passes(OPEN_PATIENCE + 1.0), "but not for ever"


def test_a_file_that_follows_within_a_pause_belongs_to_the_same_copy() -> None:
    copy = Copy()
    copy.write(50)
    copy.passes(1.0)
    copy.write(50)
    assert copy.passes(0.4) == [], "a change that was not cut off would have settled"
    copy.write(1)
    assert len(copy.passes(3.0)) == 1


@pytest.mark.parametrize(
    ("writer", "patience"),
    [(Writer.CLOSED, CUT_PATIENCE), (Writer.UNKNOWN, CUT_PATIENCE), (Writer.OPEN, OPEN_PATIENCE)],
)
def test_a_copy_that_stops_for_ever_is_handed_on_when_it_is_old(writer: Writer, patience: float) -> None:
    copy = Copy()
    copy.writer = writer
    copy.write(10)
    copy.passes(patience + 2.0)
    assert [type(result) for _, result in copy.came] == [Unfinished, Settled]
    assert copy.came[-1][0] == pytest.approx(patience, abs=0.5)


def test_a_copy_that_never_ends_is_handed_on_at_last() -> None:
    copy = Copy(whole=1_000_000)
    copy.write(1)
    while copy.now < PARTIAL_LONGEST + 10 and not any(isinstance(result, Settled) for _, result in copy.came):
        copy.write(1)
        copy.now += 0.5
        copy.passes(0.1)
    assert copy.now == pytest.approx(PARTIAL_LONGEST, abs=5.0)


def test_a_whole_file_that_stays_open_is_taken_soon_and_without_a_row() -> None:
    copy = Copy(whole=10)
    copy.writer = Writer.OPEN
    copy.write(10)
    copy.passes(WHOLE_PATIENCE + 1.0)
    ((at, result),) = copy.came
    assert isinstance(result, Settled)
    assert not result.partial
    assert at == pytest.approx(WHOLE_PATIENCE, abs=0.5)


@pytest.fixture(params=["native", "polling"])
def watched(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, world: World) -> World:
    """Give a world in which c serves, watched both ways."""
    if request.param == "polling":
        monkeypatch.setenv("AIRSSYS_TUI_POLL", "1")
        monkeypatch.setattr("airssys_tui.runtime.sources.watch.POLL", (0.05, 0.05))
    world.put("c", ONE)
    world.open(watch=True)
    world.wait_for(lambda snapshot: snapshot.watch.mode == request.param)
    return world


def _waits(world: World, count: int = 1) -> None:
    world.wait_event("c", EventAction.PARTIAL_WRITE, count)


def _tail_of_the_copy(file: Path) -> None:
    with file.open("ab") as out:
        out.write(TWO[len(TWO) // 3 :])


def _rename_over_it(file: Path) -> None:
    replace(file, TWO)


def _copied_again(file: Path) -> None:
    file.write_bytes(TWO)


@pytest.mark.parametrize("end", [_tail_of_the_copy, _rename_over_it, _copied_again])
def test_one_revision_and_one_row_come_of_a_copy_that_paused(watched: World, end: Callable[[Path], None]) -> None:
    file = watched.folder / "c" / "c.wasm"
    file.write_bytes(TWO[: len(TWO) // 3])
    _waits(watched)
    assert watched.told("c", EventAction.PARTIAL_WRITE) == (
        f"partial write: c/c.wasm is cut off after {len(TWO) // 3} bytes; waiting for the rest · r1 keeps serving"
    )
    end(file)
    watched.wait_row("c", lambda row: row.digest == digest_of(TWO) and row.state is State.RUNNING)
    assert watched.outcomes("c") == {1: Outcome.SUPERSEDED, 2: Outcome.ACTIVE}
    assert len(watched.events("c", EventAction.PARTIAL_WRITE)) == 1
    said = [event for event in watched.events("c") if event.action is EventAction.SETTLED]
    assert any("after a partial write" in event.text and event.level is Level.INFO for event in said)
    assert all("notices" not in event.text or event.level is Level.DEBUG for event in said)


def test_a_manifest_that_is_cut_off_makes_no_failed_row(watched: World) -> None:
    (watched.folder / "d").mkdir()
    (watched.folder / "d" / "d.wasm").write_bytes(TWO)
    text = MANIFEST.replace("c.wasm", "d.wasm").replace('"c"', '"d"')
    (watched.folder / "d" / "Component.toml").write_text(text[:40])
    watched.wait_event("d", EventAction.PARTIAL_WRITE)
    assert "d/Component.toml ends too early" in watched.told("d", EventAction.PARTIAL_WRITE)
    (watched.folder / "d" / "Component.toml").write_text(text)
    watched.wait_row("d", lambda row: row.state is State.RUNNING)
    assert watched.events("d", EventAction.REFUSED) == []
    assert watched.outcomes("d") == {1: Outcome.ACTIVE}


def test_a_copy_that_stopped_is_refused_once_as_cut_off(watched: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "CUT_PATIENCE", 0.3)
    (watched.folder / "c" / "c.wasm").write_bytes(TWO[:-20])
    row = watched.wait_row("c", lambda row: row.note.text and row.state is State.RUNNING)
    assert "truncated" in row.note.text
    assert row.revision == 1
    assert watched.outcomes("c") == {1: Outcome.ACTIVE, 2: Outcome.FAILED}
    watched.put("c", THREE)
    watched.wait_row("c", lambda row: row.digest == digest_of(THREE))
    assert watched.outcomes("c") == {1: Outcome.SUPERSEDED, 2: Outcome.FAILED, 3: Outcome.ACTIVE}


def test_a_copy_that_is_removed_waits_no_longer(watched: World) -> None:
    (watched.folder / "new.wasm").write_bytes(TWO[:500])
    watched.wait_event("new.wasm", EventAction.PARTIAL_WRITE)
    (watched.folder / "new.wasm").unlink()
    watched.put("c", TWO)
    watched.wait_row("c", lambda row: row.digest == digest_of(TWO))
    assert [row.id for row in watched.runtime.snapshot().components] == ["c"]


def test_what_is_being_copied_while_the_runtime_starts_is_left_out_of_the_first_scan(world: World) -> None:
    world.put("c", ONE)
    file = world.folder / "new.wasm"
    with file.open("wb", buffering=0) as copy:
        copy.write(TWO[:300])
        world.open(watch=True)
        world.wait_event("new.wasm", EventAction.PARTIAL_WRITE)
        assert [row.id for row in world.runtime.snapshot().components] == ["c"]
        copy.write(TWO[300:])
    world.wait_row("new", lambda row: row.state is State.RUNNING)
    assert world.outcomes("new") == {1: Outcome.ACTIVE}


def test_old_files_that_are_cut_off_are_refused_at_once_when_the_runtime_starts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("c", TWO[:500])
    # As if an hour had passed: nobody can set back the time of an inode.
    monkeypatch.setattr("airssys_tui.runtime.sources.watch.youngest", lambda _: 0.0)
    world.open(watch=True)
    assert world.row("c").state is State.FAILED
    assert world.events("c", EventAction.PARTIAL_WRITE) == []


def test_a_copy_by_hand_of_many_pieces_that_nobody_waits_for_between(watched: World) -> None:
    whole = threading.Event()

    def copy() -> None:
        with (watched.folder / "c" / "c.wasm").open("wb", buffering=0) as out:
            for at in range(0, len(TWO), len(TWO) // 10):
                out.write(TWO[at : at + len(TWO) // 10])
                whole.wait(0.15)

    copying = threading.Thread(target=copy)
    copying.start()
    watched.wait_row("c", lambda row: row.digest == digest_of(TWO))
    copying.join()
    assert watched.outcomes("c") == {1: Outcome.SUPERSEDED, 2: Outcome.ACTIVE}
