"""The newest files win, in whatever order their readings end: what was read earlier never comes back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any, Literal

import pytest

from airssys_tui.api.commands import Command, Reload, RestoreState, Rollback, SaveState, Start, Stop, Unload
from airssys_tui.core.errors import ManifestError
from airssys_tui.core.lifecycle import State
from airssys_tui.runtime.sources import folder
from airssys_tui.runtime.sources.entry_reading import EntryReading
from airssys_tui.runtime.sources.reading_threads import ReadingThreads
from tests.support.components import Crafted
from tests.support.world import PATIENCE, World


class HeldReading:
    """Makes the next reading of an entry come back late: it reads at once, and its result waits to be let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real = folder.read
        self._holds = threading.Event()
        self.has_read = threading.Event()
        self._let_go = threading.Event()
        monkeypatch.setattr(folder, "read", self._read)

    def hold(self) -> None:
        self._holds.set()

    def let_go(self) -> None:
        self._let_go.set()

    def _read(self, *args: Any, **said: Any) -> Any:
        held = self._holds.is_set()
        self._holds.clear()
        try:
            return self._real(*args, **said)
        finally:
            if held:
                self.has_read.set()
                assert self._let_go.wait(PATIENCE)


class AskedLock(asyncio.Lock):
    """A lock that counts who has asked for it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Semaphore(0)

    async def acquire(self) -> Literal[True]:
        self.asked.release()
        return await super().acquire()


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldReading]:
    held = HeldReading(monkeypatch)
    yield held
    held.let_go()


def broken(world: World) -> None:
    (world.folder / "c" / "Component.toml").write_text("[package")


def gone(world: World) -> None:
    for file in (world.folder / "c").iterdir():
        file.unlink()


def older(world: World) -> None:
    world.put("c", Crafted(salt="2"), version="2.0.0")


@pytest.mark.parametrize("before", [older, broken, gone])
def test_a_reading_that_was_overtaken_is_of_no_consequence(
    before: Callable[[World], None], world: World, reading: HeldReading
) -> None:
    world.put("c", Crafted(salt="1"), version="1.0.0")
    world.open()
    world.call("c", "add", 5)
    reading.hold()
    before(world)
    late = world.notice_later("c")
    assert reading.has_read.wait(PATIENCE)
    world.notice(world.put("c", Crafted(salt="3"), version="3.0.0"))
    assert world.row("c").version == "3.0.0"
    reading.let_go()
    late.result(PATIENCE)
    world.publish()
    row = world.row("c")
    assert (row.version, row.state) == ("3.0.0", State.RUNNING)
    assert "refused" not in row.note.text
    assert "2.0.0" not in {revision.version for revision in world.history("c")}
    assert world.call("c", "get") == 5
    files = world.runtime.probe.component("c").files
    assert files.present
    assert files.on_disk is not None
    assert files.on_disk.version == "3.0.0"


def test_a_reload_whose_reading_was_overtaken_deploys_what_is_in_the_folder(world: World, reading: HeldReading) -> None:
    world.put("c", Crafted(salt="1"), version="1.0.0")
    world.open()
    world.put("c", Crafted(salt="2"), version="2.0.0")
    reading.hold()
    reload = world.runtime.submit(Reload("c"))
    assert reading.has_read.wait(PATIENCE)
    change = world.notice_later(world.put("c", Crafted(salt="3"), version="3.0.0"))
    reading.let_go()
    assert reload.result(PATIENCE)
    change.result(PATIENCE)
    world.publish()
    assert world.row("c").version == "3.0.0"


@pytest.mark.parametrize(
    "command", [Rollback("c"), RestoreState("c", 1), Reload("c", force=True)], ids=lambda one: type(one).__name__
)
def test_files_that_change_while_a_command_waits_are_not_lost(command: Any, world: World) -> None:
    world.put("c", Crafted(salt="1"), version="1.0.0")
    world.open()
    world.do(SaveState("c"))
    world.install("c", Crafted(salt="2"), version="2.0.0")
    if isinstance(command, Reload):
        world.put("c", Crafted(salt="3"), version="3.0.0")
    component = world.runtime.probe.component("c")

    lock = AskedLock()

    async def hold() -> None:
        component.lock = lock
        await lock.acquire()

    async def release() -> None:
        lock.release()

    world.run(hold)
    assert lock.asked.acquire(timeout=PATIENCE)
    answer = world.runtime.submit(command)
    assert lock.asked.acquire(timeout=PATIENCE)
    change = world.notice_later(world.put("c", Crafted(salt="4"), version="4.0.0"))
    assert lock.asked.acquire(timeout=PATIENCE)  # it has been read
    world.run(release)
    answer.exception(PATIENCE)  # a reload may find that the newer files have come first
    change.result(PATIENCE)
    world.publish()
    if isinstance(command, Rollback):  # holds what is in the folder when it is its turn, and says so
        assert (world.row("c").version, world.row("c").note.text) == ("1.0.0", "held: 4.0.0 on disk")
    else:
        assert world.row("c").version == "4.0.0"


async def test_only_the_newest_reading_of_an_entry_is_given_to_anybody(tmp_path: Path) -> None:
    threads = ReadingThreads()
    entries = EntryReading(threads, tmp_path)
    began = [threading.Event() for _ in range(3)]
    ends = [threading.Event() for _ in range(3)]
    calls: list[int] = []

    def read(_: Path, key: str) -> int:
        number = len(calls)
        calls.append(number)
        if number < len(ends):
            began[number].set()
            assert ends[number].wait(PATIENCE)
            if number == 0:
                raise ManifestError(["as it was then"])
        return number

    loop = asyncio.get_running_loop()
    tasks = []
    for event in began:
        tasks.append(asyncio.create_task(entries.read("c", read)))
        assert await loop.run_in_executor(None, event.wait, PATIENCE)
    ends[2].set()
    assert await tasks[2] == 2
    ends[0].set()
    assert await tasks[0] == 3, "an error that is old news is none: it was read again"
    ends[1].set()
    assert await tasks[1] == 4
    assert not entries.under_way
    threads.close()


async def test_an_error_of_the_newest_reading_is_raised(tmp_path: Path) -> None:
    threads = ReadingThreads()
    entries = EntryReading(threads, tmp_path)

    def refuse(_: Path, key: str) -> None:
        raise ManifestError([f"{key} is no component"])

    with pytest.raises(ManifestError, match="c is no component"):
        await entries.read("c", refuse)
    assert not entries.under_way
    threads.close()


@pytest.mark.parametrize("away", [Stop("c"), Unload("c")], ids=lambda one: type(one).__name__)
def test_an_update_that_a_command_cancelled_is_made_up_for(away: Command, world: World) -> None:
    world.put("c", Crafted(salt="1"), version="1.0.0")
    world.open()
    component = world.runtime.probe.component("c")
    lock = AskedLock()

    async def hold() -> None:
        component.lock = lock
        await lock.acquire()

    async def release() -> None:
        lock.release()

    world.run(hold)
    assert lock.asked.acquire(timeout=PATIENCE)
    change = world.notice_later(world.put("c", Crafted(salt="2"), version="2.0.0"))
    assert lock.asked.acquire(timeout=PATIENCE)
    answer = world.runtime.submit(away)
    assert lock.asked.acquire(timeout=PATIENCE)
    world.run(release)
    answer.result(PATIENCE)
    with pytest.raises(CancelledError):
        change.result(PATIENCE)
    if isinstance(away, Stop):
        row = world.wait_row("c", lambda row: row.version == "2.0.0")
        assert row.state is State.STOPPED, "what is deployed while it is stopped does not run"
    world.do(Start("c"))
    row = world.wait_row("c", lambda row: row.version == "2.0.0")
    assert row.state is State.RUNNING
