"""Calls: an export made ready for them, what one gives and costs, and their sums."""

from __future__ import annotations

import ctypes
from functools import partial
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
    """An export made ready for calls: its native function, its storage, and the native call over both."""

    __slots__ = (
        *("invoke", "lift", "lower", "native", "path"),
        *("result", "result_address", "result_storage", "signature", "storage"),
    )

    def __init__(self, path: str, native: Any, context: Any, compiled: Signature) -> None:
        self.path = path
        self.signature = compiled
        self.lower = compiled.lower
        self.lift = compiled.lift
        self.native = native
        count = len(compiled.function.params)
        self.storage = ctypes.create_string_buffer(bindings.VALUE_SIZE * max(count, 1))
        self.result_storage = ctypes.create_string_buffer(bindings.VALUE_SIZE)
        self.result_address = ctypes.addressof(self.result_storage)
        self.result = ctypes.byref(self.result_storage)
        self.invoke = partial(
            bindings.func_call,
            ctypes.byref(native),
            context,
            ctypes.byref(self.storage),
            ctypes.c_size_t(count),
            None if compiled.lift is None else self.result,
            ctypes.c_size_t(0 if compiled.lift is None else 1),
        )
