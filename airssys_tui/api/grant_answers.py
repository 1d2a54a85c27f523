"""What an operator's command about permissions comes to: which answers are added, and which are taken back.

Pure, so that every runtime gives a command the same meaning; a runtime audits, records and applies what is planned.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from airssys_tui.api.commands import AddTrust, AnswerQuestion, Approve, Deny, GrantCommand, Revoke
from airssys_tui.api.commands import Grant as GrantOrder
from airssys_tui.api.grant_matrix import Known
from airssys_tui.api.views.granting import QuestionView
from airssys_tui.core.capability.coverage import contains
from airssys_tui.core.capability.decision import command
from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.permission import Permission, parse_permission
from airssys_tui.core.capability.policy import TrustRule
from airssys_tui.core.capability.policy_file import MOST_RATIONALE, check_grantable, check_rule
from airssys_tui.core.errors import UsageError
from airssys_tui.core.text import one_line
from airssys_tui.core.units import format_duration

LONGEST: Final = 10 * 365 * 86_400.0
"""Seconds that an answer may hold at most, when it is not for ever."""

MOST_ANSWERS: Final = 256
"""Stored answers about one component that may be in force at a time."""

_SHORT: Final = frozenset({Scope.ONCE, Scope.SESSION})
"""Scopes that may end before the time that an answer holds."""

_FORM: Final = "write it as network:connect:api.example.com:443, filesystem:read:/data/** or process:spawn:git"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a command comes to; all of it takes effect, or nothing.

    Attributes:
        text: What was done, one sentence.
        grants: Answers to add; their numbers are 0.
        revokes: Numbers of stored answers to take back.
        settles: Numbers of open questions that are answered with that.
        candidate: Whether the revision that waits is approved or refused; None if nothing is said about it.
    """

    text: str
    grants: tuple[Grant, ...] = ()
    revokes: tuple[int, ...] = ()
    settles: tuple[int, ...] = ()
    candidate: bool | None = None


class Answerer(msgspec.Struct, frozen=True):
    """Who answers: the operator's name, and the session that a grant for a session is bound to."""

    who: str
    session: str


class Terms(msgspec.Struct, frozen=True):
    """How long an answer holds, and why it was given."""

    scope: Scope
    rationale: str = ""
    seconds: float | None = None


def plan(command: GrantCommand, known: Known, by: Answerer) -> Plan:
    """Return what a command comes to.

    Raises:
        UsageError: It names nothing valid, nothing that is there, or it would change nothing.
    """
    if len(command.rationale) > MOST_RATIONALE:
        raise UsageError(f"a rationale has at most {MOST_RATIONALE} characters, not {len(command.rationale)}")
    match command:
        case GrantOrder():
            permission = read(command.permission)
            return _granted(permission, Terms(command.scope, command.rationale, command.seconds), known, by)
        case Revoke():
            return _revoked(command, known, by)
        case Approve():
            return _approved(command, known, by)
        case Deny():
            return _denied(command, known, by)
        case AnswerQuestion():
            return _answered(command, known, by)


def trust_rule(command: AddTrust, who: str, now: float) -> TrustRule:
    """Return the rule that a command adds.

    Raises:
        UsageError: It is not valid.
    """
    permissions = tuple(dict.fromkeys(map(read, command.permissions)))
    rule = TrustRule(
        name=command.name, permissions=permissions, source=command.source, key=command.key, who=who, at=now
    )
    try:
        check_rule(rule)
    except ValueError as error:
        raise UsageError(str(error)) from None
    return rule


def read(text: str) -> Permission:
    """Read a permission of a command.

    Raises:
        UsageError: It is none.
    """
    try:
        return parse_permission(text)
    except ValueError as error:
        raise UsageError(f"not a permission: {one_line(str(error), 400)}", remedy=_FORM) from None


