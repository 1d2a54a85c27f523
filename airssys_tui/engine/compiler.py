"""Compilation of large components in a child process that can be limited and killed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

import msgspec

import airssys_tui
from airssys_tui.core.errors import AdmissionError, CapacityError
from airssys_tui.core.gates import Gate, known_gate
from airssys_tui.core.refusal import RefusalKind
from airssys_tui.core.units import format_duration, format_size
from airssys_tui.engine.compile_child import REFUSED, Assignment
from airssys_tui.engine.settings import EngineSettings

_POLL_SECONDS: Final = 0.02
"""Seconds until a running compilation notices its cancellation."""

_DIGEST: Final = 32

_LIMITS: Final = "split very large functions, or raise the compile limits"

_ONE_PROCESSOR: Final = {"RAYON_NUM_THREADS": "1"}
"""The environment of a compiler that works on one function after another."""

_CRASHES: Final = frozenset({-signal.SIGSEGV, -signal.SIGILL, -signal.SIGFPE, -signal.SIGTRAP})
"""Ends of a compiler that the component itself causes."""


class Keeping(msgspec.Struct, frozen=True):
    """Where the child leaves its result, so that it is there even if this process is gone by then.

    Attributes:
        path: The file.
        lock: A descriptor that the child inherits, and with it the lock on the code; None for none.
    """

    path: Path
    lock: int | None = None


def compile_in_child(
    wasm: bytes,
    settings: EngineSettings,
    cancel: threading.Event | None = None,
    keeping: Keeping | None = None,
    *,
    behind: bool = False,
) -> bytes:
    """Compile under limits on CPU time, address space and, as a backstop, wall time.

    Only what the compiler says, and the CPU time that it takes, judge the component. Wall time, memory and the end of
    the child by anybody else depend on the machine: their refusals are circumstances.

    Returns:
        Compiled code, exactly as the child produced it, for an engine with the same settings.

    Raises:
        AdmissionError: At gate ``compile``: the compiler's message, the exceeded limit, or the cancellation.
        CapacityError: If the child cannot be started.
    """
    keep = str(keeping.path) if keeping is not None else None
    assignment = Assignment(settings=settings, keep=keep, behind=behind)
    child = _start(assignment, wasm, keeping.lock if keeping is not None else None)
    with child:
        try:
            output, words = _converse(child, settings, cancel)
        finally:
            if child.poll() is None:
                child.kill()
    if child.returncode != 0:
        raise _refused(child.returncode, words.decode(errors="replace"), settings)
    if not output and keeping is not None:
        output = _kept(keeping.path)
    return verified(output)


def _start(assignment: Assignment, wasm: bytes, lock: int | None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "airssys_tui.engine.compile_child"]
    pipe, inherited = subprocess.PIPE, () if lock is None else (lock,)
    try:
        # From a file: `communicate` loses what it has not yet written to a pipe when its timeout expires.
        with tempfile.TemporaryFile() as given:
            given.write(msgspec.json.encode(assignment) + b"\n")
            given.write(wasm)
            given.seek(0)
            return subprocess.Popen(  # noqa: S603 -- our own module
                command,
                stdin=given,
                stdout=pipe,
                stderr=pipe,
                env=environment() | (_ONE_PROCESSOR if assignment.behind else {}),
                pass_fds=inherited,
            )
    except OSError as error:
        reason = error.strerror or str(error)
        raise CapacityError(f"the compiler cannot be started: {reason}", remedy="free memory or processes") from error


def _kept(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _hindered(f"the compiler's output cannot be read: {error}", "reload the component") from error


def verified(output: bytes) -> bytes:
    """Return the code in the child's output; loading incomplete code would be unsafe.

    Raises:
        AdmissionError: If the code does not match the child's hash.
    """
    digest, code = output[:_DIGEST], output[_DIGEST:]
    if hashlib.sha256(code).digest() != digest:
        raise _hindered("the compiler's output is damaged", "reload the component")
    return code


def patience(settings: EngineSettings) -> float:
    """Return the seconds of wall time that a compilation may take now: more while the processors are busy."""
    try:
        load = os.getloadavg()[0] / (os.cpu_count() or 1)
    except OSError:
        load = 1.0
    return settings.compile_wall * max(1.0, load)


def _converse(
    child: subprocess.Popen[bytes], settings: EngineSettings, cancel: threading.Event | None
) -> tuple[bytes, bytes]:
    started = time.monotonic()
    pause = _POLL_SECONDS if cancel else min(1.0, settings.compile_wall)
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.communicate(timeout=pause)
        if cancel is not None and cancel.is_set():
            raise _hindered("the compilation was cancelled", "a newer change replaced it")
        took = time.monotonic() - started
        if took >= settings.compile_wall and took >= patience(settings):
            said = f"it took longer than {format_duration(settings.compile_wall)} to compile"
            busy = "" if took < 1.5 * settings.compile_wall else f" ({format_duration(took)} on this busy machine)"
            raise _hindered(said + busy, _LIMITS)


def _refused(status: int, words: str, settings: EngineSettings) -> AdmissionError:
    if status == REFUSED:
        gate, remedy, reason = (*words.split("\n", 2), "", "")[:3]
        return AdmissionError(reason, gate=known_gate(gate) or Gate.COMPILE, remedy=remedy)
    if status == -signal.SIGXCPU:
        cpu = format_duration(settings.compile_cpu)
        text = f"it took more than {cpu} of CPU time to compile"
        return AdmissionError(text, gate=Gate.COMPILE, remedy=_LIMITS, costly=True)
    if "memory" in words.lower() or status == -signal.SIGABRT:
        memory = format_size(settings.compile_address_space)
        return _hindered(f"it took more than {memory} of memory to compile", _LIMITS)
    if status == -signal.SIGKILL:
        return _hindered("the compiler was killed, as a machine without memory does", "free memory")
    last = words.strip().splitlines()[-1:] or ["no reason was given"]
    if status in _CRASHES:
        return AdmissionError(f"the compiler crashed: {signal.Signals(-status).name}", gate=Gate.COMPILE)
    return _hindered(f"the compiler ended with status {status}: {last[0]}", "look at what else the machine does")


def _hindered(text: str, remedy: str) -> AdmissionError:
    return AdmissionError(text, gate=Gate.COMPILE, remedy=remedy, kind=RefusalKind.CIRCUMSTANCE)


def environment() -> dict[str, str]:
    """Return the environment that the child needs to import this package, without anything else."""
    root = str(Path(airssys_tui.__file__).parent.parent)
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SYSTEMROOT", "VIRTUAL_ENV") if name in os.environ
    }
    paths = [root, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in paths if path), "PYTHONDONTWRITEBYTECODE": "1"}
