"""Python values to native values: generated code that fills ``wasmtime_component_val_t`` storage.

The storage is Python's own memory (``bytes`` objects kept alive until the call is over): the engine only borrows
arguments. When generated code rejects a value, ``core.types.values.check`` finds the reason afterwards, so the fast
path needs no paths and no messages.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import islice
from typing import Any, Final, NamedTuple

from airssys_tui.core.types.interface import (
    BYTES,
    Borrow,
    EnumOf,
    FlagsOf,
    Function,
    ListOf,
    OptionOf,
    Own,
    Primitive,
    Record,
    ResultOf,
    TupleOf,
    ValType,
    VariantOf,
)
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.bindings import BYTES_HEADER, KINDS, VALUE_SIZE, memory_view, value_clone
from airssys_tui.engine.generated_code import LAYOUTS, VIEWS, GeneratedCode, items_of
from airssys_tui.engine.raw_lift.canonical_abi import nodes
from airssys_tui.engine.threads import lower_bytes, lower_bytes_here

Keep = Callable[[Any], None]

MOST_INLINE: Final = 32
"""Types within a function's parameters, or within its result, whose code stands in one function at most."""


class Arguments(NamedTuple):
    """Generated code that lowers arguments: statements before all calls, and those of each call."""

    once: list[str]
    each: list[str]


class _Piece:
    """Part of a ``struct.pack`` call: the layout of one value and the expressions that fill it."""

    __slots__ = ("fill", "layout")

    def __init__(self, layout: str, *fill: object) -> None:
        self.layout = layout
        self.fill = [str(item) for item in fill]


def as_int(value: Any) -> int:
    """Accept integers, subclasses included, but not booleans."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    raise TypeError


def as_float(value: Any) -> float:
    """Accept floats and integers, but not booleans."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise TypeError


def as_char(value: Any) -> int:
    """Return the code point of one Unicode scalar value."""
    code = ord(value)
    if 0xD800 <= code < 0xE000 or not isinstance(value, str):
        raise ValueError
    return code


def refuse() -> Any:
    """Reject a value; the reason is determined afterwards."""
    raise TypeError


_CONSTANTS: Final[dict[str, Any]] = {
    "as_int": as_int,
    "as_float": as_float,
    "as_char": as_char,
    "refuse": refuse,
    "lower_bytes": lower_bytes,
    "lower_bytes_here": lower_bytes_here,
    "Some": Some,
    "Ok": Ok,
    "Err": Err,
    "Variant": Variant,
    "W": memory_view(),
    "clone": value_clone,
}

_NAMED: Final = f"QQ{VALUE_SIZE - 24}x"


