"""The epoch: ticks while calls are in flight, rests when none are, leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.ticker import NativeTimer, ThreadTimer, Ticker, native_timers
from tests.support.command_line import eventually
from tests.support.engine import guests

TRAPS = guests.binary(guests.TRAPS)


def test_it_is_armed_by_a_call_and_rests_afterwards():
    engine = Engine()
    instance = engine.linker().instantiate(engine.compile(TRAPS), Limits())
    instance.call("fine")
    assert engine.ticker.armed
    eventually(lambda: not engine.ticker.armed)
    with pytest.raises(GuestTrap) as caught:
        instance.call("spin", fuel=2**60, deadline=0.03)
    assert caught.value.trap.kind is TrapKind.DEADLINE
    engine.close()


@pytest.mark.parametrize("timer", [NativeTimer, ThreadTimer] if native_timers() else [ThreadTimer])
def test_every_timer_makes_deadlines_work(timer):
    engine = Engine()
    habitat = engine.habitat
    habitat.ticker.close()
    habitat.ticker = Ticker(habitat.address, engine.settings.tick_ms, habitat.active, timer)
    instance = engine.linker().instantiate(engine.compile(TRAPS), Limits())
    started = time.perf_counter()
    with pytest.raises(GuestTrap) as caught:
        instance.call("spin", fuel=2**60, deadline=0.05)
    assert caught.value.trap.kind is TrapKind.DEADLINE
    assert time.perf_counter() - started >= 0.05
    engine.close()


def test_a_long_deadline_before_does_not_delay_a_short_one_after(start):
    import contextlib

    instance, other = start(TRAPS), start(TRAPS)
    with contextlib.suppress(GuestTrap):
        other.call("spin", fuel=2**60, deadline=0.03)
    for _ in range(3):
        instance.call("fine", deadline=3600)
    started = time.perf_counter()
    with pytest.raises(GuestTrap):
        instance.call("spin", fuel=2**60, deadline=0.02)
    assert time.perf_counter() - started >= 0.02


def test_closing_leaves_no_thread():
    before = set(threading.enumerate())
    engine = Engine()
    instance = engine.linker().instantiate(engine.compile(TRAPS), Limits())
    instance.call("fine")
    assert len(threading.enumerate()) > len(before)
    engine.close()
    engine.close()
    assert set(threading.enumerate()) == before
    assert instance.dead


@pytest.mark.parametrize("ending", ["pass", "engine.close()", "import os, signal; os.kill(os.getpid(), signal.SIGINT)"])
def test_a_process_ends_cleanly_with_instances_alive(ending):
    # A parent that ignores SIGINT, as a shell's background does, hands that down.
    program = f"""
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
import threading
from airssys_tui.core.limits import Limits
from airssys_tui.engine.engine import Engine
from tests.support.engine import guests
engine = Engine()
linker = engine.linker()
kept = [linker.instantiate(engine.compile(guests.echo("string")), Limits()) for _ in range(20)]
print(kept[0].call("echo", ["done"]).value, flush=True)
threading.Thread(target=lambda: kept[1].call("echo", ["x"] * 1000), daemon=True).start()
{ending}
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert result.stdout == "['done']\n"
    assert result.returncode == (0 if "SIGINT" not in ending else -2), result.stderr


def test_near_limit_recursion_on_a_small_stack_ends_in_a_trap_or_a_refusal_never_a_crash():
    program = """
import threading
from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap
from airssys_tui.engine.engine import Engine
from tests.support.engine import guests
engine = Engine()
linker, code = engine.linker(), engine.compile(guests.binary(guests.TRAPS))
def run():
    for _ in range(3):
        try:
            linker.instantiate(code, Limits()).call("down")
        except GuestTrap as trap:
            print(trap.trap.kind, flush=True)
threading.stack_size(16 * 1024 * 1024)
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.split() == ["stack-overflow"] * 3
