"""Counters of what a component uses: calls, fuel, CPU time, latencies.

They are written by the one worker that runs the component at that moment, and read by the sampler without a lock. A
read between two writes costs one sample a rounding error, nothing else.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from operator import sub
from typing import Final

import msgspec

from airssys_tui.api.views.metering import LATENCY_BOUNDS

PAST_REVISIONS: Final = 32
PERCENTILES: Final = (0.50, 0.95, 0.99)
_SUB: Final = 4
_BUCKETS: Final = 40 * _SUB
_LAST: Final = _BUCKETS - 1
_STEP_NS: Final = 1_000 // _SUB


def _bucket(steps: int) -> int:
    """Return the bucket of a latency, in steps of :data:`_STEP_NS`."""
    if steps < _SUB:
        return steps
    exponent = steps.bit_length() - 3
    return min(_LAST, exponent * _SUB + (steps >> exponent))


_SOON: Final = bytes(map(_bucket, range(400)))
"""The buckets of latencies below a tenth of a millisecond, which are most."""

_SOON_STEPS: Final = len(_SOON)


_NOTHING: Final = [0] * _BUCKETS
"""The buckets before the first latency; never written to."""


class LatencyHistogram:
    """Latencies in log-linear buckets: four per power of two of a microsecond, accurate to 19 %."""

    __slots__ = ("_counts", "total")

    def __init__(self) -> None:
        self._counts = _NOTHING
        self.total = 0

    def record(self, nanoseconds: int) -> None:
        """Count one latency."""
        if not self.total:  # most components of a large folder are never called
            self._counts = [0] * _BUCKETS
        steps = nanoseconds // _STEP_NS
        self._counts[_SOON[steps] if steps < _SOON_STEPS else _bucket(steps)] += 1
        self.total += 1

    def reading(self) -> list[int]:
        """Return a copy of the counts, for :func:`quantiles` later."""
        return self._counts[:]

    def buckets(self) -> tuple[int, ...]:
        """Return how many latencies are at most as long as each of ``LATENCY_BOUNDS``; empty if there are none."""
        if not self.total:
            return ()
        sums = list(accumulate(self._counts[: _BOUNDARIES[-1]]))
        return tuple(sums[index - 1] for index in _BOUNDARIES)

    def quantile(self, fraction: float) -> float | None:
        """Return one latency of all calls; see :func:`quantiles`."""
        return self.quantiles((fraction,))[0]

    def quantiles(self, fractions: Sequence[float], since: Sequence[int] | None = None) -> tuple[float | None, ...]:
        """Return latencies of all calls, or of those after an earlier reading; see :func:`quantiles`."""
        if not self.total:  # the row of each component that nobody has called asks
            return (None,) * len(fractions)
        return quantiles(self._counts, fractions, since)


def _boundary(microseconds: int) -> int:
    """Return how many buckets lie below a latency that is a bound of one, such as a power of two from 2 on."""
    index = _bucket(microseconds * _SUB)
    assert _upper(index - 1) == microseconds  # noqa: S101 - the bounds are a table of this program
    return index


def quantiles(
    counts: Sequence[int], fractions: Sequence[float], since: Sequence[int] | None = None
) -> tuple[float | None, ...]:
    """Return quantiles of the latencies in milliseconds; None for each without calls.

    Args:
        counts: A reading of a histogram.
        fractions: Fractions of the calls, above 0.
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


_BOUNDARIES: Final = tuple(_boundary(round(bound * 1e6)) for bound in LATENCY_BOUNDS)


class Cost(msgspec.Struct, frozen=True):
    """The cost of the calls of one revision: how many returned, their mean fuel, their median latency."""

    calls: int
    fuel_per_call: float
    p50_ms: float | None


class Counters:
    """Totals of one component over all its instances in this runtime."""

    __slots__ = (
        "_before",
        "_past",
        "_revision",
        "_revision_calls",
        "_revision_fuel",
        "calls",
        "cpu_ns",
        "dropped",
        "errors",
        "fuel",
        "hand_traps",
        "latency",
        "wall_ns",
    )

    def __init__(self) -> None:
        self.calls = 0
        self.errors = 0
        self.hand_traps = 0
        self.dropped = 0
        self.fuel = 0
        self.cpu_ns = 0
        self.wall_ns = 0
        self._revision = 0
        self._revision_calls = self._revision_fuel = 0
        self._past: dict[int, Cost] = {}
        self._before: list[int] | None = None
        self.latency = LatencyHistogram()

    def record(self, fuel: int, wall_ns: int, cpu_ns: int) -> None:
        """Count one call that returned."""
        self.calls += 1
        self.fuel += fuel
        self.wall_ns += wall_ns
        self.cpu_ns += cpu_ns
        self._revision_fuel += fuel
        self._revision_calls += 1
        self.latency.record(wall_ns)

    def record_upkeep(self, fuel: int, cpu_ns: int) -> None:
        """Count the cost of one of the host's own calls; it does not count as a call."""
        self.fuel += fuel
        self.cpu_ns += cpu_ns

    def record_trap(self, fuel: int, wall_ns: int, cpu_ns: int, *, by_hand: bool = False) -> None:
        """Count one call that trapped; one made by hand is counted apart, with the resources that it used."""
        if by_hand:
            self.hand_traps += 1
            self.record_upkeep(fuel, cpu_ns)
            return
        self.calls += 1
        self.errors += 1
        self.fuel += fuel
        self.wall_ns += wall_ns
        self.cpu_ns += cpu_ns
        self.latency.record(wall_ns)

    def begin_revision(self, number: int) -> None:
        """Start counting for another revision, or for one in code of another tier; the last ones are kept."""
        self._past = dict(list(self.costs().items())[-PAST_REVISIONS:])
        self._revision = number
        self._revision_calls = self._revision_fuel = 0
        self._before = self.latency.reading() if self.latency.total else None

    def costs(self) -> dict[int, Cost]:
        """Return the costs of calls by revision, oldest first, of revisions that were called in this runtime."""
        calls, total = self._revision_calls, self._revision_fuel
        if not calls:
            return dict(self._past)
        (median,) = self.latency.quantiles((0.5,), self._before)
        return {**self._past, self._revision: Cost(calls, total / calls, median)}

    @property
    def previous(self) -> int | None:
        """The previous revision that was called in this runtime."""
        return next((number for number in reversed(self._past) if number != self._revision), None)

    def fuel_per_call(self) -> float | None:
        """Return the mean fuel of a call of this revision, or None before the first one returned."""
        calls, total = self._revision_calls, self._revision_fuel
        return total / calls if calls else None
