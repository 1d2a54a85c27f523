"""The engine: compilation, linkers, and everything that lives as long as the process."""

from __future__ import annotations

import atexit
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from airssys_tui.core.errors import UsageError
from airssys_tui.engine.admission import inspect
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.configuration import identity, lifts_raw
from airssys_tui.engine.linker import Linker
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.engine.shared_state import FAREWELL_SECONDS, Habitat

if TYPE_CHECKING:
    from collections.abc import Sequence

    import wasmtime

    from airssys_tui.core.limits import Limits
    from airssys_tui.engine.activity import Activity
    from airssys_tui.engine.compiler import Keeping
    from airssys_tui.engine.host import HostInterface
    from airssys_tui.engine.memory import MemoryPool
    from airssys_tui.engine.ticker import Ticker

_STANDARD: Final = EngineSettings()


class Engine:
    """A configured wasmtime engine, shared by all threads.

    Attributes:
        settings: Its settings.
        identity: Identifies the compiled code that this engine produces and accepts; key of the code cache.
    """

    def __init__(self, settings: EngineSettings = _STANDARD) -> None:
        self.settings = settings
        self.identity = identity(settings)
        self.habitat: Habitat[Activity] = Habitat(settings)
        self._closed = False
        self._mapping = threading.Lock()
        self._mapped: weakref.WeakSet[Code] = weakref.WeakSet()
        _engines.add(self)

    @property
    def pool(self) -> MemoryPool | None:
        """The linear memories of its instances; None where they cannot be metered."""
        return self.habitat.pool

    @property
    def ticker(self) -> Ticker:
        """The ticker that advances the epoch while calls are in flight."""
        return self.habitat.ticker

    @property
    def native(self) -> wasmtime.Engine:
        """The native engine."""
        return self.habitat.native

    @property
    def running(self) -> tuple[Activity, ...]:
        """The activities with a call in flight; each can be cancelled."""
        return tuple(activity for activity in self.habitat.residents() if activity.busy)

    @property
    def instances(self) -> int:
        """Number of open instances."""
        return len(self.habitat.inhabitants)

    def compile(
        self,
        wasm: bytes,
        *,
        cancel: threading.Event | None = None,
        limits: Limits | None = None,
        keeping: Keeping | None = None,
        behind: bool = False,
    ) -> Code:
        """Compile a component: a small one in this process, others in a child process that can be killed.

        Args:
            wasm: The component's bytes.
            cancel: Set it to kill the child.
            limits: The component's limits; its compile limits take the place of the settings' ones.
            keeping: Where the child leaves the code as well.
            behind: Compile at the lowest priority, on one processor.

        Raises:
            AdmissionError: At gate ``compile``, with the compiler's message or the exceeded limit.
        """
        if self.compiles_here(wasm):
            settings = self.settings
            return Code.compile_here(self.habitat.native, wasm, raw_lift=lifts_raw(settings), tier=settings.tier)
        from airssys_tui.engine.compiler import compile_in_child  # noqa: PLC0415 -- starts with the first large component

        within = self.settings.compiling_within(limits)
        serialised = compile_in_child(wasm, within, cancel, keeping, behind=behind)
        code = self.load(serialised)
        code.came_as(serialised)
        return code

    def compiles_here(self, wasm: bytes) -> bool:
        """Return whether a component compiles in this process: it is small, and its code cannot take long.

        A few kilobytes of nested loops or declared variables can take seconds and gigabytes to compile.

        Raises:
            AdmissionError: If it is small but not a component within bounds.
        """
        settings = self.settings
        if len(wasm) > settings.in_process_compile:
            return False
        found = inspect(wasm)
        return found.locals <= settings.in_process_locals and found.loops <= settings.in_process_loops

    def load(self, serialised: bytes | Path) -> Code:
        """Load code compiled by an engine of the same identity; the bytes are trusted.

        wasmtime keeps the descriptor of a file that it maps as long as the code lives, and nothing closes it before. So
        only a few large files are mapped, for which it saves memory and time; all other code is copied.

        Raises:
            AdmissionError: At gate ``compile``, if the bytes belong to another engine or are damaged.
            OSError: If the file cannot be read.
        """
        if isinstance(serialised, bytes):
            return Code.load(self.habitat.native, serialised, self.settings.tier)
        with self._mapping:
            if serialised.stat().st_size < self.settings.mapped_code or len(self._mapped) >= self.settings.max_mapped:
                return Code.load(self.habitat.native, serialised.read_bytes(), self.settings.tier)
            code = Code.load(self.habitat.native, serialised, self.settings.tier)
            self._mapped.add(code)
        return code

    def linker(self, interfaces: Sequence[HostInterface] = ()) -> Linker:
        """Create a linker of host interfaces.

        Args:
            interfaces: The interfaces, those of WASI among them: the engine's own WASI is never linked.

        Raises:
            UsageError: If this engine only reads types.
        """
        if self.settings.types_only:
            raise UsageError("this engine only reads types", remedy="use an engine without `types_only`")
        return Linker(self.habitat, interfaces)

    def close(self, patience: float = FAREWELL_SECONDS) -> None:
        """Cancel calls in flight, close all instances, end timers and threads. Idempotent.

        Args:
            patience: Seconds for calls in flight to end; those that do not (a disk hangs) keep their instances.
        """
        if not self._closed:
            self._closed = True
            self.habitat.close(patience)


_engines: weakref.WeakSet[Any] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Close engines while callbacks still work: native finalizers run Python code, which is soon unavailable."""
    for engine in list(_engines):
        engine.close()
