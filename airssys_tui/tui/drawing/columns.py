"""The registry's columns: what each shows, how wide it is, and which are dropped first on a narrow terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from airssys_tui.api.views.components import ComponentView, Meters, NoteKind
from airssys_tui.core.identity import short_digest
from airssys_tui.core.lifecycle import Health, RecoveryKind, State
from airssys_tui.core.revision import Tier
from airssys_tui.core.units import format_count, format_duration, format_size
from airssys_tui.tui.drawing.arrangement import Arrangement, Sort, state_word
from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.drawing.lines import Line, Span, cut_middle, elide, fit, safe
from airssys_tui.tui.drawing.quantities import format_ms, until_text, uptime_text

NONE: Final = "-"

BAR_FROM: Final = 10
"""Cells from which on memory has a bar."""


class Sight(msgspec.Struct, frozen=True):
    """What drawing needs besides the row: the time (unix seconds) and the symbols."""

    now: float
    glyphs: Glyphs


Cell = tuple[str, str]
"""Text and tone."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column.

    Attributes:
        name: Its name in the settings.
        title: Its header.
        width: Cells in a terminal of at least ``wide`` columns; ``narrow`` below that, ``tight`` within :data:`TIGHT`.
        keep: Rank; the column with the lowest is dropped first.
        right: Whether figures are right-aligned.
        sort: What the underlined letter and a click on the header sort by.
        draw: Text and tone of a cell.
    """

    name: str
    title: str
    width: int
    keep: int
    draw: Callable[[ComponentView, Sight, int], Cell]
    narrow: int = 0
    tight: int = 0
    wide: int = 100
    right: bool = False
    sort: Sort | None = None


class Placed(msgspec.Struct, frozen=True):
    """A column with the cells it has at some width of the terminal."""

    column: Column
    width: int


STATE_TONES: Final = {
    State.RUNNING: "ok",
    State.FAILED: "bad",
    State.STOPPED: "quiet",
    State.UNINSTALLED: "quiet",
    State.INSTALLED: "quiet",
}

_HEALTH: Final[dict[Health, Cell]] = {
    Health.HEALTHY: ("ok", "ok"),
    Health.DEGRADED: ("warn", "warn"),
    Health.UNHEALTHY: ("bad", "bad"),
    Health.UNKNOWN: (NONE, "quiet"),
}

NOTE_TONES: Final = {
    NoteKind.NONE: "plain",
    NoteKind.INFO: "quiet",
    NoteKind.HELD: "accent",
    NoteKind.REFUSED: "bad",
    NoteKind.TROUBLE: "warn",
}


def state_cell(view: ComponentView, sight: Sight) -> Cell:
    """Return glyph, word and tone of a row's state."""
    word = state_word(view)
    if word == "backoff":
        return f"{sight.glyphs.backoff} backoff", "warn"
    return f"{sight.glyphs.states[view.state]} {word}", STATE_TONES.get(view.state, "busy")


def version_text(view: ComponentView, sight: Sight) -> str:
    """Return version (or short digest) and revision, with that of the candidate while one is tried or waits."""
    version = safe(view.version or (short_digest(view.digest, 7) if view.digest else NONE), sight.glyphs, 64)
    candidate = view.candidate if view.candidate is not None or view.awaiting is None else view.awaiting.revision
    if view.revision is None:
        return f"r{candidate}" if candidate is not None else version
    tried = f"{sight.glyphs.arrow}r{candidate}" if candidate is not None else ""
    return f"{version} r{view.revision}{tried}"


def memory_tone(meters: Meters) -> str:
    """Return the tone of a memory figure, by how close it is to the limit."""
    share = (meters.memory or 0) / meters.memory_limit if meters.memory_limit else 0.0
    return "bad" if share >= 0.97 else "warn" if share >= 0.85 or meters.memory_full_in is not None else "plain"


