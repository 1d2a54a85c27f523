"""Results for people: the JSON of a value laid out by its type, one line per part."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from itertools import islice
from typing import Any, Final, TypeAlias

import msgspec

from airssys_tui.core.types.interface import (
    BYTES,
    Borrow,
    EnumOf,
    FlagsOf,
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
from airssys_tui.core.types.value_columns import KEPT

MOST_LINES: Final = 2_000
"""Maximum lines of one value."""

_encode: Final = msgspec.json.Encoder().encode
_LONGEST: Final = 400
_PREVIEW: Final = 32


class ValueLine(msgspec.Struct, frozen=True):
    """One line: nesting depth, name of the part (may be empty), content."""

    depth: int
    label: str
    text: str


def lay_out(type_: ValType | None, value: Any) -> tuple[ValueLine, ...]:
    """Lay out a JSON value by its type. The texts come from the guest: sanitise them."""
    if type_ is None:
        return (ValueLine(0, "", "done: no return value"),)
    lines: list[ValueLine] = []
    _layout(type_)(value, "", 0, lines)
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = [ValueLine(0, "", f"more than {MOST_LINES} lines: the rest is omitted")]
    return tuple(lines)


_Layout: TypeAlias = Callable[[Any, str, int, list[ValueLine]], None]
"""Appends the lines of a value: with its label, at a depth. A list ends after :data:`MOST_LINES` lines."""


@lru_cache(KEPT)
def _layout(type_: ValType) -> _Layout:
    """Return what lays out values of a type; only what is often there a thousand times has a way of its own."""
    match type_:
        case Primitive():
            return _lay_out_leaf
        case Record():
            return _record_layout(type_, tuple((field.name, _layout(field.type)) for field in type_.fields))
        case ListOf() if type_ != BYTES:
            return _list_layout(_layout(type_.element))
    return partial(_lay_out_parts, type_)


def _lay_out_leaf(value: Any, label: str, depth: int, lines: list[ValueLine]) -> None:
    lines.append(ValueLine(depth, label, _shortened(value)))


def _record_layout(type_: Record, fields: tuple[tuple[str, _Layout], ...]) -> _Layout:
    def lay_out_record(value: Any, label: str, depth: int, lines: list[ValueLine]) -> None:
        if not isinstance(value, dict):
            return _lay_out_parts(type_, value, label, depth, lines)
        lines.append(ValueLine(depth, label, "" if fields else "{}"))
        for name, field in fields:
            field(value.get(name), name, depth + 1, lines)
        return None

    return lay_out_record


def _list_layout(element: _Layout) -> _Layout:
    def lay_out_list(value: Any, label: str, depth: int, lines: list[ValueLine]) -> None:
        items = value if isinstance(value, list) else ()
        lines.append(ValueLine(depth, label, "1 item" if len(items) == 1 else f"{len(items)} items"))
        for at, item in enumerate(items):
            if len(lines) > MOST_LINES:
                break
            element(item, f"[{at}]", depth + 1, lines)

    return lay_out_list


def _lay_out_parts(type_: ValType, value: Any, label: str, depth: int, lines: list[ValueLine]) -> None:
    inside = list(islice(_inside(type_, value), MOST_LINES + 1))
    lines.append(ValueLine(depth, label, _head(type_, value, inside)))
    for name, part, item in inside:
        if len(lines) > MOST_LINES:
            break
        _layout(part)(item, name, depth + 1, lines)


def _inside(type_: ValType, value: Any) -> Iterator[tuple[str, ValType, Any]]:
    """Yield the parts that have lines of their own."""
    match type_:
        case Record() if isinstance(value, dict):
            yield from ((field.name, field.type, value.get(field.name)) for field in type_.fields)
        case TupleOf() if isinstance(value, list):
            pairs = enumerate(zip(type_.elements, value, strict=False))
            yield from ((f"[{at}]", part, item) for at, (part, item) in pairs)
        case ListOf() if isinstance(value, list) and type_ != BYTES:
            yield from ((f"[{at}]", type_.element, item) for at, item in enumerate(value))
        case OptionOf() if value is not None:
            some = value.get("some") if isinstance(type_.element, OptionOf) and isinstance(value, dict) else value
            yield from _inside(type_.element, some)
        case VariantOf() | ResultOf() if isinstance(value, dict) and len(value) == 1:
            ((name, carried),) = value.items()
            part = _carried(type_, name)
            if part is not None and _is_large(part, carried):
                yield from _inside(part, carried)


def _head(type_: ValType, value: Any, inside: list[tuple[str, ValType, Any]]) -> str:
    match type_:
        case Record() | TupleOf():
            return "" if inside else "{}"
        case ListOf() if type_ != BYTES:
            many = len(value) if isinstance(value, list) else 0
            return "1 item" if many == 1 else f"{many} items"
        case OptionOf() if value is not None:
            some = value.get("some") if isinstance(type_.element, OptionOf) and isinstance(value, dict) else value
            return _head(type_.element, some, inside) or "some"
        case VariantOf() | ResultOf() if isinstance(value, dict) and len(value) == 1:
            ((name, carried),) = value.items()
            return _case(_carried(type_, name), name, carried, below=bool(inside))
    return "none" if isinstance(type_, OptionOf) else _leaf(type_, value)


def _case(part: ValType | None, name: str, carried: Any, *, below: bool) -> str:
    if part is None:
        return name
    return f"{name}:" if below else f"{name}({_head(part, carried, [])})"


def _leaf(type_: ValType, value: Any) -> str:
    if type_ == BYTES:
        return _bytes(value)
    if isinstance(type_, Own | Borrow) and isinstance(value, dict):
        return f"resource {value.get('$resource')} ({value.get('type', type_.resource)}), open handle"
    if isinstance(type_, FlagsOf) and isinstance(value, list):
        return " | ".join(map(str, value)) or "no flag"
    if isinstance(type_, EnumOf | VariantOf):
        return str(value)
    return _shortened(value)


def _shortened(value: Any) -> str:
    text = _encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def _bytes(value: Any) -> str:
    data = bytes(value) if isinstance(value, list) else base64.b64decode(value.get("base64", ""))
    shown = data[:_PREVIEW]
    more = "…" if len(data) > _PREVIEW else ""
    unit = "byte" if len(data) == 1 else "bytes"
    return f"{len(data)} {unit}  {shown.hex(' ')}{more}".rstrip()


def _carried(type_: ValType, name: str) -> ValType | None:
    if isinstance(type_, ResultOf):
        return type_.ok if name == "ok" else type_.err
    if isinstance(type_, VariantOf):
        return next((case.type for case in type_.cases if case.name == name), None)
    return None


def _is_large(type_: ValType, value: Any) -> bool:
    """Return whether a value needs lines of its own."""
    return any(True for _ in _inside(type_, value))
