"""A component's own metrics: counters, gauges and distributions, bounded and safe to show."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Sequence
from typing import Final

import msgspec

from airssys_tui.core.text import one_line

MAX_SERIES: Final = 200
MAX_LABELS: Final = 8
MAX_NAME: Final = 64
MAX_VALUE: Final = 128

_WIDTH: Final = math.log(1.1)
"""Each bucket of a distribution is 10 % wider than the previous one."""

_LEAST: Final = 1e-9
_MOST: Final = 1e12

_ODD: Final = re.compile(r"[^A-Za-z0-9_]")

Labels = tuple[tuple[str, str], ...]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The current value of one series.

    Attributes:
        name: Its name.
        kind: ``counter``, ``gauge`` or ``histogram``.
        labels: Names and values, sorted by name.
        value: The sum, or the last value of a gauge.
        count: Observations of a distribution.
        quantiles: p50, p95 and p99 of a distribution.
    """

    name: str
    kind: str
    labels: Labels = ()
    value: float = 0.0
    count: int = 0
    quantiles: tuple[float, float, float] | None = None


class _Series:
    """One series: a sum or last value, and buckets for a distribution."""

    __slots__ = ("buckets", "count", "value")

    def __init__(self) -> None:
        self.value: float = 0
        self.count = 0
        self.buckets: dict[int, int] = {}

    def observe(self, value: float) -> None:
        self.value += value
        self.count += 1
        bucket = round(math.log(min(max(value, _LEAST), _MOST)) / _WIDTH)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    def quantile(self, share: float) -> float:
        rank, seen = share * self.count, 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= rank:
                return 0.0 if bucket <= round(math.log(_LEAST) / _WIDTH) else math.exp(bucket * _WIDTH)
        return 0.0


class Measures:
    """The metrics of one component. Thread-safe.

    Attributes:
        dropped: Calls dropped: too many series, another kind of metric, or a value that is not a number.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kinds: dict[str, str] = {}
        self._series: dict[tuple[str, Labels], _Series] = {}
        self.dropped = 0

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self._series)

    def add(self, name: str, by: int, labels: Sequence[tuple[str, str]]) -> None:
        """Add to a counter."""
        with self._lock:
            series = self._find("counter", name, labels)
            if series is not None:
                series.value += by

    def set(self, name: str, value: float, labels: Sequence[tuple[str, str]]) -> None:
        """Set a gauge."""
        with self._lock:
            series = self._find("gauge", name, labels, fits=math.isfinite(value))
            if series is not None:
                series.value = value

    def record(self, name: str, value: float, labels: Sequence[tuple[str, str]]) -> None:
        """Record an observation of a distribution."""
        with self._lock:
            series = self._find("histogram", name, labels, fits=math.isfinite(value) and value >= 0)
            if series is not None:
                series.observe(value)

    def take_in(self, other: Measures) -> None:
        """Merge the metrics of another instance."""
        with other._lock, self._lock:
            for (name, labels), found in other._series.items():
                kind = other._kinds[name]
                series = self._find(kind, name, labels)
                if series is None:
                    continue
                series.value = found.value if kind == "gauge" else series.value + found.value
                series.count += found.count
                for bucket, count in found.buckets.items():
                    series.buckets[bucket] = series.buckets.get(bucket, 0) + count
            self.dropped += other.dropped

    def read(self) -> tuple[Measured, ...]:
        """Return all series, sorted by name and labels."""
        with self._lock:
            return tuple(
                Measured(
                    name=name,
                    kind=self._kinds[name],
                    labels=labels,
                    value=float(series.value),
                    count=series.count,
                    quantiles=(series.quantile(0.5), series.quantile(0.95), series.quantile(0.99))
                    if series.count
                    else None,
                )
                for (name, labels), series in sorted(self._series.items(), key=lambda item: item[0])
            )

    def _find(self, kind: str, name: str, labels: Sequence[tuple[str, str]], *, fits: bool = True) -> _Series | None:
        """Return the series of a call; None, counted as dropped, if the call is invalid or no series is left."""
        name = _name(name)
        key = name, _labels(labels)
        series = self._series.get(key)
        if not fits or self._kinds.get(name, kind) != kind or (series is None and len(self._series) >= MAX_SERIES):
            self.dropped += 1
            return None
        if series is None:
            self._kinds[name] = kind
            series = self._series[key] = _Series()
        return series


def _name(text: str) -> str:
    return _ODD.sub("_", text[:MAX_NAME]) or "_"


def _labels(labels: Sequence[tuple[str, str]]) -> Labels:
    kept = {_name(name): one_line(value, MAX_VALUE) for name, value in labels[:MAX_LABELS]}
    return tuple(sorted(kept.items()))
