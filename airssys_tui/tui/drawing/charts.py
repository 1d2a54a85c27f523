"""Charts of series over time, as lines of text: an axis with figures, and dots, bars or bands over it.

Pure: values in, lines out. Every chart has its figures in writing next to it, and no chart needs colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.drawing.lines import Line, Span, fit

Series = Sequence[float | None]
"""Values over time, oldest first; ``None`` where nothing was measured."""

LEAST_BODY: Final = 2
WIDEST: Final = 1e9
"""Largest ratio of the upper edge of a logarithmic scale to its lower edge."""

SMALLEST: Final = 1e-12
"""Values at or below this are drawn as zero; no meter has finer steps."""

AXIS: Final = 7
"""Cells of the figures on the left, with the axis itself."""

_BRAILLE: Final = 0x2800
_DOTS: Final = ((0x40, 0x80), (0x04, 0x20), (0x02, 0x10), (0x01, 0x08))
"""Bits of a braille cell, its lowest row first; left and right column."""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """The content of one chart.

    Attributes:
        title: What is measured, with its unit.
        figure: The current value, in writing.
        series: One series; or several, each never below the previous one, drawn as bands on a logarithmic scale, since
            slow calls take many times as long as usual ones.
        label: Writes a value for the axis, in at most five cells.
        seconds: How far the series reach back.
        top: The value of the upper edge; without it, the largest value.
        limit: The upper edge in writing, if it is a limit.
        tone: Tone of the dots.
        names: The name of each of several series.
    """

    title: str
    figure: str
    series: tuple[Series, ...]
    label: Callable[[float], str]
    seconds: float
    top: float | None = None
    limit: str = ""
    tone: str = "accent"
    names: tuple[str, ...] = ()


def draw(chart: Chart, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """Draw a chart in exactly ``height`` lines of exactly ``width`` cells."""
    cells = max(1, width - AXIS)
    rows = max(LEAST_BODY, height - 2)
    known = [value for one in chart.series for value in one if value is not None and value > SMALLEST]
    top = chart.top or _round_up(max(known, default=0))
    low = 0.0
    lines = [_title(chart, width, glyphs)]
    if len(chart.series) > 1:
        low = max(min(_round_down(min(known, default=0)), top / 10), top / WIDEST)
        body = _bands([_fitted(one, cells) for one in chart.series], rows, low, top, glyphs)
    elif glyphs.ascii:
        body = _columns(_fitted(chart.series[0], cells), rows, top)
    else:
        body = _dots(_fitted(chart.series[0], cells * 2), rows, top)
    for row, text in enumerate(body):
        middle = math.sqrt(low * top) if low else top / 2
        at = top if row == 0 else middle if rows > 4 and row == rows // 2 else low if row == rows - 1 else None
        figure = chart.label(at) if at is not None else ""
        edge = glyphs.tick if at is not None else glyphs.axis
        lines.append((Span(f"{figure:>{AXIS - 2}} {edge}", "quiet"), Span(fit(text, cells), chart.tone)))
    lines.append(_times(chart.seconds, width))
    return lines[:height]


def _title(chart: Chart, width: int, glyphs: Glyphs) -> Line:
    legend = ""
    if chart.names:
        shades = _shades(len(chart.names), glyphs)
        legend = "  ".join(f"{shade} {name}" for shade, name in zip(shades, chart.names, strict=True))
    limit = f"of {chart.limit}" if chart.limit else ""
    parts = [Span(f" {chart.title} ", "strong"), Span(f" {chart.figure} "), Span(limit, "quiet")]
    room = width - sum(len(part.text) for part in parts)
    if legend and room > len(legend) + 1:
        parts.append(Span(f"{legend:>{room - 1}}", "quiet"))
        room = 1
    line = [*parts, Span(" " * max(0, room))]
    used = 0
    fitted: list[Span] = []
    for part in line:
        text = part.text[: max(0, width - used)]
        used += len(text)
        fitted.append(Span(text, part.tone))
    return tuple(fitted)


def _times(seconds: float, width: int) -> Line:
    start = f"-{seconds / 60:.0f} min" if seconds >= 60 else f"-{seconds:.0f} s"
    gap = width - AXIS - len(start) - 4
    return (Span(" " * AXIS), Span(f"{start}{' ' * max(1, gap)}now "[: max(0, width - AXIS)], "quiet"))


def _round_up(value: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten at or above a value; 1 for zero."""
    if value <= 0:
        return 1.0
    power = 1.0
    while power * 10 <= value:
        power *= 10
    while power > value:
        power /= 10
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value * 0.999_999)


