"""The same work in the Extism Python SDK: a plug-in in its own ABI, built from ``extism_plugin/plugin.zig``."""

from __future__ import annotations

import importlib
import struct
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from airssys_tui.core.limits import Limits
from airssys_tui.core.types.interface import Function, Param, Primitive
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.host import HostFunction, HostInterface
from benchmarks.clock import Effort, pair
from benchmarks.guests import EXPORTS, HOST_CALLER, HOST_NAME, binary
from benchmarks.report import Row, beside

PLUGIN: Final = Path(__file__).parent / "extism_plugin" / "plugin.wasm"
LIMITS: Final = Limits(fuel_per_call=10**12, deadline=60.0)
EXTISM: Final = "Extism"
SIZES: Final = (("64-b", 64), ("1-kib", 1024), ("64-kib", 64 * 1024), ("1-mib", 1024 * 1024))
TIMES: Final = 1000
MICRO: Final = 1e6


def extism(effort: Effort) -> Iterator[Row]:
    """Scalars, bytes, host calls and instances, ours beside Extism's; nothing when it is not installed."""
    if find_spec("extism") is None:
        print("skipped: extism is not installed; it comes with the extra `bench`", file=sys.stderr)
        return
    engine = Engine()
    try:
        yield from _calls(effort, engine)
        yield _host(effort, engine)
        yield _instances(effort, engine)
    finally:
        engine.close()


def _calls(effort: Effort, engine: Engine) -> Iterator[Row]:
    call = engine.linker().instantiate(engine.compile(binary(EXPORTS)), LIMITS).call
    plugin, pack, unpack = _plugin(), struct.Struct("<II").pack, struct.Struct("<I").unpack
    theirs: Callable[[], Any] = lambda: unpack(plugin.call("add", pack(1, 2)))  # noqa: E731 -- measured as it is written
    if (call("add", 1, 2).value,) != theirs():
        raise AssertionError("another sum")
    subject, baseline = pair(effort, lambda: call("add", 1, 2), theirs)
    yield beside("extism/two-u32-metered", subject * MICRO, "µs", EXTISM, baseline * MICRO)
    for name, size in SIZES:
        data = (bytes(range(256)) * (size // 256 + 1))[:size]
        if not call("bytes", data).value == plugin.call("bytes", data) == data:
            raise AssertionError("other bytes")
        rounds = effort if size < 1024 * 1024 else Effort(rounds=3, span=0.0)
        subject, baseline = pair(rounds, partial(call, "bytes", data), partial(plugin.call, "bytes", data))
        yield beside(f"extism/bytes-{name}", subject * MICRO, "µs", EXTISM, baseline * MICRO)


def _host(effort: Effort, engine: Engine) -> Row:
    number = Primitive("u32")
    work = Function("work", (Param("a", number), Param("b", number)), number)
    face = HostInterface(HOST_NAME, (HostFunction(work, lambda _context, a, b: (a + b) & 0xFFFFFFFF),))
    instance = engine.linker((face,)).instantiate(engine.compile(binary(HOST_CALLER)), LIMITS)
    plugin, given = _plugin(), struct.pack("<I", TIMES)
    subject, baseline = pair(effort, lambda: instance.call("run", TIMES), lambda: plugin.call("run", given))
    micro = MICRO / TIMES
    return beside("extism/host-function", subject * micro, "µs", EXTISM, baseline * micro)


def _instances(effort: Effort, engine: Engine) -> Row:
    linker, code = engine.linker(), engine.compile(binary(EXPORTS))
    module, compiled = _sdk(), _compiled()
    subject, baseline = pair(effort, lambda: linker.instantiate(code, LIMITS).close(), lambda: module.Plugin(compiled))
    return beside("extism/instantiate", subject * MICRO, "µs", EXTISM, baseline * MICRO)


def _sdk() -> Any:
    return importlib.import_module("extism.extism")


def _compiled() -> Any:
    sdk = _sdk()
    number = sdk.ValType.I64

    def work(_plugin: Any, inputs: Any, outputs: Any) -> None:
        outputs[0].value = (inputs[0].value + inputs[1].value) & 0xFFFFFFFF

    signature = ([number, number], [number])
    function = sdk.host_fn(name="work", namespace="extism:host/user", signature=signature)(work)
    return sdk.CompiledPlugin(PLUGIN.read_bytes(), functions=[function])


def _plugin() -> Any:
    return _sdk().Plugin(_compiled())
