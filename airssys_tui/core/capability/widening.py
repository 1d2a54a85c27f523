"""What a revision wants beyond another one, and beyond what is granted."""

from __future__ import annotations

from collections.abc import Iterable

from airssys_tui.core.capability.coverage import contains
from airssys_tui.core.capability.decision import decide
from airssys_tui.core.capability.forbidden import is_ungrantable
from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.permission import Permission
from airssys_tui.core.capability.policy import Policy


def widened(before: tuple[Permission, ...], after: tuple[Permission, ...]) -> tuple[Permission, ...]:
    """Return what one declaration holds beyond another one, in its order."""
    return tuple(each for each in after if not any(contains(wide, each) for wide in before))


def missing(
    declared: tuple[Permission, ...],
    grants: Iterable[Grant],
    policy: Policy,
    now: float,
    *,
    session: str = "",
) -> tuple[Permission, ...]:
    """Return what is declared, not granted whole and not refused for good: what an operator may be asked.

    A grant for one access does not count: it answers one access, not the declaration.
    """
    kept = tuple(each for each in grants if each.scope is not Scope.ONCE)
    return tuple(
        each
        for each in declared
        if not is_ungrantable(each, policy.reserved)
        and not _is_refused(each, kept, policy, now)
        and decide(each, declared, kept, policy, now, session=session) is not None
    )


def awaited(
    before: tuple[Permission, ...],
    declared: tuple[Permission, ...],
    grants: Iterable[Grant],
    policy: Policy,
    now: float,
    *,
    session: str = "",
) -> tuple[Permission, ...]:
    """Return what a new revision waits for: missing, and beyond what the revision that serves declares."""
    return widened(before, missing(declared, grants, policy, now, session=session))


def _is_refused(permission: Permission, grants: tuple[Grant, ...], policy: Policy, now: float) -> bool:
    return any(
        each.scope is Scope.NEVER
        and (each.expires_at is None or each.expires_at > now)
        and contains(each.permission, permission)
        for each in (*grants, *policy.answers)
    )
