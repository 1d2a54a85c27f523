"""Conversions of drafts to JSON, prepared once for a type and without paths.

As in :mod:`airssys_tui.core.types.converters`: what does not fit plainly raises
:class:`~airssys_tui.core.types.converters.Unfit`, and :mod:`~airssys_tui.core.types.form` converts it again.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from airssys_tui.core.types.converters import READERS, Convert, NotPlain, Unfit, made
from airssys_tui.core.types.drafts import NOTHING, SOMETHING, Chosen, Items, Parts, Typed
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
from airssys_tui.core.types.value_columns import KEPT


@lru_cache(KEPT)
def draft_reader(type_: ValType) -> Convert | None:
    """Return what converts a draft to the JSON of a type, or raises ``Unfit``; None if the type is not plain."""
    return made(_draft_reader, type_)


def _draft_reader(type_: ValType) -> Convert:
    match type_:
        case Primitive(name=name):
            return _draft_primitive(name)
        case EnumOf():
            return _draft_name(frozenset(type_.names))
        case ListOf() if type_ != BYTES:
            return _draft_items(_draft_reader(type_.element))
        case Record():
            return _draft_parts({field.name: _draft_reader(field.type) for field in type_.fields}, list_of=False)
        case TupleOf():
            return _draft_parts({str(at): _draft_reader(part) for at, part in enumerate(type_.elements)}, list_of=True)
        case OptionOf() if not isinstance(type_.element, OptionOf):
            return _draft_option(_draft_reader(type_.element))
    raise NotPlain


def _draft_primitive(name: str) -> Convert:
    if name == "bool":
        return _draft_bool
    return _draft_float(READERS[name]) if name in {"f32", "f64"} else _draft_typed(name)


def _draft_typed(name: str) -> Convert:
    read, whole = READERS[name], name in INTEGER_BOUNDS

    def convert(draft: Any) -> Any:
        if type(draft) is not Typed:
            raise Unfit
        if not whole:
            return read(draft.text)
        try:
            return read(int(draft.text, 0))
        except ValueError:
            raise Unfit from None

    return convert


def _draft_float(read: Convert) -> Convert:
    def convert(draft: Any) -> float:
        if type(draft) is not Typed:
            raise Unfit
        try:
            value = float(draft.text)
        except ValueError:
            raise Unfit from None
        if not math.isfinite(value):
            raise Unfit
        read(value)
        return value

    return convert


def _draft_bool(draft: Any) -> bool:
    if type(draft) is Chosen:
        return bool(draft.name == "true")
    raise Unfit


def _draft_name(names: frozenset[str]) -> Convert:
    def convert(draft: Any) -> str:
        if type(draft) is Chosen and draft.name in names:
            return draft.name
        raise Unfit

    return convert


def _draft_items(element: Convert) -> Convert:
    def convert(draft: Any) -> list[Any]:
        if type(draft) is Items:
            return [element(item) for item in draft.items]
        raise Unfit

    return convert


def _draft_parts(parts: dict[str, Convert], *, list_of: bool) -> Convert:
    pairs = tuple(parts.items())

    def convert(draft: Any) -> Any:
        if type(draft) is not Parts:
            raise Unfit
        given = draft.parts
        try:
            if list_of:
                return [part(given[name]) for name, part in pairs]
            return {name: part(given[name]) for name, part in pairs}
        except KeyError:
            raise Unfit from None

    return convert


def _draft_option(element: Convert) -> Convert:
    def convert(draft: Any) -> Any:
        if type(draft) is Chosen:
            if draft.name == NOTHING:
                return None
            if draft.name == SOMETHING and SOMETHING in draft.carried:
                return element(draft.carried[SOMETHING])
        raise Unfit

    return convert
