"""One lane of workers: its threads, and its queue, which keeps tasks in order and urgent ones before all others."""

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


class Place:
    """One worker thread and what it runs.

    Attributes:
        since: When its task began, in nanoseconds of ``perf_counter_ns``; 0 without one.
        task: Its task, or the last one.
        handed: Whether another thread has taken its place.
        blocked: How often it has announced that it blocks.
        thread: Its native id.
        called: Released once to call it while it stands by.
    """

    __slots__ = ("blocked", "called", "handed", "lane", "since", "task", "thread")

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.since = 0
        self.task: Task | None = None
        self.handed = False
        self.blocked = 0
        self.thread = 0
        self.called = threading.Lock()
        self.called.acquire()


class Lane:
    """A queue and the places that serve it. Changed under the lock of the pool, ``resting`` by each worker itself.

    Attributes:
        count: Threads that take tasks.
        places: All its threads, those included that block, were handed off or stand by.
        resting: Those that wait for a task.
        standing_by: Those that are one too many since they no longer block, the latest last.
        blocked: Those that block in the host.
        handed: Those that were handed off.
    """

    __slots__ = ("blocked", "count", "handed", "places", "queue", "resting", "standing_by")

    def __init__(self, count: int) -> None:
        self.count = count
        self.queue = TaskQueue()
        self.places: set[Place] = set()
        self.resting: set[Place] = set()
        self.standing_by: list[Place] = []
        self.blocked = 0
        self.handed = 0

    @property
    def taking(self) -> int:
        """Threads that take tasks, now or after their present one."""
        return len(self.places) - self.blocked - self.handed - len(self.standing_by)
