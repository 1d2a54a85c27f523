"""Values as they are kept: in one form for each value, for bytes, and without the host's objects in them.

=====================  ===========================================
WIT                    Packed
=====================  ===========================================
numbers, texts, bytes  as they are; every NaN is the same one
records, tuples        a list of the fields, in the type's order
variants               case and payload
flags                  a list of the names, in the type's order
``option<T>``          None, or a list of one
``result<T, E>``       whether it is ``ok``, and the payload
resources              a number, see :class:`Handles`
=====================  ===========================================
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import msgspec

from airssys_tui.core.types.interface import (
    Borrow,
    FlagsOf,
    Function,
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
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.resources import ResourceHandle

KEPT: Final = 2048
"""Types whose conversions are kept prepared."""


class Stub:
    """A resource of the host in a replay: nothing but an identity."""

    __slots__ = ()


class Handles:
    """The numbers of resources in one instance, in the order in which they were first seen.

    An instance that behaves as another one did sees the same numbers, whatever the objects are.

    Attributes:
        serial: The last number that was given.
        passed: Objects that were passed on as owned since this was last emptied.
        lent: Objects that were lent, and not known before, since this was last emptied.
    """

    __slots__ = ("_numbers", "_objects", "lent", "passed", "serial")

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._objects: dict[int, Any] = {}
        self.serial = 0
        self.passed: list[Any] = []
        self.lent: list[Any] = []

    def __len__(self) -> int:
        """Return how many objects are known."""
        return len(self._objects)

    def pass_on(self, value: Any) -> int:
        """Return the number of an object that changes its owner."""
        self.passed.append(value)
        return self._number(value)

    def lend(self, value: Any) -> int:
        """Return the number of an object that is lent."""
        if id(value) not in self._numbers:
            self.lent.append(value)
        return self._number(value)

    def _number(self, value: Any) -> int:
        number = self._numbers.get(id(value))
        if number is None:
            self.serial += 1
            number = self.serial
            self.know(number, value)
        return number

    def know(self, number: int, value: Any) -> None:
        """Give an object a number."""
        self.serial = max(self.serial, number)
        self._numbers[id(value)] = number
        self._objects[number] = value

    def object_of(self, number: int) -> Any:
        """Return the object with a number; a new :class:`Stub` if there is none."""
        known = self._objects.get(number)
        if known is None:
            known = Stub()
            self.know(number, known)
        return known

    def forget(self, value: Any) -> None:
        """Give up an object: it is dropped, or the host has it now."""
        number = self._numbers.pop(id(value), None)
        if number is not None:
            del self._objects[number]

    def forget_since(self, serial: int) -> None:
        """Give up what got its number after another one."""
        for number in [number for number in self._objects if number > serial]:
            self.forget(self._objects[number])

    def take_passed(self) -> list[Any]:
        """Return what was passed on since this was last called."""
        passed, self.passed = self.passed, []
        return passed

    def settle(self, given: list[Any]) -> None:
        """Give up what was only lent: the call is over.

        Args:
            given: What the call was given as its own; handles among them that moved are given up as well.
        """
        for value in given:
            if isinstance(value, ResourceHandle) and value.spent:
                self.forget(value)
        for value in self.lent:
            self.forget(value)
        self.passed.clear()
        self.lent.clear()


Pack = Callable[[Any, Handles], Any]
"""Converts a value to its packed form, or back."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder().decode


@lru_cache(KEPT)
def packing(function: Function) -> tuple[Pack, Pack]:
    """Return how the arguments and the result of a function are packed.

    They raise whatever the access to a value raises that is not of its type.
    """
    result = _none if function.result is None else _pack(function.result) or _same
    return _sequence(tuple(_pack(param.type) for param in function.params)) or _same, result


def pack_arguments(function: Function, arguments: tuple[Any, ...], handles: Handles) -> bytes:
    """Return the arguments of a call as bytes."""
    return _encode(packing(function)[0](arguments, handles))


def pack_result(function: Function, value: Any, handles: Handles) -> bytes:
    """Return the result of a call as bytes."""
    return _encode(packing(function)[1](value, handles))


def unpack_arguments(function: Function, packed: bytes, handles: Handles) -> tuple[Any, ...]:
    """Return the arguments of a call."""
    values = _decode(packed)
    return tuple(unpack(param.type, value, handles) for param, value in zip(function.params, values, strict=True))


def unpack_result(function: Function, packed: bytes, handles: Handles) -> Any:
    """Return the result of a call."""
    return unpack(function.result, _decode(packed), handles)


def _same(value: Any, _: Handles) -> Any:
    return value


def _none(_value: Any, _: Handles) -> Any:
    return None


def _pack(type_: ValType) -> Pack | None:
    """Return how values of a type are packed; None if they are left as they are."""
    writer = _PACK.get(type(type_))
    return None if writer is None else writer(type_)


