"""Results from a guest's memory to Python values, by the canonical ABI: generated code for calls on flat lifts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from airssys_tui.core.types.interface import (
    BYTES,
    INTEGER_BOUNDS,
    EnumOf,
    FlagsOf,
    ListOf,
    OptionOf,
    Primitive,
    Record,
    ResultOf,
    TupleOf,
    ValType,
    VariantOf,
)
from airssys_tui.engine.generated_code import GeneratedCode
from airssys_tui.engine.raw_lift.canonical_abi import (
    ITEMS,
    SIZES,
    alignment,
    cases_of,
    discriminant_size,
    fields_of,
    flags_size,
    flat,
    offsets,
    payload_offset,
    size,
)

MOST_CARRIED: Final = 2_796_202
"""Items of all lists in one result at most: the engine's own budget for what a guest gives to the host."""

_TOO_MUCH: Final = (
    "too much data is being copied between the host and the guest: fuel allocated for hostcalls has been exhausted"
)
_CHAR: Final = "if {v} > 0x10FFFF or 0xD800 <= {v} < 0xE000: error = fault('{words}'); break"
_NOT_CHAR: Final = "converted integer out of range for `char`"
_INDICES: Final = {"i32": "rI[2]", "i64": "rQ[1]", "f32": "rf[2]", "f64": "rd[1]"}
"""The payload of the native result, by its core type."""


