"""Results for people: the JSON of a value laid out by its type, one line per part."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from airssys_tui.core.types.interface import (
    BYTES,
    Borrow,
    EnumOf,
    FlagsOf,
    ListOf,
    OptionOf,
    Own,
    Record,
    ResultOf,
    TupleOf,
    ValType,
    VariantOf,
)

MOST_LINES: Final = 2_000
"""Maximum lines of one value."""

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
    for line in _lines(type_, value, "", 0):
        if len(lines) == MOST_LINES:
            lines.append(ValueLine(0, "", f"more than {MOST_LINES} lines: the rest is omitted"))
            break
        lines.append(line)
    return tuple(lines)


def _lines(type_: ValType, value: Any, label: str, depth: int) -> Iterator[ValueLine]:
    inside = list(_inside(type_, value))
    yield ValueLine(depth, label, _head(type_, value, inside))
    for name, part, item in inside:
        yield from _lines(part, item, name, depth + 1)


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
    text = msgspec.json.encode(value).decode()
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
