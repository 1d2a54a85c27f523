"""The client's end of one connection to a control socket.

A link is made of blocking calls, ``poll`` and a pipe, not of asyncio: a short command such as ``airssys-tui stop``
starts much faster without it.

Two kinds of threads use a link. Any thread may :meth:`Link.send` a question. One thread, the reader, loops over
:meth:`Link.messages`, and also sends the queued frames. So ``send`` never waits for the server: if the socket is full,
the frame is queued, and a byte in the pipe wakes the reader, which then polls for writing as well. The queue is
bounded, so that a runtime that hangs does not fill the client's memory.

The constructor does the handshake and is the only part that blocks: it sends ``Hello``, waits for ``Welcome`` at most
as long as the caller says, and keeps messages that arrive in the same read for the reader. An exception from
``messages`` means that the connection is over; the link never reconnects, its owner makes another one.
"""

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
"""Maximum unsent bytes: two imported states."""

read_message: Final = wire.unpacker(Welcome | Refused | Answer | Failure | Part | Moment | Beat | Bye)


class Link:
    """A connection that the server has welcomed.

    Args:
        path: The control socket.
        hello: The first message.
        patience: Seconds within which the server must answer it.

    Attributes:
        welcome: The server's first message.

    Raises:
        NothingRuns: No runtime listens there.
        ProtocolMismatch: The server speaks another protocol.
        Overcrowded: The server has reached its maximum of clients.
        Unreachable: The server does not answer, or belongs to another user.
    """

    def __init__(self, path: Path, hello: Hello, patience: float) -> None:
        self._splitter = Splitter(MAX_ANSWER)
        self._lock = threading.Lock()
        self._unsent: deque[memoryview] = deque()
        self._waiting = 0
        self._socket = connect(path, patience)
        try:
            with contextlib.suppress(BrokenPipeError):  # a server that refused has already sent the reason
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
                raise ProtocolMismatch(f"the server at {path} ended the connection without an answer")
            early.extend(self._messages(data))
        first = early.popleft()
        if isinstance(first, Refused):
            raise error_of(first.fault)
        if not isinstance(first, Welcome) or first.protocol != PROTOCOL:
            raise ProtocolMismatch(f"the server at {path} is not a runtime of this version ({__version__})")
        self.welcome = first
        return early

    def send(self, data: bytes) -> None:
        """Send a frame, or queue it if the socket is full; never waits.

        Raises:
            Overcrowded: Too many bytes are queued already.
            OSError: The connection is lost.
        """
        with self._lock:
            if self._waiting > MAX_UNSENT:
                raise Overcrowded("the runtime does not read what this client sends")
            self._unsent.append(memoryview(data))
            self._waiting += len(data)
            if len(self._unsent) == 1:
                self._flush()
            blocked = bool(self._unsent)
        if blocked:
            self.wake()

    def messages(self, seconds: float) -> Iterator[Any]:
        """Wait for messages and yield those that arrived, sending queued frames meanwhile. Only for the reader.

        Args:
            seconds: Maximum wait in seconds.

        Raises:
            OSError: The connection is lost.
            ProtocolMismatch: The server sent a malformed message.
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
        """Make the reader return from its wait."""
        with contextlib.suppress(OSError):
            os.write(self._waker, b".")

    def close(self) -> None:
        """End the connection. Only for the reader, or while no thread reads."""
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
                raise ProtocolMismatch(f"the runtime sent a malformed message: {one_line(str(error))}") from error

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
    """Return the first message of a client of this version."""
    return Hello(PROTOCOL, __version__, access, client, follow)
