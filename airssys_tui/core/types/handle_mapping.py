"""Exchanging the resources in a value for others, prepared once for a type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from airssys_tui.core.types.interface import (
    Borrow,
    ListOf,
    OptionOf,
    Own,
    Record,
    ResultOf,
    TupleOf,
    ValType,
    VariantOf,
    resources_in,
)
from airssys_tui.core.types.values import Err, Ok, Some, Variant

Exchange: TypeAlias = Callable[[Any, bool], Any]
"""Returns the other resource for one; told whether ownership passes."""

Mapper: TypeAlias = Callable[[Any, Exchange], Any]
"""Returns a copy of a value with its resources exchanged."""


def mapper(type_: ValType | None) -> Mapper | None:
    """Return what exchanges the resources in values of a type; None if they cannot contain any."""
    return None if type_ is None or not resources_in(type_) else _mapper(type_)


def _mapper(type_: ValType | None) -> Mapper:
    made = _MAKERS.get(type(type_))
    return _same if made is None else made(type_)


def _same(value: Any, _exchange: Exchange) -> Any:
    return value


def _of_list(element: Mapper) -> Mapper:
    return lambda value, exchange: value if element is _same else [element(item, exchange) for item in value]


def _of_tuple(elements: tuple[Mapper, ...]) -> Mapper:
    return lambda value, exchange: tuple(map_(item, exchange) for map_, item in zip(elements, value, strict=True))


def _of_record(fields: dict[str, Mapper]) -> Mapper:
    return lambda value, exchange: {name: map_(value[name], exchange) for name, map_ in fields.items()}


def _of_option(element: Mapper) -> Mapper:
    return lambda value, exchange: value if value is None else Some(element(value.value, exchange))


def _of_result(ok: Mapper, err: Mapper) -> Mapper:
    def exchanged(value: Any, exchange: Exchange) -> Any:
        return Ok(ok(value.value, exchange)) if isinstance(value, Ok) else Err(err(value.value, exchange))

    return exchanged


def _of_variant(cases: dict[str, Mapper]) -> Mapper:
    return lambda value, exchange: Variant(value.case, cases[value.case](value.payload, exchange))


_MAKERS: Final[dict[type, Callable[[Any], Mapper]]] = {
    Own: lambda _: lambda value, exchange: exchange(value, True),
    Borrow: lambda _: lambda value, exchange: exchange(value, False),
    ListOf: lambda type_: _of_list(_mapper(type_.element)),
    TupleOf: lambda type_: _of_tuple(tuple(map(_mapper, type_.elements))),
    Record: lambda type_: _of_record({field.name: _mapper(field.type) for field in type_.fields}),
    OptionOf: lambda type_: _of_option(_mapper(type_.element)),
    ResultOf: lambda type_: _of_result(_mapper(type_.ok), _mapper(type_.err)),
    VariantOf: lambda type_: _of_variant({case.name: _mapper(case.type) for case in type_.cases}),
}
