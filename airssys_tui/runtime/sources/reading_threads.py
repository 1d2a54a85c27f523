"""Threads that read files: several, apart from the one that writes the catalog, and none of them is waited for long.

A read of a regular file usually takes a moment, but nothing bounds it: the server of a network mount may be gone, and
then the thread that asked never comes back, whatever the flags of the descriptor say. So each reading belongs to a
*key*, an entry of the folder, and has a time limit:

* A reading that takes longer than :data:`SLOW` no longer counts as one of the ``count`` threads: another one is started
  for those that wait. The others never wait for it.
* One that takes longer than ``patience`` is given up: its caller gets an error that says so. Its thread cannot be ended
  and goes on; while it does, further readings of the same key fail at once instead of taking another thread.
* At most ``most`` threads exist. When all of them hang, readings fail until one comes back.

The threads are daemons: a process ends without them.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from airssys_tui.core.regular_file import FileUnavailable
from airssys_tui.core.text import escaped

T = TypeVar("T")

COUNT: Final = 4
MOST: Final = 128
SLOW: Final = 0.5
"""Seconds after which a reading no longer counts as one of the usual threads."""

PATIENCE: Final = 10.0
"""Seconds after which a reading is given up."""


class _Reading:
    """One reading: what to run, since when it runs, and where its result goes."""

    __slots__ = ("key", "result", "since", "work")

    def __init__(self, key: str, work: Callable[[], Any]) -> None:
        self.key = key
        self.work = work
        self.result: Future[Any] = Future()
        self.since = 0.0

    def run(self) -> None:
        """Run it; its errors belong to whoever waits for it."""
        try:
            found = self.work()
        except BaseException as error:  # noqa: BLE001 - the thread boundary: the error belongs to the waiting caller
            self.result.set_exception(error)
        else:
            self.result.set_result(found)


def _retrieve(result: asyncio.Future[Any]) -> None:
    """Take the error of a reading that was given up: nobody else will."""
    if not result.cancelled():
        result.exception()


class ReadingThreads:
    """Bounded threads for reading files, each reading with a time limit.

    Args:
        count: Threads that read at once, besides those whose reading is slow.
        most: Threads at most, including those that hang.
        patience: Seconds that a reading may take.
        landing: Makes a future of the running loop from one of a thread.
    """

    def __init__(
        self,
        count: int = COUNT,
        most: int = MOST,
        patience: float = PATIENCE,
        landing: Callable[[Future[Any]], asyncio.Future[Any]] = asyncio.wrap_future,
    ) -> None:
        self._landing = landing
        self._count = count
        self._most = most
        self._patience = patience
        self._changed = threading.Condition()
        self._queue: deque[_Reading] = deque()
        self._running: set[_Reading] = set()
        self._given_up: set[_Reading] = set()
        self._threads = 0
        self._idle = 0
        self._names = 0
        self._closed = False

    @property
    def stuck(self) -> tuple[str, ...]:
        """The keys whose readings were given up and have not come back, sorted."""
        with self._changed:
            return tuple(sorted({reading.key for reading in self._overdue()}))

    async def read(self, key: str, function: Callable[..., T], *args: Any) -> T:
        """Run a function that reads files, on one of the threads.

        Args:
            key: What it reads, for the time limit.
            function: What to run; its errors are raised here.
            args: Its arguments.

        Raises:
            FileUnavailable: If it does not return in time, or an earlier reading of the same key still hangs.
        """
        reading = self._submit(key, lambda: function(*args))
        result = self._landing(reading.result)
        result.add_done_callback(_retrieve)
        try:
            done, _ = await asyncio.wait({result}, timeout=min(SLOW, self._patience))
            if not done:  # rarely: it waits for a thread, or is slow
                await self._begin(reading, result)
                await self._finish(reading, result)
            found: T = result.result()
        finally:
            self._withdraw(reading)
        return found

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Run a function on one of the threads without a time limit; its caller may go away at any time."""
        reading = _Reading("", lambda: function(*args))
        with self._changed:
            self._queue.append(reading)
            self._provide()
        result = self._landing(reading.result)
        result.add_done_callback(_retrieve)
        try:
            while True:
                done, _ = await asyncio.wait({result}, timeout=SLOW)
                if done:
                    found: T = result.result()
                    return found
                with self._changed:
                    self._provide()
        finally:
            self._withdraw(reading)

    def call(self, seconds: float, key: str, function: Callable[..., T], *args: Any) -> T:
        """Run a function on one of the threads and wait for it on this one, which must not be a loop's.

        Args:
            seconds: Time limit, from now.
            key: What it reads.
            function: What to run; its errors are raised here.
            args: Its arguments.

        Raises:
            FileUnavailable: If it does not return in time, or an earlier reading of the same key still hangs.
        """
        reading = self._submit(key, lambda: function(*args))
        deadline = time.monotonic() + seconds
        try:
            while (left := deadline - time.monotonic()) > 0:
                if futures.wait([reading.result], min(left, SLOW)).done:
                    found: T = reading.result.result()
                    return found
                with self._changed:
                    self._provide()
        finally:
            self._withdraw(reading)
        with self._changed:
            self._given_up.add(reading)
        raise self._hangs(key)

    def close(self) -> None:
        """End the threads that wait for work; one that hangs ends when it comes back, or with the process."""
        with self._changed:
            self._closed = True
            self._queue.clear()
            self._changed.notify_all()

    async def _begin(self, reading: _Reading, result: asyncio.Future[Any]) -> None:
        """Wait for a thread. When there is none for the whole patience, all of them hang."""
        deadline = time.monotonic() + max(0.0, self._patience - SLOW)
        while not reading.since:
            with self._changed:
                self._provide()
                full = len(self._overdue()) >= self._most
            if full and time.monotonic() >= deadline:
                raise FileUnavailable(
                    f"{escaped(reading.key)} is not read: {self._most} files do not answer",
                    remedy="look at the file systems that the folder leads to",
                )
            await asyncio.wait({result}, timeout=SLOW)

    async def _finish(self, reading: _Reading, result: asyncio.Future[Any]) -> None:
        left = reading.since + self._patience - time.monotonic()
        done, _ = await asyncio.wait({result}, timeout=max(0.0, min(SLOW, left)))
        if done:
            return
        with self._changed:
            self._provide()
        left = reading.since + self._patience - time.monotonic()
        done, _ = await asyncio.wait({result}, timeout=max(0.0, left))
        if not done:
            raise self._hangs(reading.key)

    def _submit(self, key: str, work: Callable[[], Any]) -> _Reading:
        reading = _Reading(key, work)
        with self._changed:
            if any(other.key == key for other in self._overdue()):
                raise self._hangs(key)
            self._queue.append(reading)
            self._provide()
        return reading

    def _hangs(self, key: str) -> FileUnavailable:
        return FileUnavailable(
            f"{escaped(key)} is not read: its file system has not answered for {self._patience:g} s",
            remedy="look at the file system that it leads to",
        )

    def _withdraw(self, reading: _Reading) -> None:
        """Take a reading whose caller went away out of the queue."""
        with self._changed:
            if reading in self._queue:
                self._queue.remove(reading)

    def _overdue(self) -> list[_Reading]:
        limit = time.monotonic() - self._patience
        return [
            reading
            for reading in self._running
            if reading.key and (reading.since <= limit or reading in self._given_up)
        ]

    def _provide(self) -> None:
        """Have a thread take up what waits, if there may be one more; the lock is held."""
        if not self._queue or self._closed:
            return
        if self._idle >= len(self._queue):
            self._changed.notify()
            return
        slow = time.monotonic() - SLOW
        brisk = self._threads - sum(reading.since <= slow for reading in self._running)
        if brisk < self._count and self._threads < self._most:
            self._names += 1
            with contextlib.suppress(RuntimeError):  # no room for another thread now: tried again while it waits
                threading.Thread(target=self._work, name=f"reading-{self._names}", daemon=True).start()
                self._threads += 1

    def _work(self) -> None:
        while (reading := self._next()) is not None:
            reading.run()
            with self._changed:
                self._running.discard(reading)
                self._given_up.discard(reading)

    def _next(self) -> _Reading | None:
        with self._changed:
            while not self._queue and not self._closed and self._threads - len(self._running) <= self._count:
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            if self._closed or not self._queue:
                self._threads -= 1
                return None
            reading = self._queue.popleft()
            reading.since = time.monotonic()
            self._running.add(reading)
            return reading
