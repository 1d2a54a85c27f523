"""The pages of a component's detail, drawn from values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from airssys_tui.api.views.components import ComponentDetail, ComponentView, NoteKind
from airssys_tui.api.views.past import StateView, Story
from airssys_tui.core.errors import QuantityError
from airssys_tui.core.events import Event
from airssys_tui.core.units import format_count, format_duration, format_size, parse_duration
from airssys_tui.tui.dialogs.story import story_lines
from airssys_tui.tui.drawing.columns import NOTE_TONES
from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.drawing.lines import Line, Span, fit, labelled, safe, wrap
from airssys_tui.tui.drawing.moments import when_text
from airssys_tui.tui.drawing.selection import event_line, selection_lines
from airssys_tui.tui.state.session import Session

LONGEST: Final = 4_000
"""Characters of a note's line that are shown."""

SHOWN: Final = 200
"""Events and lines of one component that its pages show."""

_NOTE_TITLES: Final = {NoteKind.REFUSED: "Refused", NoteKind.TROUBLE: "Note"}
_FACTORS: Final = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_COUNT: Final = re.compile(r"([0-9][0-9 .,_]*)\s*([kMGT]?)\b")


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages show.

    Attributes:
        view: The row.
        detail: What does not change every second, once it is loaded.
        story: The story, once it is loaded.
        events: The newest events, newest first.
        lines: The newest lines of its log, newest first.
    """

    view: ComponentView
    detail: ComponentDetail | None
    story: Story | None = None
    events: tuple[Event, ...] = ()
    lines: tuple[Event, ...] = ()


def unread(view: ComponentView) -> str:
    """Return why a component's properties are unknown; empty if they are known."""
    if view.digest is not None:
        return ""
    refused = view.note.kind in _NOTE_TITLES
    return "unknown: refused before this was read" if refused else "unknown: not read yet"


def overview(known: Known, session: Session, width: int) -> list[Line]:
    """Draw what the component is, how it got into its state, and what it says about itself."""
    view, detail = known.view, known.detail
    lines = selection_lines(view, (), session.sight, width, 6)[1:]
    lines += _note(view, session, width)
    lines += [(), (Span(" Explanation", "title"),)]
    lines += story_lines(known.story, session, width) if known.story is not None else [_asking(session)]
    if detail is None:
        return [*lines, (), _asking(session)]
    lines += _about(view, detail, session, width)
    lines += section("Config", detail.config, "none", session, width)
    lines += [(), (Span(" Recent events", "title"),)]
    recent = known.events[:8] or tuple(reversed(detail.recent))[:8]
    lines += [event_line(event, session.sight, width) for event in recent]
    return lines if recent else [*lines, (Span("  none", "quiet"),)]


def exports(known: Known, session: Session, width: int) -> list[Line]:
    """Draw exports and imports, with types."""
    detail, reason = known.detail, unread(known.view)
    if detail is None:
        return [_asking(session)]
    lines = section("Exports", () if reason else detail.exports, reason or "none", session, width)
    none = reason or "none"
    return [*lines[1:], *section("Imports", () if reason else detail.imports, none, session, width)]


def capabilities(known: Known, session: Session, width: int) -> list[Line]:
    """Draw the capabilities that the manifest declares."""
    if known.detail is None:
        return [_asking(session)]
    none = "none declared: everything is denied"
    lines = section("Declared capabilities", known.detail.capabilities, none, session, width)[1:]
    told = "A capability is usable only if the manifest declares it and you grant it."
    return [*lines, (), *((Span(f"  {part}", "quiet"),) for part in wrap(told, max(20, width - 4)))]


