"""Compiles one component in a process of its own; run as ``python -m airssys_tui.engine.compile_child``.

Compiling is the only validation the engine offers, cannot be interrupted, and can take minutes and gigabytes.
Here it runs under limits of the operating system, behind everything else that wants the processor. Reads settings as
one line of JSON and then the component from stdin; writes the SHA-256 of the compiled code and the code to stdout. Exit
status 3 means that the component was refused; the gate and the words are two lines on stderr.
"""

from __future__ import annotations

import hashlib
import os
import sys

import msgspec
import wasmtime

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.core.units import format_size
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.configuration import configuration
from airssys_tui.engine.settings import EngineSettings

REFUSED = 3
"""Exit status when the component does not compile."""

BEHIND = 5
"""Steps of niceness: where processors are scarce, guests that serve get three times as much of them."""


def limit(settings: EngineSettings) -> None:
    """Put this process under its limits, where the system has them."""
    try:
        import resource  # noqa: PLC0415 -- not on every platform
    except ImportError:
        return
    os.nice(BEHIND)
    resource.setrlimit(resource.RLIMIT_CPU, (settings.compile_cpu, settings.compile_cpu + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (settings.compile_address_space, settings.compile_address_space))


def main() -> int:
    """Compile what stdin holds; give the exit status."""
    settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=EngineSettings)
    limit(settings)
    wasm = sys.stdin.buffer.read()
    try:
        code = _compiled(wasm, settings)
    except AdmissionError as error:
        sys.stderr.write(f"{error.gate}\n{error.message}")
        return REFUSED
    sys.stdout.buffer.write(hashlib.sha256(code).digest())
    sys.stdout.buffer.write(code)
    return 0


def _compiled(wasm: bytes, settings: EngineSettings) -> bytes:
    code = Code.compile_here(wasmtime.Engine(configuration(settings)), wasm).serialised()
    if len(code) > settings.max_code_size:
        sizes = f"{format_size(len(code))} when compiled, more than {format_size(settings.max_code_size)}"
        raise AdmissionError(f"its code has {sizes}", gate=Gate.COMPILE)
    return code


if __name__ == "__main__":
    sys.exit(main())
