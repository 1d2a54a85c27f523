"""Finds the asynchronous parts of a component (WASI 0.3) in its type and canon sections, before it is compiled.

This version runs synchronous components only: a stream or future that reaches the host would abort the process. The
reading follows the binary format (Component Model ``design/mvp/Binary.md``, "Type Definitions" and "Canonical
Definitions"). It only looks: what it cannot read is left to the compiler, which refuses the same features.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Final

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.core.units import KIB

BUDGET: Final = 256 * KIB
"""Bytes of type and canon sections that are read per component, at most half a second."""

REMEDY: Final = "build it for WASI 0.2, with synchronous exports (componentize-qjs: `--sync`)"

_TOLD: Final = 3
"""Names of features in a message."""

_FIRST: Final = ("stream", "future", "async func", "error-context")
"""Features that a developer knows by name; a message names them before others."""

_ASYNC_OPTION: Final = 0x06
_CALLBACK_OPTION: Final = 0x07
_OPTIONS_WITH_INDEX: Final = frozenset({0x03, 0x04, 0x05, _CALLBACK_OPTION, 0x08})

_SHAPES: Final[dict[int, tuple[str, ...]]] = {
    0x72: ("parameters",),  # record
    0x71: ("cases",),
    0x70: ("value",),  # list
    0x67: ("value", "number"),  # list of a fixed length
    0x6F: ("values",),  # tuple
    0x6E: ("texts",),  # flags
    0x6D: ("texts",),  # enum
    0x6B: ("value",),  # option
    0x6A: ("perhaps_value", "perhaps_value"),  # result
    0x69: ("number",),  # own
    0x68: ("number",),  # borrow
    0x66: ("perhaps_value",),  # stream
    0x65: ("perhaps_value",),  # future
    0x63: ("value", "value"),  # map
    0x40: ("parameters", "results"),  # function
    0x43: ("parameters", "results"),  # asynchronous function
    0x41: ("declarations",),  # component
    0x42: ("declarations",),  # instance
    0x3F: ("byte", "perhaps_number"),  # resource
    0x3E: ("byte", "number", "perhaps_number"),  # resource with an asynchronous destructor
}
"""What follows the first byte of each type."""

_ASYNC_TYPES: Final = {0x66: "stream", 0x65: "future", 0x43: "async func", 0x3E: "async"}
_ERROR_CONTEXT: Final = 0x64
_PRIMITIVES: Final = range(0x73, 0x80)

_TYPE, _ALIAS, _IMPORT, _EXPORT = 0x01, 0x02, 0x03, 0x04
_OUTER: Final = 0x02
_VERSIONED_NAME: Final = 0x02
_MODULE, _VALUE, _BOUND = 0x00, 0x02, 0x03
_LIFT, _LOWER = 0x00, 0x01
_RESOURCE_BUILTINS: Final = frozenset({0x02, 0x03, 0x04})

_BUILTINS: Final[dict[int, str]] = {
    0x05: "task.cancel",
    0x06: "subtask.cancel",
    0x08: "backpressure.set",
    0x09: "task.return",
    0x0A: "context.get",
    0x0B: "context.set",
    0x0C: "thread.yield",
    0x0D: "subtask.drop",
    **dict.fromkeys(range(0x0E, 0x15), "stream"),
    **dict.fromkeys(range(0x15, 0x1C), "future"),
    **dict.fromkeys(range(0x1C, 0x1F), "error-context"),
    0x1F: "waitable-set.new",
    0x20: "waitable-set.wait",
    0x21: "waitable-set.poll",
    0x22: "waitable-set.drop",
    0x23: "waitable.join",
    0x24: "backpressure.inc",
    0x25: "backpressure.dec",
    0x26: "thread.index",
    0x27: "thread.new-indirect",
    0x28: "thread.switch-to",
    0x29: "thread.suspend",
}

_REFUSED: Final = re.compile(
    r"(?:`(?P<name>[a-z.-]+)`|canonical option `(?P<option>[a-z]+)`|(?P<function>async component functions))"
    r"(?: \w+)*? requires? the component model (?:async|error-context|threading)\b"
)


def refusal(features: tuple[str, ...], gate: Gate = Gate.SECTIONS) -> AdmissionError:
    """Return the error for a component that uses these features."""
    known = sorted(features, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    names = ", ".join(f"`{name}`" for name in known[:_TOLD])
    text = f"it uses asynchronous components (WASI 0.3: {names}), which this version cannot run"
    return AdmissionError(text, gate=gate, remedy=REMEDY)


def refusal_of(words: str) -> AdmissionError | None:
    """Return the same error for a compiler's message about such a feature; None for other messages."""
    match = _REFUSED.search(words)
    if match is None:
        return None
    name = match["name"] or match["option"] or "async func"
    return refusal((name,), Gate.COMPILE)


