"""Python values to a guest's memory and back, by the canonical ABI: generated code for calls on flat lifts.

Arguments are checked and encoded before the guest runs, so that a wrong one costs nothing; then each string and list is
copied to where the guest's allocator says. Every pointer that the guest gives is compared with the live size of its
memory before it is used. What is wrong with one ends the call in the words of the engine itself.

The statements that run beside the guest stand in a loop of one turn: after ``error = …``, ``break`` leaves it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
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
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine import bindings
from airssys_tui.engine.generated_code import GeneratedCode
from airssys_tui.engine.lifting import WORLD
from airssys_tui.engine.lowering import as_char, as_float, as_int, refuse
from airssys_tui.engine.raw_lift.canonical_abi import ITEMS, SIZES, cases_of, flat
from airssys_tui.engine.threads import as_bytes

MOST_BYTES: Final = 2**31 - 1
"""Bytes of one string or list at most."""

VIEWS: Final = {"i32": "I", "i64": "Q", "f32": "f", "f64": "d"}
"""Format of the view through which each core type is passed; see :func:`place`."""

UNREADABLE: Final = (UnicodeDecodeError, MemoryError)
"""Exceptions of reading what a guest gives."""

_MASKS: Final = {"i32": 0xFFFF_FFFF, "i64": 0xFFFF_FFFF_FFFF_FFFF}


def place(slot: int, core: str) -> str:
    """Return the element of a view that is the payload of a native argument."""
    item = 8 if core in ("i64", "f64") else 4
    return f"p{VIEWS[core]}[{(bindings.VALUE_SIZE * slot + bindings.PAYLOAD) // item}]"


def exact_bytes(value: Any) -> bytes:
    """Return bytes, byte arrays and views of bytes as bytes that nobody changes meanwhile."""
    return memoryview(as_bytes(value)).tobytes()


def exact_text(value: Any) -> bytes:
    """Encode text of a class derived from ``str``."""
    if not isinstance(value, str):
        raise TypeError
    return str.encode(value)


def packed_integers(code: str, values: Any) -> bytes:
    """Return a list of integers as it stands in memory."""
    if not isinstance(values, list):
        raise TypeError
    if not {int}.issuperset(map(type, values)):
        values = [as_int(value) for value in values]
    return array(code, values).tobytes()


def packed_floats(pack: Callable[..., bytes], values: Any) -> bytes:
    """Return a list of floats as it stands in memory; ``pack`` packs one, and checks its range."""
    if not isinstance(values, list):
        raise TypeError
    if not {float}.issuperset(map(type, values)):
        values = [as_float(value) for value in values]
    return b"".join(map(pack, values))


def unreadable(cause: BaseException) -> int:
    """Return the native error for what a guest gave that cannot be read, in the engine's words."""
    if not isinstance(cause, UnicodeDecodeError):
        return bindings.new_error("the host has no memory for the result")
    if cause.reason == "unexpected end of data":
        return bindings.new_error(f"incomplete utf-8 byte sequence from index {cause.start}")
    return bindings.new_error(f"invalid utf-8 sequence of {cause.end - cause.start} bytes from index {cause.start}")


def past_cases(number: int, cases: int) -> int:
    """Return the native error for a discriminant that means no case."""
    return bindings.new_error(f"discriminant {number} out of range [0..{cases})")


def flags_of(names: tuple[str, ...], number: int) -> frozenset[str]:
    """Return the names of the bits that are set."""
    return frozenset([name for index, name in enumerate(names) if number >> index & 1])


def bits_of(bits: dict[str, int], value: Any) -> int:
    """Return the number of a set of flags."""
    if not isinstance(value, frozenset | set):
        raise TypeError
    return sum([bits[name] for name in value])


CONSTANTS: Final[dict[str, Any]] = {
    "W": WORLD,
    "fault": bindings.new_error,
    "past_cases": past_cases,
    "unreadable": unreadable,
    "exact_bytes": exact_bytes,
    "exact_text": exact_text,
    "UNREADABLE": UNREADABLE,
    "packed_integers": packed_integers,
    "packed_floats": packed_floats,
    "refuse": refuse,
    "as_int": as_int,
    "as_float": as_float,
    "as_char": as_char,
    "bits_of": bits_of,
    "flags_of": flags_of,
    "Some": Some,
    "Ok": Ok,
    "Err": Err,
    "Variant": Variant,
}


