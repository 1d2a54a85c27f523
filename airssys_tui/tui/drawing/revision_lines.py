"""Revisions as lines: one revision per line, and the differences between two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from airssys_tui.api.views.revisions import DiffLine, RevisionView
from airssys_tui.core.identity import short_digest
from airssys_tui.core.revision import Outcome
from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.drawing.lines import LABEL, Line, labelled, safe

SIGNS: Final = {"added": ("+ ", "ok"), "removed": ("- ", "bad"), "changed": ("~ ", "warn"), "same": ("", "quiet")}
"""Sign and tone of each kind of change."""


def revision_line(revision: RevisionView | None, glyphs: Glyphs, *, becomes: int | None = None) -> str:
    """Return a revision in one line; ``becomes`` is the number that a rollback to it would create."""
    if revision is None:
        return "no active revision"
    number = f"r{revision.number}" if becomes is None else f"r{becomes}"
    version = safe(revision.version or "no version", glyphs, 64)
    digest = f"sha256:{safe(short_digest(revision.digest, 4), glyphs)}{glyphs.ellipsis}"
    origin = revision.origin if revision.origin is not None else revision.number
    standing = "not yet stable" if revision.outcome is Outcome.ACTIVE else str(revision.outcome)
    standing = "untried" if revision.untried and revision.outcome is Outcome.ACTIVE else standing
    tail = f"(as r{origin})" if becomes is not None else "stable" if revision.stable else standing
    return f"{number:<4} {version}  {digest}  {tail}"


def diff_lines(lines: Sequence[DiffLine], width: int, glyphs: Glyphs) -> list[Line]:
    """Draw a comparison, subject by subject."""
    drawn: list[Line] = []
    before = ""
    for line in lines:
        sign, tone = SIGNS.get(line.change, ("", "plain"))
        label = safe(line.subject, glyphs, LABEL - 1) if line.subject != before else ""
        drawn += labelled(label, sign + safe(line.text, glyphs), width, tone)
        before = line.subject
    return drawn
