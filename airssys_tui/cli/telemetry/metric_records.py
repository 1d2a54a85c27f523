"""Families of metrics as metrics of OpenTelemetry: the same names and labels that a scrape gives.

A summary, which the library has no points for, becomes its sum and its count, and a gauge for its quantiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Final

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from prometheus_client.core import Metric as Family

from airssys_tui.cli.telemetry.span_records import SCOPE

_CUMULATIVE: Final = AggregationTemporality.CUMULATIVE
_COUNTED: Final = ("_total", "_sum", "_count")


def metrics_data(families: Iterable[Family], resource: Resource, began: int, now: int) -> MetricsData:
    """Return families as one export.

    Args:
        families: The families.
        resource: What they are about.
        began: Unix nanoseconds since which counters count.
        now: Unix nanoseconds of the figures.
    """
    metrics = [metric for family in families for metric in _metrics(family, began, now)]
    return MetricsData([ResourceMetrics(resource, [ScopeMetrics(SCOPE, metrics, "")], "")])


def _metrics(family: Family, began: int, now: int) -> Iterator[Metric]:
    if family.type == "histogram":
        series = list(_histogram_points(family, began, now))
        if series:
            yield Metric(family.name, family.documentation, family.unit, Histogram(series, _CUMULATIVE))
        return
    named: dict[str, list[NumberDataPoint]] = {}
    for sample in family.samples:
        point = NumberDataPoint(dict(sample.labels), began, now, float(sample.value))
        named.setdefault(sample.name, []).append(point)
    for name, points in named.items():
        counted = family.type in {"counter", "summary"} and name.endswith(_COUNTED)
        data = Sum(points, _CUMULATIVE, is_monotonic=True) if counted else Gauge(points)
        yield Metric(name.removesuffix("_total"), family.documentation, family.unit, data)


def _histogram_points(family: Family, began: int, now: int) -> Iterator[HistogramDataPoint]:
    series: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for sample in family.samples:
        labels = {name: value for name, value in sample.labels.items() if name != "le"}
        found = series.setdefault(tuple(sorted(labels.items())), {"buckets": []})
        if sample.name.endswith("_bucket"):
            found["buckets"].append((float(sample.labels["le"]), int(sample.value)))
        else:
            found[sample.name.removeprefix(f"{family.name}_")] = sample.value
    for labels_, found in series.items():
        sums = [0, *(count for _, count in found["buckets"])]
        yield HistogramDataPoint(
            attributes=dict(labels_),
            start_time_unix_nano=began,
            time_unix_nano=now,
            count=sums[-1],
            sum=found["sum"],
            bucket_counts=[after - before for before, after in pairwise(sums)],
            explicit_bounds=[bound for bound, _ in found["buckets"][:-1]],
            min=None,  # type: ignore[arg-type] # optional in the protocol
            max=None,  # type: ignore[arg-type]
        )
