"""A component that passes every call on to the functions of some interfaces of WASI, with handles as numbers.

A draft is named with its version, ``keyvalue/store@0.2.0-draft``; its exports are called without it.

An export ``io-streams-input-stream-read`` calls ``wasi:io/streams#[method]input-stream.read``, with the same parameters
and the same result, but that handles are ``u32``: what the guest has them under in its own table. So a test sees every
handle, and may make some up. ``drop-input-stream`` drops one, and ``take-input-stream`` takes one that the host gives.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from airssys_tui.core.types.interface import (
    Borrow,
    EnumOf,
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
    parts_of,
)
from airssys_tui.host.wasi.drafts.draft_types import draft_types
from airssys_tui.host.wasi.wasi_types import InterfaceTypes, wasi_types
from tests.support.engine.guests import binary

_RESULT_AT = 64
"""Where results are put that do not fit into one core value; they end before 1024."""

_MEMORY = """(memory (export "mem") 1)
  (global $top (mut i32) (i32.const 1024))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $start i32)
    (local.set $start (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
    (global.set $top (i32.add (local.get $start) (local.get 3)))
    (loop $more (if (i32.gt_u (global.get $top) (i32.mul (memory.size) (i32.const 65536)))
      (then (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable)) (br $more))))
    (local.get $start))
  (func (export "done") (global.set $top (i32.const 1024)))
  (func (export "done-i32") (param i32) (global.set $top (i32.const 1024)))
  (func (export "done-i64") (param i64) (global.set $top (i32.const 1024)))"""
"""Memory from a bump allocator, which starts anew after each call."""

_OPTIONS = '(memory (core memory $a "mem")) (realloc (core func $a "realloc"))'


def export_of(function: str) -> str:
    """Return the export that calls a function, such as ``io/streams#[method]input-stream.read``."""
    name, _, called = function.partition("#")
    plain = (
        f"{name.partition('@')[0]}#{called}".replace("[constructor]", "new-")
        .replace("[method]", "")
        .replace("[static]", "")
    )
    return plain.replace("/", "-").replace("#", "-").replace(".", "-")


@cache
def passing_guest(*interfaces: str, version: str = "") -> bytes:
    """Make a component that passes calls on.

    Args:
        interfaces: Names such as ``io/streams``; those that they use are imported, too.
        version: The release that it is built against; the newest if empty.
    """
    needed: dict[str, None] = {}
    for name in interfaces:
        _need(name, needed)
    resources = [resource for name in needed for resource in types_of(name).resources]
    passed = [(name, function) for name in interfaces for function in types_of(name).functions]
    named = [(export_of(f"{name}#{function.name}"), function) for name, function in passed]
    scope = _Scope(lambda _: "u32", "e")
    lifted = [_lifted(export, function, scope) for export, function in named]
    names = [*(export for export, _ in named), *(f"drop-{resource}" for resource in resources)]
    return binary(
        f"""(component
        {" ".join(_imported(name, version or wasi_types().version) for name in needed)}
        (core module $memory {_MEMORY})
        (core instance $a (instantiate $memory))
        {" ".join(_lowered(name, function) for name, function in passed)}
        {" ".join(f"(core func $drop-{one} (canon resource.drop ${one}))" for one in resources)}
        (core module $m
          {" ".join(_core_import(export, function) for export, function in named)}
          {" ".join(f'(import "" "drop-{one}" (func $drop-{one} (param i32)))' for one in resources)}
          {" ".join(_core_export(export, function) for export, function in named)}
          {" ".join(f'(func (export "drop-{one}") (param i32) (call $drop-{one} (local.get 0)))' for one in resources)}
          (func (export "take") (param i32) (result i32) (local.get 0)))
        (core instance $i (instantiate $m (with "" (instance
          {" ".join(f'(export "{one}" (func ${one}))' for one in names)}))))
        {" ".join(scope.lines)}
        {" ".join(lifted)}
        {
            " ".join(
                f'(func (export "drop-{one}") (param "handle" u32) (canon lift (core func $i "drop-{one}")))'
                f'(func (export "take-{one}") (param "value" (own ${one})) (result u32)'
                ' (canon lift (core func $i "take")))'
                for one in resources
            )
        })"""
    )


def types_of(name: str) -> InterfaceTypes:
    """Return the types of an interface of the release, or of a draft."""
    return draft_types().get(name) or wasi_types().interfaces[name]


def _home(interface: str) -> str:
    """Return the name by which :func:`types_of` knows an interface that defines a resource."""
    name = interface.removeprefix("wasi:")
    return name if name in draft_types() else name.partition("@")[0]


