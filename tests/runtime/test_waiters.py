"""Guests that wait inside WASI for an hour: their deadlines end it, and nobody else waits for them."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.api.commands import Grant, Reload, Stop
from airssys_tui.core.events import EventAction
from airssys_tui.core.gates import Gate
from airssys_tui.core.lifecycle import State
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.values import Ok
from airssys_tui.runtime.actors.reply import Reply
from airssys_tui.runtime.machinery.guest_threads import CANDIDATE_PLACES
from airssys_tui.runtime.standalone.call import call_path
from tests.support.components import Crafted
from tests.support.places import FIXTURES, ROOT
from tests.support.waiters import SLEEP, Sleeper
from tests.support.world import PATIENCE, World

HOUR = 3_600_000_000_000
SHORT = (
    '[resources]\ndeadline = "50ms"\ninit_deadline = "50ms"\n'
    '[supervision]\nbackoff = {initial = "10ms", factor = 1.0, jitter = 0.0}\n'
)
PATIENT = '[resources]\ndeadline = "1h"\n[supervision]\nshutdown = "100ms"\n'
TALKER = (FIXTURES / "talker" / "talker.wasm").read_bytes()
SLEEPER = (FIXTURES / "sleeper" / "sleeper.wasm").read_bytes()


def trap_of(call: Reply[Any]) -> TrapKind:
    error = call.exception(PATIENCE)
    assert isinstance(error, GuestTrap)
    return error.trap.kind


def waits(world: World, count: int = 1) -> None:
    """Wait until some calls wait in the host."""
    tiers = world.runtime.probe.floor.tiers
    world.wait_for(lambda _: sum(activity.wake is not None for activity in tiers.running) >= count)


def test_a_call_that_sleeps_for_an_hour_ends_at_its_deadline(world: World):
    world.open()
    world.install("sleeper", SLEEPER, SHORT)
    assert trap_of(world.runtime.invoke("sleeper", "sleep", HOUR)) is TrapKind.DEADLINE
    row = world.wait_row("sleeper", lambda row: row.state is State.RUNNING and row.restarts == 1)
    assert row.meters.errors == 1
    assert world.call("sleeper", "fine") == 7
    assert world.call("sleeper", "sleep", 1_000) is None


def test_others_answer_while_every_worker_waits_for_a_sleeper(world: World):
    world.open(workers=2)
    names = [f"sleeper-{number}" for number in range(4)]
    for name in names:
        world.install(name, SLEEPER, PATIENT)
    world.install("counter", Crafted())
    sleeping = [world.runtime.invoke(name, "sleep", HOUR) for name in names]
    waits(world, len(names))
    assert [world.call("counter", "add", 1) for _ in range(20)] == list(range(1, 21))
    assert not any(call.done() for call in sleeping)
    started = time.monotonic()
    world.close()
    assert time.monotonic() - started < 8.0
    assert {trap_of(call) for call in sleeping} == {TrapKind.CANCELLED}


@pytest.mark.parametrize(
    ("sleeper", "gate"),
    [
        (Sleeper(start=SLEEP), Gate.INSTANTIATE),
        (Sleeper(init="spin"), Gate.INIT),
        (Sleeper(health="spin"), Gate.HEALTH_PROBE),
    ],
)
def test_no_gate_waits_for_a_sleeper(world: World, sleeper: Sleeper, gate: str):
    world.open()
    world.install("sleeper", sleeper, SHORT + '[health]\ntimeout = "50ms"\n')
    refused = world.row("sleeper")
    assert refused.state is State.FAILED
    assert f"refused at {gate}: deadline" in refused.note.text
    world.install("sleeper", Crafted())
    assert world.call("sleeper", "add", 1) == 1


@pytest.mark.parametrize("sleeper", [Sleeper(start=SLEEP), Sleeper(init="spin")])
def test_a_newer_change_does_not_wait_for_an_older_one_that_sleeps(world: World, sleeper: Sleeper):
    world.open()
    world.put("late", sleeper, PATIENT)
    older = world.notice_later("late")
    waits(world)
    world.install("late", Crafted())
    assert world.call("late", "add", 1) == 1
    with contextlib.suppress(CancelledError):
        older.result(PATIENCE)
    assert world.row("late").revision == 2


def test_stopping_and_reloading_do_not_wait_for_a_sleeper(world: World):
    world.open()
    world.install("sleeper", Sleeper(add=SLEEP), PATIENT)
    asleep = world.runtime.invoke("sleeper", "add", 1)
    waits(world)
    world.do(Stop("sleeper"))
    assert world.row("sleeper").state is State.STOPPED
    assert trap_of(asleep) is TrapKind.CANCELLED
    world.put("sleeper", Crafted(), "")
    world.do(Reload("sleeper"))
    assert world.row("sleeper").revision == 2


def test_what_a_guest_prints_is_in_its_log_after_the_call(world: World):
    world.open()
    world.install("printer", SLEEPER)
    world.call("printer", "print", 3)
    lines = [(event.action, event.text) for event in world.events("printer") if event.action == EventAction.STDOUT]
    assert lines == [("stdout", "nineteen characters")] * 3


def test_what_a_guest_says_before_it_traps_is_kept(world: World):
    world.open()
    world.install("printer", SLEEPER)
    assert trap_of(world.runtime.invoke("printer", "complain", 2)) is TrapKind.UNREACHABLE
    assert [event.text for event in world.events("printer", "stderr")] == ["nineteen characters"] * 2


def test_a_flood_of_output_is_bounded_and_the_rest_is_counted(world: World):
    world.open(sample=3_600.0)  # nothing is collected while the call runs
    world.install("printer", SLEEPER, '[resources]\ndeadline = "30s"\n')  # a busy machine takes more than a second
    world.call("printer", "print", 10_000)
    assert len(world.events("printer", "stdout")) <= 2_000
    dropped = [event.text for event in world.events("printer", "dropped")]
    assert dropped == [f"{200_000 - 64 * 1024} bytes of output were dropped: more at once than is kept"]


def test_a_throw_away_call_does_not_wait_either(tmp_path: Path):
    file = tmp_path / "sleeper.wasm"
    file.write_bytes(SLEEPER)
    started = time.monotonic()
    with pytest.raises(GuestTrap) as caught:
        call_path(file, "sleep", f"[{HOUR}]")
    assert caught.value.trap.kind is TrapKind.DEADLINE
    assert time.monotonic() - started < 10.0
    assert "nineteen characters" in call_path(file, "print", "[1]").output


LEAVE = """
import sys
from pathlib import Path
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.runtime.machinery.runtime_settings import RuntimeSettings
root = Path(sys.argv[1])
runtime = EmbeddedRuntime.open(root / "components", state_dir=root / "state", settings=RuntimeSettings(watch=False))
runtime.wait_settled(30)
error = runtime.invoke("sleeper", "sleep", 3_600_000_000_000).exception(30)
print(error.trap.kind, flush=True)
runtime.invoke("sleeper", "sleep", 3_600_000_000_000)
runtime.close()
"""


def test_the_process_ends_beside_a_sleeping_guest(world: World):
    world.put("sleeper", SLEEPER, SHORT)
    started = time.monotonic()
    command = [sys.executable, "-c", LEAVE, str(world.folder.parent)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "deadline\n", "")
    assert time.monotonic() - started < 30


def test_a_crowd_waits_on_bounded_threads_that_are_gone_at_the_end(world: World):
    """Half of them sleep, half wait for a silent socket: a thread for each, and a few that go on."""
    each, before = 32, set(threading.enumerate())
    sleepers, talkers = ([f"{kind}-{number}" for number in range(each)] for kind in ("sleeper", "talker"))
    for name in sleepers:
        world.put(name, SLEEPER, PATIENT)
    for name in talkers:
        world.put(name, TALKER, f'{PATIENT}[capabilities]\nnetwork = ["connect:127.0.0.1:*"]\n')
    world.put("counter", Crafted())
    world.open(workers=2)
    with socket.create_server(("127.0.0.1", 0), backlog=each) as silent:
        for name in talkers:
            world.do(Grant(name, "network:connect:127.0.0.1:*"))
            assert world.call(name, "dial", "127.0.0.1", silent.getsockname()[1]) == Ok()
        calls = [world.runtime.invoke(name, "sleep", HOUR) for name in sleepers]
        calls += [world.runtime.invoke(name, "hear") for name in talkers]
        waits(world, len(calls))
        assert [world.call("counter", "add", 1) for _ in range(5)] == [1, 2, 3, 4, 5]
        workers = [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("worker-")]
        assert len(workers) <= len(calls) + 2 + CANDIDATE_PLACES
        world.close()
        assert {trap_of(call) for call in calls} == {TrapKind.CANCELLED}
        assert [thread.name for thread in set(threading.enumerate()) - before] == []
        for _ in talkers:
            with silent.accept()[0] as gone:
                assert gone.recv(1) == b""
