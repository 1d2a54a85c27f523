"""The groups of a folder as a tree: who supervises whom, and in which order members start."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from airssys_tui.core.groups.group_table import Group, GroupTable, Member


class GroupTree:
    """Answers questions about groups; it never changes.

    Args:
        table: The groups: no circles, and each member in one group only.

    Attributes:
        groups: The groups by name, in the order of the file.
    """

    def __init__(self, table: GroupTable = GroupTable()) -> None:  # noqa: B008 - frozen
        self.groups = {group.name: group for group in table.groups}
        self._components: dict[str, tuple[str, ...]] = {}
        self._owner = {member: group for group in table.groups for member in group.members}

    def __bool__(self) -> bool:
        """Return whether there is any group."""
        return bool(self.groups)

    def group_of(self, component: str) -> Group | None:
        """Return the group that supervises a component, or None."""
        return self._owner.get(Member(component))

    def owner(self, member: Member) -> Group | None:
        """Return the group that supervises a member; None for a group at the top."""
        return self._owner.get(member)

    def path(self, component: str) -> tuple[str, ...]:
        """Return the groups that a component is in, the outermost first."""
        found: list[str] = []
        group = self.group_of(component)
        while group is not None:
            found.append(group.name)
            group = self._owner.get(Member(group.name, is_group=True))
        return tuple(reversed(found))

    def top_of(self, member: Member) -> str:
        """Return the outermost group around a member, which may be that group itself; empty without one."""
        group = self.groups.get(member.name) if member.is_group else self._owner.get(member)
        while group is not None and (outer := self._owner.get(Member(group.name, is_group=True))) is not None:
            group = outer
        return group.name if group is not None else ""

    @cached_property
    def tops(self) -> tuple[str, ...]:
        """The groups that are in no other one."""
        return tuple(name for name in self.groups if Member(name, is_group=True) not in self._owner)

    def components(self, member: Member) -> tuple[str, ...]:
        """Return the components of a member, in start order."""
        if not member.is_group:
            return (member.name,)
        known = self._components.get(member.name)
        if known is None:
            members = self.groups[member.name].members
            known = self._components[member.name] = tuple(name for each in members for name in self.components(each))
        return known

    def inner(self, member: Member) -> Iterator[str]:
        """Yield a group and all groups in it; nothing for a component."""
        if member.is_group:
            yield member.name
            for each in self.groups[member.name].members:
                yield from self.inner(each)

    def before(self, component: str) -> tuple[str, ...]:
        """Return the components that start before one, in start order, in its outermost group."""
        top = self.top_of(Member(component))
        order = self.components(Member(top, is_group=True)) if top else (component,)
        return order[: order.index(component)]
