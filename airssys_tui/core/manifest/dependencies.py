"""Dependencies between components: version requirements, cycles, conflicts and start order.

Requirements use the syntax of ``[dependencies]``: ``^1.0``, ``~1.2``, ``>=1.0, <2.0``, ``1.*``, ``*``. ``^`` allows
the versions that Semantic Versioning 2.0 calls compatible (points 4 and 8).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Final

import msgspec
from semantic_version import SimpleSpec, Version

from airssys_tui.core.identity import ComponentId
from airssys_tui.core.manifest.structure import Dependency

MAX_REQUIREMENT: Final = 256
"""Maximum characters of a version requirement."""


class Node(msgspec.Struct, frozen=True):
    """A component in the dependency graph.

    Attributes:
        name: Text form of the component's identity.
        version: SemVer text; None when the component has no version, which satisfies only ``*``.
        needs: The component's ``[dependencies]``.
    """

    name: str
    version: str | None
    needs: tuple[Dependency, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Return the identities of the dependencies."""
        return tuple(identity(need.name) for need in self.needs)


def satisfies(version: str | None, requirement: str) -> bool:
    """Return whether a version meets a requirement."""
    if version is None:
        return requirement.strip() == "*"
    return bool(SimpleSpec(_spelled(requirement)).match(Version(version)))


def is_requirement(text: str) -> bool:
    """Return whether a text is a valid requirement of at most :data:`MAX_REQUIREMENT` characters."""
    if len(text) > MAX_REQUIREMENT:
        return False
    try:
        SimpleSpec(_spelled(text))
    except ValueError:
        return False
    return True


def unmet(node: Node, others: Mapping[str, Node]) -> tuple[str, ...]:
    """Describe each unmet dependency of a component in one sentence."""
    found = []
    for need in node.needs:
        name = identity(need.name)
        there = others.get(name)
        if there is None:
            found.append(f"{node.name} needs {name} {need.requirement}, which is not installed")
        elif not satisfies(there.version, need.requirement):
            has = there.version or "not set"
            found.append(f"{node.name} needs {name} {need.requirement}; its version is {has}")
    return tuple(found)


def conflicts(candidate: Node, others: Mapping[str, Node]) -> tuple[str, ...]:
    """Describe each requirement that a candidate would newly break, leaving out those that were unmet before."""
    before = others.get(candidate.name)
    found = []
    for other in others.values():
        for need in other.needs if other.name != candidate.name else ():
            if identity(need.name) != candidate.name or satisfies(candidate.version, need.requirement):
                continue
            if before is None or satisfies(before.version, need.requirement):
                now = candidate.version or "no version"
                found.append(f"{other.name} needs {candidate.name} {need.requirement}; this is {now}")
    return tuple(found)


def circle(candidate: Node, others: Mapping[str, Node]) -> tuple[str, ...]:
    """Return the cycle that a candidate closes, starting and ending with it; an empty tuple when there is no cycle."""
    nodes = {**others, candidate.name: candidate}
    sorter = _sorter(nodes.values())
    try:
        sorter.prepare()
    except CycleError as error:
        around = error.args[1][:0:-1]  # the cycle, from dependent to dependency
        if candidate.name in around:
            first = around.index(candidate.name)
            return (*around[first:], *around[:first], candidate.name)
    return ()


def start_order(nodes: Iterable[Node]) -> tuple[str, ...]:
    """Return names in start order: dependencies first, members of a cycle last, ties by name."""
    left = {node.name: node for node in nodes}
    order: list[str] = []
    while left:
        ready = sorted(name for name, node in left.items() if not any(need in left for need in node.names()))
        if not ready:
            return (*order, *sorted(left))
        order += ready
        for name in ready:
            del left[name]
    return tuple(order)


def identity(name: str) -> str:
    """Return the text form of the identity that a dependency names."""
    return str(ComponentId.parse(name))


def _sorter(nodes: Iterable[Node]) -> TopologicalSorter[str]:
    return TopologicalSorter({node.name: node.names() for node in nodes})


def _spelled(requirement: str) -> str:
    """Remove spaces, which the library does not accept: ``>= 1.0, < 2`` becomes ``>=1.0,<2``."""
    return "".join(requirement.split())
