"""Conversions of JSON to Python forms, prepared once for a type and without paths.

A list of a thousand records is converted field by field six thousand times, and nearly always everything fits. The
functions here only convert what fits plainly: they know no paths and compose no messages. For anything else they raise
:class:`Unfit`, and :mod:`~airssys_tui.core.types.json_form` converts it again, and accepts it after all or names the
part that is wrong. So there is one set of rules, there, and a property test holds this module to it.

Types that are not plain (variants, results, flags, resources, bytes, options of options) have no conversion here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeAlias

from airssys_tui.core.types.interface import (
    BYTES,
    INTEGER_BOUNDS,
    EnumOf,
    ListOf,
    OptionOf,
    Primitive,
    Record,
    TupleOf,
    ValType,
)
from airssys_tui.core.types.value_columns import KEPT, AllFit, all_fit
from airssys_tui.core.types.values import Some

Convert: TypeAlias = Callable[[Any], Any]
Of: TypeAlias = Callable[[ValType], Convert]

_FLOAT: Final = struct.Struct("<f")


class Unfit(Exception):
    """The value does not fit plainly. It ends the short way; nobody gets to see it."""


class NotPlain(Exception):
    """A type has no conversion here."""


@lru_cache(KEPT)
def plain_reader(type_: ValType) -> Convert | None:
    """Return what converts JSON to the Python form of a type, or raises :class:`Unfit`; None if it is not plain."""
    return made(_reader, type_)


def made(of: Of, type_: ValType) -> Convert | None:
    """Return a conversion of a type; None if it, or a part of it, is not plain."""
    try:
        return of(type_)
    except NotPlain:
        return None


def _reader(type_: ValType) -> Convert:
    match type_:
        case Primitive(name=name):
            return READERS[name]
        case ListOf() if type_ != BYTES:
            return _read_list(_reader(type_.element), all_fit(type_.element))
        case Record():
            return _read_record({field.name: _reader(field.type) for field in type_.fields})
        case TupleOf():
            return _read_tuple(tuple(map(_reader, type_.elements)))
        case OptionOf() if not isinstance(type_.element, OptionOf):
            return _read_option(_reader(type_.element))
        case EnumOf():
            return _read_name(frozenset(type_.names))
    raise NotPlain


def _read_integer(least: int, most: int) -> Convert:
    def read(value: Any) -> int:
        if type(value) is int and least <= value <= most:
            return value
        raise Unfit

    return read


def _read_double(value: Any) -> float:
    if type(value) is float:
        return value
    if type(value) is int and -(2**53) <= value <= 2**53:
        return float(value)
    raise Unfit


def _read_single(value: Any) -> float:
    number = _read_double(value)
    try:
        _FLOAT.pack(number)
    except OverflowError:
        raise Unfit from None
    return number


def _read_bool(value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise Unfit


def _read_text(value: Any) -> str:
    if type(value) is str:
        if value.isascii():
            return value
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Unfit from None
        return value
    raise Unfit


def _read_character(value: Any) -> str:
    text = _read_text(value)
    if len(text) == 1:
        return text
    raise Unfit


def _not_passed(_: Any) -> Any:
    raise Unfit


READERS: Final[dict[str, Convert]] = {
    **{name: _read_integer(*bounds) for name, bounds in INTEGER_BOUNDS.items()},
    "f32": _read_single,
    "f64": _read_double,
    "bool": _read_bool,
    "string": _read_text,
    "char": _read_character,
    "error-context": _not_passed,
}
"""What reads each primitive type."""


def _read_list(element: Convert, fit: AllFit | None) -> Convert:
    def read(value: Any) -> list[Any]:
        if type(value) is not list:
            raise Unfit
        if fit is not None and fit(value):
            return value
        return [element(item) for item in value]

    return read


def _read_record(fields: dict[str, Convert]) -> Convert:
    size, pairs = len(fields), tuple(fields.items())

    def read(value: Any) -> dict[str, Any]:
        if type(value) is dict and len(value) == size:
            try:
                return {name: field(value[name]) for name, field in pairs}
            except KeyError:
                raise Unfit from None
        raise Unfit

    return read


def _read_tuple(elements: tuple[Convert, ...]) -> Convert:
    def read(value: Any) -> tuple[Any, ...]:
        if type(value) is list and len(value) == len(elements):
            return tuple([element(item) for element, item in zip(elements, value, strict=True)])
        raise Unfit

    return read


def _read_option(element: Convert) -> Convert:
    return lambda value: None if value is None else Some(element(value))


def _read_name(names: frozenset[str]) -> Convert:
    def read(value: Any) -> str:
        if type(value) is str and value in names:
            return value
        raise Unfit

    return read
