"""The panes of the call screen: exports, lines of the form, results, calls made."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from functools import lru_cache
from typing import Final

import msgspec
from rich.cells import cell_len

from airssys_tui.api.views.calling import CheckOutcome, InterfaceView, OpenHandle
from airssys_tui.core.types import form_lines
from airssys_tui.core.types.form_lines import LineKind
from airssys_tui.core.types.interface import Function, ValType, render
from airssys_tui.core.types.text_form import lay_out
from airssys_tui.core.units import format_call_time, format_count, format_size
from airssys_tui.tui.drawing.glyphs import ASCII, UNICODE, Glyphs
from airssys_tui.tui.drawing.lines import Line, Span, cut_middle, fit, line_width, safe, wrap
from airssys_tui.tui.drawing.moments import clock_text
from airssys_tui.tui.state.call_forms import Listing
from airssys_tui.tui.state.call_log import MadeCall

PANES: Final = ("exports", "form", "answer", "history")

TITLES: Final = {"exports": "exports", "form": "arguments", "answer": "result", "history": "calls made"}
"""Titles of the panes."""

WIDE: Final = 72
"""From this width on the exports are next to the form; below it only one of the two is shown."""

CHROME: Final = 3
"""Rows above and below the panes."""

TALL: Final = 22
"""From this height on all panes are shown."""

HEADING: Final = "= "
"""Begins the key of a line that names an interface."""

LABELS: Final = 24

CALL: Final = "= call"
"""Key of the line below a form that calls the export."""

BELOW: Final = "! "
"""Begins the keys of lines with the error of the line above, where there is no room next to it."""

ROOMY: Final = 56
"""Cells from which on the cost of a call is written in full."""

SIGNATURE_ROWS: Final = 3
DOCS_ROWS: Final = 2


def shares(height: int, whole: int, *, form: int, answer: int, history: int, reading: bool) -> tuple[int, int]:
    """Return the rows of the form and of the history: the form gets the rows it needs, the answer the rest below it.

    Args:
        height: Rows of the screen without the signature.
        whole: Rows of the screen.
        form: Lines of the form.
        answer: Lines of the answer.
        history: Calls in the history.
        reading: Whether the answer has the focus, and so may take more.
    """
    calls = 1 + max(1, min(history, whole // 6))
    least = 1 + max(2, min(answer, whole * (6 if reading else 4) // 10))
    return max(3, min(2 + form, height - CHROME - calls - least)), calls


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
        name = cut_middle(safe(key.removeprefix(HEADING), glyphs), width - 1, glyphs.ellipsis)
        return (Span(f" {name}", "quiet"),)
    inside = "  " if "#" in key else ""
    name = safe(key.rpartition("#")[2], glyphs)
    pointer = Span(glyphs.pointer if chosen else " ", "accent")
    return (pointer, Span(fit(f"{inside}{name}", max(1, width - 1), ellipsis=glyphs.ellipsis), "plain"))


def signature(function: Function, docs: str, glyphs: Glyphs, width: int, *, short: bool) -> list[Line]:
    """Draw the signature and its documentation, a few rows of each; cut text ends in an ellipsis.

    Args:
        function: The function.
        docs: Plain text; its first paragraph is shown.
        glyphs: Symbols to draw with.
        width: Cells of a row.
        short: One row of each.
    """
    most, said_most = (1, 1) if short else (SIGNATURE_ROWS, DOCS_ROWS)
    room = max(20, width - 2)
    typed = _head_of(wrap(safe(render(function), glyphs), room), most, room, glyphs)
    lines: list[Line] = [(Span(f" {part}", "strong"),) for part in typed]
    first = docs.split("\n\n", maxsplit=1)[0]
    if first:
        said = _head_of(wrap(safe(first, glyphs), room), said_most, room, glyphs)
        lines += [(Span(f" {part}", "quiet"),) for part in said]
    return lines


def _head_of(rows: list[str], most: int, width: int, glyphs: Glyphs) -> list[str]:
    if len(rows) <= most:
        return rows
    return [*rows[: most - 1], fit(f"{rows[most - 1]} {glyphs.ellipsis}", width, ellipsis=glyphs.ellipsis).rstrip()]


def label_width(listing: Listing, width: int) -> int:
    """Return the cells that the names of a form take."""
    return min(LABELS, max(8, width // 3), listing.widest)


def form_keys(listing: Listing, touched: Container[str], glyphs: Glyphs, width: int, *, sends: bool) -> list[str]:
    """Return the rows of a form: its lines, their errors where they do not fit next to them, and the button.

    Args:
        listing: Its lines.
        touched: Keys of the lines that show their errors.
        glyphs: Symbols to draw with.
        width: Cells of a row.
        sends: Whether there is a button.
    """
    keys: list[str] = []
    names = label_width(listing, width)
    for key, line in listing.lines.items():
        keys.append(key)
        if line.error and key in touched and not _beside(line, names, width):
            rows = len(_below(line, glyphs, names, width))
            keys += [f"{BELOW}{row} {key}" for row in range(rows)]
    return [*keys, CALL] if sends else keys


def _beside(line: form_lines.Line, names: int, width: int) -> bool:
    return 1 + names + 2 + cell_len(safe(line.text)) + 2 + cell_len(safe(line.error)) <= width


def _below(line: form_lines.Line, glyphs: Glyphs, names: int, width: int) -> list[str]:
    return wrap(safe(line.error, glyphs), max(16, width - names - 4))


def error_row(key: str, listing: Listing, glyphs: Glyphs, width: int) -> Line:
    """Draw one row of the error of a line, below that line."""
    row, _, of = key.removeprefix(BELOW).partition(" ")
    line = listing.lines.get(of)
    if line is None:
        return ()
    names = label_width(listing, width)
    said = _below(line, glyphs, names, width)
    return (Span(" " * (names + 3)), Span(said[int(row)] if int(row) < len(said) else "", "bad"))


def call_line(glyphs: Glyphs, key: str, *, chosen: bool) -> Line:
    """Draw the button of the form."""
    pointer = Span(glyphs.pointer if chosen else " ", "accent")
    return (pointer, Span("[ call ]", "key"), Span(f"  {key}", "quiet"))


def form_row(line: form_lines.Line, glyphs: Glyphs, *, names: int, width: int, chosen: bool, touched: bool) -> Line:
    """Draw one argument, or a part of one; its error only once it was edited or sent."""
    pointer = Span(glyphs.pointer if chosen else " ", "accent")
    label = fit(f"{'  ' * line.depth}{safe(line.label, glyphs)}", names, ellipsis=glyphs.ellipsis)
    wrong = bool(line.error) and touched
    remark: Line = ()
    if wrong and _beside(line, names, width):
        remark = (Span(f"{'  ' if line.text else ''}{safe(line.error, glyphs)}", "bad"),)
    elif line.kind is LineKind.TEXT and not wrong:
        remark = (Span(f"  {safe(line.type, glyphs)}", "quiet"),)
    return (pointer, Span(f"{label}  ", "quiet"), *_value(line, glyphs, wrong=wrong), *remark)


def _value(line: form_lines.Line, glyphs: Glyphs, *, wrong: bool) -> Iterator[Span]:
    match line.kind:
        case LineKind.TEXT if wrong and not line.text:
            return
        case LineKind.TEXT:
            yield Span(safe(line.text, glyphs), "strong") if line.text else Span("_" * 6, "quiet")
        case LineKind.CHOICE:
            yield from (Span("< ", "key"), Span(safe(line.text, glyphs), "strong"), Span(" >", "key"))
        case LineKind.SWITCH:
            yield Span("[x]" if line.text == "on" else "[ ]", "strong")
        case LineKind.LIST:
            yield from (Span(line.text, "strong"), Span("  + adds one", "quiet"))


def result_lines(function: Function | None, made: MadeCall, glyphs: Glyphs, width: int) -> list[Line]:
    """Draw the outcome of a call: its cost, and the result by its type."""
    if made.report is None:
        return [(Span(f" {part}", "bad"),) for part in wrap(safe(made.failure, glyphs), max(20, width - 2))]
    report = made.report
    cpu = "" if report.cpu_seconds is None else f", cpu {format_call_time(report.cpu_seconds)}"
    word = "peak memory" if width > ROOMY else "peak"
    peak = "" if report.memory_peak is None else f", {word} {format_size(report.memory_peak)}"
    time = format_call_time(report.seconds)
    cost = f"r{report.revision}: fuel {format_count(report.fuel)}, time {time}{cpu}{peak}"
    lines: list[Line] = [(Span(f" {part}", "quiet"),) for part in wrap(safe(cost, glyphs), max(20, width - 2))]
    returns = function.result if function is not None else None
    return [*lines, *_value_lines(returns, report.result, width, plain=glyphs.ascii)]


@lru_cache(maxsize=4)
def _value_lines(type_: ValType | None, result: str, width: int, *, plain: bool) -> tuple[Line, ...]:
    """Draw a result by its type; the lines are kept, as every change of a pane draws the same result again."""
    lines: list[Line] = []
    glyphs = ASCII if plain else UNICODE
    for line in lay_out(type_, msgspec.json.decode(result)):
        if not line.label and not line.text:
            continue
        label = f"{safe(line.label, glyphs)}  " if line.label else ""
        lines += _hanging((Span(" " + "  " * line.depth), Span(label, "quiet")), line.text, "strong", glyphs, width)
    return tuple(lines)


def _hanging(head: Line, text: str, tone: str, glyphs: Glyphs, width: int) -> Iterator[Line]:
    """Draw text after a head; its further rows are aligned with its first."""
    indent = min(line_width(head), width // 2)
    for row, part in enumerate(wrap(safe(text, glyphs), max(10, width - indent - 1))):
        yield (*head, Span(part, tone)) if row == 0 else (Span(" " * indent), Span(part, tone))


def outcome_lines(outcomes: Sequence[CheckOutcome], glyphs: Glyphs, width: int, *, keep: str) -> list[Line]:
    """Draw how the replay of the checks went; ``keep`` is the key that keeps a check."""
    if not outcomes:
        none = f"No checks yet. Call an export, then press {keep} to keep the call."
        return list(_hanging((Span(" "),), none, "quiet", glyphs, width))
    return [line for outcome in outcomes for line in _outcome(outcome, glyphs, width)]


def _outcome(outcome: CheckOutcome, glyphs: Glyphs, width: int) -> Iterator[Line]:
    check = outcome.check
    head = Span(" passed  ", "ok") if outcome.passed else Span(" failed  ", "bad")
    yield from _hanging((head,), f"{check.name}  {check.export}{check.arguments}", "plain", glyphs, width)
    if not outcome.passed:
        yield from _hanging((Span("   expected  ", "quiet"),), check.result, "plain", glyphs, width)
        yield from _hanging((Span("   got       ", "quiet"),), outcome.error or outcome.result, "bad", glyphs, width)


def handle_lines(handles: Sequence[OpenHandle], glyphs: Glyphs) -> list[Line]:
    """Draw the open handles, which can be passed to a call."""
    return [
        (Span(safe(f" handle {each.id}  {each.resource}  of r{each.revision}", glyphs), "quiet"),) for each in handles
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