class Lowering:
    """Generates the code that lowers values of given types.

    Args:
        source: Collects the code.

    Attributes:
        inline: Whether statements go into the function that makes the call, whose variables then keep values alive.
        boxes_inline: Whether the statements of separate values do as well, instead of a function for each type.
        takes_lane: Whether the next list of bytes that is lowered inline may use the thread's lane.
    """

    def __init__(self, source: GeneratedCode) -> None:
        self.source = source
        source.bind(_CONSTANTS)
        self.inline = False
        self.boxes_inline = False
        self.takes_lane = True

    def values(self, types: list[ValType], body: list[str], variables: list[str]) -> _Piece:
        """Generate the lowering of several adjacent values and return one piece for all."""
        layout, fill = "", []
        for type_, variable in zip(types, variables, strict=True):
            piece = self.value(type_, body, variable)
            layout += piece.layout
            fill += piece.fill
        return _Piece(layout, *fill)

    def value(self, type_: ValType, body: list[str], variable: str) -> _Piece:
        """Generate the statements for one value and return its 32 bytes as a piece."""
        return _WRITERS[type(type_)](self, type_, body, variable)

    def block(self, type_: ValType) -> str:
        """Return the name of the function ``(value, keep, scope) -> bytes`` that creates the 32 bytes of a value."""
        return self.source.for_type("block", type_, self._write_block)

    def _write_block(self, name: str, type_: ValType) -> None:
        body: list[str] = []
        outside, self.inline = self.inline, False
        piece = self.value(type_, body, "v")
        self.inline = outside
        pack = self.source.layout(piece.layout, "pack")
        self.source.function(name, "v, keep, scope", [*body, f"return {pack}({', '.join(piece.fill)})"])

    def boxed(self, type_: ValType, body: list[str], expression: str) -> str:
        """Generate the creation of a separate value and return the name of its address."""
        if self.inline and self.boxes_inline:
            value = self.source.name("v")
            body.append(f"{value} = {expression}")
            piece = self.value(type_, body, value)
            return self.kept(body, f"{self.source.layout(piece.layout, 'pack')}({', '.join(piece.fill)})")
        return self.kept(body, f"{self.block(type_)}({expression}, keep, scope)")

    def kept(self, body: list[str], expression: str) -> str:
        """Generate the creation of bytes that outlive the statement and return the name of their address."""
        made, where = self.source.name("b"), self.source.name("p")
        body.append(f"{made} = {expression}; {self.keeping(made)}{where} = id({made}) + {BYTES_HEADER}")
        return where

    def keeping(self, variable: str) -> str:
        """Return the statement that keeps a variable's value alive until the call is over; empty when inline."""
        return "" if self.inline else f"keep({variable}); "

    def lowered_bytes(self, variable: str) -> str:
        """Return the expression that lowers bytes here; one list per call may use the thread's lane."""
        if self.inline and self.takes_lane:
            self.takes_lane = False
            return f"lower_bytes_here({variable}, mine)"
        return f"lower_bytes({variable})"

    def named(self, name: str) -> tuple[int, int]:
        """Keep a name alive as long as the code; return its size and address."""
        encoded = name.encode()
        self.source.constant(encoded)
        return len(encoded), id(encoded) + BYTES_HEADER


def _primitive(lowering: Lowering, type_: Primitive, body: list[str], variable: str) -> _Piece:
    name = type_.name
    if name == "string":
        text = lowering.source.name("s")
        body.append(f"{text} = {variable}.encode(); {lowering.keeping(text)}")
        return _Piece(f"Q{_NAMED}", KINDS[name], f"len({text})", f"id({text}) + {BYTES_HEADER}")
    if name not in LAYOUTS:
        raise NotImplementedError(name)
    return _Piece("Q" + LAYOUTS[name], KINDS[name], _SCALARS.get(name, _INTEGER).format(v=variable))


_INTEGER: Final = "({v} if {v}.__class__ is int else as_int({v}))"
_SCALARS: Final = {
    "bool": "({v} if {v} is True or {v} is False else refuse())",
    "f32": "({v} if {v}.__class__ is float else as_float({v}))",
    "f64": "({v} if {v}.__class__ is float else as_float({v}))",
    "char": "as_char({v})",
}


def _list(lowering: Lowering, type_: ListOf, body: list[str], variable: str) -> _Piece:
    if type_ == BYTES:
        count, where, made = (lowering.source.name(prefix) for prefix in "npb")
        body.append(f"{count}, {where}, {made} = {lowering.lowered_bytes(variable)}; {lowering.keeping(made)}")
        return _Piece("QQQ8x", KINDS["list"], count, where)
    block = lowering.block(type_.element)
    body.append(f"if not isinstance({variable}, list): refuse()")
    where = lowering.kept(body, f"b''.join([{block}(e, keep, scope) for e in {variable}])")
    return _Piece("QQQ8x", KINDS["list"], f"len({variable})", where)


def _record(lowering: Lowering, type_: Record, body: list[str], variable: str) -> _Piece:
    layout, fill = "", []
    body.append(f"if not isinstance({variable}, dict) or len({variable}) != {len(type_.fields)}: refuse()")
    for field in type_.fields:
        part = lowering.source.name("f")
        body.append(f"{part} = {variable}[{lowering.source.constant(field.name)}]")
        piece = lowering.value(field.type, body, part)
        layout += "QQ" + piece.layout
        fill += [*map(str, lowering.named(field.name)), *piece.fill]
    where = lowering.kept(body, f"{lowering.source.layout(layout, 'pack')}({', '.join(fill)})")
    return _Piece("QQQ8x", KINDS["record"], len(type_.fields), where)


