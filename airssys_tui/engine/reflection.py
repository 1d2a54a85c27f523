"""Reads the imports and exports of a compiled component into ``core.types.interface`` values."""

from __future__ import annotations

from typing import Any, Final

import wasmtime
from wasmtime import component

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.core.types.interface import (
    AsyncFunction,
    Borrow,
    Case,
    EnumOf,
    Field,
    FlagsOf,
    Function,
    FutureOf,
    Interface,
    InterfaceType,
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
)
from airssys_tui.engine import bindings
from airssys_tui.engine.resource_names import key_of

MOST_TYPES: Final = 20_000
"""Maximum types, names and functions read from one component, counting every use.

Types that use others repeatedly grow without bound when written out: 500 bytes can describe a million.
"""

_COMPARISONS_PER_TYPE: Final = 16
"""Number of comparisons of resource types that cost as much as reading one type."""

_PRIMITIVES: Final[dict[type, Primitive]] = {
    component.Bool: Primitive("bool"),
    component.Char: Primitive("char"),
    component.String: Primitive("string"),
    component.ErrorContext: Primitive("error-context"),
    **{
        getattr(component, f"{sign}{bits}"): Primitive(f"{sign.lower()}{bits}")
        for sign in "SU"
        for bits in (8, 16, 32, 64)
    },
    component.F32: Primitive("f32"),
    component.F64: Primitive("f64"),
}


def read(
    kind: component.ComponentType, engine: wasmtime.Engine, *, without: str = "", distinct: bool = False
) -> Interface:
    """Read the imports and exports of a component type.

    Nested components, core modules and bare types are not callable and are left out.

    Args:
        kind: The type.
        engine: Its engine.
        without: Name of an export that is left out.
        distinct: Whether a resource is called ``interface/name`` in functions where another one, which came first, has
            the same name; otherwise all have their bare names.

    Raises:
        TypeError: If it uses a type that wasmtime-py cannot read.
        AdmissionError: At gate ``types``, if it contains more than :data:`MOST_TYPES`.
    """
    reader = _Reader(engine, distinct=distinct)
    imports, exports = kind.imports(engine), kind.exports(engine)
    exports.pop(without, None)
    reader.name_resources(imports)
    reader.name_resources(exports)
    return Interface(imports=reader.items(imports), exports=reader.items(exports))


def resource_homes(kind: component.ComponentType, engine: wasmtime.Engine) -> dict[tuple[str, str], tuple[str, str]]:
    """Read which imported resources are the same: each with its interface and name, and those of the first one."""
    known: list[tuple[Any, tuple[str, str]]] = []
    homes: dict[tuple[str, str], tuple[str, str]] = {}
    for interface, extern in kind.imports(engine).items():
        if not isinstance(extern.ty, component.ComponentInstanceType):
            continue
        for name, member in extern.ty.exports(engine).items():
            if isinstance(member.ty, component.ResourceType):
                place = (interface, name)
                same = (home for other, home in known if bindings.resource_types_equal(other, member.ty))
                homes[place] = next(same, place)
                if homes[place] == place:
                    known.append((member.ty, place))
    return homes


def exported_functions(kind: component.ComponentType, engine: wasmtime.Engine, name: str) -> dict[str, Function]:
    """Read the functions of one exported instance, by name; empty if there is no such instance."""
    extern = kind.exports(engine).get(name)
    if extern is None or not isinstance(extern.ty, component.ComponentInstanceType):
        return {}
    return {function.name: function for function in _Reader(engine).instance(name, extern.ty).functions}


