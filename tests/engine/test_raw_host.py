"""Host functions that are imported flat: they see what they would see otherwise, and nobody else sees a difference."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from airssys_tui.core.limits import Limits
from airssys_tui.core.types.interface import (
    BYTES,
    Case,
    EnumOf,
    Field,
    FlagsOf,
    Function,
    InterfaceType,
    ListOf,
    OptionOf,
    Own,
    Param,
    Primitive,
    Record,
    ResultOf,
    TupleOf,
    ValType,
    VariantOf,
)
from airssys_tui.core.types.values import Err, Ok, Some
from airssys_tui.engine.host import HostFunction, HostInterface
from airssys_tui.engine.raw_lift.canonical_abi import MOST_LISTS, flat, flat_import, is_readable, size
from airssys_tui.engine.raw_lift.flat_imports import with_flat_imports
from airssys_tui.engine.raw_path.raw_reading import MOST_CARRIED
from tests.support.engine import guests
from tests.support.engine.raw_guests import FACE, outcome, passing
from tests.support.engine.wit_types import Definitions, Typed, typed_values

U32, TEXT = Primitive("u32"), Primitive("string")
LIMITS = Limits(fuel_per_call=10**9, deadline=30.0)
LEDGER = Path("sample_components/ledger/ledger.wasm")


@pytest.fixture
def compare(engine, by_values):
    """Call ``f`` of a component in both engines, whose host function is the same; return what both tell and saw."""

    def run(wasm: bytes, params: list[ValType], data: bytes, work: Callable | None = None, result: ValType = U32):
        assert with_flat_imports(wasm) != wasm
        function = Function("work", tuple(Param(f"p{number}", type_) for number, type_ in enumerate(params)), result)
        told, seen = [], []
        for one in (engine, by_values):
            mine: list[str] = []
            answer = work or (lambda _, *values, mine=mine: mine.append(repr(values)) or 7)
            linker = one.linker([HostInterface(FACE, (HostFunction(function, answer),))])
            code = one.compile(wasm)
            assert linker.problems(code.interface) == ()
            with linker.instantiate(code, LIMITS) as instance:
                told.append(outcome(instance, data))
            seen.append(mine)
        assert told[0] == told[1]
        assert seen[0] == seen[1]
        return told[0], seen[0]

    return run


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_core_numbers_are_read_as_any_types_alike(compare, data):
    typed: list[Typed] = data.draw(st.lists(typed_values(), max_size=3))
    types = [BYTES, *(one.type for one in typed if is_readable(one.type))]
    cores = [core for type_ in types for core in flat(type_)]
    assume(len(cores) <= 16)
    definitions = Definitions()
    texts = [definitions.reference(type_) for type_ in types]
    small = st.integers(0, 3) | st.integers(1016, 1100) | st.sampled_from([65_530, 65_536, 2**31, 2**32 - 1])
    words = data.draw(st.lists(small, min_size=32, max_size=32))
    compare(passing(texts, cores, definitions.inside()), types, struct.pack("<32I", *words))


def _given(where: int, count: int) -> bytes:
    return struct.pack("<QQ", where, count)


@pytest.mark.parametrize(
    ("text", "type_"),
    [("(list u8)", BYTES), ("(list u16)", ListOf(Primitive("u16"))), ("(list f64)", ListOf(Primitive("f64")))],
)
@pytest.mark.parametrize(
    ("where", "count"),
    [
        (1024, 16),
        (1025, 3),
        (65_536, 0),
        (65_537, 0),
        (65_530, 100),
        (2**32 - 8, 8),
        (0, 2**32 - 1),
        (2**32 - 1, 1),
        (0, 0),
    ],
)
def test_hostile_pointers_of_arguments(compare, text, type_, where, count):
    told, seen = compare(passing([text], ["i32", "i32"]), [type_], _given(where, count))
    assert bool(told.error) is not bool(seen)
    assert told.dead is bool(told.error)


NESTED = Record((Field("name", TEXT), Field("inner", ListOf(OptionOf(TupleOf((FlagsOf(("x", "y")), TEXT)))))))


def test_lists_of_records_with_lists_in_them(compare):
    definitions = Definitions()
    wasm = passing([definitions.reference(ListOf(NESTED))], ["i32", "i32"], definitions.inside())
    head = struct.pack("<QQ", 1056, 2) + bytes(16)
    records = struct.pack("<8I", 1088, 1, 1120, 2, 1089, 1, 0, 0)
    options = struct.pack("<BxxxBxxxIIBxxxBxxxII", 1, 3, 1088, 2, 0, 9, 2**31, 5)
    _, seen = compare(wasm, [ListOf(NESTED)], head + records + b"ab".ljust(32) + options)
    xy = frozenset("xy")
    assert seen == [repr(([{"name": "a", "inner": [Some((xy, "ab")), None]}, {"name": "b", "inner": []}],))]


@pytest.mark.parametrize(("count", "taken"), [(2046, True), (2047, False)])
def test_pointing_at_the_same_text_again_and_again_is_bounded(compare, count, taken):
    """The engine counts 128 MiB for one call: here 48 bytes for each text, and its 65 536."""
    lengths: list[list[int]] = []
    wasm = passing(["(list string)"], ["i32", "i32"], memory=2)
    data = struct.pack("<QQ", 1040, count) + struct.pack("<II", 65_536, 65_536) * count
    told, _ = compare(wasm, [ListOf(TEXT)], data, lambda _, texts: lengths.append([len(texts)]) or 7)
    assert lengths == ([[count]] * 2 if taken else [])
    assert told.error[:29] == ("" if taken else "transfer-limit: too much data")


MANY = {
    "tuple": (TupleOf((Primitive("u8"), Primitive("u8"))), 144),
    "option": (OptionOf(Primitive("u8")), 96),
    "record": (Record((Field("aa", Primitive("u8")), Field("b", Primitive("u8")))), 147),
    "variant": (VariantOf((Case("a", U32), Case("four", Primitive("u8")))), 100),
    "enum": (EnumOf(("a", "four")), 52),
    "flags": (FlagsOf(("four", "bb", "c")), 54),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MANY)
def test_each_form_counts_as_the_engine_counts_it(compare, name):
    type_, counted = MANY[name]
    most, width = MOST_CARRIED // counted, size(type_)
    definitions = Definitions()
    reference = definitions.reference(ListOf(type_))
    wasm = passing([reference], ["i32", "i32"], definitions.inside(), memory=512)
    item = {"option": b"\1\0", "variant": b"\1\0\0\0\0\0\0\0", "flags": b"\3", "enum": b"\1"}.get(name, bytes(width))
    for count in (most, most + 1):
        told, _ = compare(wasm, [ListOf(type_)], _given(1040, count) + item * count, lambda *_: 7)
        assert told.error[:29] == ("" if count == most else "transfer-limit: too much data")


def test_text_beside_a_list_has_to_be_utf_8(compare):
    wasm = passing(["(list u8)", "string"], ["i32"] * 4)
    told, seen = compare(wasm, [BYTES, TEXT], struct.pack("<QQQQ3s", 1024, 4, 1056, 3, b"a\xffb"))
    assert (told.error[:36], seen) == ("other: invalid utf-8 sequence of 1 b", [])
    told, seen = compare(wasm, [BYTES, TEXT], struct.pack("<QQQQ3s", 1056, 2, 1056, 3, "aé".encode()))
    assert seen == ["(b'a\\xc3', 'aé')"]


SHARED = VariantOf(
    (
        *(Case(name, Primitive(name)) for name in ("u64", "f32", "f64", "s8", "bool")),
        *(Case("list", BYTES), Case("text", TEXT)),
    )
)


@pytest.mark.parametrize("high", [0, 1, 2**31, 2**32 - 1])
@pytest.mark.parametrize("case", range(8))
def test_numbers_that_share_a_slot_with_wider_ones(compare, case, high):
    definitions = Definitions()
    wasm = passing([definitions.reference(SHARED)], ["i32", "i64", "i32"], definitions.inside())
    told, seen = compare(wasm, [SHARED], struct.pack("<QIIQ", case, 1024, high, 3))
    assert bool(seen) is (case < 7)
    assert bool(told.error) is (case == 7)


@pytest.mark.parametrize("answer", [Ok(b"abc"), Err("no"), Ok(b"")])
def test_results_cross_as_they_always_did(compare, answer):
    result = ResultOf(BYTES, TEXT)
    wasm = passing(["(list u8)"], ["i32", "i32"], result="(result (list u8) (error string))")
    told, _ = compare(wasm, [BYTES], _given(1024, 4), lambda _, data: answer, result)
    assert told.value == str(int(isinstance(answer, Err)))


def _broken(*_: object) -> int:
    raise OSError("broken")


@pytest.mark.parametrize("work", [_broken, lambda *_: "text", lambda *_: -1])
def test_failures_of_the_host_are_told_alike(compare, work):
    told, _ = compare(passing(["(list u8)"], ["i32", "i32"]), [BYTES], _given(1024, 4), work)
    assert told.error.startswith("host-error: test:host/face@1.0.0#work: ")


def test_the_interface_shows_what_the_component_imports(engine, by_values):
    for wasm in (LEDGER.read_bytes(), passing(["(list u8)"], ["i32", "i32"])):
        assert with_flat_imports(wasm) != wasm
        assert engine.compile(wasm).interface == by_values.compile(wasm).interface


def test_an_import_that_only_looks_flat_is_shown(engine):
    wasm = guests.binary(
        f"""(component (import "{FACE}" (instance
          (export "work" (func (param "a" (list u8)) (result u32)))
          (export "flat-work" (func (param "a" string) (result u32))))))"""
    )
    (item,) = engine.compile(wasm).interface.imports
    assert isinstance(item, InterfaceType)
    assert [function.name for function in item.functions] == ["work", "flat-work"]
    work = HostFunction(Function("work", (Param("a", BYTES),), U32), lambda *_: 0)
    (problem,) = engine.linker([HostInterface(FACE, (work,))]).problems(engine.compile(wasm).interface)
    assert problem.name == f"{FACE}#flat-work"


PLAIN = passing(["(list u8)"], ["i32", "i32"])
_NESTED = "(list " * (MOST_LISTS + 2) + "string" + ")" * (MOST_LISTS + 2)


@pytest.mark.parametrize(
    ("name", "wasm"),
    [
        ("numbers alone", passing(["u64"], ["i64"])),
        ("more than fits into core parameters", passing(["(list u8)"] * 9, ["i32"])),
        (
            "too many lists in lists",
            passing([f"{'(list ' * (MOST_LISTS + 1)}string{')' * (MOST_LISTS + 1)}"], ["i32", "i32"]),
        ),
        ("nothing imported", guests.echo("u8")),
    ],
)
def test_what_is_imported_as_it_is(name, wasm):
    assert with_flat_imports(PLAIN) != PLAIN
    assert with_flat_imports(wasm) == wasm, name


def _changed(old: str, new: str) -> bytes:
    text = f"""(component
      (import "{FACE}" (instance $host (export "work" (func (param "a" (list u8)) (result u32)))))
      (alias export $host "work" (func $w))
      (core module $memory (memory (export "mem") 1))
      (core instance $i (instantiate $memory))
      (core func $work (canon lower (func $w) (memory (core memory $i "mem"))))
      (core module $m (import "" "work" (func (param i32 i32) (result i32))))
      (core instance $g (instantiate $m (with "" (instance (export "work" (func $work))))))
    )"""
    assert old in text
    return guests.binary(text.replace(old, new))


OTHERWISE = {
    "a second memory": (
        "(core instance $i",
        "(core module $n (memory 1)) (core instance (instantiate $n)) (core instance $i",
    ),
    "its memory twice": ("(core instance $i", "(core instance (instantiate $memory)) (core instance $i"),
    "a function that is exported, too": ("(core module $m", '(export "again" (func $w)) (core module $m'),
    "a nested component with code": ("(core module $m", "(component (core module)) (core module $m"),
    "an interface of the engine": (FACE, "wasi:host/face@1.0.0"),
    "a function with the flat name": (
        '(export "work" (func (param',
        '(export "flat-work" (func)) (export "work" (func (param',
    ),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_components_that_are_left_alone(name):
    assert with_flat_imports(_changed("(component", "(component")) != _changed("(component", "(component")
    wasm = _changed(*OTHERWISE[name])
    assert with_flat_imports(wasm) == wasm


@settings(max_examples=60)
@given(at=st.integers(8, len(PLAIN) - 1), byte=st.integers(0, 255))
def test_damaged_components_raise_nothing(at, byte):
    damaged = bytearray(PLAIN)
    damaged[at] = byte
    with_flat_imports(bytes(damaged))
    with_flat_imports(PLAIN[:at])


def test_types_whose_functions_become_flat():
    payload = OptionOf(TupleOf((BYTES, Primitive("u64"))))
    made = flat_import(Function("set", (Param("a", TEXT), Param("b", payload)), ResultOf(None, TEXT)))
    assert made is not None
    assert [getattr(param.type, "name", "") for param in made.params] == ["u32"] * 5 + ["u64"]
    assert (made.name, made.result) == ("flat-set", ResultOf(None, TEXT))
    assert flat_import(Function("f", (Param("a", BYTES),), Own("box"))) is None
    assert flat_import(Function("f", (Param("a", BYTES), Param("b", Own("box"))))) is None
    assert flat_import(Function("f", (), BYTES)) is None