def _tuple(lowering: Lowering, type_: TupleOf, body: list[str], variable: str) -> _Piece:
    parts = [lowering.source.name("t") for _ in type_.elements]
    body.append(f"if not isinstance({variable}, tuple): refuse()")
    body.append(f"{', '.join(parts)}, = {variable}")
    piece = lowering.values(list(type_.elements), body, parts)
    where = lowering.kept(body, f"{lowering.source.layout(piece.layout, 'pack')}({', '.join(piece.fill)})")
    return _Piece("QQQ8x", KINDS["tuple"], len(parts), where)


def _enum(lowering: Lowering, type_: EnumOf, body: list[str], variable: str) -> _Piece:
    names = lowering.source.constant({name: lowering.named(name) for name in type_.names})
    size, where = lowering.source.name("n"), lowering.source.name("p")
    body.append(f"{size}, {where} = {names}[{variable}]")
    return _Piece("QQQ8x", KINDS["enum"], size, where)


def _flags(lowering: Lowering, type_: FlagsOf, body: list[str], variable: str) -> _Piece:
    sizes = {name: lowering.named(name) for name in type_.names}
    packed = {name: b"".join(part.to_bytes(8, "little") for part in pair) for name, pair in sizes.items()}
    names = lowering.source.constant(packed)
    body.append(f"if not isinstance({variable}, (frozenset, set)): refuse()")
    where = lowering.kept(body, f"b''.join([{names}[e] for e in {variable}])")
    return _Piece("QQQ8x", KINDS["flags"], f"len({variable})", where)


def _option(lowering: Lowering, type_: OptionOf, body: list[str], variable: str) -> _Piece:
    where = lowering.source.name("p")
    inner: list[str] = []
    boxed = lowering.boxed(type_.element, inner, f"{variable}.value")
    body.append(f"if {variable} is None: {where} = 0")
    body.append(f"elif not isinstance({variable}, Some): refuse()")
    body += ["else:", *(f"    {line}" for line in inner), f"    {where} = {boxed}"]
    return _Piece("QQ16x", KINDS["option"], where)


def _payload(lowering: Lowering, type_: ValType | None, where: str, expression: str) -> list[str]:
    if type_ is None:
        return [f"    if {expression} is not None: refuse()", f"    {where} = 0"]
    inner: list[str] = []
    boxed = lowering.boxed(type_, inner, expression)
    return [*(f"    {line}" for line in inner), f"    {where} = {boxed}"]


def _result(lowering: Lowering, type_: ResultOf, body: list[str], variable: str) -> _Piece:
    where = lowering.source.name("p")
    body += [f"if isinstance({variable}, Ok):", *_payload(lowering, type_.ok, where, f"{variable}.value")]
    body += [f"elif isinstance({variable}, Err):", *_payload(lowering, type_.err, where, f"{variable}.value")]
    body.append("else: refuse()")
    return _Piece("QQQ8x", KINDS["result"], f"isinstance({variable}, Ok)", where)


def _variant(lowering: Lowering, type_: VariantOf, body: list[str], variable: str) -> _Piece:
    size, name, where = (lowering.source.name(prefix) for prefix in "nqp")
    body.append(f"if not isinstance({variable}, Variant): refuse()")
    for index, case in enumerate(type_.cases):
        length, address = lowering.named(case.name)
        body.append(f"{'el' if index else ''}if {variable}.case == {lowering.source.constant(case.name)}:")
        body.append(f"    {size} = {length}; {name} = {address}")
        body += _payload(lowering, case.type, where, f"{variable}.payload")
    body.append("else: refuse()")
    return _Piece("QQQQ", KINDS["variant"], size, name, where)


def _handle(lowering: Lowering, type_: Own | Borrow, body: list[str], variable: str) -> _Piece:
    where = lowering.source.name("p")
    owned = isinstance(type_, Own)
    resource = lowering.source.constant(type_.resource)
    body.append(f"{where} = scope.lend({variable}, {resource}, {owned})")
    return _Piece("QQ16x", KINDS["resource"], where)


