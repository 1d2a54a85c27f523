"""Many guests that wait in the host at once: each ends when it has to, and none keeps a place from the others."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from time import perf_counter_ns
from types import SimpleNamespace

import pytest

from airssys_tui.core.errors import HostFault
from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.instance import Instance
from airssys_tui.engine.waiting import READABLE, Waitable
from airssys_tui.host.wasi import clocks, io
from airssys_tui.host.wasi.input_stream import InputStream
from airssys_tui.host.wasi.wasi_types import wasi_interface
from airssys_tui.runtime.machinery import guest_threads
from airssys_tui.runtime.machinery.guest_threads import Way, Workers
from tests.support.wasi.passing_guest import passing_guest
from tests.support.world import PATIENCE

HOUR = 3_600_000_000_000
MANY = 200


class Silent(InputStream):
    """A socket that nobody writes to."""

    def __init__(self) -> None:
        super().__init__()
        self.ends = socket.socketpair()

    def read(self, _context: object, _most: int) -> bytes:
        return b""

    def ready(self, _context: object) -> bool:
        return False

    def waitable(self) -> Waitable:
        return Waitable(descriptor=self.ends[0].fileno(), events=READABLE)

    def close(self) -> None:
        for end in self.ends:
            end.close()


Make = Callable[[], Instance]


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers(2)
    yield made
    assert made.close(PATIENCE)


@pytest.fixture
def make(workers: Workers) -> Iterator[Make]:
    engine = Engine()
    stdin = wasi_interface("cli/stdin", {"get-stdin": lambda _: Silent()})
    linker = engine.linker([*io.INTERFACES, *clocks.INTERFACES, stdin])
    code = engine.compile(passing_guest("io/streams", "io/poll", "clocks/monotonic-clock", "cli/stdin"))
    owner = SimpleNamespace(waiting=workers.waiting)
    yield lambda: linker.instantiate(code, Limits(deadline=3_600.0), owner=owner)
    engine.close()


def sleeps(instance: Instance, deadline: float = 3_600.0) -> Callable[[], int]:
    """Return what sleeps for an hour in a guest, and then tells how many nanoseconds late it was woken."""

    def run() -> int:
        pollable = instance.call("clocks-monotonic-clock-subscribe-duration", HOUR).value
        return late(lambda: instance.call("io-poll-pollable-block", pollable, deadline=deadline), deadline)

    return run


def listens(instance: Instance, deadline: float = 3_600.0) -> Callable[[], int]:
    """Return the same for a guest that reads from a silent socket."""

    def run() -> int:
        stream = instance.call("cli-stdin-get-stdin").value
        return late(
            lambda: instance.call("io-streams-input-stream-blocking-read", stream, 1, deadline=deadline), deadline
        )

    return run


def late(call: Callable[[], object], deadline: float) -> int:
    end = perf_counter_ns() + int(deadline * 1e9)
    with pytest.raises(GuestTrap) as caught:
        call()
    assert caught.value.trap.kind is (TrapKind.DEADLINE if deadline < 3_600.0 else TrapKind.CANCELLED)
    return perf_counter_ns() - end


def until_waiting(instances: list[Instance]) -> None:
    pause, end = threading.Event(), perf_counter_ns() + int(PATIENCE * 1e9)
    while not all(instance.activity.wake for instance in instances):
        assert perf_counter_ns() < end, "they do not wait"
        pause.wait(0.005)


def test_many_sleepers_and_listeners_keep_no_place(workers: Workers, make: Make) -> None:
    before = threading.active_count()
    instances = [make() for _ in range(2 * MANY)]
    works = [(sleeps, listens)[number % 2](instance) for number, instance in enumerate(instances)]
    waiting: list[Future[int]] = [workers.submit(work, way=Way.TURN) for work in works]
    until_waiting(instances)
    assert [workers.submit(lambda n=n: n, way=Way.TURN).result(PATIENCE) for n in range(50)] == list(range(50))
    assert threading.active_count() - before <= 2 * MANY + 2
    for instance in instances:
        instance.close()
    for call in waiting:
        call.result(PATIENCE)
    assert workers.submit(lambda: 7, way=Way.TURN).result(PATIENCE) == 7


def test_their_deadlines_end_them(workers: Workers, make: Make) -> None:
    works = [(sleeps, listens)[number % 2](make(), 0.3) for number in range(40)]
    waiting: list[Future[int]] = [workers.submit(work, way=Way.TURN) for work in works]
    assert all(call.result(PATIENCE) >= 0 for call in waiting), "none ends too early"


def test_one_more_than_may_wait_is_refused_and_keeps_no_place(
    workers: Workers, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest_threads, "MAX_WAITING", 3)
    instances = [make() for _ in range(3)]
    waiting = [workers.submit(sleeps(instance), way=Way.TURN) for instance in instances]
    until_waiting(instances)
    refused = make()
    pollable = refused.call("clocks-monotonic-clock-subscribe-duration", HOUR).value
    call = workers.submit(lambda: refused.call("io-poll-pollable-block", pollable), way=Way.TURN)
    with pytest.raises(GuestTrap, match="3 calls wait in the host already") as caught:
        call.result(PATIENCE)
    assert caught.value.trap.kind is TrapKind.HOST_ERROR
    assert workers.submit(lambda: 7, way=Way.TURN).result(PATIENCE) == 7
    for instance in instances:
        instance.close()
    for one in waiting:
        one.result(PATIENCE)


def test_a_wait_is_refused_when_no_thread_would_go_on(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    gates = [threading.Event(), threading.Event()]

    def waits() -> None:
        with workers.waiting():
            gates[0].set()
            assert gates[1].wait(PATIENCE)

    with monkeypatch.context() as patched:
        patched.setattr(guest_threads, "spawn", no_room)
        first = workers.submit(waits, way=Way.TURN)
        assert gates[0].wait(PATIENCE)
        with pytest.raises(HostFault, match="no room for a thread"):
            workers.submit(waits, way=Way.TURN).result(PATIENCE)
        assert workers.submit(lambda: 7, way=Way.TURN).result(PATIENCE) == 7
    gates[1].set()
    first.result(PATIENCE)


def test_a_task_that_was_handed_off_and_waits_is_one_that_waits(workers: Workers) -> None:
    begun, go, ended = threading.Event(), threading.Event(), threading.Event()

    def long_and_waiting() -> None:
        begun.set()
        assert go.wait(PATIENCE)
        with workers.waiting():
            assert ended.wait(PATIENCE)
        go.clear()
        begun.set()
        assert go.wait(PATIENCE)

    def until(wanted: int) -> None:
        pause, end = threading.Event(), perf_counter_ns() + int(PATIENCE * 1e9)
        while workers.handed != wanted:
            assert perf_counter_ns() < end
            pause.wait(0.002)

    task = workers.submit(long_and_waiting, way=Way.TURN)
    assert begun.wait(PATIENCE)
    gate = threading.Event()
    held = [workers.submit(lambda: gate.wait(PATIENCE), way=Way.TURN) for _ in range(3)]
    until(2)
    begun.clear()
    go.set()
    until(1)
    ended.set()
    assert begun.wait(PATIENCE)
    until(2)
    go.set()
    gate.set()
    for one in (task, *held):
        one.result(PATIENCE)
