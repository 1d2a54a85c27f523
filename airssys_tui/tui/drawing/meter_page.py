"""The page of one component's meters: charts, what a call costs by revision, limits in reach, its own series."""

from __future__ import annotations

from typing import Final

from airssys_tui.api.views.components import ComponentView, Meters
from airssys_tui.api.views.metering import Exhaustion, MeterDetail, MeterSeries
from airssys_tui.core.units import format_count, format_size
from airssys_tui.tui.drawing import charts
from airssys_tui.tui.drawing.charts import Chart
from airssys_tui.tui.drawing.columns import Sight, memory_tone, state_cell, version_text
from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.drawing.lines import Line, Span, fit, join, line_width, safe
from airssys_tui.tui.drawing.own_meters import OwnMeters, least_rows, own_lines
from airssys_tui.tui.drawing.quantities import format_ms, format_whole, until_text

TWO: Final = 72
THREE: Final = 170
"""Widths from which two and three charts are side by side."""

LEAST: Final = 6
"""Lines of the smallest chart; a page of more charts than fit scrolls."""

MOST: Final = 14

CALLS: Final = "calls/s"
"""Title of the chart that has the errors below it."""

NOTHING_SEEN: Final = OwnMeters()


def chart_list(detail: MeterDetail, series: MeterSeries) -> list[Chart]:
    """Return the charts of a component, most useful first."""
    now, seconds = detail.now, series.step * max(1, len(series.fuel) - 1)
    cpu = f"{now.cpu * 100:.1f}% of a core" if now.cpu is not None else "-"
    return [
        Chart(
            title="fuel/s",
            figure=f"{format_count(now.fuel_per_second)}/s",
            series=(series.fuel,),
            label=format_count,
            seconds=seconds,
        ),
        _memory_chart(now, series, seconds),
        Chart(
            title="cpu",
            figure=cpu,
            series=(tuple(value * 100 for value in series.cpu),),
            label=lambda value: f"{value:.3g}%",
            seconds=seconds,
        ),
        _call_chart(now, series, seconds),
        _latency_chart(now, series, seconds),
    ]


def _memory_chart(now: Meters, series: MeterSeries, seconds: float) -> Chart:
    limit = float(now.memory_limit) or None
    return Chart(
        title="memory",
        figure=format_size(now.memory) if now.memory is not None else "-",
        series=(series.memory,),
        label=format_size,
        seconds=seconds,
        top=limit,
        limit=format_size(limit) if limit else "",
        tone="accent" if memory_tone(now) == "plain" else memory_tone(now),
    )


def _call_chart(now: Meters, series: MeterSeries, seconds: float) -> Chart:
    errors = sum(series.errors) * series.step
    wrong = f"  errors {errors:.0f} in this span, {now.errors} in all" if errors or now.errors else "  no errors"
    return Chart(
        title=CALLS,
        figure=f"{format_count(now.calls_per_second)}/s{wrong}",
        series=(series.calls,),
        label=format_count,
        seconds=seconds,
        tone="bad" if errors else "accent",
    )


def _latency_chart(now: Meters, series: MeterSeries, seconds: float) -> Chart:
    quantiles = [each or 0.0 for each in (now.p50_ms, now.p95_ms, now.p99_ms)]
    return Chart(
        title="p50/p95/p99 ms",
        figure="/".join(map(format_ms, quantiles)) if now.p50_ms is not None else "no calls",
        series=(series.p50_ms, series.p95_ms, series.p99_ms),
        label=format_ms,
        seconds=seconds,
        names=("p50", "p95", "p99"),
    )


def error_ticks(series: MeterSeries, width: int, glyphs: Glyphs) -> Line:
    """Draw when errors happened, under the chart of the calls."""
    text = charts.ticks(series.errors, max(1, width - charts.AXIS), glyphs)
    tone = "bad" if any(series.errors) else "quiet"
    return (Span("errors ", tone), Span(text, tone))


