"""The pane under the registry: what the selected component is, how its figures went, and what happened to it last."""

from __future__ import annotations

from collections.abc import Sequence

from airssys_tui.api.views import ComponentView, NoteKind
from airssys_tui.core.events import Event, Level
from airssys_tui.core.identity import short_digest
from airssys_tui.core.units import format_count, format_size
from airssys_tui.tui.columns import NOTE_TONES, Sight, note_text, state_cell, version_text
from airssys_tui.tui.lines import Line, Span, fit, join, line_width, safe
from airssys_tui.tui.moments import ago_text, clock_text

LEVEL_TONES = {Level.DEBUG: "quiet", Level.INFO: "plain", Level.WARNING: "warn", Level.ERROR: "bad"}


def flow(parts: Sequence[Line], width: int) -> list[Line]:
    """Lay parts out beside each other, in as many lines as that takes."""
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
    """Draw an event of one component: time, what, text."""
    time = clock_text(event.at)
    action = fit(safe(event.action or event.kind, sight.glyphs, 24), 12, ellipsis=sight.glyphs.ellipsis)
    room = max(0, width - len(time) - 16)
    text = fit(safe(event.text, sight.glyphs), room, ellipsis=sight.glyphs.ellipsis)
    tone = LEVEL_TONES[event.level]
    return (Span(f" {time}  ", "quiet"), Span(f"{action} ", tone), Span(text, tone))


def selection_lines(view: ComponentView, events: Sequence[Event], sight: Sight, width: int, height: int) -> list[Line]:
    """Draw the pane in at most ``height`` lines."""
    lines: list[Line] = [(Span(sight.glyphs.rule * width, "quiet"),)]
    first, *rest = flow(_summary(view, sight), width)
    text, tone = note_text(view, sight)
    note: Line = (Span(" "), Span(fit(text, width - 2, ellipsis=sight.glyphs.ellipsis), tone))
    lines += [first, *([note] if text else []), *rest]
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
        (Span(state, tone), Span("  stable" if view.stable else "", "ok")),
    ]
    if view.digest:
        parts.append((Span(f"sha256:{safe(short_digest(view.digest), sight.glyphs)}{sight.glyphs.ellipsis}", "quiet"),))
    if meters.fuel_per_call is not None:
        parts.append((Span("fuel/call ", "quiet"), Span(f"{meters.fuel_per_call:,.0f}".replace(",", " "))))
    if meters.p50_ms is not None and meters.p99_ms is not None:
        parts.append(
            (Span("p50 ", "quiet"), Span(_ms(meters.p50_ms)), Span(" p99 ", "quiet"), Span(f"{_ms(meters.p99_ms)} ms"))
        )
    if view.state_bytes is not None:
        saved = f", saved {ago_text(view.state_saved_at, sight.now)}" if view.state_saved_at is not None else ""
        parts.append((Span("state ", "quiet"), Span(f"{format_size(view.state_bytes)}{saved}")))
    if view.restarts:
        parts.append((Span("restarts ", "quiet"), Span(str(view.restarts), "warn")))
    if view.held and view.note.kind is not NoteKind.HELD:
        held = safe(", ".join(view.held), sight.glyphs, 60)
        parts.append((Span("held ", "quiet"), Span(held, NOTE_TONES[NoteKind.HELD])))
    return parts


def _sparklines(view: ComponentView, sight: Sight, width: int) -> Line:
    meters = view.meters
    series = (
        ("fuel", view.history.fuel, None, f"{format_count(meters.fuel_per_second)}/s"),
        ("memory", view.history.memory, float(meters.memory_limit) or None, format_size(meters.memory or 0)),
        ("latency", view.history.latency_ms, None, f"{_ms(meters.p50_ms)} ms" if meters.p50_ms else "-"),
    )
    shown = series if width >= 70 else series[:2]
    cells = (width - 1) // len(shown)
    spans = [Span(" ")]
    for name, values, top, figure in shown:
        room = max(4, min(60, cells - len(name) - 12))
        spans += [Span(f"{name} ", "quiet"), Span(sight.glyphs.sparkline(values, room, top), "accent")]
        spans.append(Span(f" {figure:<9} "))
    return tuple(spans)


def _ms(value: float) -> str:
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.0f}"
