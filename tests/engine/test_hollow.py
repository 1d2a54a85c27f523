"""Types are read of a component whose instructions are taken out: the same types, at another price."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_tui.core.errors import AdmissionError
from airssys_tui.engine.admission import inspect
from airssys_tui.engine.code_stripping import hollow
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.package_reader import read_types
from tests.support.engine import guests
from tests.support.places import FIXTURES, ROOT, SAMPLES

MODULE = FIXTURES / "core-module" / "core-module.wasm"
COMPONENTS = sorted({*SAMPLES.rglob("*.wasm"), *FIXTURES.glob("*/*.wasm")} - {MODULE})
LARGE = FIXTURES / "javascript-tally" / "javascript-tally.wasm"


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_a_hollow_component_has_the_same_types(engine: Engine, path: Path) -> None:
    assert read_types(engine, path.read_bytes()) == engine.compile(path.read_bytes()).interface


@pytest.mark.parametrize("name", ["RESOURCES"])
def test_resources_stay(engine: Engine, name: str) -> None:
    wasm = guests.binary(getattr(guests, name))
    assert read_types(engine, wasm) == engine.compile(wasm).interface


@pytest.mark.parametrize("path", sorted((ROOT / "wit").glob("*.wasm")), ids=lambda path: path.stem)
def test_a_package_in_binary_form_stays_what_it_is(path: Path) -> None:
    assert hollow(hollow(path.read_bytes())) == hollow(path.read_bytes())


def test_a_large_component_needs_no_compiler_of_its_own(engine: Engine) -> None:
    wasm = LARGE.read_bytes()
    assert not engine.compiles_here(wasm)
    assert engine.compiles_here(hollow(wasm))


@pytest.mark.parametrize("cut", [0, 7, 100, 5_000])
def test_what_is_no_component_is_refused(cut: int) -> None:
    with pytest.raises(AdmissionError):
        hollow((SAMPLES / "counter" / "counter.wasm").read_bytes()[:cut])
    with pytest.raises(AdmissionError):
        hollow(MODULE.read_bytes())


MANY = """(component
  (core module $host (func (export "log") (param i32)))
  (core instance $host (instantiate $host))
  (core module $m
    (import "h" "log" (func $log (param i32)))
    (import "h" "spare" (table 1 funcref))
    (import "h" "room" (memory 1 2))
    (import "h" "base" (global i32))
    (func $unseen (result i64) (i64.const 1))
    (func $second (param i32 i32) (result i32) (i32.const 2))
    (func $started)
    (func $first (param i32) (result i32) (local.get 0))
    (table $t 2 funcref) (elem (table $t) (i32.const 0) func $unseen $second)
    GLOBAL
    (export "second" (func $second)) (export "log" (func $log)) (export "first" (func $first))
    (export "again" (func $first)) (export "t" (table $t))
    (start $started))
  (core module $room
    (table (export "spare") 1 funcref) (memory (export "room") 1 2) (global (export "base") i32 (i32.const 0)))
  (core instance $room (instantiate $room))
  (core instance $given (export "log" (func $host "log")) (export "spare" (table $room "spare"))
    (export "room" (memory $room "room")) (export "base" (global $room "base")))
  (core instance $i (instantiate $m (with "h" (instance $given))))
  (func (export "first") (param "a" u32) (result u32) (canon lift (core func $i "again")))
  (func (export "second") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "second")))
  (func (export "log") (param "a" u32) (canon lift (core func $i "log"))))"""


@pytest.mark.parametrize(
    ("of_global", "left"),
    [("", 3), ("(global (mut i32) (i32.const 210))", 5), ("(global funcref (ref.func $unseen))", 5)],
    ids=["exported functions", "a global like a reference", "a global with a reference"],
)
def test_only_exported_functions_stay_unless_a_global_names_one(engine: Engine, of_global: str, left: int) -> None:
    wasm = guests.binary(MANY.replace("GLOBAL", of_global))
    assert read_types(engine, wasm) == engine.compile(wasm).interface
    assert inspect(wasm).functions == 5
    assert inspect(hollow(wasm)).functions == left