def _granted(permission: Permission, terms: Terms, known: Known, by: Answerer) -> Plan:
    if terms.scope is Scope.NEVER:
        return _refused((permission,), terms, known, by)
    _check(permission, terms, known)
    refusals = [each for each in _in_force(known) if each.scope is Scope.NEVER]
    for each in refusals:
        if not contains(permission, each.permission) and contains(each.permission, permission):
            raise UsageError(
                f"{each.permission} is refused to {known.component} for good, and that beats every grant",
                remedy=command("revoke", known.component, each.permission),
            )
    lifted = tuple(each.id for each in refusals if each.id and contains(permission, each.permission))
    declared = any(contains(each, permission) for each in known.declared)
    part = any(contains(permission, each) for each in known.declared)
    lacks = "its manifest does not declare it" if _is_known(known) else "it has no revision"
    more = "" if declared or part else f"; {lacks}, so it has no effect yet"
    return Plan(
        text=f"{permission} granted to {known.component} {_held(terms)}{more}",
        grants=(_answer(permission, terms, known, by),),
        revokes=lifted,
        settles=_settled(known, (permission,)),
    )


def _is_known(known: Known) -> bool:
    """Return whether anything is known of what it declares."""
    return known.revision is not None or known.candidate is not None


def _refused(permissions: Iterable[Permission], terms: Terms, known: Known, by: Answerer) -> Plan:
    wanted = tuple(dict.fromkeys(permissions))
    _check_room(known, len(wanted))
    return Plan(
        text=f"{', '.join(map(str, wanted))} refused to {known.component} {_held(terms)}",
        grants=tuple(_answer(each, terms, known, by) for each in wanted),
        settles=_settled(known, wanted),
    )


def _revoked(command: Revoke, known: Known, by: Answerer) -> Plan:
    if command.grant is not None:
        if all(each.id != command.grant for each in known.grants):
            raise UsageError(f"{known.component} has no answer {command.grant} in force", remedy=_see(known))
        return Plan(text=f"answer {command.grant} of {known.component} revoked", revokes=(command.grant,))
    wanted = read(command.permission) if command.permission else None
    mine = tuple(each for each in known.grants if wanted is None or contains(wanted, each.permission))
    ruled = tuple(
        each.permission
        for each in known.policy.grants(known.declared)
        if each.scope is not Scope.NEVER and wanted is not None and contains(wanted, each.permission)
    )
    refused = {each.permission for each in known.grants if each.scope is Scope.NEVER}
    rules = tuple(dict.fromkeys(each for each in ruled if each not in refused))
    if not mine and not rules:
        about = f" about {wanted}" if wanted is not None else ""
        raise UsageError(f"{known.component} has no answer{about} in force", remedy=_see(known))
    added = tuple(_answer(each, Terms(Scope.NEVER, command.rationale), known, by) for each in rules)
    said = [f"{each.permission} ({each.scope})" for each in mine] + [
        f"{each} (granted by a rule: now refused)" for each in rules
    ]
    return Plan(
        text=f"revoked for {known.component}: {', '.join(said)}",
        grants=added,
        revokes=tuple(each.id for each in mine),
    )


def _approved(command: Approve, known: Known, by: Answerer) -> Plan:
    wanted = _asked_for(known)
    if not wanted:
        raise UsageError(f"{known.component} asks for nothing", remedy=_see(known))
    _check_shown(command, wanted, known)
    chosen, terms = tuple(map(read, command.only)) or wanted, Terms(Scope.ALWAYS, command.rationale)
    for each in chosen:
        if not any(contains(ask, each) for ask in wanted):
            raise UsageError(
                f"{known.component} does not ask for {each}", remedy=f"it asks for: {', '.join(map(str, wanted))}"
            )
        _check(each, terms, known)
    others = tuple(ask for ask in wanted if not any(contains(ask, each) for each in chosen))
    granted = [_answer(each, terms, known, by) for each in dict.fromkeys(chosen)]
    refused = [_answer(each, Terms(Scope.NEVER, command.rationale), known, by) for each in others]
    _check_room(known, len(granted) + len(refused))
    said = f"; refused: {', '.join(map(str, others))}" if others else ""
    lifted = tuple(
        each.id
        for each in known.grants
        if each.scope is Scope.NEVER and any(contains(one, each.permission) for one in chosen)
    )
    return Plan(
        text=f"granted to {known.component}: {', '.join(map(str, chosen))}{said}",
        grants=(*granted, *refused),
        revokes=lifted,
        settles=_settled(known, wanted),
        candidate=True if known.candidate is not None else None,
    )


