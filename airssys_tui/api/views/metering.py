"""Meters over time: one component large."""

from __future__ import annotations

import msgspec

from airssys_tui.api.views.components import Meters
from airssys_tui.core.text import GuestText


class MeterSeries(msgspec.Struct, frozen=True, kw_only=True):
    """Meters over time: one value per step in each series, oldest first; ``None`` where there was nothing to measure.

    Attributes:
        until: Unix time of the last value.
        step: Seconds between two values.
        fuel: Fuel units per second.
        memory: Bytes of linear memory at the end of the step.
        cpu: Share of one core.
        calls: Calls per second.
        errors: Calls that ended in a trap, per second.
        p50_ms: Median latency of the calls of the step, in milliseconds; p95 and p99 beside it.
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
    """What a call of one revision cost on average, over ``calls`` calls in this runtime."""

    revision: int
    version: str | None
    fuel_per_call: float
    calls: int
    p50_ms: float | None = None


class Exhaustion(msgspec.Struct, frozen=True):
    """A limit that will be reached if the trend goes on: ``memory`` in ``seconds``, at ``rate`` units per second."""

    resource: str
    seconds: float
    rate: float


class CustomSeries(msgspec.Struct, frozen=True, kw_only=True):
    """A series that the component measured of itself.

    Attributes:
        name: ASCII letters, digits and ``_``; the unit is a part of it.
        kind: ``counter``, ``gauge`` or ``histogram``.
        labels: Names and values, by name.
        value: The sum, or the last value of a gauge.
        count: Observations of a histogram.
        p50: Median of a histogram, to about 10 %; p95 and p99 beside it.
    """

    name: GuestText
    kind: str
    labels: tuple[tuple[GuestText, GuestText], ...] = ()
    value: float = 0.0
    count: int | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class MeterDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One component's meters in full.

    Attributes:
        component: Text form of the identity.
        now: The row's meters.
        recent: One value a second, at most 120.
        long: One value each half minute, at most 120: the last hour.
        costs: Fuel per call by revision, oldest first.
        exhaustion: Limits in reach.
        custom: What the component measured of itself, at most 200 series, by name and labels.
        custom_dropped: Measurements that were dropped: of more series than are kept, or that fit no series.
    """

    component: str
    now: Meters
    recent: MeterSeries
    long: MeterSeries
    costs: tuple[RevisionCost, ...] = ()
    exhaustion: tuple[Exhaustion, ...] = ()
    custom: tuple[CustomSeries, ...] = ()
    custom_dropped: int = 0
