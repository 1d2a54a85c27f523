"""Calls: an export made ready for them, what one gives and costs, and their sums."""

from __future__ import annotations

import ctypes
from typing import Any

import msgspec

from airssys_tui.engine import bindings
from airssys_tui.engine.signature import Signature


class CallResult(msgspec.Struct, frozen=True):
    """What a call gave and what it cost.

    Attributes:
        value: The result, in the forms of ``core.values``; None when nothing is returned.
        fuel: Fuel units used.
        wall_ns: Nanoseconds from entry to exit, host functions included.
        cpu_ns: Nanoseconds of CPU time in the guest, host functions excluded.
        host_ns: Nanoseconds in host functions.
    """

    value: Any
    fuel: int
    wall_ns: int
    cpu_ns: int
    host_ns: int


class Meters(msgspec.Struct, frozen=True):
    """Sums over the life of an instance; times in nanoseconds."""

    calls: int
    errors: int
    fuel_total: int
    cpu_ns: int
    wall_ns: int
    host_ns: int


class BoundExport:
    """An export made ready for calls: its native function, its storage and the references that calls pass."""

    __slots__ = (
        *("arguments", "count", "function", "lift", "lower", "native", "path"),
        *("result", "result_address", "result_storage", "results", "signature", "storage"),
    )

    def __init__(self, path: str, native: Any, compiled: Signature) -> None:
        self.path = path
        self.signature = compiled
        self.lower = compiled.lower
        self.lift = compiled.lift
        self.native = native
        self.function = ctypes.byref(native)
        count = len(compiled.function.params)
        self.storage = ctypes.create_string_buffer(bindings.VALUE_SIZE * max(count, 1))
        self.arguments = ctypes.byref(self.storage)
        self.count = ctypes.c_size_t(count)
        self.result_storage = ctypes.create_string_buffer(bindings.VALUE_SIZE)
        self.result_address = ctypes.addressof(self.result_storage)
        returns = compiled.lift is not None
        self.result = ctypes.byref(self.result_storage) if returns else None
        self.results = ctypes.c_size_t(1 if returns else 0)
