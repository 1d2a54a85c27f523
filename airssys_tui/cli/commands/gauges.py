"""``top``, ``stats`` and ``meters``: what components use, now and over the last hour."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from airssys_tui.api.views.components import ComponentView, Meters
from airssys_tui.api.views.runtime import Snapshot
from airssys_tui.cli.answering.colour import styled
from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, moment, say, say_pairs, say_table, terminal_height
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.cli.reaching.figures import honest, is_live
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.reach import Without, ask, reach
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import UnknownComponent, UsageError
from airssys_tui.core.units import format_count, format_duration, format_size

if TYPE_CHECKING:
    from airssys_tui.api.views.metering import CustomSeries, MeterDetail, MeterSeries

SHORTEST: Final = 0.1
"""Seconds between two tables at least."""


class SortKey(StrEnum):
    """What a table of components is sorted by."""

    NAME = "name"
    FUEL = "fuel"
    CPU = "cpu"
    MEMORY = "memory"
    CALLS = "calls"
    ERRORS = "errors"
    LATENCY = "latency"
    QUEUE = "queue"


_ORDER: Final[dict[SortKey, Callable[[ComponentView], float]]] = {
    SortKey.FUEL: lambda row: row.meters.fuel_per_second,
    SortKey.CPU: lambda row: row.meters.cpu or 0.0,
    SortKey.MEMORY: lambda row: row.meters.memory or 0,
    SortKey.CALLS: lambda row: row.meters.calls_per_second,
    SortKey.ERRORS: lambda row: row.meters.errors,
    SortKey.LATENCY: lambda row: row.meters.p95_ms or 0.0,
    SortKey.QUEUE: lambda row: row.meters.queue,
}

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

CUSTOM_COLUMNS: Final = (
    PlainColumn("METRIC", least=12),
    PlainColumn("KIND", rank=4),
    PlainColumn("VALUE", right=True),
    PlainColumn("COUNT", right=True, rank=3),
    PlainColumn("P50", right=True, rank=1),
    PlainColumn("P95", right=True, rank=1),
    PlainColumn("P99", right=True, rank=2),
)

COST_COLUMNS: Final = (
    PlainColumn("REV", right=True),
    PlainColumn("VERSION"),
    PlainColumn("FUEL/CALL", right=True),
    PlainColumn("CALLS", right=True),
    PlainColumn("P50", right=True, rank=1),
)


def top(
    *,
    once: bool = False,
    interval: str = "2s",
    tables: Annotated[int | None, Parameter(name=("--tables", "-n"))] = None,
    sort: SortKey = SortKey.FUEL,
    rows: int | None = None,
    place: Place = HERE,
) -> int:
    """Show what the components use, as a plain table that is written anew until ctrl+c.

    On a terminal each table takes the place of the one before; in a file or a pipe they follow each other.

    Args:
        once: One table.
        interval: Time between two tables: "500ms", "2s"; a number alone is seconds.
        tables: So many tables.
        sort: What the rows are sorted by, the most first.
        rows: At most so many rows; as many as fit, on a terminal.
        place: Which runtime.
    """
    if place.json:
        raise UsageError("top is for people", remedy="for programs: airssys-tui stats --json")
    count = 1 if once else tables
    if count is not None and count < 1:
        raise UsageError("--tables is 1 or more")
    seconds = _seconds(interval)
    site = locate(place.folder, place.state_dir)
    drawn, written = 0, 0
    with reach(site, Without.NOTHING, client="top") as api:
        while True:
            lines = _top_lines(api.snapshot(), sort, rows)
            if written and _repaints():
                sys.stdout.write(f"\x1b[{written}F\x1b[J")
            elif drawn:
                say()
            written = len(lines)
            sys.stdout.write("\n".join(lines) + "\n")
            sys.stdout.flush()
            drawn += 1
            if count is not None and drawn >= count:
                return ExitCode.OK
            time.sleep(seconds)


def stats(name: NameArgument | None = None, /, *, place: Place = HERE) -> int:
    """Show every meter of one component, or of all; a figure that cannot be had is "-", or null in JSON.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    site = locate(place.folder, place.state_dir, must_exist=False)
    with reach(site, Without.RECORD, client="stats") as api:
        seen, live = api.snapshot(), is_live(api)
    views = seen.components if name is None else (_find(seen, component_name(name)),)
    if place.json:
        answer(_stats(seen, views, live=live, whole=name is None))
    elif name is None:
        say_pairs(_totals(seen) if live else [("runtime", "none runs; this is what was recorded")])
        say()
        say_table(TOP_COLUMNS, [_top_row(view) for view in views])
    else:
        say_pairs([("component", views[0].id), ("state", views[0].state), *_pairs(views[0].meters, live=live)])
    return ExitCode.OK


