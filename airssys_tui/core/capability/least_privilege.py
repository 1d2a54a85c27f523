"""Least privilege: grants that nothing uses, and the smaller declaration that would do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from airssys_tui.core.capability.coverage import contains
from airssys_tui.core.capability.grant import Grant, Scope
from airssys_tui.core.capability.permission import Kind, Permission
from airssys_tui.core.capability.policy import Policy

MOST_SUBJECTS: Final = 8
"""Things that a smaller declaration names one by one; more of them keep the declared pattern."""


class GrantUse(msgspec.Struct, frozen=True, kw_only=True):
    """How a grant was used.

    Attributes:
        grant: The grant.
        last_at: When it allowed something last, in Unix seconds; None for never.
        calls: Calls that the component finished since the last use, or since it was granted.
    """

    grant: Grant
    last_at: float | None = None
    calls: int = 0


def is_idle(use: GrantUse, now: float, policy: Policy) -> bool:
    """Return whether a grant allows something that nothing uses: not in so many calls, or not for so long.

    Args:
        use: How it was used.
        now: Unix seconds.
        policy: Says how many calls, and how long.
    """
    if use.grant.scope is Scope.NEVER or use.grant.used_at is not None:
        return False
    since = max(use.grant.at, use.last_at or 0.0)
    return use.calls >= policy.idle_calls or now - since >= policy.idle_after


def tightened(declared: tuple[Permission, ...], used: Iterable[Permission]) -> tuple[Permission, ...]:
    """Return the declaration that would have allowed what was used, and no more than what is declared.

    A permission that nothing used goes. One that few things used is replaced by them: paths by their own or by their
    folder, hosts and ports by those that were reached. Of several files in one folder the folder is named, since
    a later run is likely to need others there.

    Args:
        declared: What is declared.
        used: The narrowest permissions of the accesses that took place.
    """
    narrow = tuple(dict.fromkeys(used))
    found: dict[Permission, None] = {}
    for permission in declared:
        mine = [each for each in (_with_port(permission, use) for use in narrow) if contains(permission, each)]
        if mine:
            found |= dict.fromkeys(_narrowed(permission, mine))
    kept = list(found)
    return tuple(each for each in kept if not any(other != each and contains(other, each) for other in kept))


def manifest_lines(permissions: Iterable[Permission]) -> tuple[str, ...]:
    """Return the lines under ``[capabilities]`` that declare permissions, one for each kind."""
    by_kind: dict[Kind, list[Permission]] = {}
    for each in permissions:
        by_kind.setdefault(each.kind, []).append(each)
    lines = []
    for kind in Kind:
        declared = by_kind.get(kind, ())
        if kind is Kind.STORAGE and declared:
            lines.append(max(declared, key=lambda each: len(each.action)).manifest_line)
        elif declared:
            texts = ", ".join(msgspec.json.encode(each.declared).decode() for each in declared)
            lines.append(f"{kind} = [{texts}]")
    return tuple(lines)


def _with_port(permission: Permission, use: Permission) -> Permission:
    """Return what was used with the declared port, if it was a name that was looked up, which takes no port."""
    if permission.kind is use.kind is Kind.NETWORK and use.port is None:
        return msgspec.structs.replace(use, port=permission.port)
    return use


def _narrowed(permission: Permission, used: list[Permission]) -> tuple[Permission, ...]:
    wanted = tuple(dict.fromkeys(used))
    if permission.kind is Kind.FILESYSTEM:
        texts = _paths([use.subject for use in used])
        wanted = tuple(Permission(permission.kind, permission.action, text) for text in texts)
    elif permission.kind is Kind.STORAGE:
        wanted = (max(wanted, key=lambda each: len(each.action)),)
    narrow = len(wanted) <= MOST_SUBJECTS and all(contains(permission, each) for each in wanted)
    return wanted if narrow else (permission,)


def _paths(patterns: list[str]) -> tuple[str, ...]:
    folders: dict[str, list[str]] = {}
    for pattern in sorted(set(patterns)):
        folder, _, name = pattern.rpartition("/")
        folders.setdefault(pattern if name == "**" else folder, []).append(pattern)
    return tuple(files[0] if len(files) == 1 else f"{folder}/*" for folder, files in folders.items())
