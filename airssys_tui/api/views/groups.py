"""The tree of groups of supervision: its rows, and what they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from airssys_tui.api.views.runtime import GroupView
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.core.units import format_duration


class Branch(msgspec.Struct, frozen=True):
    """One row of the tree of groups.

    Attributes:
        name: The group, or the component.
        lead: What is drawn before the name: the lines of the tree.
        group: The group that it is; None for a component.
    """

    name: str
    lead: str = ""
    group: GroupView | None = None


def components_of(groups: Iterable[GroupView], name: str) -> tuple[str, ...]:
    """Return the components of a group in start order, those of inner groups included."""
    known = {group.name: group for group in groups}

    def found(group: str) -> Iterator[str]:
        for member in known[group].members if group in known else ():
            if member.is_group:
                yield from found(member.name)
            else:
                yield member.name

    return tuple(found(name))


def branches(
    groups: Iterable[GroupView],
    others: Iterable[str],
    folded: frozenset[str] = frozenset(),
    *,
    plain: bool = False,
    thin: bool = False,
) -> tuple[Branch, ...]:
    """Return the groups and their members as the rows of a tree, then the components that are in no group.

    Args:
        groups: All groups.
        others: The components to show; those in groups are shown there, and only once.
        folded: Groups whose members are not shown.
        plain: Draw the lines with ASCII only.
        thin: Draw them one cell wide.
    """
    known = {group.name: group for group in groups}
    tee, corner, bar = (part[: 1 if thin else 2] for part in (("|-", "`-", "| ") if plain else ("├ ", "└ ", "│ ")))
    seen: set[str] = set()

    def below(group: GroupView, lead: str, shown: bool) -> Iterator[Branch]:
        for at, member in enumerate(group.members):
            last = at == len(group.members) - 1
            inner = known.get(member.name) if member.is_group else None
            if inner is None:
                seen.add(member.name)
            if shown:
                yield Branch(member.name, lead + (corner if last else tee), inner)
            if inner is not None:
                under = lead + (" " * len(bar) if last else bar)
                yield from below(inner, under, shown and inner.name not in folded)

    rows: list[Branch] = []
    for group in known.values():
        if not group.parent:
            rows.append(Branch(group.name, "", group))
            rows += below(group, "", group.name not in folded)
    return (*rows, *(Branch(name) for name in others if name not in seen))


def group_state(group: GroupView) -> str:
    """Return a group's state as a word: ``failed`` once it gave up, else ``supervised``."""
    return "failed" if group.given_up else "supervised"


def group_text(group: GroupView) -> GuestText:
    """Return what is to be known of a group, for people: why it gave up, else its rules."""
    if group.given_up:
        return one_line(f"given up: {' -> '.join(group.given_up)}", 600)
    used = f"{group.restarts} of {group.max_restarts}"
    return one_line(f"{group.strategy} · {used} restarts in {format_duration(group.window)}")
