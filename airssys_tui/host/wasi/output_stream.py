"""The value of an ``output-stream``: bytes that a guest writes."""

from __future__ import annotations

from abc import abstractmethod

from airssys_tui.engine.host import HostContext
from airssys_tui.engine.waiting import Waitable
from airssys_tui.host.wasi.pollable import AT_ONCE, MOST_MOVED, Pollable


class OutputStream(Pollable):
    """Bytes from a guest; its own pollable: ready when bytes can be written, or an error or the end can be told.

    A stream that takes everything at once, such as a file's, needs :meth:`write` only. One that keeps bytes back
    reports the failure of an earlier write at the next operation. ``io`` sets :attr:`ended` when it is closed, after an
    error and when it is dropped, and asks it for nothing more then.

    Attributes:
        permit: Bytes that ``check-write`` has permitted and that were not written yet; kept by ``io``.
    """

    __slots__ = ("permit",)

    def __init__(self) -> None:
        super().__init__()
        self.permit = 0

    @abstractmethod
    def write(self, context: HostContext, data: bytes) -> None:
        """Take all bytes. Never blocks.

        Args:
            context: The caller, charged for what is written.
            data: As many as :meth:`check_write` last said at most; maybe none.

        Raises:
            StreamClosed: If it takes nothing more.
            StreamFailed: If writing failed, now or before.
        """

    def check_write(self, _context: HostContext) -> int:
        """Return how many bytes :meth:`write` takes now; 0 if it has to be waited for. Never blocks.

        Raises:
            StreamClosed: If it takes nothing more.
            StreamFailed: If an earlier operation failed.
        """
        return MOST_MOVED

    def flush(self, _context: HostContext) -> None:
        """Begin to pass on what it keeps back; until that is done, :meth:`check_write` returns 0. Never blocks.

        Raises:
            StreamClosed: If it takes nothing more.
            StreamFailed: If an earlier operation failed.
        """

    def ready(self, _context: HostContext) -> bool:
        """Return whether :meth:`check_write` would return more than 0 or raise; must not use up the error."""
        return True

    def waitable(self) -> Waitable:
        """Return when to ask again."""
        return AT_ONCE

    def close(self) -> None:
        """Free what it holds: the guest dropped it, or its instance is gone. From any thread.

        What was written and not flushed may be lost.
        """
