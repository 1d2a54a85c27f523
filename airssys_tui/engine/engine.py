"""The engine: configuration, compilation, and everything whose life is the process's."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import wasmtime

from airssys_tui.core.errors import CapacityError
from airssys_tui.engine import bindings
from airssys_tui.engine.admission import inspect
from airssys_tui.engine.code import Code
from airssys_tui.engine.linker import Linker
from airssys_tui.engine.memory import MemoryPool, default_capacity, supported
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.engine.ticker import Ticker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airssys_tui.engine.host import HostInterface
    from airssys_tui.engine.instance import Instance

_STANDARD: Final = EngineSettings()

_FAREWELL_SECONDS: Final = 2.0
"""How long closing waits for calls in flight: a thread in native code cannot outlive the interpreter."""

_FAREWELL_POLL: Final = 0.005


class Engine:
    """Wasmtime, configured once; shared by every thread.

    Attributes:
        identity: Names the compiled code that this engine produces and accepts; keys the code cache.
        running: The instances with a call in flight.
        instances: Every open instance by the address of its store.
    """

    def __init__(self, settings: EngineSettings = _STANDARD) -> None:
        self.settings = settings
        self.identity = settings.identity(version("wasmtime"))
        self.pool = MemoryPool(settings.max_memories or default_capacity()) if hosts_memory(settings) else None
        self.native = wasmtime.Engine(configuration(settings, self.pool))
        self.address = bindings.address(self.native)
        self.running: set[Instance] = set()
        self.instances: dict[int, weakref.ref[Instance]] = {}
        self.ticker = Ticker(self.address, settings.tick_ms, self.running)
        self._closed = False
        _engines.add(self)

    def compile(self, wasm: bytes, *, cancel: threading.Event | None = None) -> Code:
        """Compile a component: here when it is small, else in a child process that can be killed.

        Args:
            wasm: The component's bytes.
            cancel: Set it to kill the child.

        Raises:
            AdmissionError: At gate ``compile``, with the compiler's words or the bound that was passed.
        """
        if self.compiles_here(wasm):
            return Code.compile_here(self.native, wasm)
        from airssys_tui.engine.compiler import compile_in_child  # noqa: PLC0415 -- starts with the first large component

        return self.load(compile_in_child(wasm, self.settings, cancel))

    def compiles_here(self, wasm: bytes) -> bool:
        """Tell whether a component compiles in this process: it is small, and its code cannot take long.

        A few kilobytes of nested loops or declared variables take seconds and gigabytes to compile.

        Raises:
            AdmissionError: If it is small and not a component within bounds.
        """
        settings = self.settings
        if len(wasm) > settings.in_process_compile:
            return False
        found = inspect(wasm)
        return found.locals <= settings.in_process_locals and found.loops <= settings.in_process_loops

    def load(self, serialised: bytes | Path) -> Code:
        """Load code compiled by an engine of the same identity; the bytes are trusted.

        Raises:
            AdmissionError: At gate ``compile``, if they belong to another engine or are damaged.
        """
        return Code.load(self.native, serialised)

    def linker(self, interfaces: Sequence[HostInterface] = ()) -> Linker:
        """Make a linker of host interfaces; WASI 0.2 is always included, closed."""
        return Linker(self, interfaces)

    def admit_memory(self) -> None:
        """Refuse another instance when the process has no room for its memory.

        Raises:
            CapacityError: If as many memories live as may.
        """
        if self.pool is not None and self.pool.live >= self.pool.capacity:
            text = f"{self.pool.live} linear memories are alive, as many as this process has room for"
            raise CapacityError(text, remedy="stop some components")

    def close(self, patience: float = _FAREWELL_SECONDS) -> None:
        """Cancel calls in flight, close every instance, leave no timer and no thread; safe to call twice.

        Args:
            patience: Seconds that calls in flight get to end; those that do not (stuck inside WASI) keep their
                instances.
        """
        if self._closed:
            return
        self._closed = True
        self._cancel_running(patience)
        for reference in list(self.instances.values()):
            if (instance := reference()) is not None:
                instance.close()
        self.ticker.close()

    def _cancel_running(self, patience: float) -> None:
        end = time.monotonic() + patience
        while self.running and time.monotonic() < end:
            for instance in tuple(self.running):
                instance.close()
            time.sleep(_FAREWELL_POLL)


def configuration(settings: EngineSettings, pool: MemoryPool | None = None) -> wasmtime.Config:
    """Make the configuration; code compiled under one loads under every other of the same settings."""
    config = wasmtime.Config()
    config.consume_fuel = True
    config.epoch_interruption = True
    config.max_wasm_stack = settings.max_wasm_stack
    config.memory_reservation = settings.memory_reservation
    config.memory_guard_size = settings.memory_guard
    config.shared_memory = False
    # A copy-on-write image needs memories that the engine maps itself; with ours it aborts the process.
    config.memory_init_cow = not hosts_memory(settings)
    if pool is not None:
        pool.install(config)
    return config


def hosts_memory(settings: EngineSettings) -> bool:
    """Tell whether linear memories are ours under these settings on this system."""
    return settings.host_memory and supported()


_engines: weakref.WeakSet[Any] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Close engines while callbacks still work: native finalizers run Python, which is gone a moment later."""
    for engine in list(_engines):
        engine.close()
