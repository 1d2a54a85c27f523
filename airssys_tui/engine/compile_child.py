"""Compiles one component in a separate process; run as ``python -m airssys_tui.engine.compile_child``.

Compilation is the only validation that the engine offers, cannot be interrupted, and can take minutes and gigabytes.
Here it runs under limits of the operating system and at low priority, on all processors. The process reads its
assignment as one line of JSON and then the component from stdin. The result is the SHA-256 of the compiled code and the
code: in the file that the assignment names, else on stdout. Exit status 3 means that the component was refused; stderr
then has two lines, the gate and the message.

It may outlive the process that started it: the file is then there for the next one that wants the code.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import sys
import tempfile
from pathlib import Path

import msgspec
import wasmtime

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.core.units import format_size
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.configuration import configuration, lifts_raw
from airssys_tui.engine.settings import EngineSettings

REFUSED = 3
"""Exit status when the component does not compile."""

BEHIND = 5
"""Niceness increment: when processors are scarce, serving guests get three times as much of them."""


LAST = 19
"""Niceness increment of a compilation that nobody waits for."""


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is to do.

    Attributes:
        settings: The settings of the engine, with the limits of this compilation.
        keep: The file for the result; None for stdout.
        behind: Whether nobody waits for it: it takes only what others leave of the processors.
    """

    settings: EngineSettings
    keep: str | None = None
    behind: bool = False


def limit(settings: EngineSettings, niceness: int) -> None:
    """Apply the limits to this process, where the system supports them."""
    try:
        import resource  # noqa: PLC0415 -- not on every platform
    except ImportError:
        return
    os.nice(niceness)
    cpu = math.ceil(settings.compile_cpu)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (settings.compile_address_space, settings.compile_address_space))


def main() -> int:
    """Compile the component on stdin; return the exit status."""
    assignment = msgspec.json.decode(sys.stdin.buffer.readline(), type=Assignment)
    settings = assignment.settings
    limit(settings, LAST if assignment.behind else BEHIND)
    wasm = sys.stdin.buffer.read()
    try:
        code = _compiled(wasm, settings)
    except AdmissionError as error:
        sys.stderr.write(f"{error.gate}\n{error.remedy}\n{error.message}")
        return REFUSED
    digest = hashlib.sha256(code).digest()
    if assignment.keep is None or not _keep(Path(assignment.keep), digest, code):
        sys.stdout.buffer.write(digest)
        sys.stdout.buffer.write(code)
    return 0


def _keep(path: Path, digest: bytes, code: bytes) -> bool:
    """Write the result to a file as a whole; return whether that was possible."""
    try:
        descriptor, unfinished = tempfile.mkstemp(dir=path.parent)
    except OSError:
        return False
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(digest)
            file.write(code)
        Path(unfinished).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(unfinished).unlink()
        return False
    return True


def _compiled(wasm: bytes, settings: EngineSettings) -> bytes:
    engine = wasmtime.Engine(configuration(settings))
    code = Code.compile_here(engine, wasm, raw_lift=lifts_raw(settings)).serialised()
    if len(code) > settings.max_code_size:
        sizes = f"{format_size(len(code))}; the limit is {format_size(settings.max_code_size)}"
        raise AdmissionError(f"its compiled code has {sizes}", gate=Gate.COMPILE)
    return code


if __name__ == "__main__":
    sys.exit(main())
