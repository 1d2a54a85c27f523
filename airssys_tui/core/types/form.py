"""Editable drafts of WIT values: created blank or from JSON, converted back to JSON.

A draft holds what was typed, valid or not. :mod:`airssys_tui.core.types.json_form` decides what it means, so a form and
the command line accept the same input.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
from typing import Any, Final

import msgspec

from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.types.converters import Unfit
from airssys_tui.core.types.draft_converters import draft_reader
from airssys_tui.core.types.drafts import NOTHING, SOMETHING, Chosen, Draft, Items, Parts, Several, Typed
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
from airssys_tui.core.types.json_form import from_json

_INTEGERS: Final = ("u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64")
_BOOLS: Final = ("false", "true")


def blank(type_: ValType) -> Draft:
    """Return an empty draft: the first name is chosen, options are none, lists are empty."""
    match type_:
        case Record():
            return Parts({field.name: blank(field.type) for field in type_.fields})
        case TupleOf():
            return Parts({str(place): blank(part) for place, part in enumerate(type_.elements)})
        case FlagsOf():
            return Several()
        case ListOf() if type_ != BYTES:
            return Items()
    names = choices(type_)
    if not names:
        return Typed()
    carried = carried_by(type_, names[0])
    return Chosen(names[0], {} if carried is None else {names[0]: blank(carried)})


def choices(type_: ValType) -> tuple[str, ...]:
    """Return the names to choose from; empty when the type offers no choice."""
    match type_:
        case Primitive(name="bool"):
            return _BOOLS
        case EnumOf():
            return type_.names
        case VariantOf():
            return tuple(case.name for case in type_.cases)
        case OptionOf():
            return (NOTHING, SOMETHING)
        case ResultOf():
            return ("ok", "err")
    return ()


def carried_by(type_: ValType, name: str) -> ValType | None:
    """Return the type of a chosen name's payload, if it has one."""
    match type_:
        case VariantOf():
            return next((case.type for case in type_.cases if case.name == name), None)
        case OptionOf():
            return type_.element if name == SOMETHING else None
        case ResultOf():
            return type_.ok if name == "ok" else type_.err
    return None


def fill(type_: ValType, value: Any) -> Draft:
    """Return the draft that corresponds to a JSON value.

    Parts that do not fit the type become blank.
    """
    match type_, value:
        case (Record(), dict()):
            return Parts({field.name: fill(field.type, value.get(field.name)) for field in type_.fields})
        case (TupleOf(), list()) if len(value) == len(type_.elements):
            pairs = zip(type_.elements, value, strict=True)
            return Parts({str(place): fill(part, item) for place, (part, item) in enumerate(pairs)})
        case (FlagsOf(), list()):
            return Several(frozenset(name for name in type_.names if name in value))
        case (ListOf(), list()) if type_ != BYTES:
            return Items(tuple(fill(type_.element, item) for item in value))
    if choices(type_):
        return _fill_choice(type_, value)
    return blank(type_) if value is None or not _is_leaf(type_) else Typed(_text(value))


def _fill_choice(type_: ValType, value: Any) -> Draft:
    name, inside = _taken_apart(type_, value)
    if name not in choices(type_):
        return blank(type_)
    carried = carried_by(type_, name)
    return Chosen(name, {} if carried is None else {name: fill(carried, inside)})


def _taken_apart(type_: ValType, value: Any) -> tuple[str, Any]:
    if isinstance(type_, OptionOf):
        if value is None:
            return NOTHING, None
        nested = isinstance(type_.element, OptionOf) and isinstance(value, dict)
        return SOMETHING, value.get(SOMETHING) if nested else value
    if isinstance(value, bool):
        return _BOOLS[value], None
    if isinstance(value, dict) and len(value) == 1:
        ((name, inside),) = value.items()
        return str(name), inside
    return str(value), None


def _is_leaf(type_: ValType) -> bool:
    return isinstance(type_, Primitive | Own | Borrow) or type_ == BYTES


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case {"text": str(text)} if len(value) == 1:
            return text
        case {"base64": str(text)} if len(value) == 1:
            return f"base64:{text}"
        case {"$resource": int(number)}:
            return str(number)
    return msgspec.json.encode(value).decode()


