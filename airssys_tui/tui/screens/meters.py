"""The meters of all components: one row each, with figures and sparklines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, Final

import msgspec
from textual.timer import Timer
from textual.widget import Widget

from airssys_tui.api.views.components import ComponentView
from airssys_tui.core.units import format_count, format_size
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing.arrangement import Arrangement, Sort
from airssys_tui.tui.drawing.columns import GAP, GUTTER, Cell, Sight, memory_tone, state_cell
from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.drawing.lines import Line, Span, cut_middle, fit, safe
from airssys_tui.tui.drawing.quantities import format_ms
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.component_list import ComponentListScreen
from airssys_tui.tui.state.session import Session

EVERY: Final = 0.5
"""Seconds between two pulls while the screen is visible."""

SPARK: Final = 8
"""Cells of a small sparkline; in wider terminals up to :data:`LONG`."""
LONG: Final = 30
DRAWN: Final = 72
"""Terminals narrower than this show figures only."""


class Gauge(msgspec.Struct, frozen=True, kw_only=True):
    """One column: a figure, and the series behind it if there is one.

    Attributes:
        title: Its header.
        width: Cells of the figure.
        keep: Rank; the column with the lowest is dropped first, sparklines before any figure.
        figure: Text and tone of the current value.
        series: The values over time, and the upper edge of the sparkline if it is known.
        sort: What a click on the header sorts by.
    """

    title: str
    width: int
    keep: int
    figure: Callable[[ComponentView], Cell]
    series: Callable[[ComponentView], tuple[Sequence[float], float | None]] | None = None
    sort: Sort | None = None


def _runs(view: ComponentView) -> bool:
    return view.meters.memory is not None


def _fuel(view: ComponentView) -> Cell:
    return (f"{format_count(view.meters.fuel_per_second)}/s", "plain") if _runs(view) else ("-", "quiet")


def _memory(view: ComponentView) -> Cell:
    meters = view.meters
    if meters.memory is None:
        return "-", "quiet"
    limit = f"/{format_size(meters.memory_limit)}" if meters.memory_limit else ""
    return f"{format_size(meters.memory)}{limit}", memory_tone(meters)


def _cpu(view: ComponentView) -> Cell:
    cpu = view.meters.cpu
    return (f"{cpu * 100:.0f}%", "warn" if cpu >= 0.9 else "plain") if cpu is not None else ("-", "quiet")


def _calls(view: ComponentView) -> Cell:
    return (format_count(view.meters.calls_per_second), "plain") if _runs(view) else ("-", "quiet")


def _errors(view: ComponentView) -> Cell:
    errors = view.meters.errors
    return format_count(errors), "bad" if errors else "quiet"


def _latency(quantile: str) -> Callable[[ComponentView], Cell]:
    def figure(view: ComponentView) -> Cell:
        value: float | None = getattr(view.meters, quantile)
        return (format_ms(value), "plain") if value is not None else ("-", "quiet")

    return figure


GAUGES: Final = (
    Gauge(
        title="FUEL",
        width=7,
        keep=90,
        figure=_fuel,
        series=lambda view: (view.history.fuel, None),
        sort=Sort.FUEL,
    ),
    Gauge(
        title="MEMORY",
        width=11,
        keep=80,
        figure=_memory,
        series=lambda view: (view.history.memory, float(view.meters.memory_limit) or None),
        sort=Sort.MEMORY,
    ),
    Gauge(title="CPU", width=4, keep=60, figure=_cpu, sort=Sort.CPU),
    Gauge(title="CALLS/S", width=7, keep=50, figure=_calls),
    Gauge(title="ERRORS", width=6, keep=45, figure=_errors),
    Gauge(
        title="P50 ms",
        width=6,
        keep=70,
        figure=_latency("p50_ms"),
        series=lambda view: (view.history.latency_ms, None),
    ),
    Gauge(title="P95 ms", width=6, keep=40, figure=_latency("p95_ms")),
    Gauge(title="P99 ms", width=6, keep=42, figure=_latency("p99_ms")),
)
"""Every column from left to right, after the name and the state."""

OWN: Final = Gauge(
    title="OWN",
    width=4,
    keep=0,
    figure=lambda view: (str(view.custom_series), "plain") if view.custom_series else ("-", "quiet"),
)
"""How many metrics a component has of its own; only where there is room for everything else."""

NAME: Final = 15
STATE: Final = 12


class Layout(msgspec.Struct, frozen=True):
    """The columns at a width.

    Attributes:
        name: Cells of the name.
        state: Whether the state is shown.
        gauges: The figures.
        spark: Cells of a sparkline.
        drawn: Titles of the figures that have a sparkline.
    """

    name: int
    state: bool
    gauges: tuple[Gauge, ...]
    spark: int
    drawn: frozenset[str]

    def sparked(self, gauge: Gauge) -> bool:
        """Return whether a figure has a sparkline."""
        return bool(self.spark) and gauge.title in self.drawn


def lay_out(width: int) -> Layout:
    """Choose the columns for a width: figures come first, then sparklines, then the state."""
    gauges = list(GAUGES)
    room = width - GUTTER - NAME - GAP
    # From this width on two figures have a useful sparkline, at the cost of the lowest ranked figures.
    reserve = 2 * (SPARK + GAP) if width >= DRAWN else 0
    while len(gauges) > 1 and sum(gauge.width + GAP for gauge in gauges) > room - reserve:
        gauges.remove(min(gauges, key=lambda gauge: gauge.keep))
    room -= sum(gauge.width + GAP for gauge in gauges)
    series = [gauge for gauge in gauges if gauge.series is not None]
    if room < len(series) * (SPARK + GAP):
        series = series[:2]
    drawn = len(series)
    spark = 0
    if drawn and room >= drawn * (SPARK // 2 + GAP):
        spark = min(SPARK, room // drawn - GAP)
        room -= drawn * (spark + GAP)
    state = room >= STATE + GAP
    room -= STATE + GAP if state else 0
    if state and room >= OWN.width + GAP:
        gauges.append(OWN)
        room -= OWN.width + GAP
    if spark:
        more = min(LONG - spark, room // drawn)
        spark += more
        room -= more * drawn
    return Layout(NAME + min(15, max(0, room)), state, tuple(gauges), spark, frozenset(each.title for each in series))


def meters_row(view: ComponentView, width: int, sight: Sight, *, selected: bool) -> Line:
    """Draw one component."""
    glyphs, layout = sight.glyphs, lay_out(width)
    name = cut_middle(safe(view.id, glyphs, 140), layout.name, glyphs.ellipsis)
    spans = [Span(glyphs.pointer if selected else " ", "accent"), Span(" ")]
    spans.append(Span(fit(name, layout.name, ellipsis=glyphs.ellipsis) + " ", "strong"))
    if layout.state:
        state, tone = state_cell(view, sight)
        spans.append(Span(fit(state, STATE) + " ", tone))
    for gauge in layout.gauges:
        if gauge.series is not None and layout.sparked(gauge):
            values, top = gauge.series(view)
            drawn = glyphs.sparkline(values, layout.spark, top) if _runs(view) else ""
            spans.append(Span(f"{drawn:<{layout.spark}} ", "accent"))
        text, tone = gauge.figure(view)
        spans.append(Span(fit(text, gauge.width, right=True, ellipsis=glyphs.ellipsis) + " ", tone))
    return tuple(spans)


def meters_head(width: int, how: Arrangement, glyphs: Glyphs) -> Line:
    """Draw the header."""
    layout = lay_out(width)
    arrow = glyphs.ascending if how.ascending else glyphs.descending
    spans = [Span(" " * GUTTER), *_title("NAME", how.sort is Sort.NAME, arrow, layout.name, sortable=True)]
    if layout.state:
        spans += _title("STATE", how.sort is Sort.STATE, arrow, STATE, sortable=True)
    for gauge in layout.gauges:
        cells = gauge.width + (layout.spark + GAP if layout.sparked(gauge) else 0)
        sorting = gauge.sort is not None and how.sort is gauge.sort
        spans += _title(gauge.title, sorting, arrow, cells, sortable=gauge.sort is not None, right=True)
    return tuple(spans)


def _title(
    title: str, sorting: bool, arrow: str, cells: int, *, sortable: bool, right: bool = False
) -> tuple[Span, ...]:
    text = title + (arrow if sorting else "")
    pad = Span(" " * max(0, cells - len(text)))
    tone = "accent" if sorting else "plain"
    word = (Span(text[0], tone, under=sortable), Span(text[1:cells], tone))
    return (pad, *word, Span(" ")) if right else (*word, pad, Span(" "))


def sort_under(x: int, width: int) -> Sort | None:
    """Return what a click on the header at a cell sorts by."""
    layout = lay_out(width)
    columns: list[tuple[int, Sort | None]] = [(GUTTER + layout.name + GAP, Sort.NAME)]
    columns += [(STATE + GAP, Sort.STATE)] if layout.state else []
    for gauge in layout.gauges:
        spark = layout.spark + GAP if layout.sparked(gauge) else 0
        columns.append((gauge.width + GAP + spark, gauge.sort))
    for cells, sort in columns:
        if x < cells:
            return sort
        x -= cells
    return None


class MetersScreen(ComponentListScreen):
    """The table of meters.

    Attributes:
        timer: The timer of the pulls, once the screen is mounted.
    """

    view: ClassVar[View] = View.METERS
    TABLE_ID: ClassVar[str] = "meters"

    def __init__(self, session: Session, operations: Operations) -> None:
        super().__init__(session, operations)
        self.timer: Timer | None = None

    def body(self) -> Iterator[Widget]:
        """Yield filter and table."""
        yield self._filter_bar
        yield self._list

    def on_mount(self) -> None:
        """Pull twice a second while the screen is visible."""
        super().on_mount()
        self.timer = self.set_interval(EVERY, self.operations.look)

    def on_screen_suspend(self) -> None:
        """Stop while the screen is hidden."""
        if self.timer is not None:
            self.timer.pause()

    def on_screen_resume(self) -> None:
        """Continue."""
        super().on_screen_resume()
        if self.timer is not None:
            self.timer.resume()

    def row(self, key: str, width: int, chosen: bool) -> Line:
        """Draw a component's row."""
        view = self.session.rows.get(key)
        return meters_row(view, width, self.session.sight, selected=chosen) if view is not None else ()

    def titles(self, width: int) -> Line:
        """Draw the header of the table."""
        return meters_head(width, self.arrangement, self.session.glyphs)

    def sort_at(self, x: int) -> Sort | None:
        """Return what a click on the header at a cell sorts by."""
        return sort_under(x, self._list.room)

    def open_selected(self) -> None:
        """Open the selected component's charts."""
        self.action_open_view(View.METER, its=True)
