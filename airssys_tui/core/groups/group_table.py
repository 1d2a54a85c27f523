"""``[groups]`` of a folder's configuration: which components are supervised together, and how.

::

    [groups.pipeline]
    strategy = "rest-for-one"                 # one-for-one | one-for-all | rest-for-one
    members = ["parse", "enrich", "store"]    # in start order
    max_restarts = 5
    window = "60s"

    [groups.site]
    members = ["pipeline", "frontend"]        # a member may be a group

The words are those of Erlang/OTP (https://www.erlang.org/doc/system/sup_princ.html). A name without ``/`` that is the
name of a group means that group; ``local/NAME`` means the component. A member that is not in the folder is no mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from airssys_tui.core.identity import DEFAULT_NAMESPACE, ComponentId
from airssys_tui.core.limits import Bound
from airssys_tui.core.manifest.scalars import ExpectationError, read_text, shown
from airssys_tui.core.manifest.table_reader import Table

MOST_GROUPS: Final = 200
"""Groups of one folder."""

MOST_MEMBERS: Final = 1_000
"""Members of all groups of a folder together."""

MOST_DEPTH: Final = 8
"""Groups that lie in one another, from the outermost to the innermost."""

_DAY: Final = 86_400.0


class GroupStrategy(StrEnum):
    """What a group does when one of its members exits.

    ``one-for-one`` restarts that member only, ``one-for-all`` all members, ``rest-for-one`` that member and those that
    start after it.
    """

    ONE_FOR_ONE = "one-for-one"
    ONE_FOR_ALL = "one-for-all"
    REST_FOR_ONE = "rest-for-one"


class Member(msgspec.Struct, frozen=True, order=True):
    """A member of a group: a component by the text form of its identity, or another group by its name."""

    name: str
    is_group: bool = False


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One group of supervision.

    Attributes:
        name: Its name, unique in the folder.
        strategy: What it does when a member exits.
        members: Its members, in start order.
        max_restarts: Restarts that it makes within ``window``; with one more it gives up and escalates.
        window: Seconds, a sliding window.
    """

    name: str
    strategy: GroupStrategy = GroupStrategy.ONE_FOR_ONE
    members: tuple[Member, ...] = ()
    max_restarts: int = 3
    window: float = 60.0


class GroupTable(msgspec.Struct, frozen=True):
    """All groups of a folder, in the order of the file."""

    groups: tuple[Group, ...] = ()


def read_groups(table: Table) -> GroupTable:
    """Read ``[groups]``; problems go to the report of the table."""
    names = table.free_keys()
    if len(names) > MOST_GROUPS:
        table.problem(names[MOST_GROUPS], f"expected at most {MOST_GROUPS} groups, got {len(names)}")
        return GroupTable()
    tables = {name: table.table(name) for name in names}
    groups = {name: _group(table, tables[name], name, frozenset(names)) for name in names}
    _check_owners(tables, groups)
    for name, circle in _circles(groups).items():
        tables[name].problem("members", f"circle of groups: {' -> '.join(circle)}")
    for name, depth in _too_deep(groups).items():
        tables[name].problem("members", f"expected at most {MOST_DEPTH} groups in one another, got {depth}")
    count = 0
    for name, group in groups.items():
        if count <= MOST_MEMBERS < count + len(group.members):
            tables[name].problem("members", f"expected at most {MOST_MEMBERS} members in all groups")
        count += len(group.members)
    return GroupTable(tuple(groups.values()))


def _group(groups: Table, table: Table, name: str, names: frozenset[str]) -> Group:
    groups.attempt(name, lambda: ComponentId(DEFAULT_NAMESPACE, name))
    default = Group(name=name)
    members = table.items("members", lambda value: _member(value, names))
    if not members and table.raw("members") in (None, []):
        table.problem("members", 'is required, such as members = ["parse", "store"]')
    group = Group(
        name=name,
        strategy=table.choice("strategy", GroupStrategy, default.strategy),
        members=members,
        max_restarts=table.integer("max_restarts", default.max_restarts, Bound(0, 1_000)),
        window=table.duration("window", default.window, Bound(0.1, _DAY)),
    )
    table.close()
    return group


def _member(value: Any, names: frozenset[str]) -> Member:
    text = read_text(value)
    if text in names:
        return Member(text, is_group=True)
    if not text:
        raise ExpectationError(f"expected the name of a component or a group, got {shown(text)}")
    return Member(str(ComponentId.parse(text)))


def _check_owners(tables: Mapping[str, Table], groups: Mapping[str, Group]) -> None:
    """Check that everything is a member once: a component or a group has one supervisor."""
    owners: dict[Member, str] = {}
    for name, group in groups.items():
        for member in group.members:
            owner = owners.get(member)
            if owner is None:
                owners[member] = name
            else:
                what = "group" if member.is_group else "component"
                told = f"the {what} {member.name} is a member of {owner} already; it can be in one group only"
                tables[name].problem("members", told)


def _circles(groups: Mapping[str, Group]) -> dict[str, tuple[str, ...]]:
    """Return each circle of groups once, by the group at which it begins in the file."""
    found: dict[str, tuple[str, ...]] = {}
    settled: set[str] = set()
    for start in groups:
        stack: list[tuple[str, ...]] = [(start,)]
        while stack:
            trail = stack.pop()
            if trail[-1] in settled:
                continue
            for member in groups[trail[-1]].members:
                if member.is_group and member.name in trail:
                    found.setdefault(start, (*trail[trail.index(member.name) :], member.name))
                elif member.is_group and len(trail) <= len(groups):
                    stack.append((*trail, member.name))
            settled.add(trail[-1])
    return found


def _too_deep(groups: Mapping[str, Group]) -> dict[str, int]:
    """Return the outermost groups that hold too many in one another, with how many."""
    inner = {member.name for group in groups.values() for member in group.members if member.is_group}
    found: dict[str, int] = {}
    for name in groups.keys() - inner:
        level, depth = {name}, 0
        while level and depth <= len(groups):
            depth += 1
            level = {member.name for each in level for member in groups[each].members if member.is_group}
        if depth > MOST_DEPTH:
            found[name] = depth
    return found
