"""Types of a component, read from its binary form (Component Model ``design/mvp/Binary.md``, "Type Definitions").

Only what can matter for the functions of imported instances is kept: types of values, functions and instances.
:data:`UNKNOWN` stands for anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from airssys_tui.core.types.interface import (
    Case,
    EnumOf,
    Field,
    FlagsOf,
    Function,
    ListOf,
    OptionOf,
    Own,
    Param,
    Primitive,
    Record,
    ResultOf,
    TupleOf,
    ValType,
    VariantOf,
)
from airssys_tui.engine.raw_lift.section_reader import Cursor

UNKNOWN: Final = Own("")
"""Stands for what does not cross raw anyway: resources, handles, streams."""

_PRIMITIVES: Final = {
    0x7F - index: Primitive(name)
    for index, name in enumerate("bool s8 u8 s16 u16 s32 u32 s64 u64 f32 f64 char string".split())  # noqa: SIM905
}
_ONE_BYTE: Final = range(0x40, 0x80)
_FUNCTION, _ASYNC_FUNCTION, _COMPONENT, _INSTANCE = 0x40, 0x43, 0x41, 0x42
_TYPE, _ALIAS, _IMPORT, _EXPORT = 0x01, 0x02, 0x03, 0x04
_OF_OUTER: Final = 0x02
_FUNC_SORT, _TYPE_SORT = 0x01, 0x03
_VERSIONED_NAME: Final = 0x02


class FunctionType(msgspec.Struct, frozen=True):
    """A function type.

    Attributes:
        type: The type; names in it mean nothing.
        result: The bytes of its result, which hold in the scope that it was defined in.
        scope: That scope.
    """

    type: Function
    result: bytes
    scope: TypeScope


class InstanceType(msgspec.Struct, frozen=True):
    """An instance type.

    Attributes:
        functions: The functions that it exports, by name.
        exported: The types that it exports, by name.
        scope: The scope of its declarations.
        declared: Number of them.
        counted: Offset of that number in the file.
        first: Offset of the first one.
        end: Offset past the last one.
    """

    functions: dict[str, FunctionType]
    exported: dict[str, Definition]
    scope: TypeScope
    declared: int
    counted: int
    first: int
    end: int


Definition: TypeAlias = ValType | FunctionType | InstanceType


class TypeScope:
    """The types that are in scope at one place.

    Args:
        parent: The scope around it, or None.

    Attributes:
        types: The definitions, by index.
        destructors: The core functions that drop resources: their index, and the offsets from and to which it stands.
    """

    def __init__(self, parent: TypeScope | None = None) -> None:
        self.parent = parent
        self.types: list[Definition] = []
        self.destructors: list[tuple[int, int, int]] = []

    def read_type(self, section: Cursor) -> None:
        """Read a type definition.

        Raises:
            ValueError: If it has a form that is not known here.
        """
        kind = section.byte()
        if kind in _PRIMITIVES:
            self.types.append(_PRIMITIVES[kind])
        elif kind in {_FUNCTION, _ASYNC_FUNCTION}:
            self.types.append(self._function(section))
        elif kind in {_COMPONENT, _INSTANCE}:
            self.types.append(TypeScope(self)._declarations(section))  # noqa: SLF001 -- of the same class
        elif kind in _FORMS:
            self.types.append(_FORMS[kind](self, section))
        else:
            raise ValueError("a type of an unknown form")

    def outer(self, scopes: int, index: int) -> Definition:
        """Return a type of a scope around this one."""
        scope: TypeScope | None = self
        for _ in range(scopes):
            scope = None if scope is None else scope.parent
        return UNKNOWN if scope is None else scope.types[index]

    def bound(self, section: Cursor) -> Definition:
        """Read what an imported or exported type is: another type, or a resource."""
        return self.types[section.number()] if section.byte() == 0 else UNKNOWN

    def value(self, section: Cursor) -> ValType:
        """Read the type of a value."""
        first = section.peek()
        if first in _ONE_BYTE:
            return _PRIMITIVES.get(section.byte(), UNKNOWN)
        found = self.types[section.number()]
        return UNKNOWN if isinstance(found, FunctionType | InstanceType) else found

    def perhaps_value(self, section: Cursor) -> ValType | None:
        """Read the type of a value that may be absent."""
        return self.value(section) if section.byte() else None

    def _declarations(self, section: Cursor) -> InstanceType:
        counted = section.at
        declared = section.count()
        first = section.at
        functions: dict[str, FunctionType] = {}
        exported: dict[str, Definition] = {}
        for _ in range(declared):
            kind = section.byte()
            if kind == _TYPE:
                self.read_type(section)
            elif kind == _ALIAS:
                self._alias(section)
            elif kind in {_IMPORT, _EXPORT}:
                self._external(section, functions, exported)
            else:
                raise ValueError("a declaration of an unknown kind")
        return InstanceType(functions, exported, self, declared, counted, first, section.at)

    def _alias(self, section: Cursor) -> None:
        if section.byte() != _TYPE_SORT or section.byte() != _OF_OUTER:
            raise ValueError("an alias of something else than a type around")
        scopes = section.number()
        self.types.append(self.outer(scopes, section.number()))

    def _external(self, section: Cursor, functions: dict[str, FunctionType], exported: dict[str, Definition]) -> None:
        name, kind = read_name(section), section.byte()
        if kind == _TYPE_SORT:
            found = self.bound(section)
            self.types.append(found)
            exported[name] = found
        elif kind == _FUNC_SORT:
            type_ = self.types[section.number()]
            if isinstance(type_, FunctionType):
                functions[name] = type_
        else:
            raise ValueError("a declaration of another kind")

    def _function(self, section: Cursor) -> FunctionType:
        params = tuple(Param(section.name(), self.value(section)) for _ in range(section.count()))
        start, result = section.at, None
        if section.byte() == 0:
            result = self.value(section)
        elif section.byte() != 0:
            raise ValueError("named results")
        return FunctionType(Function("", params, result), section.data[start : section.at], self)


def read_name(section: Cursor) -> str:
    """Read the name of an import or an export."""
    versioned = section.byte() == _VERSIONED_NAME
    name = section.name()
    if versioned:
        section.name()
    return name


def _labels(section: Cursor) -> tuple[str, ...]:
    return tuple([section.name() for _ in range(section.count())])


def _record(scope: TypeScope, section: Cursor) -> Definition:
    return Record(tuple([Field(section.name(), scope.value(section)) for _ in range(section.count())]))


def _variant(scope: TypeScope, section: Cursor) -> Definition:
    cases = []
    for _ in range(section.count()):
        cases.append(Case(section.name(), scope.perhaps_value(section)))
        section.byte()
    return VariantOf(tuple(cases))


def _result(scope: TypeScope, section: Cursor) -> Definition:
    ok = scope.perhaps_value(section)
    return ResultOf(ok, scope.perhaps_value(section))


def _tuple(scope: TypeScope, section: Cursor) -> Definition:
    return TupleOf(tuple([scope.value(section) for _ in range(section.count())]))


def _handle(_scope: TypeScope, section: Cursor) -> Definition:
    section.number()
    return UNKNOWN


def _resource(scope: TypeScope, section: Cursor) -> Definition:
    section.byte()
    if section.byte():
        start, index = section.at, section.number()
        scope.destructors.append((index, start, section.at))
    return UNKNOWN


def _stream(scope: TypeScope, section: Cursor) -> Definition:
    scope.perhaps_value(section)
    return UNKNOWN


_FORMS: Final[dict[int, Callable[[TypeScope, Cursor], Definition]]] = {
    0x72: _record,
    0x71: _variant,
    0x70: lambda scope, section: ListOf(scope.value(section)),
    0x6F: _tuple,
    0x6E: lambda _, section: FlagsOf(_labels(section)),
    0x6D: lambda _, section: EnumOf(_labels(section)),
    0x6B: lambda scope, section: OptionOf(scope.value(section)),
    0x6A: _result,
    0x69: _handle,
    0x68: _handle,
    0x66: _stream,
    0x65: _stream,
    0x3F: _resource,
}
