"""The runtime's end of the control socket of one shim: frames out, frames in, and what the shim has said so far."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
from typing import Any, Final

import msgspec

from airssys_tui.host.doors.programs.command import Exit, ExitKind

_LENGTH: Final = struct.Struct(">I")
_PIECE: Final = 4_096
_KILLED: Final = Exit(ExitKind.SIGNAL, signal.SIGKILL)


class _Said(msgspec.Struct):
    shim: int | None = None
    started: int | None = None
    failed: int | None = None
    told: bool | None = None
    exit: tuple[ExitKind, int] | None = None


class Minder:
    """A control socket and the state of the program behind it. Used by one thread at a time.

    Args:
        control: The socket.

    Attributes:
        shim: Process id of the shim; None until it said so.
        started: Process id of the program; None until it runs.
        failed: Why it could not be started, as an error number; None unless it failed.
        told: Answers to signals that nobody took yet.
        exit: How the program ended; None while it runs.
        gone: Whether the shim has ended.
    """

    def __init__(self, control: socket.socket) -> None:
        control.setblocking(False)
        self._control = control
        self._input = bytearray()
        self._shim_handle: int | None = None
        self.shim: int | None = None
        self.started: int | None = None
        self.failed: int | None = None
        self.told: list[bool] = []
        self.exit: Exit | None = None
        self.gone = False

    @property
    def descriptor(self) -> int:
        """The descriptor that is readable when the shim has said something."""
        return self._control.fileno()

    def has_greeted(self) -> bool:
        """Return whether the shim is there."""
        return self.shim is not None

    def has_answered(self) -> bool:
        """Return whether the shim has started the program, or failed to."""
        return self.started is not None or self.failed is not None

    def send(self, message: dict[str, Any]) -> None:
        """Send a frame; a shim that is gone is noticed by :meth:`read`.

        Raises:
            OSError: If the shim does not read: it was stopped.
        """
        body = msgspec.json.encode(message)
        self._control.settimeout(_PATIENCE)
        try:
            self._control.sendall(_LENGTH.pack(len(body)) + body)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            self._control.setblocking(False)

    def read(self) -> None:
        """Take in everything that the shim has said; never waits."""
        try:
            while piece := self._control.recv(_PIECE):
                self._input += piece
            self.gone = True
        except BlockingIOError:
            pass
        except ConnectionResetError:
            self.gone = True
        while len(self._input) >= _LENGTH.size:
            size = _LENGTH.unpack_from(self._input)[0]
            if len(self._input) < _LENGTH.size + size:
                break
            self._hear(msgspec.json.decode(self._input[_LENGTH.size : _LENGTH.size + size], type=_Said))
            del self._input[: _LENGTH.size + size]
        if self.gone and self.exit is None and self.started is not None:
            # Whoever ended the shim ended the program: the kernel kills it then.
            self.exit = _KILLED

    def _hear(self, said: _Said) -> None:
        if said.shim is not None:
            self.shim = said.shim
            with contextlib.suppress(AttributeError, OSError):
                self._shim_handle = os.pidfd_open(said.shim)
        self.started = said.started or self.started
        self.failed = said.failed or self.failed
        if said.told is not None:
            self.told.append(said.told)
        if said.exit is not None:
            kind, number = said.exit
            self.exit = Exit(kind, number)

    def hang_up(self) -> None:
        """Have the shim end the program and all that it started. Idempotent; never waits; may be called by any thread.

        The descriptors stay open, so that a thread that waits for one is woken.
        """
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        if self._shim_handle is not None:
            # The program may have stopped its shim.
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self._shim_handle, signal.SIGCONT)

    def close(self) -> None:
        """Close the socket; :meth:`hang_up` comes first. Idempotent."""
        self._control.close()
        if self._shim_handle is not None:
            os.close(self._shim_handle)
            self._shim_handle = None


_PATIENCE: Final = 2.0
"""Seconds for a frame to be taken; it fits into the socket's buffer, unless the shim is stopped."""
