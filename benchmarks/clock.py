"""How time is taken: rounds of many calls, subject and baseline in turn, medians."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from time import perf_counter

import msgspec


class Effort(msgspec.Struct, frozen=True):
    """How much is measured.

    Attributes:
        rounds: Rounds of subject and baseline in turn.
        span: Seconds that one round should take.
        scale: Share of the full number of reloads, components and messages.
    """

    rounds: int = 7
    span: float = 0.02
    scale: float = 1.0

    def count(self, full: int) -> int:
        """Return how many of something to measure."""
        return max(4, int(full * self.scale))


QUICK = Effort(rounds=2, span=0.002, scale=0.02)


def once(work: Callable[..., object], *arguments: object) -> float:
    """Return the seconds that one call takes."""
    started = perf_counter()
    work(*arguments)
    return perf_counter() - started


def calls_per_round(work: Callable[[], object], span: float) -> int:
    """Return how many calls fill a round; the first call warms up and is not counted."""
    work()
    return max(1, int(span / max(once(work), 1e-7)))


def seconds_per_call(work: Callable[[], object], count: int) -> float:
    """Return the mean time of ``count`` calls."""
    calls = range(count)
    started = perf_counter()
    for _ in calls:
        work()
    return (perf_counter() - started) / count


def pair(effort: Effort, subject: Callable[[], object], baseline: Callable[[], object]) -> tuple[float, float]:
    """Return the median seconds per call of two things measured in turn, so that both meet the same weather."""
    works = (subject, baseline)
    counts = [calls_per_round(work, effort.span) for work in works]
    rounds = [
        [seconds_per_call(work, count) for work, count in zip(works, counts, strict=True)] for _ in range(effort.rounds)
    ]
    return statistics.median(one for one, _ in rounds), statistics.median(other for _, other in rounds)


def quantile(values: Sequence[float], fraction: float) -> float:
    """Return the value below which that fraction of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]
