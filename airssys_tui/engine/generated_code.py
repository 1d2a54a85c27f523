"""Generated Python source for one WIT type, compiled once: the base of lowering and lifting.

A call across the boundary costs about half a microsecond in native code; walking a type on every call would cost many
times that. So each function type becomes straight-line Python with one ``struct`` operation per group of values. Names
from a component never enter the source text: they are bound as constants.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from airssys_tui.core.types.interface import ValType

LAYOUTS: Final[dict[str, str]] = {
    "bool": "?23x",
    "s8": "b23x",
    "u8": "B23x",
    "s16": "h22x",
    "u16": "H22x",
    "s32": "i20x",
    "u32": "I20x",
    "s64": "q16x",
    "u64": "Q16x",
    "f32": "f20x",
    "f64": "d16x",
    "char": "I20x",
}
"""``struct`` layout of the 24 payload bytes of each scalar."""

VIEWS: Final = {code: "bool" if code == "?" else code for code in "?bBhHiIqQfd"}
"""``struct`` format of each view over the storage of values, and what its name in generated code ends with."""

MOST_NESTED: Final = 64
"""Maximum nesting of types that is compiled; Python's recursion limit is below the engine's own limit."""


_ITEMS: Final = re.compile(r"(\d+)x|([a-zA-Z?])")


def items_of(layout: str) -> tuple[list[int], list[str]]:
    """Return the offsets and the formats of the items of a ``struct`` layout without alignment."""
    offsets, codes, offset = [], [], 0
    for padding, code in _ITEMS.findall(layout):
        if not padding:
            offsets.append(offset)
            codes.append(code)
        offset += int(padding) if padding else struct.calcsize(code)
    return offsets, codes


class GeneratedCode:
    """A growing Python module: functions, the constants they use, and one function per type."""

    def __init__(self) -> None:
        self._namespace: dict[str, Any] = {}
        self._functions: list[str] = []
        self._by_type: dict[tuple[str, ValType], str] = {}
        self._serial = 0
        self._depth = 0

    def name(self, prefix: str) -> str:
        """Return an unused name."""
        self._serial += 1
        return f"{prefix}{self._serial}"

    def bind(self, names: Mapping[str, Any]) -> None:
        """Bind names that every generated function sees."""
        self._namespace.update(names)

    def constant(self, value: Any) -> str:
        """Bind a value and return its name."""
        name = self.name("K")
        self._namespace[name] = value
        return name

    def layout(self, text: str, operation: str) -> str:
        """Bind ``pack``, ``unpack_from``, … of a layout and return its name."""
        return self.constant(getattr(struct.Struct("<" + text), operation))

    def function(self, name: str, parameters: str, body: list[str]) -> None:
        """Add a function."""
        self._functions.append(f"def {name}({parameters}):\n" + "\n".join(f"    {line}" for line in body))

    def for_type(self, purpose: str, type_: ValType, write: Callable[[str, ValType], None]) -> str:
        """Return the name of the function for a type, generating it on first use.

        Raises:
            RecursionError: If types nest deeper than :data:`MOST_NESTED`.
        """
        known = self._by_type.get((purpose, type_))
        if known is not None:
            return known
        if self._depth >= MOST_NESTED:
            raise RecursionError(f"types nested deeper than {MOST_NESTED}")
        name = self._by_type[purpose, type_] = self.name(purpose)
        self._depth += 1
        write(name, type_)
        self._depth -= 1
        return name

    def compile(self, entry: str) -> Callable[..., Any]:
        """Compile everything and return one function."""
        code = compile("\n".join(self._functions), "<airssys-tui value layer>", "exec")
        exec(code, self._namespace)  # noqa: S102 -- our own text; guest names are constants in the namespace
        function: Callable[..., Any] = self._namespace[entry]
        return function
