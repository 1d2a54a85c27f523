"""Recorded calls as lines: the list of calls, and one call with what its replay gave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airssys_tui.api.views.recordings import Difference, RecordedCallView, ReplayedCall, ReplayOutcome
from airssys_tui.core.lifecycle import State
from airssys_tui.core.units import format_count
from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.drawing.lines import Line, Span, fit, labelled, safe, wrap
from airssys_tui.tui.drawing.moments import clock_text, moment_text

WHEN_FROM: Final = 34
"""From this width on the list shows when a call began."""

FUEL_FROM: Final = 54
"""From this width on the list shows the fuel of a call."""

NUMBER: Final = 6
WHEN: Final = 8
FUEL: Final = 7
LABEL: Final = 10

VALUE_ROWS: Final = 12
"""Lines of one value; the rest is cut with an ellipsis."""

LONGEST: Final = 2_048
"""Characters of one value."""

OUTCOMES: Final = {
    ReplayOutcome.SAME: ("same", "ok", State.RUNNING),
    ReplayOutcome.DIFFERS: ("differs", "bad", State.FAILED),
    ReplayOutcome.NOT_REPLAYED: ("not replayed", "warn", State.STOPPED),
}
"""A word for each outcome of a replay, its tone, and the state whose symbol it has."""


def _room(width: int) -> int:
    """Return the cells of export and arguments in the list."""
    when, fuel = (WHEN + 1 if width >= WHEN_FROM else 0), (FUEL + 1 if width >= FUEL_FROM else 0)
    return max(1, width - 3 - NUMBER - when - fuel)


def list_head(width: int) -> Line:
    """Draw the header of the list."""
    when = f" {'WHEN':<{WHEN}}" if width >= WHEN_FROM else ""
    fuel = f" {'FUEL':>{FUEL}}" if width >= FUEL_FROM else ""
    return (Span(f"  {'CALL':>{NUMBER}}{when} {fit('EXPORT', _room(width))}{fuel}"),)


def list_row(
    call: RecordedCallView, replayed: ReplayedCall | None, now: float, glyphs: Glyphs, width: int, *, chosen: bool
) -> Line:
    """Draw one call; with the outcome of its replay, if it was replayed."""
    spans = [Span(glyphs.pointer if chosen else " ", "accent")]
    if replayed is None:
        spans.append(Span(" "))
    else:
        _, tone, state = OUTCOMES[replayed.outcome]
        spans.append(Span(glyphs.states[state], tone))
    spans.append(Span(f"{call.number:>{NUMBER}}"))
    if width >= WHEN_FROM:
        when = moment_text(call.at, now)
        spans.append(Span(f" {when:<{WHEN}}", "quiet"))
    name = safe(f"{call.export.rpartition('#')[2]}{call.arguments}", glyphs)
    spans.append(Span(f" {fit(name, _room(width), ellipsis=glyphs.ellipsis)}", "bad" if call.trap else "plain"))
    if width >= FUEL_FROM:
        spans.append(Span(f" {_count(call.fuel):>{FUEL}}", "quiet"))
    return tuple(spans)


def _count(fuel: int | None) -> str:
    return "-" if fuel is None else format_count(fuel)


def call_lines(
    call: RecordedCallView, replayed: ReplayedCall | None, key: str, glyphs: Glyphs, width: int
) -> list[Line]:
    """Draw one recorded call, and what its replay gave; ``key`` replays it."""
    lines: list[Line] = [
        (Span(f" {row}", "strong"),) for row in wrap(safe(call.export, glyphs), max(12, width - 2))[:2]
    ]
    lines += _value("arguments", call.arguments, glyphs, width)
    lines += (
        _value("trap", call.trap, glyphs, width, "bad") if call.trap else _value("result", call.result, glyphs, width)
    )
    calls = "1 host call" if call.host_calls == 1 else f"{call.host_calls} host calls"
    lines += _value(
        "recorded", f"r{call.revision} at {clock_text(call.at)}, fuel {_count(call.fuel)}, {calls}", glyphs, width
    )
    for text in filter(None, (call.cut and f"it had {call.cut}", call.gap)):
        lines += _value("not exact", text, glyphs, width, "warn")
    lines.append(())
    if replayed is None:
        hint = f"Press {key} to run it again in a fresh instance, with the recorded answers of the host."
        lines += [(Span(f" {row}", "quiet"),) for row in wrap(hint, max(12, width - 2))]
    else:
        lines += _replay(replayed, glyphs, width)
    return lines


def _replay(replayed: ReplayedCall, glyphs: Glyphs, width: int) -> Iterator[Line]:
    word, tone, _ = OUTCOMES[replayed.outcome]
    fuel = f", fuel {_count(replayed.fuel)}" if replayed.fuel is not None else ""
    yield from _value("replay", f"{word}{fuel}", glyphs, width, tone)
    if replayed.note:
        yield from _value("", replayed.note, glyphs, width, "quiet")
    for difference in replayed.differences:
        yield from _difference(difference, glyphs, width)
    if replayed.more:
        yield from _value("", f"and {replayed.more} more differences", glyphs, width, "quiet")


def _difference(difference: Difference, glyphs: Glyphs, width: int) -> Iterator[Line]:
    yield ()
    yield (Span(f" {safe(difference.title, glyphs)}", "title"),)
    if difference.recorded:
        yield from _value("recorded", difference.recorded, glyphs, width)
    if difference.replayed:
        yield from _value("replayed", difference.replayed, glyphs, width, "bad")


def _value(label: str, text: str, glyphs: Glyphs, width: int, tone: str = "plain") -> list[Line]:
    """Draw a named value; of a long one the beginning."""
    shown = labelled(f" {label}", safe(text, glyphs, LONGEST) or "-", width - 1, tone)
    return shown if len(shown) <= VALUE_ROWS else [*shown[: VALUE_ROWS - 1], (Span(f" {glyphs.ellipsis}", "quiet"),)]
