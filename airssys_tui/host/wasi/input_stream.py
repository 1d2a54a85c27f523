"""The value of an ``input-stream``: bytes that a guest reads."""

from __future__ import annotations

import io
from abc import abstractmethod

from airssys_tui.engine.host import HostContext
from airssys_tui.engine.waiting import Waitable
from airssys_tui.host.wasi.pollable import AT_ONCE, Pollable
from airssys_tui.host.wasi.stream_end import StreamClosed


class InputStream(Pollable):
    """Bytes for a guest; its own pollable: ready when bytes, the end or an error can be read.

    A stream whose bytes are always there, such as a file's, needs :meth:`read` only.
    ``io`` sets :attr:`ended` at its end, after an error and when it is dropped, and asks it for nothing more then.
    """

    __slots__ = ()

    @abstractmethod
    def read(self, context: HostContext, most: int) -> bytes:
        """Return bytes that are there: at least one, or none if none has arrived yet. Never blocks.

        Args:
            context: The caller, charged for what is read.
            most: How many bytes at most, 0 to ``MOST_MOVED``; for 0, none, unless the end is known.

        Raises:
            StreamClosed: At the end, also for ``most`` 0 if that is known.
            StreamFailed: If reading failed.
        """

    def ready(self, _context: HostContext) -> bool:
        """Return whether :meth:`read` would return something or raise."""
        return True

    def waitable(self) -> Waitable:
        """Return when to ask again."""
        return AT_ONCE

    def close(self) -> None:
        """Free what it holds: the guest dropped it, or its instance is gone. From any thread."""


class MemoryInput(InputStream):
    """Bytes in memory, such as what a command is given as its input.

    Args:
        data: The bytes; several streams may read from one in turns.
    """

    __slots__ = ("_data",)

    def __init__(self, data: io.BytesIO) -> None:
        super().__init__()
        self._data = data

    def read(self, context: HostContext, most: int) -> bytes:
        """Return the next bytes.

        Raises:
            StreamClosed: At the end.
        """
        if not most:
            return b""
        context.charge_bytes(most)
        data = self._data.read(most)
        if not data:
            raise StreamClosed
        return data
