"""Conversions of Python forms to JSON, prepared once for a type."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.types.interface import (
    BYTES,
    FlagsOf,
    FutureOf,
    ListOf,
    OptionOf,
    Primitive,
    Record,
    ResultOf,
    StreamOf,
    TupleOf,
    ValType,
    VariantOf,
    render,
)
from airssys_tui.core.types.value_columns import KEPT
from airssys_tui.core.types.values import Ok

Write: TypeAlias = Callable[[Any], Any]


@lru_cache(KEPT)
def writer(type_: ValType) -> Write:
    """Return what converts the Python form of a type, which has to fit, to JSON.

    What is the same in both forms is returned itself, not copied. Resources are passed through: the caller that writes
    the text decides how to represent one, since a handle is valid only while it is open.

    Raises:
        ArgumentError: If JSON cannot represent the type.
    """
    match type_:
        case Primitive(name="f32" | "f64"):
            return _write_float
        case ListOf():
            return _write_bytes if type_ == BYTES else _list_writer(writer(type_.element))
        case Record():
            return _record_writer({field.name: writer(field.type) for field in type_.fields})
        case TupleOf():
            return _tuple_writer(tuple(map(writer, type_.elements)))
        case FutureOf() | StreamOf():
            raise ArgumentError("", "a type that JSON can represent", render(type_))
    return _choice_writer(type_)


def _choice_writer(type_: ValType) -> Write:
    match type_:
        case OptionOf():
            return _option_writer(writer(type_.element), nested=isinstance(type_.element, OptionOf))
        case ResultOf():
            return _result_writer(_payload_writer(type_.ok), _payload_writer(type_.err))
        case VariantOf():
            return _variant_writer({case.name: writer(case.type) if case.type else None for case in type_.cases})
        case FlagsOf():
            return _flags_writer(type_.names)
    return _same


def _same(value: Any) -> Any:
    return value


def _write_float(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _write_bytes(value: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(value).decode()}


def _list_writer(element: Write) -> Write:
    return _same if element is _same else lambda value: [element(item) for item in value]


def _record_writer(fields: dict[str, Write]) -> Write:
    changed = tuple((name, field) for name, field in fields.items() if field is not _same)

    def write(value: dict[str, Any]) -> dict[str, Any]:
        written = value.copy()
        for name, field in changed:
            written[name] = field(value[name])
        return written

    return write if changed else _same


def _tuple_writer(elements: tuple[Write, ...]) -> Write:
    return lambda value: [element(item) for element, item in zip(elements, value, strict=True)]


def _option_writer(element: Write, *, nested: bool) -> Write:
    if nested:
        return lambda value: None if value is None else {"some": element(value.value)}
    return lambda value: None if value is None else element(value.value)


def _payload_writer(type_: ValType | None) -> Write:
    return writer(type_) if type_ is not None else lambda _: None


def _result_writer(ok: Write, err: Write) -> Write:
    return lambda value: {"ok": ok(value.value)} if isinstance(value, Ok) else {"err": err(value.value)}


def _variant_writer(cases: dict[str, Write | None]) -> Write:
    def write(value: Any) -> Any:
        payload = cases[value.case]
        return value.case if payload is None else {value.case: payload(value.payload)}

    return write


def _flags_writer(names: tuple[str, ...]) -> Write:
    return lambda value: [name for name in names if name in value]
