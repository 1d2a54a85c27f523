"""The imports and exports of a component as WIT text that tools accept.

A component keeps the shapes of its types; their names are given anew where WIT demands one (records, variants, enums,
flags). Each package of an imported or exported interface becomes a nested package (``design/mvp/WIT.md``, "Nested
packages").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from textwrap import indent
from typing import Any, Final

from airssys_tui.core.types.interface import (
    AsyncFunction,
    Borrow,
    Case,
    EnumOf,
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
    parts_of,
)

_HEADER: Final = "package root:component;\n\n"
_INTERFACE_NAME: Final = re.compile(r"(?P<package>[a-z0-9-]+:[a-z0-9-]+)/(?P<face>[a-z0-9-]+)(?:@(?P<version>\S+))?\Z")
_PLAIN_NAME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*\Z")
_OF_RESOURCE: Final = re.compile(r"\[(?P<kind>constructor|method|static)\](?P<resource>[^.]+)(?:\.(?P<name>.+))?\Z")

_WORDS: Final = """
as async bool borrow char constructor enum error-context export f32 f64 flags from func future import include interface
list map option own package record resource result s16 s32 s64 s8 static stream string tuple type u16 u32 u64 u8 use
variant with world
"""
_KEYWORDS: Final = frozenset(_WORDS.split())
"""Words that are names only behind a ``%``."""

_NAMED: Final = {Record: "record", VariantOf: "variant", EnumOf: "enum", FlagsOf: "flags"}
"""Types that WIT only accepts with a name."""


def component_text(types: Interface) -> str:
    """Return a component's imports and exports as the text of a world and of the packages that it names."""
    homes = _homes(types)
    parts = [_HEADER + _world(types, homes)]
    packages: dict[str, dict[str, InterfaceType]] = {}
    for item in (*types.imports, *types.exports):
        match = _INTERFACE_NAME.match(item.name)
        if match is not None and isinstance(item, InterfaceType):
            version = f"@{match['version']}" if match["version"] else ""
            packages.setdefault(match["package"] + version, {})[match["face"]] = item
    for package, faces in packages.items():
        bodies = [f"interface {_id(face)} {_Scope(item, homes).braces()}" for face, item in faces.items()]
        parts.append(f"package {package} {{\n{indent(chr(10).join(bodies), '  ')}\n}}")
    return "\n\n".join(parts)


def _homes(types: Interface) -> dict[str, str]:
    """Find the interface that defines each resource: the first with its methods, else the first that has it."""
    homes: dict[str, str] = {}
    interfaces = [item for item in (*types.imports, *types.exports) if isinstance(item, InterfaceType)]
    for item in interfaces:
        if _INTERFACE_NAME.match(item.name):
            for owner in _owners(item):
                homes.setdefault(owner, item.name)
    for item in interfaces:
        if _INTERFACE_NAME.match(item.name):
            for resource in item.resources:
                homes.setdefault(resource, item.name)
    return homes


def _owners(item: InterfaceType) -> set[str]:
    """Return the resources whose methods an interface has."""
    matches = (_OF_RESOURCE.match(function.name) for function in item.functions)
    return {match["resource"] for match in matches if match}


def _world(types: Interface, homes: dict[str, str]) -> str:
    functions = tuple(item for item in (*types.imports, *types.exports) if isinstance(item, Function))
    scope = _Scope(InterfaceType("", functions), homes)
    sides = [*(("import", item) for item in types.imports), *(("export", item) for item in types.exports)]
    lines = [_side(side, item, scope, homes) for side, item in sides]
    return f"world root {{\n{indent(chr(10).join([*scope.definitions(), *lines]), '  ')}\n}}"


def _side(side: str, item: InterfaceType | Function, scope: _Scope, homes: dict[str, str]) -> str:
    if isinstance(item, InterfaceType) and _INTERFACE_NAME.match(item.name):
        return f"{side} {item.name};"
    if not _PLAIN_NAME.match(item.name):
        return f"// {side} {item.name!r}: WIT has no way to write this name"
    if isinstance(item, Function):
        return f"{side} {scope.function(item)}"
    return f"{side} {_id(item.name)}: interface {_Scope(item, homes).braces()}"


def _id(name: str) -> str:
    return f"%{name}" if name in _KEYWORDS else name


