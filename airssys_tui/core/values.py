"""Guest values in Python: one form per WIT type, always tagged, and their JSON for people.

==================  ======================================================================
WIT                 Python
==================  ======================================================================
integers            ``int`` within the type's range (``bool`` is not an integer here)
``f32``, ``f64``    ``float``; an ``int`` is accepted
``char``            ``str`` of one Unicode scalar value
``string``          ``str`` without surrogates
``list<u8>``        ``bytes``
``list<T>``         ``list``
records             ``dict`` with exactly the record's field names
tuples              ``tuple``
variants            :class:`Variant`
enums               ``str``
flags               ``frozenset[str]`` (a ``set`` is accepted)
``option<T>``       ``None`` or :class:`Some`
``result<T, E>``    :class:`Ok` or :class:`Err`
resources           an opaque handle of the engine
==================  ======================================================================
"""

from __future__ import annotations

import base64
import binascii
import difflib
import math
import struct
from collections.abc import Callable
from typing import Any, Final

import msgspec

from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.interface import (
    BYTES,
    INTEGER_BOUNDS,
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


class Some(msgspec.Struct, frozen=True):
    """A present option."""

    value: Any

    def __repr__(self) -> str:
        """Write it as it is constructed."""
        return f"Some({self.value!r})"


class Ok(msgspec.Struct, frozen=True):
    """A result that succeeded; ``value`` is None when the type carries nothing."""

    value: Any = None

    def __repr__(self) -> str:
        """Write it as it is constructed."""
        return f"Ok({self.value!r})" if self.value is not None else "Ok()"


class Err(msgspec.Struct, frozen=True):
    """A result that failed; ``value`` is None when the type carries nothing."""

    value: Any = None

    def __repr__(self) -> str:
        """Write it as it is constructed."""
        return f"Err({self.value!r})" if self.value is not None else "Err()"


class Variant(msgspec.Struct, frozen=True):
    """One case of a variant; ``payload`` is None when the case carries nothing."""

    case: str
    payload: Any = None

    def __repr__(self) -> str:
        """Write it as it is constructed."""
        return f"Variant({self.case!r})" if self.payload is None else f"Variant({self.case!r}, {self.payload!r})"


def check(type_: ValType, value: Any, path: str) -> None:
    """Verify that a Python value has the form of a WIT type.

    Args:
        type_: The type.
        value: The value, in the forms of this module.
        path: Where the value stands, such as ``items[3].price``; it leads the error.

    Raises:
        ArgumentError: With the path of the first part that does not fit.
    """
    checker = _CHECKERS.get(type(type_))
    if checker is None:
        raise ArgumentError(path, "a type that can be passed", render(type_))
    checker(type_, value, path)


def from_json(type_: ValType, value: Any, path: str) -> Any:
    """Convert JSON, as people write it, into the Python form of a WIT type.

    Options are null or the bare value, and ``{"some": …}`` where the element itself may be null; results are
    ``{"ok": …}`` or ``{"err": …}``; variants are ``"case"`` or ``{"case": …}``; ``list<u8>`` is a list of integers,
    ``{"text": …}`` or ``{"base64": …}``; tuples and flags are arrays; ``"nan"``, ``"inf"`` and ``"-inf"`` are floats.

    Raises:
        ArgumentError: With the path of the first part that does not fit.
    """
    reader = _READERS.get(type(type_))
    if reader is None:
        raise ArgumentError(path, f"{render(type_)}, which JSON cannot carry", shortly(value))
    return reader(type_, value, path)


def to_json(type_: ValType, value: Any) -> Any:
    """Convert a Python form into JSON that :func:`from_json` reads back.

    Bytes become ``{"base64": …}``, floats that are not finite become text, resources become ``{"resource": …}``
    (which cannot be read back).
    """
    return _WRITERS[type(type_)](type_, value)


def shortly(value: Any) -> str:
    """Describe a value in a few words for an error: its type, and the value itself when that is short."""
    if value is None:
        return "none"
    text = repr(value) if isinstance(value, bool | int | float | str | bytes) else ""
    return f"{type(value).__name__} {text}" if 0 < len(text) <= 40 else type(value).__name__


def _refuse(type_: ValType, value: Any, path: str) -> ArgumentError:
    return ArgumentError(path, render(type_), shortly(value))


def _check_primitive(type_: Primitive, value: Any, path: str) -> None:
    name = type_.name
    if name in INTEGER_BOUNDS:
        least, most = INTEGER_BOUNDS[name]
        if isinstance(value, bool) or not isinstance(value, int):
            raise _refuse(type_, value, path)
        if not least <= value <= most:
            raise ArgumentError(path, f"{name} ({least} to {most})", shortly(value))
    elif name in ("f32", "f64"):
        _check_float(type_, value, path)
    elif name == "bool":
        if not isinstance(value, bool):
            raise _refuse(type_, value, path)
    else:
        _check_text(type_, value, path)


def _check_float(type_: Primitive, value: Any, path: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refuse(type_, value, path)
    try:
        struct.pack("<f" if type_.name == "f32" else "<d", value)
    except (OverflowError, struct.error):
        raise ArgumentError(path, f"{type_.name} within its range", shortly(value)) from None


def _check_text(type_: Primitive, value: Any, path: str) -> None:
    if type_.name not in ("char", "string"):
        raise ArgumentError(path, "a type that can be passed", type_.name)
    if not isinstance(value, str) or (type_.name == "char" and len(value) != 1):
        raise _refuse(type_, value, path)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ArgumentError(path, f"{type_.name} without surrogates", f"a surrogate at index {error.start}") from None


def _check_list(type_: ListOf, value: Any, path: str) -> None:
    if type_ == BYTES:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise ArgumentError(path, "list<u8> as bytes", shortly(value))
        return
    if not isinstance(value, list):
        raise _refuse(type_, value, path)
    for index, element in enumerate(value):
        check(type_.element, element, f"{path}[{index}]")


def _check_record(type_: Record, value: Any, path: str) -> None:
    _check_keys(type_, value, path)
    for field in type_.fields:
        check(field.type, value[field.name], f"{path}.{field.name}")


def _check_keys(type_: Record, value: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise _refuse(type_, value, path)
    names = [field.name for field in type_.fields]
    for name in names:
        if name not in value:
            raise ArgumentError(f"{path}.{name}", f"a field `{name}`", "nothing")
    for key in value:
        if key not in names:
            close = difflib.get_close_matches(str(key), names, n=1)
            hint = f" (did you mean `{close[0]}`?)" if close else ""
            raise ArgumentError(path, f"only the fields {', '.join(names)}", f"`{key}`{hint}")


def _check_tuple(type_: TupleOf, value: Any, path: str) -> None:
    if not isinstance(value, tuple) or len(value) != len(type_.elements):
        raise ArgumentError(path, render(type_), _counted(value))
    for index, (element, item) in enumerate(zip(type_.elements, value, strict=True)):
        check(element, item, f"{path}[{index}]")


def _counted(value: Any) -> str:
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, tuple | list) else shortly(value)


def _check_variant(type_: VariantOf, value: Any, path: str) -> None:
    if not isinstance(value, Variant):
        raise _refuse(type_, value, path)
    _check_payload(_case_type(type_, value.case, path), value.payload, f"{path}.{value.case}")


def _case_type(type_: VariantOf, name: Any, path: str) -> ValType | None:
    for case in type_.cases:
        if case.name == name:
            return case.type
    raise ArgumentError(path, f"one of {', '.join(case.name for case in type_.cases)}", shortly(name))


def _check_payload(type_: ValType | None, value: Any, path: str) -> None:
    if type_ is not None:
        check(type_, value, path)
    elif value is not None:
        raise ArgumentError(path, "no payload", shortly(value))


def _check_name(type_: EnumOf, value: Any, path: str) -> None:
    if not isinstance(value, str) or value not in type_.names:
        raise ArgumentError(path, f"one of {', '.join(type_.names)}", shortly(value))


def _check_flags(type_: FlagsOf, value: Any, path: str) -> None:
    if not isinstance(value, frozenset | set):
        raise _refuse(type_, value, path)
    for name in value:
        if name not in type_.names:
            raise ArgumentError(path, f"any of {', '.join(type_.names)}", shortly(name))


def _check_option(type_: OptionOf, value: Any, path: str) -> None:
    if isinstance(value, Some):
        check(type_.element, value.value, path)
    elif value is not None:
        raise ArgumentError(path, f"{render(type_)} as None or Some(…)", shortly(value))


def _check_result(type_: ResultOf, value: Any, path: str) -> None:
    if isinstance(value, Ok):
        _check_payload(type_.ok, value.value, f"{path}.ok")
    elif isinstance(value, Err):
        _check_payload(type_.err, value.value, f"{path}.err")
    else:
        raise _refuse(type_, value, path)


def _check_handle(type_: Own | Borrow, value: Any, path: str) -> None:
    if getattr(value, "resource", None) != type_.resource:
        raise ArgumentError(path, f"a handle of {type_.resource}", shortly(value))


_CHECKERS: Final[dict[type, Callable[[Any, Any, str], None]]] = {
    Primitive: _check_primitive,
    ListOf: _check_list,
    Record: _check_record,
    TupleOf: _check_tuple,
    VariantOf: _check_variant,
    EnumOf: _check_name,
    FlagsOf: _check_flags,
    OptionOf: _check_option,
    ResultOf: _check_result,
    Own: _check_handle,
    Borrow: _check_handle,
}

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
        raise _refuse(type_, value, path)
    items = [from_json(type_.element, item, f"{path}[{index}]") for index, item in enumerate(value)]
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
    _check_keys(type_, value, path)
    return {field.name: from_json(field.type, value[field.name], f"{path}.{field.name}") for field in type_.fields}


def _read_tuple(type_: TupleOf, value: Any, path: str) -> Any:
    if not isinstance(value, list) or len(value) != len(type_.elements):
        raise ArgumentError(path, f"{render(type_)} as an array", _counted(value))
    pairs = zip(type_.elements, value, strict=True)
    return tuple(from_json(element, item, f"{path}[{index}]") for index, (element, item) in enumerate(pairs))


def _only_item(value: Any) -> tuple[Any, Any] | None:
    return next(iter(value.items())) if isinstance(value, dict) and len(value) == 1 else None


def _read_payload(type_: ValType | None, value: Any, path: str) -> Any:
    if type_ is not None:
        return from_json(type_, value, path)
    if value is not None:
        raise ArgumentError(path, "no payload (null)", shortly(value))
    return None


def _read_variant(type_: VariantOf, value: Any, path: str) -> Any:
    if isinstance(value, str):
        name, payload = value, None
        if (carried := _case_type(type_, name, path)) is not None and not isinstance(carried, OptionOf):
            raise ArgumentError(path, f'{{"{name}": {render(carried)}}}', f'"{name}" without its payload')
    elif (item := _only_item(value)) is not None:
        name, payload = item
    else:
        raise _refuse(type_, value, path)
    return Variant(name, _read_payload(_case_type(type_, name, path), payload, f"{path}.{name}"))


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
        return Some(from_json(type_.element, value, path))
    item = _only_item(value)
    if item is None or item[0] != "some":
        raise ArgumentError(path, f'{render(type_)} as null or {{"some": …}}', shortly(value))
    return Some(from_json(type_.element, item[1], f"{path}.some"))


def _read_result(type_: ResultOf, value: Any, path: str) -> Any:
    item = (value, None) if value in ("ok", "err") else _only_item(value)
    match item:
        case ("ok", payload):
            return Ok(_read_payload(type_.ok, payload, f"{path}.ok"))
        case ("err", payload):
            return Err(_read_payload(type_.err, payload, f"{path}.err"))
    raise ArgumentError(path, f'{render(type_)} as {{"ok": …}} or {{"err": …}}', shortly(value))


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
}


def _write_primitive(_: Primitive, value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value


def _write_list(type_: ListOf, value: Any) -> Any:
    if type_ == BYTES:
        return {"base64": base64.b64encode(value).decode()}
    return [to_json(type_.element, item) for item in value]


def _write_payload(type_: ValType | None, value: Any) -> Any:
    return None if type_ is None else to_json(type_, value)


def _write_variant(type_: VariantOf, value: Variant) -> Any:
    carried = _case_type(type_, value.case, "value")
    return value.case if carried is None else {value.case: to_json(carried, value.payload)}


def _write_option(type_: OptionOf, value: Any) -> Any:
    if value is None:
        return None
    inner = to_json(type_.element, value.value)
    return {"some": inner} if isinstance(type_.element, OptionOf) else inner


def _write_result(type_: ResultOf, value: Any) -> Any:
    if isinstance(value, Ok):
        return {"ok": _write_payload(type_.ok, value.value)}
    return {"err": _write_payload(type_.err, value.value)}


_WRITERS: Final[dict[type, Callable[[Any, Any], Any]]] = {
    Primitive: _write_primitive,
    ListOf: _write_list,
    Record: lambda type_, value: {field.name: to_json(field.type, value[field.name]) for field in type_.fields},
    TupleOf: lambda type_, value: [to_json(item, part) for item, part in zip(type_.elements, value, strict=True)],
    VariantOf: _write_variant,
    EnumOf: lambda _, value: value,
    FlagsOf: lambda type_, value: [name for name in type_.names if name in value],
    OptionOf: _write_option,
    ResultOf: _write_result,
    Own: lambda type_, value: {"resource": f"{type_.resource} {value!r}"},
    Borrow: lambda type_, value: {"resource": f"{type_.resource} {value!r}"},
}
