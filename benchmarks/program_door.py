"""Programs as a component starts them, beside starting them from Python."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any, Final

from airssys_tui.api.commands import Grant
from airssys_tui.core.types.values import Ok
from benchmarks.clock import Effort, once, pair, quantile
from benchmarks.door_crowd import FIXTURES, LIMITS
from benchmarks.report import Row, beside
from benchmarks.scene import PATIENCE, put_component, running, scratch

PROBE: Final = FIXTURES / "process-probe" / "process-probe.wasm"
NAME: Final = "subject"
PROGRAM: Final = "true"
COMMAND: Final[dict[str, Any]] = {
    "program": PROGRAM,
    "arguments": [],
    "environment": [],
    "working-directory": None,
    "timeout": None,
    "output": "nothing",
}


def programs(effort: Effort) -> Iterator[Row]:
    """Start ``true``, wait for its end and drop it: three calls of a component, against ``subprocess.run``."""
    with scratch() as directory:
        put_component(directory, NAME, PROBE.read_bytes(), f'{LIMITS}[capabilities]\nprocess = ["spawn:{PROGRAM}"]')
        with running(directory) as runtime:
            runtime.submit(Grant(NAME, f"process:spawn:{PROGRAM}")).result(PATIENCE)

            def call(export: str, *arguments: object) -> Any:
                answer = runtime.invoke(NAME, export, *arguments).result(PATIENCE)
                if answer is not None and not isinstance(answer, Ok):
                    raise RuntimeError(f"{export}: {answer}")
                return None if answer is None else answer.value

            def door() -> None:
                program = call("spawn", COMMAND)
                call("wait", program, 60_000)
                call("drop-processes", program)

            taken, bare = pair(Effort(effort.rounds, effort.span * 10), door, _bare)
            each = sorted(once(door) for _ in range(effort.count(100)))
            beside_it = sorted(once(_bare) for _ in range(effort.count(100)))
    yield beside("programs/true", taken * 1e3, "ms", "subprocess.run", bare * 1e3)
    slow, slow_bare = quantile(each, 0.95), quantile(beside_it, 0.95)
    yield beside("programs/true-p95", slow * 1e3, "ms", "subprocess.run", slow_bare * 1e3)


def _bare() -> None:
    subprocess.run([PROGRAM], check=True)
