"""Which component provides what another one imports: asked at the gates, and again whenever a provider comes or goes.

A link belongs to the consumer: it is made for an instance of it, and lasts over reloads of both. What waits for a
provider is looked at again only when a component has changed that it is about. Used on the control loop; the calls go
over the edges, on other threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import nlargest
from typing import Final, cast

import msgspec

from airssys_tui.api.views.components import LinkView
from airssys_tui.core.errors import GateRefusal
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.links.link_graph import MOST_DEPTH, link_circle, longest_chain
from airssys_tui.core.links.link_table import LinkTable
from airssys_tui.core.links.misfit import misfits
from airssys_tui.core.links.resolution import Provider, Resolved, Unresolved, resolve, why_chosen
from airssys_tui.core.types.interface import Interface, InterfaceType, unversioned
from airssys_tui.engine.linker import Linker
from airssys_tui.runtime.actors.serving import Blueprint
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.linking.link_edge import Edge
from airssys_tui.runtime.linking.link_net import LinkNet

Found = Resolved | Unresolved

MOST_SHOWN: Final = 20
"""Links of others to a component that are shown one by one, the busiest ones; the rest is summed up."""


class _Obstacle(msgspec.Struct, frozen=True):
    """Why links cannot be made now, and the components and interfaces that this is about."""

    about: set[str]
    reason: str
    remedy: str


class LinkBook:
    """The links of every component of one runtime.

    Args:
        router: The components.
        linker: What the host offers.
        doubted: Called when :meth:`take_due` may have something to return.

    Attributes:
        table: ``[links]`` of the folder.
        net: The links that are in use.
    """

    def __init__(self, router: Router, linker: Linker, doubted: Callable[[], None]) -> None:
        self._router = router
        self._doubted = doubted
        self._linker = linker
        self.table = LinkTable()
        self.net = LinkNet()
        self._exporters: dict[str, set[str]] = {}
        self._seen: dict[str, tuple[Blueprint | None, bool]] = {}
        # What waits here, by each component and interface that this is about; and what is to be judged again.
        self._held: dict[str, tuple[InterfaceType, ...]] = {}
        self._awaits: dict[str, frozenset[str]] = {}
        self._awaiting: dict[str, set[str]] = {}
        self._doubtful: set[str] = set()

    def follow(self, component: Component, present: bool = True) -> None:
        """Note what a component exports, and whether it runs; called whenever that may have changed."""
        self._settle(component, present)
        name, active = component.name, component.active if present else None
        runs = present and component.actor.accepts_calls
        before, ran = self._seen.get(name, (None, False))
        if (before, ran) == (active, runs):
            return
        old, new = _faces(before), _faces(active)
        for face in old - new:
            self._exporters[face].discard(name)
        for face in new - old:
            self._exporters.setdefault(face, set()).add(name)
        self._seen[name] = active, runs
        if not present:
            del self._seen[name]
        about = [waiting for key in (name, *old, *new) if (waiting := self._awaiting.get(key))]
        if about:
            self._doubtful.update(*about)
            self._doubted()

    def _settle(self, component: Component, present: bool) -> None:
        """Note the links with which a component serves; without an instance it keeps those that it had."""
        serving = component.actor.serving
        if serving is None and present:
            return
        edges = cast("Mapping[str, Edge]", serving.tenant.edges) if serving is not None and present else {}
        known = self.net.of(component.name)
        if edges is not known and (edges or known):
            self.net.put(component.name, edges)

    def find(self, consumer: str, interface: Interface) -> tuple[Found, ...]:
        """Find the providers of a component's imports that are nothing of the host's."""
        return tuple(self._find(consumer, wanted) for wanted in self._linker.foreign(interface))

    def _find(self, consumer: str, wanted: InterfaceType) -> Found:
        edge = self.net.of(consumer).get(wanted.name)
        bound = edge.provider.component if edge is not None else ""
        return resolve(consumer, wanted, self.table, self._candidates(consumer, wanted), bound)

    def _candidates(self, consumer: str, wanted: InterfaceType) -> dict[str, Provider]:
        names = set(self._exporters.get(unversioned(wanted.name), ()))
        named = self.table.provider_of(consumer, wanted.name)
        if named is not None:
            names.add(named)
        return {each.name: _provider(each) for each in self._router.among(sorted(names))}

    def why(self, edge: Edge) -> str:
        """Return why a link leads to the provider that it leads to, as a clause."""
        consumer, wanted = edge.consumer.component, edge.wanted
        found = self._candidates(consumer, wanted)
        return why_chosen(consumer, wanted, self.table, found, edge.provider.component)

    def waits(self, consumer: str) -> tuple[str, str] | None:
        """Return what a component waits for at the gate ``links``, and what to do; None if it does not wait."""
        held = self._held.get(consumer)
        obstacle = held and self._obstacle(consumer, tuple(self._find(consumer, each) for each in held))
        return (obstacle.reason, obstacle.remedy) if obstacle else None

    def misfits(self, consumer: str, found: Iterable[Found]) -> tuple[str, ...]:
        """Say how providers that were found do not fit, with the types of both sides."""
        return tuple(
            text
            for each in found
            if isinstance(each, Resolved)
            for text in misfits(each.wanted, each.exported, consumer, self._label(each.provider))
        )

    def _label(self, name: str) -> str:
        component = self._router.named(name)
        active = component.active if component is not None else None
        return f"{name} r{active.revision}" if active is not None else name

    def require(self, consumer: str, found: Iterable[Found]) -> tuple[Resolved, ...]:
        """Check that every import has a provider that runs, and that the links make no circle and no long chain.

        Raises:
            GateRefusal: If not; the component is looked at again when that may have changed.
        """
        given = tuple(found)
        self._let_in(consumer)
        obstacle = self._obstacle(consumer, given)
        if obstacle is None:
            return tuple(each for each in given if isinstance(each, Resolved))
        self._held[consumer] = tuple(each.wanted for each in given)
        self._await_also(consumer, obstacle.about)
        raise GateRefusal(obstacle.reason, gate=Gate.LINKS, remedy=obstacle.remedy, component=consumer)

    def _obstacle(self, consumer: str, given: tuple[Found, ...]) -> _Obstacle | None:
        missing = [each for each in given if isinstance(each, Unresolved)]
        if missing:
            about = {key for each in missing for key in (each.provider, unversioned(each.wanted.name)) if key}
            remedies = dict.fromkeys(each.remedy for each in missing)
            return _Obstacle(about, "; ".join(each.reason for each in missing), "; ".join(remedies))
        providers = {each.provider for each in given if isinstance(each, Resolved)}
        if not providers:
            return None
        circle = link_circle(consumer, providers, self.net.providers_of)
        if circle:
            remedy = "link one of them to another provider in airssys.toml"
            return _Obstacle(set(circle), f"circle of links: {' -> '.join(circle)}", remedy)
        chain = longest_chain(consumer, providers, self.net.providers_of, self.net.consumers_of)
        if len(chain) - 1 > MOST_DEPTH:
            text = f"a chain of {len(chain) - 1} links, at most {MOST_DEPTH}: {' -> '.join(chain)}"
            return _Obstacle(set(chain), text, "compose some of them into one component")
        return None

    def _await_also(self, consumer: str, about: Iterable[str]) -> None:
        keys = frozenset(about) - {consumer}
        self._awaits[consumer] = keys | self._awaits.get(consumer, frozenset())
        for key in keys:
            self._awaiting.setdefault(key, set()).add(consumer)

    def _let_in(self, consumer: str) -> None:
        self._held.pop(consumer, None)
        for key in self._awaits.pop(consumer, ()):
            self._awaiting[key].discard(consumer)
            if not self._awaiting[key]:
                del self._awaiting[key]

    def edges(self, consumer: str, interface: Interface) -> Mapping[str, Edge]:
        """Return the links for an instance of a component; those that it has already are kept, with their meters.

        Raises:
            GateRefusal: If one has no provider now, or no provider that fits.
        """
        found = self.find(consumer, interface)
        if not found:
            return {}
        resolved = self.require(consumer, found)
        wrong = self.misfits(consumer, resolved)
        if wrong:
            raise GateRefusal("; ".join(wrong), gate=Gate.TYPES, component=consumer)
        me, known = self._router.find(consumer).actor, self.net.of(consumer)
        made: dict[str, Edge] = {}
        for each in resolved:
            provider, edge = self._router.find(each.provider).actor, known.get(each.wanted.name)
            kept = edge is not None and edge.provider is provider
            made[each.wanted.name] = edge if edge is not None and kept else Edge(me, each.wanted, provider)
        return made

    def check_consumers(self, component: Component, interface: Interface) -> None:
        """Check that a candidate still fits the running components that are linked to it.

        Raises:
            GateRefusal: If not, with the types of both sides.
        """
        offered = Provider(component.name, runs=True, exports=_exports(interface))
        broken: list[str] = []
        for name in sorted(self.net.consumers_of(component.name)):
            consumer = self._router.named(name)
            if consumer is None or not consumer.actor.accepts_calls:
                continue
            for edge in self.net.of(name).values():
                exported = offered.exported(edge.wanted.name)
                if exported is None:
                    broken.append(f"{name} is linked to {edge.wanted.name}, which this does not export")
                else:
                    broken += misfits(edge.wanted, exported, name, component.name)
        if broken:
            raise GateRefusal(
                "; ".join(broken),
                gate=Gate.COMPATIBILITY,
                remedy="keep what is imported, or reload with --force: calls over the link then fail",
            )

    def take_due(self) -> tuple[Component, ...]:
        """Return the components that waited here and would pass now, each once; and bind those that waited to move."""
        doubtful, self._doubtful = self._doubtful, set()
        due: list[Component] = []
        for name in sorted(doubtful):
            wanted, component = self._held.get(name), self._router.named(name)
            if component is None:
                self._let_in(name)
            elif wanted is None:
                self._move(component)
            else:
                obstacle = self._obstacle(name, tuple(self._find(name, each) for each in wanted))
                if obstacle is None:
                    self._let_in(name)
                    due.append(component)
                else:
                    self._await_also(name, obstacle.about)
                    component.shown.touch()
        return tuple(due)

    def replace(self, table: LinkTable) -> None:
        """Follow another ``[links]``: running components are linked anew where it says so and the provider fits."""
        self.table = table
        self._doubtful.update(self._held)
        for name in self.net:
            component = self._router.named(name)
            if component is not None:
                self._move(component)

    def _move(self, component: Component) -> None:
        """Bind the links of a running component to the providers that it should have, where they fit."""
        name = component.name
        if name not in self._held:
            self._let_in(name)
        for edge in tuple(self.net.of(name).values()):
            found = self._find(name, edge.wanted)
            if isinstance(found, Unresolved) or self._router.find(found.provider).actor is not edge.provider:
                self._move_edge(component, edge, found)

    def _move_edge(self, component: Component, edge: Edge, found: Found) -> None:
        name, before = component.name, edge.provider.component
        why = self._why_not(name, edge, found)
        if not why:
            edge.bind(self._router.find(found.provider).actor)
            self.net.moved(name, before)
            component.shown.touch()
            told = f"{edge.wanted.name} is linked to {found.provider}, before to {before}"
            component.teller.decision(told, EventAction.LINKED)
        elif self.table.provider_of(name, edge.wanted.name) is not None:
            about = found.provider or unversioned(edge.wanted.name)
            self._await_also(name, (about,))
            told = f"{edge.wanted.name} stays linked to {before}: {why}"
            component.teller.decision(told, EventAction.LINKED, Level.WARNING)

    def _why_not(self, consumer: str, edge: Edge, found: Found) -> str:
        """Return why a link of a running component cannot be moved to the provider that was found; empty if it can."""
        if isinstance(found, Unresolved):
            return found.reason
        wrong = self.misfits(consumer, (found,))
        rest = (each for each in self._present(consumer) if each.wanted.name != edge.wanted.name)
        obstacle = None if wrong else self._obstacle(consumer, (*rest, found))
        return "; ".join(wrong) or (obstacle.reason if obstacle is not None else "")

    def _present(self, consumer: str) -> tuple[Resolved, ...]:
        return tuple(
            Resolved(edge.wanted, edge.provider.component, edge.wanted) for edge in self.net.of(consumer).values()
        )

    def links_of(self, component: Component) -> tuple[tuple[Edge, ...], tuple[Edge, ...]]:
        """Return the links of a component: those of its imports, and those of others to it."""
        mine = tuple(self.net.of(component.name).values())
        theirs = tuple(
            edge
            for name in sorted(self.net.consumers_of(component.name))
            for edge in self.net.of(name).values()
            if edge.provider is component.actor
        )
        return mine, theirs

    def views(self, component: Component) -> tuple[LinkView, ...]:
        """Return the links of a component for front ends: of its imports, what it waits for, of others to it."""
        mine, theirs = self.links_of(component)
        found = (self._find(component.name, each) for each in self._held.get(component.name, ()))
        waits = (each.wanted.name for each in found if isinstance(each, Unresolved))
        held = tuple(LinkView(interface=name, consumer=component.name) for name in waits)
        shown = theirs
        if len(theirs) > MOST_SHOWN:
            busiest = nlargest(MOST_SHOWN, theirs, key=lambda edge: edge.calls)
            shown = tuple(sorted(busiest, key=lambda edge: (edge.consumer.component, edge.wanted.name)))
        return (*map(_view, mine), *held, *map(_view, shown), *_rest(theirs, shown))

    def expected(self, component: Component) -> tuple[str, ...]:
        """Return the components that are to start before one: the providers that it would have if all ran."""
        if component.active is None:
            return ()
        found: list[str] = []
        for wanted in self._linker.foreign(component.active.interface):
            named = self.table.provider_of(component.name, wanted.name)
            others = [named] if named is not None else sorted(self._exporters.get(unversioned(wanted.name), ()))
            found += [name for name in others if name != component.name and self._router.named(name) is not None]
        return tuple(dict.fromkeys(found))


def _provider(component: Component) -> Provider:
    active = component.active
    exports = _exports(active.interface) if active is not None else ()
    return Provider(component.name, runs=component.actor.accepts_calls, exports=exports)


def _exports(interface: Interface) -> tuple[InterfaceType, ...]:
    return tuple(face for face in interface.exports if isinstance(face, InterfaceType))


def _faces(artifact: Blueprint | None) -> set[str]:
    """Return the names, without versions, of the interfaces that an artifact exports for others."""
    exports = artifact.interface.exports if artifact is not None else ()
    names = (unversioned(face.name) for face in exports if isinstance(face, InterfaceType))
    return {name for name in names if not name.startswith("airssys:")}


def _rest(links: Sequence[Edge], shown: Sequence[Edge]) -> Iterator[LinkView]:
    """Yield one view of the links that are not shown by themselves."""
    if len(links) > len(shown):
        yield LinkView(
            interface="",
            consumer="",
            provider=links[0].provider.component,
            calls=sum(each.calls for each in links) - sum(each.calls for each in shown),
            errors=sum(each.errors for each in links) - sum(each.errors for each in shown),
            others=len(links) - len(shown),
        )


def _view(edge: Edge) -> LinkView:
    return LinkView(
        interface=edge.wanted.name,
        consumer=edge.consumer.component,
        provider=edge.provider.component,
        calls=edge.calls,
        errors=edge.errors,
        p50_ms=edge.latency.quantile(0.5),
    )
