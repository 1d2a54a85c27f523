"""The queue of one lane of workers: tasks in order, urgent ones before all others."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final


class Task:
    """Something to run on a worker. It must not raise.

    Attributes:
        owner: The component it runs for, for people; empty when it runs for the runtime itself.
        run: Runs it.
    """

    __slots__ = ("owner", "run")

    def __init__(self, owner: str, run: Callable[[], None]) -> None:
        self.owner = owner
        self.run = run


class TaskQueue:
    """Tasks in order. An urgent one is taken by the next worker that is free.

    An urgent task lies in a queue of its own, and puts a ticket among the others, so that a worker waits in one place.
    A worker that takes a task while urgent ones wait puts it aside and runs an urgent one; whoever gets the ticket runs
    the task that has waited longest. So tasks keep their order among themselves.
    """

    def __init__(self) -> None:
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._urgent: deque[Task | None] = deque()
        self._aside: deque[Task | None] = deque()

    @property
    def empty(self) -> bool:
        """Whether no task waits."""
        return self._tasks.empty()

    def put(self, task: Task | None, *, urgent: bool = False) -> None:
        """Add a task; None ends the worker that takes it."""
        if urgent:
            with self._lock:
                self._urgent.append(task)
            task = _TICKET
        self._tasks.put(task)

    def get(self) -> Task | None:
        """Wait for a task and take it."""
        task = self._tasks.get()
        if not self._urgent and not self._aside:  # nearly always
            return task
        with self._lock:
            # Urgent tasks and those put aside are together never fewer than the tickets.
            if task is not _TICKET:
                self._aside.append(task)
            return self._urgent.popleft() if self._urgent else self._aside.popleft()


_TICKET: Final = Task("", lambda: None)
