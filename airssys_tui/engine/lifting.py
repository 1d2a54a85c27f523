"""Native values to Python values: generated code that reads ``wasmtime_component_val_t`` at an address.

Reading never takes ownership: the caller frees the native value afterwards. Resources are cloned handles.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

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
from airssys_tui.engine.bindings import ENTRY_SIZE, PAYLOAD, VALUE_SIZE, memory_view
from airssys_tui.engine.generated_code import LAYOUTS, VIEWS, GeneratedCode, items_of

WORLD: Final = memory_view()
"""The address space, from which native values are read."""


def lift_bytes(count: int, where: int) -> bytes:
    """Collect the payloads of ``count`` ``u8`` values with a strided slice instead of a loop."""
    if count <= _CHUNK:
        return WORLD[where : where + VALUE_SIZE * count].tobytes()[PAYLOAD::VALUE_SIZE] if count else b""
    end, step = where + VALUE_SIZE * count, VALUE_SIZE * _CHUNK
    starts = range(where, end, step)
    return b"".join([WORLD[start : min(start + step, end)].tobytes()[PAYLOAD::VALUE_SIZE] for start in starts])


_CHUNK: Final = 2048
"""Values copied at a time; sized to fit the second-level cache."""


_CONSTANTS: Final[dict[str, Any]] = {
    "W": WORLD,
    "lift_bytes": lift_bytes,
    "Some": Some,
    "Ok": Ok,
    "Err": Err,
    "Variant": Variant,
}


class _Piece:
    """The reading of one value: the layout of its 32 bytes, the variables, and an expression over them."""

    __slots__ = ("expression", "layout", "variables")

    def __init__(self, layout: str, variables: list[str], expression: str) -> None:
        self.layout = layout
        self.variables = variables
        self.expression = expression


class Lifting:
    """Generates the code that lifts values of given types.

    Args:
        source: Collects the code.
        owned: The expression that converts an owned resource: a format of its address and its type's name.
    """

    def __init__(self, source: GeneratedCode, owned: str = "scope.adopt({}, {}, True)") -> None:
        self.source = source
        self.owned = owned
        source.bind(_CONSTANTS)

    def value(self, type_: ValType) -> _Piece:
        """Return the piece that reads one value."""
        return _READERS[type(type_)](self, type_)

    def block(self, type_: ValType) -> str:
        """Return the name of the function ``(address, scope) -> value`` that reads the value at an address."""
        return self.source.for_type("at", type_, self._write_block)

    def _write_block(self, name: str, type_: ValType) -> None:
        piece = self.value(type_)
        unpack = self.source.layout(piece.layout, "unpack_from")
        body = [f"{', '.join(piece.variables)}, = {unpack}(W, p)", f"return {piece.expression}"]
        self.source.function(name, "p, scope", body)

    def group(self, type_: ValType, pieces: list[_Piece], expression: str, head: str = "") -> str:
        """Return the name of the function ``(address, scope) -> value`` that reads adjacent values."""

        def write(name: str, _: ValType) -> None:
            layout = "".join(head + piece.layout for piece in pieces)
            variables = [variable for piece in pieces for variable in piece.variables]
            unpack = self.source.layout(layout, "unpack_from")
            body = [f"{', '.join(variables)}, = {unpack}(W, p)", f"return {expression}"]
            self.source.function(name, "p, scope", body)

        return self.source.for_type("group", type_, write)

    def pair(self) -> tuple[str, str]:
        """Create two variable names: a count and an address."""
        return self.source.name("n"), self.source.name("p")


def _primitive(lifting: Lifting, type_: Primitive) -> _Piece:
    if type_.name == "string":
        size, where = lifting.pair()
        return _Piece("8xQQ8x", [size, where], f"str(W[{where}:{where} + {size}], 'utf-8')")
    if type_.name not in LAYOUTS:
        raise NotImplementedError(type_.name)
    value = lifting.source.name("v")
    return _Piece("8x" + LAYOUTS[type_.name], [value], f"chr({value})" if type_.name == "char" else value)


def _list(lifting: Lifting, type_: ListOf) -> _Piece:
    count, where = lifting.pair()
    if type_ == BYTES:
        return _Piece("8xQQ8x", [count, where], f"lift_bytes({count}, {where})")
    element = lifting.value(type_.element)
    each = lifting.source.layout(element.layout, "iter_unpack")
    span = f"W[{where}:{where} + {VALUE_SIZE} * {count}]"
    loop = f"[{element.expression} for {', '.join(element.variables)}, in {each}({span})]"
    return _Piece("8xQQ8x", [count, where], loop)


def _record(lifting: Lifting, type_: Record) -> _Piece:
    pieces = [lifting.value(field.type) for field in type_.fields]
    names = [lifting.source.constant(field.name) for field in type_.fields]
    items = ", ".join(f"{name}: {piece.expression}" for name, piece in zip(names, pieces, strict=True))
    where = lifting.source.name("p")
    read = lifting.group(type_, pieces, f"{{{items}}}", head=f"{ENTRY_SIZE - VALUE_SIZE}x")
    return _Piece("16xQ8x", [where], f"{read}({where}, scope)")


def _tuple(lifting: Lifting, type_: TupleOf) -> _Piece:
    pieces = [lifting.value(element) for element in type_.elements]
    where = lifting.source.name("p")
    read = lifting.group(type_, pieces, f"({', '.join(piece.expression for piece in pieces)},)")
    return _Piece("16xQ8x", [where], f"{read}({where}, scope)")


def _enum(lifting: Lifting, type_: EnumOf) -> _Piece:
    names = lifting.source.constant({name.encode(): name for name in type_.names})
    size, where = lifting.pair()
    return _Piece("8xQQ8x", [size, where], f"{names}[W[{where}:{where} + {size}].tobytes()]")


def _flags(lifting: Lifting, type_: FlagsOf) -> _Piece:
    names = lifting.source.constant({name.encode(): name for name in type_.names})
    each = lifting.source.layout("QQ", "iter_unpack")
    count, where = lifting.pair()
    span = f"W[{where}:{where} + 16 * {count}]"
    return _Piece("8xQQ8x", [count, where], f"frozenset([{names}[W[q:q + m].tobytes()] for m, q in {each}({span})])")


def _option(lifting: Lifting, type_: OptionOf) -> _Piece:
    where = lifting.source.name("p")
    read = lifting.block(type_.element)
    return _Piece("8xQ16x", [where], f"(Some({read}({where}, scope)) if {where} else None)")


def _result(lifting: Lifting, type_: ResultOf) -> _Piece:
    succeeded, where = lifting.pair()
    ok = "Ok()" if type_.ok is None else f"Ok({lifting.block(type_.ok)}({where}, scope))"
    err = "Err()" if type_.err is None else f"Err({lifting.block(type_.err)}({where}, scope))"
    return _Piece("8x?7xQ8x", [succeeded, where], f"({ok} if {succeeded} else {err})")


def _variant(lifting: Lifting, type_: VariantOf) -> _Piece:
    size, name, where = (lifting.source.name(prefix) for prefix in "nqp")

    def write(function: str, _: ValType) -> None:
        body = ["case = W[q:q + n].tobytes()"]
        for case in type_.cases:
            text = lifting.source.constant(case.name)
            payload = "" if case.type is None else f", {lifting.block(case.type)}(p, scope)"
            encoded = lifting.source.constant(case.name.encode())
            body.append(f"if case == {encoded}: return Variant({text}{payload})")
        body.append("raise LookupError(case)")
        lifting.source.function(function, "n, q, p, scope", body)

    read = lifting.source.for_type("case", type_, write)
    return _Piece("8xQQQ", [size, name, where], f"{read}({size}, {name}, {where}, scope)")


def _handle(lifting: Lifting, type_: Own | Borrow) -> _Piece:
    where = lifting.source.name("p")
    resource = lifting.source.constant(type_.resource)
    owned = lifting.owned if isinstance(type_, Own) else "scope.adopt({}, {}, False)"
    return _Piece("8xQ16x", [where], owned.format(where, resource))


_READERS: Final[dict[type, Callable[[Lifting, Any], _Piece]]] = {
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


def write_result(source: GeneratedCode, type_: ValType) -> tuple[list[str], str]:
    """Generate the statements that read a call's result from its storage, and the expression of its value.

    The storage is accessed through views named ``r`` and a ``struct`` format, one for each of ``VIEWS``.

    Raises:
        NotImplementedError: If the type cannot be passed (future, stream, map, error-context).
        RecursionError: If types nest too deeply.
    """
    piece = Lifting(source).value(type_)
    reads = [
        f"{variable} = r{VIEWS[code]}[{offset // struct.calcsize(code)}]"
        for offset, code, variable in zip(*items_of(piece.layout), piece.variables, strict=True)
    ]
    return reads, piece.expression


def write_arguments(source: GeneratedCode, function: Function, address: str) -> tuple[list[str], str]:
    """Generate the statements that read the adjacent arguments of a host function.

    Returns:
        The statements, and the values, each followed by a comma.

    Raises:
        NotImplementedError: If a type cannot be passed.
        RecursionError: If types nest too deeply.
    """
    if not function.params:
        return [], ""
    lifting = Lifting(source, owned="scope.take({}, {})")
    pieces = [lifting.value(param.type) for param in function.params]
    unpack = source.layout("".join(piece.layout for piece in pieces), "unpack_from")
    variables = [variable for piece in pieces for variable in piece.variables]
    values = "".join(f"{piece.expression}, " for piece in pieces)
    return [f"{', '.join(variables)}, = {unpack}(W, {address})"], values
