"""The update of a component that is under way, and the generation that decides which of two updates is newer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from airssys_tui.core.gates import Gate
from airssys_tui.runtime.components.parts.source_files import OnDisk
from airssys_tui.runtime.components.progress import Progress, begin


class Update:
    """The update of one component.

    Attributes:
        generation: Number of the newest change; an update with a smaller one is void.
        task: The task that follows the files now; cancelling it makes the update void.
        trying: The files that this task is for.
        candidate: The number of the revision on its way through the gates.
        progress: How far that candidate, or the active revision that is started, has come.
    """

    __slots__ = ("_changed", "_recalled", "candidate", "generation", "progress", "task", "trying")

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.generation = self._recalled = 0
        self.task: asyncio.Task[object] | None = None
        self.trying: OnDisk | None = None
        self.candidate: int | None = None
        self.progress: Progress | None = None

    def recall(self, generation: int) -> None:
        """Restore the generation that the catalog knows."""
        self.generation = self._recalled = generation

    @property
    def is_first(self) -> bool:
        """Whether the newest change is the first one that this runtime saw: what was in the folder at its start."""
        return self.generation == self._recalled + 1

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

    def propose(self, candidate: int | None, size: int = 0) -> None:
        """Set the revision on its way through the gates; None when it has passed or failed.

        Args:
            candidate: Its number.
            size: Bytes of its artifact.
        """
        self.candidate = candidate
        self.show(begin(candidate, size) if candidate is not None else None)

    def show(self, progress: Progress | None) -> None:
        """Set how far the way through the gates has come; None when it is over."""
        self.progress = progress
        self._changed()

    def reach(self, gate: Gate) -> None:
        """Note the gate at which it is now."""
        progress = self.progress
        if progress is not None:
            self.show(Progress(progress.revision, progress.size, progress.since, gate))
