"""A component's own metrics: counters, gauges and distributions, bounded and safe to show."""

from __future__ import annotations

import math
import re
import sys
import threading
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from sys import getsizeof
from typing import Final

import msgspec

from airssys_tui.core.text import bounded

MAX_SERIES: Final = 200
MAX_LABELS: Final = 8
MAX_NAME: Final = 64
MAX_VALUE: Final = 128

_WIDTH: Final = math.log(1.1)
"""Each bucket of a distribution is 10 % wider than the previous one."""

_LEAST: Final = 1e-9
_MOST: Final = 1e12
_LOWEST: Final = round(math.log(_LEAST) / _WIDTH)
_BUCKETS: Final = round(math.log(_MOST) / _WIDTH) - _LOWEST + 1

MOST_COUNTED: Final = 2**64 - 1
"""Largest value of a counter, that of the ``u64`` in which it is reported; it stays there."""

LARGEST: Final = sys.float_info.max
"""Largest sum of a distribution; it stays there instead of becoming infinite."""

SERIES_BYTES: Final = 600
"""Bytes of memory of one series without its texts and buckets; measured."""

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
        clamped: Whether the value has reached what can be counted, or an observation was too large for the quantiles:
            the truth is larger.
    """

    name: str
    kind: str
    labels: Labels = ()
    value: float = 0.0
    count: int = 0
    quantiles: tuple[float, float, float] | None = None
    clamped: bool = False


class _Series:
    """One series: a sum or last value, and buckets for a distribution."""

    __slots__ = ("buckets", "bytes", "clamped", "count", "value")

    def __init__(self, size: int) -> None:
        self.value: float = 0
        self.count = 0
        self.clamped = False
        self.buckets: array[int] | None = None
        self.bytes = size

    def add(self, by: float, most: float) -> None:
        """Add to the value, which stays at the maximum once it is there."""
        total = self.value + by
        self.clamped = self.clamped or total > most
        self.value = min(total, most)

    def observe(self, value: float) -> None:
        """Record an observation of a distribution."""
        self.add(value, LARGEST)
        self.clamped = self.clamped or value > _MOST
        self.count += 1
        self._spread()[round(math.log(min(max(value, _LEAST), _MOST)) / _WIDTH) - _LOWEST] += 1

    def take_in(self, found: _Series, kind: str) -> None:
        """Merge a series of another instance."""
        if kind == "gauge":
            self.value = found.value
        else:
            self.add(found.value, LARGEST if kind == "histogram" else MOST_COUNTED)
        self.clamped = self.clamped or found.clamped
        self.count += found.count
        if found.buckets is not None:
            buckets = self._spread()
            for index, count in enumerate(found.buckets):
                if count:
                    buckets[index] += count

    def quantiles(self) -> tuple[float, float, float] | None:
        """Return p50, p95 and p99 of a distribution; None without an observation."""
        if self.buckets is None or not self.count:
            return None
        seen = list(accumulate(self.buckets))
        at50, at95, at99 = (bisect_left(seen, share * self.count) for share in (0.5, 0.95, 0.99))
        return _middle(at50), _middle(at95), _middle(at99)

    def _spread(self) -> array[int]:
        if self.buckets is None:
            self.buckets = array("Q", bytes(8 * _BUCKETS))
            self.bytes += getsizeof(self.buckets)
        return self.buckets


def _middle(bucket: int) -> float:
    return 0.0 if bucket == 0 else math.exp((bucket + _LOWEST) * _WIDTH)


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

    @property
    def bytes(self) -> int:
        """Bytes of memory of the series."""
        with self._lock:
            return sum(series.bytes for series in self._series.values())

    def add(self, name: str, by: int, labels: Sequence[tuple[str, str]]) -> None:
        """Add to a counter."""
        with self._lock:
            series = self._find("counter", name, labels)
            if series is not None:
                series.add(by, MOST_COUNTED)

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
                series.take_in(found, kind)
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
                    quantiles=series.quantiles(),
                    clamped=series.clamped,
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
            texts = (name, *(text for label in key[1] for text in label))
            series = self._series[key] = _Series(SERIES_BYTES + sum(map(getsizeof, texts)))
        return series


def _name(text: str) -> str:
    return _ODD.sub("_", text[:MAX_NAME]) or "_"


def _labels(labels: Sequence[tuple[str, str]]) -> Labels:
    kept = {_name(name): bounded(value, MAX_VALUE) for name, value in labels[:MAX_LABELS]}
    return tuple(sorted(kept.items()))
