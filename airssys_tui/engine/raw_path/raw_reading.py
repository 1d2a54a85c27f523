"""What a guest gives to Python values, by the canonical ABI: results of raw calls, arguments of flat host functions.

The statements have the form that :mod:`airssys_tui.engine.raw_path.raw_writing` describes, and use the names ``heap``
(address of the memory), ``live`` (its size) and ``carried`` (what was read so far, as the engine counts it).

A guest can point at the same bytes again and again, so its memory does not bound what one call gives. The engine counts
the bytes of strings, :data:`EACH` for each item of a list, field of a record or tuple, and payload of a case, and the
bytes of the names of fields, cases and flags; what it would not carry is refused here as well. Of what stands outside
lists only strings and lists are counted: the rest is at most a few kilobytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

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
    alignment,
    cases_of,
    discriminant_size,
    fields_of,
    flags_size,
    flat,
    is_number_list,
    offsets,
    payload_offset,
    size,
)

MOST_CARRIED: Final = 128 * 1024 * 1024
"""What a guest gives to the host at a time: the engine's own budget."""

EACH: Final = 48
"""Bytes that the engine counts for a value."""

_TOO_MUCH: Final = (
    "too much data is being copied between the host and the guest: fuel allocated for hostcalls has been exhausted"
)
_REFUSE_MORE: Final = f"if carried > {MOST_CARRIED}: error = fault('{_TOO_MUCH}'); break"
_CHAR: Final = "if {v} > 0x10FFFF or 0xD800 <= {v} < 0xE000: error = fault('{words}'); break"
_NOT_CHAR: Final = "converted integer out of range for `char`"
_RESULTS: Final = {"i32": "rI[2]", "i64": "rQ[1]", "f32": "rf[2]", "f64": "rd[1]"}
"""The payload of the native result, by its core type."""


class Place(Protocol):
    """Where a value stands."""

    def number(self, raw: RawReading, name: str, body: list[str]) -> str:
        """Generate the reading of a number of a primitive type, and return its name."""

    def pair(self, raw: RawReading, body: list[str]) -> tuple[str, str]:
        """Generate the reading of a pointer and a length, and return their names."""

    def fields(self, types: tuple[ValType, ...]) -> list[Place]:
        """Return the places of the fields of a record or a tuple."""

    def discriminant(self, raw: RawReading, cases: int, body: list[str]) -> str:
        """Generate the reading of the number of one of so many cases, and return its name."""

    def payload(self, type_: OptionOf | ResultOf | VariantOf) -> Place:
        """Return the place of what follows the discriminant."""


class InMemory:
    """A value in memory.

    Args:
        offset: Its offset from an address.
        base: The variable that has the address.
    """

    def __init__(self, offset: int, base: str = "at") -> None:
        self._offset = offset
        self._base = base
        self._where = f"{base} + {offset}" if offset else base

    def number(self, raw: RawReading, name: str, body: list[str]) -> str:
        """Read as many bytes as the type has."""
        found, code = raw.source.name("v"), ITEMS[name]
        if code == "B":
            body.append(f"{found} = W[{self._where}]")
        else:
            body.append(f"{found}, = {raw.source.layout(code, 'unpack_from')}(W, {self._where})")
        return found

    def pair(self, raw: RawReading, body: list[str]) -> tuple[str, str]:
        """Read two words."""
        where, count = raw.source.name("q"), raw.source.name("n")
        body.append(f"{where}, {count} = {raw.source.layout('II', 'unpack_from')}(W, {self._where})")
        return where, count

    def fields(self, types: tuple[ValType, ...]) -> list[Place]:
        """Return their offsets."""
        return [InMemory(self._offset + at, self._base) for at in offsets(types)[:-1]]

    def discriminant(self, raw: RawReading, cases: int, body: list[str]) -> str:
        """Read as many bytes as it needs."""
        return self.number(raw, _UNSIGNED[discriminant_size(cases)], body)

    def payload(self, type_: OptionOf | ResultOf | VariantOf) -> Place:
        """Return the offset behind the discriminant."""
        return InMemory(self._offset + payload_offset(type_), self._base)


