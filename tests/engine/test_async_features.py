"""Asynchronous components (WASI 0.3) are found by the section walk, refused before compiling, and can be read."""

from __future__ import annotations

import pytest

from airssys_tui.core.errors import AdmissionError, UsageError
from airssys_tui.core.gates import Gate
from airssys_tui.core.types.interface import AsyncFunction, Function, StreamOf
from airssys_tui.engine.admission import admit, inspect
from airssys_tui.engine.async_features import BUDGET, REMEDY
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.package_reader import read_types
from airssys_tui.engine.settings import EngineSettings
from tests.support.engine import guests
from tests.support.places import FIXTURES, RELEASES, SAMPLES

LIFTED = """(component
  (core module $m (func (export "f") (param i32) (result i32) local.get 0)
    (func (export "cb") (param i32 i32 i32) (result i32) i32.const 0))
  (core instance $i (instantiate $m))
  (func (export "f") async (param "x" u32) (result u32) (canon lift (core func $i "f"))))"""

ASYNC = {
    "async func": LIFTED,
    "stream": '(component (type $s (stream u8)) (import "x" (func (param "a" $s))))',
    "future": '(component (type $s (future)) (import "x" (func (param "a" $s))))',
    "error-context": '(component (import "x" (func (param "a" error-context))))',
    "stream in an interface": """(component (import "wasi:cli/stdin@0.3.0" (instance
      (type $s (stream u8)) (export "read" (func (result (tuple $s u32)))))))""",
    "async func in an interface": """(component (import "a:b/c" (instance
      (export "f" (func async (param "p" string))))))""",
    "future in the type of a component": """(component (import "c" (component
      (import "i" (instance (type $f (future string)) (export "g" (func (result $f))))))))""",
    "stream in a component": """(component (component (component (type $s (stream (list string)))
      (import "x" (func (param "a" $s))))))""",
    "stream after every other type": """(component
      (type (record (field "cdef" u8) (field "b" (list string)))) (type (variant (case "one" u8) (case "two")))
      (type (flags "a" "b")) (type (enum "a" "b")) (type (option char)) (type (result u8 (error string)))
      (type (tuple u8 f64)) (type $r (resource (rep i32))) (type (own $r)) (type (borrow $r))
      (type (func (param "a" u8) (result string))) (type (func))
      (type (instance (export "r" (type (sub resource))) (type (list u8)) (export "f" (func (param "a" u8)))))
      (type (component (import "f" (func)) (export "g" (func)) (type (stream)))))""",
    "stream after an alias of an outer type": """(component (type $r (list u8)) (type (instance
      (alias outer 1 $r (type $q)) (export "f" (func (param "x" $q))) (type (stream u8)))))""",
    "future after an alias of an export": """(component (type (component
      (import "i" (instance $i (export "t" (type (sub resource))))) (alias export $i "t" (type $t))
      (import "g" (func (param "x" (own $t)))) (type (future)))))""",
    "task.return": "(component (core func (canon task.return (result u32))))",
    "waitable-set.new": "(component (core func (canon waitable-set.new)))",
    "backpressure.inc": "(component (core func (canon backpressure.inc)))",
    "context.get": "(component (core func (canon context.get i32 0)))",
    "thread.yield": "(component (core func (canon thread.yield)))",
    "async": '(component (import "x" (func $x)) (core func (canon lower (func $x) async)))',
}

SYNCHRONOUS = {
    "names of the same bytes": '(component (type (record (field "cdef-ffeedd" u8) (field "stream" u8))))',
    "words of the same meaning": '(component (import "future" (func (param "async" string) (result (list u8)))))',
    "resources": guests.RESOURCES,
    "host resources": guests.TICKETS,
    "traps": guests.TRAPS,
}


@pytest.mark.parametrize("name", ASYNC)
def test_each_feature_is_found_and_named_and_the_compiler_agrees(engine, name):
    wasm = guests.binary(ASYNC[name])
    with pytest.raises(AdmissionError) as caught:
        admit(wasm)
    said = f"it uses asynchronous components (WASI 0.3: `{name.split(' in ')[0].split(' after ')[0]}`"
    assert caught.value.message.startswith(said)
    assert (caught.value.gate, caught.value.remedy) == (Gate.SECTIONS, REMEDY)
    with pytest.raises(AdmissionError) as compiled:
        engine.compile(wasm)
    assert compiled.value.message.startswith("it uses asynchronous components (WASI 0.3: ")
    assert (compiled.value.gate, compiled.value.remedy) == (Gate.COMPILE, REMEDY)


