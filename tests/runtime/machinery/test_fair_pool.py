"""The worker threads: places, what hands one off, and what goes first."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from time import perf_counter

import pytest

from airssys_tui.runtime.actors.actor import Actor
from airssys_tui.runtime.machinery import guest_threads
from airssys_tui.runtime.machinery.guest_threads import Way, Workers
from airssys_tui.runtime.machinery.worker_lane import Task, TaskQueue
from tests.support.standing import Standing
from tests.support.world import PATIENCE


@pytest.fixture
def workers() -> Iterator[Workers]:
    """Give a pool of one place."""
    made = Workers(1)
    yield made
    made.close(5.0)


def test_what_is_urgent_is_taken_first_and_the_others_keep_their_order() -> None:
    queue = TaskQueue()
    tasks = {name: Task(name, lambda: None) for name in "abcdxyz"}
    for name in "abcd":
        queue.put(tasks[name])
    queue.put(tasks["x"], urgent=True)
    queue.put(tasks["y"], urgent=True)
    taken = [queue.get().owner for _ in range(3)]
    queue.put(tasks["z"], urgent=True)

    taken += [queue.get().owner for _ in range(4)]

    assert "".join(taken) == "xyazbcd"
    assert queue.empty


def test_urgent_tasks_of_many_threads_are_all_run_once() -> None:
    many = Workers(4)
    seen: list[int] = []
    futures = [many.submit(seen.append, number, way=Way.CONTROL if number % 3 else Way.TURN) for number in range(3_000)]
    for future in futures:
        future.result(PATIENCE)
    many.close(5.0)

    assert sorted(seen) == list(range(3_000))


class Gate:
    """A task that runs until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.ended = threading.Event()

    def __call__(self) -> int:
        self.begun.set()
        assert self.ended.wait(PATIENCE)
        return threading.get_native_id()


def test_control_work_goes_before_the_turns_that_wait(workers: Workers) -> None:
    order: list[str] = []
    with workers_held(workers):
        turns = [workers.submit(order.append, name, way=Way.TURN) for name in "ab"]
        stop = workers.submit(order.append, "stop")
        # Nobody ran yet: the one place is held by a task that blocks without saying so, for less than it may.
        for future in (*turns, stop):
            future.add_done_callback(lambda _: None)
    for future in (*turns, stop):
        future.result(PATIENCE)
    assert order == ["stop", "a", "b"]


