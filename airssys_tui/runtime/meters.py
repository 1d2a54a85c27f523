"""What a component uses, counted where it is used and sampled once a second.

Counters are written by the one worker that runs the component at a time and read without a lock by the sampler: a torn
read between two counters costs one sample a rounding error, nothing else.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from airssys_tui.api.views import History

HISTORY: Final = 120
PAST_REVISIONS: Final = 32
_SUB: Final = 4
_BUCKETS: Final = 40 * _SUB


class LatencyHistogram:
    """Latencies in log-linear buckets: four per power of two of a microsecond, so within 19 % of the truth."""

    __slots__ = ("_counts", "total")

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self.total = 0

    def record(self, nanoseconds: int) -> None:
        """Count one latency."""
        micros = (nanoseconds * _SUB) // 1000
        if micros < _SUB:
            index = micros
        else:
            exponent = micros.bit_length() - 3
            index = min(_BUCKETS - 1, exponent * _SUB + (micros >> exponent))
        self._counts[index] += 1
        self.total += 1

    def quantile(self, fraction: float) -> float | None:
        """Return the latency in milliseconds below which that fraction of the calls stayed; nothing without calls."""
        if self.total == 0:
            return None
        wanted = fraction * self.total
        seen = 0
        for index, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return self._upper(index) / 1000.0
        return None

    @staticmethod
    def _upper(index: int) -> float:
        if index < 2 * _SUB:
            return (index + 1) / _SUB
        exponent, mantissa = divmod(index - _SUB, _SUB)
        return float((mantissa + _SUB + 1) << exponent) / _SUB


class Counters:
    """Running totals of one component over all its instances in this runtime."""

    __slots__ = (
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
        self._past: dict[int, float] = {}
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
        """Begin the figures per revision anew, keeping the means of the last :data:`PAST_REVISIONS`."""
        self._past = dict(list(self.fuel_per_call().items())[-PAST_REVISIONS:])
        self._revision = number
        self._of_revision = (0, 0)

    def fuel_per_call(self) -> dict[int, float]:
        """Return the mean fuel of a call by revision, for revisions that were called in this runtime."""
        calls, total = self._of_revision
        return {**self._past, self._revision: total / calls} if calls else dict(self._past)


class Rates:
    """Per-second figures from two readings of the counters, and the history of them."""

    __slots__ = (
        "_at",
        "_calls",
        "_cpu",
        "_fuel",
        "_memory",
        "_quiet",
        "_series_fuel",
        "_series_latency",
        "calls",
        "cpu",
        "fuel",
    )

    def __init__(self) -> None:
        self._at: float | None = None
        self._fuel = 0
        self._calls = 0
        self._cpu = 0
        self.fuel = 0.0
        self.calls = 0.0
        self.cpu = 0.0
        self._quiet = 0
        self._series_fuel: deque[float] = deque(maxlen=HISTORY)
        self._memory: deque[float] = deque(maxlen=HISTORY)
        self._series_latency: deque[float] = deque(maxlen=HISTORY)

    def sample(self, now: float, counters: Counters, memory: int | None) -> bool:
        """Take one sample.

        Args:
            now: Monotonic seconds.
            counters: The totals.
            memory: Bytes in use, if known.

        Returns:
            Whether anything that is shown may differ from the last sample.
        """
        before = (self.fuel, self.calls, self.cpu, self._memory[-1] if self._memory else None)
        if self._at is not None and now > self._at:
            span = now - self._at
            calls = counters.calls - self._calls
            self.fuel = (counters.fuel - self._fuel) / span
            self.calls = calls / span
            self.cpu = (counters.cpu_ns - self._cpu) / 1e9 / span
            self._series_fuel.append(self.fuel)
            self._memory.append(float(memory or 0))
            self._series_latency.append((counters.latency.quantile(0.5) or 0.0) if calls else 0.0)
            self._quiet = 0 if calls else self._quiet + 1
        self._at = now
        self._fuel, self._calls, self._cpu = counters.fuel, counters.calls, counters.cpu_ns
        # A burst must wander out of the sparklines on the left before the row may rest.
        shown = self._quiet <= HISTORY and any(self._series_fuel)
        return shown or before != (self.fuel, self.calls, self.cpu, self._memory[-1] if self._memory else None)

    def history(self) -> History:
        """Return the last samples."""
        return History(tuple(self._series_fuel), tuple(self._memory), tuple(self._series_latency))