class InSlots:
    """A value in core numbers.

    Args:
        slots: The expression and the core type of each.
    """

    def __init__(self, slots: Sequence[tuple[str, str]]) -> None:
        self._slots = slots

    def number(self, raw: RawReading, name: str, body: list[str]) -> str:
        """Take the first number; what the type is too narrow for is cut off."""
        found = raw.source.name("v")
        (core,) = flat(Primitive(name))
        taken = self._taken(raw, 0, core)
        if name in INTEGER_BOUNDS:
            least, most = INTEGER_BOUNDS[name]
            if (most - least).bit_length() < 8 * _WIDTHS[core]:
                taken = f"{taken} & {most - least}"
            taken = f"(({taken}) ^ {-least}) - {-least}" if least else taken
        body.append(f"{found} = {taken}")
        return found

    def _taken(self, raw: RawReading, index: int, core: str) -> str:
        """Return a slot's number as another core type that shares the slot with its own."""
        slot, of = self._slots[index]
        if core == of:
            return slot
        if core == "i32":
            return f"{slot} & 0xFFFFFFFF"
        code, whole = ("f", "I") if core == "f32" else ("d", "Q")
        narrow = f"{slot} & 0xFFFFFFFF" if core == "f32" else slot
        return f"{raw.source.layout(code, 'unpack')}({raw.source.layout(whole, 'pack')}({narrow}))[0]"

    def pair(self, raw: RawReading, body: list[str]) -> tuple[str, str]:
        """Take the first two numbers."""
        where, count = raw.source.name("q"), raw.source.name("n")
        body.append(f"{where} = {self._taken(raw, 0, 'i32')}; {count} = {self._taken(raw, 1, 'i32')}")
        return where, count

    def fields(self, types: tuple[ValType, ...]) -> list[Place]:
        """Return the slots of each."""
        found: list[Place] = []
        at = 0
        for type_ in types:
            found.append(InSlots(self._slots[at : at + len(flat(type_))]))
            at += len(flat(type_))
        return found

    def discriminant(self, raw: RawReading, cases: int, body: list[str]) -> str:  # noqa: ARG002 -- as every place
        """Take the whole first number."""
        return self.number(raw, "u32", body)

    def payload(self, _type: OptionOf | ResultOf | VariantOf) -> Place:
        """Return the slots behind the discriminant."""
        return InSlots(self._slots[1:])


