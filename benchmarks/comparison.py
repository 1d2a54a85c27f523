"""Two checkouts measured in turn, figure by figure: the ratio of each pair holds where the machine's speed drifts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import msgspec

from benchmarks.report import Row, columns, number

HERE: Final = Path(__file__).parents[1]
PATIENCE: Final = 1800.0
"""Seconds after which one group of one checkout is given up."""

Measure = Callable[[Path, str], dict[str, Row]]
"""Measures a group in a checkout and returns its rows by name."""


class Pairs(msgspec.Struct, frozen=True):
    """A figure of two checkouts, measured in turn.

    Attributes:
        name: Of the row.
        unit: What it counts.
        here: The figures of this checkout.
        there: Those of the other one, in the same order.
    """

    name: str
    unit: str
    here: tuple[float, ...]
    there: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """This checkout's figure by the other one's, pair by pair; pairs with nothing to divide by are left out."""
        return [one / other for one, other in zip(self.here, self.there, strict=True) if other]


def compare(other: Path, groups: Iterable[str], rounds: int, measure: Measure) -> list[Pairs]:
    """Measure groups in two checkouts, in turn, and pair the figures that both have.

    Args:
        other: The other checkout.
        groups: Names of the groups.
        rounds: Pairs of each figure. Every other one begins with the other checkout.
        measure: Measures one group.
    """
    pairs: list[Pairs] = []
    for group in groups:
        here: list[dict[str, Row]] = []
        there: list[dict[str, Row]] = []
        for turn in range(rounds):
            both = ((HERE, here), (other, there))
            for checkout, found in both if turn % 2 == 0 else reversed(both):
                found.append(measure(checkout, group))
        pairs += _paired(here, there)
    return pairs


def _paired(here: Sequence[dict[str, Row]], there: Sequence[dict[str, Row]]) -> list[Pairs]:
    pairs = []
    for name, row in here[0].items():
        both = [(one.get(name), other.get(name)) for one, other in zip(here, there, strict=True)]
        values = [(one.value, other.value) for one, other in both if one and other and one.unit == other.unit]
        known = [(one, other) for one, other in values if one is not None and other is not None]
        if len(known) == len(both):
            pairs.append(Pairs(name, row.unit, tuple(one for one, _ in known), tuple(other for _, other in known)))
    return pairs


def in_process_of_its_own(*options: str) -> Measure:
    """Return what measures a group with the benchmarks and the program of a checkout, in its environment if it has one.

    A group that the checkout does not have, or cannot measure, has no rows; why is told on standard error.
    """

    def measure(checkout: Path, group: str) -> dict[str, Row]:
        own = checkout / ".venv" / "bin" / "python"
        python = str(own) if own.exists() else sys.executable
        command = (python, "-m", "benchmarks", "--json", *options, group)
        # What a benchmark starts has to come from the checkout, too, wherever it is started.
        environment = {**os.environ, "PYTHONPATH": str(checkout)}
        done = subprocess.run(
            command, cwd=checkout, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            print(f"{checkout}: {group}: {last}", file=sys.stderr)
            return {}
        return {row.name: row for row in msgspec.json.decode(done.stdout, type=list[Row])}

    return measure


def table_of_pairs(pairs: Iterable[Pairs]) -> str:
    """Lay pairs out: medians of both checkouts, and median, least and most of the ratios."""
    head = ("figure", "unit", "here", "there", "here/there", "least", "most")
    lines = [
        (
            each.name,
            each.unit,
            number(median(each.here)),
            number(median(each.there)),
            *(number(pick(each.ratios)) if each.ratios else "" for pick in (median, min, max)),
        )
        for each in pairs
    ]
    return columns(head, lines, right={2, 3, 4, 5, 6})
