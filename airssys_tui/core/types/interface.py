"""A component's imports and exports as frozen values: the WIT types that every layer uses.

``engine.reflection`` reads them from compiled components; the catalog keeps them as JSON; ``core.types.compatibility``
compares them.
The textual forms follow the WIT grammar of the Component Model specification (``design/mvp/WIT.md``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import msgspec

from airssys_tui.core.errors import ExportNotFound
from airssys_tui.core.types.version import track

INTEGER_BOUNDS: Final[dict[str, tuple[int, int]]] = {
    **{f"u{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    **{f"s{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
}
"""Minimum and maximum of each WIT integer type, both included."""


class Primitive(msgspec.Struct, frozen=True, tag="primitive", tag_field="kind"):
    """``bool``, an integer, ``f32``, ``f64``, ``char``, ``string`` or ``error-context``."""

    name: str


class ListOf(msgspec.Struct, frozen=True, tag="list", tag_field="kind"):
    """``list<element>``."""

    element: ValType


class Field(msgspec.Struct, frozen=True):
    """One named field of a record."""

    name: str
    type: ValType


class Record(msgspec.Struct, frozen=True, tag="record", tag_field="kind"):
    """A record: named fields in order."""

    fields: tuple[Field, ...]


class TupleOf(msgspec.Struct, frozen=True, tag="tuple", tag_field="kind"):
    """``tuple<…>``."""

    elements: tuple[ValType, ...]


class Case(msgspec.Struct, frozen=True):
    """One case of a variant; ``type`` is None when the case has no payload."""

    name: str
    type: ValType | None = None


class VariantOf(msgspec.Struct, frozen=True, tag="variant", tag_field="kind"):
    """A variant: one of several cases, some with a payload."""

    cases: tuple[Case, ...]


class EnumOf(msgspec.Struct, frozen=True, tag="enum", tag_field="kind"):
    """An enum: one of several names."""

    names: tuple[str, ...]


class OptionOf(msgspec.Struct, frozen=True, tag="option", tag_field="kind"):
    """``option<element>``."""

    element: ValType


class ResultOf(msgspec.Struct, frozen=True, tag="result", tag_field="kind"):
    """``result<ok, err>``; a side without a payload is None."""

    ok: ValType | None = None
    err: ValType | None = None


class FlagsOf(msgspec.Struct, frozen=True, tag="flags", tag_field="kind"):
    """Flags: any subset of several names."""

    names: tuple[str, ...]


class Own(msgspec.Struct, frozen=True, tag="own", tag_field="kind"):
    """``own<resource>``: a handle that passes ownership."""

    resource: str


class Borrow(msgspec.Struct, frozen=True, tag="borrow", tag_field="kind"):
    """``borrow<resource>``: a handle lent for one call."""

    resource: str


class FutureOf(msgspec.Struct, frozen=True, tag="future", tag_field="kind"):
    """``future<element>``: represented in types, but not callable."""

    element: ValType | None = None


class StreamOf(msgspec.Struct, frozen=True, tag="stream", tag_field="kind"):
    """``stream<element>``: represented in types, but not callable."""

    element: ValType | None = None


ValType: TypeAlias = (
    Primitive
    | ListOf
    | Record
    | TupleOf
    | VariantOf
    | EnumOf
    | OptionOf
    | ResultOf
    | FlagsOf
    | Own
    | Borrow
    | FutureOf
    | StreamOf
)
"""Any WIT value type."""

BYTES: Final = ListOf(Primitive("u8"))
"""``list<u8>``: bytes in Python."""


class Param(msgspec.Struct, frozen=True):
    """One named parameter."""

    name: str
    type: ValType


class Function(msgspec.Struct, frozen=True, tag="function", tag_field="kind"):
    """A function's name and type; ``result`` is None when the function returns no value."""

    name: str
    params: tuple[Param, ...] = ()
    result: ValType | None = None

    def same_type(self, other: Function) -> bool:
        """Return whether both have the same parameter types and result; parameter names are ignored."""
        mine = tuple(param.type for param in self.params)
        return (
            type(self) is type(other)
            and mine == tuple(param.type for param in other.params)
            and self.result == other.result
        )


class AsyncFunction(Function, frozen=True, tag="async-function", tag_field="kind"):
    """An ``async func`` of WASI 0.3: can be shown and compared, but not called; no admitted component has one."""


class InterfaceType(msgspec.Struct, frozen=True, tag="interface", tag_field="kind"):
    """An imported or exported instance: its functions and the names of its resources."""

    name: str
    functions: tuple[Function, ...] = ()
    resources: tuple[str, ...] = ()


class ExportedFunction(msgspec.Struct, frozen=True):
    """A callable export; ``path`` is ``instance#function`` or ``function``."""

    path: str
    function: Function


