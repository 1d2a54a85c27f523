"""What the baseline compiler (Winch) cannot compile, found in the instructions of a component before it is tried.

Winch refuses tail calls, exceptions, garbage collection, typed function references, relaxed SIMD, wide arithmetic and
atomics, but only after it has compiled for a second or two. Here the instructions are read (core specification, chapter
5.4) as far as they have to be told apart. What cannot be read is left to the compiler.

The reading is one regular expression over the instructions without a gap, because a loop in Python would take longer
than the compiler. It stops at the others: those that are gaps, and ``br_table``, whose labels are counted.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from typing import Final

_PREAMBLE: Final = 8
_CORE_MODULE: Final = 1
_NESTED_COMPONENT: Final = 4
_CODE: Final = 10

_PROCESSORS: Final = frozenset({"x86_64", "amd64", "aarch64", "arm64"})
"""Processors that Winch compiles for."""

_STRIDE: Final = 65_536
"""Bytes read in one go: the interpreter is held meanwhile, about a millisecond."""

_MOST_LABELS: Final = 200_000
"""Labels of ``br_table`` that are read of one component; they are read one by one."""

_MOST_GROUPS: Final = 64
"""Groups of local variables of a body that is read."""

_INT: Final = rb"[\x80-\xff]{0,9}+[\x00-\x7f]"
_MEMORY: Final = rb"(?:[\x00-\x3f]%b|[\x40-\x7f]%b%b)" % (_INT, _INT, _INT)
_PLAIN: Final = re.compile(
    rb"(?:"
    rb"[\x00\x01\x05\x0b\x0f\x1a\x1b\x45-\xc4\xd1]"  # without operands
    rb"|[\x0c\x0d\x10\x20-\x26\x3f-\x42\xd0\xd2]%(int)b"  # an index, a constant, a heap type
    rb"|[\x02-\x04](?:[\x40\x6f\x70\x7b-\x7f]|[\x00-\x3f]|[\x80-\xff]{1,4}[\x00-\x3f])"  # blocks
    rb"|[\x28-\x3e]%(memory)b"
    rb"|\x11%(int)b%(int)b"  # call_indirect
    rb"|\x43.{4}|\x44.{8}"
    rb"|\x1c\x01[\x6f\x70\x7b-\x7f]"  # select with a type
    rb"|\xfc(?:[\x00-\x07]|[\x09\x0b\x0d\x0f-\x11]%(int)b|[\x08\x0a\x0c\x0e]%(int)b%(int)b)"
    rb"|\xfd(?:[\x00-\x0b\x5c\x5d]%(memory)b|[\x0c\x0d].{16}|[\x15-\x22].|[\x54-\x5b]%(memory)b."
    rb"|[\x0e-\x14\x23-\x53\x5e-\x7f]|[\x80-\xff]\x01)"
    rb")*+" % {b"int": _INT, b"memory": _MEMORY},
    re.DOTALL,
)
_LABELS: Final = re.compile(_INT)

_BR_TABLE: Final = 0x0E
_SIMD: Final = 0xFD
_MISCELLANEOUS: Final = 0xFC
_WIDE: Final = range(0x13, 0x17)
_GAPS: Final[dict[int, str]] = {
    **dict.fromkeys((0x06, 0x07, 0x08, 0x09, 0x0A, 0x18, 0x19, 0x1F), "exceptions"),
    **dict.fromkeys((0x12, 0x13, 0x15), "tail calls"),
    **dict.fromkeys((0x14, 0xD4, 0xD5, 0xD6), "typed function references"),
    **dict.fromkeys((0xD3, 0xFB), "garbage collection"),
    0xFE: "atomics",
}


def baseline_gap(wasm: bytes) -> str | None:
    """Return a feature that a component uses and the baseline compiler lacks; None if there is none, or none is seen.

    Args:
        wasm: A component that :func:`airssys_tui.engine.admission.inspect` lets through.
    """
    if platform.machine().lower() not in _PROCESSORS:
        return f"the processor {platform.machine()}"
    reading = _Reading(wasm)
    return next(filter(None, map(reading.gap_in, _code_sections(wasm, _PREAMBLE, len(wasm)))), None)


def _code_sections(wasm: bytes, start: int, end: int, *, core: bool = False) -> Iterator[tuple[int, int]]:
    """Find the contents of all code sections, at every depth."""
    while start < end:
        kind = wasm[start]
        size, body = _number(wasm, start + 1)
        start = body + size
        if core and kind == _CODE:
            yield body, start
        elif not core and kind in {_CORE_MODULE, _NESTED_COMPONENT}:
            yield from _code_sections(wasm, body + _PREAMBLE, start, core=kind == _CORE_MODULE)


class _Reading:
    def __init__(self, wasm: bytes) -> None:
        self._wasm = wasm
        self._labels = _MOST_LABELS

    def gap_in(self, section: tuple[int, int]) -> str | None:
        """Return the first gap in the bodies of a code section."""
        count, at = _number(self._wasm, section[0])
        for _ in range(count):
            size, body = _number(self._wasm, at)
            at = body + size
            if (gap := self._gap_in_body(body, at)) is not None:
                return gap
        return None

    def _gap_in_body(self, start: int, end: int) -> str | None:
        groups, at = _number(self._wasm, start)
        if groups > _MOST_GROUPS:
            return None
        for _ in range(groups):
            _, at = _number(self._wasm, at)
            at += 1  # a type of more than a byte is no instruction: the reading ends there
        while at < end:
            stop = self._after_plain(at, end)
            if stop >= end:
                return None
            first = self._wasm[stop]
            if first != _BR_TABLE:
                return self._gap_at(first, stop)
            at = self._after_labels(stop + 1, end)
        return None

    def _after_plain(self, at: int, end: int) -> int:
        """Return where the first instruction begins that is not plain, or the end."""
        while True:
            edge = min(end, at + _STRIDE)
            reached = _end_of_plain(self._wasm, at, edge)
            if edge == end or reached == at:
                return reached
            at = reached  # an instruction that the edge cut off is the first one of the next stride

    def _after_labels(self, at: int, end: int) -> int:
        """Return the end of the labels of a ``br_table``; the end of the body if they are too many to read."""
        count, at = _number(self._wasm, at)
        self._labels -= count + 1
        if self._labels < 0 or count >= end - at:
            return end
        for _ in range(count + 1):
            found = _LABELS.match(self._wasm, at, end)
            if found is None:
                return end
            at = found.end()
        return at

    def _gap_at(self, first: int, at: int) -> str | None:
        number = _number(self._wasm, at + 1)[0]
        if first == _SIMD:
            return "relaxed SIMD" if number >= 0x100 else None
        if first == _MISCELLANEOUS:
            return "wide arithmetic" if number in _WIDE else None
        return _GAPS.get(first)


def _end_of_plain(wasm: bytes, at: int, end: int) -> int:
    found = _PLAIN.match(wasm, at, end)
    return at if found is None else found.end()


def _number(wasm: bytes, at: int) -> tuple[int, int]:
    """Read an unsigned LEB128 of a file that was inspected; return it and its end."""
    value = shift = 0
    while at < len(wasm):
        byte = wasm[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            break
    return value, at
