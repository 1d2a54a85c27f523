"""Streams over the standard streams of this process: bytes as they are, as soon as they are there.

Only a command in the foreground has them: nothing else runs in its process, and nobody else's turn waits for a disk.
"""

from __future__ import annotations

from airssys_tui.engine.host import HostContext
from airssys_tui.engine.waiting import Waitable
from airssys_tui.host.doors.standard_streams import MOST_KEPT, StandardInput, StandardOutput, StreamOver
from airssys_tui.host.wasi.input_stream import InputStream
from airssys_tui.host.wasi.output_stream import OutputStream
from airssys_tui.host.wasi.pollable import MOST_MOVED
from airssys_tui.host.wasi.stream_end import IoError, StreamClosed, StreamFailed


class PassedInput(InputStream):
    """Reads standard input.

    Args:
        source: Several streams may read from one in turns.
    """

    __slots__ = ("_source",)

    def __init__(self, source: StandardInput) -> None:
        super().__init__()
        self._source = source

    def read(self, context: HostContext, most: int) -> bytes:
        """Return what is there.

        Raises:
            StreamClosed: At the end.
            StreamFailed: If it cannot be read.
        """
        if not most:
            return b""
        context.charge_bytes(most)
        try:
            return self._source.read(most)
        except StreamOver as end:
            raise StreamClosed from end
        except OSError as error:
            raise _failed(error) from error

    def ready(self, _context: HostContext) -> bool:
        """Return whether bytes, the end or an error can be read."""
        return self._source.is_ready()

    def waitable(self) -> Waitable:
        """Return what becomes ready with it."""
        return self._source.waitable()


class PassedOutput(OutputStream):
    """Writes standard output or error; a write that the system has no room for goes out before the next one.

    Args:
        target: Several streams may write to one in turns.
    """

    __slots__ = ("_share", "_target")

    def __init__(self, target: StandardOutput) -> None:
        super().__init__()
        self._target = target
        self._share = 0

    def _reserve(self, most: int) -> int:
        """Hold room of the output for the next write, in place of what was held before; return how much."""
        self._target.reserved -= self._share
        self._share = max(0, min(most, MOST_KEPT - self._target.reserved))
        self._target.reserved += self._share
        return self._share

    def close(self) -> None:
        """Let go of the room that it holds."""
        self._reserve(0)

    def write(self, context: HostContext, data: bytes) -> None:
        """Pass it on.

        Raises:
            StreamClosed: If nobody reads it.
            StreamFailed: If it cannot be written.
        """
        context.charge_bytes(len(data))
        self._reserve(0)
        self._pass_on(data)

    def check_write(self, _context: HostContext) -> int:
        """Return how many bytes can be written: none before everything earlier went out.

        Raises:
            StreamClosed: If nobody reads it.
            StreamFailed: If what was written before could not be passed on.
        """
        return self._reserve(MOST_MOVED if self._pass_on() else 0)

    def ready(self, _context: HostContext) -> bool:
        """Return whether bytes can be written, or an error can be told."""
        try:
            return self._pass_on() and self._target.reserved - self._share < MOST_KEPT
        except (StreamClosed, StreamFailed):
            return True

    def waitable(self) -> Waitable:
        """Return what becomes ready when more can be written."""
        return self._target.waitable()

    def _pass_on(self, data: bytes = b"") -> bool:
        try:
            return self._target.write(data)
        except StreamOver as end:
            raise StreamClosed from end
        except OSError as error:
            raise _failed(error) from error


def _failed(error: OSError) -> StreamFailed:
    return StreamFailed(IoError(error.strerror or "the stream failed"))
