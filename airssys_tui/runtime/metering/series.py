"""Meters over time, in bounded memory, and in almost none for a component at rest.

A step is one tick of the sampler. For a component that does nothing no step is stored: the missing steps are filled in
when the series is read, or when the component does something again, so that the time axis has no gaps.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from math import isnan, nan
from typing import Final

import msgspec

from airssys_tui.api.views.components import History
from airssys_tui.api.views.metering import MeterSeries
from airssys_tui.core.trend import Trend, trend_of
from airssys_tui.runtime.metering.counters import PERCENTILES, Counters, quantiles

RECENT: Final = 120
"""Short steps kept."""

LONG: Final = 120
"""Long steps kept."""

LONG_STEP: Final = 30
"""Short steps in a long one."""

TREND: Final = 60
"""Steps that a trend is computed from."""

_LOAD: Final = ("fuel", "memory", "cpu")
_CALLS: Final = ("calls", "errors", "p50_ms", "p95_ms", "p99_ms")


class _Totals(msgspec.Struct, frozen=True):
    """The counters at one moment; ``latency`` is a reading of the histogram, or None before the first call."""

    fuel: int = 0
    cpu_ns: int = 0
    calls: int = 0
    errors: int = 0
    latency: list[int] | None = None

    @classmethod
    def of(cls, counters: Counters, before: _Totals) -> _Totals:
        calls = counters.calls
        latency = counters.latency.reading() if calls != before.calls else before.latency
        return cls(counters.fuel, counters.cpu_ns, calls, counters.errors, latency)


class _Columns:
    """The last values of each meter, in single precision; columns of calls exist only after the first call."""

    __slots__ = ("_calls", "_kept", "_load")

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._load = tuple(array("f") for _ in _LOAD)
        self._calls: tuple[array[float], ...] | None = None

    @property
    def arrays(self) -> tuple[array[float], ...]:
        """Every column."""
        return (*self._load, *(self._calls or ()))

    def append(self, load: Iterable[float], calls: Iterable[float] | None, times: int = 1) -> None:
        """Append one value to each column, ``times`` times."""
        times = min(times, self._kept)
        if calls is not None and self._calls is None:
            length = len(self._load[0])
            zeros, gaps = array("f", bytes(4 * length)), array("f", [nan]) * length
            self._calls = (zeros, zeros[:], gaps, gaps[:], gaps[:])
        if self._calls is not None:
            self._extend(self._calls, calls or (0.0, 0.0, nan, nan, nan), times)
        self._extend(self._load, load, times)

    def values(self, name: str) -> tuple[float, ...]:
        """Return one column, oldest first."""
        if name in _LOAD:
            return tuple(self._load[_LOAD.index(name)])
        if self._calls is None:
            return ((nan if name.endswith("_ms") else 0.0),) * len(self._load[0])
        return tuple(self._calls[_CALLS.index(name)])

    def series(self, until: float, step: float) -> MeterSeries:
        """Return every column, with None where there was nothing to measure."""
        return MeterSeries(
            until=until,
            step=step,
            fuel=self.values("fuel"),
            memory=_gapped(self.values("memory")),
            cpu=self.values("cpu"),
            calls=self.values("calls"),
            errors=self.values("errors"),
            p50_ms=_gapped(self.values("p50_ms")),
            p95_ms=_gapped(self.values("p95_ms")),
            p99_ms=_gapped(self.values("p99_ms")),
        )

    def _extend(self, columns: tuple[array[float], ...], values: Iterable[float], times: int) -> None:
        for column, value in zip(columns, values, strict=True):
            if times == 1:
                column.append(value)
            else:
                column.extend([value] * times)
            if len(column) > self._kept:
                del column[: len(column) - self._kept]


class SampleTick(msgspec.Struct, frozen=True):
    """One step of the sampler.

    Attributes:
        number: Grows by one, or by more if the sampler was late.
        at: Unix time.
        step: Seconds between two steps, as configured.
        span: Seconds since the previous step.
    """

    number: int
    at: float
    step: float
    span: float


class Series:
    """The meters of one component over time, and its rates over the last step.

    Attributes:
        fuel: Fuel units per second.
        calls: Calls per second.
        cpu: Share of a core.
    """

    __slots__ = (
        "_active",
        "_bin",
        "_bin_start",
        "_last",
        "_long",
        "_memory",
        "_number",
        "_recent",
        "calls",
        "cpu",
        "fuel",
    )

    def __init__(self) -> None:
        self.fuel = 0.0
        self.calls = 0.0
        self.cpu = 0.0
        self._number = 0
        self._active: int | None = None
        self._memory = nan
        self._last = self._bin_start = _NOTHING
        self._recent: _Columns | None = None
        self._long: _Columns | None = None
        self._bin = 0

    @property
    def resting(self) -> bool:
        """Whether no step is stored: nothing has happened for so long that every stored step was quiet."""
        return self._recent is None

    @property
    def stored(self) -> tuple[array[float], ...]:
        """Every array of values that takes memory."""
        columns = [held for held in (self._recent, self._long) if held is not None]
        return tuple(column for held in columns for column in held.arrays)

    def rests(self, counters: Counters) -> bool:
        """Return whether there is nothing to store: nothing happened, and the stored steps are all quiet."""
        return self._recent is None and counters.fuel == self._last.fuel and counters.calls == self._last.calls

    def sample(self, tick: SampleTick, counters: Counters, memory: int | None) -> bool:
        """Store one step.

        Args:
            tick: The step.
            counters: The totals.
            memory: Bytes in use, if known.

        Returns:
            Whether anything shown may differ from the last step.
        """
        totals, before = _Totals.of(counters, self._last), self._last
        now_used = nan if memory is None else float(memory)
        happened = totals.calls != before.calls or (self._active is not None and _differ(now_used, self._memory))
        if self._recent is None and not happened:
            # The host's own calls to a component at rest are counted, not shown.
            self._close_bin(tick)
            self._last, self._memory = totals, now_used
            return False
        self._fill(tick.number - 1)
        self._close_bin(tick)
        self.fuel = (totals.fuel - before.fuel) / tick.span
        self.calls = (totals.calls - before.calls) / tick.span
        self.cpu = (totals.cpu_ns - before.cpu_ns) / 1e9 / tick.span
        load, calls = (self.fuel, now_used, self.cpu), _of_calls(totals, before, tick.span)
        self._recent = recent = self._recent or _Columns(RECENT)
        recent.append(load, calls, max(1, tick.number - self._number))
        self._number, self._memory, self._last = tick.number, now_used, totals
        if happened or self._active is None:
            self._active = tick.number
        elif tick.number - self._active > RECENT:
            self._recent = None
            self.fuel = self.calls = self.cpu = 0.0
        return True

    def history(self) -> History:
        """Return the last steps."""
        recent = self._recent
        if recent is not None:
            memory, latency = _zeroed(recent.values("memory")), _zeroed(recent.values("p50_ms"))
            return History(recent.values("fuel"), memory, latency)
        if self._active is None:
            return History()
        return History(_QUIET, (0.0 if isnan(self._memory) else self._memory,) * RECENT, _QUIET)

    def memory_trend(self, step: float) -> Trend | None:
        """Return the trend of the memory over the last :data:`TREND` steps of ``step`` seconds, or None."""
        if self._recent is None:
            return None
        memory = self._recent.values("memory")[-TREND:]
        return None if any(map(isnan, memory)) else trend_of(memory, step)

    def recent(self, tick: SampleTick, memory: int | None) -> MeterSeries:
        """Return the last steps, including the present one.

        Args:
            tick: The present step.
            memory: Bytes in use now, if known.
        """
        columns = self._recent
        if columns is None:
            columns = _Columns(RECENT)
            columns.append((0.0, nan if memory is None else float(memory), 0.0), None, tick.number)
        return columns.series(tick.at, tick.step)

    def long(self, tick: SampleTick) -> MeterSeries:
        """Return the long steps that are complete."""
        self._close_bin(tick)
        columns = self._long or _Columns(LONG)
        return columns.series(tick.at - tick.step * (tick.number % LONG_STEP), tick.step * LONG_STEP)

    def _fill(self, number: int) -> None:
        """Fill in the quiet steps of a rest that has ended, up to that number."""
        if self._recent is None:
            self._recent = _Columns(RECENT)
            self._recent.append((0.0, self._memory, 0.0), None, number)
            self._number = number

    def _close_bin(self, tick: SampleTick) -> None:
        """Complete the present long step if the tick belongs to a later one; those between were quiet."""
        number = tick.number // LONG_STEP
        if number <= self._bin:
            return
        start, end = self._bin_start, self._last
        if self._long is None and end is not start:
            self._long = _Columns(LONG)
            self._long.append((0.0, nan, 0.0), None, self._bin)
        if self._long is not None:
            seconds = tick.step * LONG_STEP
            load = ((end.fuel - start.fuel) / seconds, self._memory, (end.cpu_ns - start.cpu_ns) / 1e9 / seconds)
            self._long.append(load, _of_calls(end, start, seconds))
            self._long.append((0.0, self._memory, 0.0), None, number - self._bin - 1)
        self._bin, self._bin_start = number, end


_NOTHING: Final = _Totals()
_QUIET: Final = (0.0,) * RECENT


def _of_calls(now: _Totals, before: _Totals, span: float) -> tuple[float, ...] | None:
    """Return the columns of the calls between two moments, or None without calls."""
    calls = now.calls - before.calls
    if calls <= 0 or now.latency is None:
        return None
    latency = quantiles(now.latency, PERCENTILES, before.latency)
    return (calls / span, (now.errors - before.errors) / span, *(nan if value is None else value for value in latency))


def _differ(one: float, other: float) -> bool:
    return one != other and not (isnan(one) and isnan(other))


def _gapped(values: tuple[float, ...]) -> tuple[float | None, ...]:
    return tuple(None if isnan(value) else value for value in values)


def _zeroed(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(0.0 if isnan(value) else value for value in values)
