"""Compiles one component in a process of its own; run as ``python -m airssys_tui.engine.compile_child``.

Compiling is the only validation the engine offers, cannot be interrupted, and can take minutes and gigabytes.
Here it runs under limits of the operating system. Reads settings as one line of JSON and then the component from stdin;
writes the compiled code to stdout. Exit status 3 means that the compiler refused; its words are on stderr.
"""

from __future__ import annotations

import sys

import msgspec
import wasmtime

from airssys_tui.core.errors import AdmissionError
from airssys_tui.engine.code import Code
from airssys_tui.engine.engine import configuration
from airssys_tui.engine.settings import EngineSettings

REFUSED = 3
"""Exit status when the component does not compile."""


def limit(settings: EngineSettings) -> None:
    """Put this process under its limits, where the system has them."""
    try:
        import resource  # noqa: PLC0415 -- not on every platform
    except ImportError:
        return
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
        code = Code.compile_here(wasmtime.Engine(configuration(settings)), wasm)
    except AdmissionError as error:
        sys.stderr.write(error.message)
        return REFUSED
    sys.stdout.buffer.write(code.serialised())
    return 0


if __name__ == "__main__":
    sys.exit(main())
