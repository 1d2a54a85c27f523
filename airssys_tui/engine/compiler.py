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
from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate, known_gate
from airssys_tui.core.units import format_duration, format_size
from airssys_tui.engine.compile_child import REFUSED
from airssys_tui.engine.settings import EngineSettings

_POLL_SECONDS: Final = 0.02
"""Seconds until a running compilation notices its cancellation."""

_DIGEST: Final = 32


def compile_in_child(wasm: bytes, settings: EngineSettings, cancel: threading.Event | None = None) -> bytes:
    """Compile under limits on CPU, wall time and address space.

    Returns:
        Compiled code, exactly as the child produced it, for an engine with the same settings.

    Raises:
        AdmissionError: At gate ``compile``: the compiler's message, the exceeded limit, or the cancellation.
    """
    command = [sys.executable, "-m", "airssys_tui.engine.compile_child"]
    pipe = subprocess.PIPE
    # From a file: `communicate` loses what it has not yet written to a pipe when its timeout expires.
    with tempfile.TemporaryFile() as given:
        given.write(msgspec.json.encode(settings) + b"\n" + wasm)
        given.seek(0)
        child = subprocess.Popen(command, stdin=given, stdout=pipe, stderr=pipe, env=environment())  # noqa: S603 -- our own module
    with child:
        try:
            output, words = _converse(child, settings, cancel)
        finally:
            if child.poll() is None:
                child.kill()
    if child.returncode != 0:
        raise _refused(child.returncode, words.decode(errors="replace"), settings)
    return verified(output)


def verified(output: bytes) -> bytes:
    """Return the code in the child's output; loading incomplete code would be unsafe.

    Raises:
        AdmissionError: If the code does not match the child's hash.
    """
    digest, code = output[:_DIGEST], output[_DIGEST:]
    if hashlib.sha256(code).digest() != digest:
        raise AdmissionError("the compiler's output is damaged", gate=Gate.COMPILE, remedy="reload the component")
    return code


def _converse(
    child: subprocess.Popen[bytes], settings: EngineSettings, cancel: threading.Event | None
) -> tuple[bytes, bytes]:
    end = time.monotonic() + settings.compile_wall
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.communicate(timeout=_POLL_SECONDS if cancel else settings.compile_wall)
        if cancel is not None and cancel.is_set():
            raise AdmissionError(
                "the compilation was cancelled", gate=Gate.COMPILE, remedy="a newer change replaced it"
            )
        if time.monotonic() >= end:
            wall = format_duration(settings.compile_wall)
            raise _too_expensive(f"it took longer than {wall} to compile")


def _refused(status: int, words: str, settings: EngineSettings) -> AdmissionError:
    if status == REFUSED:
        gate, remedy, reason = (*words.split("\n", 2), "", "")[:3]
        return AdmissionError(reason, gate=known_gate(gate) or Gate.COMPILE, remedy=remedy)
    if status in (-signal.SIGXCPU, -signal.SIGKILL):
        return _too_expensive(f"it took more than {format_duration(settings.compile_cpu)} of CPU time to compile")
    if "memory" in words.lower() or status == -signal.SIGABRT:
        return _too_expensive(f"it took more than {format_size(settings.compile_address_space)} of memory to compile")
    last = words.strip().splitlines()[-1:] or ["no reason was given"]
    return AdmissionError(f"the compiler ended with status {status}: {last[0]}", gate=Gate.COMPILE)


def _too_expensive(text: str) -> AdmissionError:
    return AdmissionError(text, gate=Gate.COMPILE, remedy="split very large functions, or raise the compile limits")


def environment() -> dict[str, str]:
    """Return the environment that the child needs to import this package, without anything else."""
    root = str(Path(airssys_tui.__file__).parent.parent)
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SYSTEMROOT", "VIRTUAL_ENV") if name in os.environ
    }
    paths = [root, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in paths if path), "PYTHONDONTWRITEBYTECODE": "1"}
