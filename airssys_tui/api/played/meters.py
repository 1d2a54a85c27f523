"""Meters of simulated components: the values vary like real ones and depend only on the time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import msgspec

from airssys_tui.api.played import custom_series
from airssys_tui.api.played.revisions import PlayedRevision
from airssys_tui.api.views.components import ComponentView, History, Meters
from airssys_tui.api.views.metering import LATENCY_BOUNDS, Exhaustion, MeterDetail, MeterSeries, RevisionCost
from airssys_tui.core.units import MIB

SAMPLES: Final = 60
LONGEST: Final = 120
"""Values of a series over time."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """Resource usage of a simulated component while it runs.

    Attributes:
        fuel: Fuel units per second.
        fuel_per_call: Fuel units per call.
        memory: Bytes.
        memory_limit: Bytes.
        growth: Memory growth in bytes per second.
        cpu: Share of a core.
        calls: Calls per second.
        queue: Queued calls.
        latency: Median latency in milliseconds.
        wobble: Amplitude of the variation, as a fraction.
        errors: Calls per second that end in a trap.
        fuel_change: Fuel per call relative to the previous revision.
    """

    fuel: float = 0.0
    fuel_per_call: int = 1_000
    memory: int = MIB
    memory_limit: int = 64 * MIB
    growth: int = 0
    cpu: float = 0.0
    calls: float = 0.0
    queue: int = 0
    latency: float = 0.02
    wobble: float = 0.0
    errors: float = 0.0
    fuel_change: float | None = None


def _stray(name: str, at: float, amount: float) -> float:
    seed = sum(map(ord, name)) % 97
    wave = math.sin(at / 5.0 + seed) * 0.6 + math.sin(at / 1.7 + seed * 2) * 0.3 + math.sin(at * 3.1 + seed) * 0.1
    return 1.0 + amount * wave


def metered(name: str, load: Load, at: float, before: Meters | None = None, elapsed: int = 0) -> Meters:
    """Return the meters at a time, continued from the earlier ones."""
    factor = _stray(name, at, load.wobble)
    memory = min(load.memory_limit, load.memory if before is None else (before.memory or load.memory))
    memory = min(load.memory_limit, memory + load.growth * elapsed)
    fuel = load.fuel * factor
    calls = load.calls * factor
    called = int((before.calls if before else 0) + calls * elapsed)
    return Meters(
        fuel=int((before.fuel if before else 0) + fuel * elapsed),
        fuel_per_second=fuel,
        fuel_per_call=float(load.fuel_per_call),
        memory=memory,
        memory_peak=memory,
        memory_limit=load.memory_limit,
        cpu=load.cpu * factor,
        cpu_seconds=(before.cpu_seconds or 0.0 if before else 0.0) + load.cpu * factor * elapsed,
        calls=called,
        calls_per_second=calls,
        queue=load.queue,
        errors=int(before.errors + load.errors * elapsed if before else load.errors * LONGEST),
        memory_full_in=_full_in(load, memory),
        fuel_change=load.fuel_change,
        p50_ms=load.latency,
        p95_ms=load.latency * 3.5,
        p99_ms=load.latency * 5.5,
        call_seconds=called * load.latency * 1.4e-3,
        call_buckets=buckets(called, load.latency, load.latency * 5.5),
    )


def buckets(calls: int, median: float, slowest: float) -> tuple[int, ...]:
    """Return calls by latency: half of them up to the median, all of them up to the slowest, in milliseconds."""
    shares = ((bound * 1e3 >= median) + (bound * 1e3 >= slowest) for bound in LATENCY_BOUNDS)
    return tuple(calls * share // 2 for share in shares) if calls else ()


def _full_in(load: Load, memory: int) -> float | None:
    if load.growth <= 0 or memory >= load.memory_limit:
        return None
    return (load.memory_limit - memory) / load.growth


def detail(view: ComponentView, load: Load, timeline: Iterable[PlayedRevision], at: float) -> MeterDetail:
    """Return a simulated component's meters over time."""
    runs = view.meters.memory is not None
    full = view.meters.memory_full_in
    costs = tuple(
        RevisionCost(each.number, each.version, each.fuel_per_call, each.calls or 1_000 * each.number, load.latency)
        for each in timeline
        if each.fuel_per_call is not None
    )
    return MeterDetail(
        component=view.id,
        now=view.meters,
        recent=_series(view.id, load if runs else Load(), at, 1.0, view.meters.memory),
        long=_series(view.id, load if runs else Load(), at, 30.0, view.meters.memory),
        costs=costs,
        exhaustion=(Exhaustion("memory", full, float(load.growth)),) if full is not None else (),
        custom=custom_series.series(view),
    )


def _series(name: str, load: Load, at: float, step: float, memory: int | None) -> MeterSeries:
    times = [at - (LONGEST - 1 - index) * step for index in range(LONGEST)]
    wobble = max(load.wobble, 0.02)
    strays = [_stray(name, when, wobble) for when in times]
    p50 = [load.latency * _stray(f"{name}l", when, wobble) for when in times]
    # Occasionally the slowest calls take much longer, as with a real guest.
    slow = [5.5 + (6.0 if int(when / step) % 23 == 0 else 0.0) for when in times]
    quiet = memory is None or not load.calls
    return MeterSeries(
        until=at,
        step=step,
        fuel=tuple(load.fuel * stray for stray in strays),
        memory=tuple(None if memory is None else max(0.0, memory - load.growth * (at - when)) for when in times),
        cpu=tuple(load.cpu * stray for stray in strays),
        calls=tuple(load.calls * stray for stray in strays),
        errors=tuple(
            load.errors * stray if int(when / step) % 17 == 0 else 0.0
            for when, stray in zip(times, strays, strict=True)
        ),
        p50_ms=tuple(None if quiet else value for value in p50),
        p95_ms=tuple(None if quiet else value * 3.5 for value in p50),
        p99_ms=tuple(None if quiet else value * factor for value, factor in zip(p50, slow, strict=True)),
    )


def idle(load: Load) -> Meters:
    """Return the meters of a component that is not running."""
    return Meters(memory_limit=load.memory_limit)


def past(name: str, load: Load, at: float, seconds: int = SAMPLES) -> History:
    """Return one sample for each of the seconds before a time."""
    times = [at - seconds + 1 + index for index in range(seconds)]
    wobble = max(load.wobble, 0.02)
    return History(
        fuel=tuple(load.fuel * _stray(name, when, wobble) for when in times),
        memory=tuple(float(max(0, load.memory - load.growth * (at - when))) for when in times),
        latency_ms=tuple(
            load.latency * (_stray(name + "l", when, wobble) + (2.5 if int(when) % 23 == 0 else 0)) for when in times
        ),
    )


def sampled(view: ComponentView, load: Load, at: float, elapsed: int) -> ComponentView:
    """Return a running component's view one sample later."""
    meters = metered(view.id, load, at, view.meters, elapsed)
    history = History(
        fuel=(*view.history.fuel, meters.fuel_per_second)[-SAMPLES:],
        memory=(*view.history.memory, float(meters.memory or 0))[-SAMPLES:],
        latency_ms=(*view.history.latency_ms, (meters.p50_ms or 0.0) * _stray(view.id, at, 0.3))[-SAMPLES:],
    )
    return msgspec.structs.replace(view, meters=meters, history=history)