class _Reader:
    def __init__(self, engine: wasmtime.Engine, *, distinct: bool = False) -> None:
        self._engine = engine
        self._distinct = distinct
        self._resources: list[tuple[Any, str]] = []
        self._names: set[str] = set()
        self._left = MOST_TYPES

    def _spend(self, types: int = 1) -> None:
        self._left -= types
        if self._left < 0:
            text = f"it has more than {MOST_TYPES} types when written out"
            raise AdmissionError(text, gate=Gate.TYPES, remedy="pass flatter types, or fewer of them")

    def name_resources(self, items: dict[str, Any], interface: str = "") -> None:
        """Record the first name of each resource type."""
        for name, extern in items.items():
            self._spend()
            kind = extern.ty
            if isinstance(kind, component.ResourceType):
                self._name_resource(kind, name, interface)
            elif isinstance(kind, component.ComponentInstanceType):
                self.name_resources(kind.exports(self._engine), name)

    def _name_resource(self, kind: component.ResourceType, name: str, interface: str) -> None:
        if not self._distinct or name not in self._names:
            self._names.add(name)
            self._resources.append((kind, name))
        elif not self._is_known(kind):
            self._resources.append((kind, key_of(interface, name)))

    def _is_known(self, kind: component.ResourceType) -> bool:
        self._spend(len(self._resources) // _COMPARISONS_PER_TYPE)
        return any(bindings.resource_types_equal(known, kind) for known, _ in self._resources)

    def items(self, items: dict[str, Any]) -> tuple[InterfaceType | Function, ...]:
        found: list[InterfaceType | Function] = []
        for name, extern in items.items():
            kind = extern.ty
            if isinstance(kind, component.FuncType):
                found.append(self._function(name, kind))
            elif isinstance(kind, component.ComponentInstanceType):
                found.append(self.instance(name, kind))
        return tuple(found)

    def instance(self, name: str, kind: component.ComponentInstanceType) -> InterfaceType:
        """Read an instance: its functions and the names of its resources."""
        members = {member: extern.ty for member, extern in kind.exports(self._engine).items()}
        self._spend(len(members))
        return InterfaceType(
            name=name,
            functions=tuple(
                self._function(key, ty) for key, ty in members.items() if isinstance(ty, component.FuncType)
            ),
            resources=tuple(key for key, ty in members.items() if isinstance(ty, component.ResourceType)),
        )

    def _function(self, name: str, kind: component.FuncType) -> Function:
        params = tuple(Param(param, self.value(ty)) for param, ty in kind.params)
        result = kind.result
        made = AsyncFunction if bindings.is_async(kind) else Function
        return made(name, params, None if result is None else self.value(result))

    def value(self, kind: Any) -> ValType:
        """Read one value type."""
        self._spend()
        primitive = _PRIMITIVES.get(type(kind))
        return primitive if primitive is not None else _READERS[type(kind)](self, kind)

    def optional(self, kind: Any) -> ValType | None:
        """Read a payload type that may be absent."""
        return None if kind is None else self.value(kind)

    def resource(self, kind: Any) -> str:
        """Return the name of a resource type."""
        self._spend(len(self._resources) // _COMPARISONS_PER_TYPE)
        for known, name in self._resources:
            if bindings.resource_types_equal(known, kind):
                return name
        self._resources.append((kind, f"resource{len(self._resources)}"))
        return self._resources[-1][1]


def _record(reader: _Reader, kind: Any) -> ValType:
    return Record(tuple(Field(name, reader.value(ty)) for name, ty in kind.fields))


def _variant(reader: _Reader, kind: Any) -> ValType:
    return VariantOf(tuple(Case(name, reader.optional(ty)) for name, ty in kind.cases))


_READERS: Final[dict[type, Any]] = {
    component.ListType: lambda reader, kind: ListOf(reader.value(kind.element)),
    component.RecordType: _record,
    component.TupleType: lambda reader, kind: TupleOf(tuple(map(reader.value, kind.elements))),
    component.VariantType: _variant,
    component.EnumType: lambda _, kind: EnumOf(tuple(kind.names)),
    component.OptionType: lambda reader, kind: OptionOf(reader.value(kind.payload)),
    component.ResultType: lambda reader, kind: ResultOf(reader.optional(kind.ok), reader.optional(kind.err)),
    component.FlagsType: lambda _, kind: FlagsOf(tuple(kind.names)),
    component.OwnType: lambda reader, kind: Own(reader.resource(kind.ty)),
    component.BorrowType: lambda reader, kind: Borrow(reader.resource(kind.ty)),
    component.FutureType: lambda reader, kind: FutureOf(reader.optional(kind.payload)),
    component.StreamType: lambda reader, kind: StreamOf(reader.optional(kind.payload)),
}
