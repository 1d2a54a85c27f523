"""A candidate that takes long says where it is: gate, elapsed time and size on the row and in the events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from airssys_tui.api.commands import Restart
from airssys_tui.api.views.components import NoteKind
from airssys_tui.cli.commands.service.headless_run import unfinished
from airssys_tui.core.gates import Gate
from airssys_tui.core.lifecycle import State
from airssys_tui.core.units import format_size
from airssys_tui.runtime.components.progress import Progress
from airssys_tui.runtime.deploying import slowness
from tests.support.components import Crafted
from tests.support.world import World


@contextmanager
def held_compiler(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Make the runtime's engine wait inside of compiling until the event is set."""
    engine, entered, go_on = world.runtime.probe.floor.engine, threading.Event(), threading.Event()
    compile_now = engine.compile

    def held(wasm: bytes, **options: object) -> object:
        entered.set()
        assert go_on.wait(30)
        return compile_now(wasm, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "compile", held)
    try:
        yield entered
    finally:
        go_on.set()


@pytest.fixture
def counting(world: World) -> World:
    world.put("c", Crafted())
    world.open()
    world.call("c", "add", 7)
    return world


def test_the_row_says_gate_time_and_size_while_it_compiles(counting: World, monkeypatch: pytest.MonkeyPatch) -> None:
    counting.install("c", Crafted(init="error"))
    assert counting.row("c").note.kind is NoteKind.REFUSED
    with held_compiler(counting, monkeypatch) as entered:
        size = format_size(len(Crafted(salt="2").wasm()))
        counting.put("c", Crafted(salt="2"))
        done = counting.notice_later("c")
        assert entered.wait(30)
        row = counting.wait_row("c", lambda row: "at compile" in row.note.text)
        assert row.candidate == 3
        assert row.note.text.startswith("r3 at compile for ")
        assert row.note.text.endswith(f" · {size}")
        assert row.note.kind is NoteKind.INFO, "the refusal of the files before is not told any more"
        assert counting.call("c", "get") == 7, "the old revision serves on"
        later = counting.wait_row("c", lambda new: "at compile" in new.note.text and new.note.text != row.note.text)
        assert later.candidate == 3, "the time goes on"
    done.result(30)
    counting.publish()
    assert (counting.row("c").revision, counting.row("c").note.text) == (3, "")


def test_a_first_deployment_and_a_start_say_it_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.open()
    with held_compiler(world, monkeypatch):
        world.put("c", Crafted())
        done = world.notice_later("c")
        row = world.wait_row("c", lambda row: "r1 at compile for" in row.note.text)
        assert (row.state, row.revision) == (State.INSTALLING, None)
    done.result(30)
    world.wait_row("c", lambda row: row.state is State.RUNNING and not row.note.text)
    counted = []
    floor = world.runtime.probe.floor
    monkeypatch.setattr(floor.shelf, "take", lambda *_: counted.append(1))
    with held_compiler(world, monkeypatch):
        monkeypatch.setattr(floor.state.code, "get", lambda *_: None)
        again = world.runtime.submit(Restart("c"))
    again.result(30)
    assert counted
    assert world.wait_row("c", lambda row: row.state is State.RUNNING).note.text == ""


def test_a_slow_one_is_told_in_the_events(counting: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slowness, "TOLD_AFTER", (0.01, 0.03))
    with held_compiler(counting, monkeypatch):
        counting.put("c", Crafted(salt="2"))
        done = counting.notice_later("c")
        event = counting.wait_event("c", "progress", 3)
        assert event.text.startswith("still r2 at compile for ")
        assert event.revision == 2
    done.result(30)
    assert counting.events("c", "switched")[-1].revision == 2


def test_a_quick_one_is_not_told_of(counting: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slowness, "TOLD_AFTER", (600.0,))
    counting.install("c", Crafted(salt="2"))
    assert counting.events("c", "progress") == []


class Hands:
    """A loop whose clock moves on when the next event is due; it stands in for a timer, too."""

    def __init__(self) -> None:
        self.now = 0.0
        self.cancelled = False

    def call_later(self, delay: float, tell: Callable[[], None]) -> Hands:
        self.now += delay
        self.tell = tell
        return self

    def cancel(self) -> None:
        self.cancelled = True


@pytest.mark.parametrize(
    ("after", "times"),
    [
        (slowness.TOLD_AFTER, [2.0, 10.0, 30.0, 60.0, 120.0, 180.0]),
        ((5.0,), [5.0, 10.0, 15.0]),
        ((1.0, 4.0), [1.0, 4.0, 8.0, 12.0]),
    ],
)
def test_it_is_told_at_these_seconds_from_the_beginning(
    counting: World, monkeypatch: pytest.MonkeyPatch, after: tuple[float, ...], times: list[float]
) -> None:
    monkeypatch.setattr(slowness, "TOLD_AFTER", after)
    hands, seen = Hands(), []
    component = counting.runtime.probe.component("c")  # under way nowhere: nothing is told
    with monkeypatch.context() as patch:
        patch.setattr(slowness, "asyncio", SimpleNamespace(get_running_loop=lambda: hands))
        with slowness.telling_slowness(component):
            for _ in times:
                seen.append(hands.now)
                hands.tell()
    assert seen == times
    assert hands.cancelled


@pytest.mark.parametrize("refused", [Crafted(init="trap"), Crafted(health="unhealthy"), b"nonsense"])
def test_nothing_is_left_of_it_after_a_refusal(counting: World, refused: Crafted | bytes) -> None:
    row = counting.install("c", refused)
    assert row.note.kind is NoteKind.REFUSED
    assert row.candidate is None
    assert "at init for" not in row.note.text


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (Progress(4, 12 * 2**20, 100.0, Gate.COMPILE), "r4 at compile for 3.2s · 12M"),
        (Progress(1, 0, 100.0, Gate.INIT), "r1 at init for 3.2s"),
        (Progress(2, 512, 103.5), "r2 for 0.0ms · 512B"),
    ],
)
def test_progress_in_one_line(progress: Progress, said: str) -> None:
    assert progress.told(103.2) == said


def test_what_the_end_of_a_run_cuts_off_is_said(counting: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert unfinished(counting.runtime.snapshot(), counting.folder) == ()
    with held_compiler(counting, monkeypatch):
        counting.put("c", Crafted(salt="2"))
        done = counting.notice_later("c")
        counting.wait_row("c", lambda row: "at compile" in row.note.text)
        first, last = unfinished(counting.runtime.snapshot(), counting.folder)
        assert first.startswith("cut off in the middle of a deployment: c: r2 at compile for ")
        assert "--for" in last
    done.result(30)
    counting.publish()
    assert unfinished(counting.runtime.snapshot(), counting.folder) == ()
