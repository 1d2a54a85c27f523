"""One component's meters, large: charts over two minutes or an hour, what a call costs by revision, limits in reach."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from textual.widget import Widget

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.metering import Exhaustion, MeterDetail, MeterSeries
from airssys_tui.core.units import format_count, format_size
from airssys_tui.tui.actions.action import View
from airssys_tui.tui.drawing import charts
from airssys_tui.tui.drawing.charts import Chart
from airssys_tui.tui.drawing.columns import Sight, memory_tone, state_cell, version_text
from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.drawing.lines import Line, Span, fit, join, line_width, safe
from airssys_tui.tui.drawing.quantities import format_ms, format_whole, until_text
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.own_meters import OwnMeters, least_rows, own_lines
from airssys_tui.tui.screens.polled import PolledScreen
from airssys_tui.tui.state.feed import Change
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.line_pane import LinePane
from airssys_tui.tui.widgets.pager import Pager

TWO: Final = 72
THREE: Final = 170
"""Widths from which two and three charts stand beside each other."""

LEAST: Final = 6
"""Lines of the smallest chart; more of them than fit are scrolled."""

MOST: Final = 14

NOTHING_SEEN: Final = OwnMeters()


def chart_list(detail: MeterDetail, series: MeterSeries) -> list[Chart]:
    """Return the charts of a component, the most asked for first."""
    now = detail.now
    span = series.step * max(1, len(series.fuel) - 1)
    limit = float(now.memory_limit) or None
    errors = sum(series.errors) * series.step
    wrong = f"  errors {errors:.0f} in this time, {now.errors} in all" if errors or now.errors else "  no errors"
    quantiles = [each or 0.0 for each in (now.p50_ms, now.p95_ms, now.p99_ms)]
    said = "/".join(map(format_ms, quantiles)) if now.p50_ms is not None else "no calls"
    return [
        Chart(
            title="fuel/s",
            figure=f"{format_count(now.fuel_per_second)}/s",
            series=(series.fuel,),
            label=format_count,
            seconds=span,
        ),
        Chart(
            title="memory",
            figure=format_size(now.memory) if now.memory is not None else "-",
            series=(series.memory,),
            label=format_size,
            seconds=span,
            top=limit,
            limit=format_size(limit) if limit else "",
            tone="accent" if memory_tone(now) == "plain" else memory_tone(now),
        ),
        Chart(
            title="cpu",
            figure=f"{now.cpu * 100:.1f}% of a core" if now.cpu is not None else "-",
            series=(tuple(value * 100 for value in series.cpu),),
            label=lambda value: f"{value:.3g}%",
            seconds=span,
        ),
        Chart(
            title="calls/s",
            figure=f"{format_count(now.calls_per_second)}/s{wrong}",
            series=(series.calls,),
            label=format_count,
            seconds=span,
            tone="bad" if errors else "accent",
        ),
        Chart(
            title="p50/p95/p99 ms",
            figure=said,
            series=(series.p50_ms, series.p95_ms, series.p99_ms),
            label=format_ms,
            seconds=span,
            names=("p50", "p95", "p99"),
        ),
    ]


def error_marks(series: MeterSeries, width: int, glyphs: Glyphs) -> Line:
    """Draw when errors happened, under the chart of the calls."""
    text = charts.marks(series.errors, max(1, width - charts.AXIS), glyphs)
    tone = "bad" if any(series.errors) else "quiet"
    return (Span("errors ", tone), Span(text, tone))


def cost_lines(detail: MeterDetail, width: int, glyphs: Glyphs, height: int) -> list[Line]:
    """Draw what a call of each revision cost, newest first, and which limits are in reach."""
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
    """Return when a limit is reached if the trend goes on."""
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


def page(
    detail: MeterDetail, series: MeterSeries, width: int, height: int, glyphs: Glyphs, *, own: OwnMeters = NOTHING_SEEN
) -> list[Line]:
    """Lay the charts out in a page of a width; as high as it takes, and filling ``height`` where that is possible.

    What the component measures of itself follows the charts, which leave room for the first few of its series.
    """
    across = 3 if width >= THREE else 2 if width >= TWO else 1
    height -= least_rows(detail, height // 3)
    down = -(-6 // across)
    tall = min(MOST, max(LEAST, height // down))
    each = (width - 2 * (across - 1)) // across
    blocks: list[list[Line]] = []
    for chart in chart_list(detail, series):
        marks = [error_marks(series, each, glyphs)] if chart.title == "calls/s" and tall > LEAST else []
        blocks.append([*charts.draw(chart, each, tall - len(marks), glyphs), *marks])
    blocks.append(cost_lines(detail, each, glyphs, tall))
    lines: list[Line] = []
    for row in range(0, len(blocks), across):
        lines += charts.beside(blocks[row : row + across], [each] * across)
    return lines + own_lines(detail, own, width, glyphs)


def summary(view: ComponentView, sight: Sight, width: int, span: str) -> Line:
    """Draw who this is and how it is."""
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


class MeterScreen(PolledScreen):
    """The charts of one component.

    Args:
        component: Text form of its identity.
    """

    view: ClassVar[View] = View.METER
    EVERY: ClassVar[float] = 0.5
    AUTO_FOCUS = "Pager"

    def __init__(self, session: Session, operations: Operations, component: str) -> None:
        super().__init__(session, operations, component)
        self.detail: MeterDetail | None = None
        self.hour = False
        self._own = OwnMeters()
        self._crumbs = LinePane(id="crumbs")
        self._pager = Pager(id="charts")

    def body(self) -> Iterator[Widget]:
        """Yield who it is, and the charts."""
        yield self._crumbs
        yield self._pager

    async def fetch(self, api: RuntimeApi) -> None:
        """Ask for the meters."""
        self.detail = await asyncio.wrap_future(api.meters(self.component))
        self._own.take(self.detail, self.session.clock())

    def draw(self, change: Change | None) -> None:  # noqa: ARG002 - the charts come by a question of their own
        """Redraw who it is and the charts."""
        session, width = self.session, self.size.width
        view = session.rows.get(self.component)
        if view is not None:
            self._crumbs.show([summary(view, session.sight, width, "last hour" if self.hour else "last 2 min")])
        self._pager.show(self._lines(self._pager.room, self._pager.size.height))

    def _lines(self, width: int, height: int) -> Sequence[Line]:
        glyphs = self.session.glyphs
        if self.trouble:
            return [(), (Span(f"  {safe(self.trouble, glyphs)}", "warn"),)]
        if self.detail is None:
            return [(), (Span(f"  asking{glyphs.ellipsis}", "quiet"),)]
        series = self.detail.long if self.hour else self.detail.recent
        return page(self.detail, series, width, height, glyphs, own=self._own)

    def step(self, rows: int) -> None:
        """Scroll."""
        self._pager.step(rows)

    def half_page(self) -> int:
        """Return half the height of the page."""
        return max(1, self._pager.size.height // 2)

    def action_span(self) -> None:
        """Change between two minutes and an hour."""
        self.hour = not self.hour
        self.draw(None)

    def action_copy(self) -> None:
        """Copy the component's name."""
        self.copy(self.component, "name")
