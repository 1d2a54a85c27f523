"""The canonical ABI's layout of types in a guest's memory and in core parameters (``design/mvp/CanonicalABI.md``).

Only types that cross raw are known here: numbers, ``bool``, ``char``, ``string``, and lists, records, tuples, enums,
flags, options, results and variants of these. What is written into a guest's memory has no lists but those of numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from airssys_tui.core.types.interface import (
    Borrow,
    EnumOf,
    FlagsOf,
    Function,
    FutureOf,
    ListOf,
    OptionOf,
    Own,
    Param,
    Primitive,
    Record,
    ResultOf,
    StreamOf,
    TupleOf,
    ValType,
    VariantOf,
    parts_of,
)

SIZES: Final[dict[str, int]] = {
    **{f"{sign}{bits}": bits // 8 for sign in "su" for bits in (8, 16, 32, 64)},
    "bool": 1,
    "char": 4,
    "f32": 4,
    "f64": 8,
}
"""Bytes of each primitive type of a fixed size; also its alignment."""

ITEMS: Final[dict[str, str]] = {
    "s8": "b",
    "u8": "B",
    "s16": "h",
    "u16": "H",
    "s32": "i",
    "u32": "I",
    "s64": "q",
    "u64": "Q",
    "f32": "f",
    "f64": "d",
    "bool": "B",
    "char": "I",
}
"""``struct`` format of each of them in memory."""

NUMBERS: Final = frozenset(SIZES) - {"bool", "char"}
"""Types whose lists cross raw."""

POINTER: Final = 4
"""Bytes of a pointer and of a length, and their alignment."""

POINTER_CORE: Final = "i32"
"""Core type of a pointer."""

MOST_FLAT: Final = 16
"""Core parameters of a function whose parameters are passed flat (``MAX_FLAT_PARAMS``)."""

MOST_NODES: Final = 100
"""Types within a function's type at most; larger ones are called with values."""

MOST_LISTS: Final = 4
"""Lists within lists at most of what is read raw."""

FLAT_PREFIX: Final = "flat-"
"""Starts the name of a host function that is imported flat."""

CROSSING: Final = {"i32": "u32", "i64": "u64", "f32": "f32", "f64": "f64"}
"""The component type under which each core type crosses unchanged."""

_HANDLES: Final[frozenset[type]] = frozenset({Own, Borrow, FutureOf, StreamOf})

_WIDE: Final = {"s64": "i64", "u64": "i64", "f32": "f32", "f64": "f64"}


def cases_of(type_: OptionOf | ResultOf | VariantOf) -> tuple[ValType | None, ...]:
    """Return the payload types of a type with cases, in the order of their discriminants."""
    match type_:
        case OptionOf():
            return None, type_.element
        case ResultOf():
            return type_.ok, type_.err
        case _:
            return tuple(case.type for case in type_.cases)


def fields_of(type_: Record | TupleOf) -> tuple[ValType, ...]:
    """Return the types of a record's or a tuple's fields."""
    return tuple(field.type for field in type_.fields) if isinstance(type_, Record) else type_.elements


def alignment(type_: ValType) -> int:
    """Return the alignment of a value in memory."""
    return _ALIGNMENTS[type(type_)](type_)


def size(type_: ValType) -> int:
    """Return the bytes that a value takes in memory, without what it points at."""
    return _SIZES[type(type_)](type_)


def offsets(types: Iterable[ValType]) -> tuple[int, ...]:
    """Return the offset of each field, and then the end of the last one."""
    found, at = [], 0
    for type_ in types:
        at = _aligned(at, alignment(type_))
        found.append(at)
        at += size(type_)
    return *found, at


def payload_offset(type_: OptionOf | ResultOf | VariantOf) -> int:
    """Return the offset of the payload behind the discriminant."""
    cases = cases_of(type_)
    return _aligned(discriminant_size(len(cases)), _most_aligned(cases))


def discriminant_size(cases: int) -> int:
    """Return the bytes of the discriminant of this many cases."""
    return 1 if cases <= 1 << 8 else 2 if cases <= 1 << 16 else 4


def flags_size(type_: FlagsOf) -> int:
    """Return the bytes of flags."""
    return 1 if len(type_.names) <= 8 else 2 if len(type_.names) <= 16 else 4


def flat(type_: ValType) -> tuple[str, ...]:
    """Return the core types that a value is passed as."""
    match type_:
        case Primitive(name="string") | ListOf():
            return "i32", "i32"
        case Primitive():
            return (_WIDE.get(type_.name, "i32"),)
        case EnumOf() | FlagsOf():
            return ("i32",)
        case Record() | TupleOf():
            return tuple(core for field in fields_of(type_) for core in flat(field))
        case OptionOf() | ResultOf() | VariantOf():
            return "i32", *_joined([flat(case) for case in cases_of(type_) if case is not None])
    raise NotImplementedError(type_)


