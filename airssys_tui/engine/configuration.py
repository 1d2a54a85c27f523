"""The engine's configuration, and the identity of the code that an engine produces and accepts."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import msgspec
import wasmtime

from airssys_tui.core.revision import Tier
from airssys_tui.engine import bindings
from airssys_tui.engine.memory import supported
from airssys_tui.engine.settings import EngineSettings

if TYPE_CHECKING:
    from airssys_tui.engine.memory import MemoryPool

GENERATION: Final = 5
"""Increase it when :func:`configuration` changes a constant that affects compiled code, or what is added to components
before they are compiled changes."""

_HARMLESS: Final = frozenset(
    {
        *("tick_ms", "cancel_ms", "max_component_size", "in_process_compile", "compile_wall", "compile_cpu"),
        *("in_process_locals", "in_process_loops", "max_code_size", "mapped_code", "max_mapped"),
        *("compile_address_space", "max_memories"),
    }
)
"""Settings that do not affect compiled code. All others are part of the identity."""

_YOUNGER: Final = {"types_only": False, "tier": Tier.OPTIMISED}
"""Settings that older versions did not have, with the value that means what those did."""


def configuration(settings: EngineSettings, pool: MemoryPool | None = None) -> wasmtime.Config:
    """Create the configuration; compiled code loads under any configuration with the same settings."""
    config = wasmtime.Config()
    # Code that only has its types read is never called: it needs neither counters nor a fast form.
    config.consume_fuel = config.epoch_interruption = not settings.types_only
    if settings.types_only:
        config.cranelift_opt_level = "none"
    config.max_wasm_stack = settings.max_wasm_stack
    config.memory_reservation = settings.reservation
    config.memory_guard_size = settings.guard
    config.shared_memory = False
    # Futures and streams do not cross the boundary; without their bookkeeping a call costs a quarter less.
    bindings.set_concurrency(config, enabled=settings.types_only)
    # A copy-on-write image needs memories mapped by the engine; with host memories it aborts the process.
    config.memory_init_cow = not hosts_memory(settings)
    if settings.tier is Tier.BASELINE:
        bindings.choose_baseline_compiler(config)
    if pool is not None:
        pool.install(config)
    return config


def hosts_memory(settings: EngineSettings) -> bool:
    """Return whether this process provides linear memories, given these settings and this system."""
    return settings.host_memory and supported()


def lifts_raw(settings: EngineSettings) -> bool:
    """Return whether code is compiled with flat lifts: where this process knows the linear memories."""
    return settings.raw_lift and hosts_memory(settings) and not settings.types_only


def identity(settings: EngineSettings) -> str:
    """Identify the code that an engine with these settings produces and accepts: compiler, platform and settings.

    Code also records the processor features it needs; the engine itself refuses to load it where they are missing.
    """
    shape = {name: getattr(settings, name) for name in settings.__struct_fields__ if name not in _HARMLESS}
    shape["host_memory"] = hosts_memory(settings)
    shape["raw_lift"] = lifts_raw(settings)
    for name, usual in _YOUNGER.items():
        if shape[name] == usual:
            del shape[name]  # every identity of older versions is one without it
    told = msgspec.json.encode([GENERATION, shape], order="deterministic")
    digest = hashlib.sha256(told).hexdigest()[:12]
    return f"wasmtime-{compiler_version()}-{platform.system().lower()}-{platform.machine().lower()}-{digest}"


@cache
def compiler_version() -> str:
    """Return the version of the library that compiles; looking it up takes a millisecond."""
    return version("wasmtime")
