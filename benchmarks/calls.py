"""Calls into guests and back: the value layer, host functions, deadlines, instances. The engine alone, no actors."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import Any

from wasmtime import _ffi

from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.types.interface import BYTES, Function, Param, Primitive
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.host import HostFunction, HostInterface
from airssys_tui.engine.instance import Instance
from airssys_tui.host.catalogue import INTERFACES
from benchmarks.clock import Effort, once, pair, quantile
from benchmarks.guests import BYTES_CALLER, EXPORTS, HOST_CALLER, HOST_NAME, Raw, Record, binary
from benchmarks.report import Row, beside

FUNC = "wasmtime.component.Func"
MICRO = 1e6
LIMITS = Limits(fuel_per_call=10**12, deadline=60.0)
FIELDS = {"a": 1, "b": 2**40, "c": 1.5, "d": -4, "e": True, "f": 6}


@contextmanager
def _engine() -> Iterator[Engine]:
    engine = Engine()
    try:
        yield engine
    finally:
        engine.close()


def _against_func(effort: Effort, name: str, export: str, ours: Any, theirs: Any) -> Row:
    """Compare a metered call with the same call through wasmtime-py."""
    wasm = binary(EXPORTS)
    with _engine() as engine:
        instance = engine.linker().instantiate(engine.compile(wasm), LIMITS)
        function = Raw(wasm).function(export)
        call = instance.call
        subject, baseline = pair(effort, lambda: call(export, *ours), lambda: function(*theirs))
    return beside(name, subject * MICRO, "µs", FUNC, baseline * MICRO)


def scalar(effort: Effort) -> Iterator[Row]:
    """Two numbers: metered, through the bare call layer, and against the C call beneath wasmtime-py."""
    yield _against_func(effort, "call/two-u32-metered", "add", (1, 2), (1, 2))
    wasm = binary(EXPORTS)
    with _engine() as engine:
        instance = engine.linker().instantiate(engine.compile(wasm), LIMITS)
        instance.call("add", 1, 2)
        bare, raw = _bare(instance), Raw(wasm)
        function, native = raw.function("add"), _native_call(raw)
        subject, baseline = pair(effort, bare, lambda: function(1, 2))
        yield beside("call/two-u32-bare", subject * MICRO, "µs", FUNC, baseline * MICRO)
        subject, baseline = pair(effort, bare, native)
        yield beside("call/two-u32-bare-c", subject * MICRO, "µs", "its C call", baseline * MICRO)


def _bare(instance: Instance) -> Callable[[], Any]:
    """Return the call without fuel, deadline and meters: values in, native call, values out."""
    bare, arguments = instance.bare("add"), (1, 2)

    def call() -> Any:
        return bare(arguments)

    assert call() == 3
    return call


def _native_call(raw: Raw) -> Callable[[], object]:
    """Return the C call that wasmtime-py makes, with its storage prepared."""
    found = raw.instance.get_func(raw.store, "add")
    assert found is not None
    arguments = (_ffi.wasmtime_component_val_t * 2)()
    for argument, value in zip(arguments, (1, 2), strict=True):
        argument.kind = _ffi.WASMTIME_COMPONENT_U32
        argument.of.u32 = value
    function, results = ctypes.byref(found._func), ctypes.byref(_ffi.wasmtime_component_val_t())  # noqa: SLF001
    context, native = raw.store._context(), _ffi.wasmtime_component_func_call  # noqa: SLF001
    return lambda: native(function, context, arguments, 2, results, 1)


def values(effort: Effort) -> Iterator[Row]:
    """Text, a record, and a list of a thousand of them."""
    text = "thirty-two bytes of plain text.."
    yield _against_func(effort, "call/string-32", "text", (text,), (text,))
    yield _against_func(effort, "call/record-6", "record", (FIELDS,), (Record(**FIELDS),))
    ours, theirs = [dict(FIELDS) for _ in range(1000)], [Record(**FIELDS) for _ in range(1000)]
    yield _against_func(effort, "call/list-1000-records", "rows", (ours,), (theirs,))


def byte_lists(effort: Effort) -> Iterator[Row]:
    """Byte lists there and back."""
    sizes = (("64-b", 64), ("1-kib", 1024), ("64-kib", 64 * 1024), ("1-mib", 1024 * 1024))
    for name, size in sizes:
        rounds = effort if size < 1024 * 1024 else Effort(rounds=1, span=0.0)
        data = bytes(range(256)) * (size // 256 + 1)
        yield _against_func(rounds, f"call/bytes-{name}", "bytes", (data[:size],), (data[:size],))


def host(effort: Effort) -> Iterator[Row]:
    """A guest calls the host a thousand times; the share of one call."""
    wasm, times, number = binary(HOST_CALLER), 1000, Primitive("u32")
    work = Function("work", (Param("a", number), Param("b", number)), number)
    face = HostInterface(HOST_NAME, (HostFunction(work, lambda _context, a, b: (a + b) & 0xFFFFFFFF),))
    with _engine() as engine:
        instance = engine.linker((face,)).instantiate(engine.compile(wasm), LIMITS)
        theirs = Raw(wasm, lambda _store, a, b: (a + b) & 0xFFFFFFFF).function("run")
        subject, baseline = pair(effort, lambda: instance.call("run", times), lambda: theirs(times))
    micro = MICRO / times
    yield beside("call/host-function", subject * micro, "µs", "add_func", baseline * micro)
    yield from _host_bytes(effort)
    with _engine() as engine:
        functions = sum(len(face.functions) for face in INTERFACES)
        linking = [once(engine.linker, INTERFACES) for _ in range(effort.count(20))]
        yield Row(name="host/link-function", value=median(linking) * MICRO / functions, unit="µs")


def _host_bytes(effort: Effort) -> Iterator[Row]:
    """64 KiB from a guest to the host, and from the host to a guest; the share of one call."""
    wasm, times, data = binary(BYTES_CALLER), 4, bytes(64 * 1024)
    take = Function("take", (Param("data", BYTES),), Primitive("u32"))
    give = Function("give", (Param("size", Primitive("u32")),), BYTES)
    functions = HostFunction(take, lambda _, given: len(given)), HostFunction(give, lambda _, _size: data)
    rounds = Effort(rounds=min(3, effort.rounds), span=effort.span)
    with _engine() as engine:
        call = engine.linker((HostInterface(HOST_NAME, functions),)).instantiate(engine.compile(wasm), LIMITS).call
        theirs = Raw(wasm, take=lambda _, given: len(given), give=lambda _, _size: data)
        for name, export in (("host/bytes-64-kib", "take"), ("host/bytes-64-kib-out", "give")):
            native = theirs.function(export)
            subject, baseline = pair(rounds, partial(call, export, times, len(data)), partial(native, times, len(data)))
            yield beside(name, subject * MICRO / times, "µs", "add_func", baseline * MICRO / times)


def deadline(effort: Effort) -> Iterator[Row]:
    """How much later than its deadline of 50 ms a call is stopped that is endless, or waits; on an idle machine."""
    over = []
    number = Primitive("u32")
    work = Function("work", (Param("a", number), Param("b", number)), number)
    face = HostInterface(HOST_NAME, (HostFunction(work, lambda context, *_: context.wait(())[0]),))
    with _engine() as engine:
        linker, code = engine.linker(), engine.compile(binary(EXPORTS))
        for _ in range(effort.count(20)):
            instance = linker.instantiate(code, LIMITS)
            over.append(once(trapped, instance) * 1000 - 50)
        linker, code = engine.linker((face,)), engine.compile(binary(HOST_CALLER))
        waiting = [linker.instantiate(code, LIMITS) for _ in range(effort.count(20))]
        waited = [once(trapped, instance, "run", 1) * 1000 - 50 for instance in waiting]
    yield Row(name="call/deadline-overshoot", value=median(over), unit="ms")
    yield Row(name="call/deadline-overshoot-max", value=quantile(over, 1.0), unit="ms")
    yield Row(name="call/deadline-overshoot-wait", value=median(waited), unit="ms")


def trapped(instance: Instance, export: str = "spin", *arguments: object) -> None:
    """Let a guest run until its deadline of 50 ms ends it."""
    try:
        instance.call(export, *arguments, deadline=0.05)
    except GuestTrap:
        return
    raise AssertionError("it ended")


def instances(effort: Effort) -> Iterator[Row]:
    """Making and dropping an instance of code that is loaded: metered memory, fuel, deadline."""
    wasm = binary(EXPORTS)
    with _engine() as engine:
        linker, code, raw = engine.linker(), engine.compile(wasm), Raw(wasm)
        limits = Limits()
        subject, baseline = pair(effort, lambda: linker.instantiate(code, limits).close(), raw.instantiate)
    yield beside("call/instantiate", subject * MICRO, "µs", "Store + instantiate", baseline * MICRO)
