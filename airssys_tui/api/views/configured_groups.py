"""The groups of a configuration as front ends see them; few commands load what reads it."""

from __future__ import annotations

from collections.abc import Mapping

from airssys_tui.api.views.runtime import GroupMember, GroupView
from airssys_tui.core.groups.group_table import GroupTable
from airssys_tui.core.text import one_line


def views_of(
    table: GroupTable,
    spent: Mapping[str, int] | None = None,
    given_up: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[GroupView, ...]:
    """Return groups as front ends see them.

    Args:
        table: The groups.
        spent: The restarts of groups within their windows.
        given_up: Why groups gave up.
    """
    parents = {member.name: group.name for group in table.groups for member in group.members if member.is_group}
    counts, chains = spent or {}, given_up or {}
    return tuple(
        GroupView(
            name=group.name,
            strategy=group.strategy,
            members=tuple(GroupMember(member.name, member.is_group) for member in group.members),
            parent=parents.get(group.name, ""),
            max_restarts=group.max_restarts,
            window=group.window,
            restarts=counts.get(group.name, 0),
            given_up=tuple(one_line(each, 300) for each in chains.get(group.name, ())),
        )
        for group in table.groups
    )
