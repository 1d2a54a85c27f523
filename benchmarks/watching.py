"""What watching costs while nothing happens: one survey of a large folder, and its share of a core."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from statistics import median
from typing import Final

from airssys_tui.runtime.sources.stamps import survey
from airssys_tui.runtime.sources.watch import survey_period
from benchmarks.clock import Effort
from benchmarks.report import Row, beside
from benchmarks.scene import scratch

COMPONENTS: Final = 5_000
MILLI: Final = 1000.0


def surveys(effort: Effort) -> Iterator[Row]:
    """A survey of 10 000 files in 5 000 directories, against nothing but asking the system for each file."""
    count = effort.count(COMPONENTS)
    with scratch() as directory:
        files = []
        for number in range(count):
            component = directory / f"component-{number:05}"
            component.mkdir()
            for name in ("Component.toml", "component.wasm"):
                (component / name).write_text("x")
                files.append(str(component / name))
        costs = [survey(directory).cost for _ in range(5)]
        bare = []
        for _ in range(5):
            began = time.thread_time()
            for file in files:
                os.stat(file)  # noqa: PTH116 - the bare call is what is measured
            bare.append(time.thread_time() - began)
    cost = median(costs)
    name = f"watch/survey-{2 * count}-files"
    yield beside(name, cost * MILLI, "ms", "nothing but a stat of each file", median(bare) * MILLI)
    yield _share("watch/survey-share", cost, polls=False)
    yield _share("watch/polling-share", cost, polls=True)


def _share(name: str, cost: float, *, polls: bool) -> Row:
    every = survey_period(cost, polls=polls)
    return Row(name=name, value=100 * cost / every, unit="%", baseline=f"of one core, one survey in {every:.1f} s")
