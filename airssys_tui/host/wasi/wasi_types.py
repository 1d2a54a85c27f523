"""The types of WASI 0.2 as data, and the interfaces that are made of them with functions of the host.

The newest release is defined once: by the rules of versions it answers every release of 0.2. ``.ci/wasi_types.py``
writes the data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from airssys_tui.core.types.interface import Function
from airssys_tui.engine.host import HostFunction, HostInterface, HostResource, UsedResource

DATA: Final = Path(__file__).with_name("wasi.json")


class InterfaceTypes(msgspec.Struct, frozen=True, omit_defaults=True):
    """The types of one interface.

    Attributes:
        functions: Its functions; their types name each resource as the interface does that defines it.
        resources: The resources that it defines.
        uses: The resources that it has from other interfaces, or under another name.
    """

    functions: tuple[Function, ...] = ()
    resources: tuple[str, ...] = ()
    uses: tuple[UsedResource, ...] = ()


class WasiTypes(msgspec.Struct, frozen=True):
    """The types of one release.

    Attributes:
        version: The release, such as ``0.2.12``.
        interfaces: Its interfaces by package and name, such as ``io/streams``.
    """

    version: str
    interfaces: dict[str, InterfaceTypes]


@cache
def wasi_types() -> WasiTypes:
    """Return the types of the release that is offered; they are read when they are first asked for."""
    return msgspec.json.decode(DATA.read_bytes(), type=WasiTypes)


def wasi_interface(
    name: str, calls: Mapping[str, Callable[..., Any]], resources: Sequence[HostResource] = ()
) -> HostInterface:
    """Return an interface of WASI.

    Args:
        name: Package and name, such as ``io/streams``.
        calls: What is called for each of its functions, by their names in WIT, such as
            ``[method]input-stream.read``: ``call(context, *arguments)``, as :class:`HostFunction` says.
        resources: The resources that it defines, in any order.

    Raises:
        ValueError: If a function or a resource is missing, or the interface has no such function or resource.
    """
    types = wasi_types()
    return interface_of(f"wasi:{name}@{types.version}", types.interfaces[name], calls, resources)


def interface_of(
    name: str, types: InterfaceTypes, calls: Mapping[str, Callable[..., Any]], resources: Sequence[HostResource]
) -> HostInterface:
    """Return an interface of types, callables and resources.

    Raises:
        ValueError: If a function or a resource is missing, or the interface has no such function or resource.
    """
    _require_same(f"{name}: functions", calls.keys(), [function.name for function in types.functions])
    _require_same(f"{name}: resources", [resource.name for resource in resources], types.resources)
    functions = tuple(HostFunction(function, calls[function.name]) for function in types.functions)
    return HostInterface(name, functions, tuple(resources), types.uses)


def _require_same(what: str, given: Sequence[str] | Any, wanted: Sequence[str]) -> None:
    if set(given) != set(wanted):
        missing, unknown = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
        raise ValueError(f"{what}: missing {missing}, unknown {unknown}")