def _at(name: str) -> str:
    """Return an identifier of component text for an interface."""
    return name.replace("/", "-").replace("@", "-")


class WasiImports(NamedTuple):
    """What a component needs to call functions of WASI.

    Attributes:
        component: Imports, and the functions lowered for the memory and the allocator of the core instance ``$a``.
        core: Imports of a core module; a function is called ``$`` and its :func:`export_of`.
        names: What that module imports, each of the same name in the component.
    """

    component: str
    core: str
    names: tuple[str, ...]


def wasi_imports(*interfaces: str, version: str = "") -> WasiImports:
    """Import interfaces and all that they use, with a ``drop-`` for each resource; for guests of other shapes."""
    needed: dict[str, None] = {}
    for name in interfaces:
        _need(name, needed)
    functions = [(name, function) for name in needed for function in types_of(name).functions]
    named = [(export_of(f"{name}#{function.name}"), function) for name, function in functions]
    resources = [resource for name in needed for resource in types_of(name).resources]
    drops = [f"drop-{one}" for one in resources]
    return WasiImports(
        " ".join(
            [
                *(_imported(name, version or wasi_types().version) for name in needed),
                f"(core module $memory {_MEMORY}) (core instance $a (instantiate $memory))",
                *(_lowered(name, function) for name, function in functions),
                *(f"(core func $drop-{one} (canon resource.drop ${one}))" for one in resources),
            ]
        ),
        " ".join(
            [
                *(_core_import(export, function) for export, function in named),
                *(f'(import "" "{drop}" (func ${drop} (param i32)))' for drop in drops),
            ]
        ),
        (*(export for export, _ in named), *drops),
    )


def core_params(function: str) -> list[str]:
    """Return the core types of the parameters of a function, such as ``http/types#[method]fields.get``."""
    interface, _, name = function.partition("#")
    return _core(next(one for one in types_of(interface).functions if one.name == name))[0]


def _need(name: str, needed: dict[str, None]) -> None:
    """Add an interface after those that it uses."""
    for used in types_of(name).uses:
        home = _home(used.interface)
        if home not in needed and home != name:
            _need(home, needed)
    needed[name] = None


class _Scope:
    """Writes types as text; those that need a name are defined and exported first.

    Args:
        handle: Writes a type that is a handle.
        prefix: Begins the names.
    """

    def __init__(self, handle: Callable[[Own | Borrow], str], prefix: str) -> None:
        self.lines: list[str] = []
        self._handle = handle
        self._prefix = prefix
        self._known: dict[str, str] = {}

    def write(self, type_: ValType) -> str:
        if isinstance(type_, Primitive):
            return type_.name
        if isinstance(type_, Own | Borrow):
            return self._handle(type_)
        return _WRITERS[type(type_)](self, type_)

    def named(self, text: str) -> str:
        if text not in self._known:
            name = f"{self._prefix}{len(self._known)}"
            self.lines.append(f'(type ${name}-shape {text}) (export ${name} "{name}" (type ${name}-shape))')
            self._known[text] = f"${name}"
        return self._known[text]


def _result(scope: _Scope, type_: Any) -> str:
    ok = "" if type_.ok is None else scope.write(type_.ok)
    return f"(result {ok}{'' if type_.err is None else f' (error {scope.write(type_.err)})'})"


def _record(scope: _Scope, type_: Any) -> str:
    fields = [f'(field "{one.name}" {scope.write(one.type)})' for one in type_.fields]
    return scope.named(f"(record {' '.join(fields)})")


def _variant(scope: _Scope, type_: Any) -> str:
    cases = [f'(case "{one.name}"{"" if one.type is None else " " + scope.write(one.type)})' for one in type_.cases]
    return scope.named(f"(variant {' '.join(cases)})")


def _names(scope: _Scope, type_: Any) -> str:
    names = [f'"{name}"' for name in type_.names]
    return scope.named(f"({'enum' if isinstance(type_, EnumOf) else 'flags'} {' '.join(names)})")


_WRITERS: dict[type, Callable[[_Scope, Any], str]] = {
    ListOf: lambda scope, type_: f"(list {scope.write(type_.element)})",
    OptionOf: lambda scope, type_: f"(option {scope.write(type_.element)})",
    TupleOf: lambda scope, type_: f"(tuple {' '.join(map(scope.write, type_.elements))})",
    ResultOf: _result,
    Record: _record,
    VariantOf: _variant,
    EnumOf: _names,
    FlagsOf: _names,
}


