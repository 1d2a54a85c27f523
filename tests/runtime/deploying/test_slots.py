"""Slots: a component that takes long gives its slot to the next one, as long as not too many are under way without."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from airssys_tui.runtime.deploying.slots import Slots, each


@pytest.mark.parametrize(("count", "most_late"), [(1, 0), (1, 1), (1, 3), (2, 3)])
async def test_only_so_many_go_on_without_a_slot(count: int, most_late: int) -> None:
    slots, ended = Slots(count, patience=0.01, most_late=most_late), asyncio.Event()
    begun: list[int] = []

    async def work(number: int) -> None:
        begun.append(number)
        await ended.wait()

    running = [asyncio.ensure_future(slots.run(work(number))) for number in range(8)]
    while len(begun) < count + most_late:
        await asyncio.wait(running, timeout=0.01)
    done, _ = await asyncio.wait(running, timeout=0.3)
    assert (len(done), begun) == (0, list(range(count + most_late)))
    ended.set()
    await asyncio.gather(*running)
    assert begun == list(range(8))


async def test_who_is_cancelled_gives_its_slot_back() -> None:
    slots, ended = Slots(1, patience=60.0), asyncio.Event()
    begun: list[int] = []

    async def work(number: int) -> None:
        begun.append(number)
        await ended.wait()

    first, second, third = (asyncio.ensure_future(slots.run(work(number))) for number in range(3))
    while not begun:
        await asyncio.wait([first], timeout=0.01)
    for task in (first, second):
        task.cancel()
    while len(begun) < 2:
        await asyncio.wait([third], timeout=0.01)
    ended.set()
    await third
    assert (begun, first.cancelled(), second.cancelled()) == ([0, 2], True, True)


async def test_of_many_works_only_so_many_exist_at_a_time_and_one_that_fails_stops_nobody() -> None:
    made, ended, errors = [0], [0], list[BaseException]()
    most = 0

    async def work(number: int) -> None:
        nonlocal most
        most = max(most, made[0] - ended[0])
        await asyncio.sleep(0)
        ended[0] += 1
        if number == 5:
            raise ValueError("five")

    def works() -> Iterator[Coroutine[Any, Any, None]]:
        for number in range(20):
            made[0] += 1
            yield work(number)

    await each(works(), errors.append, at_once=4)
    assert (made, ended, most) == ([20], [20], 4)
    assert [str(error) for error in errors] == ["five"]


async def test_who_cancels_all_cancels_each() -> None:
    begun, cancelled = asyncio.Event(), list[int]()

    async def work(number: int) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(number)
            raise

    running = asyncio.ensure_future(each((work(number) for number in range(9)), lambda _: None, at_once=2))
    await begun.wait()
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sorted(cancelled) == [0, 1]
