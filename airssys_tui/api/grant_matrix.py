"""The matrix of declared and granted permissions, made of what a runtime or its catalog knows."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from airssys_tui.api.views.granting import DenialView, GrantsView, GrantView, PermissionRow, QuestionView, Standing
from airssys_tui.core.capability.coverage import contains
from airssys_tui.core.capability.decision import judge
from airssys_tui.core.capability.grant import Grant, Reason, Scope
from airssys_tui.core.capability.least_privilege import GrantUse, is_idle, manifest_lines, tightened
from airssys_tui.core.capability.permission import Permission, parse_permission
from airssys_tui.core.capability.policy import Policy
from airssys_tui.core.text import Verbatim


class Usage(msgspec.Struct, frozen=True):
    """What was used.

    Attributes:
        access: The narrowest permission of the access, in its text form.
        last_at: When it was used last, in Unix seconds.
        calls: How many calls the component had finished by then.
    """

    access: str
    last_at: float
    calls: int = 0


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one component's permissions.

    Attributes:
        component: Text form of the identity.
        revision: The revision that serves; None if none does.
        candidate: The revision that waits for approval; None if none does.
        declared: What the revision that waits declares, else the one that serves.
        rationale: Why, in the words of the manifest.
        waiting: What the candidate waits for.
        grants: The stored answers that are not revoked.
        policy: What holds without a question.
        now: Unix seconds.
        session: The session of the runtime; empty if none runs.
        questions: The open questions.
        denials: The denials, the latest first.
        uses: What was used.
        calls: How many calls it has finished, in all runs.
    """

    component: str
    revision: int | None
    declared: tuple[Permission, ...]
    policy: Policy
    now: float
    candidate: int | None = None
    rationale: Verbatim = ""
    waiting: tuple[Permission, ...] = ()
    grants: tuple[Grant, ...] = ()
    session: str = ""
    questions: tuple[QuestionView, ...] = ()
    denials: tuple[DenialView, ...] = ()
    uses: tuple[Usage, ...] = ()
    calls: int = 0


def grants_view(known: Known) -> GrantsView:
    """Return everything about one component's permissions."""
    uses = tuple(_readable(known.uses))
    answers = (*known.grants, *known.policy.grants(known.declared))
    shown = {each: _answer(each, known, uses) for each in answers}
    rows = tuple(_row(permission, answers, shown, known) for permission in known.declared)
    concerned = {each for permission in known.declared for each in answers if _concerns(each, permission)}
    used = tuple(permission for permission, _ in uses)
    smaller = manifest_lines(tightened(known.declared, used))
    return GrantsView(
        component=known.component,
        revision=known.revision,
        candidate=known.candidate,
        mode=known.policy.mode,
        rationale=known.rationale,
        rows=rows,
        beyond=tuple(shown[each] for each in answers if each not in concerned),
        questions=known.questions,
        denials=known.denials,
        tighter=smaller if smaller != manifest_lines(known.declared) else (),
    )


def counted(questions: Iterable[QuestionView], denials: Iterable[DenialView]) -> tuple[QuestionView, ...]:
    """Return questions with the number of denials that each is about."""
    attempts = [(attempt, denial.count) for denial in denials if (attempt := _read(denial.access)) is not None]

    def count(question: QuestionView) -> int:
        asked = _read(question.permission)
        return sum(times for attempt, times in attempts if asked is not None and contains(asked, attempt))

    return tuple(msgspec.structs.replace(each, count=count(each)) for each in questions)


def _row(
    permission: Permission, answers: tuple[Grant, ...], shown: dict[Grant, GrantView], known: Known
) -> PermissionRow:
    mine = [each for each in answers if _concerns(each, permission)]
    mine.sort(key=lambda each: not shown[each].in_force)
    return PermissionRow(
        permission=str(permission),
        standing=_standing(permission, mine, shown, known),
        answers=tuple(shown[each] for each in mine),
        waits=permission in known.waiting,
    )


def _standing(permission: Permission, mine: list[Grant], shown: dict[Grant, GrantView], known: Known) -> Standing:
    outcome = judge(permission, known.declared, known.grants, known.policy, known.now, session=known.session)
    if outcome.denial is None:
        return Standing.GRANTED
    if outcome.denial.reason is Reason.FORBIDDEN:
        return Standing.FORBIDDEN
    if outcome.denial.refused and any(
        each.scope is Scope.NEVER and contains(each.permission, permission) for each in mine
    ):
        return Standing.REFUSED
    if any(shown[each].in_force and each.scope is not Scope.NEVER for each in mine):
        return Standing.PARTLY
    return Standing.EXPIRED if outcome.denial.reason is Reason.EXPIRED else Standing.NOT_GRANTED


def _concerns(grant: Grant, permission: Permission) -> bool:
    return contains(grant.permission, permission) or contains(permission, grant.permission)


def _answer(grant: Grant, known: Known, uses: tuple[tuple[Permission, Usage], ...]) -> GrantView:
    over = grant.expires_at is not None and grant.expires_at <= known.now
    elsewhere = grant.scope is Scope.SESSION and grant.session != known.session
    in_force = not over and not elsewhere and grant.used_at is None
    mine = [use for used, use in uses if contains(grant.permission, used)]
    last = max((use.last_at for use in mine), default=None)
    calls = known.calls - max((grant.calls, *(use.calls for use in mine)))
    stored = grant.id > 0
    return GrantView(
        id=grant.id,
        permission=str(grant.permission),
        scope=grant.scope,
        who=grant.who,
        at=grant.at,
        expires_at=grant.expires_at,
        rationale=grant.rationale,
        in_force=in_force,
        last_used_at=last,
        idle=stored and in_force and is_idle(GrantUse(grant=grant, last_at=last, calls=calls), known.now, known.policy),
    )


def _readable(uses: Iterable[Usage]) -> Iterable[tuple[Permission, Usage]]:
    for use in uses:
        permission = _read(use.access)
        if permission is not None:
            yield permission, use


def _read(text: str) -> Permission | None:
    try:
        return parse_permission(text)
    except ValueError:  # recorded by a program with other rules
        return None
