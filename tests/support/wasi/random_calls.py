"""Random programs against WASI: calls whose handles exist, of functions that a guest passes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from airssys_tui.core.types.interface import (
    BYTES,
    Borrow,
    EnumOf,
    FlagsOf,
    Function,
    ListOf,
    OptionOf,
    Own,
    Primitive,
    Record,
    ResultOf,
    TupleOf,
    ValType,
    VariantOf,
)
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.host.wasi.wasi_types import wasi_types
from tests.support.wasi.passing_guest import export_of

NUMBERS = st.sampled_from([0, 1, 2, 7, 100, 4_096])
TEXTS = st.sampled_from(["", "a", "b", "folder", "folder/a", "../a", "/a", "é"])


class RandomCalls:
    """Draws calls of one instance, and remembers the handles that it was given.

    Args:
        interfaces: Whose functions are called.
        without: Names of functions that are not.
    """

    def __init__(self, interfaces: Sequence[str], without: Sequence[str] = ()) -> None:
        self._functions = [
            (export_of(f"{name}#{function.name}"), function)
            for name in interfaces
            for function in wasi_types().interfaces[name].functions
            if function.name not in without
        ]
        self._handles: dict[str, list[int]] = {}

    def draw(self, data: st.DataObject) -> tuple[str, tuple[Any, ...], Function | None]:
        """Draw an export, its arguments, and the function that it calls; None for the drop of a handle."""
        known = [resource for resource, handles in self._handles.items() if handles]
        if known and data.draw(st.integers(0, 9)) == 0:
            resource = data.draw(st.sampled_from(sorted(known)))
            return f"drop-{resource}", (self._take(data, resource),), None
        possible = [(path, one) for path, one in self._functions if _needs(one) <= set(known)]
        on_handles = [(path, one) for path, one in possible if _needs(one)]
        if on_handles and data.draw(st.integers(0, 3)):
            possible = on_handles
        path, function = data.draw(st.sampled_from(possible))
        return path, tuple(self._value(data, param.type) for param in function.params), function

    def note(self, function: Function | None, value: Any) -> None:
        """Take the handles out of a result."""
        if function is not None and function.result is not None:
            for resource, handle in _owned(function.result, value):
                self._handles.setdefault(resource, []).append(handle)

    def _take(self, data: st.DataObject, resource: str) -> int:
        handles = self._handles[resource]
        return handles.pop(data.draw(st.integers(0, len(handles) - 1)))

    def _value(self, data: st.DataObject, type_: ValType) -> Any:
        match type_:
            case Own(resource=resource):
                return self._take(data, resource)
            case Borrow(resource=resource):
                return data.draw(st.sampled_from(self._handles[resource]))
            case ListOf(element=Borrow(resource=resource)):
                return data.draw(st.lists(st.sampled_from(self._handles[resource]), min_size=1, max_size=3))
        return data.draw(_plain(type_))


def _needs(function: Function) -> set[str]:
    found: set[str] = set()
    for param in function.params:
        inside = param.type.element if isinstance(param.type, ListOf) else param.type
        if isinstance(inside, Own | Borrow):
            found.add(inside.resource)
    return found


def _plain(type_: ValType | None) -> st.SearchStrategy[Any]:
    return st.none() if type_ is None else _STRATEGIES[type(type_)](type_)


def _primitive(type_: Primitive) -> st.SearchStrategy[Any]:
    if type_.name in ("u8", "s8"):
        return NUMBERS.map(lambda number: number % 128)
    return {"bool": st.booleans(), "string": TEXTS}.get(type_.name, NUMBERS)


def _variant(type_: VariantOf) -> st.SearchStrategy[Any]:
    cases = [_plain(case.type).map(lambda payload, name=case.name: Variant(name, payload)) for case in type_.cases]
    return st.one_of(cases)


_STRATEGIES: dict[type, Callable[[Any], st.SearchStrategy[Any]]] = {
    Primitive: _primitive,
    ListOf: lambda type_: st.binary(max_size=40) if type_ == BYTES else st.lists(_plain(type_.element), max_size=2),
    EnumOf: lambda type_: st.sampled_from(type_.names),
    FlagsOf: lambda type_: st.frozensets(st.sampled_from(type_.names)),
    OptionOf: lambda type_: st.none() | _plain(type_.element).map(Some),
    Record: lambda type_: st.fixed_dictionaries({field.name: _plain(field.type) for field in type_.fields}),
    TupleOf: lambda type_: st.tuples(*map(_plain, type_.elements)),
    ResultOf: lambda type_: _plain(type_.ok).map(Ok) | _plain(type_.err).map(Err),
    VariantOf: _variant,
}


def _owned(type_: ValType | None, value: Any) -> Iterator[tuple[str, int]]:
    match type_:
        case Own(resource=resource):
            yield resource, value
        case OptionOf(element=element) if value is not None:
            yield from _owned(element, value.value)
        case ResultOf(ok=ok, err=err):
            yield from _owned(ok if isinstance(value, Ok) else err, value.value)
        case ListOf(element=element) if type_ != BYTES:
            for item in value:
                yield from _owned(element, item)
        case TupleOf(elements=elements):
            for element, item in zip(elements, value, strict=True):
                yield from _owned(element, item)
        case VariantOf(cases=cases):
            yield from _owned(next(case.type for case in cases if case.name == value.case), value.payload)
