"""How the work grows with the folder: seven things at several sizes, and the exponent of each.

``python -m benchmarks.growth [--largest N] [--json]`` measures larger folders than ``python -m benchmarks growth``. The
exponent is that of ``seconds ~ n^k``, by least squares on the logarithms: 1 is in proportion, 2 is the square. It is
made from the processor's seconds of all threads, which a busy machine changes less than those of the clock; both are
shown.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

import msgspec

from airssys_tui.cli.main import main as command_line
from airssys_tui.runtime.embedded import EmbeddedRuntime
from benchmarks.clock import Effort
from benchmarks.guests import EXPORTS, binary
from benchmarks.judgement import judged
from benchmarks.release import last_release
from benchmarks.report import Row, number, table
from benchmarks.scene import PATIENCE, SETTINGS, put_component, scratch

LARGEST: Final = 500
"""Components of the largest folder; each smaller one has half as many."""

SIZES: Final = 3
REPEATS: Final = 3
"""How often a thing that changes nothing is done; the quickest counts."""


class Spent(msgspec.Struct, frozen=True, order=True):
    """Seconds of the clock, and of the processor, that something took."""

    clock: float
    processor: float


Times = Mapping[str, Spent]


def growth(effort: Effort) -> Iterator[Row]:
    """Start, resume, look at, show, list, plan and publish folders of several sizes."""
    yield from exponents(effort.count(LARGEST))


def exponents(largest: int) -> Iterator[Row]:
    """Return a row for each thing: its exponent, and the seconds that it took at each size."""
    sizes = sorted({max(2, largest >> halved) for halved in range(SIZES)})
    measured = {size: _measure(size) for size in sizes}
    for name in measured[sizes[0]]:
        spent = [measured[size][name] for size in sizes]
        took = " · ".join(f"{number(each.clock)} ({number(each.processor)})" for each in spent)
        yield Row(
            name=f"growth/{name}",
            value=exponent(sizes, [each.processor for each in spent]),
            unit="seconds ~ n^k",
            baseline=f"{' · '.join(map(str, sizes))}: {took} s",
        )


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return k of ``seconds ~ n^k``, by least squares on the logarithms."""
    x, y = [math.log(size) for size in sizes], [math.log(max(each, 1e-9)) for each in seconds]
    middle, level = sum(x) / len(x), sum(y) / len(y)
    spread = sum((each - middle) ** 2 for each in x)
    if not spread:
        return math.nan
    return sum((one - middle) * (other - level) for one, other in zip(x, y, strict=True)) / spread


def _spent(work: Callable[[], object]) -> Spent:
    clock, processor = perf_counter(), process_time()
    work()
    return Spent(perf_counter() - clock, process_time() - processor)


def _measure(count: int) -> Times:
    """Return the seconds of everything, for a folder of so many components of one small artifact."""
    wasm = binary(EXPORTS)
    with scratch() as directory:
        for index in range(count):
            put_component(directory, f"subject-{index}", wasm)
        runtimes: list[EmbeddedRuntime] = []
        first = _spent(lambda: runtimes.append(_started(directory)))
        try:
            _require_running(runtimes[-1], count)
            times = {"first-start": first, **_at_rest(runtimes[-1])}
        finally:
            runtimes[-1].close()
        times["list"] = _quickest(lambda: _list(directory))
        times["resume"] = _spent(lambda: runtimes.append(_started(directory)))
        runtimes[-1].close()
    return times


def _started(directory: Path) -> EmbeddedRuntime:
    runtime = EmbeddedRuntime.open(directory / "components", state_dir=directory / "state", settings=SETTINGS)
    if not runtime.wait_settled(10 * PATIENCE):
        runtime.close()
        raise TimeoutError("the runtime has not settled")
    return runtime


def _require_running(runtime: EmbeddedRuntime, count: int) -> None:
    states = [str(row.state) for row in runtime.snapshot().components]
    if states != ["running"] * count:
        raise RuntimeError(f"not all of them run: {sorted(set(states))}")


def _at_rest(runtime: EmbeddedRuntime) -> dict[str, Spent]:
    """Measure what is done again and again while the runtime runs."""
    probe = runtime.probe
    system = probe.system

    async def publish() -> Spent:
        for component in system.router:
            component.shown.touch()
        return _spent(system.observer.publish)

    return {
        "look-at-folder": _quickest(lambda: probe.run(system.scan.run).result(PATIENCE)),
        "snapshot": _quickest(runtime.snapshot),
        "publish": min(probe.run(publish).result(PATIENCE) for _ in range(REPEATS)),
        "gc-plan": _quickest(lambda: runtime.collect(dry=True).result(PATIENCE)),
    }


def _list(directory: Path) -> None:
    """List the folder from its record, in this process: what does not grow is loaded by then."""
    places = ("--folder", str(directory / "components"), "--state-dir", str(directory / "state"))
    with contextlib.redirect_stdout(io.StringIO()):
        code = command_line(["list", "--json", *places])
    if code:
        raise RuntimeError(f"list ended with {code}")


def _quickest(work: Callable[[], object]) -> Spent:
    return min(_spent(work) for _ in range(REPEATS))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure up to the size that is asked for and print the rows; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--largest", type=int, default=4 * LARGEST, help="components of the largest folder")
    parser.add_argument("--json", action="store_true", help="rows as a JSON list")
    chosen = parser.parse_args(arguments)
    rows = judged(exponents(chosen.largest), ["growth"], last_release())
    print(msgspec.json.encode(rows).decode() if chosen.json else table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
