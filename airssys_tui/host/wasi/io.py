"""``wasi:io``: errors, polling, and every function of streams over the few operations that a stream has.

The rules are those of the package's WIT (WASI 0.2, ``wasi:io/streams``): ``check-write`` permits the next write, and
more than it permitted traps; an operation that fails says so once, and the stream is closed from then on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from airssys_tui.core.errors import HostFault
from airssys_tui.core.types.values import Err, Ok, Variant
from airssys_tui.engine.host import FUEL_PER_WORK, HostContext, HostResource
from airssys_tui.host.wasi.charged_calls import charged
from airssys_tui.host.wasi.input_stream import InputStream
from airssys_tui.host.wasi.output_stream import OutputStream
from airssys_tui.host.wasi.pollable import AT_ONCE, MOST_MOVED, Pollable, await_ready
from airssys_tui.host.wasi.stream_end import IoError, StreamClosed, StreamFailed
from airssys_tui.host.wasi.wasi_types import wasi_interface

MOST_BLOCKING: Final = 4_096
"""Bytes of one ``blocking-write-and-flush`` or ``blocking-write-zeroes-and-flush``."""

STREAM_BYTES: Final = 2_048
"""Bytes of memory that a stream is counted with: the host's and the engine's part."""

CLOSED: Final = Err(Variant("closed"))
_DONE: Final = Ok()


def stream_failure(error: StreamClosed | StreamFailed) -> Err:
    """Return the ``stream-error`` of a failed operation."""
    return CLOSED if isinstance(error, StreamClosed) else Err(Variant("last-operation-failed", error.error))


def _answering(work: Callable[..., Any]) -> Callable[..., Any]:
    """Return what it returns as ``result<…, stream-error>``; charged as one piece of work."""

    @wraps(work)
    def run(context: HostContext, *arguments: Any) -> Any:
        context.charge(FUEL_PER_WORK)
        try:
            value = work(context, *arguments)
        except (StreamClosed, StreamFailed) as error:
            return stream_failure(error)
        return _DONE if value is None else Ok(value)

    return run


def _ending(stream: InputStream | OutputStream, work: Callable[..., Any], *arguments: Any) -> Any:
    """Return what an operation of a stream returns; the stream is ended if it fails, and fails if it is ended."""
    if stream.ended:
        raise StreamClosed
    try:
        return work(*arguments)
    except (StreamClosed, StreamFailed):
        stream.ended = True
        raise


def _poll(context: HostContext, pollables: list[Pollable]) -> list[int]:
    if not pollables:
        raise HostFault("poll of no pollable")
    context.charge(FUEL_PER_WORK * len(pollables))
    return await_ready(context, pollables)


def _ready(context: HostContext, pollable: Pollable) -> bool:
    return pollable.ended or pollable.ready(context)


def _block(context: HostContext, pollable: Pollable) -> None:
    await_ready(context, (pollable,))


def _subscribe(_context: HostContext, stream: Pollable) -> Pollable:
    return stream


def _take(context: HostContext, source: InputStream, most: int) -> bytes:
    data: bytes = _ending(source, source.read, context, min(most, MOST_MOVED))
    return data


def _await_bytes(context: HostContext, source: InputStream, most: int) -> bytes:
    while True:
        await_ready(context, (source,))
        data = _take(context, source, most)
        if data or not most:
            return data
        _look(context)


def _room(context: HostContext, sink: OutputStream) -> int:
    sink.permit = 0
    sink.permit = min(_ending(sink, sink.check_write, context), MOST_MOVED)
    return sink.permit


def _await_room(context: HostContext, sink: OutputStream) -> int:
    while True:
        await_ready(context, (sink,))
        if room := _room(context, sink):
            return room
        _look(context)


def _look(context: HostContext) -> None:
    """End the call if it is to end: a stream that says ready and has no room is asked again at once."""
    context.wait((AT_ONCE,))


def _require_permit(sink: OutputStream, length: int) -> None:
    if length > sink.permit:
        raise HostFault(f"{length} bytes are written, and check-write permits {sink.permit}")


def _give(context: HostContext, sink: OutputStream, data: bytes) -> None:
    _require_permit(sink, len(data))
    sink.permit -= len(data)
    _ending(sink, sink.write, context, data)


def _flush(context: HostContext, sink: OutputStream) -> None:
    sink.permit = 0
    _ending(sink, sink.flush, context)


def _write_zeroes(context: HostContext, sink: OutputStream, length: int) -> None:
    _require_permit(sink, length)
    _give(context, sink, bytes(length))


def _blocking_flush(context: HostContext, sink: OutputStream) -> None:
    _flush(context, sink)
    _await_room(context, sink)


def _blocking_write_and_flush(context: HostContext, sink: OutputStream, data: bytes) -> None:
    _require_blocking(len(data))
    left = data
    while left:
        room = _await_room(context, sink)
        _give(context, sink, left[:room])
        left = left[room:]
    try:
        _blocking_flush(context, sink)
    except StreamClosed:
        if not data:  # the stream was closed before, and not by what it was given
            raise


def _blocking_write_zeroes_and_flush(context: HostContext, sink: OutputStream, length: int) -> None:
    _require_blocking(length)
    _blocking_write_and_flush(context, sink, bytes(length))


def _require_blocking(length: int) -> None:
    if length > MOST_BLOCKING:
        raise HostFault(f"{length} bytes in one blocking write; at most {MOST_BLOCKING} are possible")


def _splice(context: HostContext, sink: OutputStream, source: InputStream, length: int) -> int:
    data = _take(context, source, min(length, _room(context, sink)))
    _give(context, sink, data)
    return len(data)


def _blocking_splice(context: HostContext, sink: OutputStream, source: InputStream, length: int) -> int:
    await_ready(context, (sink,))
    await_ready(context, (source,))
    return _splice(context, sink, source, length)


def _close(_context: Any, stream: InputStream | OutputStream) -> None:
    stream.ended = True
    stream.close()


def _text(_context: HostContext, error: IoError) -> str:
    return error.text


ERROR: Final = wasi_interface("io/error", {"[method]error.to-debug-string": _text}, (HostResource("error"),))
POLL: Final = wasi_interface(
    "io/poll",
    {"[method]pollable.ready": charged(_ready), "[method]pollable.block": charged(_block), "poll": _poll},
    (HostResource("pollable"),),
)
STREAMS: Final = wasi_interface(
    "io/streams",
    {
        "[method]input-stream.read": _answering(_take),
        "[method]input-stream.blocking-read": _answering(_await_bytes),
        "[method]input-stream.skip": _answering(lambda *asked: len(_take(*asked))),
        "[method]input-stream.blocking-skip": _answering(lambda *asked: len(_await_bytes(*asked))),
        "[method]input-stream.subscribe": _subscribe,
        "[method]output-stream.check-write": _answering(_room),
        "[method]output-stream.write": _answering(_give),
        "[method]output-stream.blocking-write-and-flush": _answering(_blocking_write_and_flush),
        "[method]output-stream.flush": _answering(_flush),
        "[method]output-stream.blocking-flush": _answering(_blocking_flush),
        "[method]output-stream.subscribe": _subscribe,
        "[method]output-stream.write-zeroes": _answering(_write_zeroes),
        "[method]output-stream.blocking-write-zeroes-and-flush": _answering(_blocking_write_zeroes_and_flush),
        "[method]output-stream.splice": _answering(_splice),
        "[method]output-stream.blocking-splice": _answering(_blocking_splice),
    },
    (HostResource("input-stream", _close, STREAM_BYTES), HostResource("output-stream", _close, STREAM_BYTES)),
)
INTERFACES: Final = (ERROR, POLL, STREAMS)
"""The interfaces of the package."""
