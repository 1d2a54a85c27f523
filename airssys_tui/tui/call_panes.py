"""How the call screen draws: exports, lines of the form, results, calls made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from airssys_tui.api.calling import CheckOutcome, Held, InterfaceView
from airssys_tui.core import form_lines
from airssys_tui.core.form_lines import Kind
from airssys_tui.core.interface import Function, render
from airssys_tui.core.units import format_call_time, format_count, format_size
from airssys_tui.core.value_text import lay_out
from airssys_tui.tui.calls import MadeCall
from airssys_tui.tui.glyphs import Glyphs
from airssys_tui.tui.lines import Line, Span, fit, safe, wrap
from airssys_tui.tui.moments import clock_text

HEADING: Final = "= "
"""Begins the key of a line that names an interface."""

LABELS: Final = 24


def export_keys(view: InterfaceView) -> list[str]:
    """Return the rows of the list of exports: interfaces as headings, functions by their path."""
    keys: list[str] = []
    before = ""
    for export in view.interface.functions():
        instance = export.path.rpartition("#")[0]
        if instance and instance != before:
            keys.append(HEADING + instance)
        before = instance
        keys.append(export.path)
    return keys


def export_row(key: str, glyphs: Glyphs, width: int, *, chosen: bool) -> Line:
    """Draw an interface or a function."""
    if key.startswith(HEADING):
        return (Span(fit(f" {safe(key.removeprefix(HEADING), glyphs)}", width, ellipsis=glyphs.ellipsis), "quiet"),)
    inside = "  " if "#" in key else ""
    name = safe(key.rpartition("#")[2], glyphs)
    pointer = Span(glyphs.pointer if chosen else " ", "accent")
    return (pointer, Span(fit(f"{inside}{name}", max(1, width - 1), ellipsis=glyphs.ellipsis), "plain"))


def signature(function: Function, docs: str, glyphs: Glyphs, width: int, rows: int) -> list[Line]:
    """Draw what is called: its type and what is known of it."""
    typed = wrap(safe(render(function), glyphs), max(20, width - 2))[:2]
    lines: list[Line] = [(Span(f" {part}", "strong"),) for part in typed]
    for paragraph in docs.split("\n\n")[:1]:
        lines += [(Span(f" {part}", "quiet"),) for part in wrap(safe(paragraph, glyphs), max(20, width - 2))]
    return lines[:rows]


def label_width(lines: Iterable[form_lines.Line], width: int) -> int:
    """Return the cells that the names of a form take."""
    return min(LABELS, max(8, width // 3), max((2 * line.depth + len(line.label) for line in lines), default=8))


def form_row(line: form_lines.Line, glyphs: Glyphs, *, names: int, chosen: bool, touched: bool) -> Line:
    """Draw one argument, or a part of one; an error is said once somebody has written, or tried to call."""
    pointer = Span(glyphs.pointer if chosen else " ", "accent")
    label = fit(f"{'  ' * line.depth}{safe(line.label, glyphs)}", names, ellipsis=glyphs.ellipsis)
    spans = [pointer, Span(f"{label}  ", "quiet")]
    match line.kind:
        case Kind.TEXT if line.error and touched and not line.text:
            pass
        case Kind.TEXT:
            spans.append(Span(safe(line.text, glyphs) if line.text else "_" * 6, "strong" if line.text else "quiet"))
        case Kind.CHOICE:
            spans += [Span("< ", "key"), Span(safe(line.text, glyphs), "strong"), Span(" >", "key")]
        case Kind.SWITCH:
            spans.append(Span("[x]" if line.text == "on" else "[ ]", "strong"))
        case Kind.LIST:
            spans += [Span(line.text, "strong"), Span("  + adds one", "quiet")]
    if line.error and touched:
        spans.append(Span(f"  {safe(line.error, glyphs)}", "bad"))
    elif line.kind is Kind.TEXT:
        spans.append(Span(f"  {safe(line.type, glyphs)}", "quiet"))
    return tuple(spans)


def result_lines(function: Function | None, made: MadeCall, glyphs: Glyphs, width: int) -> list[Line]:
    """Draw what a call came to: the result by its type, and what it cost."""
    if made.report is None:
        return [(Span(f" {part}", "bad"),) for part in wrap(safe(made.failure, glyphs), max(20, width - 2))]
    report = made.report
    cpu = "" if report.cpu_seconds is None else f", cpu {format_call_time(report.cpu_seconds)}"
    peak = "" if report.memory_peak is None else f", peak memory {format_size(report.memory_peak)}"
    time = format_call_time(report.seconds)
    cost = f"fuel {format_count(report.fuel)}, time {time}{cpu}{peak}, r{report.revision}"
    lines: list[Line] = [(Span(f" {part}", "quiet"),) for part in wrap(safe(cost, glyphs), max(20, width - 2))]
    value = msgspec.json.decode(report.result)
    for line in lay_out(function.result if function is not None else None, value):
        label = f"{safe(line.label, glyphs)}  " if line.label else ""
        lines.append((Span(" " + "  " * line.depth), Span(label, "quiet"), Span(safe(line.text, glyphs), "strong")))
    return lines


def outcome_lines(outcomes: Sequence[CheckOutcome], glyphs: Glyphs) -> list[Line]:
    """Draw how the replay of the checks went."""
    if not outcomes:
        return [(Span(" There is no check yet. Call something, then keep it with S.", "quiet"),)]
    return [line for outcome in outcomes for line in _outcome(outcome, glyphs)]


def _outcome(outcome: CheckOutcome, glyphs: Glyphs) -> Iterator[Line]:
    check = outcome.check
    what = safe(f"{check.name}  {check.export}{check.arguments}", glyphs)
    if outcome.passed:
        yield (Span(" passed  ", "ok"), Span(what))
        return
    yield (Span(" failed  ", "bad"), Span(what))
    yield (Span("         expected  ", "quiet"), Span(safe(check.result, glyphs)))
    yield (Span("         got       ", "quiet"), Span(safe(outcome.error or outcome.result, glyphs), "bad"))


def held_lines(held: Sequence[Held], glyphs: Glyphs) -> list[Line]:
    """Draw the resources that can be given to a call."""
    return [
        (Span(safe(f" resource {each.id}  {each.resource}  of r{each.revision}", glyphs), "quiet"),) for each in held
    ]


def call_row(made: MadeCall, glyphs: Glyphs, width: int, *, chosen: bool) -> Line:
    """Draw one call of the history."""
    pointer = Span(glyphs.pointer if chosen else " ", "accent")
    came = made.failure or (made.report.result if made.report is not None else "")
    what = f"{made.export.rpartition('#')[2]}{made.arguments}"
    left = fit(safe(what, glyphs), max(10, width // 2), ellipsis=glyphs.ellipsis)
    tone = "bad" if made.failure else "plain"
    return (
        pointer,
        Span(f"{clock_text(made.at)} ", "quiet"),
        Span(f"{left} "),
        Span(fit(safe(came, glyphs), max(1, width - 12 - len(left)), ellipsis=glyphs.ellipsis), tone),
    )
