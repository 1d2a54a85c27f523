"""A call in a mailbox and its reply, in one object.

Tens of thousands of them pass through one mailbox in a second, and most are over before anybody waits for them. So a
reply has no lock and no condition of its own, and a list of who waits for it only when somebody does:

* It begins, is cancelled, and gets its listeners under the lock of the actor, which takes it out of the mailbox under
  that lock anyway.
* It ends without a lock: one thread ends it, by writing first its content, then that it is over, then looking for
  listeners. A listener does the reverse: it first makes the list, then looks whether the reply is over. So at least one
  of the two sees the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar, cast

if TYPE_CHECKING:
    from airssys_tui.runtime.actors.serving import Serving

T = TypeVar("T")

QUEUED: Final = 0
RUNNING: Final = 1
CANCELLED: Final = 2
RETURNED: Final = 3
FAILED: Final = 4
_OVER: Final = CANCELLED
"""This state and those above it are final."""

Listener = Callable[["Reply[Any]"], None]


class Reply(Generic[T]):
    """A call, queued or run by an actor, and what came of it. Any thread may read it; on an event loop, await it.

    A message is one whose sender does not wait: see ``messaging/letter``.

    Args:
        work: What to run on the instance.
        lock: The lock of the actor.
        asked: Whether it is one of the host's own calls.

    Attributes:
        state: One of the constants of this module.
        content: What to run; when it is over, the result or the error.
    """

    __slots__ = ("_listeners", "_lock", "asked", "content", "state")

    droppable: ClassVar[bool] = False
    """Whether a newer message may take its place in a full mailbox."""

    size: int = 0
    """Bytes that it brings along: those of a message's body."""

    def __init__(self, work: Callable[[Serving], T], lock: threading.Lock, *, asked: bool = False) -> None:
        self.content: Any = work
        self.asked = asked
        self.state = QUEUED
        self._lock = lock
        self._listeners: list[Listener] | None = None

    def begin(self) -> bool:
        """Take it as the one that runs or fails it; return whether it was not taken back. Under the actor's lock."""
        if self.state != QUEUED:
            return False
        self.state = RUNNING
        return True

    def finish(self, value: T) -> None:
        """End it with a result."""
        self.content = value
        self.state = RETURNED
        if self._listeners is not None:
            self._tell()

    def fail(self, error: BaseException) -> None:
        """End it with an error."""
        self.content = error
        self.state = FAILED
        if self._listeners is not None:
            self._tell()

    def outlives(self, _error: BaseException) -> bool:
        """Return whether it is to run again after an error; it is counted as another attempt then."""
        return False

    def cancel(self) -> bool:
        """Take it back while it is queued; return whether it will not run. One that runs goes on."""
        with self._lock:
            if self.state == CANCELLED:
                return True
            if self.state != QUEUED:
                return False
            self.content = None
            self.state = CANCELLED
        self._tell()
        return True

    def cancelled(self) -> bool:
        """Return whether it was taken back."""
        return self.state == CANCELLED

    def done(self) -> bool:
        """Return whether it has a result or an error, or was taken back."""
        return self.state >= _OVER

    def result(self, timeout: float | None = None) -> T:
        """Wait for the result. Not on an event loop.

        Args:
            timeout: Seconds; for ever if not given.

        Raises:
            TimeoutError: If it is not over by then; the call goes on.
            CancelledError: If it was taken back.
            GuestTrap: If the guest trapped.
            CallDropped: If the component went away before the call ran.
        """
        if self.state != RETURNED:
            error = self.exception(timeout)
            if error is not None:
                try:
                    raise error
                finally:
                    del self, error  # the error's traceback refers to this frame
        return cast("T", self.content)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the end and return the error, or None if there is a result. Not on an event loop.

        Args:
            timeout: Seconds; for ever if not given.

        Raises:
            TimeoutError: If it is not over by then.
            CancelledError: If it was taken back.
        """
        if self.state < _OVER:
            self._wait(timeout)
        if self.state == CANCELLED:
            raise CancelledError
        return cast("BaseException", self.content) if self.state == FAILED else None

    def add_done_callback(self, listener: Listener) -> None:
        """Call a function with this reply when it is over, or now if it is; on the thread that ends it.

        The function is short and does not raise: the actor's next call waits for it.
        """
        with self._lock:
            if self._listeners is None:
                self._listeners = []
            over = self.state >= _OVER  # read after the list is there, see above
            if not over:
                self._listeners.append(listener)
        if over:
            listener(self)

    def __await__(self) -> Generator[Any, None, T]:
        """Wait on an event loop. Cancelling the wait takes a queued call back."""
        return self.on_loop().__await__()

    def on_loop(self) -> asyncio.Future[T]:
        """Return a future of the running event loop that ends like this reply; cancelling it takes the call back."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[T] = loop.create_future()

        def give_up(ended: asyncio.Future[T]) -> None:
            if ended.cancelled():
                self.cancel()

        def wake(_: Reply[T]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(self._settle, waiting)

        waiting.add_done_callback(give_up)
        self.add_done_callback(wake)
        return waiting

    def _settle(self, waiting: asyncio.Future[T]) -> None:
        if waiting.done():
            return
        if self.state == RETURNED:
            waiting.set_result(self.content)
        elif self.state == FAILED:
            waiting.set_exception(self.content)
        else:
            waiting.cancel()

    def _wait(self, timeout: float | None) -> None:
        over = threading.Lock()
        over.acquire()

        def wake(_: Reply[T]) -> None:
            over.release()

        self.add_done_callback(wake)
        if not over.acquire(timeout=-1 if timeout is None else max(0.0, timeout)):
            with self._lock:
                if self._listeners is not None and wake in self._listeners:
                    self._listeners.remove(wake)
            if self.state < _OVER:
                raise TimeoutError

    def _tell(self) -> None:
        with self._lock:
            listeners, self._listeners = self._listeners, None
        for listener in listeners or ():
            listener(self)