def _signature(function: Function, scope: _Scope) -> str:
    params = " ".join(f'(param "{param.name}" {scope.write(param.type)})' for param in function.params)
    return f"{params}{'' if function.result is None else f' (result {scope.write(function.result)})'}"


def _imported(name: str, version: str) -> str:
    """Return the import of an interface, and aliases of the resources that it defines."""
    types = types_of(name)
    at = _at(name)
    lines = [f'(export "{own}" (type ${own}-here (sub resource)))' for own in types.resources]
    for number, used in enumerate(types.uses):
        home = _home(used.interface)
        actual = used.resource or used.name
        if home == name:
            lines.append(f'(export "{used.name}" (type (eq ${actual}-here)))')
        else:
            lines.append(f"(alias outer 1 ${actual} (type $used-{number}))")
            lines.append(f'(export "{used.name}" (type ${actual}-here (eq $used-{number})))')
    scope = _InstanceScope(
        lambda type_: f"({'own' if isinstance(type_, Own) else 'borrow'} ${type_.resource}-here)", "t"
    )
    functions = [f'(export "{one.name}" (func {_signature(one, scope)}))' for one in types.functions]
    body = " ".join([*lines, *scope.lines, *functions])
    aliases = " ".join(f'(alias export ${at} "{own}" (type ${own}))' for own in types.resources)
    full = name if name in draft_types() else f"{name}@{version}"
    return f'(import "wasi:{full}" (instance ${at} {body})) {aliases}'


class _InstanceScope(_Scope):
    """Writes types inside the type of an instance, where an export names a type by an equal one."""

    def named(self, text: str) -> str:
        if text not in self._known:
            name = f"{self._prefix}{len(self._known)}"
            self.lines.append(f'(type ${name}-shape {text}) (export "{name}" (type ${name} (eq ${name}-shape)))')
            self._known[text] = f"${name}"
        return self._known[text]


def _flat(type_: ValType | None) -> list[str]:
    """Return the core types of a value (Component Model, Canonical ABI, ``flatten_type``)."""
    if type_ is None:
        return []
    if isinstance(type_, ListOf) or type_ == Primitive("string"):
        return ["i32", "i32"]
    if isinstance(type_, Primitive):
        return [{"u64": "i64", "s64": "i64", "f32": "f32", "f64": "f64"}.get(type_.name, "i32")]
    if isinstance(type_, Record | TupleOf):
        return [one for part in parts_of(type_) for one in _flat(part)]
    joined: list[str] = []
    for part in parts_of(type_):
        for place, one in enumerate(_flat(part)):
            if place == len(joined):
                joined.append(one)
            elif joined[place] != one:
                joined[place] = "i32" if {joined[place], one} == {"i32", "f32"} else "i64"
    return ["i32", *joined]


def _core(function: Function) -> tuple[list[str], list[str]]:
    """Return the core types of parameters and results, before any is replaced by a pointer."""
    params = [one for param in function.params for one in _flat(param.type)]
    return (params if len(params) <= 16 else ["i32"]), _flat(function.result)


def _core_import(export: str, function: Function) -> str:
    params, results = _core(function)
    if len(results) > 1:
        params, results = [*params, "i32"], []
    return f'(import "" "{export}" (func ${export} {_types("param", params)} {_types("result", results)}))'


def _core_export(export: str, function: Function) -> str:
    params, results = _core(function)
    arguments = " ".join(f"(local.get {place})" for place in range(len(params)))
    if len(results) <= 1:
        body = f"(call ${export} {arguments})"
    else:
        body, results = f"(call ${export} {arguments} (i32.const {_RESULT_AT})) (i32.const {_RESULT_AT})", ["i32"]
    return f'(func (export "{export}") {_types("param", params)} {_types("result", results)} {body})'


def _types(word: str, types: list[str]) -> str:
    return f"({word} {' '.join(types)})" if types else ""


def _lowered(name: str, function: Function) -> str:
    export = export_of(f"{name}#{function.name}")
    return f'(core func ${export} (canon lower (func ${_at(name)} "{function.name}") {_OPTIONS}))'


def _lifted(export: str, function: Function, scope: _Scope) -> str:
    results = _core(function)[1]
    done = "done" if not results else f"done-{'i32' if len(results) > 1 else results[0]}"
    return (
        f'(func (export "{export}") {_signature(function, scope)} (canon lift (core func $i "{export}") {_OPTIONS}'
        f' (post-return (core func $a "{done}"))))'
    )