class AsyncFeatures:
    """Collects the asynchronous features of a component, section by section.

    Args:
        data: The bytes of the component.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = self._end = 0
        self._left = BUDGET
        self._found: dict[str, None] = {}

    @property
    def found(self) -> tuple[str, ...]:
        """Names of the features found so far, in order of appearance."""
        return tuple(self._found)

    def read_types(self, start: int, end: int) -> None:
        """Read the contents of a type section; stop at what cannot be read."""
        self._read(start, end, self._type)

    def read_canons(self, start: int, end: int) -> None:
        """Read the contents of a canon section; stop at the first built-in of the asynchronous model."""
        self._read(start, end, self._canon)

    def _read(self, start: int, end: int, one: Callable[[], None]) -> None:
        self._at, self._end = start, min(end, start + self._left)
        self._left -= self._end - start
        with contextlib.suppress(ValueError, RecursionError):  # left to the compiler
            self._many(one)

    def _byte(self) -> int:
        if self._at >= self._end:
            raise ValueError
        self._at += 1
        return self._data[self._at - 1]

    def _number(self) -> int:
        value = shift = 0
        while shift < 35:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise ValueError

    def _many(self, one: Callable[[], object]) -> None:
        for _ in range(self._number()):
            one()

    def _optional(self, one: Callable[[], object]) -> None:
        if self._byte():
            one()

    def _perhaps_value(self) -> None:
        self._optional(self._value)

    def _perhaps_number(self) -> None:
        self._optional(self._number)

    def _values(self) -> None:
        self._many(self._value)

    def _texts(self) -> None:
        self._many(self._text)

    def _cases(self) -> None:
        self._many(self._case)

    def _text(self) -> None:
        size = self._number()
        self._at += size

    def _note(self, name: str) -> None:
        self._found[name] = None

    def _value(self) -> None:
        """Read a value type: a primitive in one byte, or the index of a type."""
        if self._at < self._end and 0x40 <= self._data[self._at] <= 0x7F:
            if self._byte() == _ERROR_CONTEXT:
                self._note("error-context")
        else:
            self._number()

    def _labelled(self) -> None:
        self._text()
        self._value()

    def _case(self) -> None:
        self._text()
        self._perhaps_value()
        self._byte()

    def _type(self) -> None:
        kind = self._byte()
        if kind in _SHAPES:
            if kind in _ASYNC_TYPES:
                self._note(_ASYNC_TYPES[kind])
            for part in _SHAPES[kind]:
                getattr(self, f"_{part}")()
        elif kind == _ERROR_CONTEXT:
            self._note("error-context")
        elif kind not in _PRIMITIVES:
            raise ValueError

    def _parameters(self) -> None:
        self._many(self._labelled)

    def _results(self) -> None:
        if self._byte() == 0:
            self._value()
        else:
            self._many(self._labelled)

    def _declarations(self) -> None:
        self._many(self._declaration)

    def _declaration(self) -> None:
        kind = self._byte()
        if kind == _TYPE:
            self._type()
        elif kind == _ALIAS:
            self._alias()
        elif kind in {_IMPORT, _EXPORT}:
            self._name()
            self._description()
        else:
            raise ValueError  # core types

    def _alias(self) -> None:
        if self._byte() == 0:
            self._byte()
        of_outer = self._byte() == _OUTER
        self._number()
        if of_outer:
            self._number()
        else:
            self._text()

    def _name(self) -> None:
        versioned = self._byte() == _VERSIONED_NAME
        self._text()
        if versioned:
            self._text()

    def _description(self) -> None:
        kind = self._byte()
        if kind == _MODULE:
            self._byte()
            self._number()
        elif kind == _VALUE:
            (self._value if self._byte() else self._number)()
        elif kind == _BOUND:
            if self._byte() == 0:
                self._number()
        else:
            self._number()

    def _canon(self) -> None:
        kind = self._byte()
        if kind in {_LIFT, _LOWER}:
            self._byte()
            self._number()
            self._many(self._option)
            if kind == _LIFT:
                self._number()
        elif kind in _RESOURCE_BUILTINS:
            self._number()
        else:
            if kind in _BUILTINS:
                self._note(_BUILTINS[kind])
            raise ValueError  # their operands differ, and one is enough

    def _option(self) -> None:
        kind = self._byte()
        if kind in {_ASYNC_OPTION, _CALLBACK_OPTION}:
            self._note("async")
        if kind in _OPTIONS_WITH_INDEX:
            self._number()