def memory_text(view: ComponentView, sight: Sight, width: int = 15) -> Cell:
    """Return the memory in use; with enough room also a bar of its share of the limit, and the limit."""
    meters = view.meters
    if meters.memory is None:
        return f"{NONE:>5}", "quiet"
    share = meters.memory / meters.memory_limit if meters.memory_limit else 0.0
    if width < BAR_FROM:
        return f"{format_size(meters.memory):>5}", memory_tone(meters)
    limit = format_size(meters.memory_limit) if meters.memory_limit else NONE
    text = f"{format_size(meters.memory):>5} {sight.glyphs.bar(share, 4)}"
    return f"{text} {limit:>4}" if width >= 15 else text, memory_tone(meters)


def note_text(view: ComponentView, sight: Sight) -> Cell:
    """Return the most important fact about a row: the runtime's note, else the most urgent of its own fields."""
    note = view.note
    if note.kind is not NoteKind.NONE and note.text:
        return safe(note.text, sight.glyphs), NOTE_TONES[note.kind]
    return next(_standing(view, sight), ("", "plain"))


def _standing(view: ComponentView, sight: Sight) -> Iterator[Cell]:
    if view.recovery.kind is RecoveryKind.BACKOFF:
        yield recovery_text(view, sight), "warn"
    if view.meters.memory_full_in is not None:
        yield f"memory full in ~{until_text(view.meters.memory_full_in)}", "warn"
    if view.held:
        yield f"held: {safe(', '.join(view.held), sight.glyphs, 80)}", NOTE_TONES[NoteKind.HELD]
    if (left := probation_left(view, sight)) is not None:
        yield f"on probation {left}", "busy"
    if view.quarantined:
        yield quarantine_text(view), "bad"
    if not view.present:
        yield "file missing", "quiet"
    if view.untried:
        yield "untried", "quiet"
    if view.tier is Tier.BASELINE:
        yield "baseline code", "quiet"


def probation_left(view: ComponentView, sight: Sight) -> str | None:
    """Return how long the probation of the active revision still lasts; ``None`` when it is not on probation."""
    if view.probation_until is None or view.probation_until <= sight.now:
        return None
    return until_text(view.probation_until - sight.now)


def quarantine_text(view: ComponentView) -> str:
    """Return which revisions are quarantined; of many, the newest."""
    newest = sorted(view.quarantined, reverse=True)
    more = f" and {len(newest) - 3} more" if len(newest) > 3 else ""
    return f"quarantined: {', '.join(f'r{number}' for number in newest[:3])}{more}"


def recovery_text(view: ComponentView, sight: Sight) -> str:
    """Return when the component is restarted, or that it is not."""
    recovery = view.recovery
    if recovery.kind is RecoveryKind.EXHAUSTED:
        return "no restarts left"
    if recovery.kind is not RecoveryKind.BACKOFF or recovery.until is None:
        return ""
    wait = format_duration(max(0.0, recovery.until - sight.now))
    left = f" ({recovery.tries_left} left)" if recovery.tries_left is not None else ""
    return f"restart in {wait}{left}"


def _name(view: ComponentView, sight: Sight, width: int) -> Cell:
    return cut_middle(safe(view.id, sight.glyphs, 140), width, sight.glyphs.ellipsis), "strong"


def _state(view: ComponentView, sight: Sight, _: int) -> Cell:
    return state_cell(view, sight)


def _health(view: ComponentView, _sight: Sight, _: int) -> Cell:
    return _HEALTH[view.health]


def _version(view: ComponentView, sight: Sight, _: int) -> Cell:
    return version_text(view, sight), "plain"


def _live(view: ComponentView) -> bool:
    return view.meters.memory is not None


def _fuel(view: ComponentView, _sight: Sight, _: int) -> Cell:
    return (format_count(view.meters.fuel_per_second), "plain") if _live(view) else (NONE, "quiet")