class Interface(msgspec.Struct, frozen=True):
    """All imports and exports of a component."""

    imports: tuple[InterfaceType | Function, ...] = ()
    exports: tuple[InterfaceType | Function, ...] = ()

    def functions(self) -> tuple[ExportedFunction, ...]:
        """List every callable export in declaration order."""
        return tuple(_walk(self.exports))

    def exports_interface(self, name: str) -> bool:
        """Return whether an instance of this name is exported; a name without a version matches any version."""
        for item in self.exports:  # asked many times for each start: a generator would take twice as long
            if type(item) is InterfaceType and (item.name == name or unversioned(item.name) == name):
                return True
        return False

    def find(self, text: str) -> ExportedFunction:
        """Resolve an export from what the user typed.

        Args:
            text: ``instance#function``, where the instance's version or package may be omitted if that is unambiguous,
                or a unique bare ``function`` name.

        Raises:
            ExportNotFound: If no export or more than one matches; the remedy names the nearest.
        """
        known = self.functions()
        for export in known:
            if export.path == text:
                return export
        matches = [export for export in known if text in _spellings(export.path) or _same_track(text, export.path)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            names = ", ".join(f"`{export.path}`" for export in matches)
            raise ExportNotFound(f"`{text}` is ambiguous", remedy=f"choose one of: {names}")
        raise ExportNotFound(f"no export `{text}`", remedy=_nearest(text, known))


def resources_in(type_: ValType) -> bool:
    """Return whether a value of this type can contain a resource."""
    if isinstance(type_, Own | Borrow):
        return True
    return any(resources_in(part) for part in parts_of(type_))


def parts_of(type_: ValType) -> Iterator[ValType]:
    """Yield the component types of a type."""
    inside: tuple[ValType | None, ...] = ()
    match type_:
        case ListOf() | OptionOf() | FutureOf() | StreamOf():
            inside = (type_.element,)
        case Record():
            inside = tuple(field.type for field in type_.fields)
        case TupleOf():
            inside = type_.elements
        case VariantOf():
            inside = tuple(case.type for case in type_.cases)
        case ResultOf():
            inside = (type_.ok, type_.err)
    yield from (part for part in inside if part is not None)


def unversioned(name: str) -> str:
    """Strip the version from an interface name: ``ns:pkg/face@1.0.0`` becomes ``ns:pkg/face``."""
    return name.partition("@")[0]


def satisfies(offered: str, wanted: str) -> bool:
    """Return whether an offered interface satisfies an import: the same name and a compatible version."""
    offered_name, _, offered_version = offered.partition("@")
    wanted_name, _, wanted_version = wanted.partition("@")
    if offered_name != wanted_name:
        return False
    return offered_version == wanted_version or track(offered_version) == track(wanted_version) is not None


def _same_track(text: str, path: str) -> bool:
    """Return whether a path names the same export in another, compatible version of its interface."""
    asked, _, function = text.partition("#")
    name, _, version = asked.partition("@")
    have, _, there = path.partition("#")[0].partition("@")
    if not version or name != have or path.partition("#")[2] != function:
        return False
    return track(version) is not None and track(version) == track(there)


def _walk(items: tuple[InterfaceType | Function, ...]) -> Iterator[ExportedFunction]:
    for item in items:
        if isinstance(item, Function):
            yield ExportedFunction(item.name, item)
        else:
            for function in item.functions:
                yield ExportedFunction(f"{item.name}#{function.name}", function)


def _spellings(path: str) -> set[str]:
    instance, separator, function = path.rpartition("#")
    if not separator:
        return {function}
    bare = unversioned(instance)
    short = bare.rpartition("/")[2]
    return {function, f"{bare}#{function}", f"{short}#{function}"}


def _nearest(text: str, known: tuple[ExportedFunction, ...]) -> str:
    if not known:
        return "this component exports no functions"
    candidates = {spelling: export.path for export in known for spelling in (*_spellings(export.path), export.path)}
    import difflib  # noqa: PLC0415 - late: only for this refusal

    close = difflib.get_close_matches(text, candidates, n=3, cutoff=0.5)
    paths = list(dict.fromkeys(candidates[match] for match in close))
    if paths:
        return "did you mean " + " or ".join(f"`{path}`" for path in paths) + "?"
    shown = ", ".join(f"`{export.path}`" for export in known[:5])
    return f"its exports are {shown}" + (f" and {len(known) - 5} more" if len(known) > 5 else "")


def render(item: ValType | Function | InterfaceType | None) -> str:
    """Write a type, function or interface in WIT syntax; None becomes ``_``. Structural types are written inline."""
    return "_" if item is None else _RENDERERS[type(item)](item)


def _function(item: Function) -> str:
    params = ", ".join(f"{param.name}: {render(param.type)}" for param in item.params)
    arrow = "" if item.result is None else f" -> {render(item.result)}"
    keyword = "async func" if isinstance(item, AsyncFunction) else "func"
    return f"{item.name}: {keyword}({params}){arrow}"


def _interface(item: InterfaceType) -> str:
    lines = [f"  resource {name};" for name in item.resources]
    lines += [f"  {_function(function)};" for function in item.functions]
    return "\n".join([f"interface {item.name} {{", *lines, "}"])


def _case(case: Case) -> str:
    return case.name if case.type is None else f"{case.name}({render(case.type)})"


def _result(item: ResultOf) -> str:
    if item.err is None:
        return "result" if item.ok is None else f"result<{render(item.ok)}>"
    return f"result<{render(item.ok)}, {render(item.err)}>"


def _optional(keyword: str) -> Callable[[Any], str]:
    return lambda item: keyword if item.element is None else f"{keyword}<{render(item.element)}>"


_RENDERERS: Final[dict[type, Callable[[Any], str]]] = {
    Primitive: lambda item: item.name,
    ListOf: lambda item: f"list<{render(item.element)}>",
    Record: lambda item: "record {" + ", ".join(f"{field.name}: {render(field.type)}" for field in item.fields) + "}",
    TupleOf: lambda item: f"tuple<{', '.join(map(render, item.elements))}>",
    VariantOf: lambda item: f"variant {{{', '.join(map(_case, item.cases))}}}",
    EnumOf: lambda item: f"enum {{{', '.join(item.names)}}}",
    OptionOf: lambda item: f"option<{render(item.element)}>",
    ResultOf: _result,
    FlagsOf: lambda item: f"flags {{{', '.join(item.names)}}}",
    Own: lambda item: f"own<{item.resource}>",
    Borrow: lambda item: f"borrow<{item.resource}>",
    FutureOf: _optional("future"),
    StreamOf: _optional("stream"),
    Function: _function,
    AsyncFunction: _function,
    InterfaceType: _interface,
}