@pytest.mark.parametrize("name", SYNCHRONOUS)
def test_synchronous_components_pass(engine, name):
    wasm = guests.binary(SYNCHRONOUS[name])
    assert admit(wasm).asynchronous == ()
    engine.compile(wasm)


def test_built_components_of_every_toolchain_pass():
    built = [*SAMPLES.rglob("*.wasm"), *RELEASES.rglob("*.wasm"), *FIXTURES.rglob("*.wasm")]
    assert len(built) > 10
    found = {}
    for path in built:
        try:
            found[path.name] = inspect(path.read_bytes()).asynchronous
        except AdmissionError:
            continue
    assert {name: features for name, features in found.items() if features} == {}


def test_the_best_known_names_come_first_and_three_are_told():
    text = """(component (core func (canon waitable-set.new)) (type (future)) (type (func async)) (type (stream u8))
      (type (result u8)))"""
    with pytest.raises(AdmissionError, match=r"\(WASI 0\.3: `stream`, `future`, `async func`\), which this version"):
        admit(guests.binary(text))


def test_a_large_one_is_refused_by_the_compiler_in_its_child_with_the_same_words():
    engine = Engine(EngineSettings(in_process_compile=0))
    try:
        with pytest.raises(AdmissionError, match=r"asynchronous components \(WASI 0\.3: `stream`\)") as caught:
            engine.compile(guests.binary(ASYNC["stream"]))
    finally:
        engine.close()
    assert (caught.value.gate, caught.value.remedy) == (Gate.COMPILE, REMEDY)


def test_only_so_many_bytes_are_read():
    many = "(type (list u8))" * (BUDGET // 2)
    wasm = guests.binary(f"(component {many} (type (stream)))")
    assert inspect(wasm).asynchronous == (), "past the budget it is left to the compiler"
    assert inspect(guests.binary("(component (type (list u8)) (type (stream)))")).asynchronous == ("stream",)


@pytest.mark.parametrize(("sections", "found"), [(1, ("stream",)), (2, ()), (3, ())])
def test_the_bytes_of_all_sections_together_are_bounded(sections, found):
    most_of_it = "(type (list u8))" * (BUDGET // 4 + 100) + "(core module)"
    wasm = guests.binary(f"(component {most_of_it * sections} (type (stream)))")
    assert inspect(wasm).asynchronous == found


@pytest.mark.parametrize(
    "name", ["async func", "stream", "stream in an interface", "future in the type of a component"]
)
def test_a_file_cut_or_changed_anywhere_never_surprises_the_walk(name):
    wasm = bytearray(guests.binary(ASYNC[name]))
    for at in range(8, len(wasm)):
        for byte in (0x00, 0x43, 0x66, 0x7F, 0xFF):
            changed = bytes(wasm[:at]) + bytes([byte]) + bytes(wasm[at + 1 :])
            for data in (changed, changed[: at + 1]):
                assert gate_of(data) in {None, Gate.SIZE, Gate.MAGIC, Gate.SECTIONS}


def gate_of(data):
    try:
        inspect(data)
    except AdmissionError as error:
        return error.gate
    return None


@pytest.fixture(scope="module")
def reader():
    engine = Engine(EngineSettings(types_only=True))
    yield engine
    engine.close()


def test_types_of_asynchronous_components_are_read(reader):
    (exported,) = read_types(reader, guests.binary(LIFTED)).exports
    assert isinstance(exported, AsyncFunction)
    assert exported.name == "f"
    (interface,) = read_types(reader, guests.binary(ASYNC["stream in an interface"])).imports
    assert isinstance(interface.functions[0].result.elements[0], StreamOf)
    (imported,) = read_types(reader, guests.binary(SYNCHRONOUS["words of the same meaning"])).imports
    assert type(imported) is Function


def test_an_engine_that_reads_types_links_nothing(reader):
    with pytest.raises(UsageError):
        reader.linker()