def to_json(type_: ValType, draft: Draft, path: str) -> Any:
    """Return the JSON of a draft.

    Raises:
        ArgumentError: With the path of the first part that does not fit its type.
    """
    convert = draft_reader(type_)
    if convert is not None:
        with contextlib.suppress(Unfit):
            return convert(draft)
    value = _json(type_, draft, path)
    if not isinstance(type_, Own | Borrow):
        _check(type_, value, path)
    return value


def problem(type_: ValType, draft: Draft, path: str) -> str:
    """Describe what is wrong with this part itself; empty when it fits or when the problem is in its own parts."""
    if not isinstance(draft, Typed):
        return ""
    try:
        to_json(type_, draft, path)
    except ArgumentError as error:
        return f"expected {error.expected}, got {error.got}"
    return ""


def _check(type_: ValType, value: Any, path: str) -> None:
    """Validate a value against its type, unless it contains a resource: only the runtime knows those."""
    if not _has_resource(value):
        from_json(type_, value, path)


def _has_resource(value: Any) -> bool:
    if isinstance(value, dict):
        return "$resource" in value or any(map(_has_resource, value.values()))
    return isinstance(value, list) and any(map(_has_resource, value))


def _json(type_: ValType, draft: Draft, path: str) -> Any:
    match draft:
        case Typed():
            return _leaf(type_, draft.text, path)
        case Several() if isinstance(type_, FlagsOf):
            return [name for name in type_.names if name in draft.names]
        case Items() if isinstance(type_, ListOf):
            return [_json(type_.element, item, f"{path}[{place}]") for place, item in enumerate(draft.items)]
        case Parts() if isinstance(type_, Record):
            fields = {field.name: field.type for field in type_.fields}
            return {name: _json(kind, draft.parts[name], f"{path}.{name}") for name, kind in fields.items()}
        case Parts() if isinstance(type_, TupleOf):
            return [_json(part, draft.parts[str(at)], f"{path}[{at}]") for at, part in enumerate(type_.elements)]
        case Chosen():
            return _choice_json(type_, draft, path)
    raise ArgumentError(path, "a draft of its type", type(draft).__name__)


def _choice_json(type_: ValType, draft: Chosen, path: str) -> Any:
    name = draft.name
    if isinstance(type_, Primitive):
        return name == "true"
    carried = carried_by(type_, name)
    inside = None
    if carried is not None:
        where = path if isinstance(type_, OptionOf) else f"{path}.{name}"
        inside = _json(carried, draft.carried.get(name, blank(carried)), where)
    match type_:
        case EnumOf():
            return name
        case OptionOf():
            nested = isinstance(type_.element, OptionOf)
            return None if name == NOTHING else {SOMETHING: inside} if nested else inside
        case ResultOf():
            return {name: inside}
    return name if carried is None else {name: inside}


def _leaf(type_: ValType, text: str, path: str) -> Any:
    if isinstance(type_, Own | Borrow):
        if not text.strip().isdecimal():
            raise ArgumentError(path, f"the number of an open {type_.resource} handle", repr(text))
        return {"$resource": int(text)}
    if type_ == BYTES:
        return _bytes(text, path)
    name = type_.name if isinstance(type_, Primitive) else ""
    if name in _INTEGERS:
        return _integer(text, name, path)
    value = _float(text, name, path) if name in {"f32", "f64"} else text
    from_json(type_, value, path)
    return value


def _integer(text: str, name: str, path: str) -> int:
    try:
        value = int(text.strip(), 0)
    except ValueError:
        raise ArgumentError(path, f"a whole number ({name})", repr(text) if text else "nothing") from None
    from_json(Primitive(name), value, path)
    return value


def _float(text: str, name: str, path: str) -> float | str:
    bare = text.strip().lower()
    if bare in {"nan", "inf", "-inf"}:
        return bare
    try:
        return float(bare)
    except ValueError:
        raise ArgumentError(path, f"a number ({name})", repr(text) if text else "nothing") from None


def _bytes(text: str, path: str) -> dict[str, str]:
    """Read bytes: ``base64:…``, ``hex:…``; anything else is text."""
    if text.startswith("base64:"):
        return {"base64": text.removeprefix("base64:")}
    if text.startswith("hex:"):
        try:
            return {"base64": base64.b64encode(binascii.unhexlify("".join(text[4:].split()))).decode()}
        except binascii.Error:
            raise ArgumentError(path, "pairs of hexadecimal digits after hex:", repr(text)) from None
    return {"text": text}
