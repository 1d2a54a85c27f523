"""Removes the instructions from a component, so that its types can be read without compiling unused code.

The imports and exports of a component do not depend on the bodies of its functions, and a megabyte of these takes
seconds to compile.
"""

from __future__ import annotations

from typing import Final

from airssys_tui.engine.admission import inspect

_PREAMBLE: Final = 8
_CUSTOM: Final = 0
_CORE_MODULE: Final = 1
_NESTED_COMPONENT: Final = 4
_CODE: Final = 10
_DATA: Final = 11
_DATA_COUNT: Final = 12

_BODY: Final = b"\x04\x00\x00\x01\x0b"
"""Four bytes: no local variable, ``unreachable``, ``nop``, ``end``. Valid for a function of any type.

The ``nop`` is there because :func:`airssys_tui.engine.admission.inspect` would take a size of three for a loop.
"""


def hollow(wasm: bytes) -> bytes:
    """Return a component with the same imports and exports whose core functions all trap at once.

    Data and custom sections are removed, too. The original instructions are not validated.

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
    parts = [wasm[start : start + _PREAMBLE]]
    at = start + _PREAMBLE
    while at < end:
        kind = wasm[at]
        size, body = _number(wasm, at + 1)
        at = body + size
        if kind == _CODE:
            count, _ = _number(wasm, body)
            parts.append(_section(kind, _leb(count) + _BODY * count))
        elif kind not in {_CUSTOM, _DATA, _DATA_COUNT}:
            parts.append(_section(kind, wasm[body:at]))
    return b"".join(parts)


def _section(kind: int, content: bytes) -> bytes:
    return bytes((kind,)) + _leb(len(content)) + content


def _number(wasm: bytes, at: int) -> tuple[int, int]:
    """Read an unsigned LEB128 that is known to be valid; return it and its end."""
    value = shift = 0
    while True:
        byte = wasm[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _leb(value: int) -> bytes:
    """Write an unsigned LEB128."""
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
