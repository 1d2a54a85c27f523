"""Core modules that let the host write a result with lists of numbers into a guest's memory.

Room for such a result comes from the guest's allocator, and nobody outside can call it while the guest waits for the
result. So the host function is imported under other types, and a core module is put between it and the guest, which
calls the module as it would call the function itself. There are two kinds:

*Always written*: the module hands the parameters and the address of the result on. It gets back that the result is
written, or how much room the host needs first. It calls the allocator of the guest for that room, and tells the host
where it is; and again, until there is no more.

*Written when it is large*, for results of which one needs no room, such as ``none``: the module calls the function as
always. A small result is one of the engine's values, and that is all: it takes one call of the host. In place of a
large one it finds the result that needs no room. Then it asks the host for the rest, as above.

What the module itself costs in fuel is known, and given back by the host.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from airssys_tui.core.types.interface import Function, OptionOf, Param, Primitive, ResultOf, ValType, VariantOf
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.bindings import ADAPTER
from airssys_tui.engine.function_pruning import leb128
from airssys_tui.engine.raw_lift.canonical_abi import (
    MOST_FLAT,
    MOST_NODES,
    cases_of,
    crosses,
    discriminant_size,
    flat,
    flat_params,
    is_number_list,
    is_readable,
    nodes,
    payload_offset,
)
from airssys_tui.engine.raw_lift.section_writer import section, sized, text, vector

WRITTEN_PREFIX: Final = "written-"
"""Starts the name of a host function that always writes its result itself."""

BRIEF_PREFIX: Final = "brief-"
"""Starts the name of one that gives small results, and the one that needs no room in place of large ones."""

REST_PREFIX: Final = "rest-"
"""Starts the name of the function that then writes the large one."""

ROOM: Final = 1 << 32
"""In the last parameter: the rest is the address of the room that was asked for. Else it is that of the result."""

RESULT: Final = 2 << 32
"""In the only parameter of the rest: what else is in it is the address of the result."""

ALIGNED: Final = 32
"""In what the host gives back: the bit from which on the alignment stands; the size of the room is below."""

WRITTEN: Final = 2**64 - 1
"""What the host gives back when the result is written."""

_TYPES: Final = {"i32": b"\x7f", "i64": b"\x7e", "f32": b"\x7d", "f64": b"\x7c"}
_ZEROS: Final = {"i32": b"\x41\x00", "i64": b"\x42\x00", "f32": b"\x43" + bytes(4), "f64": b"\x44" + bytes(8)}
_LOCAL_GET, _LOCAL_TEE, _CALL, _END = b"\x20", b"\x22", b"\x10", b"\x0b"
_IF, _LOOP, _BR_IF, _NOTHING = b"\x04", b"\x03", b"\x0d", b"\x40"
_I32_CONST, _I64_CONST, _I32_EQ, _I32_AND = b"\x41", b"\x42", b"\x46", b"\x71"
_I64_GE_S, _I64_OR, _I64_SHR_U = b"\x59", b"\x84", b"\x88"
_WRAP, _EXTEND = b"\xa7", b"\xad"
_LOADS: Final = {1: b"\x2d\x00", 2: b"\x2f\x00", 4: b"\x28\x00"}
_PREAMBLE: Final = b"\0asm\x01\0\0\0"
_ANY_MEMORY: Final = b"\x02\x00\x00"

_ROOM_CONST: Final = _I64_CONST + b"\x80\x80\x80\x80\x10"
_RESULT_CONST: Final = _I64_CONST + b"\x80\x80\x80\x80\x20"
_ASKED: Final = _I64_CONST + b"\x00" + _I64_GE_S

FUEL_BEFORE_CALL: Final = 4
"""Fuel that a module which always writes uses before it calls the host, and one more for each parameter."""

FUEL_FOR_ASKING: Final = 13
"""Fuel that a module uses from there until it calls the allocator, and one more for each parameter of the call."""

FUEL_BEFORE_ROOM: Final = 4
"""Fuel that it uses from there until it calls the host again."""

FUEL_AFTER: Final = 4
"""Fuel that it uses after the last call of the host."""

FUEL_BEFORE_BRIEF: Final = 3
"""Fuel that a module which writes large results uses before it calls the host, and one more for each parameter."""

FUEL_FOR_MARK: Final = 5
"""Fuel that it uses to look for each number of the result that needs no room."""

FUEL_BEFORE_REST: Final = 5
"""Fuel that it uses from there until it calls the host for the rest."""


class Mark(msgspec.Struct, frozen=True):
    """A result that needs no room.

    Attributes:
        value: It.
        numbers: What of it stands in memory: offset, width and number. Where a large result does not write over them,
            it has nothing.
    """

    value: Any
    numbers: tuple[tuple[int, int, int], ...]


class WrittenImport(msgspec.Struct, frozen=True):
    """How a function that writes results is imported.

    Attributes:
        call: The function that is called.
        rest: The function that writes large results; None if all are written.
        mark: The result that stands for a large one.
    """

    call: Function
    rest: Function | None = None
    mark: Mark | None = None

    @property
    def functions(self) -> tuple[Function, ...]:
        """All functions that are imported."""
        return (self.call,) if self.rest is None else (self.call, self.rest)


@lru_cache(maxsize=1024)
def written_import(function: Function) -> WrittenImport | None:
    """Return how a host function is imported that writes its result; None if it does not.

    Flat parameters come first. The last one, see :data:`ROOM`, belongs to functions whose result says how much room is
    needed. A result with texts alone is faster as a value: the engine copies them as they are.
    """
    types, result = [param.type for param in function.params], function.result
    if result is None or not crosses(result) or len(flat(result)) == 1:
        return None
    within = [node for type_ in (*types, result) for node in nodes(type_)]
    if len(within) > MOST_NODES or not all(map(is_readable, types)) or not any(map(is_number_list, nodes(result))):
        return None
    cores = [core for type_ in types for core in flat(type_)]
    if len(cores) >= MOST_FLAT:
        return None
    size, last, mark = Primitive("u64"), Param("last", Primitive("u64")), mark_of(result)
    if mark is None:
        return WrittenImport(Function(f"{WRITTEN_PREFIX}{function.name}", (*flat_params(cores), last), size))
    brief = Function(f"{BRIEF_PREFIX}{function.name}", flat_params(cores), result)
    return WrittenImport(brief, Function(f"{REST_PREFIX}{function.name}", (last,), size), mark)


def mark_of(type_: ValType, offset: int = 0) -> Mark | None:
    """Return a value of a type that needs no room, of those that stand for a case; None if there is none."""
    if not isinstance(type_, OptionOf | ResultOf | VariantOf):
        return None
    cases = cases_of(type_)
    width = discriminant_size(len(cases))
    for number, case in enumerate(cases):
        inside = Mark(None, ()) if case is None else mark_of(case, offset + payload_offset(type_))
        if inside is not None:
            return Mark(_case_value(type_, number, inside.value), ((offset, width, number), *inside.numbers))
    return None


def _case_value(type_: OptionOf | ResultOf | VariantOf, number: int, payload: Any) -> Any:
    match type_:
        case OptionOf():
            return Some(payload) if number else None
        case ResultOf():
            return Err(payload) if number else Ok(payload)
        case _:
            return Variant(type_.cases[number].name, payload)


def adapter_module(params: Sequence[str], mark: Mark | None) -> bytes:
    """Return the module for functions of flat parameters.

    It imports ``call``, ``realloc``, and for results that are written when they are large also ``rest`` and ``memory``,
    from a module without a name, and exports ``run``.
    """
    types, count = [_TYPES[core] for core in params], len(params)
    given = [vector([*types, b"\x7e"]) + vector([b"\x7e"]), vector([b"\x7f"] * 4) + vector([b"\x7f"])]
    given += [vector([*types, b"\x7f"]) + vector([]), vector([b"\x7e"]) + vector([b"\x7e"])]
    everything = b"".join(_LOCAL_GET + leb128(index) for index in range(count + 1))
    imported = [b"\x00" + text("call") + b"\x00\x00", b"\x00" + text("realloc") + b"\x00\x01"]
    room = leb128(count + 1)
    if mark is None:
        code = everything + _EXTEND + _CALL + b"\x00" + _rooms(room, b"".join(_ZEROS[core] for core in params), b"\x00")
    else:
        imported[0] = b"\x00" + text("call") + b"\x00\x02"
        imported += [b"\x00" + text("rest") + b"\x00\x03", b"\x00" + text("memory") + _ANY_MEMORY]
        result = _LOCAL_GET + leb128(count)
        code = everything + _CALL + b"\x00"
        for index, (offset, width, number) in enumerate(mark.numbers):
            code += result + _LOADS[width] + leb128(offset) + _I32_CONST + _signed(number) + _I32_EQ
            code += _I32_AND if index else b""
        code += _IF + _NOTHING + result + _EXTEND + _RESULT_CONST + _I64_OR + _CALL + b"\x02"
        code += _rooms(room, b"", b"\x02") + _END
    return _PREAMBLE + b"".join(
        (
            section(1, vector([b"\x60" + type_ for type_ in given])),
            section(2, vector(imported)),
            section(3, vector([b"\x02"])),
            section(7, vector([text("run") + b"\x00" + (b"\x02" if mark is None else b"\x03")])),
            section(10, vector([sized(vector([b"\x01\x7e"]) + code + _END)])),
            section(0, text("name") + b"\x00" + sized(text(ADAPTER))),
        )
    )


def _rooms(room: bytes, zeros: bytes, function: bytes) -> bytes:
    """Return the code that gets room as long as a function of the host, whose answer is next, asks for it."""
    return b"".join(
        (
            _LOCAL_TEE + room + _ASKED + _IF + _NOTHING + _LOOP + _NOTHING + zeros,
            _I32_CONST + b"\x00" + _I32_CONST + b"\x00",
            _LOCAL_GET + room + _I64_CONST + leb128(ALIGNED) + _I64_SHR_U + _WRAP,
            _LOCAL_GET + room + _WRAP + _CALL + b"\x01",
            _EXTEND + _ROOM_CONST + _I64_OR + _CALL + function,
            _LOCAL_TEE + room + _ASKED + _BR_IF + b"\x00" + _END + _END,
        )
    )


def _signed(number: int) -> bytes:
    """Return a number of up to 32 bits, unsigned, as a signed LEB128."""
    encoded = leb128(number)
    return encoded if encoded[-1] < 0x40 else encoded[:-1] + bytes((encoded[-1] | 0x80, 0))
