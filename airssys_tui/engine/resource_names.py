"""Names of resource types: which one a bare name means in an interface, and in the functions of a component.

WIT names a resource inside its interface only, and functions carry that bare name. Where it could mean two resources of
one component, the one that comes later is told apart by its key, ``interface/name``. In the host, a key means always
one resource.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from airssys_tui.core.types.interface import (
    Borrow,
    Function,
    FutureOf,
    InterfaceType,
    ListOf,
    OptionOf,
    Own,
    Record,
    ResultOf,
    StreamOf,
    TupleOf,
    ValType,
    VariantOf,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

Rename = Callable[[str], str]
"""Returns the new name of a resource."""


def key_of(interface: str, resource: str) -> str:
    """Return the name of a resource that is unique among all interfaces."""
    return f"{interface}/{resource}"


def renamed(function: Function, rename: Rename) -> Function:
    """Return a function with other names for the resources in its types."""
    params = tuple(msgspec.structs.replace(param, type=_renamed_type(param.type, rename)) for param in function.params)
    result = None if function.result is None else _renamed_type(function.result, rename)
    return msgspec.structs.replace(function, params=params, result=result)


def imported_resources(imports: Iterable[InterfaceType | Function]) -> Iterator[tuple[str, str, str]]:
    """Yield the resources that a component imports: the name in its functions, the interface, the bare name.

    A name that an interface only uses is among them with that interface, unless an earlier one has the same name.
    """
    known: set[str] = set()
    for item in imports:
        for name in item.resources if isinstance(item, InterfaceType) else ():
            if name not in known:
                known.add(name)
                yield name, item.name, name
            yield key_of(item.name, name), item.name, name


def _renamed_type(type_: ValType, rename: Rename) -> ValType:
    rewrite = _REWRITERS.get(type(type_))
    made: ValType = type_ if rewrite is None else rewrite(type_, lambda one: one and _renamed_type(one, rename), rename)
    return made


def _parts(items: tuple[Any, ...], inside: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Rewrite the types of fields or cases."""
    return tuple(msgspec.structs.replace(item, type=inside(item.type)) for item in items)


_REWRITERS: dict[type, Callable[[Any, Callable[[Any], Any], Rename], ValType]] = {
    Own: lambda type_, _, rename: Own(rename(type_.resource)),
    Borrow: lambda type_, _, rename: Borrow(rename(type_.resource)),
    ListOf: lambda type_, inside, _: ListOf(inside(type_.element)),
    OptionOf: lambda type_, inside, _: OptionOf(inside(type_.element)),
    FutureOf: lambda type_, inside, _: FutureOf(inside(type_.element)),
    StreamOf: lambda type_, inside, _: StreamOf(inside(type_.element)),
    TupleOf: lambda type_, inside, _: TupleOf(tuple(map(inside, type_.elements))),
    Record: lambda type_, inside, _: Record(_parts(type_.fields, inside)),
    VariantOf: lambda type_, inside, _: VariantOf(_parts(type_.cases, inside)),
    ResultOf: lambda type_, inside, _: ResultOf(inside(type_.ok), inside(type_.err)),
}