def cost_lines(detail: MeterDetail, width: int, glyphs: Glyphs, height: int) -> list[Line]:
    """Draw the cost of a call by revision, newest first, and which limits will be reached."""
    lines: list[Line] = [(Span(fit(" fuel per call, by revision", width), "strong"),)]
    most = max((cost.fuel_per_call for cost in detail.costs), default=0.0)
    before: dict[int, float] = {}
    previous: float | None = None
    for cost in detail.costs:
        if previous:
            before[cost.revision] = cost.fuel_per_call / previous - 1
        previous = cost.fuel_per_call
    roomy = width >= 52
    bar = max(4, min(20, width - (48 if roomy else 36)))
    for cost in tuple(reversed(detail.costs))[: max(1, height - 1 - len(detail.exhaustion))]:
        change = before.get(cost.revision)
        more = f"{change:+.0%}" if change is not None else ""
        version = fit(safe(cost.version or "-", glyphs, 20), 8, ellipsis=glyphs.ellipsis)
        text = f" r{cost.revision:<3} {version} {format_whole(cost.fuel_per_call):>11} {more:>6} "
        share = glyphs.bar(cost.fuel_per_call / most if most else 0.0, bar)
        calls = f" {format_count(cost.calls):>5} calls" if roomy else ""
        tone = "warn" if change is not None and change >= 0.1 else "plain"
        lines.append(_cut((Span(text, tone), Span(share, "accent"), Span(calls, "quiet")), width))
    if not detail.costs:
        lines.append((Span(fit("  no calls yet", width), "quiet"),))
    lines += [
        (Span(fit(f" {exhaustion_text(each)}", width, ellipsis=glyphs.ellipsis), "warn"),) for each in detail.exhaustion
    ]
    return lines


def exhaustion_text(exhaustion: Exhaustion) -> str:
    """Return when a limit is reached if the trend continues."""
    sized = exhaustion.resource == "memory"
    rate = format_size(exhaustion.rate) if sized else format_count(exhaustion.rate)
    return f"{exhaustion.resource} full in ~{until_text(exhaustion.seconds)}, at {rate}/s"


def _cut(line: Line, width: int) -> Line:
    spans: list[Span] = []
    for span in line:
        text = span.text[: max(0, width)]
        width -= len(text)
        spans.append(Span(text, span.tone))
    return (*spans, Span(" " * max(0, width)))


def meter_page(
    detail: MeterDetail, series: MeterSeries, width: int, height: int, glyphs: Glyphs, *, own: OwnMeters = NOTHING_SEEN
) -> list[Line]:
    """Lay the charts out in a page of this width; it fills ``height`` if they fit, and is higher if not.

    The component's own metrics follow the charts, which leave room for the first few of them.
    """
    across = 3 if width >= THREE else 2 if width >= TWO else 1
    height -= least_rows(detail, height // 3)
    down = -(-6 // across)
    tall = min(MOST, max(LEAST, height // down))
    each = (width - 2 * (across - 1)) // across
    blocks: list[list[Line]] = []
    for chart in chart_list(detail, series):
        ticks = [error_ticks(series, each, glyphs)] if chart.title == CALLS and tall > LEAST else []
        blocks.append([*charts.draw(chart, each, tall - len(ticks), glyphs), *ticks])
    blocks.append(cost_lines(detail, each, glyphs, tall))
    lines: list[Line] = []
    for row in range(0, len(blocks), across):
        lines += charts.beside(blocks[row : row + across], [each] * across)
    return lines + own_lines(detail, own, width, glyphs)


def meter_summary(view: ComponentView, sight: Sight, width: int, span: str) -> Line:
    """Draw which component this is, over which span, and its state."""
    state, tone = state_cell(view, sight)
    parts: list[Line] = [
        (Span(f" {safe(view.id, sight.glyphs, 60)}", "strong"),),
        (Span(span, "key"),),
        (Span(state, tone),),
        (Span(version_text(view, sight)),),
    ]
    while len(parts) > 1 and line_width(join(parts)) > width:
        parts.pop()
    return _cut(join(parts), width)
