"""Traces as lines: the list of calls, and one call as a tree of its steps with the time of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airssys_tui.api.views.tracing import SpanView, TraceView
from airssys_tui.core.lifecycle import State
from airssys_tui.core.units import format_count
from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.drawing.lines import Line, Span, fit, safe, wrap
from airssys_tui.tui.drawing.moments import clock_text, moment_text, offset_text
from airssys_tui.tui.drawing.quantities import format_ms

SHORT: Final = 8
"""Digits of a trace's identity that are shown in the list."""

STEPPED: Final = 44
"""From this width on the list shows the number of steps."""

NAMED: Final = 56
"""From this width on the list shows the trace id."""

TIMED: Final = 46
"""From this width on a step shows when it began."""

BARRED: Final = 58
"""From this width on a step has a bar."""

LEFT: Final = 12
"""Cells of pointer, symbol and time in the list."""

FIGURE: Final = 8
LONGEST_BAR: Final = 60
LEAST_MS: Final = 1e-6
"""Shortest call that is drawn; no clock has finer steps."""

DEEPEST: Final = 12
"""Depth down to which steps are indented; deeper ones show their depth as a number."""

VALUE_ROWS: Final = 12
"""Lines of one annotation or message; the rest is cut with an ellipsis."""

LONGEST: Final = 2_048
"""Characters of one annotation or message."""


def end_glyph(trace: TraceView, glyphs: Glyphs) -> Span:
    """Return the symbol for how a call ended."""
    if trace.failed:
        return Span(glyphs.states[State.FAILED], "bad")
    if trace.goes_on:
        return Span(glyphs.states[State.STARTING], "busy")
    return Span(glyphs.states[State.RUNNING], "ok")


def how_it_ended(trace: TraceView) -> tuple[str, str]:
    """Return a word for how a call ended, and its tone."""
    if trace.failed:
        return "failed", "bad"
    return ("ongoing", "busy") if trace.goes_on else ("done", "ok")


def _list_room(width: int) -> int:
    """Return the cells of the export in the list."""
    steps, trace = (6 if width >= STEPPED else 0), (SHORT + 1 if width >= NAMED else 0)
    return max(1, width - LEFT - steps - trace - FIGURE - 1)


def list_head(width: int) -> Line:
    """Draw the header of the list."""
    steps = f" {'STEPS':>5}" if width >= STEPPED else ""
    trace = f" {'TRACE':<{SHORT}}" if width >= NAMED else ""
    return (Span(f"   {'WHEN':<8} {fit('EXPORT', _list_room(width))}{steps}{trace} {'TOOK MS':>{FIGURE}}"),)


def list_row(trace: TraceView, now: float, glyphs: Glyphs, width: int, *, chosen: bool) -> Line:
    """Draw one call."""
    steps = f" {len(trace.spans):>5}" if width >= STEPPED else ""
    short = f" {safe(trace.id, glyphs)[:SHORT]:<{SHORT}}" if width >= NAMED else ""
    when = moment_text(trace.at, now)
    name = safe(trace.export.rpartition("#")[2], glyphs)
    return (
        Span(glyphs.pointer if chosen else " ", "accent"),
        end_glyph(trace, glyphs),
        Span(f" {when:<8} ", "quiet"),
        Span(fit(name, _list_room(width), ellipsis=glyphs.ellipsis), "bad" if trace.failed else "plain"),
        Span(f"{steps}{short}", "quiet"),
        Span(f" {format_ms(trace.took_ms):>{FIGURE}}"),
    )


