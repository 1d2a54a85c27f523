"""Which components need which others: version requirements, circles, conflicts and the order of starting.

Requirements are written as in ``[dependencies]``: ``^1.0``, ``~1.2``, ``>=1.0, <2.0``, ``1.*``, ``*``. ``^`` stays
within what Semantic Versioning 2.0 calls compatible (points 4 and 8).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

import msgspec
from semantic_version import SimpleSpec, Version

from airssys_tui.core.identity import ComponentId
from airssys_tui.core.manifest.structure import Dependency


class Node(msgspec.Struct, frozen=True):
    """A component as far as others depend on it.

    Attributes:
        name: Text form of its identity.
        version: SemVer text; None when it has none, which satisfies ``*`` only.
        needs: Its ``[dependencies]``.
    """

    name: str
    version: str | None
    needs: tuple[Dependency, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Return the identities of what it needs."""
        return tuple(identity(need.name) for need in self.needs)


def satisfies(version: str | None, requirement: str) -> bool:
    """Tell whether a version meets a requirement."""
    if version is None:
        return requirement.strip() == "*"
    return bool(SimpleSpec(_spelled(requirement)).match(Version(version)))


def is_requirement(text: str) -> bool:
    """Tell whether a text is a requirement at all."""
    try:
        SimpleSpec(_spelled(text))
    except ValueError:
        return False
    return True


def unmet(node: Node, others: Mapping[str, Node]) -> tuple[str, ...]:
    """Say which needs of a component are not met, one sentence each."""
    found = []
    for need in node.needs:
        name = identity(need.name)
        there = others.get(name)
        if there is None:
            found.append(f"{node.name} needs {name} {need.requirement}, which is not here")
        elif not satisfies(there.version, need.requirement):
            has = there.version or "none that is said"
            found.append(f"{node.name} needs {name} {need.requirement}; its version is {has}")
    return tuple(found)


def conflicts(candidate: Node, others: Mapping[str, Node]) -> tuple[str, ...]:
    """Say whose needs a candidate would no longer meet, one sentence each; what was not met before is not its fault."""
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
    """Return the circle that a candidate closes, beginning and ending with it; nothing when there is none."""
    nodes = {**others, candidate.name: candidate}
    sorter = _sorter(nodes.values())
    try:
        sorter.prepare()
    except CycleError as error:
        around = error.args[1][:0:-1]  # once around, from who needs to what is needed
        if candidate.name in around:
            first = around.index(candidate.name)
            return (*around[first:], *around[:first], candidate.name)
    return ()


def start_order(nodes: Iterable[Node]) -> tuple[str, ...]:
    """Return names so that each comes after what it needs; what is in a circle comes last; ties by name."""
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
    """Leave out spaces, which the library does not read: ``>= 1.0, < 2`` is ``>=1.0,<2``."""
    return "".join(requirement.split())
