"""One connection to a control socket, on the client's side; without asyncio, which a short command does not load."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from airssys_tui import __version__
from airssys_tui.api import wire
from airssys_tui.api.socket.address import connect
from airssys_tui.api.socket.frames import (
    MAX_ANSWER,
    PROTOCOL,
    Access,
    Answer,
    Beat,
    Bye,
    Failure,
    Hello,
    Moment,
    Part,
    Refused,
    Splitter,
    Welcome,
    frame,
)
from airssys_tui.api.socket.wire_errors import error_of
from airssys_tui.core.errors import Overcrowded, ProtocolMismatch, Unreachable
from airssys_tui.core.text import one_line
from airssys_tui.core.units import KIB, MIB

CHUNK: Final = 256 * KIB
MAX_UNSENT: Final = 160 * MIB
"""Bytes that may wait to be sent: one imported state and the next."""

read_message: Final = wire.unpacker(Welcome | Refused | Answer | Failure | Part | Moment | Beat | Bye)


class Link:
    """A connection whose server has said welcome.

    Args:
        path: The control socket.
        hello: What to say first.
        patience: Seconds until the server has to have answered that.

    Attributes:
        welcome: What the server said.

    Raises:
        NothingRuns: Nobody listens there.
        ProtocolMismatch: What listens there speaks another protocol.
        Overcrowded: The server serves no more clients.
        Unreachable: It does not answer, or is another user's.
    """

    def __init__(self, path: Path, hello: Hello, patience: float) -> None:
        self._splitter = Splitter(MAX_ANSWER)
        self._lock = threading.Lock()
        self._unsent: deque[memoryview] = deque()
        self._waiting = 0
        self._socket = connect(path, patience)
        try:
            with contextlib.suppress(BrokenPipeError):  # a server that has refused already said why
                self._socket.sendall(frame(hello))
            self._early = self._first(path, patience)
            self._socket.setblocking(False)
            self._woken, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            self._socket.close()
            raise Unreachable(
                f"the runtime at {path} does not answer: {error.strerror or error}",
                remedy="if it hangs, end its process; `airssys-tui doctor` names it",
            ) from error
        except BaseException:
            self._socket.close()
            raise

    def _first(self, path: Path, patience: float) -> deque[Any]:
        deadline = time.monotonic() + patience
        early: deque[Any] = deque()
        while not early:
            if time.monotonic() > deadline:
                raise TimeoutError("timed out")
            data = self._socket.recv(CHUNK)
            if not data:
                raise ProtocolMismatch(f"what listens at {path} ended the connection without a word")
            early.extend(self._messages(data))
        first = early.popleft()
        if isinstance(first, Refused):
            raise error_of(first.fault)
        if not isinstance(first, Welcome) or first.protocol != PROTOCOL:
            raise ProtocolMismatch(f"what listens at {path} is no runtime of this version ({__version__})")
        self.welcome = first
        return early

    def send(self, data: bytes) -> None:
        """Send a frame, or have it sent when there is room; never waits.

        Raises:
            Overcrowded: Too much waits already.
            OSError: The connection is gone.
        """
        with self._lock:
            if self._waiting > MAX_UNSENT:
                raise Overcrowded("the runtime does not read what is sent to it")
            self._unsent.append(memoryview(data))
            self._waiting += len(data)
            if len(self._unsent) == 1:
                self._flush()
            blocked = bool(self._unsent)
        if blocked:
            self.wake()

    def messages(self, seconds: float) -> Iterator[Any]:
        """Wait for messages, sending meanwhile what waits, and give those that came.

        Raises:
            OSError: The connection is gone.
            ProtocolMismatch: What came is no message.
        """
        while self._early:
            yield self._early.popleft()
        ready = self._wait(seconds)
        if self._woken in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._woken, 4_096)
        state = ready.get(self._socket.fileno(), 0)
        if state & select.POLLOUT:
            with self._lock:
                self._flush()
        if state & ~select.POLLOUT:
            data = self._socket.recv(CHUNK)
            if not data:
                raise ConnectionResetError("the runtime ended the connection")
            yield from self._messages(data)

    def wake(self) -> None:
        """Make the thread that waits for messages look again."""
        with contextlib.suppress(OSError):
            os.write(self._waker, b".")

    def close(self) -> None:
        """End the connection; only for the thread that waits for messages, or when there is none."""
        with self._lock:
            self._socket.close()
            os.close(self._woken)
            os.close(self._waker)
            self._woken = self._waker = -1

    def _wait(self, seconds: float) -> dict[int, int]:
        with self._lock:
            writing = select.POLLOUT if self._unsent else 0
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | writing)
        poll.register(self._woken, select.POLLIN)
        return dict(poll.poll(seconds * 1_000))

    def _messages(self, data: bytes) -> Iterator[Any]:
        for payload in self._splitter.feed(data):
            try:
                yield read_message(payload)
            except (msgspec.DecodeError, RecursionError) as error:
                raise ProtocolMismatch(f"the runtime sent what is no message: {one_line(str(error))}") from error

    def _flush(self) -> None:
        while self._unsent:
            try:
                count = self._socket.send(self._unsent[0])
            except BlockingIOError:
                return
            self._waiting -= count
            rest = self._unsent[0][count:]
            if rest:
                self._unsent[0] = rest
            else:
                self._unsent.popleft()


def hello(access: Access, client: str, *, follow: bool) -> Hello:
    """Return what a client of this version says first."""
    return Hello(PROTOCOL, __version__, access, client, follow)