def meters(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Show the meters of a running component over time, its fuel per call by revision, and limits in reach.

    Args:
        name: The component, as `name` or `namespace/name`.
        place: Which runtime.
    """
    name = component_name(name)
    detail = ask(locate(place.folder, place.state_dir), lambda api: api.meters(name))
    if place.json:
        answer(detail)
    else:
        _say_meters(detail)
    return ExitCode.OK


def _seconds(text: str) -> float:
    from airssys_tui.core.units import parse_duration  # noqa: PLC0415

    seconds = parse_duration(text if not text.replace(".", "", 1).isdecimal() else f"{text}s")
    if seconds < SHORTEST:
        raise UsageError(f"--interval is {format_duration(SHORTEST)} or more")
    return seconds


def _repaints() -> bool:
    import os  # noqa: PLC0415

    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _top_lines(seen: Snapshot, sort: SortKey, rows: int | None) -> list[str]:
    from airssys_tui.cli.answering.plain_table import render  # noqa: PLC0415

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    room = rows if rows is not None else (max(1, terminal_height() - 5) if _repaints() else None)
    views = list(seen.components)
    if sort is not SortKey.NAME:
        views.sort(key=_ORDER[sort], reverse=True)
    shown = views if room is None else views[:room]
    head = ""
    for title, value in _totals(seen):
        longer = f"{head}  {title} {value}".strip()
        if value != NOTHING and (width is None or len(longer) <= width):
            head = longer
    lines = [head, ""]
    heading, *table = render(TOP_COLUMNS, [_top_row(view) for view in shown], width)
    lines += [styled(heading, "title"), *table]
    if len(shown) < len(views):
        lines.append(f"… {len(views) - len(shown)} more")
    return lines


def _totals(seen: Snapshot) -> list[tuple[str, str]]:
    running = sum(view.state == "running" for view in seen.components)
    memory = NOTHING if seen.memory is None else f"{format_size(seen.memory)}/{format_size(seen.memory_limit)}"
    pairs = [
        ("time", moment(seen.at)),
        ("running", f"{running}/{len(seen.components)}"),
        ("fuel/s", format_count(seen.fuel_per_second)),
        ("memory", memory),
        ("cpu", _percent(seen.cpu)),
        ("workers", f"{seen.busy}/{seen.workers}"),
    ]
    if seen.stuck:
        pairs.append(("stuck", str(seen.stuck)))
    if seen.dropped_events:
        pairs.append(("events dropped", str(seen.dropped_events)))
    return pairs


def _top_row(view: ComponentView) -> Sequence[str]:
    if view.started_at is None:
        return (view.id, view.state, *[NOTHING] * (len(TOP_COLUMNS) - 2))
    use = view.meters
    return (
        view.id,
        view.state,
        format_count(use.fuel_per_second),
        _percent(use.cpu),
        _size(use.memory),
        _size(use.memory_limit or None),
        format_count(use.calls_per_second),
        _milliseconds(use.p50_ms),
        _milliseconds(use.p95_ms),
        str(use.errors),
        str(use.queue),
        str(view.restarts),
    )


def _pairs(use: Meters, *, live: bool) -> list[tuple[str, str]]:
    """Name every meter with its unit; nothing is left out."""
    if not live:
        return [(name.replace("_", " "), NOTHING) for name in Meters.__struct_fields__]
    figures: dict[str, str] = {
        "fuel": f"{use.fuel} ({format_count(use.fuel)})",
        "fuel per second": format_count(use.fuel_per_second),
        "fuel per call": NOTHING if use.fuel_per_call is None else format_count(use.fuel_per_call),
        "fuel change": NOTHING if use.fuel_change is None else f"{use.fuel_change:+.1%}",
        "memory": _size(use.memory),
        "memory peak": _size(use.memory_peak),
        "memory limit": _size(use.memory_limit or None),
        "memory full in": NOTHING if use.memory_full_in is None else format_duration(use.memory_full_in),
        "cpu": _percent(use.cpu),
        "cpu seconds": NOTHING if use.cpu_seconds is None else f"{use.cpu_seconds:.3f}",
        "calls": str(use.calls),
        "calls per second": format_count(use.calls_per_second),
        "errors": str(use.errors),
        "queue": str(use.queue),
        "dropped": str(use.dropped),
        "p50": _milliseconds(use.p50_ms),
        "p95": _milliseconds(use.p95_ms),
        "p99": _milliseconds(use.p99_ms),
    }
    return list(figures.items())


def _stats(seen: Snapshot, views: Sequence[ComponentView], *, live: bool, whole: bool) -> object:
    from airssys_tui.api.wire import plain  # noqa: PLC0415

    rows = []
    for view in views:
        row = honest(view, live=live)
        rows.append({name: row[name] for name in ("id", "state", "version", "revision", "restarts", "meters")})
    if not whole:
        return rows[0]
    figures = ("at", "fuel_per_second", "memory", "memory_limit", "cpu", "workers", "busy", "stuck", "dropped_events")
    told = plain(seen)
    totals = {name: told[name] if live else None for name in (*figures, "unwritten_events", "tallies")}
    return {"phase": told["phase"], **totals, "components": rows}


def _find(seen: Snapshot, name: str) -> ComponentView:
    for view in seen.components:
        if view.id == name:
            return view
    names = ", ".join(view.id for view in seen.components[:10])
    raise UnknownComponent(
        f"there is no component {name}", remedy=f"there are: {names}" if names else "", component=name
    )


def _say_meters(detail: MeterDetail) -> None:
    say_pairs([("component", detail.component), *_pairs(detail.now, live=True)])
    for title, series in (("last two minutes", detail.recent), ("last hour", detail.long)):
        pairs = _series(series)
        if pairs:
            say(f"\n{title}: one value each {format_duration(series.step)}, until {moment(series.until)}")
            say_pairs(pairs, indent="  ")
    if detail.costs:
        say("\nfuel per call by revision")
        rows = [
            (
                f"r{cost.revision}",
                cost.version or NOTHING,
                format_count(cost.fuel_per_call),
                str(cost.calls),
                _milliseconds(cost.p50_ms),
            )
            for cost in detail.costs
        ]
        say_table(COST_COLUMNS, rows, indent="  ")
    if detail.custom:
        say("\nmeasured by itself" + (f" ({detail.custom_dropped} dropped)" if detail.custom_dropped else ""))
        say_table(CUSTOM_COLUMNS, [_custom_row(found) for found in detail.custom], indent="  ")
    for reach_ in detail.exhaustion:
        say(f"\n{reach_.resource} is exhausted in {format_duration(reach_.seconds)} if this goes on")


def _custom_row(found: CustomSeries) -> tuple[str, ...]:
    labels = " ".join(f"{name}={value}" for name, value in found.labels)
    quantiles = (found.p50, found.p95, found.p99)
    return (
        f"{found.name} {labels}".rstrip(),
        found.kind,
        f"{found.value:g}",
        NOTHING if found.count is None else str(found.count),
        *(NOTHING if value is None else f"{value:.3g}" for value in quantiles),
    )


def _series(series: MeterSeries) -> list[tuple[str, str]]:
    kinds: tuple[tuple[str, Sequence[float | None], Callable[[float], str]], ...] = (
        ("fuel/s", series.fuel, format_count),
        ("memory", series.memory, format_size),
        ("cpu", series.cpu, lambda value: f"{value:.1%}"),
        ("calls/s", series.calls, format_count),
        ("errors/s", series.errors, format_count),
        ("p50", series.p50_ms, _milliseconds),
        ("p95", series.p95_ms, _milliseconds),
        ("p99", series.p99_ms, _milliseconds),
    )
    pairs = []
    for name, values, write in kinds:
        had = [value for value in values if value is not None]
        if had:
            mean = sum(had) / len(had)
            pairs.append((name, f"least {write(min(had))}  mean {write(mean)}  most {write(max(had))}"))
    return pairs


def _size(value: float | None) -> str:
    return NOTHING if value is None else format_size(value)


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1%}"


def _milliseconds(value: float | None) -> str:
    return NOTHING if value is None else format_duration(value / 1_000)
