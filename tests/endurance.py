"""``python -m tests.endurance``: thousands of reloads and rollbacks of one component, counted and measured.

Under load, four callers increment a counter while it is swapped: the final value must equal what was acknowledged, and
the pauses of the swaps are shown as a distribution. Without load, the growth of this process's memory is shown. Ends
with 1 when something is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles

import msgspec

from airssys_tui.api.commands import Rollback
from airssys_tui.core.events import Event, EventAction
from airssys_tui.core.units import parse_duration
from tests.support.callers import Callers
from tests.support.components import Crafted
from tests.support.world import World

SETTLED = 200
"""Reloads after which memory is looked at for the first time."""

STEPS = 20
"""Times that memory is looked at on the way."""

MOST_GROWTH = 5.0
"""Percent that the process may grow by afterwards."""


class Pauses(msgspec.Struct, frozen=True):
    """For how long calls were held by the swaps, in milliseconds."""

    count: int
    p50: float
    p95: float
    p99: float
    longest: float


class Endured(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a component that was swapped again and again under load.

    Attributes:
        strategy: How it was swapped.
        acknowledged: Increments that callers were told of.
        counted: What the component had counted to at the end, and again after a restart of the runtime.
        revision: The last revision.
        seconds: How long it took.
        pauses: Of the swaps.
    """

    strategy: str
    acknowledged: int
    counted: tuple[int, int]
    revision: int
    seconds: float
    pauses: Pauses

    @property
    def lossless(self) -> bool:
        """Whether every acknowledged increment was counted, once."""
        return self.counted == (self.acknowledged, self.acknowledged)


class Step(msgspec.Struct, frozen=True):
    """Resident memory in MiB after so many reloads, and the processor's and the clock's milliseconds of one of them."""

    reloads: int
    resident: float
    cpu: float
    wall: float


class Growth(msgspec.Struct, frozen=True):
    """Resident memory after the first reloads and after all of them, in MiB, the growth in percent, and the way there.

    The last reloads must not take longer than the first ones either.
    """

    reloads: int
    before: float
    after: float
    percent: float
    steps: tuple[Step, ...]


def endure(world: World, reloads: int, rollbacks: int, strategy: str = "blue-green") -> Endured:
    """Reload, then roll back, a component so many times while four callers increment it.

    Args:
        world: An empty one; its runtime is closed afterwards.
        reloads: New digests deployed, as when the watcher reports them.
        rollbacks: Rollbacks, each to the revision before.
        strategy: ``blue-green`` or ``stop-start``.
    """
    manifest = f'[deployment]\nstrategy = "{strategy}"\n'
    world.put("c", Crafted(salt="0"), manifest)
    world.open()
    paused: list[float] = []
    world.runtime.listen(_pauses_into(paused))
    callers, started = Callers(world, "c", "add"), time.perf_counter()
    try:
        for number in range(reloads):
            world.install("c", Crafted(salt=f"{number + 1}"), manifest)
            callers.everyone_moves()
        for number in range(rollbacks):
            world.do(Rollback("c", to=reloads + number))
            callers.everyone_moves()
    finally:
        acknowledged = callers.end()
    seconds = time.perf_counter() - started
    first, revision = world.call("c", "get"), world.row("c").revision
    world.reopen()
    again = world.call("c", "get")
    return Endured(
        strategy=strategy,
        acknowledged=acknowledged,
        counted=(first, again),
        revision=revision or 0,
        seconds=seconds,
        pauses=_distribution(paused),
    )


def grow(world: World, reloads: int) -> Growth:
    """Reload a component so many times without load; return how much this process grew after the first ones."""
    world.put("c", Crafted(salt="0"))
    world.open()
    settled, every = min(SETTLED, reloads // 5), max(1, reloads // STEPS)
    steps = [Step(0, _resident(), 0.0, 0.0)]
    cpu, wall = time.process_time(), time.perf_counter()
    for number in range(1, reloads + 1):
        world.install("c", Crafted(salt=f"{number}"))
        if number in {settled, reloads} or number % every == 0:
            spent, passed = time.process_time() - cpu, time.perf_counter() - wall
            each = 1000 / (number - steps[-1].reloads)
            steps.append(Step(number, round(_resident(), 1), round(spent * each, 1), round(passed * each, 1)))
            cpu, wall = cpu + spent, wall + passed
    before = next(step.resident for step in steps if step.reloads == settled)
    after = steps[-1].resident
    return Growth(reloads, before, after, round((after - before) / before * 100, 1), tuple(steps))


def _pauses_into(paused: list[float]) -> Callable[[Event], None]:
    def note(event: Event) -> None:
        if event.action == EventAction.SWITCHED:
            paused.append(parse_duration(event.text.partition(" in ")[2].split(" (")[0]) * 1000)

    return note


def _distribution(paused: list[float]) -> Pauses:
    cuts = quantiles(paused, n=100, method="inclusive")
    return Pauses(len(paused), round(cuts[49], 2), round(cuts[94], 2), round(cuts[98], 2), round(max(paused), 2))


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    """Run what was asked for and print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance", description=__doc__)
    parser.add_argument("--reloads", type=int, default=1_000, help="under load, with each strategy")
    parser.add_argument("--rollbacks", type=int, default=300, help="under load, with each strategy")
    parser.add_argument("--growth", type=int, default=10_000, metavar="RELOADS", help="without load")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        good = all([_shown(Path(root), "growth", given), *(_shown(Path(root), s, given) for s in _STRATEGIES)])
    return 0 if good else 1


_STRATEGIES = ("blue-green", "stop-start")


def _shown(root: Path, what: str, given: argparse.Namespace) -> bool:
    (root / what).mkdir()
    world = World(root / what)
    try:
        if what == "growth":
            growth = grow(world, given.growth)
            good, figures = growth.percent < MOST_GROWTH, msgspec.to_builtins(growth)
        else:
            endured = endure(world, given.reloads, given.rollbacks, what)
            good, figures = endured.lossless, msgspec.to_builtins(endured)
    finally:
        world.close()
    print(json.dumps({"good": good, **figures}, indent=2), flush=True)
    return good


if __name__ == "__main__":
    sys.exit(main())
