"""Differences between two interfaces: what changed, which side it breaks, and why.

The comparison is structural: it looks at what a built component or a WIT package declares, never at the version alone.
The component model has no subtyping of values (``design/mvp/CanonicalABI.md``): a function whose types differ in any
way is another function. Parameter names are not part of the type.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

import msgspec

from airssys_tui.core.types.difference import difference
from airssys_tui.core.types.interface import AsyncFunction, Function, Interface, InterfaceType, ValType, render
from airssys_tui.core.types.version import track

Kind: TypeAlias = Literal["added", "removed", "changed", "renamed"]
Side: TypeAlias = Literal["export", "import", "interface", "package"]
"""Where the item is: in a component's exports, in its imports, in an interface of a package that either side may use,
or in a package as a whole interface or world."""


class Rule(msgspec.Struct, frozen=True):
    """Which side a change breaks: callers of the exports, or hosts that provide the imports."""

    callers: bool
    hosts: bool


RULES: Final[dict[tuple[Side, Kind], Rule]] = {
    ("export", "added"): Rule(callers=False, hosts=False),
    ("export", "removed"): Rule(callers=True, hosts=False),
    ("export", "changed"): Rule(callers=True, hosts=False),
    ("export", "renamed"): Rule(callers=False, hosts=False),
    ("import", "added"): Rule(callers=False, hosts=True),
    ("import", "removed"): Rule(callers=False, hosts=False),
    ("import", "changed"): Rule(callers=False, hosts=True),
    ("import", "renamed"): Rule(callers=False, hosts=False),
    # A caller of an interface loses what is removed; a provider lacks what is added.
    ("interface", "added"): Rule(callers=False, hosts=True),
    ("interface", "removed"): Rule(callers=True, hosts=False),
    ("interface", "changed"): Rule(callers=True, hosts=True),
    ("interface", "renamed"): Rule(callers=False, hosts=False),
    # Nobody has to use a new interface; users of a removed one break.
    ("package", "added"): Rule(callers=False, hosts=False),
    ("package", "removed"): Rule(callers=True, hosts=False),
}
"""All rules. ``renamed`` keeps the types: another parameter name, or another version within one track."""


class InterfaceChange(msgspec.Struct, frozen=True):
    """One difference between two interfaces.

    Attributes:
        kind: What happened to the item.
        path: ``instance#function``, ``function``, ``instance#resource NAME``, or an import's name.
        before: The old type in WIT syntax; None when the item was added.
        after: The new type in WIT syntax; None when the item was removed.
        reason: What differs, in words and types; empty when ``kind`` is enough.
        side: Where the item is.
    """

    kind: Kind
    path: str
    before: str | None
    after: str | None
    reason: str = ""
    side: Side = "export"

    @property
    def breaking(self) -> bool:
        """Whether callers of the old interface break."""
        return RULES[self.side, self.kind].callers

    @property
    def breaks_hosts(self) -> bool:
        """Whether hosts that provide the old imports break."""
        return RULES[self.side, self.kind].hosts

    def describe(self) -> str:
        """Describe the change in one line: ``export `reset` removed``."""
        line = f"{self.side} `{self.path}` {'changed' if self.kind == 'renamed' else self.kind}"
        return f"{line}: {self.reason}" if self.reason else line


class _Member(msgspec.Struct, frozen=True):
    """A function, or a resource (``function`` is None), with its path and version."""

    path: str
    version: str
    function: Function | None


def changes(old: Interface, new: Interface) -> tuple[InterfaceChange, ...]:
    """Compare the exports and imports of two components.

    Returns:
        Changes that break callers first, then those that break hosts; each group ordered by path.
    """
    return in_order([*_compare("export", old.exports, new.exports), *_compare("import", old.imports, new.imports)])


def changes_of_interface(old: InterfaceType | None, new: InterfaceType | None) -> tuple[InterfaceChange, ...]:
    """Compare two versions of one interface that either side may use; ``None`` means the interface is absent."""
    return in_order(_compare("interface", (old,) if old else (), (new,) if new else ()))


def in_order(found: Iterable[InterfaceChange]) -> tuple[InterfaceChange, ...]:
    """Sort changes: those that break callers, those that break hosts, the rest; each group by path."""
    return tuple(sorted(found, key=lambda change: (not change.breaking, not change.breaks_hosts, change.path)))


def _compare(
    side: Side, old: tuple[InterfaceType | Function, ...], new: tuple[InterfaceType | Function, ...]
) -> list[InterfaceChange]:
    before, after = _members(old), _members(new)
    found = [
        InterfaceChange("removed", item.path, _text(item), None, side=side)
        for key, item in before.items()
        if key not in after
    ]
    found += [
        InterfaceChange("added", item.path, None, _text(item), side=side)
        for key, item in after.items()
        if key not in before
    ]
    moved: dict[tuple[str, str], None] = {}
    for key, item in before.items():
        if key not in after:
            continue
        if item.version != after[key].version:
            moved[item.path.partition("#")[0], after[key].version] = None
        found += _of_one(side, item, after[key])
    found += [
        InterfaceChange("renamed", path, path, None, f"its version is now {version}", side) for path, version in moved
    ]
    return found


def _of_one(side: Side, old: _Member, new: _Member) -> list[InterfaceChange]:
    if old.function is None or new.function is None:
        return []
    before, after = render(old.function), render(new.function)
    reasons = _differences(old.function, new.function)
    if reasons:
        return [InterfaceChange("changed", new.path, before, after, "; ".join(reasons), side)]
    names = [
        f"parameter `{mine.name}` is now called `{theirs.name}`"
        for mine, theirs in zip(old.function.params, new.function.params, strict=True)
        if mine.name != theirs.name
    ]
    return [InterfaceChange("renamed", new.path, before, after, "; ".join(names), side)] if names else []


def _differences(old: Function, new: Function) -> list[str]:
    """Describe how the types of two functions differ; an empty list when they are equal."""
    reasons: list[str] = []
    if type(old) is not type(new):
        reasons.append("it is now asynchronous" if isinstance(new, AsyncFunction) else "it is now synchronous")
    if len(old.params) != len(new.params):
        reasons.append(f"it takes {_count(new)} instead of {_count(old)}")
    else:
        for mine, theirs in zip(old.params, new.params, strict=True):
            reasons += difference(mine.type, theirs.type, f"parameter `{theirs.name}`")
    return reasons + _of_results(old.result, new.result)


def _count(function: Function) -> str:
    many = len(function.params)
    return "1 parameter" if many == 1 else f"{many or 'no'} parameters"


def _of_results(old: ValType | None, new: ValType | None) -> list[str]:
    if old is None and new is None:
        return []
    if old is None:
        return [f"it now returns {render(new)}"]
    if new is None:
        return [f"it returns nothing instead of {render(old)}"]
    return difference(old, new, "the result")


def _members(items: tuple[InterfaceType | Function, ...]) -> dict[str, _Member]:
    """Index the functions and resources by a key that is the same for compatible versions of an interface."""
    members: dict[str, _Member] = {}
    for item in items:
        if isinstance(item, Function):
            members[item.name] = _Member(item.name, "", item)
            continue
        name, _, version = item.name.partition("@")
        key = f"{name}@{track(version) or version}"
        for function in item.functions:
            members[f"{key}#{function.name}"] = _Member(f"{item.name}#{function.name}", version, function)
        for resource in item.resources:
            members[f"{key}#resource {resource}"] = _Member(f"{item.name}#resource {resource}", version, None)
    return members


def _text(member: _Member) -> str | None:
    return None if member.function is None else render(member.function)
