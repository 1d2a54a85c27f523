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
        slot = _Slot(self._give_up, self._patience)
        try:
            await work
        finally:
            if slot.end():
                self._slots.release()
            else:
                self._late -= 1

    def _give_up(self) -> bool:
        """Let the next component have the slot of one that takes long, unless too many are late; return whether."""
        if self._late >= self._most_late:
            return False
        self._late += 1
        self._slots.release()
        return True


class _Slot:
    """A slot, until it is given up or its work ends.

    Args:
        give_up: Asked after each ``patience`` whether it can be given up.
        patience: Seconds.
    """

    __slots__ = ("_give_up", "_patience", "_waiting")

    def __init__(self, give_up: Callable[[], bool], patience: float) -> None:
        self._give_up = give_up
        self._patience = patience
        self._waiting: asyncio.TimerHandle | None = None
        self._wait()

    def end(self) -> bool:
        """End it; return whether it was kept until now."""
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return False
        waiting.cancel()
        return True

    def _wait(self) -> None:
        self._waiting = asyncio.get_running_loop().call_later(self._patience, self._look)

    def _look(self) -> None:
        if self._give_up():
            self._waiting = None
        else:
            self._wait()


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