def resources(known: Known, session: Session, width: int) -> list[Line]:
    """Draw its usage against its limits."""
    if known.detail is None:
        return [_asking(session)]
    glyphs, meters = session.glyphs, known.view.meters
    limits = dict(_pair(line) for line in known.detail.limits)
    rows: list[Line] = [(Span(" Usage and limits", "title"),)]
    memory = meters.memory
    peak = f", peak {format_size(meters.memory_peak)}" if meters.memory_peak is not None else ""
    figures: tuple[tuple[str, float | None, float | None, str], ...] = (
        ("memory", memory, meters.memory_limit or None, f"{_size(memory)}{peak}"),
        ("fuel per call", meters.fuel_per_call, _count(limits.get("fuel per call", "")), _fuel(meters.fuel_per_call)),
        ("deadline", _seconds(meters.p99_ms), _duration(limits.get("deadline", "")), _p99(meters.p99_ms)),
        ("mailbox", meters.queue, _count(limits.get("mailbox", "")), f"{meters.queue} queued"),
    )
    for name, used, limit, text in figures:
        rows.append(_gauge(name, used, limit, limits.pop(name, "-"), text, glyphs, width))
    for use in known.detail.host_use:
        limits.pop(use.what, None)
        size = f", {format_size(use.bytes)}" if use.bytes else ""
        refused = f", {use.refused} refused" if use.refused else ""
        told = f"{use.count}{size}{refused}"
        rows.append(_gauge(use.what, use.count, use.limit, format_count(use.limit), told, glyphs, width))
    rows += [
        part for name, value in limits.items() for part in _indented(labelled(safe(name, glyphs, 40), value, width - 3))
    ]
    rows += [(), (Span(" Totals", "title"),)]
    cpu = f"{meters.cpu_seconds:,.1f} s".replace(",", " ") if meters.cpu_seconds is not None else "-"
    totals = (
        ("calls", f"{format_count(meters.calls)}, {format_count(meters.calls_per_second)} per second now"),
        ("traps", str(meters.errors)),
        ("fuel", f"{format_count(meters.fuel)}, {format_count(meters.fuel_per_second)} per second now"),
        ("cpu", cpu + (f", {meters.cpu * 100:.0f}% now" if meters.cpu is not None else "")),
        ("rejected", f"{meters.dropped} calls, mailbox full"),
        ("restarts", str(known.view.restarts)),
    )
    rows += [part for name, value in totals for part in _indented(labelled(name, value, width - 3))]
    if meters.memory_full_in is not None:
        rows.append((Span(f"  memory full in {format_duration(meters.memory_full_in)}", "warn"),))
    return rows + _links(known, session, width)


def _links(known: Known, session: Session, width: int) -> list[Line]:
    """Draw its links in both directions, and what it waits for; nothing without any."""
    told = [(Span(safe(link.text, session.glyphs, width - 3)),) for link in known.view.links]
    return [(), (Span(" Links", "title"),), *_indented(told)] if told else []


def recent_events(known: Known, session: Session, width: int) -> list[Line]:
    """Draw its newest events, newest first."""
    head: Line = (Span(f" newest first; {session.keymap.key('look.its-events')} shows all", "quiet"),)
    found = known.events or (tuple(reversed(known.detail.recent)) if known.detail is not None else ())
    return [head, *(event_line(event, session.sight, width) for event in found)] if found else [_none("no events yet")]


def recent_lines(known: Known, session: Session, width: int) -> list[Line]:
    """Draw the newest lines of its log, newest first."""
    if not known.lines:
        return [_none("no log lines yet")]
    head: Line = (Span(f" newest first; {session.keymap.key('look.its-logs')} shows all, with search", "quiet"),)
    return [head, *(event_line(event, session.sight, width) for event in known.lines)]


def state_row(state: StateView, session: Session, width: int, *, chosen: bool) -> Line:
    """Draw a saved state as one row."""
    glyphs = session.glyphs
    failed = ", ".join(f"r{number}" for number in state.failed_by)
    roomy = width >= 60
    newest = f"the newest of r{state.revision}" if roomy else "newest"
    said = (f"failed to load in {failed}" if roomy else "failed") if failed else newest if state.paired else ""
    spans = [
        Span(glyphs.pointer if chosen else " ", "accent"),
        Span(f"{state.id:>4}  ", "strong"),
        Span(fit(f"r{state.revision} {safe(state.version or '', glyphs, 40)}", 12, ellipsis=glyphs.ellipsis) + " "),
        Span(f"{format_size(state.size):>6}  "),
        Span(f"{when_text(state.at, session.sight.now):<7}", "quiet"),
    ]
    if width >= 50:
        spans.append(Span(fit(safe(state.cause, glyphs, 40), 9, ellipsis=glyphs.ellipsis) + " "))
    if width >= 70:
        spans.append(Span(fit(safe(state.schema, glyphs, 60), 14, ellipsis=glyphs.ellipsis) + " ", "quiet"))
    return (*spans, Span(said, "bad" if failed else "quiet"))


def state_head(width: int) -> Line:
    """Draw the header above states."""
    cause = f"{'CAUSE':<10}" if width >= 50 else ""
    schema = f"{'SCHEMA':<15}" if width >= 70 else ""
    return (Span(f" {'ID':>4}  {'REVISION':<12} {'SIZE':>6}  {'WHEN':<7}{cause}{schema}"[:width]),)


