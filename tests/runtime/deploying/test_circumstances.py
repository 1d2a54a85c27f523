"""What depends on the machine is no verdict: it is tried again, never remembered, and condemns no revision."""

from __future__ import annotations

import asyncio
import errno
import subprocess
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any, Self

import pytest

from airssys_tui.api.commands import Reload, Restart
from airssys_tui.core.errors import AdmissionError, AirssysError, CapacityError, DiskFull, GateRefusal, StoreError
from airssys_tui.core.events import EventAction
from airssys_tui.core.gates import Gate
from airssys_tui.core.lifecycle import RecoveryKind, State
from airssys_tui.core.refusal import RefusalKind, is_postponed
from airssys_tui.core.revision import Outcome
from airssys_tui.core.supervision import RETRY, Backoff
from airssys_tui.engine import compiler
from airssys_tui.engine.compile_child import REFUSED
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.runtime.deploying import instances, rehearsal
from airssys_tui.runtime.deploying.recorder import AttemptRecorder
from airssys_tui.runtime.supervising import supervisor
from tests.support.components import Crafted
from tests.support.engine import bombs
from tests.support.gate import Gate as HeldGate
from tests.support.world import World

MIB = 1024 * 1024
BOMB = bombs.nested_loops(10_000, functions=10)
SMALL = bombs.many_locals(1)
"""Compiles in a child, in a second or so."""


def hurry(world: World) -> None:
    """Let what waits for a retry be due at once."""
    for component in world.runtime.probe.system.router:
        waiting = component.barred.retry
        assert waiting is not None
        component.barred.turn_away(component.refusal, type(waiting)(waiting.files, 0.0, waiting.tries))


