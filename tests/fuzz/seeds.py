"""The components that are damaged: whatever the repository has, and component text for what no toolchain makes."""

from __future__ import annotations

from functools import cache

from tests.support.components import Crafted
from tests.support.engine import guests
from tests.support.places import ROOT

HEAVY = 64 * 1024
"""Components larger than this compile in a child in production; here they are looked at, and seldom compiled."""

TYPES = (
    "string",
    "(list u8)",
    "(option (option string))",
    "(tuple u8 s64 f64 char bool)",
    "(result string (error u32))",
    "(result)",
)
DEFINED = (
    '(type $t (record (field "name" string) (field "price" f64) (field "tags" (list u8)))) (export $e "e" (type $t))',
    '(type $t (variant (case "a" u32) (case "b" string) (case "none"))) (export $e "e" (type $t))',
    '(type $t (flags "r" "w" "x")) (export $e "e" (type $t))',
    '(type $t (enum "low" "high")) (export $e "e" (type $t))',
)
NESTED = """(component (component $inner (core module $m (func (export "f") (result i32) i32.const 7))
  (core instance $i (instantiate $m)) (func (export "f") (result u32) (canon lift (core func $i "f"))))
  (instance $a (instantiate $inner)) (export "a" (instance $a)))"""


@cache
def light() -> tuple[bytes, ...]:
    """Return the small ones, which compile in this process as they do in production."""
    texts = [guests.TRAPS, guests.RESOURCES, NESTED]
    made = [guests.binary(text) for text in texts]
    made += [guests.echo(type_) for type_ in TYPES] + [guests.echo("$e", defined) for defined in DEFINED]
    made += [Crafted().wasm(), Crafted(version="1.2.3", salt="x").wasm()]
    return (*made, *(data for data in _files() if len(data) <= HEAVY))


@cache
def heavy() -> tuple[bytes, ...]:
    """Return the large ones."""
    return tuple(data for data in _files() if len(data) > HEAVY)


def _files() -> list[bytes]:
    folders = (ROOT / "sample_components", ROOT / "tests" / "fixtures" / "components")
    return [path.read_bytes() for folder in folders for path in sorted(folder.glob("*/*.wasm"))]
