"""Entries of the audit as lines: the list, everything about one of them, and the state of the chain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from airssys_tui.api.views.granting import AuditVerdict
from airssys_tui.core.capability.audit_entry import AuditEntry, AuditKind
from airssys_tui.core.units import format_count
from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.drawing.grant_lines import times_text
from airssys_tui.tui.drawing.lines import Line, Span, cut_middle, elide, fit, labelled, line_width, safe
from airssys_tui.tui.drawing.moments import ago_text, clock_text, moment_text

NUMBER: Final = 6
WHEN: Final = 8
KIND: Final = 10
NAME: Final = 12
"""Cells of a component's name; fewer in a list without times."""

SHORT_NAME: Final = 9
REASON: Final = 12
BY: Final = 10

MOST_SUBJECT: Final = 64
"""Cells of a permission at most, where the rest is enough for a note."""

LEAST_NOTE: Final = 24

TIMED: Final = 60
"""From this width on the list says when."""

REASONED: Final = 76
"""From this width on it has the reason or the scope."""

NUMBERED: Final = 100
"""From this width on it has the number of an entry and who answered."""

TONES: Final[Mapping[AuditKind, str]] = {
    AuditKind.GRANTED: "ok",
    AuditKind.REFUSED: "bad",
    AuditKind.REVOKED: "warn",
    AuditKind.USED_ONCE: "accent",
    AuditKind.FIRST_USE: "accent",
    AuditKind.DENIED: "warn",
    AuditKind.WOULD_DENY: "bad",
    AuditKind.ASKED: "busy",
    AuditKind.DAMAGED: "bad",
    AuditKind.NOT_DONE: "bad",
    AuditKind.DROPPED: "warn",
    AuditKind.RECOVERED: "warn",
}
"""Tones of the kinds; the others are quiet."""

WORDS: Final[Mapping[AuditKind, str]] = {
    AuditKind.GRANTED: "granted",
    AuditKind.REFUSED: "refused for good",
    AuditKind.REVOKED: "answer revoked",
    AuditKind.USED_ONCE: "a grant for one access was used up",
    AuditKind.FIRST_USE: "used for the first time by this revision",
    AuditKind.DENIED: "denied",
    AuditKind.WOULD_DENY: "not granted, and allowed: denials are only observed",
    AuditKind.ASKED: "asked for",
    AuditKind.SETTLED: "the question was closed",
    AuditKind.TRUSTED: "trust rule added",
    AuditKind.DISTRUSTED: "trust rule removed",
    AuditKind.POLICY: "rules came into force, or ended",
    AuditKind.RECOVERED: "what a crash left was repaired",
    AuditKind.DAMAGED: "earlier entries are not what was written",
    AuditKind.NOT_DONE: "an earlier entry did not take effect",
    AuditKind.DROPPED: "entries were dropped: too many at once",
    AuditKind.TRIMMED: "the oldest entries were removed for space",
    AuditKind.UNKNOWN: "of a kind that this version does not know",
}
"""What an entry says, in words."""


def audit_head(width: int) -> Line:
    """Draw the header of the list."""
    parts = [f"  {'WHAT':<{KIND}} {'COMPONENT':<{_name_room(width)}} {fit('PERMISSION', _subject_room(width))}"]
    if width >= TIMED:
        parts[0] = f"  {'WHEN':<{WHEN}} {parts[0][2:]}"
    if width >= NUMBERED:
        parts[0] = f"  {'#':>{NUMBER}} {parts[0][2:]}"
    parts += [f" {'REASON':<{REASON}}"] if width >= REASONED else []
    parts += [f" {'BY':<{BY}}"] if width >= NUMBERED else []
    parts += [" NOTE"] if _note_room(width) else []
    return (Span("".join(parts)),)


def audit_row(entry: AuditEntry, now: float, glyphs: Glyphs, width: int, *, chosen: bool) -> Line:
    """Draw one entry."""
    dots = glyphs.ellipsis
    cells = _name_room(width)
    name = cut_middle(safe(entry.component or "-", glyphs), cells, dots)
    spans = [Span(glyphs.pointer if chosen else " ", "accent"), Span(" ")]
    if width >= NUMBERED:
        spans.append(Span(f"{entry.n:>{NUMBER}} ", "quiet"))
    if width >= TIMED:
        when = moment_text(entry.at, now)
        spans.append(Span(f"{when:<{WHEN}} ", "quiet"))
    spans += [
        Span(f"{fit(str(entry.kind), KIND, ellipsis=dots)} ", TONES.get(entry.kind, "quiet")),
        Span(f"{fit(name, cells)} ", "strong"),
        Span(_subject(entry, glyphs, _subject_room(width))),
    ]
    if width >= REASONED:
        spans.append(Span(f" {fit(safe(entry.reason or '-', glyphs), REASON, ellipsis=dots)}", "quiet"))
    if width >= NUMBERED:
        spans.append(Span(f" {fit(safe(entry.who or '-', glyphs), BY, ellipsis=dots)}", "quiet"))
    if entry.subject and (room := _note_room(width)):
        spans.append(Span(f" {elide(safe(entry.text, glyphs), room, dots)}", "quiet"))
    return tuple(spans)


