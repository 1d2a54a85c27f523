"""Removes the code from a component, so that its types can be read without compiling it.

The imports and exports of a component do not depend on the bodies of its functions, nor on functions that a core module
does not export. A megabyte of them takes seconds to compile, and even empty ones take half a second.
"""

from __future__ import annotations

from typing import Final

from airssys_tui.engine.admission import inspect
from airssys_tui.engine.function_pruning import CODE, Section, leb128, only_exported

_PREAMBLE: Final = 8
_CUSTOM: Final = 0
_CORE_MODULE: Final = 1
_NESTED_COMPONENT: Final = 4
_DATA: Final = 11
_DATA_COUNT: Final = 12

_BODY: Final = b"\x04\x00\x00\x01\x0b"
"""Four bytes: no local variable, ``unreachable``, ``nop``, ``end``. Valid for a function of any type.

The ``nop`` is there because :func:`airssys_tui.engine.admission.inspect` would take a size of three for a loop.
"""


def hollow(wasm: bytes) -> bytes:
    """Return a component with the same imports and exports whose core functions all trap at once.

    Data and custom sections are removed, too, and functions that their module does not export. What is removed is not
    validated.

    Args:
        wasm: A component.

    Raises:
        AdmissionError: If it is not a component, or not within bounds.
    """
    inspect(wasm)
    return _component(wasm, 0, len(wasm))


def _component(wasm: bytes, start: int, end: int) -> bytes:
    parts = [wasm[start : start + _PREAMBLE]]
    at = start + _PREAMBLE
    while at < end:
        kind = wasm[at]
        size, body = _number(wasm, at + 1)
        at = body + size
        if kind == _CORE_MODULE:
            parts.append(_section(kind, _module(wasm, body, at)))
        elif kind == _NESTED_COMPONENT:
            parts.append(_section(kind, _component(wasm, body, at)))
        elif kind != _CUSTOM:
            parts.append(_section(kind, wasm[body:at]))
    return b"".join(parts)


def _module(wasm: bytes, start: int, end: int) -> bytes:
    sections = []
    at = start + _PREAMBLE
    while at < end:
        kind = wasm[at]
        size, body = _number(wasm, at + 1)
        at = body + size
        if kind not in {_CUSTOM, _DATA, _DATA_COUNT}:
            sections.append(Section(kind, wasm[body:at]))
    parts = [wasm[start : start + _PREAMBLE]]
    for kind, content in only_exported(sections):
        parts.append(_section(kind, _empty_bodies(content) if kind == CODE else content))
    return b"".join(parts)


def _empty_bodies(code: bytes) -> bytes:
    count, _ = _number(code, 0)
    return leb128(count) + _BODY * count


def _section(kind: int, content: bytes) -> bytes:
    return bytes((kind,)) + leb128(len(content)) + content


def _number(wasm: bytes, at: int) -> tuple[int, int]:
    """Read an unsigned LEB128 that is known to be valid; return it and its end."""
    value = shift = 0
    while True:
        byte = wasm[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
