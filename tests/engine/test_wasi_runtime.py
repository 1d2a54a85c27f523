"""A process without free descriptors refuses WASI for the moment; wasmtime, left to itself, would end the process."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.places import FIXTURES, ROOT, SAMPLES

STARVED = """
import os, resource, sys, threading
from pathlib import Path
from airssys_tui.core.errors import CapacityError
from airssys_tui.core.limits import Limits
from airssys_tui.engine.engine import Engine

engine = Engine()
linker, code = engine.linker(), engine.compile(Path(sys.argv[1]).read_bytes())
limits = Limits()
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
taken = []
try:
    while True:
        taken.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass

told = []

def attempt():
    try:
        linker.instantiate(code, limits)
    except CapacityError as error:
        told.append(f"refused: {error.message}")
    else:
        told.append("made")

asking = [threading.Thread(target=attempt) for _ in range(int(sys.argv[2]))]
for thread in asking:
    thread.start()
for thread in asking:
    thread.join()
print(*told, sep="\\n", flush=True)
for number in taken:
    os.close(number)
instance = linker.instantiate(code, limits)
print("then:", instance.call(sys.argv[3], *map(int, sys.argv[4:])).value if len(sys.argv) > 3 else "made", flush=True)
engine.close()
"""

WAITS = (FIXTURES / "sleeper" / "sleeper.wasm", "sleep", "1000")
PRINTS = (FIXTURES / "sleeper" / "sleeper.wasm", "print", "3")
COMMAND = (SAMPLES / "wasi-hello" / "wasi-hello.wasm",)


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("given", [WAITS, PRINTS, COMMAND], ids=["waits", "prints", "command"])
def test_without_descriptors_wasi_is_refused_until_there_are_some(given: tuple[object, ...], threads: int) -> None:
    words = [str(given[0]), str(threads), *map(str, given[1:])]
    ended = subprocess.run(
        [sys.executable, "-c", STARVED, *words], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert ended.returncode == 0, ended.stderr
    *refusals, then = ended.stdout.splitlines()
    assert len(refusals) == threads
    assert all("no file descriptors left for WASI" in refusal for refusal in refusals), refusals
    assert then.startswith("then:")
