"""The groups of the folder and how they stand: what supervision decides by, and what front ends see of them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from airssys_tui.api.views.configured_groups import views_of
from airssys_tui.api.views.runtime import GroupView
from airssys_tui.core.errors import UsageError
from airssys_tui.core.groups.group_rules import Exit, Plan, Standing, exited, followed, not_started, passed, renewed
from airssys_tui.core.groups.group_rules import restart_of as restart_plan
from airssys_tui.core.groups.group_table import GroupTable, Member
from airssys_tui.core.groups.group_tree import GroupTree
from airssys_tui.core.supervision import RestartPolicy
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.router import Router


class GroupBook:
    """The groups of one runtime. Used on the control loop.

    Args:
        router: The components.

    Attributes:
        tree: The groups.
    """

    def __init__(self, router: Router) -> None:
        self._router = router
        self._table = GroupTable()
        self.tree = GroupTree()
        self._standing = Standing()
        self._shown: tuple[Mapping[str, int], Mapping[str, tuple[str, ...]]] = {}, {}
        self._views: tuple[GroupView, ...] = ()

    def replace(self, table: GroupTable) -> None:
        """Follow other groups; what is known of a group of the same name goes on."""
        self._table, self.tree = table, GroupTree(table)
        self._standing = followed(self.tree, self._standing)
        self._shown, self._views = ({}, {}), views_of(table)

    def policy_of(self, name: str) -> RestartPolicy:
        """Return the restart type of a component."""
        component = self._router.named(name)
        active = component.active if component is not None else None
        return active.manifest.supervision.restart if active is not None else RestartPolicy.PERMANENT

    def would_exit(self, event: Exit) -> Plan:
        """Return what an exit would lead to."""
        return exited(self.tree, self._standing, event, time.monotonic(), self.policy_of)[1]

    def exited(self, event: Exit) -> Plan:
        """Take an exit of a component in; return what is to be done."""
        self._standing, plan = exited(self.tree, self._standing, event, time.monotonic(), self.policy_of)
        return plan

    def not_started(self, event: Exit) -> Plan:
        """Take in that a component could not be started again; return what is to be done."""
        self._standing, plan = not_started(self.tree, self._standing, event, time.monotonic(), self.policy_of)
        return plan

    def passed(self, name: str) -> None:
        """Note that the start of a component is over, whatever became of it."""
        self._standing = passed(self.tree, self._standing, name)

    def restart(self, group: str) -> Plan:
        """Return how a group is restarted at an operator's request; its window is empty then.

        Raises:
            UsageError: There is no such group.
        """
        self.components(group)
        self._standing, plan = restart_plan(self.tree, self._standing, group)
        return plan

    def renew(self, component: str) -> None:
        """Empty the windows of the groups around a component that the operator starts: they are no longer given up."""
        top = self.tree.top_of(Member(component))
        if top in self._standing.given_up:
            self._standing = renewed(self.tree, self._standing, top)

    def follow(self, component: Component) -> None:
        """Note that another revision of a component took over: the groups around it are no longer given up."""
        self.renew(component.name)

    def components(self, group: str) -> tuple[str, ...]:
        """Return the components of a group, in start order.

        Raises:
            UsageError: There is no such group.
        """
        if group not in self.tree.groups:
            known = ", ".join(self.tree.groups) or "none; [groups] of airssys.toml makes them"
            raise UsageError(f"there is no group {group!r}", remedy=f"groups: {known}")
        return self.tree.components(Member(group, is_group=True))

    def views(self) -> tuple[GroupView, ...]:
        """Return the groups for front ends, in the order of the file; made anew only if they stand differently."""
        now, standing = time.monotonic(), self._standing
        groups = self.tree.groups
        shown = {name: len(standing.spent(groups[name], now)) for name in standing.windows}, standing.given_up
        if shown != self._shown:
            self._shown, self._views = shown, views_of(self._table, *shown)
        return self._views
