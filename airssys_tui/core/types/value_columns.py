"""Checks of many values of a type at a time: whether all of them are in their Python form as they stand.

A list of a thousand records of six fields is six columns, and whether a column fits is a few calls into C, where
asking value by value is six thousand calls of Python. What fits is not converted, and not copied either.

As in :mod:`airssys_tui.core.types.converters`, a False only means that it has to be asked value by value. Types whose
Python form differs from their JSON (tuples, options, variants, results, flags, resources, bytes) have no check.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final, TypeAlias

from airssys_tui.core.types.interface import BYTES, INTEGER_BOUNDS, EnumOf, ListOf, Primitive, Record, ValType

AllFit: TypeAlias = Callable[[Sequence[Any]], bool]

KEPT: Final = 512
"""Types whose checks are kept: guests have types of their own, so there can be any number."""


@lru_cache(KEPT)
def all_fit(type_: ValType) -> AllFit | None:
    """Return what tells whether all of many values are in the Python form of a type; None if there is no such check."""
    match type_:
        case Primitive(name=name):
            return _PRIMITIVES.get(name)
        case EnumOf():
            return _names(frozenset(type_.names))
        case ListOf() if type_ != BYTES:
            element = all_fit(type_.element)
            return None if element is None else _lists(element)
        case Record():
            fields = {field.name: all_fit(field.type) for field in type_.fields}
            known = tuple((name, check) for name, check in fields.items() if check is not None)
            return _records(known) if len(known) == len(fields) else None
    return None


def _all_of(kind: type, values: Sequence[Any]) -> bool:
    """Return whether all values are exactly of a type of Python, not of one derived from it."""
    return set(map(type, values)) <= {kind}


def _integers(least: int, most: int) -> AllFit:
    def fit(values: Sequence[Any]) -> bool:
        return not values or (_all_of(int, values) and least <= min(values) and max(values) <= most)

    return fit


def _single(values: Sequence[Any]) -> bool:
    if not _all_of(float, values):
        return False
    try:
        struct.pack(f"<{len(values)}f", *values)
    except OverflowError:
        return False
    return True


def _texts(values: Sequence[Any]) -> bool:
    if not _all_of(str, values):
        return False
    try:
        return all(map(str.isascii, values)) or bool("".join(values).encode())
    except UnicodeEncodeError:  # a lone surrogate
        return False


_PRIMITIVES: Final[dict[str, AllFit]] = {
    **{name: _integers(*bounds) for name, bounds in INTEGER_BOUNDS.items()},
    "f32": _single,
    "f64": lambda values: _all_of(float, values),
    "bool": lambda values: _all_of(bool, values),
    "string": _texts,
}


def _names(names: frozenset[str]) -> AllFit:
    return lambda values: _all_of(str, values) and names.issuperset(values)


def _lists(element: AllFit) -> AllFit:
    return lambda values: _all_of(list, values) and element(list(chain.from_iterable(values)))


def _records(fields: tuple[tuple[str, AllFit], ...]) -> AllFit:
    names = {tuple(name for name, _ in fields)}

    def fit(values: Sequence[Any]) -> bool:
        # With the fields in their order, as a converted record has them.
        if not _all_of(dict, values) or not set(map(tuple, values)) <= names:
            return False
        return all(check([value[name] for value in values]) for name, check in fields)

    return fit
