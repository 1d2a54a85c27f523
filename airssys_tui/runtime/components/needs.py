"""Dependencies between components: checked at a gate, and again whenever a missing one may have arrived."""

from __future__ import annotations

from collections.abc import Iterable

from airssys_tui.core.errors import GateRefusal
from airssys_tui.core.gates import Gate
from airssys_tui.core.manifest.dependencies import Node, circle, conflicts, start_order, unmet
from airssys_tui.core.manifest.document import Manifest
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.router import Router


class Needs:
    """The dependencies of every component of one runtime. Used on the control loop.

    Args:
        router: The components.
    """

    def __init__(self, router: Router) -> None:
        self._router = router
        self._turned_away: dict[str, Node] = {}

    def require(self, component: Component, manifest: Manifest) -> None:
        """Check that a candidate's dependencies are met, and that it breaks none of the other components.

        Raises:
            GateRefusal: If not; the message has every reason.
        """
        candidate = Node(component.name, manifest.version, manifest.dependencies)
        reasons = self._reasons(candidate)
        if not reasons:
            self._turned_away.pop(component.name, None)
            return
        self._turned_away[component.name] = candidate
        raise GateRefusal(
            "; ".join(reasons),
            gate=Gate.DEPENDENCIES,
            remedy="it is tried again when that changes; to deploy it all the same, force a reload",
        )

    def take_due(self) -> tuple[Component, ...]:
        """Return the components that were refused here and would pass now; each is returned once."""
        passing = {name for name, node in self._turned_away.items() if not self._reasons(node)}
        for name in passing:
            del self._turned_away[name]
        return tuple(component for component in self._router if component.name in passing)

    def tiers(self, components: Iterable[Component]) -> tuple[tuple[Component, ...], ...]:
        """Return components in start order: each tier depends only on earlier ones."""
        by_name = {component.name: component for component in components}
        nodes = {name: node for component in by_name.values() for name, node in [_node(component)]}
        tiers: list[list[Component]] = []
        place: dict[str, int] = {}
        for name in start_order(nodes.values()):
            needs = [place[need] for need in nodes[name].names() if need in place]
            place[name] = 1 + max(needs, default=-1)
            while len(tiers) <= place[name]:
                tiers.append([])
            tiers[place[name]].append(by_name[name])
        return tuple(tuple(tier) for tier in tiers)

    def _reasons(self, candidate: Node) -> tuple[str, ...]:
        active = dict(_node(component) for component in self._router if component.active is not None)
        found = circle(candidate, {**self._turned_away, **active})
        if found:
            return (f"circular dependency: {' -> '.join(found)}",)
        return (*unmet(candidate, active), *conflicts(candidate, active))


def _node(component: Component) -> tuple[str, Node]:
    manifest = component.active.manifest if component.active is not None else None
    needs = manifest.dependencies if manifest is not None else ()
    return component.name, Node(component.name, component.version, needs)
