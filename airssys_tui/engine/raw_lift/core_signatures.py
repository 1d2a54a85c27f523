"""Signatures of the functions that a core module exports (core specification, chapter 5)."""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.engine.raw_lift.section_reader import Cursor

PREAMBLE: Final = 8

_TYPE, _IMPORT, _FUNCTION, _EXPORT = 1, 2, 3, 7
_FUNCTION_TYPE: Final = 0x60
_FUNC, _TABLE, _MEMORY, _GLOBAL = range(4)
_REFERENCES: Final = frozenset({0x63, 0x64})
_NUMBERS: Final = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64"}
_HAS_MAXIMUM: Final = 0x01


class CoreSignature(msgspec.Struct, frozen=True):
    """The type of a core function: names of core number types."""

    params: tuple[str, ...]
    results: tuple[str, ...]


def exported_signatures(module: Cursor) -> dict[str, CoreSignature]:
    """Return the signatures of the functions that a module exports; those of other types than numbers are left out.

    Args:
        module: The module, its preamble included.

    Raises:
        ValueError: If the module has forms that are not read here, such as recursive types.
    """
    module.skip(PREAMBLE)
    types: list[CoreSignature | None] = []
    functions: list[int] = []
    exports: dict[str, int] = {}
    for kind, start, end in module.sections():
        section = module.within(start, end)
        if kind == _TYPE:
            types = [_function_type(section) for _ in range(section.count())]
        elif kind == _IMPORT:
            functions = _imported(section)
        elif kind == _FUNCTION:
            functions += [section.number() for _ in range(section.count())]
        elif kind == _EXPORT:
            exports = _exports(section)
    found = {name: types[functions[index]] for name, index in exports.items() if index < len(functions)}
    return {name: signature for name, signature in found.items() if signature is not None}


def _function_type(section: Cursor) -> CoreSignature | None:
    if section.byte() != _FUNCTION_TYPE:
        raise ValueError("a type that is not a function")
    params, results = _values(section), _values(section)
    return None if params is None or results is None else CoreSignature(params, results)


def _values(section: Cursor) -> tuple[str, ...] | None:
    names = [_value(section) for _ in range(section.count())]
    known = tuple(name for name in names if name is not None)
    return known if len(known) == len(names) else None


def _value(section: Cursor) -> str | None:
    kind = section.byte()
    if kind in _REFERENCES:
        section.number()
    return _NUMBERS.get(kind)


def _imported(section: Cursor) -> list[int]:
    found = []
    for _ in range(section.count()):
        section.name()
        section.name()
        kind = section.byte()
        if kind == _FUNC:
            found.append(section.number())
        elif kind == _TABLE:
            _value(section)
            _limits(section)
        elif kind == _MEMORY:
            _limits(section)
        elif kind == _GLOBAL:
            _value(section)
            section.byte()
        else:
            raise ValueError("an import of an unknown kind")
    return found


def _limits(section: Cursor) -> None:
    has_maximum = section.byte() & _HAS_MAXIMUM
    section.number()
    if has_maximum:
        section.number()


def _exports(section: Cursor) -> dict[str, int]:
    found = {}
    for _ in range(section.count()):
        name, kind, index = section.name(), section.byte(), section.number()
        if kind == _FUNC:
            found[name] = index
    return found
