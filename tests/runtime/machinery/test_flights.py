"""Work that several want at once: done once, for all who wait, and given up when nobody does."""

from __future__ import annotations

import asyncio

import pytest

from airssys_tui.runtime.machinery.flights import Flights


class Work:
    """Work that waits to be let through."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self.gate: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.begun += 1
        try:
            return await asyncio.shield(self.gate)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_those_who_come_while_it_is_under_way_share_its_result() -> None:
    flights, work = Flights[str](), Work()
    waiting = [asyncio.ensure_future(flights.join("a", work)) for _ in range(3)]
    other = asyncio.ensure_future(flights.join("b", work))
    await turn()
    assert (work.begun, len(flights)) == (2, 2)
    work.gate.set_result("done")
    assert await asyncio.gather(*waiting, other) == ["done"] * 4
    assert len(flights) == 0
    assert await flights.join("a", work) == "done"
    assert work.begun == 3


async def test_what_goes_wrong_goes_wrong_for_all() -> None:
    flights, work = Flights[str](), Work()
    waiting = [asyncio.ensure_future(flights.join("a", work)) for _ in range(2)]
    await turn()
    work.gate.set_exception(ValueError("broken"))
    for one in waiting:
        with pytest.raises(ValueError, match="broken"):
            await one
    assert len(flights) == 0


async def test_it_goes_on_while_anybody_waits_and_is_cancelled_when_nobody_does() -> None:
    flights, work = Flights[str](), Work()
    first, second = (asyncio.ensure_future(flights.join("a", work)) for _ in range(2))
    await turn()
    first.cancel()
    await turn()
    assert (work.cancelled, len(flights)) == (0, 1)
    second.cancel()
    await turn()
    assert (work.cancelled, len(flights)) == (1, 0)
    third = asyncio.ensure_future(flights.join("a", work))
    await turn()
    assert work.begun == 2, "what is being cancelled is not joined"
    work.gate.set_result("done")
    assert await third == "done"
