"""Host functions that wait or end the call of their guest: what ends when, and that nothing is left of it."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import threading
from pathlib import Path
from time import perf_counter_ns

import pytest

from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, TrapKind, exit_status
from airssys_tui.core.types.interface import BYTES, Function, Param, Primitive
from airssys_tui.engine.call_ends import CallCancelled, DeadlinePassed, GuestExit
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.host import HostFunction, HostInterface
from airssys_tui.engine.waiting import READABLE, WRITABLE, Waitable, Wake, wait
from tests.support.engine import guests
from tests.support.engine.raw_guests import FACE, passing

U32 = Primitive("u32")
NUMBER = Function("work", (Param("a", U32),), U32)
NUMBERS = guests.caller('(param "a" u32)', "(result u32)", "(param i32) (result i32)")
RAW = Function("work", (Param("p0", BYTES),), U32)
PATIENT = Limits(deadline=60.0)


@pytest.fixture
def make(engine):
    """Make an instance whose ``run`` calls a Python function with a number."""
    made = []

    def start(work, limits=PATIENT, of=engine):
        code = of.compile(NUMBERS)
        made.append(of.linker([HostInterface(FACE, (HostFunction(NUMBER, work),))]).instantiate(code, limits))
        return made[-1]

    yield start
    for instance in made:
        instance.close()


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        with contextlib.suppress(OSError):
            os.close(end)


ENDS = [
    (CallCancelled(), TrapKind.CANCELLED, "the call was cancelled"),
    (DeadlinePassed(), TrapKind.DEADLINE, "the call passed its deadline"),
    (GuestExit(3), TrapKind.EXIT, "the guest exited with status 3"),
]


@pytest.mark.parametrize(("raised", "kind", "message"), ENDS)
def test_a_host_function_ends_the_call_as_the_guest_would(engine, make, raised, kind, message):
    def work(*_):
        raise raised

    with pytest.raises(GuestTrap) as caught:
        make(work).call("run", 1)
    assert (caught.value.trap.kind, caught.value.trap.message) == (kind, message)
    assert exit_status(caught.value.trap) == (3 if kind is TrapKind.EXIT else None)
    linker = engine.linker([HostInterface(FACE, (HostFunction(RAW, work),))])
    code = engine.compile(passing(["(list u8)"], ["i32", "i32"]))
    with linker.instantiate(code, PATIENT) as instance, pytest.raises(GuestTrap) as caught:
        instance.call("f", bytes(16))
    assert (caught.value.trap.kind, caught.value.trap.message) == (kind, message)


def test_a_guest_that_catches_nothing_is_dead_afterwards(make):
    def work(*_):
        raise GuestExit(0)

    instance = make(work)
    with pytest.raises(GuestTrap):
        instance.call("run", 1)
    assert instance.dead


def test_what_is_ready_is_told_by_its_position(make, pipe):
    reads, writes = pipe
    seen = []
    waitables = (
        Waitable(descriptor=reads, events=READABLE),
        Waitable(descriptor=writes, events=WRITABLE),
        Waitable(due_ns=perf_counter_ns()),
        Waitable(due_ns=perf_counter_ns() + 10**15),
        Waitable(descriptor=reads, events=READABLE, due_ns=0),
        Waitable(),
    )
    instance = make(lambda context, _: seen.append(context.wait(waitables)) or 0)
    instance.call("run", 1)
    os.write(writes, b"x")
    instance.call("run", 1)
    assert seen == [(1, 2, 4), (0, 1, 2, 4)]


def test_one_descriptor_can_be_waited_for_in_two_ways(make, pipe):
    reads, writes = pipe
    both = (Waitable(descriptor=writes, events=WRITABLE), Waitable(descriptor=writes, events=READABLE))
    seen = []
    make(lambda context, _: seen.append(context.wait(both)) or 0).call("run", 1)
    assert seen == [(0,)]
    os.close(reads)
    make(lambda context, _: seen.append(context.wait(both[1:])) or 0).call("run", 1)
    assert seen[1:] == [(0,)]


def test_a_closed_descriptor_is_ready(make, pipe):
    os.close(pipe[0])
    seen = []
    make(lambda context, _: seen.append(context.wait((Waitable(descriptor=pipe[0]),))) or 0).call("run", 1)
    assert seen == [(0,)]


class Announced:
    """Counts how often it is entered, and does something whenever it is."""

    def __init__(self, does=lambda: None):
        self.times = 0
        self.does = does

    @contextlib.contextmanager
    def __call__(self):
        self.times += 1
        self.does()
        yield


def test_only_a_wait_that_blocks_is_announced(make, pipe):
    announced = Announced(lambda: os.write(pipe[1], b"x"))
    seen = []
    instance = make(lambda context, _: seen.append(context.wait((Waitable(descriptor=pipe[0]),), announced)) or 0)
    instance.call("run", 1)
    instance.call("run", 1)
    assert (seen, announced.times) == ([(0,), (0,)], 1)


def test_a_due_time_ends_a_wait(make):
    late = []

    def work(context, _):
        due = perf_counter_ns() + 2_000_000
        assert context.wait((Waitable(), Waitable(due_ns=due))) == (1,)
        late.append(perf_counter_ns() - due)
        return 0

    make(work).call("run", 1)
    assert late[0] >= 0


def silent(announced=None):
    """Give a host function that waits for nothing."""
    return lambda context, _: context.wait((), announced or Announced()) and 0


def test_the_deadline_ends_a_wait(make):
    instance = make(silent())
    with pytest.raises(GuestTrap) as caught:
        instance.call("run", 1, deadline=0.005)
    assert caught.value.trap.kind is TrapKind.DEADLINE


@pytest.mark.parametrize("end", ["cancel", "close"])
def test_a_wait_ends_with_the_call_before_it_blocks(make, end):
    announced = Announced()
    instance = make(silent(announced))
    announced.does = getattr(instance, end)
    with pytest.raises(GuestTrap) as caught:
        instance.call("run", 1)
    assert caught.value.trap.kind is TrapKind.CANCELLED
    assert instance.dead


class Waiting:
    """A call on a thread of its own that waits; tells when it is about to block, and how it ended."""

    def __init__(self, make, waitables=(), **options):
        self.blocks = threading.Event()
        self.ended = []
        announced = Announced(self.blocks.set)
        self.instance = make(lambda context, _: self.ended.append(context.wait(waitables, announced)) or 0, **options)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        assert self.blocks.wait(30)

    def run(self):
        try:
            self.instance.call("run", 1)
        except GuestTrap as trap:
            self.ended.append(trap.trap.kind)

    def result(self):
        self.thread.join(30)
        return self.ended


@pytest.mark.parametrize("end", ["cancel", "close"])
def test_another_thread_ends_a_wait(make, end):
    waiting = Waiting(make)
    getattr(waiting.instance, end)()
    assert waiting.result() == [TrapKind.CANCELLED]
    assert waiting.instance.dead


def test_only_the_wait_of_the_cancelled_call_ends(make, pipe):
    one, other = Waiting(make), Waiting(make, (Waitable(descriptor=pipe[0]),))
    one.instance.cancel()
    assert one.result() == [TrapKind.CANCELLED]
    assert other.ended == []
    os.write(pipe[1], b"x")
    assert other.result() == [(0,)]


def test_closing_the_engine_ends_its_waits(make):
    engine = Engine()
    waiting = Waiting(make, of=engine)
    engine.close()
    assert waiting.result() == [TrapKind.CANCELLED]
    assert engine.instances == 0


class Call:
    """A running call that notes the wakes of its waits."""

    def __init__(self):
        self.cancelled = self.closing = False
        self.deadline_ns = perf_counter_ns() + 60 * 10**9
        self.wakes = []

    @property
    def wake(self):
        return self.wakes[-1]

    @wake.setter
    def wake(self, wake):
        self.wakes.append(wake)


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_wake_that_comes_too_late_ends_no_other_wait_of_the_thread(when):
    call, signal = Call(), Wake()
    waitables = (Waitable(descriptor=signal.fileno()),)
    assert wait(call, waitables, Announced(signal.set)) == (0,)
    late, none = call.wakes
    assert none is None
    signal.clear()

    def signal_when_cleared():
        while select.select([late], [], [], 0)[0]:
            pass
        signal.set()

    thread = threading.Thread(target=signal_when_cleared)
    if when == "before":
        late.set()
        assert wait(call, waitables, Announced(thread.start)) == (0,)
    else:
        assert wait(call, waitables, Announced(lambda: late.set() or thread.start())) == (0,)
    thread.join(30)
    assert call.wakes == [late, None, late, None]


def test_an_object_that_was_woken_is_readable_until_it_is_cleared(make):
    wake = Wake()
    seen = []
    instance = make(
        lambda context, _: seen.append(context.wait((Waitable(descriptor=wake.fileno()), Waitable(due_ns=0)))) or 0
    )
    instance.call("run", 1)
    for _ in range(3):
        wake.set()
    instance.call("run", 1)
    instance.call("run", 1)
    wake.clear()
    wake.clear()
    instance.call("run", 1)
    assert seen == [(1,), (0, 1), (0, 1), (1,)]


def test_without_event_descriptors_a_pipe_will_do(make, monkeypatch):
    monkeypatch.delattr(os, "eventfd")
    waiting = Waiting(make)
    waiting.instance.cancel()
    assert waiting.result() == [TrapKind.CANCELLED]
    wake = Wake()
    for _ in range(70_000):
        wake.set()
    wake.clear()


def descriptors():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_waits_leave_no_descriptors_behind(make):
    def wait_on_a_thread():
        waiting = Waiting(make)
        waiting.instance.cancel()
        waiting.result()

    wait_on_a_thread()
    before = descriptors()
    for _ in range(5):
        wait_on_a_thread()
    assert descriptors() <= before


def test_a_process_without_descriptors_ends_the_call(make, monkeypatch):
    def none(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "eventfd", none)
    ended = []

    def run():
        with pytest.raises(GuestTrap) as caught:
            make(silent()).call("run", 1)
        ended.append(caught.value.trap)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert ended[0].kind is TrapKind.HOST_ERROR
    assert "Too many open files" in ended[0].message