def packed_list(source: GeneratedCode, type_: ListOf, variable: str) -> str:
    """Return the expression of a list of numbers, other than bytes, as it stands in memory."""
    code = ITEMS[getattr(type_.element, "name", "")]
    if code in "fd":
        return f"packed_floats({source.layout(code, 'pack')}, {variable})"
    return f"packed_integers({code!r}, {variable})"


def cases_with_payloads(
    source: GeneratedCode, type_: OptionOf | ResultOf | VariantOf, variable: str
) -> list[tuple[ValType | None, str, str]]:
    """Return the payload type of each case, the condition under which a value is of it, and that of its payload."""
    cases = cases_of(type_)
    match type_:
        case OptionOf():
            tests, payloads = [f"{variable} is None", f"isinstance({variable}, Some)"], ["None", f"{variable}.value"]
        case ResultOf():
            tests = [f"isinstance({variable}, Ok)", f"isinstance({variable}, Err)"]
            payloads = [f"{variable}.value"] * 2
        case _:
            names = [source.constant(case.name) for case in type_.cases]
            tests = [f"isinstance({variable}, Variant) and {variable}.case == {name}" for name in names]
            payloads = [f"{variable}.payload"] * len(cases)
    return list(zip(cases, tests, payloads, strict=True))


class RawArguments:
    """Generates the passing of arguments.

    Args:
        source: Collects constants.

    Attributes:
        checks: Statements before the guest runs; any exception of theirs means an argument that does not fit.
        moves: Statements that copy strings and lists into the guest's memory.
        cores: Core types of the flat parameters.
        moved: Strings and lists among them at most.
        chooses: Whether a value of several cases is among them.
    """

    def __init__(self, source: GeneratedCode) -> None:
        self._source = source
        source.bind(CONSTANTS)
        self.checks: list[str] = []
        self.moves: list[str] = []
        self.cores: list[str] = []
        self.moved = 0
        self.chooses = False
        self._next = 0

    def parameter(self, type_: ValType, variable: str) -> None:
        """Add the value of a parameter."""
        self.cores += flat(type_)
        self.add(type_, variable)

    def add(self, type_: ValType, variable: str) -> None:
        """Add a value in the next slots."""
        _PASSERS[type(type_)](self, type_, variable)

    def slot(self, core: str) -> str:
        """Return the place of the next flat parameter; a wider one that it shares with others holds it as a number."""
        index = self._next
        self._next += 1
        return place(index, "i64" if core == "i32" and self.cores[index] == "i64" else core)

    def scalar(self, type_: Primitive, variable: str) -> None:
        """Add a number, a boolean or a character."""
        name = type_.name
        if name == "f32":
            slot, wide = self._next, self.cores[self._next] == "i64"
            self._next += 1
            pack = self._source.layout("f", "pack_into")
            number = f"{variable} if {variable}.__class__ is float else as_float({variable})"
            self.checks += [f"{place(slot, 'i64')} = 0"] if wide else []
            self.checks.append(f"{pack}(pB, {bindings.VALUE_SIZE * slot + bindings.PAYLOAD}, {number})")
        elif name in _SPECIAL:
            core = "f64" if name == "f64" else "i32"
            self.checks.append(f"{self.slot(core)} = {_SPECIAL[name].format(v=variable)}")
        else:
            core = "i64" if SIZES[name] == 8 else "i32"
            least, most = INTEGER_BOUNDS[name]
            self.checks.append(f"if {variable}.__class__ is not int: {variable} = as_int({variable})")
            self.checks.append(f"if not {least} <= {variable} <= {most}: refuse()")
            masked = f"{variable} & {_MASKS[core]}" if least < 0 else variable
            self.checks.append(f"{self.slot(core)} = {masked}")

    def primitive(self, type_: Primitive, variable: str) -> None:
        """Add a value of a primitive type."""
        if type_.name != "string":
            self.scalar(type_, variable)
            return
        text = self._source.name("s")
        encoded = f"{variable}.encode() if {variable}.__class__ is str else exact_text({variable})"
        self._moved(text, encoded, "", 1)

    def number_list(self, type_: ListOf, variable: str) -> None:
        """Add a list of numbers."""
        made = self._source.name("b")
        if type_ == BYTES:
            self._moved(made, f"{variable} if {variable}.__class__ is bytes else exact_bytes({variable})", "", 1)
            return
        width = SIZES[getattr(type_.element, "name", "")]
        self._moved(made, packed_list(self._source, type_, variable), f" // {width}", width)

    def _moved(self, made: str, encoded: str, per_item: str, alignment: int) -> None:
        """Add bytes: encode and measure them, let the guest allocate room, check it, and copy them there."""
        count, where = self._source.name("n"), self._source.name("q")
        self.checks += [f"{made} = {encoded}", f"{count} = len({made})", f"if {count} > {MOST_BYTES}: refuse()"]
        self.moved += 1
        pointer, length = self.slot("i32"), self.slot("i32")
        self.moves += [
            f"room[2] = {alignment}; room[3] = {count}",
            "error = invoke(*allocating)",
            "if error: break",
            f"{where} = found[2]",
        ]
        if alignment > 1:
            self.moves.append(
                f"if {where} & {alignment - 1}: error = fault('realloc return: result not aligned'); break"
            )
        self.moves += [
            f"if {where} + {count} > memory.size: error = fault('realloc return: beyond end of memory'); break",
            f"W[heap + {where}:heap + {where} + {count}] = {made}",
            f"{pointer} = {where}; {length} = {count}{per_item}",
        ]

    def record(self, type_: Record, variable: str) -> None:
        """Add the fields of a record."""
        self.checks.append(f"if not isinstance({variable}, dict) or len({variable}) != {len(type_.fields)}: refuse()")
        for field in type_.fields:
            part = self._source.name("f")
            self.checks.append(f"{part} = {variable}[{self._source.constant(field.name)}]")
            self.add(field.type, part)

    def tuple_(self, type_: TupleOf, variable: str) -> None:
        """Add the fields of a tuple."""
        parts = [self._source.name("t") for _ in type_.elements]
        self.checks.append(f"if not isinstance({variable}, tuple): refuse()")
        self.checks.append(f"{', '.join(parts)}, = {variable}")
        for element, part in zip(type_.elements, parts, strict=True):
            self.add(element, part)

    def enum(self, type_: EnumOf, variable: str) -> None:
        """Add the number of a name."""
        numbers = self._source.constant({name: index for index, name in enumerate(type_.names)})
        self.checks.append(f"{self.slot('i32')} = {numbers}[{variable}]")

    def flags(self, type_: FlagsOf, variable: str) -> None:
        """Add the number of a set of names."""
        bits = self._source.constant({name: 1 << index for index, name in enumerate(type_.names)})
        self.checks.append(f"{self.slot('i32')} = bits_of({bits}, {variable})")

    def cases(self, type_: OptionOf | ResultOf | VariantOf, variable: str) -> None:
        """Add a value of one of several cases: its number, its payload, and zeros where others have more."""
        self.chooses = True
        number, discriminant = self._source.name("d"), self.slot("i32")
        first, end = self._next, self._next + len(flat(type_)) - 1
        before, most = self.moved, self.moved
        for index, (case, test, payload) in enumerate(cases_with_payloads(self._source, type_, variable)):
            outside, self.checks, self.moves = (self.checks, self.moves), [f"{number} = {index}"], []
            self._next, self.moved = first, before
            if case is None:
                self.checks += [f"if {payload} is not None: refuse()"] if payload != "None" else []
            else:
                part = self._source.name("c")
                self.checks.append(f"{part} = {payload}")
                self.add(case, part)
            self.checks += [f"{place(slot, _WHOLE[self.cores[slot]])} = 0" for slot in range(self._next, end)]
            most = max(most, self.moved)
            inside, (self.checks, self.moves) = (self.checks, self.moves), outside
            self.checks.append(f"{'el' if index else ''}if {test}:")
            self.checks += [f"    {line}" for line in inside[0]]
            self.moves += [f"if {number} == {index}:", *(f"    {line}" for line in inside[1])] if inside[1] else []
        self.checks += ["else: refuse()", f"{discriminant} = {number}"]
        self._next, self.moved = end, most


_WHOLE: Final = {"i32": "i32", "f32": "i32", "i64": "i64", "f64": "i64"}

_SPECIAL: Final = {
    "bool": "1 if {v} is True else 0 if {v} is False else refuse()",
    "char": "as_char({v})",
    "f64": "{v} if {v}.__class__ is float else as_float({v})",
}

_PASSERS: Final[dict[type, Callable[[RawArguments, Any, str], None]]] = {
    Primitive: RawArguments.primitive,
    ListOf: RawArguments.number_list,
    Record: RawArguments.record,
    TupleOf: RawArguments.tuple_,
    EnumOf: RawArguments.enum,
    FlagsOf: RawArguments.flags,
    OptionOf: RawArguments.cases,
    ResultOf: RawArguments.cases,
    VariantOf: RawArguments.cases,
}