class RawReading:
    """Generates the reading of values.

    Args:
        source: Collects constants.
    """

    def __init__(self, source: GeneratedCode) -> None:
        self.source = source
        self._lists = 0

    def result(self, type_: ValType, body: list[str]) -> str:
        """Generate the reading of the native result and return the expression of its value.

        Raises:
            KeyError: If values of its type are not read raw.
        """
        cores = flat(type_)
        if len(cores) == 1:
            return self.value(type_, InSlots([(_RESULTS[cores[0]], cores[0])]), body)
        body += [
            "at = rI[2]",
            f"if at & {alignment(type_) - 1}: error = fault('return pointer not aligned'); break",
            "live = memory.size",
            f"if at + {size(type_)} > live: error = fault('pointer out of bounds of memory'); break",
            "at += heap",
            "carried = 0",
        ]
        return self.value(type_, InMemory(0), body)

    def value(self, type_: ValType, place: Place, body: list[str]) -> str:
        """Generate the reading of a value and return its expression."""
        return _READERS[type(type_)](self, type_, place, body)

    def primitive(self, type_: Primitive, place: Place, body: list[str]) -> str:
        """Read a primitive value, or text."""
        name = type_.name
        if name == "string":
            where, count = place.pair(self, body)
            words = "string pointer/length out of bounds of memory"
            body.append(f"if {where} + {count} > live: error = fault('{words}'); break")
            body += [f"carried += {count}", _REFUSE_MORE]
            text = self.source.name("s")
            body.append(f"{text} = W[heap + {where}:heap + {where} + {count}].tobytes().decode()")
            return text
        number = place.number(self, name, body)
        if name == "bool":
            return f"{number} != 0"
        if name == "char":
            body.append(_CHAR.format(v=number, words=_NOT_CHAR))
            return f"chr({number})"
        return number

    def list_(self, type_: ListOf, place: Place, body: list[str]) -> str:
        """Read a list, of bytes as bytes."""
        where, count = place.pair(self, body)
        width, to = size(type_.element), alignment(type_.element)
        span = f"{width} * {count}" if width > 1 else count
        words = "list pointer/length out of bounds of memory"
        body.append(f"if {where} + {span} > live: error = fault('{words}'); break")
        body += [f"carried += {EACH} * {count}", _REFUSE_MORE]
        if to > 1:
            body.append(f"if {where} & {to - 1}: error = fault('list pointer is not aligned'); break")
        data, name = self.source.name("b"), getattr(type_.element, "name", "")
        taken = f"W[heap + {where}:heap + {where} + {span}]"
        if type_ == BYTES:
            body.append(f"{data} = {taken}.tobytes()")
        elif is_number_list(type_):
            body.append(f"{data} = {taken}.cast('{ITEMS[name]}').tolist()")
        else:
            at = self.source.name("at")
            self._lists += 1
            item: list[str] = []
            expression = self.value(type_.element, InMemory(0, at), item)
            self._lists -= 1
            item += [_REFUSE_MORE] if any("carried" in line for line in item) else []
            # The loop stands apart, as making a range of nothing takes longer than a comparison.
            loop = [f"for {at} in range(heap + {where}, heap + {where} + {span}, {width}):"]
            loop += [f"    {line}" for line in (*item, f"{data}.append({expression})")]
            body += [f"{data} = []", f"if {count}:", *(f"    {line}" for line in (*loop, "if error: break"))]
        return data

    def _count(self, names: Iterable[str], values: int, body: list[str]) -> None:
        """Count what is read within a list: names, and values behind them."""
        if self._lists:
            body.append(f"carried += {sum(len(name.encode()) for name in names) + EACH * values}")

    def fields(self, type_: Record | TupleOf, place: Place, body: list[str]) -> str:
        """Read a record or a tuple."""
        types = fields_of(type_)
        names = [field.name for field in type_.fields] if isinstance(type_, Record) else []
        self._count(names, len(types), body)
        parts = [self.value(field, at, body) for field, at in zip(types, place.fields(types), strict=True)]
        if isinstance(type_, TupleOf):
            return f"({', '.join(parts)},)"
        keys = map(self.source.constant, names)
        return "{" + ", ".join(f"{key}: {part}" for key, part in zip(keys, parts, strict=True)) + "}"

    def enum(self, type_: EnumOf, place: Place, body: list[str]) -> str:
        """Read a name from its number."""
        count = len(type_.names)
        number = place.discriminant(self, count, body)
        body.append(f"if {number} >= {count}: error = past_cases({number}, {count}); break")
        name = self.source.name("m")
        body.append(f"{name} = {self.source.constant(type_.names)}[{number}]")
        body += [f"carried += len({name}.encode())"] if self._lists else []
        return name

    def flags(self, type_: FlagsOf, place: Place, body: list[str]) -> str:
        """Read a set of names from its number."""
        number = place.number(self, _UNSIGNED[flags_size(type_)], body)
        names = self.source.name("m")
        body.append(f"{names} = flags_of({self.source.constant(type_.names)}, {number})")
        body += [f"carried += len(''.join({names}).encode())"] if self._lists else []
        return names

    def cases(self, type_: OptionOf | ResultOf | VariantOf, place: Place, body: list[str]) -> str:
        """Read a value of one of several cases."""
        cases = cases_of(type_)
        number = place.discriminant(self, len(cases), body)
        value = self.source.name("x")
        for index, (case, made) in enumerate(zip(cases, self._makers(type_), strict=True)):
            inside: list[str] = []
            name = [type_.cases[index].name] if isinstance(type_, VariantOf) else []
            self._count(name, int(case is not None), inside)
            payload = "" if case is None else self.value(case, place.payload(type_), inside)
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
                names = [self.source.constant(case.name) for case in type_.cases]
                return [f"Variant({name}, {{}})" for name in names]


_WIDTHS: Final = {"i32": 4, "i64": 8}
_UNSIGNED: Final = {1: "u8", 2: "u16", 4: "u32"}

_READERS: Final[dict[type, Callable[[RawReading, Any, Place, list[str]], str]]] = {
    Primitive: RawReading.primitive,
    ListOf: RawReading.list_,
    Record: RawReading.fields,
    TupleOf: RawReading.fields,
    EnumOf: RawReading.enum,
    FlagsOf: RawReading.flags,
    OptionOf: RawReading.cases,
    ResultOf: RawReading.cases,
    VariantOf: RawReading.cases,
}
