"""Results on their way from threads to a loop: however many end while the loop is busy, it is woken once.

Waking a loop from another thread is a write to a socket, and the loop reads it again. With a thousand components that
start at the same time these wakes cost more than the work; so the results queue, and one wake takes all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


class Wakeups:
    """Calls on one loop that are asked for by other threads.

    Args:
        loop: The loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: deque[Callable[[], None]] = deque()
        self._woken = False

    def call(self, function: Callable[[], None]) -> None:
        """Have a function called on the loop soon, in order; from any thread. A closed loop calls nothing any more."""
        self._due.append(function)
        if not self._woken:
            self._woken = True
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits there
                self._loop.call_soon_threadsafe(self._run)

    def _run(self) -> None:
        # First cleared, then counted: what is added after that wakes the loop again.
        self._woken = False
        for _ in range(len(self._due)):
            self._due.popleft()()


_KNOWN: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, Wakeups]] = WeakKeyDictionary()


class _Landed(asyncio.Future[Any]):
    """A future of a loop that ends as one of a thread does.

    Cancelling it cancels that one too; here, as a callback for it would cost every result a turn of the loop.
    """

    def __init__(self, future: Future[Any], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._future: Future[Any] | None = future

    def cancel(self, msg: Any | None = None) -> bool:
        """Cancel both."""
        cancelled = super().cancel(msg)
        future, self._future = self._future, None
        if cancelled and future is not None:
            future.cancel()
        return cancelled

    def settle(self, done: Future[Any]) -> None:
        """End as the other one did, and let go of it: it refers to this one."""
        self._future = None
        if self.done():
            return
        try:
            error = done.exception()
        except CancelledError:
            super().cancel()
            return
        if error is None:
            self.set_result(done.result())
        else:
            self.set_exception(error)


def landing(future: Future[T]) -> asyncio.Future[T]:
    """Return a future of the running loop that ends as this one of a thread does; cancelling it cancels that one."""
    loop = asyncio.get_running_loop()
    landed = _Landed(future, loop)
    if future.done():
        landed.settle(future)
        return landed
    wakeups = _KNOWN.get(loop)
    if wakeups is None:
        wakeups = _KNOWN[loop] = Wakeups(loop)
    call = wakeups.call
    future.add_done_callback(lambda done: call(lambda: landed.settle(done)))
    return landed
