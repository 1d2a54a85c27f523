"""Results of host functions into a guest's memory, by the canonical ABI: generated code for functions that write them.

The code checks and encodes the whole value first, so that a wrong one is refused before anything is written. Then it
writes in the order of the canonical ABI, as far as it needs no room from the guest's allocator. The rest it returns as
steps, last one first: a :class:`Room` and what follows it. :func:`go_on` takes them when the adapter
(:mod:`airssys_tui.engine.raw_lift.result_adapter`) has got room. What a guest does wrong raises :class:`BadPointer`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

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
from airssys_tui.engine import bindings
from airssys_tui.engine.generated_code import GeneratedCode
from airssys_tui.engine.lifting import WORLD
from airssys_tui.engine.raw_lift.canonical_abi import (
    ITEMS,
    SIZES,
    alignment,
    cases_of,
    discriminant_size,
    fields_of,
    flags_size,
    offsets,
    payload_offset,
    size,
)
from airssys_tui.engine.raw_lift.result_adapter import ALIGNED, WRITTEN
from airssys_tui.engine.raw_path.raw_writing import CONSTANTS, MOST_BYTES, cases_with_payloads, packed_list

if TYPE_CHECKING:
    from airssys_tui.engine.memory import LinearMemory


class BadPointer(Exception):
    """A guest gave a pointer that cannot be used.

    Args:
        words: What the engine says of it.
    """

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.error = bindings.new_error(words)


class Room(msgspec.Struct, frozen=True, gc=False):
    """Bytes that need room in the guest's memory.

    Attributes:
        data: The bytes.
        count: Items in them.
        aligned: Alignment of an item.
        at: Address at which the pointer and the count are stored.
    """

    data: bytes
    count: int
    aligned: int
    at: int

    @property
    def request(self) -> int:
        """What the adapter is told to ask the allocator for."""
        return self.aligned << ALIGNED | len(self.data)


class Number(msgspec.Struct, frozen=True, gc=False):
    """Bytes that are stored in the result after there was room for what stands before them."""

    data: bytes
    at: int


Steps: TypeAlias = list[Room | Number]


def go_on(steps: Steps, where: int, memory: LinearMemory) -> int:
    """Write what there is now room for.

    Args:
        steps: What is not written yet, last one first; a room is next.
        where: Where the guest's allocator has room for it.
        memory: The guest's memory.

    Returns:
        The next request, or :data:`~airssys_tui.engine.raw_lift.result_adapter.WRITTEN`.

    Raises:
        BadPointer: If the room is not in the memory, or not aligned.
    """
    room = steps.pop()
    data, size = room.data, len(room.data)
    if where & (room.aligned - 1):  # type: ignore[union-attr]
        raise BadPointer("realloc return: result not aligned")
    # A component that calls the host by itself, without an adapter, may give any number.
    if not 0 <= where <= memory.size - size:
        raise BadPointer("realloc return: beyond end of memory")
    start = memory.base + where
    WORLD[start : start + size] = data
    _PAIR(WORLD, room.at, where, room.count)  # type: ignore[union-attr]
    while steps:
        step = steps[-1]
        if step.__class__ is Room:
            return step.request
        WORLD[step.at : step.at + len(step.data)] = step.data
        steps.pop()
    return WRITTEN


class RawStoring:
    """Generates the writing of values.

    Args:
        source: Collects constants.

    Attributes:
        checks: Statements that check and encode; any exception of theirs means a value that does not fit.
        moves: Statements that write.
    """

    def __init__(self, source: GeneratedCode) -> None:
        self._source = source
        source.bind(CONSTANTS)
        source.bind({"BadPointer": BadPointer, "Room": Room, "Number": Number})
        self.checks: list[str] = []
        self.moves: list[str] = []
        self._asks = False

    def function(self, type_: ValType) -> str:
        """Generate the function ``(value, scope, memory, at, refused) -> steps`` and return its name."""
        self.add(type_, "value", 0)
        body = [
            "try:",
            *(f"    {line}" for line in self.checks),
            "except Exception as cause:",
            "    refused(scope, value, cause)",
            f"if at & {alignment(type_) - 1}: raise BadPointer('pointer not aligned')",
            f"if at + {size(type_)} > memory.size: raise BadPointer('pointer out of bounds')",
            "at += memory.base",
            "steps = []",
            *self.moves,
            "if len(steps) > 1: steps.reverse()",
            "return steps",
        ]
        self._source.function("store", "value, scope, memory, at, refused", body)
        return "store"

    def add(self, type_: ValType, variable: str, offset: int) -> None:
        """Add a value at an offset."""
        _STORERS[type(type_)](self, type_, variable, offset)

    def _put(self, code: str, offset: int, number: str) -> None:
        """Add the writing of a number."""
        where = f"at + {offset}" if offset else "at"
        at_once = f"{self._source.layout(code, 'pack_into')}(W, {where}, {number})"
        if code == "B":
            at_once = f"W[{where}] = {number}"
        if self._asks:
            later = f"steps.append(Number({self._source.layout(code, 'pack')}({number}), {where}))"
            self.moves += [f"if steps: {later}", f"else: {at_once}"]
        else:
            self.moves.append(at_once)

    def primitive(self, type_: Primitive, variable: str, offset: int) -> None:
        """Add a number, a boolean, a character or text."""
        name = type_.name
        if name == "string":
            encoded = f"{variable}.encode() if {variable}.__class__ is str else exact_text({variable})"
            self._moved(encoded, "", 1, offset)
            return
        number = self._source.name("k")
        if name == "f32":
            # What is past its range is refused before anything is written.
            pack = self._source.layout("f", "pack")
            self.checks.append(
                f"{number} = {pack}({variable} if {variable}.__class__ is float else as_float({variable}))"
            )
            self.moves.append(f"W[at + {offset}:at + {offset + 4}] = {number}")
            return
        if name in _SPECIAL:
            self.checks.append(f"{number} = {_SPECIAL[name].format(v=variable)}")
        else:
            least, most = INTEGER_BOUNDS[name]
            self.checks.append(f"{number} = {variable} if {variable}.__class__ is int else as_int({variable})")
            self.checks.append(f"if not {least} <= {number} <= {most}: refuse()")
        self._put(ITEMS[name], offset, number)

    def number_list(self, type_: ListOf, variable: str, offset: int) -> None:
        """Add a list of numbers."""
        if type_ == BYTES:
            self._moved(f"{variable} if {variable}.__class__ is bytes else exact_bytes({variable})", "", 1, offset)
            return
        width = SIZES[getattr(type_.element, "name", "")]
        self._moved(packed_list(self._source, type_, variable), f" // {width}", width, offset)

    def _moved(self, encoded: str, per_item: str, aligned: int, offset: int) -> None:
        """Add bytes: encode and measure them, and have them written when there is room."""
        made, count = self._source.name("b"), self._source.name("n")
        self.checks += [f"{made} = {encoded}", f"{count} = len({made})", f"if {count} > {MOST_BYTES}: refuse()"]
        self._asks = True
        self.moves.append(f"steps.append(Room({made}, {count}{per_item}, {aligned}, at + {offset}))")

    def record(self, type_: Record, variable: str, offset: int) -> None:
        """Add the fields of a record."""
        self.checks.append(f"if not isinstance({variable}, dict) or len({variable}) != {len(type_.fields)}: refuse()")
        for field, at in zip(type_.fields, offsets(fields_of(type_)), strict=False):
            part = self._source.name("f")
            self.checks.append(f"{part} = {variable}[{self._source.constant(field.name)}]")
            self.add(field.type, part, offset + at)

    def tuple_(self, type_: TupleOf, variable: str, offset: int) -> None:
        """Add the fields of a tuple."""
        parts = [self._source.name("t") for _ in type_.elements]
        self.checks.append(f"if not isinstance({variable}, tuple): refuse()")
        self.checks.append(f"{', '.join(parts)}, = {variable}")
        for element, part, at in zip(type_.elements, parts, offsets(type_.elements), strict=False):
            self.add(element, part, offset + at)

    def enum(self, type_: EnumOf, variable: str, offset: int) -> None:
        """Add the number of a name."""
        numbers = self._source.constant({name: index for index, name in enumerate(type_.names)})
        number = self._source.name("k")
        self.checks.append(f"{number} = {numbers}[{variable}]")
        self._put(_UNSIGNED[discriminant_size(len(type_.names))], offset, number)

    def flags(self, type_: FlagsOf, variable: str, offset: int) -> None:
        """Add the number of a set of names."""
        bits = self._source.constant({name: 1 << index for index, name in enumerate(type_.names)})
        number = self._source.name("k")
        self.checks.append(f"{number} = bits_of({bits}, {variable})")
        self._put(_UNSIGNED[flags_size(type_)], offset, number)

    def cases(self, type_: OptionOf | ResultOf | VariantOf, variable: str, offset: int) -> None:
        """Add a value of one of several cases: its number and its payload."""
        number, cases = self._source.name("d"), cases_of(type_)
        self._put(_UNSIGNED[discriminant_size(len(cases))], offset, number)
        inside_at = offset + payload_offset(type_)
        asked = asks = self._asks
        for index, (case, test, payload) in enumerate(cases_with_payloads(self._source, type_, variable)):
            outside, self.checks, self.moves = (self.checks, self.moves), [f"{number} = {index}"], []
            self._asks = asked
            if case is None:
                self.checks += [f"if {payload} is not None: refuse()"] if payload != "None" else []
            else:
                part = self._source.name("c")
                self.checks.append(f"{part} = {payload}")
                self.add(case, part, inside_at)
            inside, (self.checks, self.moves) = (self.checks, self.moves), outside
            self.checks.append(f"{'el' if index else ''}if {test}:")
            self.checks += [f"    {line}" for line in inside[0]]
            self.moves += [f"if {number} == {index}:", *(f"    {line}" for line in inside[1])] if inside[1] else []
            asks = asks or self._asks
        self._asks = asks
        self.checks.append("else: refuse()")


_PAIR: Final = struct.Struct("<II").pack_into
_UNSIGNED: Final = {1: "B", 2: "H", 4: "I"}

_SPECIAL: Final = {
    "bool": "1 if {v} is True else 0 if {v} is False else refuse()",
    "char": "as_char({v})",
    "f64": "{v} if {v}.__class__ is float else as_float({v})",
}

_STORERS: Final[dict[type, Callable[[RawStoring, Any, str, int], None]]] = {
    Primitive: RawStoring.primitive,
    ListOf: RawStoring.number_list,
    Record: RawStoring.record,
    TupleOf: RawStoring.tuple_,
    EnumOf: RawStoring.enum,
    FlagsOf: RawStoring.flags,
    OptionOf: RawStoring.cases,
    ResultOf: RawStoring.cases,
    VariantOf: RawStoring.cases,
}
