"""Dependencies between components: checked at a gate, and again whenever a missing one may have arrived.

Every question is answered from the neighbours of one component in the graph, so that a candidate costs the same in a
folder of ten components and of ten thousand. What was refused here is looked at again only when a component that the
refusal is about has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from airssys_tui.core.errors import GateRefusal
from airssys_tui.core.gates import Gate
from airssys_tui.core.manifest.dependencies import Graph, Node, circle, conflicts, start_order, unmet
from airssys_tui.core.manifest.document import Manifest
from airssys_tui.core.manifest.structure import Dependency
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.router import Router


class Needs:
    """The dependencies of every component of one runtime. Used on the control loop.

    Args:
        router: The components.
    """

    def __init__(self, router: Router) -> None:
        self._router = router
        self._active = Graph()
        self._turned_away: dict[str, Node] = {}
        # Circles are looked for among the active revisions and, where there is none, what was refused.
        self._known = Graph()
        # What was refused, by each other component that the refusal is about; and what is to be judged again.
        self._awaiting: dict[str, set[str]] = {}
        self._doubtful: set[str] = set()

    def follow(self, component: Component) -> None:
        """Note what the active revision of a component needs; called when there is another one."""
        node = _node(component)
        self._active.put(node)
        self._place(node)

    def require(self, component: Component, manifest: Manifest) -> None:
        """Check that a candidate's dependencies are met, and that it breaks none of the other components.

        Raises:
            GateRefusal: If not; the message has every reason.
        """
        candidate = Node(component.name, manifest.version, manifest.dependencies)
        reasons = self._reasons(candidate)
        if not reasons:
            self._let_in(candidate.name)
            return
        self._turned_away[candidate.name] = candidate
        if candidate.name not in self._active:
            self._place(candidate)
        raise GateRefusal(
            "; ".join(reasons),
            gate=Gate.DEPENDENCIES,
            remedy="it is tried again when that changes; to deploy it all the same, force a reload",
        )

    def take_due(self) -> tuple[Component, ...]:
        """Return the components that were refused here and would pass now; each is returned once."""
        doubtful, self._doubtful = self._doubtful, set()
        refused = (self._turned_away[name] for name in sorted(doubtful) if name in self._turned_away)
        passing = [node.name for node in refused if not self._reasons(node)]
        for name in passing:
            self._let_in(name)
        return tuple(component for component in map(self._router.named, passing) if component is not None)

    def tiers(
        self, components: Iterable[Component], linked: Callable[[Component], Iterable[str]] = lambda _: ()
    ) -> tuple[tuple[Component, ...], ...]:
        """Return components in start order: each tier depends only on earlier ones.

        Args:
            components: The components.
            linked: Returns the names of those that one is linked to.
        """
        by_name = {component.name: component for component in components}
        nodes = {component.name: _node(component, linked(component)) for component in by_name.values()}
        tiers: list[list[Component]] = []
        place: dict[str, int] = {}
        for name in start_order(nodes.values()):
            needs = [place[need] for need in nodes[name].names() if need in place]
            place[name] = 1 + max(needs, default=-1)
            while len(tiers) <= place[name]:
                tiers.append([])
            tiers[place[name]].append(by_name[name])
        return tuple(tuple(tier) for tier in tiers)

    def _place(self, node: Node) -> None:
        """Put a component into the graph in which circles are looked for, and doubt the refusals that are about it."""
        self._known.put(node)
        self._doubtful.update(self._awaiting.pop(node.name, ()))

    def _let_in(self, name: str) -> None:
        if self._turned_away.pop(name, None) is not None and name not in self._active:
            self._known.drop(name)
            self._doubtful.update(self._awaiting.pop(name, ()))

    def _reasons(self, candidate: Node) -> tuple[str, ...]:
        """Return why a candidate is refused; when it is, remember which components that is about."""
        found = circle(candidate, self._known)
        if found:
            self._await(candidate.name, found)
            return (f"circular dependency: {' -> '.join(found)}",)
        reasons = (*unmet(candidate, self._active), *conflicts(candidate, self._active))
        if reasons:
            others = (other.name for other in self._active.dependents(candidate.name))
            self._await(candidate.name, (*candidate.names(), *others))
        return reasons

    def _await(self, name: str, others: Iterable[str]) -> None:
        for other in set(others) - {name}:
            self._awaiting.setdefault(other, set()).add(name)


def _node(component: Component, linked: Iterable[str] = ()) -> Node:
    manifest = component.active.manifest if component.active is not None else None
    needs = manifest.dependencies if manifest is not None else ()
    return Node(component.name, component.version, (*needs, *(Dependency(name, "*") for name in linked)))
