"""Removes the functions of a core module that it does not export.

A component's types come from what its core modules import and export. A compiler for languages leaves thousands of
functions in a module and exports a dozen; each takes a tenth of a millisecond to compile, however short its body.

A module with something unusual where functions are named (a type of several bytes, a reference to a function in the
initial value of a global or table) stays as it is: that costs time, and never a wrong answer. What is damaged stays as
it is, too, and the compiler says where.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

IMPORTS: Final = 2
FUNCTIONS: Final = 3
TABLES: Final = 4
GLOBALS: Final = 6
EXPORTS: Final = 7
START: Final = 8
ELEMENTS: Final = 9
CODE: Final = 10

_FUNCTION, _TABLE, _MEMORY, _GLOBAL, _TAG = range(5)
"""Kinds of imports and exports."""

_REF_FUNC: Final = 0xD2
_PLAIN_TYPES: Final = frozenset({0x7F, 0x7E, 0x7D, 0x7C, 0x7B, 0x70, 0x6F})
_LONGEST: Final = 10
"""Bytes of the longest number, one of 64 bits."""


class Section(NamedTuple):
    """One section of a core module, without its header."""

    kind: int
    content: bytes


class _Unusual(Exception):
    """The module is left as it is."""


def only_exported(sections: Sequence[Section]) -> list[Section]:
    """Return a module's sections without functions that it does not export, nor the start function and table elements.

    The code section has the number of the functions left, and no bodies.
    """
    try:
        return _pruned(sections)
    except (_Unusual, IndexError):
        return list(sections)


def _pruned(sections: Sequence[Section]) -> list[Section]:
    contents = {section.kind: section.content for section in sections}
    if any(_REF_FUNC in contents.get(kind, b"") for kind in (TABLES, GLOBALS)):
        raise _Unusual
    imported = _imported_functions(contents.get(IMPORTS, b"\0"))
    types = _Reader(contents.get(FUNCTIONS, b"\0")).numbers()
    exports = _exports(contents.get(EXPORTS, b"\0"))
    kept = sorted({at for _, kind, at in exports if kind == _FUNCTION and at >= imported})
    if kept and kept[-1] >= imported + len(types):
        raise _Unusual
    places = {at: imported + place for place, at in enumerate(kept)}
    renumbered = b"".join(
        name + bytes((kind,)) + leb128(places.get(at, at) if kind == _FUNCTION else at) for name, kind, at in exports
    )
    fresh = {
        FUNCTIONS: leb128(len(kept)) + b"".join(leb128(types[at - imported]) for at in kept),
        EXPORTS: leb128(len(exports)) + renumbered,
        CODE: leb128(len(kept)),
    }
    return [Section(kind, fresh.get(kind, content)) for kind, content in sections if kind not in (START, ELEMENTS)]


class _Export(NamedTuple):
    """An export: its name with its length in front, what it is, and its index."""

    name: bytes
    kind: int
    place: int


def _exports(content: bytes) -> list[_Export]:
    reader = _Reader(content)
    found = [_Export(reader.name(), reader.byte(), reader.number()) for _ in range(reader.number())]
    reader.end()
    return found


def _imported_functions(content: bytes) -> int:
    reader, functions = _Reader(content), 0
    for _ in range(reader.number()):
        reader.name()
        reader.name()
        kind = reader.byte()
        functions += kind == _FUNCTION
        _skip_import(reader, kind)
    reader.end()
    return functions


def _skip_import(reader: _Reader, kind: int) -> None:
    match kind:
        case _ if kind == _FUNCTION:
            reader.number()
        case _ if kind == _TABLE:
            reader.plain_type()
            reader.limits()
        case _ if kind == _MEMORY:
            reader.limits()
        case _ if kind == _GLOBAL:
            reader.plain_type()
            reader.byte()
        case _ if kind == _TAG:
            reader.byte()
            reader.number()
        case _:
            raise _Unusual


class _Reader:
    """Reads the contents of a section from its start; past its end is an ``IndexError``."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def byte(self) -> int:
        value = self._content[self._at]
        self._at += 1
        return value

    def number(self) -> int:
        value = 0
        for place in range(_LONGEST):
            byte = self.byte()
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return value
        raise _Unusual

    def numbers(self) -> list[int]:
        found = [self.number() for _ in range(self.number())]
        self.end()
        return found

    def name(self) -> bytes:
        start, size = self._at, self.number()
        self._at += size
        return self._content[start : self._at]

    def plain_type(self) -> None:
        if self.byte() not in _PLAIN_TYPES:
            raise _Unusual

    def limits(self) -> None:
        flags = self.byte()
        if flags > 7:  # a page size of its own
            raise _Unusual
        self.number()
        if flags & 1:
            self.number()

    def end(self) -> None:
        if self._at != len(self._content):
            raise _Unusual


def leb128(value: int) -> bytes:
    """Write an unsigned LEB128."""
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
