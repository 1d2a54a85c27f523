"""A component's own metrics as lines: counters with their rate, gauges, summaries, and their labels."""

from __future__ import annotations

import math
from collections import deque
from typing import Final, NamedTuple

from rich.cells import cell_len, set_cell_size

from airssys_tui.api.views.metering import CustomSeries, MeterDetail
from airssys_tui.core.units import format_count
from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.drawing.lines import Line, Span, fit, safe, wrap

SPAN: Final = 10.0
"""Seconds over which the rate of a counter is taken."""

KEPT: Final = 40
"""Values of a series that are remembered; older ones are forgotten."""

SERIES: Final = 200
"""Series that are remembered and drawn; a component has no more."""

LABEL_ROWS: Final = 3
"""Lines for the labels of one series that do not fit next to its name."""

WIDE: Final = 66
"""From this width on there are columns for kind and quantiles."""

NAME: Final = 56
FIGURE: Final = 8
LONGEST: Final = FIGURE + 1
"""Characters of any number."""

KIND: Final = 8

Key = tuple[str, tuple[tuple[str, str], ...]]


class Seen(NamedTuple):
    """A value, and when it was seen."""

    at: float
    value: float


class OwnMeters:
    """Values of a component's own series, seen while its meters are shown; the rates come from them."""

    def __init__(self) -> None:
        self._seen: dict[Key, deque[Seen]] = {}

    @property
    def kept(self) -> dict[Key, int]:
        """How many values are kept of each series."""
        return {key: len(values) for key, values in self._seen.items()}

    def take(self, detail: MeterDetail, at: float) -> None:
        """Remember the current values; forget series that are gone."""
        before, self._seen = self._seen, {}
        for series in detail.custom[:SERIES]:
            key = _key(series)
            values = before.get(key) or deque[Seen](maxlen=KEPT)
            now = Seen(at, _counted(series))
            if values and (now.value < values[-1].value or at < values[-1].at):
                values.clear()  # The series was reset.
            if values and values[-1].at == at:
                values.pop()
            values.append(now)
            while len(values) > 2 and at - values[1].at >= SPAN:
                values.popleft()
            self._seen[key] = values

    def rate(self, series: CustomSeries) -> float | None:
        """Return a counter's gain or a summary's observations per second; ``None`` for a gauge."""
        values = self._seen.get(_key(series))
        if series.kind == "gauge" or values is None or len(values) < 2:
            return None
        return (values[-1].value - values[0].value) / (values[-1].at - values[0].at)


def _key(series: CustomSeries) -> Key:
    return str(series.name), tuple((str(name), str(value)) for name, value in series.labels)


def _counted(series: CustomSeries) -> float:
    return float(series.count or 0) if series.kind == "histogram" else series.value


def format_value(value: float) -> str:
    """Write any number in at most :data:`LONGEST` characters."""
    if not math.isfinite(value):
        return f"{value}"
    size = abs(value)
    if 1_000 <= size < 1e15:
        return f"{'-' if value < 0 else ''}{format_count(size)}"
    if value == int(value) and size < 1_000:
        return f"{value:.0f}"
    text = f"{value:.3g}"
    return text if len(text) <= LONGEST else f"{value:.2g}"


def own_lines(detail: MeterDetail, seen: OwnMeters, width: int, glyphs: Glyphs) -> list[Line]:
    """Draw a component's own series; no lines if it has no series and none was dropped."""
    count = len(detail.custom)
    if not count and not detail.custom_dropped:
        return []
    said = "1 series" if count == 1 else f"{count} series"
    head: list[Span] = [Span(" its own metrics  ", "strong"), Span(said, "quiet")]
    if detail.custom_dropped:
        head.append(Span(f"  {format_count(detail.custom_dropped)} dropped", "warn"))
    lines: list[Line] = [_clip(tuple(head), width)]
    if count:
        lines.append(_titles(width))
    for series in detail.custom[:SERIES]:
        lines += _series_lines(series, seen.rate(series), width, glyphs)
    return lines


def least_rows(detail: MeterDetail, most: int) -> int:
    """Return how many lines of a screen to keep free for the series, so that they are visible at all."""
    return min(most, len(detail.custom) + 2) if detail.custom or detail.custom_dropped else 0


def _columns(width: int) -> tuple[int, bool]:
    """Return the cells of the name, and whether there is room for kind and quantiles."""
    wide = width >= WIDE
    taken = 2 + 2 * (FIGURE + 2) + (KIND + 1 + 3 * (FIGURE + 1) if wide else 0)
    return min(NAME, max(8, width - taken)), wide


def _titles(width: int) -> Line:
    name, wide = _columns(width)
    text = f" {'METRIC':<{name}} "
    text += f"{'KIND':<{KIND}} " if wide else ""
    text += f"{'NOW':>{FIGURE + 1}} {'RATE':>{FIGURE + 1}} "
    text += "".join(f"{title:>{FIGURE}} " for title in ("P50", "P95", "P99")) if wide else ""
    return (Span(fit(text, width), "title"),)


def _series_lines(series: CustomSeries, rate: float | None, width: int, glyphs: Glyphs) -> list[Line]:
    room, wide = _columns(width)
    summary = series.kind == "histogram"
    quantiles = tuple(
        (title, "" if each is None else format_value(each))
        for title, each in (("p50", series.p50), ("p95", series.p95), ("p99", series.p99))
    )
    name = safe(series.name, glyphs)
    labels = " ".join(f"{safe(key, glyphs)}={safe(value, glyphs)}" for key, value in series.labels)
    beside = f"{name} {labels}"
    fits = cell_len(beside) <= room
    shown = fit(name, cell_len(name) if fits else room, ellipsis=glyphs.ellipsis)
    figures = [Span(f" {fit(labels, room - cell_len(name)) if fits else ''}", "quiet")]
    if wide:
        figures.append(Span(f"{fit('summary' if summary else safe(series.kind, glyphs), KIND)} ", "quiet"))
    now = f"n {format_count(series.count or 0)}" if summary else format_value(series.value)
    figures.append(Span(f"{now:>{FIGURE + 1}} "))
    figures.append(Span(f"{f'{format_value(rate)}/s' if rate is not None else '-':>{FIGURE + 1}} ", "accent"))
    if wide:
        figures.append(Span("".join(f"{text:>{FIGURE}} " for _, text in quantiles)))
    lines = [_clip((Span(f" {shown}"), *figures), width)]
    if series.clamped:
        lines += _below("clamped: the truth is larger than can be counted", width, glyphs)
    if labels and not fits:
        lines += _below(labels, width, glyphs)
    if summary and not wide:
        lines += _below("  ".join(f"{title} {text}" for title, text in quantiles if text), width, glyphs)
    return lines


def _below(text: str, width: int, glyphs: Glyphs) -> list[Line]:
    rows = wrap(text, max(8, width - 4))
    if len(rows) > LABEL_ROWS:
        rows = [*rows[: LABEL_ROWS - 1], " ".join(rows[LABEL_ROWS - 1 :])]
    return [(Span(f"   {fit(row, max(1, width - 3), ellipsis=glyphs.ellipsis)}", "quiet"),) for row in rows]


def _clip(line: Line, width: int) -> Line:
    """Make a line exactly ``width`` cells wide."""
    spans: list[Span] = []
    for span in line:
        text = set_cell_size(span.text, min(width, cell_len(span.text)))
        width -= cell_len(text)
        spans.append(Span(text, span.tone))
    return (*spans, Span(" " * width))
