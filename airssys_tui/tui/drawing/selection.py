"""The pane under the registry: the selected component, its figures over time, and its latest events."""

from __future__ import annotations

from collections.abc import Sequence

from airssys_tui.api.views.components import ComponentView, Meters, NoteKind
from airssys_tui.core.events import Event, Level
from airssys_tui.core.identity import short_digest
from airssys_tui.core.units import format_count, format_size
from airssys_tui.tui.drawing.columns import (
    NOTE_TONES,
    Sight,
    memory_tone,
    note_text,
    probation_left,
    quarantine_text,
    state_cell,
    version_text,
)
from airssys_tui.tui.drawing.lines import Line, Span, fit, join, line_width, safe, wrap
from airssys_tui.tui.drawing.moments import ago_text, clock_text
from airssys_tui.tui.drawing.quantities import format_ms, format_whole

LEVEL_GLYPHS = {
    Level.DEBUG: ("·", "."),
    Level.INFO: ("•", "-"),
    Level.WARNING: ("▲", "!"),
    Level.ERROR: ("✕", "x"),
}
"""Glyph of each level, and its ASCII form."""

LEVEL_TONES = {Level.DEBUG: "quiet", Level.INFO: "plain", Level.WARNING: "warn", Level.ERROR: "bad"}


def flow(parts: Sequence[Line], width: int) -> list[Line]:
    """Lay parts out side by side, in as many lines as needed."""
    lines: list[Line] = []
    current: Line = (Span(" "),)
    for part in parts:
        longer = join([current, part], "   ") if line_width(current) > 1 else (*current, *part)
        if line_width(longer) <= width or line_width(current) <= 1:
            current = longer
        else:
            lines.append(current)
            current = (Span("   "), *part)
    return [*lines, current]


def event_line(event: Event, sight: Sight, width: int) -> Line:
    """Draw an event of one component: time, level, text."""
    time = clock_text(event.at)
    glyph = LEVEL_GLYPHS[event.level][sight.glyphs.ascii]
    room = max(0, width - len(time) - 6)
    text = fit(safe(event.text, sight.glyphs), room, ellipsis=sight.glyphs.ellipsis)
    tone = LEVEL_TONES[event.level]
    return (Span(f" {time} ", "quiet"), Span(f"{glyph} ", tone), Span(text, tone))


def selection_lines(view: ComponentView, events: Sequence[Event], sight: Sight, width: int, height: int) -> list[Line]:
    """Draw the pane in at most ``height`` lines."""
    lines: list[Line] = [(Span(sight.glyphs.rule * width, "quiet"),)]
    first, *rest = flow(_summary(view, sight), width)
    text, tone = note_text(view, sight)
    # The table cuts a note to its column; here the whole note is shown, in two lines if there is room.
    parts = wrap(text, max(10, width - 2))[: 2 if height >= 7 else 1] if text else []
    if parts:
        parts[-1] = fit(parts[-1] if len(parts) > 1 else text, width - 2, ellipsis=sight.glyphs.ellipsis)
    note = [(Span(" "), Span(part, tone)) for part in parts]
    lines += [first, *note, *rest]
    if view.history.fuel and height - len(lines) >= 1:
        lines.append(_sparklines(view, sight, width))
    for event in events[: max(0, height - len(lines))]:
        lines.append(event_line(event, sight, width))
    return lines[:height]


def _summary(view: ComponentView, sight: Sight) -> list[Line]:
    meters = view.meters
    state, tone = state_cell(view, sight)
    parts: list[Line] = [
        (Span(safe(view.id, sight.glyphs, 80), "strong"), Span("  "), Span(version_text(view, sight))),
        (Span(state, tone), Span(*_proved(view))),
    ]
    if view.digest:
        parts.append((Span(f"sha256:{safe(short_digest(view.digest), sight.glyphs)}{sight.glyphs.ellipsis}", "quiet"),))
    if meters.fuel_per_call is not None:
        parts.append((Span("fuel/call ", "quiet"), Span(format_whole(meters.fuel_per_call)), *_change(meters)))
    if meters.p50_ms is not None and meters.p99_ms is not None:
        p50, p99 = format_ms(meters.p50_ms), format_ms(meters.p99_ms)
        parts.append((Span("p50 ", "quiet"), Span(p50), Span(" p99 ", "quiet"), Span(f"{p99} ms")))
    if view.state_bytes is not None:
        saved = f", saved {ago_text(view.state_saved_at, sight.now)}" if view.state_saved_at is not None else ""
        parts.append((Span("state ", "quiet"), Span(f"{format_size(view.state_bytes)}{saved}")))
    said, _ = note_text(view, sight)
    if (left := probation_left(view, sight)) is not None and said != f"on probation {left}":
        parts.append((Span(f"on probation {left}", "busy"),))
    if view.quarantined and said != quarantine_text(view):
        parts.append((Span(quarantine_text(view), "bad"),))
    if view.restarts:
        parts.append((Span("restarts ", "quiet"), Span(str(view.restarts), "warn")))
    if view.held and view.note.kind is not NoteKind.HELD:
        held = safe(", ".join(view.held), sight.glyphs, 60)
        parts.append((Span("held ", "quiet"), Span(held, NOTE_TONES[NoteKind.HELD])))
    return parts


def _proved(view: ComponentView) -> tuple[str, str]:
    return ("  stable", "ok") if view.stable else ("  untried" if view.untried else "", "quiet")


def _change(meters: Meters) -> Line:
    """Return the change of fuel per call since the previous revision; empty if it is unknown."""
    change = meters.fuel_change
    if change is None:
        return ()
    return (Span(f" ({change:+.0%} since the last revision)", "warn" if change >= 0.1 else "quiet"),)


def _sparklines(view: ComponentView, sight: Sight, width: int) -> Line:
    meters = view.meters
    series = (
        ("fuel", view.history.fuel, None, f"{format_count(meters.fuel_per_second)}/s", "plain"),
        (
            "memory",
            view.history.memory,
            float(meters.memory_limit) or None,
            format_size(meters.memory or 0),
            memory_tone(meters),
        ),
        ("latency", view.history.latency_ms, None, f"{format_ms(meters.p50_ms)} ms" if meters.p50_ms else "-", "plain"),
    )
    shown = series if width >= 70 else series[:2]
    cells = (width - 1) // len(shown)
    spans = [Span(" ")]
    for name, values, top, figure, tone in shown:
        room = max(4, min(60, cells - len(name) - 12))
        spans += [Span(f"{name} ", "quiet"), Span(sight.glyphs.sparkline(values, room, top), "accent")]
        spans.append(Span(f" {figure:<9} ", tone))
    return tuple(spans)