def _pack_primitive(type_: Primitive) -> Pack | None:
    if type_.name not in ("f32", "f64"):
        return None
    return lambda value, _: value if value == value else math.nan  # noqa: PLR0124 -- a NaN is not itself


def _pack_list(type_: ListOf) -> Pack | None:
    element = _pack(type_.element)
    return None if element is None else lambda value, handles: [element(item, handles) for item in value]


def _pack_record(type_: Record) -> Pack:
    fields = tuple((field.name, _pack(field.type) or _same) for field in type_.fields)
    return lambda value, handles: [pack(value[name], handles) for name, pack in fields]


def _pack_tuple(type_: TupleOf) -> Pack | None:
    return _sequence(tuple(map(_pack, type_.elements)))


def _pack_flags(type_: FlagsOf) -> Pack:
    return lambda value, _: [name for name in type_.names if name in value]


def _pack_own(_: Own) -> Pack:
    return lambda value, handles: handles.pass_on(value)


def _pack_borrow(_: Borrow) -> Pack:
    return lambda value, handles: handles.lend(value)


def _pack_option(type_: OptionOf) -> Pack:
    inside = _pack(type_.element) or _same
    return lambda value, handles: None if value is None else [inside(value.value, handles)]


def _pack_result(type_: ResultOf) -> Pack:
    ok, err = _pack_payload(type_.ok), _pack_payload(type_.err)

    def pack(value: Any, handles: Handles) -> Any:
        succeeded = isinstance(value, Ok)
        return [succeeded, (ok if succeeded else err)(value.value, handles)]

    return pack


def _pack_variant(type_: VariantOf) -> Pack:
    cases = {case.name: _pack_payload(case.type) for case in type_.cases}
    return lambda value, handles: [value.case, cases[value.case](value.payload, handles)]


def _pack_payload(type_: ValType | None) -> Pack:
    return _none if type_ is None else _pack(type_) or _same


_PACK: Final[dict[type, Callable[[Any], Pack | None]]] = {
    Primitive: _pack_primitive,
    ListOf: _pack_list,
    Record: _pack_record,
    TupleOf: _pack_tuple,
    FlagsOf: _pack_flags,
    Own: _pack_own,
    Borrow: _pack_borrow,
    OptionOf: _pack_option,
    ResultOf: _pack_result,
    VariantOf: _pack_variant,
}


def _sequence(elements: tuple[Pack | None, ...]) -> Pack | None:
    if not any(elements):
        return None
    packs = tuple(element or _same for element in elements)
    return lambda value, handles: [pack(item, handles) for pack, item in zip(packs, value, strict=True)]


def unpack(type_: ValType | None, packed: Any, handles: Handles) -> Any:
    """Return the Python form of a packed value."""
    reader = _UNPACK.get(type(type_))
    return packed if reader is None else reader(type_, packed, handles)


def _unpack_list(type_: ListOf, packed: Any, handles: Handles) -> Any:
    if isinstance(type_.element, Primitive):
        return packed
    return [unpack(type_.element, item, handles) for item in packed]


def _unpack_record(type_: Record, packed: Any, handles: Handles) -> Any:
    pairs = zip(type_.fields, packed, strict=True)
    return {field.name: unpack(field.type, item, handles) for field, item in pairs}


def _unpack_tuple(type_: TupleOf, packed: Any, handles: Handles) -> Any:
    return tuple(unpack(element, item, handles) for element, item in zip(type_.elements, packed, strict=True))


def _unpack_option(type_: OptionOf, packed: Any, handles: Handles) -> Any:
    return None if packed is None else Some(unpack(type_.element, packed[0], handles))


def _unpack_result(type_: ResultOf, packed: Any, handles: Handles) -> Any:
    succeeded, payload = packed
    return Ok(unpack(type_.ok, payload, handles)) if succeeded else Err(unpack(type_.err, payload, handles))


def _unpack_variant(type_: VariantOf, packed: Any, handles: Handles) -> Any:
    name, payload = packed
    inside = next(case.type for case in type_.cases if case.name == name)
    return Variant(name, unpack(inside, payload, handles))


def _unpack_flags(_type: FlagsOf, packed: Any, _handles: Handles) -> Any:
    return frozenset(packed)


def _unpack_handle(_type: Own | Borrow, packed: Any, handles: Handles) -> Any:
    return handles.object_of(packed)


_UNPACK: Final[dict[type, Callable[[Any, Any, Handles], Any]]] = {
    ListOf: _unpack_list,
    Record: _unpack_record,
    TupleOf: _unpack_tuple,
    OptionOf: _unpack_option,
    ResultOf: _unpack_result,
    VariantOf: _unpack_variant,
    FlagsOf: _unpack_flags,
    Own: _unpack_handle,
    Borrow: _unpack_handle,
}
