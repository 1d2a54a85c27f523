"""Small components that are very expensive to compile or to read, made byte by byte."""

from __future__ import annotations

from tests.support.engine import guests

I32, I64 = b"\x7f", b"\x7e"
LOOP, END, GET_0, BRANCH_IF_0 = b"\x03\x40", b"\x0b", b"\x20\x00", b"\x0d\x00"


def many_locals(functions: int) -> bytes:
    """Make a component whose functions declare 49 000 variables each, in 8 bytes."""
    return component([body(49_000, I64, b"")] * functions)


def nested_loops(depth: int, functions: int = 1) -> bytes:
    """Make a component with functions of loops within loops, 7 bytes each."""
    return component([body(1, I32, LOOP * depth + (GET_0 + BRANCH_IF_0 + END) * depth)] * functions)


def wide_types(levels: int) -> bytes:
    """Make a component with a type that doubles at every level."""
    defined = "(type $t0 u32)" + "".join(f"(type $t{n + 1} (tuple $t{n} $t{n}))" for n in range(levels))
    return guests.echo(f"$t{levels}", defined)


def body(count: int, kind: bytes, code: bytes) -> bytes:
    """Make a function's body with variables of one kind."""
    return b"\x01" + leb(count) + kind + code + END


def component(bodies: list[bytes]) -> bytes:
    """Make a component of one core module that is never instantiated."""
    code = leb(len(bodies)) + b"".join(leb(len(one)) + one for one in bodies)
    types = section(1, b"\x01\x60\x00\x00") + section(3, leb(len(bodies)) + b"\0" * len(bodies))
    module = b"\0asm\x01\0\0\0" + types + section(5, b"\x01\x00\x01") + section(10, code)
    return b"\0asm\x0d\0\x01\0" + section(1, module)


def section(kind: int, contents: bytes) -> bytes:
    return bytes([kind]) + leb(len(contents)) + contents


def leb(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + leb(rest) if rest else bytes([low])
