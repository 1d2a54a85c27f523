"""The host functions of a list of interfaces by their places; the dropping of a resource is one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from airssys_tui.core.types.interface import Function, Param, Primitive
from airssys_tui.engine.host import HostFunction, HostInterface, HostResource

DROP: Final = "[drop]"
"""How the name of the dropping of a resource begins."""


class HostTable(msgspec.Struct, frozen=True):
    """What can be called.

    Attributes:
        paths: ``interface#function``; the functions of the first interface come first.
        functions: Their types.
    """

    paths: tuple[str, ...]
    functions: tuple[Function, ...]

    @classmethod
    def of(cls, interfaces: Sequence[HostInterface]) -> HostTable:
        """Return the table of some interfaces."""
        paths: list[str] = []
        functions: list[Function] = []

        def note(path: str, function: Function) -> None:
            paths.append(path)
            functions.append(function)

        def of_function(_place: int, path: str, host: HostFunction) -> Callable[..., Any]:
            note(path, host.type)
            return host.call

        def of_resource(_place: int, path: str, host: HostResource) -> None:
            note(path, dropping(host))

        rebuilt(interfaces, of_function, of_resource)
        return cls(tuple(paths), tuple(functions))


def dropping(resource: HostResource) -> Function:
    """Return the dropping of a resource as a function: of the number of its handle."""
    return Function(f"{DROP}{resource.name}", (Param("handle", Primitive("u32")),))


def rebuilt(
    interfaces: Sequence[HostInterface],
    of_function: Callable[[int, str, HostFunction], Callable[..., Any]],
    of_resource: Callable[[int, str, HostResource], Callable[[Any, Any], None] | None],
) -> tuple[HostInterface, ...]:
    """Return interfaces with the same types, and others behind their functions.

    Args:
        interfaces: The interfaces.
        of_function: Returns what is called instead, for its place, its path and the function.
        of_resource: Returns what drops a value instead, for its place, its path and the resource.
    """
    made: list[HostInterface] = []
    place = 0
    for face in interfaces:
        functions: list[HostFunction] = []
        for host in face.functions:
            functions.append(HostFunction(host.type, of_function(place, f"{face.name}#{host.type.name}", host)))
            place += 1
        resources: list[HostResource] = []
        for resource in face.resources:
            path = f"{face.name}#{DROP}{resource.name}"
            drop = of_resource(place, path, resource)
            resources.append(msgspec.structs.replace(resource, drop=drop))
            place += 1
        made.append(msgspec.structs.replace(face, functions=tuple(functions), resources=tuple(resources)))
    return tuple(made)
