"""The door to the standard streams of this process, for a command that runs in the foreground.

No call on it blocks, so that a deadline and a cancellation end every wait. A pipe and a terminal are opened anew for
that, since ``O_NONBLOCK`` on the descriptor that the shell passed on would hold for every process that shares it. Where
the system has no way to do so, a descriptor is used as it is, and only when it is ready.

Nothing is read ahead: what a command has not asked for is there for the next program of a script.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import stat
import sys
from typing import Final

import msgspec

from airssys_tui.engine.waiting import READABLE, WRITABLE, Waitable

MOST_KEPT: Final = 1 << 20
"""Bytes that all who write to one output may have been permitted to write, at most."""

_OPENED: Final = "/proc/self/fd"
"""Where Linux shows what a process has open."""

_SOCKET_FLAGS: Final = getattr(socket, "MSG_DONTWAIT", 0) | getattr(socket, "MSG_NOSIGNAL", 0)


class StreamOver(Exception):
    """The stream is at its end, or nobody takes what is written to it."""


class _Descriptor:
    """One standard stream as the system knows it.

    Attributes:
        number: Its descriptor, one that never blocks if there is any.
        prompt: Whether no call on it blocks for anybody else's sake: a file never does.
        terminal: Whether it is a terminal.
        socket: The socket that it is; None for anything else.
    """

    __slots__ = ("_given", "number", "prompt", "socket", "terminal")

    def __init__(self, number: int, flags: int) -> None:
        mode = os.fstat(number).st_mode
        self.terminal = os.isatty(number)
        self.socket = socket.socket(fileno=os.dup(number)) if stat.S_ISSOCK(mode) else None
        fresh = None
        if stat.S_ISCHR(mode) or (stat.S_ISFIFO(mode) and (flags == os.O_WRONLY or _has_no_name(number))):
            with contextlib.suppress(OSError):
                fresh = os.open(f"{_OPENED}/{number}", flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        self._given = number
        self.number = number if fresh is None else fresh
        self.prompt = fresh is not None or self.socket is not None or stat.S_ISREG(mode)

    def is_ready(self, events: int, seconds: float = 0.0) -> bool:
        """Return whether the system would read or write, or say why not: now, or within some seconds."""
        poll = select.poll()
        poll.register(self.number, events)
        return bool(poll.poll(seconds * 1_000))

    def close(self) -> None:
        """Close what was opened for it; what was given stays open."""
        if self.number != self._given:
            os.close(self.number)
            self.number = self._given
        if self.socket is not None:
            self.socket.close()


def _has_no_name(number: int) -> bool:
    """Return whether a pipe is an anonymous one: one with a name, opened anew, does not tell of its end."""
    try:
        return os.readlink(f"{_OPENED}/{number}").startswith("pipe:")  # noqa: PTH115 - no path of a file
    except OSError:
        return False


class StandardInput:
    """Standard input.

    Args:
        number: Its descriptor; None for an input that is at its end.
    """

    def __init__(self, number: int | None = 0) -> None:
        self._from = None if number is None else _Descriptor(number, os.O_RDONLY)
        self.terminal = self._from is not None and self._from.terminal

    def is_ready(self) -> bool:
        """Return whether bytes, the end or an error can be read."""
        return self._from is None or self._from.is_ready(READABLE)

    def close(self) -> None:
        """Close what was opened for it."""
        if self._from is not None:
            self._from.close()

    def waitable(self) -> Waitable:
        """Return what becomes ready with it."""
        return Waitable(due_ns=0) if self._from is None else Waitable(descriptor=self._from.number, events=READABLE)

    def read(self, most: int) -> bytes:
        """Return bytes that are there: at least one, or none if none has arrived yet.

        Args:
            most: How many at most, at least one.

        Raises:
            StreamOver: At the end.
            OSError: If it cannot be read.
        """
        source = self._from
        if source is None:
            raise StreamOver
        if not source.prompt and not source.is_ready(READABLE):
            return b""
        try:
            data = os.read(source.number, most) if source.socket is None else source.socket.recv(most, _SOCKET_FLAGS)
        except BlockingIOError:
            return b""
        if not data:
            raise StreamOver
        return data


class StandardOutput:
    """Standard output or error: what the system does not take at once waits here, in order.

    Args:
        number: Its descriptor; None for an output that takes nothing.

    Attributes:
        reserved: Bytes that were permitted to be written and were not written yet.
    """

    def __init__(self, number: int | None) -> None:
        self.reserved = 0
        self._to = None if number is None else _Descriptor(number, os.O_WRONLY)
        self._pending = bytearray()
        self._failure: Exception | None = None
        self.terminal = self._to is not None and self._to.terminal

    def close(self) -> None:
        """Close what was opened for it."""
        if self._to is not None:
            self._to.close()

    def waitable(self) -> Waitable:
        """Return what becomes ready when it takes more."""
        return Waitable(due_ns=0) if self._to is None else Waitable(descriptor=self._to.number, events=WRITABLE)

    def await_room(self, seconds: float) -> None:
        """Wait until it takes more, some seconds at most."""
        if self._to is not None:
            self._to.is_ready(WRITABLE, seconds)

    def write(self, data: bytes = b"") -> bool:
        """Take all bytes, and pass on what the system takes now.

        Args:
            data: What follows what was written before; nothing, to pass on the rest of that.

        Returns:
            Whether nothing is left.

        Raises:
            StreamOver: If nobody reads them any more, from now on.
            OSError: If they cannot be written, from now on.
        """
        self._pending += data
        if self._failure is None:
            try:
                while self._pending and (taken := self._take()):
                    del self._pending[:taken]
            except ConnectionError:
                self._failure = StreamOver()
            except OSError as error:
                self._failure = error
        if self._failure is not None:
            self._pending.clear()
            raise self._failure.with_traceback(None)  # each raise would add to the traceback, and keep its frames
        return not self._pending

    def _take(self) -> int:
        """Write once; return how many bytes were taken, 0 if none can be now."""
        target = self._to
        if target is None:
            raise BrokenPipeError
        if not target.prompt and not target.is_ready(WRITABLE):
            return 0
        try:
            if target.socket is not None:
                return target.socket.send(self._pending, _SOCKET_FLAGS)
            # As many as a pipe takes without waiting, once it says that it takes any (POSIX, `write`).
            return os.write(target.number, self._pending if target.prompt else self._pending[: select.PIPE_BUF])
        except BlockingIOError:
            return 0


class StandardStreams(msgspec.Struct, frozen=True):
    """The three streams.

    Attributes:
        input: Standard input.
        output: Standard output.
        errors: Standard error; the same object as ``output`` if both lead to one pipe or terminal, to keep the order.
    """

    input: StandardInput
    output: StandardOutput
    errors: StandardOutput

    def close(self) -> None:
        """Close what was opened for them; nobody may use them any more."""
        self.input.close()
        self.output.close()
        if self.errors is not self.output:
            self.errors.close()


def standard_streams() -> StandardStreams:
    """Return the streams of this process; one that was closed when it started is at its end, or takes nothing."""
    # A descriptor that was closed then may belong to anything by now.
    begun = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    given = [None if stream is None else number for number, stream in enumerate(begun)]
    output = StandardOutput(given[1])
    errors = output if lead_to_one(given[1], given[2]) else StandardOutput(given[2])
    return StandardStreams(StandardInput(given[0]), output, errors)


def lead_to_one(one: int | None, other: int | None) -> bool:
    """Return whether two descriptors are one pipe, socket or terminal."""
    if one is None or other is None:
        return False
    first, second = os.fstat(one), os.fstat(other)
    return not stat.S_ISREG(first.st_mode) and os.path.samestat(first, second)