class RawResult:
    """Generates the reading of a result; see :mod:`airssys_tui.engine.raw_values` for the form of the statements.

    Args:
        source: Collects constants.
    """

    def __init__(self, source: GeneratedCode) -> None:
        self._source = source

    def read(self, type_: ValType, body: list[str]) -> str:
        """Generate the reading of the native result and return the expression of its value.

        Raises:
            KeyError: If values of its type are not read raw.
        """
        cores = flat(type_)
        if len(cores) == 1:
            return _FLAT_READERS[type(type_)](self, type_, _INDICES[cores[0]], body)
        body += [
            "at = rI[2]",
            f"if at & {alignment(type_) - 1}: error = fault('return pointer not aligned'); break",
            "live = memory.size",
            f"if at + {size(type_)} > live: error = fault('pointer out of bounds of memory'); break",
            "at += heap",
            "carried = 0",
        ]
        return self._load(type_, 0, body)

    def _load(self, type_: ValType, offset: int, body: list[str]) -> str:
        """Generate the reading of a value at an offset from ``at`` and return its expression."""
        return _LOADERS[type(type_)](self, type_, offset, body)

    def _item(self, code: str, offset: int, body: list[str]) -> str:
        """Generate the reading of one number and return its name."""
        name, where = self._source.name("v"), _at(offset)
        if code == "B":
            body.append(f"{name} = W[{where}]")
        else:
            body.append(f"{name}, = {self._source.layout(code, 'unpack_from')}(W, {where})")
        return name

    def flat_primitive(self, type_: Primitive, payload: str, body: list[str]) -> str:
        """Read a primitive value of one core number; what it is too narrow for is cut off."""
        name, number = type_.name, self._source.name("v")
        body.append(f"{number} = {payload}")
        if name == "bool":
            return f"{number} != 0"
        if name == "char":
            body.append(_CHAR.format(v=number, words=_NOT_CHAR))
            return f"chr({number})"
        if name not in INTEGER_BOUNDS:
            return number
        least, most = INTEGER_BOUNDS[name]
        if least < 0:
            return f"(({number} & {most - least}) ^ {-least}) - {-least}"
        return f"{number} & {most}"

    def flat_enum(self, type_: EnumOf, payload: str, body: list[str]) -> str:
        """Read a name from its number."""
        number = self._source.name("v")
        body.append(f"{number} = {payload}")
        return self._named(type_, number, body)

    def flat_flags(self, type_: FlagsOf, payload: str, body: list[str]) -> str:
        """Read a set of names from its number."""
        number = self._source.name("v")
        body.append(f"{number} = {payload}")
        return f"flags_of({self._source.constant(type_.names)}, {number})"

    def _named(self, type_: EnumOf, number: str, body: list[str]) -> str:
        count = len(type_.names)
        body.append(f"if {number} >= {count}: error = past_cases({number}, {count}); break")
        return f"{self._source.constant(type_.names)}[{number}]"

    def primitive(self, type_: Primitive, offset: int, body: list[str]) -> str:
        """Read a primitive value, or text."""
        name = type_.name
        if name == "string":
            where, count = self._pair(offset, body)
            words = "string pointer/length out of bounds of memory"
            body.append(f"if {where} + {count} > live: error = fault('{words}'); break")
            text = self._source.name("s")
            body.append(f"{text} = str(W[heap + {where}:heap + {where} + {count}], 'utf-8')")
            return text
        number = self._item(ITEMS[name], offset, body)
        if name == "bool":
            return f"{number} != 0"
        if name == "char":
            body.append(_CHAR.format(v=number, words=_NOT_CHAR))
            return f"chr({number})"
        return number

    def _pair(self, offset: int, body: list[str]) -> tuple[str, str]:
        where, count = self._source.name("q"), self._source.name("n")
        body.append(f"{where}, {count} = {self._source.layout('II', 'unpack_from')}(W, {_at(offset)})")
        return where, count

    def number_list(self, type_: ListOf, offset: int, body: list[str]) -> str:
        """Read a list of numbers, of bytes as bytes."""
        where, count = self._pair(offset, body)
        name = getattr(type_.element, "name", "")
        width = SIZES[name]
        span = f"{width} * {count}" if width > 1 else count
        words = "list pointer/length out of bounds of memory"
        body.append(f"if {where} + {span} > live: error = fault('{words}'); break")
        body.append(f"carried += {count}")
        body.append(f"if carried > {MOST_CARRIED}: error = fault('{_TOO_MUCH}'); break")
        if width > 1:
            body.append(f"if {where} & {width - 1}: error = fault('list pointer is not aligned'); break")
        data, taken = self._source.name("b"), f"W[heap + {where}:heap + {where} + {span}]"
        body.append(
            f"{data} = {taken}.tobytes()" if type_ == BYTES else f"{data} = {taken}.cast('{ITEMS[name]}').tolist()"
        )
        return data

    def fields(self, type_: Record | TupleOf, offset: int, body: list[str]) -> str:
        """Read a record or a tuple."""
        types = fields_of(type_)
        parts = [self._load(field, offset + at, body) for field, at in zip(types, offsets(types), strict=False)]
        if isinstance(type_, TupleOf):
            return f"({', '.join(parts)},)"
        names = [self._source.constant(field.name) for field in type_.fields]
        return "{" + ", ".join(f"{name}: {part}" for name, part in zip(names, parts, strict=True)) + "}"

    def enum(self, type_: EnumOf, offset: int, body: list[str]) -> str:
        """Read a name from its number."""
        return self._named(type_, self._number(discriminant_size(len(type_.names)), offset, body), body)

    def flags(self, type_: FlagsOf, offset: int, body: list[str]) -> str:
        """Read a set of names from its number."""
        number = self._number(flags_size(type_), offset, body)
        return f"flags_of({self._source.constant(type_.names)}, {number})"

    def _number(self, width: int, offset: int, body: list[str]) -> str:
        return self._item({1: "B", 2: "H", 4: "I"}[width], offset, body)

    def cases(self, type_: OptionOf | ResultOf | VariantOf, offset: int, body: list[str]) -> str:
        """Read a value of one of several cases."""
        cases = cases_of(type_)
        number = self._number(discriminant_size(len(cases)), offset, body)
        value = self._source.name("x")
        for index, (case, made) in enumerate(zip(cases, self._makers(type_), strict=True)):
            inside: list[str] = []
            payload = "" if case is None else self._load(case, offset + payload_offset(type_), inside)
            body.append(f"{'el' if index else ''}if {number} == {index}:")
            body += [f"    {line}" for line in [*inside, f"{value} = {made.format(payload)}"]]
        body.append(f"else: error = past_cases({number}, {len(cases)}); break")
        return value

    def _makers(self, type_: OptionOf | ResultOf | VariantOf) -> Sequence[str]:
        """Return the expressions of the cases, with a place for the payload."""
        match type_:
            case OptionOf():
                return "None", "Some({})"
            case ResultOf():
                return "Ok({})", "Err({})"
            case _:
                names = [self._source.constant(case.name) for case in type_.cases]
                return [f"Variant({name}, {{}})" for name in names]


def _at(offset: int) -> str:
    return f"at + {offset}" if offset else "at"


_FLAT_READERS: Final[dict[type, Callable[[RawResult, Any, str, list[str]], str]]] = {
    Primitive: RawResult.flat_primitive,
    EnumOf: RawResult.flat_enum,
    FlagsOf: RawResult.flat_flags,
}

_LOADERS: Final[dict[type, Callable[[RawResult, Any, int, list[str]], str]]] = {
    Primitive: RawResult.primitive,
    ListOf: RawResult.number_list,
    Record: RawResult.fields,
    TupleOf: RawResult.fields,
    EnumOf: RawResult.enum,
    FlagsOf: RawResult.flags,
    OptionOf: RawResult.cases,
    ResultOf: RawResult.cases,
    VariantOf: RawResult.cases,
}