class workers_held:  # noqa: N801 - reads as what it does
    """Keeps the one place of a pool from taking tasks, and the monitor from noticing, while tasks are queued."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._gate = Gate()

    def __enter__(self) -> None:
        self._limit = guest_threads.LONG_MS
        guest_threads.LONG_MS = 10_000_000  # type: ignore[misc]
        self._workers.submit(self._gate)
        assert self._gate.begun.wait(PATIENCE)

    def __exit__(self, *_: object) -> None:
        self._gate.ended.set()
        guest_threads.LONG_MS = self._limit  # type: ignore[misc]


def test_a_long_task_gives_its_place_away_and_its_thread_ends_with_it(workers: Workers) -> None:
    gate = Gate()
    long = workers.submit(gate, way=Way.TURN)
    assert gate.begun.wait(PATIENCE)

    # Answered although the one place is taken: another thread came.
    short = workers.submit(threading.get_native_id, way=Way.TURN).result(PATIENCE)

    assert workers.handed == 1
    gate.ended.set()
    tid = long.result(PATIENCE)
    assert tid != short
    until(lambda: workers.handed == 0)
    assert workers.submit(threading.get_native_id, way=Way.TURN).result(PATIENCE) == short


@pytest.mark.skipif(sys.platform != "linux", reason="priorities of threads")
def test_a_thread_that_was_handed_off_makes_way(workers: Workers) -> None:
    nice: list[int] = []
    begun, ended = threading.Event(), threading.Event()

    def long() -> None:
        me = threading.get_native_id()
        nice.append(os.getpriority(os.PRIO_PROCESS, me))
        begun.set()
        assert ended.wait(PATIENCE)
        nice.append(os.getpriority(os.PRIO_PROCESS, me))

    done = workers.submit(long, way=Way.TURN)
    assert begun.wait(PATIENCE)
    workers.submit(lambda: None, way=Way.TURN).result(PATIENCE)
    ended.set()
    done.result(PATIENCE)

    assert nice[1] == min(19, nice[0] + 10)
    mine = workers.submit(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()), way=Way.TURN)
    assert mine.result(PATIENCE) == nice[0]


def test_a_task_that_blocks_in_the_host_is_replaced_once(workers: Workers) -> None:
    gate = Gate()

    def blocks() -> int:
        with workers.blocking(), workers.blocking():
            return gate()

    blocked = workers.submit(blocks, way=Way.TURN)
    assert gate.begun.wait(PATIENCE)
    for _ in range(3):
        workers.submit(lambda: None, way=Way.TURN).result(PATIENCE)
    held = Gate()
    second = workers.submit(held, way=Way.TURN)  # the replacement, which is handed off in turn
    assert held.begun.wait(PATIENCE)
    workers.submit(lambda: None, way=Way.TURN).result(PATIENCE)

    assert workers.handed == 1  # the one that blocks has been replaced already
    gate.ended.set()
    held.ended.set()
    blocked.result(PATIENCE)
    second.result(PATIENCE)
    until(lambda: workers.handed == 0)
    assert workers.submit(lambda: 7, way=Way.TURN).result(PATIENCE) == 7


def test_a_task_that_blocks_is_replaced_when_the_last_thread_that_rests_takes_a_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guest_threads, "LONG_MS", 10_000_000)  # nothing is handed off
    pool, gates = Workers(2), [Gate() for _ in range(3)]

    def blocks() -> int:
        with pool.blocking():
            return gates[0]()

    def threads() -> int:
        return len(pool._turns.places)  # noqa: SLF001

    tasks = [pool.submit(blocks, way=Way.TURN)]
    assert gates[0].begun.wait(PATIENCE)
    assert threads() == 2, "one rests"
    for number in (1, 2):
        tasks.append(pool.submit(gates[number], way=Way.TURN))
        assert gates[number].begun.wait(PATIENCE), "none waits for the one that blocks"
    assert threads() == 3
    assert pool.handed == 0
    for gate in gates:
        gate.ended.set()
    for task in tasks:
        task.result(PATIENCE)
    until(lambda: pool._turns.taking == 2)  # noqa: SLF001
    assert pool.close(5.0)


def blocked_once(workers: Workers) -> tuple[int, int]:
    """Have a task block, and another one run meanwhile; return the native ids of their threads."""
    gate = Gate()

    def blocks() -> int:
        with workers.blocking():
            return gate()

    task = workers.submit(blocks, way=Way.TURN)
    assert gate.begun.wait(PATIENCE)
    meanwhile = workers.submit(threading.get_native_id, way=Way.TURN).result(PATIENCE)
    gate.ended.set()
    blocked = task.result(PATIENCE)
    until(lambda: workers._turns.taking == 1)  # noqa: SLF001
    return blocked, meanwhile


def test_a_thread_that_blocked_stands_by_for_the_next_task_that_blocks(workers: Workers) -> None:
    rounds = [blocked_once(workers) for _ in range(20)]

    assert all(one != other for one, other in rounds)
    assert len({thread for both in rounds for thread in both}) == 2
    assert len(workers._turns.standing_by) == 1  # noqa: SLF001
    assert workers.busy == 0
    assert workers.close(5.0)


@pytest.mark.parametrize(("most", "seconds"), [(0, 3_600.0), (16, 0.001)], ids=["no room", "nobody calls"])
def test_a_thread_that_stands_by_ends(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, most: int, seconds: float
) -> None:
    monkeypatch.setattr(guest_threads, "MAX_STANDING_BY", most)
    monkeypatch.setattr(guest_threads, "STANDS_BY", seconds)

    first = blocked_once(workers)
    until(lambda: len(workers._turns.places) == 1)  # noqa: SLF001

    assert len({*first, *blocked_once(workers)}) == 3


def test_a_task_that_was_handed_off_and_then_blocks_is_not_replaced_twice() -> None:
    others = set(threading.enumerate())
    workers = Workers(1)
    first, second = Gate(), Gate()

    def long_then_blocks() -> None:
        first()
        with workers.blocking():
            second()

    done = workers.submit(long_then_blocks, way=Way.TURN)
    assert first.begun.wait(PATIENCE)
    workers.submit(lambda: None, way=Way.TURN).result(PATIENCE)
    first.ended.set()
    assert second.begun.wait(PATIENCE)

    mine = [thread for thread in threading.enumerate() if thread not in others and thread.name.startswith("worker-")]
    assert len(mine) == 3  # the one that was handed off, the one in its place, and that of candidates
    second.ended.set()
    done.result(PATIENCE)
    workers.close(5.0)


def test_a_task_begins_anew_while_no_other_waits_and_then_was_never_long(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[bool] = []
    gate = Gate()

    def busy() -> None:
        answers.append(workers.renew())
        gate()
        answers.append(workers.renew())

    task = workers.submit(busy, way=Way.TURN)
    assert gate.begun.wait(PATIENCE)
    monkeypatch.setattr(guest_threads, "LONG_MS", 10_000_000)  # nothing is handed off
    other = workers.submit(int, way=Way.TURN)
    gate.ended.set()
    task.result(PATIENCE)
    other.result(PATIENCE)

    assert answers == [True, False]
    assert not workers.renew(), "this thread is no worker"


def test_a_turn_that_began_anew_is_not_handed_off_for_the_ones_before_it(workers: Workers) -> None:
    ages: list[int] = []

    def busy() -> None:
        (place,) = [place for place in workers._turns.places if place.since]  # noqa: SLF001
        before = place.since
        workers.renew()
        ages.append(place.since - before)

    workers.submit(busy, way=Way.TURN).result(PATIENCE)

    assert ages[0] > 0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_candidates_have_places_of_their_own(workers: Workers, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(guest_threads, "LONG_MS", 10_000_000)  # nothing is handed off
    gates = [Gate() for _ in range(count)]
    places, candidates = guest_threads.CANDIDATE_PLACES, []
    for number, gate in enumerate(gates):
        candidates.append(workers.submit(gate, way=Way.CANDIDATE))
        assert number >= places or gate.begun.wait(PATIENCE)
    assert workers.submit(int, way=Way.TURN).result(PATIENCE) == 0, "the one place of the components is free"
    assert not any(gate.begun.is_set() for gate in gates[places:])
    for gate in gates:
        gate.ended.set()
    for candidate in candidates:
        candidate.result(PATIENCE)


def test_a_turn_ends_after_two_milliseconds(workers: Workers) -> None:
    order: list[str] = []

    def takes_three(name: str) -> Callable[[object], None]:
        def work(_: object) -> None:
            until_time = perf_counter() + 0.003
            while perf_counter() < until_time:
                pass
            order.append(name)

        return work

    busy, other = (Actor(name, workers, 1_000, lambda *_: None) for name in ("busy", "other"))
    for actor in (busy, other):
        actor.switch(Standing())  # type: ignore[arg-type]
    with workers_held(workers):
        calls = [busy.post(takes_three("busy")) for _ in range(8)]
        calls.append(other.post(takes_three("other")))
    for call in calls:
        call.result(PATIENCE)

    assert order[:3] == ["busy", "other", "busy"]


def until(condition: Callable[[], bool]) -> None:
    """Wait until a thread has done what it is about to do."""
    pause = threading.Event()
    end_at = perf_counter() + PATIENCE
    while not condition():
        assert perf_counter() < end_at
        pause.wait(0.001)
