"""Dependencies between components: version requirements, cycles, conflicts and start order.

Requirements use the syntax of ``[dependencies]``: ``^1.0``, ``~1.2``, ``>=1.0, <2.0``, ``1.*``, ``*``. ``^`` allows
the versions that Semantic Versioning 2.0 calls compatible (points 4 and 8).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
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


class Graph(Mapping[str, Node]):
    """Components by name, with those that need each: no question about one component looks at all the others.

    Args:
        nodes: The components.
    """

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        self._nodes: dict[str, Node] = {}
        self._dependents: dict[str, set[str]] = {}
        for node in nodes:
            self.put(node)

    def __getitem__(self, name: str) -> Node:
        """Return the component of a name."""
        return self._nodes[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._nodes)

    def __len__(self) -> int:
        """Return the number of components."""
        return len(self._nodes)

    def put(self, node: Node) -> None:
        """Add a component, or replace the one of its name."""
        self.drop(node.name)
        self._nodes[node.name] = node
        for need in node.names():
            self._dependents.setdefault(need, set()).add(node.name)

    def drop(self, name: str) -> None:
        """Remove a component, if it is there."""
        node = self._nodes.pop(name, None)
        for need in node.names() if node is not None else ():
            dependents = self._dependents.get(need, set())
            dependents.discard(name)
            if not dependents:
                self._dependents.pop(need, None)

    def dependents(self, name: str) -> tuple[Node, ...]:
        """Return the components that need one, whether it is there or not, sorted by name."""
        return tuple(self._nodes[other] for other in sorted(self._dependents.get(name, ())))


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


def conflicts(candidate: Node, graph: Graph) -> tuple[str, ...]:
    """Describe each requirement that a candidate would newly break, leaving out those that were unmet before."""
    before = graph.get(candidate.name)
    found = []
    for other in graph.dependents(candidate.name):
        for need in other.needs if other.name != candidate.name else ():
            if identity(need.name) != candidate.name or satisfies(candidate.version, need.requirement):
                continue
            if before is None or satisfies(before.version, need.requirement):
                now = candidate.version or "no version"
                found.append(f"{other.name} needs {candidate.name} {need.requirement}; this is {now}")
    return tuple(found)


def circle(candidate: Node, graph: Graph) -> tuple[str, ...]:
    """Return a cycle that a candidate closes, starting and ending with it; an empty tuple when there is no cycle.

    The search goes from the candidate to what it needs and to what needs it, in turn, and ends with the first of the
    two that has nothing left. So a candidate that needs nothing, or that nothing needs, costs next to nothing, whatever
    the size of the graph.
    """
    name = candidate.name
    ahead: dict[str, str] = {}
    behind: dict[str, str] = {}
    onward, back = deque([(name, candidate.names())]), deque([name])
    while onward and back:
        source, needs = onward.popleft()
        for need in needs:
            if need == name or need in behind:
                return (*reversed(_trail(source, ahead, name)), *_trail(need, behind, name))
            if need not in ahead and (node := graph.get(need)) is not None:
                ahead[need] = source
                onward.append((need, node.names()))
        target = back.popleft()
        for other in graph.dependents(target) if onward else ():
            if other.name in ahead:
                return (*reversed(_trail(other.name, ahead, name)), *_trail(target, behind, name))
            if other.name not in behind and other.name != name:
                behind[other.name] = target
                back.append(other.name)
    return ()


def _trail(name: str, steps: Mapping[str, str], end: str) -> list[str]:
    """Return the names from one to the end, by the step that led to each."""
    trail = [name]
    while trail[-1] != end:
        trail.append(steps[trail[-1]])
    return trail


def start_order(nodes: Iterable[Node]) -> tuple[str, ...]:
    """Return names in start order: dependencies first, members of a cycle last, ties by name."""
    graph = Graph(nodes)
    waits = {name: sum(need in graph for need in set(node.names())) for name, node in graph.items()}
    ready = sorted(name for name, count in waits.items() if not count)
    order: list[str] = []
    while ready:
        order += ready
        freed: list[str] = []
        for name in ready:
            for other in graph.dependents(name):
                waits[other.name] -= 1
                if not waits[other.name]:
                    freed.append(other.name)
        ready = sorted(freed)
    return (*order, *sorted(name for name, count in waits.items() if count))


def identity(name: str) -> str:
    """Return the text form of the identity that a dependency names."""
    return str(ComponentId.parse(name))


def _spelled(requirement: str) -> str:
    """Remove spaces, which the library does not accept: ``>= 1.0, < 2`` becomes ``>=1.0,<2``."""
    return "".join(requirement.split())