class _Scope:
    """The names of one interface, or of a world."""

    def __init__(self, item: InterfaceType, homes: dict[str, str]) -> None:
        self._item = item
        self._homes = homes
        self._local = {name for name in item.resources if homes.get(name, item.name) == item.name} | _owners(item)
        self._names: dict[ValType, str] = {}
        used = {function.name for function in item.functions} | {*item.resources}
        for type_ in _types_of(item.functions):
            if type(type_) in _NAMED and type_ not in self._names:
                self._names[type_] = self._fresh(_NAMED[type(type_)], used)

    def _fresh(self, word: str, used: set[str]) -> str:
        name = next(name for count in range(1, len(used) + 2) if (name := f"{word}{count}") not in used)
        used.add(name)
        return name

    def braces(self) -> str:
        """Return the body of the interface."""
        plain = [self.function(item) for item in self._item.functions if not _OF_RESOURCE.match(item.name)]
        lines = [*self.definitions(), *plain]
        return f"{{\n{indent(chr(10).join(lines), '  ')}\n}}" if lines else "{}"

    def definitions(self) -> list[str]:
        """Return what has to be known before the functions: used and own resources, and named types."""
        handles = {type_.resource for type_ in _types_of(self._item.functions) if isinstance(type_, Own | Borrow)}
        foreign = sorted((handles | {*self._item.resources}) - self._local)
        lines = [f"use {self._path(name)}.{{{_id(name)}}};" for name in foreign if name in self._homes]
        lines += [self._resource(name) for name in sorted(self._local | {n for n in foreign if n not in self._homes})]
        return lines + [self._definition(type_, name) for type_, name in self._names.items()]

    def _path(self, resource: str) -> str:
        """Return where a resource is defined; an interface of the same package goes by its short name."""
        home, here = (_INTERFACE_NAME.match(name) for name in (self._homes[resource], self._item.name))
        if home is None or here is None or home.group("package", "version") != here.group("package", "version"):
            return self._homes[resource]
        return _id(home["face"])

    def _resource(self, name: str) -> str:
        members = []
        for function in self._item.functions:
            match = _OF_RESOURCE.match(function.name)
            if match is None or match["resource"] != name:
                continue
            params = function.params[1:] if match["kind"] == "method" else function.params
            if match["kind"] == "constructor":
                result = "" if function.result == Own(name) else self._arrow(function)
                members.append(f"constructor({self._params(params)}){result};")
            else:
                static = "static " if match["kind"] == "static" else ""
                members.append(f"{_id(match['name'])}: {static}{self._signature(function, params)};")
        body = f" {{\n{indent(chr(10).join(members), '  ')}\n}}" if members else ";"
        return f"resource {_id(name)}{body}"

    def function(self, function: Function) -> str:
        """Return a function with its name."""
        return f"{_id(function.name)}: {self._signature(function, function.params)};"

    def _signature(self, function: Function, params: tuple[Param, ...]) -> str:
        keyword = "async func" if isinstance(function, AsyncFunction) else "func"
        return f"{keyword}({self._params(params)}){self._arrow(function)}"

    def _params(self, params: tuple[Param, ...]) -> str:
        return ", ".join(f"{_id(param.name)}: {self._type(param.type)}" for param in params)

    def _arrow(self, function: Function) -> str:
        return "" if function.result is None else f" -> {self._type(function.result)}"

    def _definition(self, type_: ValType, name: str) -> str:
        match type_:
            case Record():
                lines = [f"{_id(field.name)}: {self._type(field.type)}," for field in type_.fields]
            case VariantOf():
                lines = [self._case(case) for case in type_.cases]
            case EnumOf() | FlagsOf():
                lines = [f"{_id(word)}," for word in type_.names]
            case _:
                lines = []
        return f"{_NAMED[type(type_)]} {name} {{\n{indent(chr(10).join(lines), '  ')}\n}}"

    def _case(self, case: Case) -> str:
        return f"{_id(case.name)}," if case.type is None else f"{_id(case.name)}({self._type(case.type)}),"

    def _type(self, type_: ValType | None) -> str:
        if type_ is None:
            return "_"
        return self._names.get(type_) or _WRITERS[type(type_)](type_, self._type)


_Write = Callable[[ValType | None], str]


def _result(type_: ResultOf, write: _Write) -> str:
    if type_.err is None:
        return "result" if type_.ok is None else f"result<{write(type_.ok)}>"
    return f"result<{write(type_.ok)}, {write(type_.err)}>"


def _around(word: str) -> Callable[[Any, _Write], str]:
    return lambda type_, write: word if type_.element is None else f"{word}<{write(type_.element)}>"


_WRITERS: Final[dict[type, Callable[[Any, _Write], str]]] = {
    Primitive: lambda type_, _: type_.name,
    Own: lambda type_, _: _id(type_.resource),
    Borrow: lambda type_, _: f"borrow<{_id(type_.resource)}>",
    TupleOf: lambda type_, write: f"tuple<{', '.join(map(write, type_.elements))}>",
    ResultOf: _result,
    ListOf: _around("list"),
    OptionOf: _around("option"),
    StreamOf: _around("stream"),
    FutureOf: _around("future"),
}


def _types_of(functions: Iterable[Function]) -> Iterator[ValType]:
    """Yield every type of functions, inner ones before those that contain them."""
    for function in functions:
        for type_ in (*(param.type for param in function.params), function.result):
            if type_ is not None:
                yield from _inside_out(type_)


def _inside_out(type_: ValType) -> Iterator[ValType]:
    for part in parts_of(type_):
        yield from _inside_out(part)
    yield type_