def _memory(view: ComponentView, sight: Sight, width: int) -> Cell:
    return memory_text(view, sight, width)


def _cpu(view: ComponentView, _sight: Sight, _: int) -> Cell:
    cpu = view.meters.cpu
    if cpu is None:
        return NONE, "quiet"
    return f"{cpu * 100:.0f}%", "warn" if cpu >= 0.9 else "plain"


def _calls(view: ComponentView, _sight: Sight, _: int) -> Cell:
    return (format_count(view.meters.calls_per_second), "plain") if _live(view) else (NONE, "quiet")


def _queue(view: ComponentView, _sight: Sight, _: int) -> Cell:
    queue = view.meters.queue
    return format_count(queue), "warn" if queue > 0 else "quiet"


def _restarts(view: ComponentView, _sight: Sight, _: int) -> Cell:
    return format_count(view.restarts), "warn" if view.restarts else "quiet"


def _uptime(view: ComponentView, sight: Sight, _: int) -> Cell:
    if view.started_at is None:
        return NONE, "quiet"
    return uptime_text(max(0.0, sight.now - view.started_at)), "plain"


def _note(view: ComponentView, sight: Sight, width: int) -> Cell:
    text, tone = note_text(view, sight)
    return elide(text, width, sight.glyphs.ellipsis), tone


def _digest(view: ComponentView, sight: Sight, _: int) -> Cell:
    return (safe(short_digest(view.digest), sight.glyphs), "quiet") if view.digest else (NONE, "quiet")


def _latency(view: ComponentView, _sight: Sight, _: int) -> Cell:
    p95 = view.meters.p95_ms
    return (f"{format_ms(p95)}ms", "plain") if p95 is not None else (NONE, "quiet")


def _errors(view: ComponentView, _sight: Sight, _: int) -> Cell:
    return format_count(view.meters.errors), "bad" if view.meters.errors else "quiet"


NAME: Final = Column(name="name", title="NAME", width=15, narrow=14, keep=99, draw=_name, sort=Sort.NAME)
NOTE: Final = Column(name="note", title="NOTE", width=14, narrow=9, tight=15, keep=97, draw=_note)

COLUMNS: Final = (
    NAME,
    Column(name="state", title="STATE", width=12, narrow=12, keep=98, draw=_state, sort=Sort.STATE),
    Column(name="health", title="HEALTH", width=6, keep=58, draw=_health),
    Column(name="version", title="VERSION", width=12, keep=60, draw=_version),
    Column(name="digest", title="DIGEST", width=12, keep=5, draw=_digest),
    Column(name="fuel", title="FUEL/S", width=7, keep=50, draw=_fuel, right=True, sort=Sort.FUEL),
    Column(
        name="memory", title="MEMORY", width=15, narrow=10, tight=6, wide=132, keep=55, draw=_memory, sort=Sort.MEMORY
    ),
    Column(name="cpu", title="CPU", width=4, keep=12, draw=_cpu, right=True, sort=Sort.CPU),
    Column(name="calls", title="CALLS/S", width=7, keep=30, draw=_calls, right=True),
    Column(name="errors", title="ERRORS", width=6, keep=6, draw=_errors, right=True),
    Column(name="p95", title="P95", width=7, keep=7, draw=_latency, right=True),
    Column(name="queue", title="QUEUE", width=5, keep=11, draw=_queue, right=True),
    Column(name="restarts", title="RST", width=3, keep=35, draw=_restarts, right=True),
    Column(name="uptime", title="UP", width=6, keep=10, draw=_uptime, right=True, sort=Sort.UPTIME),
    NOTE,
)
"""Every column from left to right."""

BY_NAME: Final = {column.name: column for column in COLUMNS}

GAP: Final = 1
GUTTER: Final = 2
"""Cells before the first column, for the pointer of the selection and the mark."""

