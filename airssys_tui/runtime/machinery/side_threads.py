"""Side threads: for guests that block inside native WASI, where neither deadline nor cancellation reaches them.

The worker waits for the side thread, but only until the deadline. A call that has not returned by then is abandoned:
its thread counts against the limit until it returns, and is never joined. While more of these threads are out than
there are cores, one whose call takes long makes way for the others by a lower priority.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, Generic, TypeVar

from airssys_tui.core.errors import CapacityError
from airssys_tui.runtime.machinery import priority
from airssys_tui.runtime.machinery.guest_threads import LONG_MS, spawn

T = TypeVar("T")

MAX_SIDE_THREADS: Final = 64
MAX_PER_OWNER: Final = 8
"""Threads that one component may occupy, so that others still get some."""


CORES: Final = os.cpu_count() or 1


class SideCall(Generic[T]):
    """One call on a side thread, and the time left to wait for it.

    Args:
        function: What to run.
        timeout: Seconds to wait.
        give_up: Called on the waiting thread if the call has not returned in time.
        crowded: Whether a call that takes long is to make way for others.
    """

    def __init__(
        self,
        function: Callable[[], T],
        timeout: float,
        give_up: Callable[[], None],
        crowded: Callable[[], bool] = lambda: False,
    ) -> None:
        self._function = function
        self._give_up = give_up
        self._crowded = crowded
        self._thread = 0
        self._changed = threading.Condition()
        self._end = time.monotonic() + timeout
        self._answer: Future[T] = Future()
        self.abandoned = False

    def hurry(self, seconds: float) -> None:
        """Wait at most so many seconds from now; any thread may call it."""
        with self._changed:
            self._end = min(self._end, time.monotonic() + seconds)
            self._changed.notify_all()

    def run(self) -> None:
        """Run it, on the side thread."""
        self._thread = threading.get_native_id()
        try:
            self._answer.set_result(self._function())
        except BaseException as error:  # noqa: BLE001 - the worker boundary: the error belongs to the waiting call
            self._answer.set_exception(error)
        with self._changed:
            self._changed.notify_all()

    def wait(self) -> T:
        """Wait for its result.

        Raises:
            TimeoutError: If it did not return in time; the call is abandoned.
        """
        with self._changed:
            self._changed.wait_for(self._answer.done, min(LONG_MS / 1000, max(0.0, self._end - time.monotonic())))
            if not self._answer.done() and self._thread and self._crowded():
                priority.lower(self._thread)
            while not self._answer.done() and (left := self._end - time.monotonic()) > 0:
                self._changed.wait(left)
            self.abandoned = not self._answer.done()
        if self.abandoned:
            self._give_up()
            raise TimeoutError("the call has not returned from WASI")
        return self._answer.result()


class SideThreads:
    """Bounded threads for calls of guests that may wait inside WASI.

    Args:
        most: Threads at most, including those of abandoned calls.
        waiting: Entered around each wait; tells the workers that one of them blocks.
    """

    def __init__(
        self,
        most: int = MAX_SIDE_THREADS,
        waiting: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        self._most = most
        self._waiting = waiting
        self._lock = threading.Lock()
        self._out: dict[SideCall[Any], str] = {}
        self._by_owner: Counter[str] = Counter()
        self.abandoned = 0

    @property
    def live(self) -> int:
        """Threads in a call."""
        return len(self._out)

    @property
    def stuck(self) -> int:
        """Threads in an abandoned call."""
        with self._lock:
            return sum(call.abandoned for call in self._out)

    def start(self, owner: str, function: Callable[[], T], timeout: float, give_up: Callable[[], None]) -> SideCall[T]:
        """Start a call on its own thread; :meth:`finish` waits for it.

        Args:
            owner: The component, for its share of the threads.
            function: What to run.
            timeout: Seconds to wait for it.
            give_up: Called if the call has not returned in time.

        Raises:
            CapacityError: If too many threads are occupied.
        """
        call = SideCall(function, timeout, give_up, lambda: self.live > CORES)
        with self._lock:
            if len(self._out) >= self._most:
                remedy = "wait until some of them return"
                raise CapacityError(f"{len(self._out)} calls are already blocked in WASI", remedy=remedy)
            if self._by_owner[owner] >= MAX_PER_OWNER:
                text = f"{self._by_owner[owner]} calls of {owner} are already blocked in WASI"
                raise CapacityError(text, remedy="stop it, and shorten how long it blocks")
            self._out[call] = owner
            self._by_owner[owner] += 1

        def body() -> None:
            try:
                call.run()
            finally:
                self._come_back(call)

        try:
            spawn(body, "side")
        except RuntimeError as error:
            self._come_back(call)
            raise CapacityError(f"this process has no room for another thread: {error}") from error
        return call

    def finish(self, call: SideCall[T]) -> T:
        """Wait for a call's result.

        Raises:
            TimeoutError: If it did not return in time.
        """
        try:
            with self._waiting():
                return call.wait()
        finally:
            if call.abandoned:
                with self._lock:
                    self.abandoned += 1

    def _come_back(self, call: SideCall[Any]) -> None:
        with self._lock:
            owner = self._out.pop(call)
            self._by_owner[owner] -= 1
            if not self._by_owner[owner]:
                del self._by_owner[owner]
