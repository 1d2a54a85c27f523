"""Host interfaces that forward every call over a link: to the engine a linked import looks like one of the host's."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any

from airssys_tui.core.types.interface import Function, InterfaceType
from airssys_tui.engine.call_ends import LinkFailed
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.host import HostContext, HostFunction, HostInterface, HostResource, UsedResource
from airssys_tui.engine.linker import Linker
from airssys_tui.engine.tiers import Tiers
from airssys_tui.runtime.linking.link_edge import Port, drop_linked

Homes = tuple[tuple[str, str, str], ...]
"""Resources that an interface only uses: their name there, the interface that defines them, and their name in it."""


@lru_cache(256)
def link_interface(wanted: InterfaceType, used: Homes = ()) -> HostInterface:
    """Return the host interface that forwards an import to whatever the consumer's edge leads to.

    Args:
        wanted: The import.
        used: The resources that it has from other linked imports.
    """
    foreign = {name for name, _, _ in used}
    return HostInterface(
        wanted.name,
        tuple(HostFunction(function, _forwarding(wanted.name, function)) for function in wanted.functions),
        tuple(HostResource(name, drop_linked) for name in wanted.resources if name not in foreign),
        tuple(UsedResource(name, interface, resource) for name, interface, resource in used),
    )


def _forwarding(interface: str, function: Function) -> Callable[..., Any]:
    port = Port.of(function)

    def forward(context: HostContext, *arguments: Any) -> Any:
        edge = context.owner.edges.get(interface)
        if edge is None:
            raise LinkFailed(f"{interface} is not linked in an instance on trial")
        return edge.call(context, port, arguments)

    return forward


def linker_for(tiers: Tiers, code: Code) -> Linker:
    """Return the linker for a component: the host's own, with what other components are to provide. Not on a loop."""
    foreign = tiers.linker(code.tier).foreign(code.interface)
    return tiers.linker_plus(code.tier, tuple(link_interface(face, _used(face, code)) for face in foreign))


def foreign_resources(code: Code, linked: Collection[InterfaceType]) -> tuple[str, ...]:
    """Say which linked imports name resources of the host: another component cannot be handed those.

    Args:
        code: The component.
        linked: Its imports that another component is to provide.
    """
    names = {face.name for face in linked}
    return tuple(
        f"{face.name} passes {name}, a resource of {interface}: resources of the host do not cross a link"
        for face in linked
        for name, interface, _ in _used(face, code)
        if interface not in names
    )


def _used(face: InterfaceType, code: Code) -> Homes:
    homes = ((name, *code.resource_homes.get((face.name, name), (face.name, name))) for name in face.resources)
    return tuple(home for home in homes if home[1:] != (face.name, home[0]))
