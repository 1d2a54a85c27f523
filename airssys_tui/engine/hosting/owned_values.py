"""Which of the host's values a Python value hands over to a guest; needed where handing over fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from airssys_tui.core.types.interface import ListOf, OptionOf, Own, Record, ResultOf, TupleOf, ValType, VariantOf
from airssys_tui.core.types.values import Err, Ok, Some, Variant

Owned = Iterator[tuple[str, Any]]
"""Names of resource types, and values."""


def owned_values(type_: ValType | None, value: Any) -> Owned:
    """Yield the values that are passed as ``own``, each with the resource's name in the type.

    Args:
        type_: The type.
        value: What should be of that type; parts that are not yield nothing.
    """
    if isinstance(type_, Own):
        yield type_.resource, value
    elif (inside := _INSIDE.get(type(type_))) is not None:
        yield from inside(type_, value)


def _of_list(type_: ListOf, value: Any) -> Owned:
    for item in value if isinstance(value, list | tuple) else ():
        yield from owned_values(type_.element, item)


def _of_tuple(type_: TupleOf, value: Any) -> Owned:
    for element, item in zip(type_.elements, value if isinstance(value, list | tuple) else (), strict=False):
        yield from owned_values(element, item)


def _of_record(type_: Record, value: Any) -> Owned:
    for field in type_.fields if isinstance(value, dict) else ():
        yield from owned_values(field.type, value.get(field.name))


def _of_option(type_: OptionOf, value: Any) -> Owned:
    if isinstance(value, Some):
        yield from owned_values(type_.element, value.value)


def _of_result(type_: ResultOf, value: Any) -> Owned:
    if isinstance(value, Ok | Err):
        yield from owned_values(type_.ok if isinstance(value, Ok) else type_.err, value.value)


def _of_variant(type_: VariantOf, value: Any) -> Owned:
    for case in type_.cases if isinstance(value, Variant) else ():
        if case.name == value.case:
            yield from owned_values(case.type, value.payload)


_INSIDE: Final[dict[type, Callable[[Any, Any], Owned]]] = {
    ListOf: _of_list,
    TupleOf: _of_tuple,
    Record: _of_record,
    OptionOf: _of_option,
    ResultOf: _of_result,
    VariantOf: _of_variant,
}
