"""Bodies as streams of WASI, and what is waited for until a response or its trailers are there."""

from __future__ import annotations

from typing import Any, Protocol

from airssys_tui.engine.host import HostContext
from airssys_tui.engine.kept_bytes import HandleLimit
from airssys_tui.engine.waiting import Waitable
from airssys_tui.host.doors.exchange.exchange_faults import ExchangeFault, FaultCode
from airssys_tui.host.doors.exchange.message_bodies import IncomingBody, OutgoingBody
from airssys_tui.host.wasi.http.http_values import fault_value
from airssys_tui.host.wasi.input_stream import InputStream
from airssys_tui.host.wasi.output_stream import OutputStream
from airssys_tui.host.wasi.pollable import Pollable
from airssys_tui.host.wasi.stream_end import IoError, StreamClosed, StreamFailed


class BodyInput(InputStream):
    """Reads a body that was received.

    Args:
        body: The body, which is streaming.
    """

    __slots__ = ("_body", "_pipe")

    def __init__(self, body: IncomingBody) -> None:
        super().__init__()
        self._body = body
        self._pipe = body.pipe

    def read(self, context: HostContext, most: int) -> bytes:
        """Return bytes that are there.

        Raises:
            StreamClosed: At the end.
            StreamFailed: If the rest of the body will not come.
        """
        pipe = self._pipe
        if not pipe.is_readable(context):
            return b""
        if pipe.over:
            if pipe.fault is not None:
                raise _failed(pipe.fault)
            raise StreamClosed
        context.charge_bytes(min(most, pipe.waiting))
        return pipe.read(most)

    def ready(self, context: HostContext) -> bool:
        """Return whether bytes, the end or a fault are there."""
        return self._pipe.is_readable(context)

    def waitable(self) -> Waitable:
        """Return what to wait for before there is anything."""
        return self._pipe.until_readable()

    def close(self) -> None:
        """Give the stream back to its body."""
        self._body.unstream()


class BodyOutput(OutputStream):
    """Writes a body that is sent.

    Args:
        body: The body, which is streaming.
    """

    __slots__ = ("_body", "_pipe")

    def __init__(self, body: OutgoingBody) -> None:
        super().__init__()
        self._body = body
        self._pipe = body.pipe

    def write(self, context: HostContext, data: bytes) -> None:
        """Take all bytes.

        Raises:
            StreamClosed: If nobody wants the body any more.
            StreamFailed: If these are more bytes than its length was said to be, or too many are kept for the instance.
        """
        self._require_open()
        context.charge_bytes(len(data))
        try:
            context.keep(len(data))
        except HandleLimit as limit:
            raise _failed(ExchangeFault(FaultCode.INTERNAL_ERROR, limit.message)) from limit
        fault = self._body.write(data)
        if fault is not None:
            raise _failed(fault)

    def check_write(self, context: HostContext) -> int:
        """Return how many bytes there is room for.

        Raises:
            StreamClosed: If nobody wants the body any more.
        """
        self._pipe.is_writable(context)
        self._require_open()
        return self._pipe.room

    def flush(self, context: HostContext) -> None:
        """Pass on what can be passed on without waiting; what is left does not keep anybody from writing.

        Raises:
            StreamClosed: If nobody wants the body any more.
        """
        self._pipe.drive(context)
        self._require_open()

    def ready(self, context: HostContext) -> bool:
        """Return whether there is room, or nobody wants the body any more."""
        return self._pipe.is_writable(context)

    def waitable(self) -> Waitable:
        """Return what to wait for before there is room."""
        return self._pipe.until_writable()

    def close(self) -> None:
        """Give the stream back to its body."""
        self._body.unstream()

    def _require_open(self) -> None:
        if self._pipe.abandoned or self._pipe.closed:
            raise StreamClosed


class _Future(Protocol):
    """What is there some time."""

    def is_ready(self, caller: Any) -> bool:
        """Return whether it is there, after everything was done for it that can be done without waiting."""
        ...

    def until_ready(self) -> Waitable:
        """Return what to wait for before it is."""
        ...


class FuturePollable(Pollable):
    """Is ready when something is there, or was given up.

    Args:
        future: That.
    """

    __slots__ = ("_future",)

    def __init__(self, future: _Future) -> None:
        super().__init__()
        self._future = future

    def ready(self, context: HostContext) -> bool:
        """Return whether it is there."""
        return self._future.is_ready(context)

    def waitable(self) -> Waitable:
        """Return what to wait for before it is."""
        return self._future.until_ready()


def _failed(fault: ExchangeFault) -> StreamFailed:
    return StreamFailed(IoError(str(fault), http=fault_value(fault)))


def input_of(body: IncomingBody) -> BodyInput | None:
    """Return the stream of a body that was received, the first time; then None."""
    return None if body.stream() is None else BodyInput(body)


def output_of(body: OutgoingBody) -> BodyOutput | None:
    """Return the stream of a body that is sent, the first time; then None."""
    return None if body.stream() is None else BodyOutput(body)