def _round_down(value: float) -> float:
    """Return the power of ten at or below a value; 0.1 for zero."""
    return 10.0 ** math.floor(math.log10(value)) if value > 0 else 0.1


def ticks(series: Series, cells: int, glyphs: Glyphs) -> str:
    """Draw a series as one line of ticks below a chart of this width; a series never measured is blank."""
    if not series:
        return " " * cells
    return glyphs.sparkline([value or 0.0 for value in _fitted(series, cells)], cells)


def _fitted(series: Series, cells: int) -> list[float | None]:
    """Spread or gather a series over this many places; of several values the largest counts."""
    count = len(series)
    if count == 0:
        return [None] * cells
    fitted: list[float | None] = []
    for place in range(cells):
        start = place * count // cells
        end = max(start + 1, (place + 1) * count // cells)
        known = [value for value in series[start:end] if value is not None]
        fitted.append(max(known) if known else None)
    return fitted


def _height(value: float | None, steps: int, top: float) -> int:
    """Return how many of ``steps`` a value fills; at least one if it is above zero."""
    if value is None or value <= 0:
        return 0
    return min(steps, max(1, round(value / top * steps)))


def _dots(values: list[float | None], rows: int, top: float) -> list[str]:
    steps = rows * 4
    heights = [-1 if value is None else _height(value, steps, top) for value in values]
    lines = []
    for row in range(rows):
        floor = (rows - 1 - row) * 4
        text = ""
        for left in range(0, len(heights), 2):
            bits = 0
            for side in (0, 1):
                filled = min(4, max(0, heights[left + side] - floor))
                bits |= sum(_DOTS[dot][side] for dot in range(filled))
                if floor == 0 and filled == 0 and heights[left + side] == 0:
                    bits |= _DOTS[0][side]
            text += chr(_BRAILLE + bits) if bits else " "
        lines.append(text)
    return lines


def _columns(values: list[float | None], rows: int, top: float) -> list[str]:
    heights = [-1 if value is None else _height(value, rows * 2, top) for value in values]
    lines = []
    for row in range(rows):
        floor = (rows - 1 - row) * 2
        lines.append("".join(_half(height - floor, floor, height) for height in heights))
    return lines


def _half(above: int, floor: int, height: int) -> str:
    if above >= 2:
        return "#"
    if above == 1:
        return "."
    return "_" if floor == 0 and height == 0 else " "


def _shades(count: int, glyphs: Glyphs) -> str:
    shades = "#+." if glyphs.ascii else "█▒░"
    return shades[:count]


def _bands(series: list[list[float | None]], rows: int, low: float, top: float, glyphs: Glyphs) -> list[str]:
    shades = _shades(len(series), glyphs)
    whole = math.log(top / low)
    heights = [
        [_height(math.log(max(value, low) / low) if value else None, rows, whole) or int(bool(value)) for value in one]
        for one in series
    ]
    lines = []
    for row in range(rows):
        level = rows - row
        text = ""
        for place in range(len(heights[0])):
            text += next((shades[one] for one in range(len(series)) if heights[one][place] >= level), " ")
        lines.append(text)
    return lines


def beside(blocks: Sequence[Sequence[Line]], widths: Sequence[int], gap: int = 2) -> list[Line]:
    """Put blocks of lines side by side; each line already has the width of its block."""
    height = max(map(len, blocks), default=0)
    lines: list[Line] = []
    for row in range(height):
        spans: list[Span] = []
        for index, block in enumerate(blocks):
            spans += [Span(" " * gap)] if index else []
            spans += block[row] if row < len(block) else (Span(" " * widths[index]),)
        lines.append(tuple(spans))
    return lines
