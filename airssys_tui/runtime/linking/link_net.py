"""The net of links that are in use: who is linked to whom, in both directions. Used on the control loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from airssys_tui.runtime.linking.link_edge import Edge


class Dependant(msgspec.Struct, frozen=True):
    """A component that depends on another one over links.

    Attributes:
        name: The dependant.
        edges: Its links that lead there, or to a component that depends on that one.
        via: The component that these links lead to.
    """

    name: str
    edges: tuple[Edge, ...]
    via: str


class LinkNet:
    """The links of all components with an instance."""

    def __init__(self) -> None:
        self._edges: dict[str, Mapping[str, Edge]] = {}
        self._consumers: dict[str, dict[str, None]] = {}

    def __iter__(self) -> Iterator[str]:
        """Return the components with links of their own."""
        return iter(tuple(self._edges))

    def of(self, consumer: str) -> Mapping[str, Edge]:
        """Return the links of a component, by the name of the import."""
        return self._edges.get(consumer, {})

    def providers_of(self, consumer: str) -> set[str]:
        """Return the components that a component is linked to."""
        return {edge.provider.component for edge in self.of(consumer).values()}

    def consumers_of(self, provider: str) -> Iterable[str]:
        """Return the components that are linked to a component."""
        return self._consumers.get(provider, {})

    def between(self, consumer: str, provider: str) -> tuple[Edge, ...]:
        """Return the links of one component to another one."""
        return tuple(edge for edge in self.of(consumer).values() if edge.provider.component == provider)

    def put(self, consumer: str, edges: Mapping[str, Edge]) -> None:
        """Let a component have these links and no others."""
        for provider in self.providers_of(consumer):
            self._release(consumer, provider)
        self._edges.pop(consumer, None)
        if edges:
            self._edges[consumer] = edges
            for provider in self.providers_of(consumer):
                self._consumers.setdefault(provider, {})[consumer] = None

    def moved(self, consumer: str, before: str) -> None:
        """Note that links of a component lead elsewhere than to a provider that they had before."""
        providers = self.providers_of(consumer)
        if before not in providers:
            self._release(consumer, before)
        for provider in providers:
            self._consumers.setdefault(provider, {})[consumer] = None

    def _release(self, consumer: str, provider: str) -> None:
        consumers = self._consumers.get(provider, {})
        consumers.pop(consumer, None)
        if not consumers:
            self._consumers.pop(provider, None)

    def dependants(self, name: str) -> Iterator[Dependant]:
        """Yield what depends on a component, the nearest first, each once."""
        seen, ring = {name}, [name]
        while ring:
            found: list[str] = []
            for via in ring:
                for consumer in sorted(self.consumers_of(via)):
                    if consumer not in seen:
                        seen.add(consumer)
                        found.append(consumer)
                        yield Dependant(consumer, self.between(consumer, via), via)
            ring = found
