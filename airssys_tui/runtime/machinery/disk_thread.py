"""The one thread that uses the catalog: jobs in order, and commits that are ready together share one transaction.

A commit waits for the disk, and that wait is most of what a deployment costs. A *commit* here is a job that does
nothing but write the catalog. The thread takes all commits that follow each other in its queue, runs them in one
transaction, and ends their futures after that transaction is durable: nobody is told of a write that a power cut could
take back. While the disk is waited for, the next ones gather; so the busier the runtime, the more share a wait.

Each commit of a group stands alone all the same. When one raises, the transaction is taken back, and the group begins
anew with a savepoint for each: then one that raises is taken back by itself, and the others go on. When the transaction
of a group fails, nothing of it is written, and each is run again alone. So a commit may run more than once, and must
leave nothing behind but rows.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from queue import Empty, SimpleQueue
from typing import Any, Final, Protocol, TypeVar

from airssys_tui.store.disk.database import TransactionLost

T = TypeVar("T")

MOST: Final = 64
"""Commits that share a transaction at most: the first of them waits for all."""


class Transactions(Protocol):
    """What the thread needs of the catalog; see :class:`~airssys_tui.store.catalog.catalog.Catalog`."""

    def together(self) -> AbstractContextManager[None]:
        """Combine every write in the block into one transaction."""

    def part(self) -> AbstractContextManager[None]:
        """Take back only what the block wrote when it raises."""


class _Job:
    __slots__ = ("commits", "error", "function", "future", "result")

    def __init__(self, function: Callable[[], Any], *, commits: bool) -> None:
        self.function = function
        self.commits = commits
        self.future: Future[Any] = Future()
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Run it; its errors belong to whoever waits for it."""
        try:
            self.result, self.error = self.function(), None
        except BaseException as error:  # noqa: BLE001 - the thread boundary: the error belongs to the waiting caller
            self.error = error

    def end(self) -> None:
        """Tell whoever waits for it."""
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class DiskThread:
    """Runs jobs on one thread, in the order in which they were submitted.

    Args:
        catalog: Where commits write.
        name: Of the thread.
    """

    def __init__(self, catalog: Transactions, name: str = "disk") -> None:
        self._catalog = catalog
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._ahead: deque[_Job | None] = deque()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Run a function by itself.

        Raises:
            RuntimeError: If the thread is closed.
        """
        return self._put(_Job(function, commits=False))

    def commit(self, function: Callable[[], T], told: Callable[[Future[T]], None] | None = None) -> Future[T]:
        """Run a function that only writes the catalog, perhaps in one transaction with others, perhaps again.

        Its future ends when what it wrote is durable.

        Args:
            function: The function.
            told: Called with the future at its end, always on this thread.

        Raises:
            RuntimeError: If the thread is closed.
        """
        job = _Job(function, commits=True)
        if told is not None:
            job.future.add_done_callback(told)
        return self._put(job)

    def close(self) -> None:
        """Run what was submitted, then end the thread; wait for that."""
        with self._lock:
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _put(self, job: _Job) -> Future[Any]:
        with self._lock:
            if self._closed:
                raise RuntimeError("the disk thread is closed")
            self._queue.put(job)
        return job.future

    def _work(self) -> None:
        while (job := self._ahead.popleft() if self._ahead else self._queue.get()) is not None:
            group = [each for each in self._group(job) if each.future.set_running_or_notify_cancel()]
            if len(group) == 1 or not self._run_together(group):
                for each in group:
                    each.run()
                    each.end()

    def _group(self, first: _Job) -> list[_Job]:
        """Return a job with the commits that wait behind it, if it is one."""
        group = [first]
        while first.commits and len(group) < MOST and not self._ahead:
            try:
                job = self._queue.get_nowait()
            except Empty:
                break
            if job is None or not job.commits:
                self._ahead.append(job)
            else:
                group.append(job)
        return group

    def _run_together(self, group: list[_Job]) -> bool:
        """Run commits in one transaction; return whether that is durable."""
        ran = 0
        try:
            with self._catalog.together():
                for job in group:
                    job.result = job.function()
                    ran += 1
        except BaseException:  # noqa: BLE001 - the thread boundary: it is raised again, and told, when it runs again
            return ran < len(group) and self._run_in_parts(group)
        for job in group:
            job.end()
        return True

    def _run_in_parts(self, group: list[_Job]) -> bool:
        """Run commits in one transaction, each with a savepoint of its own; return whether that is durable."""
        try:
            with self._catalog.together():
                for job in group:
                    self._run_part(job)
        except Exception:  # noqa: BLE001 - the thread boundary: each runs again alone, and tells its own error
            return False
        for job in group:
            job.end()
        return True

    def _run_part(self, job: _Job) -> None:
        def run() -> None:
            with self._catalog.part():
                job.result = job.function()

        try:
            run()
        except TransactionLost:
            raise
        except BaseException as error:  # noqa: BLE001 - the thread boundary: the error belongs to the waiting caller
            job.error = error
