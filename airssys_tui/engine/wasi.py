"""WASI 0.2 without grants: the linked interfaces, a component's imports of them, and the capture of its output."""

from __future__ import annotations

import codecs
import ctypes
import itertools
import re
import threading
import weakref
from collections.abc import Sequence
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


class Output(msgspec.Struct, frozen=True):
    """The output of a guest since the last drain.

    Attributes:
        chunks: ``(stream, text)`` in order; ``stdout`` or ``stderr``. Guest text: sanitise before showing.
        dropped: Bytes dropped because the buffer was full.
    """

    chunks: tuple[tuple[str, str], ...] = ()
    dropped: int = 0


_NOTHING: Final = Output()


class OutputBuffer:
    """Collects a guest's output to stdout and stderr, up to a limit.

    Args:
        limit: Bytes kept between two drains.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._chunks: list[tuple[str, bytes]] = []
        self._size = 0
        self._dropped = 0
        self._lock = threading.Lock()
        make = codecs.getincrementaldecoder("utf-8")
        self._decoders = {name: make(errors="replace") for name in _STREAMS}

    def write(self, stream: str, data: bytes) -> None:
        """Keep what fits and count the rest; callable from any thread."""
        with self._lock:
            kept = data[: max(0, self._limit - self._size)]
            self._dropped += len(data) - len(kept)
            self._size += len(kept)
            if kept:
                self._chunks.append((stream, kept))

    def drain(self) -> Output:
        """Return the kept output and clear the buffer."""
        if not self._size and not self._dropped:
            return _NOTHING
        with self._lock:
            chunks, self._chunks, self._size = self._chunks, [], 0
            dropped, self._dropped = self._dropped, 0
        texts = tuple((stream, text) for stream, data in chunks if (text := self._decoders[stream].decode(data)))
        return Output(texts, dropped)

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