def crosses(type_: ValType) -> bool:
    """Return whether values of a type can cross raw in both directions."""
    match type_:
        case Primitive():
            return type_.name in SIZES or type_.name == "string"
        case ListOf():
            return is_number_list(type_)
        case FlagsOf():
            return 0 < len(type_.names) <= 32
        case Record() | TupleOf() | EnumOf() | OptionOf() | ResultOf() | VariantOf():
            return all(map(crosses, parts_of(type_)))
    return False


def is_readable(type_: ValType, lists: int = MOST_LISTS) -> bool:
    """Return whether values of a type can be read raw; ``lists`` may still be nested in each other."""
    if isinstance(type_, ListOf):
        return is_number_list(type_) or (lists > 0 and is_readable(type_.element, lists - 1))
    parts = list(parts_of(type_))
    return all(is_readable(part, lists) for part in parts) if parts else crosses(type_)


@lru_cache(maxsize=1024)
def flat_import(function: Function) -> Function | None:
    """Return the type under which a host function is imported flat; None if it is imported as it is.

    Only the parameters become flat: a list or a string in a result needs the guest's allocator, which nobody can call
    while the guest waits for the result.
    """
    types = [param.type for param in function.params]
    within = [node for type_ in types for node in nodes(type_)]
    if len(within) > MOST_NODES or not all(map(is_readable, types)) or not any(map(is_pointed, within)):
        return None
    cores = [core for type_ in types for core in flat(type_)]
    result = function.result
    if len(cores) > MOST_FLAT or (result is not None and not _HANDLES.isdisjoint(map(type, nodes(result)))):
        return None
    return Function(f"{FLAT_PREFIX}{function.name}", flat_params(cores), result)


def flat_params(cores: Iterable[str]) -> tuple[Param, ...]:
    """Return parameters that cross unchanged."""
    return tuple(Param(f"p{index}", Primitive(CROSSING[core])) for index, core in enumerate(cores))


def is_number_list(type_: ValType) -> bool:
    """Return whether a type is a list of numbers."""
    return isinstance(type_, ListOf) and isinstance(type_.element, Primitive) and type_.element.name in NUMBERS


def is_pointed(type_: ValType) -> bool:
    """Return whether a value is a pointer and a length."""
    return isinstance(type_, ListOf) or (isinstance(type_, Primitive) and type_.name == "string")


def nodes(type_: ValType) -> Iterator[ValType]:
    """Yield a type and all types inside it."""
    yield type_
    for part in parts_of(type_):
        yield from nodes(part)


def types_of(function: Function) -> tuple[ValType, ...]:
    """Return the types of a function's parameters and result."""
    params = tuple(param.type for param in function.params)
    return params if function.result is None else (*params, function.result)


def _aligned(at: int, to: int) -> int:
    return -(-at // to) * to


def _most_aligned(types: Iterable[ValType | None]) -> int:
    return max((alignment(type_) for type_ in types if type_ is not None), default=1)


def _cased_alignment(type_: Any) -> int:
    cases = cases_of(type_)
    return max(discriminant_size(len(cases)), _most_aligned(cases))


def _cased_size(type_: Any) -> int:
    payload = max((size(case) for case in cases_of(type_) if case is not None), default=0)
    return _aligned(payload_offset(type_) + payload, alignment(type_))


def _joined(cases: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the core types that hold the payload of any case."""
    joined: list[str] = []
    for case in cases:
        for index, core in enumerate(case):
            if index == len(joined):
                joined.append(core)
            elif joined[index] != core:
                joined[index] = "i32" if {joined[index], core} == {"i32", "f32"} else "i64"
    return tuple(joined)


_ALIGNMENTS: Final[dict[type, Callable[[Any], int]]] = {
    Primitive: lambda type_: SIZES.get(type_.name, POINTER),
    ListOf: lambda _: POINTER,
    Record: lambda type_: _most_aligned(fields_of(type_)),
    TupleOf: lambda type_: _most_aligned(fields_of(type_)),
    EnumOf: lambda type_: discriminant_size(len(type_.names)),
    FlagsOf: flags_size,
    OptionOf: _cased_alignment,
    ResultOf: _cased_alignment,
    VariantOf: _cased_alignment,
}

_SIZES: Final[dict[type, Callable[[Any], int]]] = {
    Primitive: lambda type_: SIZES.get(type_.name, 2 * POINTER),
    ListOf: lambda _: 2 * POINTER,
    Record: lambda type_: _aligned(offsets(fields_of(type_))[-1], alignment(type_)),
    TupleOf: lambda type_: _aligned(offsets(fields_of(type_))[-1], alignment(type_)),
    EnumOf: lambda type_: discriminant_size(len(type_.names)),
    FlagsOf: flags_size,
    OptionOf: _cased_size,
    ResultOf: _cased_size,
    VariantOf: _cased_size,
}
