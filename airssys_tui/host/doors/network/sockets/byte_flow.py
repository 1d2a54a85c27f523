"""Bytes in and out of one connection, in two directions that end separately."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from enum import StrEnum
from time import perf_counter_ns
from typing import Final

from airssys_tui.host.doors.network.byte_channel import shut
from airssys_tui.host.doors.network.sockets.remainders import REMAINDERS
from airssys_tui.host.doors.network.sockets.socket_refusal import SocketFailure, SocketRefusal, failed

MOST_LEFT: Final = 64 * 1024
"""Bytes of one connection that the system has not taken yet."""

LINGER_NS: Final = 5_000_000_000
"""Nanoseconds for which what was written to a connection is sent after the component has dropped it."""


class Direction(StrEnum):
    """A direction of a connection."""

    RECEIVE = "receive"
    SEND = "send"


class ByteFlow:
    """The bytes of one connection. Used on the thread of the call; what is left is sent from any.

    Args:
        opened: The connected socket.
        release: Closes it; called when it was dropped and nothing is left to be sent.
    """

    __slots__ = ("_dropped", "_ended", "_failure", "_left", "_lock", "_release", "_socket")

    def __init__(self, opened: socket.socket, release: Callable[[], None]) -> None:
        self._socket = opened
        self._release = release
        self._lock = threading.Lock()
        self._left = b""
        self._failure: SocketRefusal | None = None
        self._ended: set[Direction] = set()
        self._dropped = False

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._socket.fileno()

    def has_ended(self, direction: Direction) -> bool:
        """Return whether a direction was ended, here or, for sending, by the other end."""
        return direction in self._ended

    def receive(self, most: int) -> bytes | None:
        """Return at most so many bytes that are there; empty at the end, None if there are none yet.

        Raises:
            SocketRefusal: If the connection failed.
        """
        if Direction.RECEIVE in self._ended:
            return b""
        try:
            return self._socket.recv(most)
        except BlockingIOError:
            return None
        except OSError as error:
            raise failed(error, "reading") from error

    def has_room(self) -> bool:
        """Return whether :meth:`send` takes bytes now, or fails.

        Raises:
            SocketRefusal: If sending what was left failed; told once.
        """
        if self._left and self.push():
            return False
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        return True

    def may_go_on(self) -> bool:
        """Return whether :meth:`has_room` would return true or raise."""
        return not self._left or not self.push()

    def send(self, data: bytes) -> None:
        """Take all bytes, at most :data:`MOST_LEFT`; what the system has no room for is sent later.

        Raises:
            SocketRefusal: If the connection failed; ``would-block`` if there is no room.
        """
        if len(data) > MOST_LEFT or not self.has_room():
            raise SocketRefusal(SocketFailure.WOULD_BLOCK, "there is no room for that many bytes")
        with self._lock:
            self._left = data
        if self.push():
            with contextlib.suppress(OSError):  # without a thread, it is sent when the component comes back
                REMAINDERS.keep(self)
        if self._failure is not None:
            self.has_room()

    def push(self) -> bool:
        """Send what is left as far as the system takes it; return whether something is left. From any thread."""
        with self._lock:
            left, failure = memoryview(self._left), None
            try:
                while left:
                    left = left[self._socket.send(left) :]
            except BlockingIOError:
                self._left = bytes(left)
                return True
            except BrokenPipeError:
                self._ended.add(Direction.SEND)
            except OSError as error:
                failure = failed(error, "writing")
            self._left = b""
            self._failure = failure or self._failure
            if Direction.SEND in self._ended:
                shut(self._socket, socket.SHUT_WR)
            return False

    def end(self, direction: Direction) -> None:
        """End a direction: nothing is received any more, or the other end is told when all is sent. Idempotent."""
        with self._lock:
            self._ended.add(direction)
            if direction is Direction.RECEIVE:
                shut(self._socket, socket.SHUT_RD)
            elif not self._left:
                shut(self._socket, socket.SHUT_WR)

    def leave(self) -> bool:
        """Note that the component dropped the connection; return whether it stays open to send what is left.

        Both directions are ended for the component.
        """
        if not self._left or not self.push():
            return False
        self._dropped = True
        with self._lock:
            self._ended |= set(Direction)
        try:
            REMAINDERS.keep(self, perf_counter_ns() + LINGER_NS)
        except OSError:
            return False
        return True

    def done(self) -> None:
        """Note that nothing is left: a connection that was dropped is closed now."""
        if self._dropped:
            self._release()

    def close(self) -> None:
        """Send nothing any more, and close the socket. From any thread."""
        REMAINDERS.forget(self)
        with self._lock:
            self._left = b""
            self._socket.close()