class Flaky:
    """Compiles only when the machine lets it; says how often it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: Callable[[], Exception]) -> None:
        self.error: Callable[[], Exception] | None = error
        self.asked = 0
        load = rehearsal.load_code

        async def load_or_fail(*given: Any, **named: Any) -> Any:
            self.asked += 1
            if self.error is not None:
                raise self.error()
            return await load(*given, **named)

        monkeypatch.setattr(rehearsal, "load_code", load_or_fail)


def too_slow() -> Exception:
    return AdmissionError("it took too long", gate=Gate.COMPILE, kind=RefusalKind.CIRCUMSTANCE)


TROUBLES = {
    "time": too_slow,
    "room": lambda: CapacityError("no room for another memory"),
    "store": lambda: StoreError("cannot read the blob: Input/output error"),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_a_candidate_that_the_machine_refused_is_tried_again_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch, trouble: Callable[[], Exception]
) -> None:
    world.put("c", Crafted(salt="one"))
    world.open()
    world.call("c", "add", 5)
    flaky = Flaky(monkeypatch, trouble)
    row = world.install("c", Crafted(salt="two"))
    assert (row.state, row.revision) == (State.RUNNING, 1)
    assert "refused at" in row.note.text
    assert "· will be tried again in " in row.note.text
    assert world.run(lambda: recorded(world)) == ()
    assert is_postponed(world.history("c")[0].reason)
    assert "wait: nothing in the files is wrong" in " ".join(world.runtime.explain("c").result(30).sentences)
    flaky.error = None
    hurry(world)
    row = world.wait_row("c", lambda row: row.revision != 1 and row.candidate is None)
    assert row.note.text == ""
    assert world.call("c", "get") == 5


async def recorded(world: World) -> tuple[object, ...]:
    floor = world.runtime.probe.floor
    return await floor.disk(floor.state.catalog.refusals, "c")


def test_the_delay_grows_and_the_next_start_tries_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    flaky = Flaky(monkeypatch, too_slow)
    world.put("c", Crafted())
    world.open()
    component = world.runtime.probe.component("c")

    def tries() -> int:
        retry = component.barred.retry
        return 0 if retry is None else retry.tries  # none while it is tried

    assert tries() >= 1
    for _ in range(3):
        before = world.wait_for(lambda _: tries())
        hurry(world)
        world.wait_for(lambda _, before=before: tries() > before)
    assert [RETRY.delay(n, Steady()) for n in (0, 1, 2, 60)] == [8.0, 16.0, 32.0, 300.0]  # type: ignore[arg-type]
    flaky.error = None
    world.reopen()
    assert world.row("c").state is State.RUNNING


def test_files_that_are_noticed_while_their_refusal_is_recorded_are_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("c", Crafted(salt="one"))
    world.open()
    flaky = Flaky(monkeypatch, too_slow)
    entered, go_on, close = threading.Event(), threading.Event(), AttemptRecorder.close

    async def held(*given: Any) -> None:
        entered.set()
        assert await asyncio.get_running_loop().run_in_executor(None, go_on.wait, 30)
        await close(*given)

    monkeypatch.setattr(AttemptRecorder, "close", held)
    first = world.notice_later(world.put("c", Crafted(salt="two")))
    assert entered.wait(30)
    second = world.notice_later("c")
    world.wait_event("c", EventAction.IGNORED)
    go_on.set()
    assert not futures.wait([first, second], 30).not_done
    assert world.run(lambda: recorded(world)) == ()
    flaky.error = None
    hurry(world)
    world.wait_row("c", lambda row: row.revision != 1 and row.candidate is None)


class Steady:
    """A source of jitter without any."""

    def random(self) -> float:
        return 0.5


def test_other_files_begin_with_the_shortest_delay(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    Flaky(monkeypatch, too_slow)
    world.put("c", Crafted())
    world.open()
    component = world.runtime.probe.component("c")
    world.notice("c")
    assert component.barred.retry is not None
    assert component.barred.retry.tries == 2
    world.install("c", Crafted(salt="other"))
    assert component.barred.retry.tries == 1


def test_an_operators_reload_that_the_machine_refused_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("c", Crafted(salt="one"))
    world.open()
    flaky = Flaky(monkeypatch, too_slow)
    world.put("c", Crafted(salt="two"))
    with pytest.raises(GateRefusal) as caught:
        world.do(Reload("c"))
    assert caught.value.kind is RefusalKind.CIRCUMSTANCE
    flaky.error = None
    hurry(world)
    world.wait_row("c", lambda row: row.revision == 3)


LIMITS = {
    "wall": (EngineSettings(compile_wall=0.05), "longer than 50ms to compile"),
    "memory": (EngineSettings(compile_address_space=200 * MIB), "more than 200M of memory"),
}


@pytest.mark.parametrize(("settings", "words"), LIMITS.values(), ids=LIMITS)
def test_limits_that_depend_on_the_machine_do_not_judge(
    world: World, monkeypatch: pytest.MonkeyPatch, settings: EngineSettings, words: str
) -> None:
    monkeypatch.setattr(compiler.os, "getloadavg", lambda: (0.0, 0.0, 0.0))  # a busy machine is given more time
    world.put("c", SMALL if settings.compile_wall < 1 else BOMB)
    world.open(engine=settings)
    row = world.row("c")
    assert words in row.note.text
    assert "will be tried again in" in row.note.text
    assert world.run(lambda: recorded(world)) == ()


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (-9, "", RefusalKind.CIRCUMSTANCE),
        (1, "MemoryError", RefusalKind.CIRCUMSTANCE),
        (-6, "memory allocation of 9 bytes failed", RefusalKind.CIRCUMSTANCE),
        (1, "OSError: [Errno 24] Too many open files", RefusalKind.CIRCUMSTANCE),
        (-24, "", RefusalKind.VERDICT),
        (-11, "", RefusalKind.VERDICT),
        (3, "compile\nno such type", RefusalKind.VERDICT),
    ],
)
def test_the_end_of_the_compiler_says_whom_it_is_about(
    monkeypatch: pytest.MonkeyPatch, status: int, words: str, kind: RefusalKind
) -> None:
    class Child:
        returncode = status

        def __init__(self, *_given: object, **_named: object) -> None:
            pass

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def poll(self) -> int:
            return status

        def communicate(self, timeout: float) -> tuple[bytes, bytes]:
            return b"", words.encode()

    monkeypatch.setattr(compiler.subprocess, "Popen", Child)
    with pytest.raises(AdmissionError) as caught:
        compiler.compile_in_child(b"", EngineSettings())
    assert caught.value.kind is kind


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOMEM, errno.EAGAIN])
def test_a_compiler_that_cannot_be_started_judges_nothing(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def fail(*_given: object, **_named: object) -> None:
        raise OSError(number, "no more")

    monkeypatch.setattr(compiler.subprocess, "Popen", fail)
    with pytest.raises(CapacityError) as caught:
        compiler.compile_in_child(b"", EngineSettings())
    assert caught.value.kind is RefusalKind.CIRCUMSTANCE


@pytest.mark.parametrize(("load", "seconds"), [(0.5, 10.0), (8.0, 40.0), (20.0, 100.0)])
def test_the_backstop_grows_with_the_load(monkeypatch: pytest.MonkeyPatch, load: float, seconds: float) -> None:
    monkeypatch.setattr(compiler.os, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(compiler.os, "cpu_count", lambda: 2)
    assert compiler.patience(EngineSettings(compile_wall=10.0)) == seconds


@pytest.mark.parametrize(("load", "said"), [(0.1, "longer than"), (2.0, "longer than"), (90_000.0, "no such type")])
def test_a_busy_machine_gives_the_compiler_its_time(monkeypatch: pytest.MonkeyPatch, load: float, said: str) -> None:
    class Child:
        returncode = REFUSED
        looks = 0

        def __init__(self, *_given: object, **_named: object) -> None:
            pass

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def poll(self) -> int:
            return self.returncode

        def communicate(self, timeout: float) -> tuple[bytes, bytes]:
            self.looks += 1
            if self.looks < 10:
                threading.Event().wait(timeout)
                raise subprocess.TimeoutExpired("compiler", timeout)
            return b"", b"compile\n\nno such type"

    monkeypatch.setattr(compiler.os, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(compiler.os, "cpu_count", lambda: 1)
    monkeypatch.setattr(compiler.subprocess, "Popen", Child)
    with pytest.raises(AdmissionError, match=said):
        compiler.compile_in_child(b"", EngineSettings(compile_wall=0.01))


KINDS: list[tuple[AirssysError, RefusalKind]] = [
    (GateRefusal("", gate=Gate.COMPILE), RefusalKind.VERDICT),
    (GateRefusal("", gate=Gate.INIT), RefusalKind.VERDICT),
    (GateRefusal("", gate=Gate.DRAIN), RefusalKind.CIRCUMSTANCE),
    (GateRefusal("", gate=Gate.DEPENDENCIES), RefusalKind.CIRCUMSTANCE),
    (AdmissionError("", gate=Gate.MAGIC), RefusalKind.VERDICT),
    (StoreError(""), RefusalKind.CIRCUMSTANCE),
    (DiskFull(""), RefusalKind.CIRCUMSTANCE),
    (CapacityError(""), RefusalKind.CIRCUMSTANCE),
]


@pytest.mark.parametrize(("error", "kind"), KINDS)
def test_an_error_knows_its_kind(error: AirssysError, kind: RefusalKind) -> None:
    assert error.kind is kind


def test_a_call_that_still_runs_says_nothing_about_the_files(world: World) -> None:
    manifest = '[supervision]\nshutdown = "50ms"\n[deployment]\nstrategy = "stop-start"\n'
    world.put("c", Crafted(salt="one"), manifest)
    world.open()
    held = HeldGate(world, "c")
    row = world.install("c", Crafted(salt="two"), manifest)
    assert "refused at drain" in row.note.text
    assert "will be tried again" in row.note.text
    held.open()
    hurry(world)
    world.wait_row("c", lambda row: row.revision not in {None, 1})


def test_a_start_that_the_machine_prevents_uses_up_no_restart_and_condemns_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = '[supervision]\nmax_restarts = 1\nbackoff = {initial = "1ms"}\n[deployment]\nprobation = "1h"\n'
    world.put("c", Crafted(), manifest)
    world.open()
    world.call("c", "add", 2)
    world.do(Restart("c"))
    component = world.runtime.probe.component("c")
    monkeypatch.setattr(supervisor, "RETRY", Backoff(initial=0.0, max=0.0))
    failing = [True] * 6
    load = instances.code_for

    async def fail(*given: Any, **named: Any) -> Any:
        if failing:
            failing.pop()
            raise StoreError("cannot read compiled code: Input/output error")
        return await load(*given, **named)

    monkeypatch.setattr(instances, "code_for", fail)
    world.close()
    world.open()
    row = world.wait_row("c", lambda row: row.state is State.RUNNING)
    component = world.runtime.probe.component("c")
    assert not failing
    assert (row.revision, row.quarantined, row.recovery.kind) == (1, (), RecoveryKind.NONE)
    assert component.supervision.budget.spent == ()
    assert world.outcomes("c") == {1: Outcome.ACTIVE}
    assert world.call("c", "get") == 2
