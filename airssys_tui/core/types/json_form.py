"""JSON of guest values for people: more lenient on input than the forms of ``core.types.values``.

Texts keep every character on both ways, NUL, controls and joiners included. Only a lone surrogate has no form in a
component: WIT strings hold Unicode scalar values.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import math
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.types.converters import Unfit, plain_reader
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
    render,
)
from airssys_tui.core.types.json_writers import writer
from airssys_tui.core.types.values import (
    Err,
    Ok,
    Some,
    Variant,
    case_type,
    check,
    check_fields,
    counted,
    refusal,
    shortly,
)

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def read_json(text: str, path: str = "") -> Any:
    """Read the JSON text of a value.

    Args:
        text: The text.
        path: Where it belongs, for the error.

    Raises:
        ArgumentError: If it is not JSON, nested too deeply for any WIT type, or a string has a lone surrogate.
    """
    try:
        return msgspec.json.decode(text)
    except RecursionError:
        raise ArgumentError(path, "JSON that is nested less deeply", shortly(text)) from None
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        if has_lone_surrogate(text):
            got = "a surrogate without its pair, such as \\ud800"
            raise ArgumentError(path, "JSON whose strings are Unicode text", got) from None
        raise ArgumentError(path, "JSON", f"{shortly(text)} ({error})") from None


def has_lone_surrogate(text: str) -> bool:
    """Return whether a text is a surrogate itself somewhere, or JSON with one in a string: no component can get it."""
    if _SURROGATE.search(text):
        return True
    try:
        return _SURROGATE.search(json.dumps(json.loads(text), ensure_ascii=False)) is not None
    except (ValueError, RecursionError):
        return False


def from_json(type_: ValType, value: Any, path: str) -> Any:
    """Convert JSON, as people write it, to the Python form of a WIT type.

    Options are null or the bare value, and ``{"some": …}`` where the element itself may be null; results are
    ``{"ok": …}`` or ``{"err": …}``; variants are ``"case"`` or ``{"case": …}``; ``list<u8>`` is a list of integers,
    ``{"text": …}`` or ``{"base64": …}``; tuples and flags are arrays; ``"nan"``, ``"inf"`` and ``"-inf"`` are floats.

    Raises:
        ArgumentError: With the path of the first part that does not fit.
    """
    plain = plain_reader(type_)
    if plain is not None:
        with contextlib.suppress(Unfit):
            return plain(value)
    return _read(type_, value, path)


def _read(type_: ValType, value: Any, path: str) -> Any:
    """Convert JSON part by part, with paths."""
    reader = _READERS.get(type(type_))
    if reader is None:
        raise ArgumentError(path, f"{render(type_)}, which JSON cannot represent", shortly(value))
    return reader(type_, value, path)


def to_json(type_: ValType, value: Any) -> Any:
    """Convert a Python form to JSON that :func:`from_json` reads back.

    Bytes become ``{"base64": …}``, non-finite floats become text; resources are passed through, here and in
    :func:`from_json`.
    """
    return writer(type_)(value)


_SPECIAL_FLOATS: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def _read_primitive(type_: Primitive, value: Any, path: str) -> Any:
    if type_.name in ("f32", "f64"):
        if isinstance(value, str) and value in _SPECIAL_FLOATS:
            return _SPECIAL_FLOATS[value]
        check(type_, value, path)
        return float(value)
    check(type_, value, path)
    return value


def _read_list(type_: ListOf, value: Any, path: str) -> Any:
    if type_ == BYTES and isinstance(value, dict):
        return _read_encoded(value, path)
    if not isinstance(value, list):
        raise refusal(type_, value, path)
    items = [_read(type_.element, item, f"{path}[{index}]") for index, item in enumerate(value)]
    return bytes(items) if type_ == BYTES else items


def _read_encoded(value: dict[Any, Any], path: str) -> bytes:
    match value:
        case {"base64": str(text)} if len(value) == 1:
            try:
                return base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                raise ArgumentError(f"{path}.base64", "base64", shortly(text)) from None
        case {"text": str(text)} if len(value) == 1:
            check(Primitive("string"), text, f"{path}.text")
            return text.encode()
    raise ArgumentError(path, 'list<u8> as [ints], {"text": …} or {"base64": …}', shortly(value))


def _read_record(type_: Record, value: Any, path: str) -> Any:
    if isinstance(value, dict):
        absent = {field.name: None for field in type_.fields if isinstance(field.type, OptionOf)}
        value = {**absent, **value}
    check_fields(type_, value, path)
    return {field.name: _read(field.type, value[field.name], f"{path}.{field.name}") for field in type_.fields}


def _read_tuple(type_: TupleOf, value: Any, path: str) -> Any:
    if not isinstance(value, list) or len(value) != len(type_.elements):
        raise ArgumentError(path, f"{render(type_)} as an array", counted(value))
    pairs = zip(type_.elements, value, strict=True)
    return tuple(_read(element, item, f"{path}[{index}]") for index, (element, item) in enumerate(pairs))


def _only_item(value: Any) -> tuple[Any, Any] | None:
    return next(iter(value.items())) if isinstance(value, dict) and len(value) == 1 else None


def _read_payload(type_: ValType | None, value: Any, path: str) -> Any:
    if type_ is not None:
        return _read(type_, value, path)
    if value is not None:
        raise ArgumentError(path, "no payload (null)", shortly(value))
    return None


def _read_variant(type_: VariantOf, value: Any, path: str) -> Any:
    if isinstance(value, str):
        name, payload = value, None
        if (carried := case_type(type_, name, path)) is not None and not isinstance(carried, OptionOf):
            raise ArgumentError(path, f'{{"{name}": {render(carried)}}}', f'"{name}" without its payload')
    elif (item := _only_item(value)) is not None:
        name, payload = item
    else:
        raise refusal(type_, value, path)
    return Variant(name, _read_payload(case_type(type_, name, path), payload, f"{path}.{name}"))


def _read_same(type_: ValType, value: Any, path: str) -> Any:
    check(type_, value, path)
    return value


def _read_flags(type_: FlagsOf, value: Any, path: str) -> Any:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ArgumentError(path, f"{render(type_)} as an array of names", shortly(value))
    check(type_, frozenset(value), path)
    return frozenset(value)


def _read_option(type_: OptionOf, value: Any, path: str) -> Any:
    if value is None:
        return None
    if not isinstance(type_.element, OptionOf):
        return Some(_read(type_.element, value, path))
    item = _only_item(value)
    if item is None or item[0] != "some":
        raise ArgumentError(path, f'{render(type_)} as null or {{"some": …}}', shortly(value))
    return Some(_read(type_.element, item[1], f"{path}.some"))


def _read_result(type_: ResultOf, value: Any, path: str) -> Any:
    item = (value, None) if value in ("ok", "err") else _only_item(value)
    match item:
        case ("ok", payload):
            return Ok(_read_payload(type_.ok, payload, f"{path}.ok"))
        case ("err", payload):
            return Err(_read_payload(type_.err, payload, f"{path}.err"))
    raise ArgumentError(path, f'{render(type_)} as {{"ok": …}} or {{"err": …}}', shortly(value))


def _read_resource(type_: Own | Borrow, value: Any, path: str) -> Any:
    if isinstance(value, dict | list | str | int | float | None):
        raise ArgumentError(path, f'{{"$resource": NUMBER}} of an open {type_.resource} handle', shortly(value))
    check(type_, value, path)
    return value


_READERS: Final[dict[type, Callable[[Any, Any, str], Any]]] = {
    Primitive: _read_primitive,
    ListOf: _read_list,
    Record: _read_record,
    TupleOf: _read_tuple,
    VariantOf: _read_variant,
    EnumOf: _read_same,
    FlagsOf: _read_flags,
    OptionOf: _read_option,
    ResultOf: _read_result,
    Own: _read_resource,
    Borrow: _read_resource,
}
