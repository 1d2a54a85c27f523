"""A component's meters over time, its costs by revision, and the series that it records itself."""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.api.views.components import Meters
from airssys_tui.core.text import Verbatim

LATENCY_BOUNDS: Final = tuple(16e-6 * 4**step for step in range(12))
"""Upper bounds in seconds of the buckets in which latencies are counted, from 16 microseconds to 67 seconds.

They are bounds of the finer buckets in which the runtime keeps latencies, so that no count is a guess.
"""


class MeterSeries(msgspec.Struct, frozen=True, kw_only=True):
    """Meters over time: each series has one value per step, oldest first; None where no measurement is available.

    Attributes:
        until: Unix time of the last value.
        step: Seconds from one value to the next.
        fuel: Fuel units per second.
        memory: Bytes of linear memory at the end of the step.
        cpu: Share of one core.
        calls: Calls per second.
        errors: Calls that ended in a trap, per second.
        p50_ms: Median latency of the calls in the step, in milliseconds.
        p95_ms: 95th percentile.
        p99_ms: 99th percentile.
    """

    until: float
    step: float
    fuel: tuple[float, ...] = ()
    memory: tuple[float | None, ...] = ()
    cpu: tuple[float, ...] = ()
    calls: tuple[float, ...] = ()
    errors: tuple[float, ...] = ()
    p50_ms: tuple[float | None, ...] = ()
    p95_ms: tuple[float | None, ...] = ()
    p99_ms: tuple[float | None, ...] = ()


class RevisionCost(msgspec.Struct, frozen=True):
    """Average cost of a call of one revision in this runtime.

    Attributes:
        revision: Number of the revision.
        version: SemVer text, or None.
        fuel_per_call: Mean fuel units.
        calls: Number of calls in the mean.
        p50_ms: Median latency in milliseconds; None when not available.
    """

    revision: int
    version: str | None
    fuel_per_call: float
    calls: int
    p50_ms: float | None = None


class Exhaustion(msgspec.Struct, frozen=True):
    """A limit that will be reached if the trend continues.

    Attributes:
        resource: Which limit: ``memory``.
        seconds: Seconds until the limit is reached.
        rate: Growth in units (bytes) per second.
    """

    resource: str
    seconds: float
    rate: float


class CustomSeries(msgspec.Struct, frozen=True, kw_only=True):
    """A series that a component records itself.

    Attributes:
        name: ASCII letters, digits and ``_``; includes the unit.
        kind: ``counter``, ``gauge`` or ``histogram``.
        labels: Names and values, sorted by name. A value is as the component wrote it: show it sanitised.
        value: The sum; for a gauge, the last value.
        count: Number of observations of a histogram; None for other kinds.
        p50: Median of a histogram, within about 10 %; None for other kinds.
        p95: 95th percentile of a histogram, within about 10 %; None for other kinds.
        p99: 99th percentile of a histogram, within about 10 %; None for other kinds.
        clamped: Whether the value has reached the largest that can be counted, or an observation was too large for the
            percentiles: the truth is larger.
    """

    name: Verbatim
    kind: str
    labels: tuple[tuple[Verbatim, Verbatim], ...] = ()
    value: float = 0.0
    count: int | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    clamped: bool = False


class MeterDetail(msgspec.Struct, frozen=True, kw_only=True):
    """All meters of one component.

    Attributes:
        component: Text form of the identity.
        now: The meters of its row.
        recent: One value per second, at most 120: the last two minutes.
        long: One value per 30 seconds, at most 120: the last hour.
        costs: Fuel per call by revision, oldest first.
        exhaustion: Limits that will be reached if the trend continues.
        custom: Series that the component records itself, at most 200, sorted by name and labels.
        custom_dropped: Measurements that were dropped: too many series, or of another kind than the series.
    """

    component: str
    now: Meters
    recent: MeterSeries
    long: MeterSeries
    costs: tuple[RevisionCost, ...] = ()
    exhaustion: tuple[Exhaustion, ...] = ()
    custom: tuple[CustomSeries, ...] = ()
    custom_dropped: int = 0
