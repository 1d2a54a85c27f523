"""``meters``: the meters of one component over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, moment, say, say_pairs, say_table
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.cli.answering.usage_table import meter_pairs, milliseconds
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.reach import ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.units import format_count, format_duration, format_size

if TYPE_CHECKING:
    from airssys_tui.api.views.metering import CustomSeries, MeterDetail, MeterSeries

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


def meters(name: NameArgument, /, *, place: Place = HERE) -> int:
    """Show the meters of a running component over time, and its fuel per call by revision.

    A limit that it will reach at this rate is named.

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


def _say_meters(detail: MeterDetail) -> None:
    say_pairs([("component", detail.component), *meter_pairs(detail.now, live=True)])
    for title, series in (("last two minutes", detail.recent), ("last hour", detail.long)):
        pairs = _series(series)
        if pairs:
            say(f"\n{title}: one value per {format_duration(series.step)}, until {moment(series.until)}")
            say_pairs(pairs, indent="  ")
    if detail.costs:
        say("\nfuel per call by revision")
        rows = [
            (
                f"r{cost.revision}",
                cost.version or NOTHING,
                format_count(cost.fuel_per_call),
                str(cost.calls),
                milliseconds(cost.p50_ms),
            )
            for cost in detail.costs
        ]
        say_table(COST_COLUMNS, rows, indent="  ")
    if detail.custom:
        say("\ncustom metrics" + (f" ({detail.custom_dropped} dropped)" if detail.custom_dropped else ""))
        say_table(CUSTOM_COLUMNS, [_custom_row(found) for found in detail.custom], indent="  ")
    for reach_ in detail.exhaustion:
        say(f"\n{reach_.resource} will be exhausted in {format_duration(reach_.seconds)} at this rate")


def _custom_row(found: CustomSeries) -> tuple[str, ...]:
    labels = " ".join(f"{name}={value}" for name, value in found.labels)
    quantiles = (found.p50, found.p95, found.p99)
    return (
        f"{found.name} {labels}".rstrip(),
        found.kind,
        f"{found.value:g}{' (clamped)' if found.clamped else ''}",
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
        ("p50", series.p50_ms, milliseconds),
        ("p95", series.p95_ms, milliseconds),
        ("p99", series.p99_ms, milliseconds),
    )
    pairs = []
    for name, values, write in kinds:
        had = [value for value in values if value is not None]
        if had:
            mean = sum(had) / len(had)
            pairs.append((name, f"min {write(min(had))}  mean {write(mean)}  max {write(max(had))}"))
    return pairs
