"""Bodies of messages as components have them: who may read or write, how they end, and the length that was promised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from airssys_tui.core.errors import HostFault
from airssys_tui.engine.waiting import Waitable
from airssys_tui.host.doors.exchange.body_pipe import BodyPipe
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.host.doors.exchange.header_fields import Fields

UNFINISHED: Final = ExchangeFault(FaultCode.PROTOCOL_ERROR)
"""The fault of a body that its component dropped before it finished it."""


def _nothing() -> None:
    """Do nothing."""


class IncomingBody:
    """A body that a component receives.

    Args:
        pipe: Where it comes from.
        close: Called once, when the component has dropped all of it.
    """

    __slots__ = ("_close", "_streamed", "pipe", "streaming")

    def __init__(self, pipe: BodyPipe, close: Callable[[], None] = _nothing) -> None:
        self.pipe = pipe
        self.streaming = self._streamed = False
        self._close = close

    @property
    def kept(self) -> int:
        """Bytes that are kept for it."""
        return self.pipe.kept

    def stream(self) -> BodyPipe | None:
        """Return what to read from, the first time; then None. It has to be given back by :meth:`unstream`."""
        if self._streamed:
            return None
        self._streamed = self.streaming = True
        return self.pipe

    def unstream(self) -> None:
        """Take back the stream, which the component dropped."""
        self.streaming = False

    def finish(self) -> FutureTrailers:
        """Give up what was not read, and return how it ends.

        Raises:
            HostFault: If the stream is still there.
        """
        if self.streaming:
            self.drop()
            raise HostFault("the incoming-body was finished before its input-stream was dropped")
        self.pipe.discard()
        return FutureTrailers(self.pipe, self._close)

    def drop(self) -> None:
        """Give up the body."""
        self.pipe.abandon()
        self._close()


class FutureTrailers:
    """How a body ends that was received and is not read any more.

    Args:
        pipe: Where it comes from; it discards what it gets.
        close: Called once, when the component drops it.
    """

    __slots__ = ("_close", "_pipe", "_taken")

    def __init__(self, pipe: BodyPipe, close: Callable[[], None]) -> None:
        self._pipe = pipe
        self._close = close
        self._taken = False

    @property
    def kept(self) -> int:
        """Bytes that are kept for it."""
        return self._pipe.kept

    def is_ready(self, caller: Any) -> bool:
        """Return whether the body is over, after the driver of its pipe did what it can."""
        return self._taken or self._pipe.is_readable(caller)

    def until_ready(self) -> Waitable:
        """Return what to wait for before it is over."""
        return self._pipe.until_readable()

    @property
    def taken(self) -> bool:
        """Whether :meth:`take` was called."""
        return self._taken

    def take(self) -> ExchangeFault | Fields | None:
        """Return what went wrong, or the trailer fields, or None if there are none; once, when it is ready."""
        self._taken = True
        return self._pipe.fault or self._pipe.trailers

    def drop(self) -> None:
        """Give up what is still to come."""
        self._taken = True
        self._pipe.abandon()
        self._close()


class OutgoingBody:
    """A body that a component sends.

    Args:
        length: The length that its message promised in bytes; None if it promised none.
        wrong_length: The code of the fault if another length is written.
    """

    __slots__ = ("_length", "_streamed", "_written", "_wrong_length", "pipe", "streaming")

    def __init__(self, length: int | None, wrong_length: FaultCode) -> None:
        self.pipe = BodyPipe()
        self.streaming = self._streamed = False
        self._length = length
        self._wrong_length = wrong_length
        self._written = 0

    @property
    def kept(self) -> int:
        """Bytes that are kept for it, which nobody has sent yet."""
        return self.pipe.waiting

    def stream(self) -> OutgoingBody | None:
        """Return itself to write to, the first time; then None. It has to be given back by :meth:`unstream`."""
        if self._streamed:
            return None
        self._streamed = self.streaming = True
        return self

    def unstream(self) -> None:
        """Take back the stream, which the component dropped."""
        self.streaming = False

    def write(self, data: bytes) -> ExchangeFault | None:
        """Write no more than there is room for.

        Returns:
            The fault if that is more than was promised; the body is incomplete then. Else None.
        """
        self._written += len(data)
        if self._length is not None and self._written > self._length:
            return self._wrong()
        if not self.pipe.closed:
            self.pipe.write(data)
        return None

    def finish(self, trailers: Fields | None = None) -> ExchangeFault | None:
        """Say that the body is complete.

        Returns:
            The fault if its length is not what was promised; else None.

        Raises:
            HostFault: If the stream is still there.
        """
        if self.streaming:
            self.drop()
            raise HostFault("the outgoing-body was finished before its output-stream was dropped")
        if self._length is not None and self._written != self._length:
            return self._wrong()
        self.pipe.end(None if trailers is None else trailers.freeze())
        return None

    def _wrong(self) -> ExchangeFault:
        fault = ExchangeFault(self._wrong_length, number=self._written)
        self.pipe.fail(fault)
        return fault

    def drop(self) -> None:
        """Give it up: it is incomplete, unless it was finished."""
        self.pipe.fail(UNFINISHED)
