"""How many components are started or deployed at a time, when many are due at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

PATIENCE: Final = 1.0
"""Seconds after which a component gives its slot to the next one: mostly one whose ``init`` takes long."""

MOST_LATE: Final = 32
"""Components that may be under way without a slot; each may hold its wasm in memory."""


AT_ONCE: Final = 256
"""Works of a large folder that exist at a time: more than may have a slot, or go on without one."""


class Slots:
    """Bounds how many components are started or deployed at a time. Used on the control loop.

    Args:
        count: Slots.
        patience: Seconds after which a slot goes to the next component, while the one before it goes on.
        most_late: Components at most that go on without a slot; beyond that a slot is kept.
    """

    def __init__(self, count: int, patience: float = PATIENCE, most_late: int = MOST_LATE) -> None:
        self._slots = asyncio.Semaphore(count)
        self._patience = patience
        self._most_late = most_late
        self._late = 0

    @property
    def free(self) -> bool:
        """Whether there is a slot for the next one."""
        return not self._slots.locked()

    async def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Wait for a slot and do the work; return when it is done. Cancelling this cancels the work."""
        try:
            await self._slots.acquire()
        except BaseException:
            work.close()
            raise
        loop, keeps = asyncio.get_running_loop(), True
        waiting: asyncio.TimerHandle

        def look() -> None:
            nonlocal keeps, waiting
            if self._late < self._most_late:
                keeps = False
                self._late += 1
                self._slots.release()
            else:
                waiting = loop.call_later(self._patience, look)

        waiting = loop.call_later(self._patience, look)
        try:
            await work
        finally:
            waiting.cancel()
            if keeps:
                self._slots.release()
            else:
                self._late -= 1


async def each(
    works: Iterable[Coroutine[Any, Any, None]], failed: Callable[[BaseException], None], at_once: int = AT_ONCE
) -> None:
    """Await all of them; one that fails is told, and the others go on. Cancelling this cancels them.

    Args:
        works: What to do; the next one is taken as another one ends.
        failed: Called with the error of one that fails.
        at_once: Works under way at most.
    """
    window, tasks, left = asyncio.Semaphore(at_once), set[asyncio.Task[None]](), iter(works)

    def ended(task: asyncio.Task[None]) -> None:
        tasks.discard(task)
        window.release()
        if not task.cancelled() and (error := task.exception()) is not None:
            failed(error)

    try:
        while True:
            await window.acquire()
            if (work := next(left, None)) is None:
                break
            task = asyncio.create_task(work)
            tasks.add(task)
            task.add_done_callback(ended)
        await asyncio.gather(*tasks, return_exceptions=True)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
