"""Very many components of one small artifact: seconds until all run, and memory of each.

``python -m benchmarks.crowds DIRECTORY`` is the process that is looked at: it runs what is in the directory until
all is settled, and prints what it took.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Final

import msgspec

from airssys_tui.runtime.embedded import EmbeddedRuntime
from benchmarks.clock import Effort, once
from benchmarks.guests import EXPORTS, Raw, binary
from benchmarks.memory import resident
from benchmarks.report import Row, beside
from benchmarks.scene import SETTINGS, put_component, scratch

FEW: Final = 10
"""Components beside which the memory of many is counted: what the program takes by itself is in both."""

PATIENCE: Final = 600.0
RAW: Final = "raw instantiate"


class Settled(msgspec.Struct, frozen=True):
    """What a runtime took until all of its components ran.

    Attributes:
        seconds: Of the clock.
        resident: Bytes of memory of the process.
    """

    seconds: float
    resident: int


def residents(effort: Effort) -> Iterator[Row]:
    """Memory of each of a thousand components that were resumed."""
    count = effort.count(1_000)
    with scratch() as few, scratch() as many:
        _put(few, FEW)
        _put(many, count)
        for directory in (few, many):
            _settled(directory)
        yield _memory(f"memory/{count}-components", count, _settled(few), _settled(many))


def crowds(effort: Effort) -> Iterator[Row]:
    """The first start of 5 000 components, and 10 000 that are resumed; takes minutes on a busy machine."""
    first, most = effort.count(5_000), effort.count(10_000)
    raw = Raw(binary(EXPORTS))
    instances = {count: once(lambda many=count: [raw.instantiate() for _ in range(many)]) for count in (first, most)}
    with scratch() as directory:
        _put(directory, first)
        started = _settled(directory)
        yield beside(f"start/{first}-first-deploy", started.seconds, "s", RAW, instances[first])
    with scratch() as few, scratch() as directory:
        _put(few, FEW)
        _put(directory, most)
        _settled(few)
        _settled(directory)
        resumed = _settled(directory)
        yield beside(f"start/{most}-resume", resumed.seconds, "s", RAW, instances[most])
        yield _memory(f"memory/{most}-components", most, _settled(few), resumed)


def _put(directory: Path, count: int) -> None:
    wasm = binary(EXPORTS)
    for number in range(count):
        put_component(directory, f"subject-{number}", wasm)


def _memory(name: str, count: int, few: Settled, many: Settled) -> Row:
    each = (many.resident - few.resident) / (count - FEW)
    return Row(name=name, value=each / 1e3, unit="KB", baseline="each, resumed")


def _settled(directory: Path) -> Settled:
    """Run what is in a directory, in a process of its own."""
    command = (sys.executable, "-m", "benchmarks.crowds", str(directory))
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=PATIENCE)
    return msgspec.json.decode(done.stdout, type=Settled)


def main(directory: Path) -> int:
    """Be the process that is looked at."""
    began = perf_counter()
    runtime = EmbeddedRuntime.open(directory / "components", state_dir=directory / "state", settings=SETTINGS)
    try:
        settled = runtime.wait_settled(PATIENCE)
        taken = Settled(perf_counter() - began, resident())
        states = sorted({str(row.state) for row in runtime.snapshot().components})
    finally:
        runtime.close()
    if not settled or states != ["running"]:
        print(f"not all of them run: {states}", file=sys.stderr)
        return 1
    sys.stdout.write(msgspec.json.encode(taken).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
