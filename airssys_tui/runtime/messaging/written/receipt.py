"""What the sender of a durable message waits for: that it is written down.

Thousands wait in a second, while the thread of the journal needs the interpreter's lock to go on. So a wait is one
system call, and none if the answer is there already; a wait for a descriptor takes six.
"""

from __future__ import annotations

import contextlib
import threading
from time import perf_counter_ns
from typing import Final

from airssys_tui.core.message import Failure, Undelivered
from airssys_tui.host.services.messenger import Waiting

LATE: Final = Failure(
    Undelivered.TIMEOUT, "the disk is slow: the message is not written down yet, and may still be delivered"
)


class Receipt:
    """The answer to one durable message. It is waited for once, on the thread that runs the sender.

    Attributes:
        failure: Why the message is not written down, as far as is known; None if it is.
    """

    __slots__ = ("_came", "failure")

    def __init__(self) -> None:
        self.failure: Failure | None = LATE
        self._came = threading.Lock()
        self._came.acquire()

    def tell(self, failure: Failure | None) -> None:
        """Give the answer; on any thread."""
        self.failure = failure
        self.set()

    def set(self) -> None:
        """End the wait: the answer is there, or the call is to end."""
        with contextlib.suppress(RuntimeError):  # it has ended already
            self._came.release()

    def wait(self, call: Waiting, due_ns: int) -> None:
        """Wait for the answer, until a time or until the call is to end.

        Args:
            call: The running call of the sender.
            due_ns: Nanoseconds of ``time.perf_counter_ns``.
        """
        call.heed(self)
        try:
            # Looked at after the call knows whom to tell: who cancels it does the reverse.
            if not call.cancelled:
                self._came.acquire(timeout=max(0.0, (due_ns - perf_counter_ns()) / 1e9))
        finally:
            call.heed(None)
