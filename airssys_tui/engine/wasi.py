"""WASI 0.2 without grants: the linked interfaces, a component's imports of them, and the capture of its output."""

from __future__ import annotations

import ctypes
import itertools
import re
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import wasmtime

from airssys_tui.core.types.interface import Interface, InterfaceType, unversioned
from airssys_tui.engine import bindings
from airssys_tui.engine.wasi_functions import FUNCTIONS

PROVIDED: Final = frozenset(FUNCTIONS)
"""WASI 0.2 interfaces that the engine implements; without any grant they offer no files, names or connections."""

_STREAMS: Final = ("stdout", "stderr")

OFFERED: Final = "0.2"
"""The offered versions, for people: every release of 0.2."""

_VERSION: Final = re.compile(r"0\.2\.\d+\Z")

_WAITING: Final = frozenset(
    {
        "wasi:io/poll#poll",
        "wasi:io/poll#[method]pollable.block",
        "wasi:io/streams#[method]input-stream.blocking-read",
        "wasi:io/streams#[method]input-stream.blocking-skip",
        "wasi:io/streams#[method]output-stream.blocking-splice",
    }
)
"""Functions that can block inside the engine, where neither deadline nor cancellation has an effect."""


def provides(name: str) -> bool:
    """Return whether an imported instance is a linked WASI 0.2 interface."""
    bare, _, version = name.partition("@")
    return bare in PROVIDED and offers_version(version)


def offers_version(version: str) -> bool:
    """Return whether WASI of a version is linked, as far as the host offers it."""
    return _VERSION.match(version) is not None


def imports(interface: Interface) -> bool:
    """Return whether a component imports any WASI interface."""
    return any(isinstance(item, InterfaceType) and item.name.startswith("wasi:") for item in interface.imports)


def waits(interface: Interface) -> bool:
    """Return whether a component can block inside WASI, out of reach of its deadline."""
    return any(
        f"{unversioned(item.name)}#{function.name}" in _WAITING
        for item in interface.imports
        if isinstance(item, InterfaceType)
        for function in item.functions
    )


LINE: Final = 2_000
"""Bytes of one line; a longer one goes on in the next."""

UNFINISHED: Final = 1.0
"""Seconds for which a line may lack its end before it is passed on without one."""


class OutputLine(msgspec.Struct, frozen=True):
    """One line, without its end.

    Attributes:
        stream: ``stdout`` or ``stderr``.
        text: Guest text: sanitise before showing.
    """

    stream: str
    text: str


class Output(msgspec.Struct, frozen=True):
    """The output of a guest since the last drain.

    Attributes:
        lines: The lines of both streams, in the order in which they ended.
        dropped: Bytes dropped because the buffer was full.
    """

    lines: tuple[OutputLine, ...] = ()
    dropped: int = 0


_NOTHING: Final = Output()


class _Unfinished:
    """What a stream has of a line that has not ended, and since when (monotonic seconds)."""

    __slots__ = ("data", "since")

    def __init__(self) -> None:
        self.data = bytearray()
        self.since = 0.0


class OutputBuffer:
    """Collects a guest's output to stdout and stderr as lines, up to a limit.

    Guests write a line in pieces: a C library character by character, a JavaScript or Python one its end apart. What a
    stream has of a line waits for the rest, :data:`UNFINISHED` seconds and :data:`LINE` bytes at most; the other
    stream's lines never get into it.

    Args:
        limit: Bytes kept between two drains.
        clock: Monotonic seconds.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._lines: list[tuple[str, bytes]] = []
        self._unfinished = {name: _Unfinished() for name in _STREAMS}
        self._size = 0
        self._dropped = 0
        self._lock = threading.Lock()

    def write(self, stream: str, data: bytes) -> None:
        """Keep what fits and count the rest; callable from any thread."""
        with self._lock:
            kept = data[: max(0, self._limit - self._size)]
            self._dropped += len(data) - len(kept)
            self._size += len(kept)
            if kept:
                self._add(stream, kept)

    def drain(self, *, final: bool = False) -> Output:
        """Return the kept lines and clear the buffer.

        Args:
            final: Return unfinished lines as well: the guest writes no more.
        """
        if not self._size and not self._dropped and not any(rest.data for rest in self._unfinished.values()):
            return _NOTHING
        with self._lock:
            now = self._clock()
            for stream, rest in self._unfinished.items():
                if rest.data and (final or now - rest.since >= UNFINISHED):
                    self._end(stream, rest)
            lines, self._lines, self._size = self._lines, [], 0
            dropped, self._dropped = self._dropped, 0
        return Output(tuple(OutputLine(stream, data.decode(errors="replace")) for stream, data in lines), dropped)

    def _add(self, stream: str, data: bytes) -> None:
        rest = self._unfinished[stream]
        *ended, last = data.split(b"\n")
        for part in ended:
            self._go_on(stream, rest, part)
            self._end(stream, rest)
        self._go_on(stream, rest, last)

    def _go_on(self, stream: str, rest: _Unfinished, part: bytes) -> None:
        if part and not rest.data:
            rest.since = self._clock()
        rest.data += part
        while len(rest.data) > LINE:
            cut = _whole_characters(rest.data, LINE)
            self._lines.append((stream, bytes(rest.data[:cut])))
            del rest.data[:cut]

    def _end(self, stream: str, rest: _Unfinished) -> None:
        self._lines.append((stream, bytes(rest.data).removesuffix(b"\r")))
        rest.data.clear()

    def attach(self, context: int, arguments: Sequence[str] = ()) -> None:
        """Attach a WASI context without grants to a store, with this buffer as its output.

        Args:
            context: Address of the store's context.
            arguments: What the guest gets as its arguments, the name of the program first.
        """
        config = wasmtime.WasiConfig()
        config.argv = list(arguments)
        key = next(_keys) * len(_STREAMS)
        _buffers[key] = self
        for index, set_output in enumerate(bindings.wasi_outputs):
            set_output(config.ptr(), _WRITE_ADDRESS, key + index, None)
        if error := bindings.context_set_wasi(context, bindings.consume(config)):
            raise RuntimeError(bindings.take_error(error).message)


def _whole_characters(data: bytearray, most: int) -> int:
    """Return how many bytes, at most ``most``, end with a whole character of UTF-8."""
    cut = most
    while cut > most - 4 and data[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut if data[cut] & 0xC0 != 0x80 else most


# wasmtime-py's own setters take a number from a table that is not thread-safe, and return it from threads of the
# engine, which kills the process when Python is shutting down. Here no number is returned: an unreferenced buffer is
# not found, and output to it is lost.
_buffers: weakref.WeakValueDictionary[int, OutputBuffer] = weakref.WeakValueDictionary()
_keys = itertools.count(1)


def _write(key: int, data: int, size: int) -> int:
    try:
        stream = key % len(_STREAMS)
        buffer = _buffers.get(key - stream)
        if buffer is not None:
            buffer.write(_STREAMS[stream], ctypes.string_at(data, size))
    except BaseException:  # noqa: BLE001, S110 -- nothing may pass through native frames, and no caller remains
        pass
    return size


_WRITE: Final[Any] = bindings.OutputCallback(_write)
_WRITE_ADDRESS: Final = bindings.callback_address(_WRITE)
