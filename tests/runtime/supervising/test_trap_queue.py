"""Traps on their way to supervision: at once while they are few, after the last of a crowd else, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any, cast

import pytest

from airssys_tui.core.traps import GuestTrap, Trap, TrapKind
from airssys_tui.runtime.supervising.trap_queue import FEW, MOST, PAUSE, TrapQueue

TRAP = GuestTrap(Trap(TrapKind.DEADLINE, "late"))


class Clock(asyncio.SelectorEventLoop):
    """A loop whose time passes only when the test says so.

    Attributes:
        now: Seconds.
        later: What was asked for at a time, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.later: list[tuple[float, Callable[..., Any]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Any, *_: Any, **__: Any) -> Any:
        self.later.append((delay, callback))
        return cast("Any", None)

    def turn(self) -> None:
        """Run what is ready."""
        self.call_soon(self.stop)
        self.run_forever()

    def pause(self) -> None:
        """Let the time pass for which something was put off."""
        (delay, callback), self.later = self.later[0], self.later[1:]
        self.now += delay
        callback()


@pytest.fixture
def loop() -> Iterator[Clock]:
    made = Clock()
    yield made
    made.close()


@pytest.fixture
def handled() -> list[int]:
    return []


@pytest.fixture
def queue(loop: Clock, handled: list[int]) -> TrapQueue:
    return TrapQueue(loop, lambda component, _serving, _trap: handled.append(cast("int", component)))


def put(queue: TrapQueue, *numbers: int) -> None:
    for number in numbers:
        queue.put(cast("Any", number), cast("Any", None), TRAP)


def turns(loop: Clock, count: int = 40) -> None:
    for _ in range(count):
        loop.turn()


def test_a_few_are_handled_at_once_and_in_order(loop: Clock, queue: TrapQueue, handled: list[int]) -> None:
    put(queue, *range(FEW))
    loop.turn()
    assert handled == list(range(FEW))
    put(queue, 9)
    loop.turn()
    assert handled == [*range(FEW), 9]
    assert loop.later == []


def test_a_crowd_is_handled_when_no_further_one_comes(loop: Clock, queue: TrapQueue, handled: list[int]) -> None:
    put(queue, *range(50))
    loop.turn()
    put(queue, *range(50, 60))
    loop.turn()
    assert (handled, [delay for delay, _ in loop.later]) == ([], [PAUSE])
    loop.pause()
    assert handled == [], "ten more have come meanwhile"
    loop.pause()
    assert handled == list(range(FEW)), "others of the loop have their turns between"
    turns(loop)
    assert handled == list(range(60))
    assert loop.later == []


def test_a_crowd_that_does_not_end_is_handled_all_the_same(loop: Clock, queue: TrapQueue, handled: list[int]) -> None:
    put(queue, *range(10))
    loop.turn()
    number = 10
    while not handled:
        assert loop.now <= MOST + PAUSE
        put(queue, number)
        number += 1
        loop.pause()
    put(queue, *range(number, number + 10))
    turns(loop)
    while loop.later:
        loop.pause()
        turns(loop)
    assert handled == list(range(number + 10))


def test_nothing_is_put_off_when_the_runtime_stops(loop: Clock, queue: TrapQueue, handled: list[int]) -> None:
    put(queue, *range(50))
    loop.turn()
    queue.hurry()
    assert handled == list(range(50))
    put(queue, *range(50, 120))  # more than the crowd before: it grows
    turns(loop)
    assert handled == list(range(120))


def test_a_crowd_of_threads_loses_none(loop: Clock, queue: TrapQueue, handled: list[int]) -> None:
    threads = [Thread(target=put, args=(queue, number)) for number in range(100)]
    for thread in threads:
        thread.start()
        loop.turn()
    for thread in threads:
        thread.join()
    turns(loop)
    while loop.later:
        loop.pause()
        turns(loop)
    assert sorted(handled) == list(range(100))


def test_a_loop_that_is_closed_handles_nothing(loop: Clock, queue: TrapQueue, handled: list[int]) -> None:
    loop.close()
    put(queue, 1)
    assert handled == []
