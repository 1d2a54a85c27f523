"""Resource usage as text: the columns, rows and pairs that ``top``, ``stats`` and ``meters`` share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from airssys_tui.api.views.components import ComponentView, Meters
from airssys_tui.api.views.runtime import Snapshot
from airssys_tui.cli.answering.output import NOTHING, moment
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.core.units import format_count, format_duration, format_size

TOP_COLUMNS: Final = (
    PlainColumn("NAME", least=10),
    PlainColumn("STATE", toned=True),
    PlainColumn("FUEL/S", right=True),
    PlainColumn("CPU", right=True, rank=1),
    PlainColumn("MEMORY", right=True, rank=2),
    PlainColumn("LIMIT", right=True, rank=9),
    PlainColumn("CALLS/S", right=True, rank=3),
    PlainColumn("P50", right=True, rank=8),
    PlainColumn("P95", right=True, rank=4),
    PlainColumn("ERRORS", right=True, rank=5),
    PlainColumn("QUEUE", right=True, rank=6),
    PlainColumn("RESTARTS", right=True, rank=7),
)


def totals(seen: Snapshot) -> list[tuple[str, str]]:
    """Return the totals of the runtime as pairs of name and value."""
    running = sum(view.state == "running" for view in seen.components)
    memory = NOTHING if seen.memory is None else f"{format_size(seen.memory)}/{format_size(seen.memory_limit)}"
    pairs = [
        ("time", moment(seen.at)),
        ("running", f"{running}/{len(seen.components)}"),
        ("fuel/s", format_count(seen.fuel_per_second)),
        ("memory", memory),
        ("cpu", percent(seen.cpu)),
        ("workers", f"{seen.busy}/{seen.workers}"),
    ]
    if seen.handed:
        pairs.append(("long calls", str(seen.handed)))
    if seen.descriptors is not None:
        limit = f"/{seen.descriptor_limit}" if seen.descriptor_limit is not None else ""
        pairs.append(("descriptors", f"{seen.descriptors}{limit}"))
    if seen.dropped_events:
        pairs.append(("events dropped", str(seen.dropped_events)))
    return pairs


def top_row(view: ComponentView) -> Sequence[str]:
    """Return a component's row for the columns of :data:`TOP_COLUMNS`."""
    if view.started_at is None:
        return (view.id, view.state, *[NOTHING] * (len(TOP_COLUMNS) - 2))
    use = view.meters
    return (
        view.id,
        view.state,
        format_count(use.fuel_per_second),
        percent(use.cpu),
        size(use.memory),
        size(use.memory_limit or None),
        format_count(use.calls_per_second),
        milliseconds(use.p50_ms),
        milliseconds(use.p95_ms),
        str(use.errors),
        str(use.queue),
        str(view.restarts),
    )


def meter_pairs(use: Meters, *, live: bool) -> list[tuple[str, str]]:
    """Return every meter as a pair of name and value with its unit."""
    if not live:
        return [(name.replace("_", " "), NOTHING) for name in Meters.__struct_fields__]
    figures: dict[str, str] = {
        "fuel": f"{use.fuel} ({format_count(use.fuel)})",
        "fuel per second": format_count(use.fuel_per_second),
        "fuel per call": NOTHING if use.fuel_per_call is None else format_count(use.fuel_per_call),
        "fuel change": NOTHING if use.fuel_change is None else f"{use.fuel_change:+.1%}",
        "memory": size(use.memory),
        "memory peak": size(use.memory_peak),
        "memory limit": size(use.memory_limit or None),
        "memory full in": NOTHING if use.memory_full_in is None else format_duration(use.memory_full_in),
        "cpu": percent(use.cpu),
        "cpu seconds": NOTHING if use.cpu_seconds is None else f"{use.cpu_seconds:.3f}",
        "calls": str(use.calls),
        "calls per second": format_count(use.calls_per_second),
        "errors": str(use.errors),
        "queue": str(use.queue),
        "dropped": str(use.dropped),
        "p50": milliseconds(use.p50_ms),
        "p95": milliseconds(use.p95_ms),
        "p99": milliseconds(use.p99_ms),
    }
    return list(figures.items())


def size(value: float | None) -> str:
    """Format bytes, or return "-" if not available."""
    return NOTHING if value is None else format_size(value)


def percent(value: float | None) -> str:
    """Format a fraction as a percentage, or return "-" if not available."""
    return NOTHING if value is None else f"{value:.1%}"


def milliseconds(value: float | None) -> str:
    """Format milliseconds as a duration, or return "-" if not available."""
    return NOTHING if value is None else format_duration(value / 1_000)