EXTRA: Final = 10
"""Columns ranked below this are shown only in terminals of at least :data:`HUGE` columns, to leave the note room."""
HUGE: Final = 150
TIGHT: Final = range(60, 90)
"""Terminals this wide have no memory bar and other tight columns, to leave the note room."""


@lru_cache(maxsize=64)
def place(width: int, names: tuple[str, ...] = ()) -> tuple[Placed, ...]:
    """Choose the columns for a terminal ``width`` and their widths; the note takes what is left.

    Args:
        width: Cells of a line.
        names: The operator's columns, in their order; without them the standard ones. A narrow terminal drops the
            lowest ranked of either.
    """
    chosen = _candidates(width, names)
    while len(chosen) > 1 and _needed(chosen, width) > width:
        chosen.remove(min(chosen, key=lambda column: column.keep))
    spare = max(0, width - _needed(chosen, width))
    grow = min(12, spare // 3) if width >= 140 and NAME in chosen else 0
    rest = spare - grow if NOTE in chosen else 0
    return tuple(
        Placed(column, _width(column, width) + (grow if column is NAME else rest if column is NOTE else 0))
        for column in chosen
    )


def _candidates(width: int, names: tuple[str, ...]) -> list[Column]:
    if names:
        return [BY_NAME[name] for name in names if name in BY_NAME] or [NAME]
    return [column for column in COLUMNS if width >= HUGE or column.keep >= EXTRA]


def _width(column: Column, width: int) -> int:
    if width >= column.wide:
        return column.width
    return (column.tight if width in TIGHT else 0) or column.narrow or column.width


def _needed(columns: list[Column], width: int) -> int:
    return GUTTER + sum(_width(column, width) + GAP for column in columns) - GAP


def head(width: int, how: Arrangement, glyphs: Glyphs, chosen: Sequence[str] = ()) -> Line:
    """Draw the header: sortable titles have their letter underlined, the sorted one has an arrow."""
    spans = [Span(" " * GUTTER)]
    for placed in place(width, tuple(chosen)):
        column = placed.column
        arrow = ""
        if column.sort is not None and column.sort is how.sort:
            arrow = glyphs.ascending if how.ascending else glyphs.descending
        text = column.title + arrow
        pad = " " * max(0, placed.width - len(text))
        spans += [Span(pad)] if column.right else []
        if column.sort is not None:
            tone = "accent" if arrow else "plain"
            spans += [Span(text[0], tone, under=True), Span(text[1 : placed.width], tone)]
        else:
            spans.append(Span(text[: placed.width]))
        spans += [] if column.right else [Span(pad)]
        spans.append(Span(" " * GAP))
    return tuple(spans)


def row(
    view: ComponentView,
    width: int,
    sight: Sight,
    *,
    selected: bool,
    marked: bool = False,
    chosen: Sequence[str] = (),
    lead: str = "",
) -> Line:
    """Draw one row; ``lead`` is drawn before its name."""
    glyphs = sight.glyphs
    spans = [Span(glyphs.pointer if selected else " ", "accent"), Span(glyphs.mark if marked else " ", "key")]
    for placed in place(width, tuple(chosen)):
        text, tone = placed.column.draw(view, sight, placed.width)
        if placed.column is NAME:
            tone = "key" if marked else tone
            text = lead + cut_middle(text, placed.width - len(lead), glyphs.ellipsis) if lead else text
        # The gap has the tone of its cell, since a change of tone costs a terminal some thirty bytes.
        spans.append(
            Span(fit(text, placed.width, right=placed.column.right, ellipsis=glyphs.ellipsis) + GAP * " ", tone)
        )
    return tuple(spans)


def column_at(x: int, width: int, chosen: Sequence[str] = ()) -> Column | None:
    """Return the column under a cell of the header."""
    left = GUTTER
    for placed in place(width, tuple(chosen)):
        if left <= x < left + placed.width + GAP:
            return placed.column
        left += placed.width + GAP
    return None