def entry_lines(entry: AuditEntry, now: float, glyphs: Glyphs, width: int) -> list[Line]:
    """Draw everything about one entry."""
    at = f"{datetime.fromtimestamp(entry.at).astimezone():%Y-%m-%d %H:%M:%S%z}"
    times = f", {times_text(entry.count)}" if entry.count > 1 and entry.kind is not AuditKind.TRIMMED else ""
    said = f"{WORDS[entry.kind]}{times}, {ago_text(entry.at, now)}"
    lines = labelled(f" entry {entry.n}", said, width, TONES.get(entry.kind, "plain"))
    if entry.component:
        revision = f" r{entry.revision}" if entry.revision is not None else ""
        lines += labelled(" component", safe(f"{entry.component}{revision}", glyphs), width)
    if entry.subject:
        label = " rule" if entry.kind in _RULES else " permission"
        lines += labelled(label, safe(entry.subject, glyphs), width, "strong")
    until = f", until {clock_text(entry.expires_at)}" if entry.expires_at is not None else ""
    if entry.reason or until:
        label = " why" if entry.kind in _DENIALS else " how long"
        lines += labelled(label, safe(f"{entry.reason}{until}", glyphs), width)
    if entry.who:
        lines += labelled(" by", safe(entry.who, glyphs), width)
    if entry.text:
        label = " allow with" if entry.kind in _DENIALS else " allows" if entry.kind in _RULES else " because"
        lines += labelled(label, safe(entry.text, glyphs), width)
    lines += labelled(" at", at, width)
    return lines + labelled(" follows", f"entry {entry.n - 1}, {entry.prev[:16]}{glyphs.ellipsis}", width, "quiet")


def entry_text(entry: AuditEntry) -> str:
    """Return an entry as one line of text, for the clipboard."""
    at = f"{datetime.fromtimestamp(entry.at).astimezone():%Y-%m-%d %H:%M:%S%z}"
    revision = f" r{entry.revision}" if entry.revision is not None else ""
    parts = (
        f"{entry.n} {at} {entry.kind}",
        f"{entry.component}{revision}",
        entry.subject,
        f"({entry.reason})" if entry.reason else "",
        f"by {entry.who}" if entry.who else "",
        times_text(entry.count) if entry.count > 1 else "",
        entry.text,
    )
    return "  ".join(filter(None, parts))


def chain_line(verdict: AuditVerdict | None, count: int, glyphs: Glyphs, width: int) -> Line:
    """Draw whether the audit is what was written.

    Args:
        verdict: What the last verification found; None before the first.
        count: The number of the last entry.
        glyphs: The symbols to draw with.
        width: Cells of the line.
    """
    if verdict is None:
        return (Span(f" verifying the chain{glyphs.ellipsis}", "quiet"),)
    if verdict.entry is not None:
        badge = Span(f" BROKEN AT ENTRY {verdict.entry} ", "inverse")
        room = max(8, width - line_width((badge,)) - 2)
        said = f" {elide(safe(verdict.what, glyphs), room, glyphs.ellipsis)}"
        return (badge, Span(said, "bad"))
    newer = count - verdict.head.count
    line = [Span(f" verified up to entry {format_whole(verdict.head.count)}", "ok")]
    if newer > 0:
        line.append(Span(f", {format_whole(newer)} newer", "quiet"))
    since = Span(f"  those up to {format_whole(verdict.base.count)} were removed for space", "quiet")
    if verdict.base.count and line_width((*line, since)) <= width:
        line.append(since)
    return tuple(line)


def format_whole(number: int) -> str:
    """Return a number with every digit, in groups of three."""
    return f"{number:,}".replace(",", " ")


_DENIALS: Final = frozenset({AuditKind.DENIED, AuditKind.WOULD_DENY})
_RULES: Final = frozenset({AuditKind.TRUSTED, AuditKind.DISTRUSTED})


def _subject(entry: AuditEntry, glyphs: Glyphs, room: int) -> str:
    """Return what an entry is about; what concerns no permission says its text instead."""
    times = f" x{format_count(entry.count)}" if entry.count > 1 and entry.kind is not AuditKind.TRIMMED else ""
    if entry.subject:
        return fit(cut_middle(safe(entry.subject, glyphs), room - len(times), glyphs.ellipsis) + times, room)
    return fit(safe(entry.text or "-", glyphs), room, ellipsis=glyphs.ellipsis)


def _subject_room(width: int) -> int:
    return MOST_SUBJECT if _note_room(width) else max(8, _room(width))


def _note_room(width: int) -> int:
    """Return the cells of the note; 0 where there is no room for one."""
    room = _room(width) - MOST_SUBJECT - 1
    return room if room >= LEAST_NOTE else 0


def _room(width: int) -> int:
    """Return the cells of the permission and the note."""
    taken = 2 + KIND + 1 + _name_room(width) + 1
    taken += WHEN + 1 if width >= TIMED else 0
    taken += REASON + 1 if width >= REASONED else 0
    taken += NUMBER + 1 + BY + 1 if width >= NUMBERED else 0
    return width - taken


def _name_room(width: int) -> int:
    return NAME if width >= TIMED else SHORT_NAME
