"""The decision: whether an access is allowed, in one fixed order of questions.

1. Is it forbidden to everybody?
2. Does the manifest declare it? An option of a command line declares what it grants.
3. Did the operator refuse it for good? That beats every grant.
4. Does a grant in force cover it, of the operator, of a trust rule or of the default policy?
5. Does the revision serve? A candidate reads files and variables and uses its storage overlay, and nothing else.

Quotas, the host's capacity and the operating system come after that, where the access takes place.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Final

import msgspec

from airssys_tui.core.capability.coverage import is_covered
from airssys_tui.core.capability.forbidden import is_forbidden
from airssys_tui.core.capability.grant import Denial, Grant, Reason, Scope
from airssys_tui.core.capability.permission import Access, Kind, Permission
from airssys_tui.core.capability.policy import AnsweredBy, Policy
from airssys_tui.core.manifest.capabilities import FilesystemAction

MAX_REMEDY: Final = 1_024
"""Bytes of a remedy at most."""

_HARMLESS_KINDS: Final = frozenset({Kind.STORAGE, Kind.ENVIRONMENT})
_HARMLESS_ACTIONS: Final = frozenset({FilesystemAction.READ.value, FilesystemAction.LIST.value})


class Judgement(msgspec.Struct, frozen=True):
    """The outcome of one decision.

    Attributes:
        denial: Why the access is denied; None if it is allowed.
        grant: What allows it; None if it is denied. A grant for one access is named only if nothing else allows it, and
            has to be used up before the access takes place.
        until: When the outcome changes by itself, in Unix seconds: a grant expires; None for never.
    """

    denial: Denial | None
    grant: Grant | None = None
    until: float | None = None


def decide(
    asked: Access | Permission,
    declared: tuple[Permission, ...],
    grants: Iterable[Grant],
    policy: Policy,
    now: float,
    *,
    candidate: bool = False,
    session: str = "",
) -> Denial | None:
    """Decide one access, or whether everything that a permission covers is allowed; see :func:`judge`."""
    return judge(asked, declared, grants, policy, now, candidate=candidate, session=session).denial


def judge(
    asked: Access | Permission,
    declared: tuple[Permission, ...],
    grants: Iterable[Grant],
    policy: Policy,
    now: float,
    *,
    candidate: bool = False,
    session: str = "",
) -> Judgement:
    """Decide one access, and say what allows it.

    Args:
        asked: The access; or a permission, for a question about all that it covers.
        declared: What the manifest declares.
        grants: The component's grants that are stored, expired and used-up ones included.
        policy: What holds without a question.
        now: Unix seconds.
        candidate: Whether the revision does not serve yet.
        session: The runtime's session; a grant for another one does not count.
    """
    access = asked if isinstance(asked, Access) else as_access(asked)
    if is_forbidden(access, policy.reserved):
        return Judgement(Denial(access, Reason.FORBIDDEN))
    if not any(is_covered(asked, each) for each in declared):
        if policy.answered_by is AnsweredBy.COMMAND_LINE:
            return Judgement(Denial(access, Reason.NOT_GRANTED, remedy(_wanted(asked), policy)))
        return Judgement(Denial(access, Reason.UNDECLARED, _wanted(asked).manifest_line[:MAX_REMEDY]))
    found = _weigh(asked, (*grants, *policy.grants(declared)), now, session)
    if found.grant is None:
        wanted = remedy(_wanted(asked), policy, refusal=found.refusal)
        return Judgement(Denial(access, found.reason, wanted, found.refusal is not None), until=found.until)
    if candidate and not _is_harmless(access):
        return Judgement(Denial(access, Reason.CANDIDATE))
    return Judgement(None, found.grant, found.until)


def in_force(
    declared: tuple[Permission, ...],
    grants: Iterable[Grant],
    policy: Policy,
    now: float,
    *,
    session: str = "",
) -> tuple[Grant, ...]:
    """Return the grants that allow something now, in the order of the manifest; a grant narrower than it as it is.

    A grant that reaches beyond what is declared is returned with the declared permission instead of its own.
    """
    every = (*grants, *policy.grants(declared))
    refused = [each.permission for each in every if each.scope is Scope.NEVER and not _is_over(each, now)]
    holding = [each for each in every if _holds(each, now, session)]
    found: dict[tuple[Permission, int, str], Grant] = {}
    for permission in declared:
        for grant in holding:
            if is_covered(permission, grant.permission):
                narrow = permission
            elif is_covered(grant.permission, permission):
                narrow = grant.permission
            else:
                continue
            if not any(is_covered(narrow, each) for each in refused):
                kept = msgspec.structs.replace(grant, permission=narrow)
                found.setdefault((narrow, grant.id, grant.who), kept)
    return tuple(found.values())


def as_access(permission: Permission) -> Access:
    """Return an access that stands for a permission in a denial."""
    subject = permission.subject
    if permission.kind is Kind.NETWORK:
        subject = subject.removeprefix("[").removesuffix("]")
    return Access(permission.kind, permission.action, subject, permission.port)


def remedy(permission: Permission, policy: Policy, *, refusal: Permission | None = None) -> str:
    """Return what would allow something: a command, an option of it, or a line of the policy file.

    Args:
        permission: What is to be allowed.
        policy: The component's policy.
        refusal: What was refused for good and has to be revoked first; it may be wider.
    """
    line = command("grant", policy.component, permission)
    if refusal is not None:
        line = command("revoke", policy.component, refusal)
    if policy.answered_by is AnsweredBy.POLICY_FILE:
        text = msgspec.json.encode(str(permission)).decode()
        line = f"permissions = [{text}] for {policy.component} in the policy file"
    elif policy.answered_by is AnsweredBy.COMMAND_LINE:
        named = permission.kind is Kind.ENVIRONMENT
        line = f"--env {permission.subject}" if named else f"--allow {shlex.quote(str(permission))}"
    elif policy.answered_by is AnsweredBy.NOBODY:
        line = f"in a runtime, {line}"
    return line[:MAX_REMEDY]


def command(verb: str, component: str, *words: object) -> str:
    """Return a command about permissions as an operator writes it in a shell, such as ``airssys-tui grant …``."""
    return " ".join(["airssys-tui", verb, *(shlex.quote(str(each)) for each in (component, *words))])[:MAX_REMEDY]


def approval(component: str, revision: int) -> str:
    """Return the command that approves a revision that waits, and no other one that may wait by then."""
    return command("approve", component, "--revision", revision)


class _Found(msgspec.Struct):
    grant: Grant | None = None
    reason: Reason = Reason.NOT_GRANTED
    refusal: Permission | None = None
    until: float | None = None


def _weigh(asked: Access | Permission, grants: tuple[Grant, ...], now: float, session: str) -> _Found:
    """Return the grant that allows something, the most lasting first, or why none does."""
    found = _Found()
    once: Grant | None = None
    for grant in grants:
        if not is_covered(asked, grant.permission) and not _refuses_part(asked, grant):
            continue
        if grant.scope is Scope.NEVER:
            if not _is_over(grant, now):
                return _Found(refusal=grant.permission, until=grant.expires_at)
        elif _holds(grant, now, session):
            if grant.scope is Scope.ONCE:
                once = once or grant
            elif found.grant is None or _outlasts(grant, found.grant):
                found.grant = grant
        elif _is_over(grant, now) and grant.used_at is None:
            found.reason = Reason.EXPIRED
    found.grant = found.grant or once
    found.until = found.grant.expires_at if found.grant is not None else None
    return found


def _refuses_part(asked: Access | Permission, grant: Grant) -> bool:
    """Return whether a refusal for good is about a part of what a permission covers."""
    return isinstance(asked, Permission) and grant.scope is Scope.NEVER and is_covered(grant.permission, asked)


def _holds(grant: Grant, now: float, session: str) -> bool:
    if grant.scope is Scope.NEVER or _is_over(grant, now) or grant.used_at is not None:
        return False
    return grant.scope is not Scope.SESSION or grant.session == session


def _is_over(grant: Grant, now: float) -> bool:
    return grant.expires_at is not None and grant.expires_at <= now


def _outlasts(grant: Grant, other: Grant) -> bool:
    if other.expires_at is None:
        return False
    return grant.expires_at is None or grant.expires_at > other.expires_at


def _wanted(asked: Access | Permission) -> Permission:
    return asked.permission() if isinstance(asked, Access) else asked


def _is_harmless(access: Access) -> bool:
    return access.kind in _HARMLESS_KINDS or (access.kind is Kind.FILESYSTEM and access.action in _HARMLESS_ACTIONS)
