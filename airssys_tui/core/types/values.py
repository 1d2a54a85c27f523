"""Python forms of guest values: one per WIT type, always tagged.

``core.types.json_form`` converts them to and from JSON for people.

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

import difflib
import struct
from collections.abc import Callable
from typing import Any, Final

import msgspec

from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.types.interface import (
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
        """Return the constructor expression."""
        return f"Some({self.value!r})"


class Ok(msgspec.Struct, frozen=True):
    """A result that succeeded; ``value`` is None when the type has no payload."""

    value: Any = None

    def __repr__(self) -> str:
        """Return the constructor expression."""
        return f"Ok({self.value!r})" if self.value is not None else "Ok()"


class Err(msgspec.Struct, frozen=True):
    """A result that failed; ``value`` is None when the type has no payload."""

    value: Any = None

    def __repr__(self) -> str:
        """Return the constructor expression."""
        return f"Err({self.value!r})" if self.value is not None else "Err()"


class Variant(msgspec.Struct, frozen=True):
    """One case of a variant; ``payload`` is None when the case has no payload."""

    case: str
    payload: Any = None

    def __repr__(self) -> str:
        """Return the constructor expression."""
        return f"Variant({self.case!r})" if self.payload is None else f"Variant({self.case!r}, {self.payload!r})"


def check(type_: ValType, value: Any, path: str) -> None:
    """Verify that a Python value has the form of a WIT type.

    Args:
        type_: The type.
        value: The value, in the forms of this module.
        path: Where the value is, such as ``items[3].price``; the error starts with it.

    Raises:
        ArgumentError: With the path of the first part that does not fit.
    """
    checker = _CHECKERS.get(type(type_))
    if checker is None:
        raise ArgumentError(path, "a type that can be passed", render(type_))
    checker(type_, value, path)


_SORTS: Final = {bool: "boolean", int: "number", float: "number", str: "text", tuple: "list", dict: "record"}
"""Plain names for values of these types, for readers who do not know Python."""


def shortly(value: Any) -> str:
    """Describe a value for an error: its type, and the value itself if it is short."""
    if value is None:
        return "none"
    text = repr(value) if isinstance(value, bool | int | float | str | bytes) else ""
    if isinstance(value, bool):
        text = text.lower()
    sort = _SORTS.get(type(value), type(value).__name__)
    return f"{sort} {text}" if 0 < len(text) <= 40 else sort


def refusal(type_: ValType, value: Any, path: str) -> ArgumentError:
    """Return the error for a value that does not have the form of a type."""
    return ArgumentError(path, render(type_), shortly(value))


def _check_primitive(type_: Primitive, value: Any, path: str) -> None:
    name = type_.name
    if name in INTEGER_BOUNDS:
        least, most = INTEGER_BOUNDS[name]
        if isinstance(value, bool) or not isinstance(value, int):
            raise refusal(type_, value, path)
        if not least <= value <= most:
            raise ArgumentError(path, f"{name} ({least} to {most})", shortly(value))
    elif name in ("f32", "f64"):
        _check_float(type_, value, path)
    elif name == "bool":
        if not isinstance(value, bool):
            raise refusal(type_, value, path)
    else:
        _check_text(type_, value, path)


def _check_float(type_: Primitive, value: Any, path: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refusal(type_, value, path)
    try:
        struct.pack("<f" if type_.name == "f32" else "<d", value)
    except (OverflowError, struct.error):
        raise ArgumentError(path, f"{type_.name} within its range", shortly(value)) from None


def _check_text(type_: Primitive, value: Any, path: str) -> None:
    if type_.name not in ("char", "string"):
        raise ArgumentError(path, "a type that can be passed", type_.name)
    if not isinstance(value, str) or (type_.name == "char" and len(value) != 1):
        raise refusal(type_, value, path)
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
        raise refusal(type_, value, path)
    for index, element in enumerate(value):
        check(type_.element, element, f"{path}[{index}]")


def _check_record(type_: Record, value: Any, path: str) -> None:
    check_fields(type_, value, path)
    for field in type_.fields:
        check(field.type, value[field.name], f"{path}.{field.name}")


def check_fields(type_: Record, value: Any, path: str) -> None:
    """Verify that a value is a ``dict`` with exactly a record's field names.

    Raises:
        ArgumentError: With the missing field or the unknown key.
    """
    if not isinstance(value, dict):
        raise refusal(type_, value, path)
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
        raise ArgumentError(path, render(type_), counted(value))
    for index, (element, item) in enumerate(zip(type_.elements, value, strict=True)):
        check(element, item, f"{path}[{index}]")


def counted(value: Any) -> str:
    """Describe a value for an error, with its length if it has one."""
    return f"list of {len(value)}" if isinstance(value, tuple | list) else shortly(value)


def _check_variant(type_: VariantOf, value: Any, path: str) -> None:
    if not isinstance(value, Variant):
        raise refusal(type_, value, path)
    _check_payload(case_type(type_, value.case, path), value.payload, f"{path}.{value.case}")


def case_type(type_: VariantOf, name: Any, path: str) -> ValType | None:
    """Return the payload type of a variant's case; None when the case has no payload.

    Raises:
        ArgumentError: If the variant has no such case.
    """
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
        raise refusal(type_, value, path)
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
        raise refusal(type_, value, path)


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