_WRITERS: Final[dict[type, Callable[[Lowering, Any, list[str], str], _Piece]]] = {
    Primitive: _primitive,
    ListOf: _list,
    Record: _record,
    TupleOf: _tuple,
    EnumOf: _enum,
    FlagsOf: _flags,
    OptionOf: _option,
    ResultOf: _result,
    VariantOf: _variant,
    Own: _handle,
    Borrow: _handle,
}


def write_arguments(source: GeneratedCode, function: Function, arguments: str, storage: str) -> Arguments:
    """Generate the statements that lower a call's arguments.

    Args:
        source: Collects constants and functions.
        function: The function to call.
        arguments: Name of the tuple of arguments.
        storage: Name of a writable view of 32 bytes per parameter, which nobody else writes.

    Raises:
        NotImplementedError: If a type cannot be passed (future, stream, map, error-context).
        RecursionError: If types nest too deeply.
    """
    lowering = Lowering(source)
    lowering.inline, lowering.boxes_inline = True, _is_small([param.type for param in function.params])
    if not function.params:
        return Arguments([], [f"if {arguments}: refuse()"])
    variables = [f"a{index}" for index in range(len(function.params))]
    body: list[str] = []
    piece = lowering.values([param.type for param in function.params], body, variables)
    head = ["kept = []", "keep = kept.append"] if any("keep" in line for line in body) else []
    head.append(f"{', '.join(variables)}, = {arguments}")
    if "f" in piece.layout:  # a view takes what is too large for it as infinite
        pack = source.layout(piece.layout, "pack_into")
        return Arguments([], [*head, *body, f"{pack}({storage}, 0, {', '.join(piece.fill)})"])
    before, writes = _writes(piece, storage)
    return Arguments(before, [*head, *body, *writes])


def _writes(piece: _Piece, storage: str) -> tuple[list[str], list[str]]:
    """Generate the writing of values item by item through views: half the time of packing all of them.

    Returns:
        Statements that are enough once, which make the views and write the kinds, and those for each call.
    """
    views: dict[str, str] = {}
    kinds: list[str] = []
    writes: list[str] = []
    for offset, code, item in zip(*items_of(piece.layout), piece.fill, strict=True):
        name = f"w{VIEWS[code]}"
        views[name] = f'{name} = {storage}.cast("{code}")'
        write = f"{name}[{offset // struct.calcsize(code)}] = {item}"
        (kinds if offset % VALUE_SIZE == 0 else writes).append(write)
    return [*views.values(), *kinds], writes


def write_result(source: GeneratedCode, type_: ValType, value: str, address: str) -> list[str]:
    """Generate the statements that lower a host function's result; the engine takes ownership.

    Args:
        source: Collects constants and functions.
        type_: The result's type.
        value: Name of the value.
        address: Name of the address of 32 bytes.

    Raises:
        NotImplementedError: If the type cannot be passed.
        RecursionError: If types nest too deeply.
    """
    lowering = Lowering(source)
    lowering.inline, lowering.boxes_inline = True, _is_small([type_])
    lowering.takes_lane = False
    body: list[str] = []
    piece = lowering.value(type_, body, value)
    fill = ", ".join(piece.fill)
    store = f"{source.layout(piece.layout, 'pack_into')}(W, {address}, {fill})"
    if not body:
        return [store]
    # Created in Python's memory, then deeply copied into the engine's.
    copy = [
        f"made = {source.layout(piece.layout, 'pack')}({fill})",
        f"clone(id(made) + {BYTES_HEADER}, {address})",
    ]
    if isinstance(type_, OptionOf | ResultOf):
        # Without a payload it points at nothing.
        copy = [f"if {piece.fill[-1]}:", *(f"    {line}" for line in copy), f"else: {store}"]
    head = ["kept = []", "keep = kept.append"] if any("keep" in line for line in body) else []
    return [*head, *body, *copy]


def _is_small(types: list[ValType]) -> bool:
    """Return whether types have so few parts that code for each of them takes less room than it saves time."""
    within = (node for type_ in types for node in nodes(type_))
    return sum(1 for _ in islice(within, MOST_INLINE + 1)) <= MOST_INLINE
