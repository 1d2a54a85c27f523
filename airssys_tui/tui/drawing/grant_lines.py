"""Permissions as lines: what is asked for, what is declared and granted, and what would allow a denial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from airssys_tui.api.views.granting import DenialView, GrantsView, GrantView, PermissionRow, QuestionView, Standing
from airssys_tui.core.capability.decision import command
from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.units import format_count, format_duration
from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.drawing.lines import Line, Span, cut_middle, fit, labelled, safe
from airssys_tui.tui.drawing.moments import ago_text, clock_text, when_text

NAME: Final = 16
"""Cells of a component's name."""

TIMES: Final = 6
WHEN: Final = 8

STANDING: Final = 16
"""Cells of what holds for a permission."""

NAMED: Final = 60
"""From this width on the list of questions has the times and the moment of the first."""

ANSWERED: Final = 72
"""From this width on the list of permissions says who answered."""

TONES: Final = {
    Standing.GRANTED: "ok",
    Standing.PARTLY: "warn",
    Standing.NOT_GRANTED: "quiet",
    Standing.REFUSED: "bad",
    Standing.EXPIRED: "warn",
    Standing.FORBIDDEN: "bad",
}


class Right(msgspec.Struct, frozen=True):
    """One row about a component's permissions: what is declared, an answer beyond it, or a denial of something else.

    Attributes:
        permission: Its text form.
        row: The declared permission; None for the others.
        answer: An answer about something that is not declared.
        denial: Denials that no declared permission accounts for.
        question: The open question about it.
    """

    permission: str
    row: PermissionRow | None = None
    answer: GrantView | None = None
    denial: DenialView | None = None
    question: QuestionView | None = None


def rights_of(view: GrantsView) -> dict[str, Right]:
    """Return the rows of a component by key: declared ones in order, answers beyond them, denials of other things."""
    asked = {question.permission: question for question in view.questions}
    found = {
        f"declared {row.permission}": Right(row.permission, row=row, question=asked.get(row.permission))
        for row in view.rows
    }
    found |= {f"beyond {each.id} {each.permission}": Right(each.permission, answer=each) for each in view.beyond}
    declared = {row.permission for row in view.rows}
    return found | {
        f"denied {each.reason} {each.access}": Right(each.access, denial=each, question=asked.get(each.access))
        for each in view.denials
        if each.access not in declared
    }


def question_head(width: int) -> Line:
    """Draw the header of the questions."""
    more = f" {'TIMES':>{TIMES}} {'SINCE':>{WHEN}}" if width >= NAMED else ""
    return (Span(f"  {fit('NAME', NAME)} {fit('ASKS FOR', _asked_room(width))}{more}"),)


def question_row(question: QuestionView, now: float, glyphs: Glyphs, width: int, *, chosen: bool) -> Line:
    """Draw one question."""
    name = cut_middle(safe(question.component, glyphs), NAME, glyphs.ellipsis)
    asked = cut_middle(safe(question.permission, glyphs), _asked_room(width), glyphs.ellipsis)
    more = f" {format_count(question.count):>{TIMES}} {when_text(question.at, now):>{WHEN}}" if width >= NAMED else ""
    if more and question.waits_until is not None:
        more = f" {_waits_text(question.waits_until, now):>{TIMES + 1 + WHEN}}"
    return (
        Span(glyphs.pointer if chosen else " ", "accent"),
        Span(f" {fit(name, NAME)} ", "strong"),
        Span(fit(asked, _asked_room(width))),
        Span(more, "quiet" if question.waits_until is None else "busy"),
    )


def question_lines(question: QuestionView, now: float, glyphs: Glyphs, width: int) -> list[Line]:
    """Draw everything about one question, and the command that answers it."""
    asks = f"{question.component} asks for {question.permission}"
    lines = labelled(" asks", safe(asks, glyphs), width, "strong")
    lines += labelled(" because", safe(question.rationale or "it gives no reason", glyphs), width)
    times = "" if not question.count else f", denied {times_text(question.count)} since"
    by = f", by r{question.revision}" if question.revision is not None else ""
    lines += labelled(" first", f"{clock_text(question.at)} ({ago_text(question.at, now)}){by}{times}", width)
    if question.waits_until is not None:
        inside = f"a call of {question.waits_in}" if question.waits_in else "a call"
        waits = f"{inside} {_waits_text(question.waits_until, now)}"
        lines += labelled(" meanwhile", safe(waits, glyphs), width, "busy")
    return lines + labelled(
        " allow with", safe(command("grant", question.component, question.permission), glyphs), width
    )


def right_head(width: int) -> Line:
    """Draw the header of a component's permissions."""
    more = f" {'BY':<{NAME}}" if width >= ANSWERED else ""
    return (Span(f"  {fit('PERMISSION', _right_room(width))} {fit('STANDING', STANDING)}{more}"),)


