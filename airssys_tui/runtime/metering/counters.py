"""What a component uses, counted where it is used.

Counters are written by the one worker that runs the component at a time and read without a lock by the sampler: a torn
read between two counters costs one sample a rounding error, nothing else.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from operator import sub
from typing import Final

import msgspec

PAST_REVISIONS: Final = 32
PERCENTILES: Final = (0.50, 0.95, 0.99)
_SUB: Final = 4
_BUCKETS: Final = 40 * _SUB
_LAST: Final = _BUCKETS - 1
_STEP_NS: Final = 1_000 // _SUB


class LatencyHistogram:
    """Latencies in log-linear buckets: four per power of two of a microsecond, so within 19 % of the truth."""

    __slots__ = ("_counts", "total")

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self.total = 0

    def record(self, nanoseconds: int) -> None:
        """Count one latency."""
        index = nanoseconds // _STEP_NS
        if index >= _SUB:
            exponent = index.bit_length() - 3
            index = exponent * _SUB + (index >> exponent)
        self._counts[index if index < _LAST else _LAST] += 1  # noqa: FURB136 - twice as fast as a call
        self.total += 1

    def reading(self) -> list[int]:
        """Return the counts as they are, to be given to :func:`quantiles` later."""
        return self._counts[:]

    def quantile(self, fraction: float) -> float | None:
        """Return one latency of all calls; see :func:`quantiles`."""
        return self.quantiles((fraction,))[0]

    def quantiles(self, fractions: Sequence[float], since: Sequence[int] | None = None) -> tuple[float | None, ...]:
        """Return latencies of all calls, or of those after an earlier reading; see :func:`quantiles`."""
        return quantiles(self._counts, fractions, since)


def quantiles(
    counts: Sequence[int], fractions: Sequence[float], since: Sequence[int] | None = None
) -> tuple[float | None, ...]:
    """Return the latencies in milliseconds below which those fractions of the calls stayed; nothing without calls.

    Args:
        counts: A reading of a histogram.
        fractions: Of the calls, above 0.
        since: An earlier reading of the same histogram: only the calls after it count.
    """
    sums = list(accumulate(counts if since is None else map(sub, counts, since)))
    total = sums[-1]
    if total <= 0:
        return (None,) * len(fractions)
    return tuple(_upper(bisect_left(sums, fraction * total)) / 1000.0 for fraction in fractions)


def _upper(index: int) -> float:
    if index < 2 * _SUB:
        return (index + 1) / _SUB
    exponent, mantissa = divmod(index - _SUB, _SUB)
    return float((mantissa + _SUB + 1) << exponent) / _SUB


class Cost(msgspec.Struct, frozen=True):
    """What the calls of one revision cost: how many came back, their mean fuel, and their median latency."""

    calls: int
    fuel_per_call: float
    p50_ms: float | None


class Counters:
    """Running totals of one component over all its instances in this runtime."""

    __slots__ = (
        "_before",
        "_of_revision",
        "_past",
        "_revision",
        "calls",
        "cpu_ns",
        "dropped",
        "errors",
        "fuel",
        "latency",
        "wall_ns",
    )

    def __init__(self) -> None:
        self.calls = 0
        self.errors = 0
        self.dropped = 0
        self.fuel = 0
        self.cpu_ns = 0
        self.wall_ns = 0
        self._revision = 0
        self._of_revision = (0, 0)
        self._past: dict[int, Cost] = {}
        self._before: list[int] | None = None
        self.latency = LatencyHistogram()

    def record(self, fuel: int, wall_ns: int, cpu_ns: int) -> None:
        """Count one call that came back."""
        self.calls += 1
        self.fuel += fuel
        self.wall_ns += wall_ns
        self.cpu_ns += cpu_ns
        calls, total = self._of_revision
        self._of_revision = (calls + 1, total + fuel)
        self.latency.record(wall_ns)

    def record_upkeep(self, fuel: int, cpu_ns: int) -> None:
        """Count what the host's own questions cost; they are no calls."""
        self.fuel += fuel
        self.cpu_ns += cpu_ns

    def record_trap(self, fuel: int, wall_ns: int, cpu_ns: int) -> None:
        """Count one call that trapped."""
        self.calls += 1
        self.errors += 1
        self.fuel += fuel
        self.cpu_ns += cpu_ns
        self.latency.record(wall_ns)

    def begin_revision(self, number: int) -> None:
        """Begin the figures per revision anew, keeping those of the last :data:`PAST_REVISIONS`."""
        self._past = dict(list(self.costs().items())[-PAST_REVISIONS:])
        self._revision = number
        self._of_revision = (0, 0)
        self._before = self.latency.reading() if self.latency.total else None

    def costs(self) -> dict[int, Cost]:
        """Return what calls cost by revision, oldest first, for revisions that were called in this runtime."""
        calls, total = self._of_revision
        if not calls:
            return dict(self._past)
        (median,) = self.latency.quantiles((0.5,), self._before)
        return {**self._past, self._revision: Cost(calls, total / calls, median)}

    @property
    def previous(self) -> int | None:
        """The revision that was called before this one in this runtime."""
        return next(reversed(self._past), None)

    def fuel_per_call(self) -> float | None:
        """Return the mean fuel of a call of this revision; nothing before the first one came back."""
        calls, total = self._of_revision
        return total / calls if calls else None
