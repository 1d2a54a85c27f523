"""The update of a component that is under way, and the generation that decides which of two updates is newer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from airssys_tui.runtime.components.parts.source_files import OnDisk


class Update:
    """The update of one component.

    Attributes:
        generation: Number of the newest change; an update with a smaller one is void.
        task: The task that follows the files now; cancelling it makes the update void.
        trying: The files that this task is for.
        candidate: The number of the revision on its way through the gates.
    """

    __slots__ = ("_changed", "candidate", "generation", "task", "trying")

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.generation = 0
        self.task: asyncio.Task[object] | None = None
        self.trying: OnDisk | None = None
        self.candidate: int | None = None

    def recall(self, generation: int) -> None:
        """Restore the generation that the catalog knows."""
        self.generation = generation

    def advance(self) -> int:
        """Begin a newer generation and return it."""
        self.generation += 1
        return self.generation

    def follow(self, task: asyncio.Task[object] | None, trying: OnDisk | None) -> None:
        """Cancel the task that follows older files; this one is the newest."""
        self.cancel()
        self.task, self.trying = task, trying

    def finish(self, task: asyncio.Task[object] | None) -> None:
        """Note the end of a task, unless a newer one has taken its place."""
        if self.task is task:
            self.task = self.trying = None
        self._changed()

    def cancel(self) -> None:
        """Cancel the task that follows the files, if there is one."""
        if self.task is not None:
            self.task.cancel()

    def propose(self, candidate: int | None) -> None:
        """Set the revision on its way through the gates; None when it has passed or failed."""
        self.candidate = candidate
        self._changed()
