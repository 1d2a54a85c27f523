"""A program that a component started, as the runtime holds it."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Final

from airssys_tui.core.capability.permission import Access
from airssys_tui.engine.waiting import READABLE, WRITABLE, Announcement, Waitable
from airssys_tui.host.doors.programs.call_wait import Call, due_in, is_ready
from airssys_tui.host.doors.programs.command import Exit, invalid
from airssys_tui.host.doors.programs.minder import Minder
from airssys_tui.host.doors.programs.program_refusal import ProgramRefusal

MOST_MOVED: Final = 1024 * 1024
"""Bytes that one call reads or writes at most."""

LONGEST_WAIT_MS: Final = 60_000
ANSWER_MS: Final = 5_000
"""Milliseconds for the shim to answer."""


class Program:
    """A running or ended program. Used by one thread at a time, closed by any.

    Args:
        access: What was allowed when it was started.
        signalling: The access for sending it a signal.
        minder: Its shim.
        stdin: Descriptor of the end that is written.
        outputs: Descriptors of the ends that its stdout and stderr are read from; None if they are dropped.
        announce: Announces that the thread is about to block.

    Attributes:
        access: As given.
        signalling: As given.
    """

    def __init__(
        self,
        access: Access,
        signalling: Access,
        minder: Minder,
        stdin: int,
        outputs: tuple[int, int] | None,
        *,
        announce: Announcement,
    ) -> None:
        self.access = access
        self.signalling = signalling
        self._minder = minder
        self._stdin: int | None = stdin
        self._outputs = outputs
        self._announce = announce
        self._lock = threading.Lock()
        self._users = 0
        self._closing = self._closed = False

    @property
    def id(self) -> int:
        """The process id that it has, or had."""
        return self._minder.started or 0

    def wait(self, call: Call, timeout_ms: int) -> Exit | None:
        """Wait for its end.

        Args:
            call: The running call.
            timeout_ms: Milliseconds to wait at most, 0 to 60 000.

        Returns:
            How it ended; None if it still runs when the time is over.

        Raises:
            ProgramRefusal: ``invalid-input``, ``failed``.
        """
        if not 0 <= timeout_ms <= LONGEST_WAIT_MS:
            raise invalid(f"the timeout is {timeout_ms} ms; accepted: 0 to {LONGEST_WAIT_MS}")
        with self._used():
            return self._await_exit(call, due_in(timeout_ms))

    def _await_exit(self, call: Call, due_ns: int) -> Exit | None:
        minder = self._minder
        minder.read()
        while minder.exit is None:
            if not is_ready(call, self._announce, minder.descriptor, due_ns):
                return None
            minder.read()
        return minder.exit

    def read(self, call: Call, stream: int, limit: int) -> bytes:
        """Read output, waiting for its first bytes.

        Args:
            call: The running call.
            stream: 0 for its stdout, 1 for its stderr.
            limit: Bytes at most, 1 to :data:`MOST_MOVED`.

        Returns:
            The bytes; none at the end, which comes when nobody can write any more.

        Raises:
            ProgramRefusal: ``invalid-input``, ``failed``.
        """
        if not 1 <= limit <= MOST_MOVED:
            raise invalid(f"the length is {limit}; accepted: 1 to {MOST_MOVED}")
        if self._outputs is None:
            raise invalid("its output is not captured")
        with self._used():
            while True:
                try:
                    return os.read(self._outputs[stream], limit)
                except BlockingIOError:
                    self._await(call, self._outputs[stream], READABLE)

    def write(self, call: Call, data: bytes) -> int:
        """Write to its stdin, waiting for room; no bytes end the input.

        Args:
            call: The running call.
            data: At most :data:`MOST_MOVED` bytes.

        Returns:
            How many bytes it took.

        Raises:
            ProgramRefusal: ``exited``, ``invalid-input``, ``failed``.
        """
        if len(data) > MOST_MOVED:
            raise invalid(f"there are {len(data)} bytes; the limit is {MOST_MOVED}")
        with self._used():
            if not data:
                self._end_input()
                return 0
            if self._stdin is None:
                raise invalid("its input was ended before")
            while True:
                try:
                    return os.write(self._stdin, data)
                except BlockingIOError:
                    self._await(call, self._stdin, WRITABLE)
                except BrokenPipeError as error:
                    raise ProgramRefusal("exited", "it has ended, or reads no input any more") from error

    def _end_input(self) -> None:
        stdin, self._stdin = self._stdin, None
        if stdin is not None:
            os.close(stdin)

    def _await(self, call: Call, descriptor: int, events: int) -> None:
        call.wait((Waitable(descriptor=descriptor, events=events),), self._announce)

    def signal(self, call: Call, number: int) -> None:
        """Send it a signal; its shim does that, which alone can be sure that its process id is still its own.

        Raises:
            ProgramRefusal: ``exited``, ``failed``.
        """
        with self._used():
            minder = self._minder
            self._require_running()
            self._send({"signal": number})
            due_ns = due_in(ANSWER_MS)
            while not minder.told:
                if minder.gone:
                    raise ProgramRefusal("exited", "it has ended")
                if not is_ready(call, self._announce, minder.descriptor, due_ns):
                    raise ProgramRefusal("failed", "what minds the program did not answer")
                minder.read()
            if not minder.told.pop(0):
                raise ProgramRefusal("exited", "it has ended")

    def terminate(self, call: Call, grace_ms: int) -> Exit:
        """Send SIGTERM, and end it with all that it started when it still runs after a grace period.

        The period goes on if the call has to end before it is over.

        Raises:
            ProgramRefusal: ``invalid-input``, ``failed``.
        """
        if not 0 <= grace_ms <= LONGEST_WAIT_MS:
            raise invalid(f"the grace period is {grace_ms} ms; accepted: 0 to {LONGEST_WAIT_MS}")
        with self._used():
            self._minder.read()
            if self._minder.exit is None:
                self._send({"terminate": grace_ms})
            ended = self._await_exit(call, due_in(grace_ms + ANSWER_MS))
            if ended is None:
                raise ProgramRefusal("failed", "the system has not ended it yet")
            return ended

    def _require_running(self) -> None:
        self._minder.read()
        if self._minder.exit is not None:
            raise ProgramRefusal("exited", "it has ended")

    def _send(self, message: dict[str, int]) -> None:
        try:
            self._minder.send(message)
        except OSError as error:
            raise ProgramRefusal("failed", "what minds the program does not read") from error

    @contextlib.contextmanager
    def _used(self) -> Iterator[None]:
        """Keep its descriptors open meanwhile, although another thread may close it."""
        with self._lock:
            if self._closing:
                raise ProgramRefusal("failed", "its handle is closed")
            self._users += 1
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            closing = self._closing
        if closing:
            self.close()

    def close(self) -> None:
        """Kill it with all that it started. Idempotent; never waits.

        Its shim does the killing and removes its own directory. A call that waits for it then finds that it has ended.
        """
        with self._lock:
            self._closing = True
            if self._closed:
                return
            self._minder.hang_up()
            if self._users:
                return
            self._closed = True
        self._minder.close()
        self._end_input()
        for descriptor in self._outputs or ():
            os.close(descriptor)