def tree_lines(trace: TraceView, glyphs: Glyphs, width: int) -> list[Line]:
    """Draw a call as a tree of its steps, each with its offset, duration, notes and error."""
    word, tone = how_it_ended(trace)
    export = wrap(safe(trace.export, glyphs), max(12, width - 2))
    lines: list[Line] = [(Span(f" {row}", "strong"),) for row in export[:2]]
    facts = f"  {format_ms(trace.took_ms)} ms  {_count(len(trace.spans), 'step')}"
    when = f"  {clock_text(trace.at)}" + (f" {offset_text(trace.at)}" if width >= BARRED else "")
    lines.append((Span(f" {word}", tone), Span(facts), Span(when, "quiet")))
    lines.append((Span(fit(f" trace {safe(trace.id, glyphs)}", width, ellipsis=glyphs.ellipsis).rstrip(), "quiet"),))
    if trace.dropped:
        more = f" {format_count(trace.dropped)} more steps and notes were dropped"
        lines += [(Span(f" {row}", "warn"),) for row in wrap(more.strip(), max(12, width - 2))]
    lines += [(), _tree_head(width)]
    whole = max(trace.took_ms, *(span.start_ms + (span.took_ms or 0.0) for span in trace.spans), LEAST_MS)
    for depth, span in trace.tree():
        lines += _step_lines(span, depth, whole, glyphs, width)
    return lines


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _shares(width: int) -> tuple[int, int]:
    """Return the cells of a step's name, and those of its bar."""
    figures = FIGURE + 1 + (FIGURE + 2 if width >= TIMED else 0)
    room = max(8, width - 2 - figures)
    bar = min(LONGEST_BAR, room * 2 // 5) if width >= BARRED else 0
    return room - (bar + 1 if bar else 0), bar


def _tree_head(width: int) -> Line:
    name, bar = _shares(width)
    begin = f" {'AT MS':>{FIGURE + 1}}" if width >= TIMED else ""
    when = f" {'WHEN':<{bar}}" if bar else ""
    return (Span(f"  {'STEP':<{name}}{begin} {'TOOK MS':>{FIGURE}}{when}", "title"),)


def _step_lines(span: SpanView, depth: int, whole: float, glyphs: Glyphs, width: int) -> Iterator[Line]:
    room, bar = _shares(width)
    indent = "  " * min(depth, DEEPEST, room // 6)
    deep = f"({depth}) " if 2 * depth > len(indent) else ""
    name = fit(f"{indent}{deep}{safe(span.name, glyphs)}", room, ellipsis=glyphs.ellipsis)
    failed = bool(span.error)
    spans = [
        Span(glyphs.states[State.FAILED] if failed else " ", "bad"),
        Span(f" {name}", "bad" if failed else "strong" if depth == 0 else "plain"),
    ]
    if width >= TIMED:
        spans.append(Span(f" {_offset(span):>{FIGURE + 1}}", "quiet"))
    took = "ongoing" if span.took_ms is None else format_ms(span.took_ms)
    spans.append(Span(f" {took:>{FIGURE}}", "busy" if span.took_ms is None else "plain"))
    if bar:
        spans.append(Span(f" {_bar(span, whole, bar, glyphs)}", "bad" if failed else "accent"))
    yield tuple(spans)
    left = len(indent) + 4
    for key, value in span.annotations:
        for row in _note(f"{safe(key, glyphs)}: {safe(value, glyphs, LONGEST)}", left, width, glyphs):
            yield (Span(row, "quiet"),)
    if failed:
        for row in _note(f"error: {safe(span.error, glyphs, LONGEST)}", left, width, glyphs):
            yield (Span(row, "bad"),)


def _offset(span: SpanView) -> str:
    return f"+{format_ms(span.start_ms)}" if span.start_ms > 0 else "0"


def _note(text: str, left: int, width: int, glyphs: Glyphs) -> Iterator[str]:
    room = max(12, width - left - 2)
    rows = wrap(text, room)
    if len(rows) > VALUE_ROWS:
        end = fit(f"{rows[VALUE_ROWS - 1]} {glyphs.ellipsis}", room, ellipsis=glyphs.ellipsis)
        rows = [*rows[: VALUE_ROWS - 1], end]
    for row, part in enumerate(rows):
        yield " " * (left + (2 if row else 0)) + part


def _bar(span: SpanView, whole: float, width: int, glyphs: Glyphs) -> str:
    """Draw when a step ran, within the milliseconds of its call; one that still runs reaches to the end."""
    end = whole if span.took_ms is None else span.start_ms + span.took_ms
    first = min(width - 1, max(0, int(span.start_ms / whole * width)))
    last = min(width, max(first + 1, round(end / whole * width)))
    full = "#" if glyphs.ascii else "━"
    open_end = "~" if glyphs.ascii else "╍"
    ink = (open_end if span.took_ms is None else full) * (last - first)
    return f"{' ' * first}{ink}".ljust(width)