def _check_shown(command: Approve, wanted: tuple[Permission, ...], known: Known) -> None:
    """Grant nothing that the operator did not see: a newer file may have come while the operator read."""
    if command.revision is not None and command.revision != known.candidate:
        waits = "no revision" if known.candidate is None else f"r{known.candidate}"
        raise UsageError(f"{waits} of {known.component} waits by now, not r{command.revision}", remedy=_see(known))
    new = [text for text in map(str, wanted) if text not in command.shown] if command.shown else []
    if new:
        raise UsageError(f"{known.component} asks for something else by now: {', '.join(new)}", remedy=_see(known))


def _denied(command: Deny, known: Known, by: Answerer) -> Plan:
    if command.permission:
        return _refused((read(command.permission),), Terms(Scope.NEVER, command.rationale), known, by)
    wanted = _asked_for(known)
    if not wanted:
        raise UsageError(f"{known.component} asks for nothing", remedy=f"name what it must not do; {_see(known)}")
    refused = _refused(wanted, Terms(Scope.NEVER, command.rationale), known, by)
    return msgspec.structs.replace(refused, candidate=False if known.candidate is not None else None)


def _answered(command: AnswerQuestion, known: Known, by: Answerer) -> Plan:
    question = next((each for each in known.questions if each.id == command.question), None)
    if question is None:
        raise UsageError(f"{known.component} has no open question {command.question}", remedy=_see(known))
    if command.scope is None:
        return Plan(text=f"question {question.id} of {known.component} closed", settles=(question.id,))
    permission = read(question.permission)
    return _granted(permission, Terms(command.scope, command.rationale), known, by)


def _asked_for(known: Known) -> tuple[Permission, ...]:
    asked = (_permission(each) for each in known.questions)
    return tuple(dict.fromkeys((*known.waiting, *(each for each in asked if each is not None))))


def _settled(known: Known, answered: Iterable[Permission]) -> tuple[int, ...]:
    """Return the open questions that answers about permissions settle."""
    answers = tuple(answered)
    asked = ((each.id, _permission(each)) for each in known.questions)
    return tuple(
        number
        for number, permission in asked
        if permission is not None and any(contains(each, permission) for each in answers)
    )


def _answer(permission: Permission, terms: Terms, known: Known, by: Answerer) -> Grant:
    return Grant(
        id=0,
        component=known.component,
        permission=permission,
        scope=terms.scope,
        who=by.who,
        at=known.now,
        expires_at=None if terms.seconds is None else known.now + terms.seconds,
        rationale=terms.rationale,
        session=by.session if terms.scope is Scope.SESSION else "",
        calls=known.calls,
    )


def _check(permission: Permission, terms: Terms, known: Known) -> None:
    try:
        check_grantable(permission, known.policy.reserved)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if terms.seconds is not None and not 1.0 <= terms.seconds <= LONGEST:
        raise UsageError("a grant holds for 1 s to 10 years", remedy="leave the time out for no end")
    _check_room(known, 1)


def _check_room(known: Known, more: int) -> None:
    if len(_in_force(known)) + more > MOST_ANSWERS:
        raise UsageError(
            f"{known.component} has {MOST_ANSWERS} answers in force already", remedy=f"revoke some; {_see(known)}"
        )


def _in_force(known: Known) -> tuple[Grant, ...]:
    every = (*known.grants, *(each for each in known.policy.answers if each.scope is Scope.NEVER))
    return tuple(each for each in every if each.expires_at is None or each.expires_at > known.now)


def _permission(question: QuestionView) -> Permission | None:
    try:
        return parse_permission(question.permission)
    except ValueError:  # asked under other rules: it can only be closed
        return None


def _held(terms: Terms) -> str:
    words = {
        Scope.ONCE: "for one access",
        Scope.SESSION: "until the runtime ends",
        Scope.ALWAYS: "until it is revoked",
        Scope.NEVER: "until that is revoked",
    }[terms.scope]
    if terms.seconds is None:
        return words
    time = f"for {format_duration(terms.seconds)}"
    return f"{words}, at most {time}" if terms.scope in _SHORT else time


def _see(known: Known) -> str:
    return f"see `airssys-tui grants {known.component}`"
