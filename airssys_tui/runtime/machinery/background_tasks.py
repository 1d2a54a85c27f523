"""Work that goes on beside what asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from airssys_tui.core.events import EventAction, Level
from airssys_tui.runtime.machinery.journal import Journal


class Background:
    """The tasks that one part of the runtime started and nobody awaits. Used on the control loop.

    A task that fails has no caller to tell, so it is an internal error in the journal.

    Args:
        journal: Records what fails.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._tasks: set[asyncio.Task[object]] = set()

    def start(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
        """Start a piece of work; return its task, which is kept until it ends."""
        task: asyncio.Task[object] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        """Cancel what is under way, and wait for that."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._journal.system(f"internal error: {type(error).__name__}: {error}", EventAction.INTERNAL, Level.ERROR)