def section(title: str, texts: Sequence[str], none: str, session: Session, width: int) -> list[Line]:
    """Draw ``name: value`` lines under a title."""
    lines: list[Line] = [(), (Span(f" {title}", "title"),)]
    if not texts:
        return [*lines, (Span(f"  {none}", "quiet"),)]
    for text in texts:
        clean = safe(text, session.glyphs)
        name, colon, rest = clean.partition(": ")
        head = f"{name}: " if colon else ""
        parts = wrap(head + (rest if colon else clean), max(20, width - 4))
        named = parts[0][: len(head)]
        lines.append((Span("  "), Span(named, "accent"), Span(parts[0][len(named) :])))
        lines += [(Span("    "), Span(fit(part, max(1, width - 5)).rstrip())) for part in parts[1:]]
    return lines


def _note(view: ComponentView, session: Session, width: int) -> list[Line]:
    title = _NOTE_TITLES.get(view.note.kind)
    text = view.note.text
    # A note that fits on one line is shown above already.
    if title is None or not text or (len(text) < width - 4 and "\n" not in text):
        return []
    tone = NOTE_TONES[view.note.kind]
    lines: list[Line] = [(), (Span(f" {title}", "title"),)]
    for line in text.splitlines():
        clean = safe(line, session.glyphs, LONGEST)
        lines += [(Span("  "), Span(part, tone)) for part in wrap(clean, max(20, width - 4))]
    return lines


def _about(view: ComponentView, detail: ComponentDetail, session: Session, width: int) -> list[Line]:
    state = "has state" if view.stateful else "no state export"
    quarantined = ", ".join(f"r{number}" for number in sorted(view.quarantined, reverse=True))
    said = [
        ("about", detail.description),
        ("source", view.source if view.present else f"{view.source} (missing)"),
        ("digest", view.digest or ""),
        ("kind", unread(view) or f"{view.kind}, {state}, desired {view.desired}"),
        ("held", ", ".join(view.held)),
        ("quarantined", quarantined),
        *(("metadata", text) for text in detail.described),
    ]
    lines: list[Line] = [()]
    for label, text in said:
        if text:
            lines += _indented(labelled(label, safe(text, session.glyphs), width - 3))
    return lines


def _gauge(  # noqa: PLR0917 - one argument per cell
    name: str, used: float | None, limit: float | None, limited: str, text: str, glyphs: Glyphs, width: int
) -> Line:
    share = used / limit if used is not None and limit else None
    tone = "plain" if share is None else "bad" if share >= 0.97 else "warn" if share >= 0.85 else "accent"
    cells = 24 if width >= 90 else 12 if width >= 60 else 6
    bar = glyphs.bar(share, cells) if share is not None else " " * cells
    percent = f"{share * 100:3.0f}%" if share is not None else "   -"
    named = f"{safe(name, glyphs, 13):<14}"
    return (
        Span("  "),
        Span(named, "quiet"),
        Span(bar, tone),
        Span(f" {percent} of {safe(limited, glyphs, 20):<12}", "plain" if share is not None else "quiet"),
        Span(f" {safe(text, glyphs, 60)}", "quiet"),
    )


def _indented(lines: Sequence[Line]) -> list[Line]:
    return [(Span("  "), *line) for line in lines]


def _asking(session: Session) -> Line:
    return (Span(f"  loading{session.glyphs.ellipsis}", "quiet"),)


def _none(text: str) -> Line:
    return (Span(f"  {text}", "quiet"),)


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name, value


def _count(text: str) -> float | None:
    found = _COUNT.match(text)
    if found is None:
        return None
    digits = found[1].replace(" ", "").replace(",", "").replace("_", "").rstrip(".")
    return float(digits) * _FACTORS[found[2]] if digits.replace(".", "", 1).isdigit() else None


def _duration(text: str) -> float | None:
    try:
        return parse_duration(text) or None
    except QuantityError:
        return None


def _size(size: int | None) -> str:
    return format_size(size) if size is not None else "-"


def _fuel(fuel: float | None) -> str:
    return f"{format_count(fuel)} on average" if fuel is not None else "no calls yet"


def _seconds(milliseconds: float | None) -> float | None:
    return milliseconds / 1000 if milliseconds is not None else None


def _p99(milliseconds: float | None) -> str:
    return f"p99 {format_duration(milliseconds / 1000)}" if milliseconds is not None else "no calls yet"
