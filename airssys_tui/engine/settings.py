"""Settings of the engine: compiled code, ticks, memories and the compile child."""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.core.limits import Limits
from airssys_tui.core.revision import Tier
from airssys_tui.core.units import GIB, KIB, MIB

_DENSE_RESERVATION: Final = 64 * MIB


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one engine.

    Attributes:
        tick_ms: Milliseconds between epoch ticks while a call is in flight: the resolution of deadlines.
        cancel_ms: Maximum milliseconds until a running call notices its cancellation.
        max_component_size: Maximum bytes of a component.
        in_process_compile: Maximum bytes of a component that compiles in this process. Larger ones, and smaller ones
            whose code may be a compile bomb, compile in a child.
        in_process_locals: Maximum local variables of a component that compiles in this process.
        in_process_loops: Maximum loops of such a component.
        compile_cpu: Seconds of CPU time for the compile child, over all its threads.
        compile_wall: Seconds of wall time for the compile child on an idle machine: a far backstop, which grows with
            the load of the processors.
        compile_address_space: Bytes of address space for the compile child.
        mapped_code: Compiled code of at least so many bytes is mapped from its file, which keeps a file descriptor open
            as long as it is used; smaller code is copied.
        max_mapped: Mapped files at most; further code is copied whatever its size.
        max_code_size: Maximum bytes of compiled code of one component; code can be 30 000 times as large as its wasm.
        max_wasm_stack: Bytes of native stack for the guest frames of one call.
        memory_reservation: Bytes of address space reserved per linear memory; 4 GiB needs no bounds checks.
        memory_guard: Bytes of the guard region behind it.
        dense: Use a dense layout for tens of thousands of instances: one mapping of 64 MiB per memory, which is also
            its maximum, and explicit bounds checks, which cost memory-bound loops up to 40 %.
        max_memories: Maximum linear memories in this process; 0 computes 80 % of what the system's mappings allow.
        host_memory: Provide every linear memory from this process, which exact memory meters require; no effect where
            mmap is missing.
        raw_lift: Lift exports flat beside their own form, so that lists of numbers cross at the speed of memory.
        types_only: Compile asynchronous components too, to read their types. Such an engine links nothing: a stream
            that reaches the host aborts the process.
        tier: Which compiler makes its code.
    """

    tick_ms: int = 10
    cancel_ms: int = 100
    max_component_size: int = 64 * MIB
    in_process_compile: int = 64 * KIB
    in_process_locals: int = 2_000
    in_process_loops: int = 1_000
    compile_cpu: float = 120.0
    compile_wall: float = 900.0
    compile_address_space: int = 4 * GIB
    mapped_code: int = MIB
    max_mapped: int = 16
    max_code_size: int = 256 * MIB
    max_wasm_stack: int = 512 * KIB
    memory_reservation: int = 4 * GIB
    memory_guard: int = 32 * MIB
    dense: bool = False
    max_memories: int = 0
    host_memory: bool = True
    raw_lift: bool = True
    types_only: bool = False
    tier: Tier = Tier.OPTIMISED

    def compiling_within(self, limits: Limits | None) -> EngineSettings:
        """Return the settings for a component that may have compile limits of its own."""
        if limits is None:
            return self
        return msgspec.structs.replace(
            self,
            compile_cpu=limits.compile_cpu or self.compile_cpu,
            compile_wall=limits.compile_wall or self.compile_wall,
        )

    @property
    def reservation(self) -> int:
        """Bytes of address space per linear memory in the chosen layout."""
        return _DENSE_RESERVATION if self.dense else self.memory_reservation

    @property
    def guard(self) -> int:
        """Bytes of guard region behind each linear memory in the chosen layout."""
        return 0 if self.dense else self.memory_guard
