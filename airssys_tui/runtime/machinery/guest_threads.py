"""The worker threads: the only threads that run guest code, with stacks deep enough for it.

Their stacks are 16 MiB, because guests recurse (a guest may use about 400 KiB for each nested call). A task that is
about to block in the host announces it with :meth:`Workers.blocking`: then a replacement thread may start, so that
other components are not held up.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Final, TypeVar

T = TypeVar("T")

STACK_SIZE: Final = 16 * 1024 * 1024
MAX_REPLACEMENTS: Final = 32

_STACK_LOCK: Final = threading.Lock()

Task = Callable[[], None]


def spawn(target: Callable[[], None], name: str) -> threading.Thread:
    """Start a daemon thread with a stack of :data:`STACK_SIZE`."""
    # threading.stack_size is global to the process: set, start and restore under one lock.
    with _STACK_LOCK:
        before = threading.stack_size(STACK_SIZE)
        try:
            thread = threading.Thread(target=target, name=name, daemon=True)
            thread.start()
        finally:
            threading.stack_size(before)
    return thread


class Workers:
    """A pool of threads for guest calls.

    Args:
        count: Threads that may run guest code at once; the number of cores if not given, at least 2.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count or max(2, os.cpu_count() or 2)
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._blocked = 0
        self._busy = 0
        self._names = 0
        self._closed = False
        for _ in range(self.count):
            self._add_thread()

    @property
    def busy(self) -> int:
        """Threads that run a task now."""
        return self._busy

    def schedule(self, task: Task) -> None:
        """Run a task on some worker. The task must not raise."""
        self._tasks.put(task)

    def submit(self, function: Callable[..., T], *args: Any) -> Future[T]:
        """Run a function on some worker and return its future."""
        future: Future[T] = Future()

        def task() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = function(*args)
            except BaseException as error:  # noqa: BLE001 - the worker boundary: the error belongs to the future's reader
                future.set_exception(error)
            else:
                future.set_result(result)

        self._tasks.put(task)
        return future

    @contextlib.contextmanager
    def blocking(self) -> Iterator[None]:
        """Announce that the calling worker is about to block in the host; a replacement may start."""
        with self._lock:
            self._blocked += 1
            live = len(self._threads)
            if not self._closed and live - self._blocked < self.count and live < self.count + MAX_REPLACEMENTS:
                self._start_thread()
        try:
            yield
        finally:
            with self._lock:
                self._blocked -= 1

    def close(self, timeout: float) -> bool:
        """End the threads after their present task; wait at most ``timeout`` seconds for all of them.

        Returns:
            Whether every thread ended. The others are daemons and end with the process.
        """
        with self._lock:
            self._closed = True
            threads = list(self._threads)
        for _ in threads:
            self._tasks.put(None)
        deadline = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _add_thread(self) -> None:
        with self._lock:
            self._start_thread()

    def _start_thread(self) -> None:
        self._names += 1
        self._threads.add(spawn(self._work, f"worker-{self._names}"))

    def _work(self) -> None:
        while True:
            task = self._tasks.get()
            if task is None:
                break
            self._busy += 1
            try:
                task()
            finally:
                self._busy -= 1
            if self._surplus():
                break
        with self._lock:
            self._threads.discard(threading.current_thread())

    def _surplus(self) -> bool:
        with self._lock:
            if len(self._threads) - self._blocked <= self.count:
                return False
            self._threads.discard(threading.current_thread())
            return True