def right_row(right: Right, glyphs: Glyphs, width: int, *, chosen: bool) -> Line:
    """Draw one permission, answer or denial."""
    standing, tone = _standing(right)
    by = f" {fit(safe(_by(right), glyphs), NAME, ellipsis=glyphs.ellipsis)}" if width >= ANSWERED else ""
    shown = cut_middle(safe(right.permission, glyphs), _right_room(width), glyphs.ellipsis)
    return (
        Span(glyphs.pointer if chosen else " ", "accent"),
        Span(f" {fit(shown, _right_room(width))} "),
        Span(fit(standing, STANDING, ellipsis=glyphs.ellipsis), tone),
        Span(by, "quiet"),
    )


def right_lines(right: Right, view: GrantsView, now: float, glyphs: Glyphs, width: int) -> list[Line]:
    """Draw everything about one row of a component's permissions."""
    standing, tone = _standing(right)
    lines = labelled(" permission", safe(right.permission, glyphs), width, "strong")
    lines += labelled(" standing", standing, width, tone)
    answers = right.row.answers if right.row is not None else (right.answer,) if right.answer is not None else ()
    for answer in answers:
        lines += labelled(" answer", safe(_answer_text(answer, now), glyphs), width)
    if right.question is not None:
        why = right.question.rationale or "it gives no reason"
        lines += labelled(" asked", safe(f"{ago_text(right.question.at, now)}: {why}", glyphs), width, "busy")
    denied = _denials(right, view)
    for denial in denied:
        said = f"{denial.reason}, {times_text(denial.count)}, last {ago_text(denial.last_at, now)}: {denial.access}"
        lines += labelled(" denied", safe(said, glyphs), width, "warn")
        if denial.remedy:
            lines += labelled(" allow with", safe(denial.remedy, glyphs), width)
    if not denied and right.row is not None and right.row.standing in {Standing.NOT_GRANTED, Standing.EXPIRED}:
        lines += labelled(" allow with", safe(command("grant", view.component, right.permission), glyphs), width)
    return lines + _whole(view, glyphs, width)


def _whole(view: GrantsView, glyphs: Glyphs, width: int) -> list[Line]:
    """Draw what concerns the component as a whole."""
    lines: list[Line] = []
    if view.candidate is not None:
        waits = ", ".join(row.permission for row in view.rows if row.waits)
        lines += labelled(f" r{view.candidate} waits", safe(f"for {waits or 'approval'}", glyphs), width, "busy")
    if view.rationale:
        lines += labelled(" because", safe(view.rationale, glyphs), width)
    if view.mode != "enforce":
        lines += labelled(" mode", f"{view.mode}: a denial is recorded, and the access takes place", width, "bad")
    if view.tighter:
        lines += labelled(" tighten to", safe("  ".join(view.tighter), glyphs), width, "quiet")
    return [(), *lines] if lines else []


def _denials(right: Right, view: GrantsView) -> Sequence[DenialView]:
    if right.denial is not None:
        return (right.denial,)
    return tuple(each for each in view.denials if each.access == right.permission)


def _standing(right: Right) -> tuple[str, str]:
    if right.row is not None:
        return ("awaits approval", "busy") if right.row.waits else (str(right.row.standing), TONES[right.row.standing])
    if right.denial is not None:
        return f"denied {times_text(right.denial.count)}", "warn"
    return "not declared", "quiet"


def _by(right: Right) -> str:
    answers = right.row.answers if right.row is not None else (right.answer,) if right.answer is not None else ()
    if right.denial is not None:
        return str(right.denial.reason)
    return next((f"{each.who} {each.scope}" for each in answers if each.in_force), "-")


def _answer_text(answer: GrantView, now: float) -> str:
    word = "refused for good" if answer.scope is Scope.NEVER else f"granted {answer.scope}"
    parts = [f"{word} by {answer.who}"]
    if answer.at:
        parts.append(ago_text(answer.at, now))
    if answer.expires_at is not None:
        parts.append(f"until {clock_text(answer.expires_at)}")
    if not answer.in_force:
        parts.append("no longer in force")
    used = answer.last_used_at
    parts.append("never used" if used is None else f"last used {ago_text(used, now)}")
    if answer.idle:
        parts.append("idle for long")
    return ", ".join(parts) + (f": {answer.rationale}" if answer.rationale else "")


def _waits_text(until: float, now: float) -> str:
    return f"waits {format_duration(max(0.0, until - now))}"


def times_text(count: int) -> str:
    """Return how often something happened."""
    return "once" if count == 1 else f"{format_count(count)} times"


def _asked_room(width: int) -> int:
    return max(8, width - NAME - 3 - (TIMES + WHEN + 2 if width >= NAMED else 0))


def _right_room(width: int) -> int:
    return max(8, width - STANDING - 3 - (NAME + 1 if width >= ANSWERED else 0))
