"""Results that the host writes into a guest's memory: the guest finds what it would find otherwise, for equal fuel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wasmtime
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wasmtime import component

from airssys_tui.core.errors import HostFault
from airssys_tui.core.limits import Limits
from airssys_tui.core.types.interface import (
    BYTES,
    Case,
    Field,
    Function,
    ListOf,
    OptionOf,
    Param,
    Primitive,
    Record,
    ResultOf,
    TupleOf,
    ValType,
    VariantOf,
)
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.host import HostFunction, HostInterface
from airssys_tui.engine.raw_lift.canonical_abi import crosses
from airssys_tui.engine.raw_lift.flat_imports import with_flat_imports
from airssys_tui.engine.raw_lift.result_adapter import mark_of
from airssys_tui.engine.raw_path.raw_choice import HEAVY
from tests.support.engine import guests
from tests.support.engine.raw_guests import FACE, Outcome, outcome, taking
from tests.support.engine.wit_types import Definitions, typed_values

U32, TEXT = Primitive("u32"), Primitive("string")
NUMBERS = ListOf(U32)
NATIVE = wasmtime.Engine()
LIMITS = Limits(fuel_per_call=10**6, deadline=30.0)
PERHAPS = ResultOf(OptionOf(VariantOf((Case("text", TEXT), Case("binary", BYTES)))), VariantOf((Case("no", TEXT),)))
LARGE = bytes(range(256)) * 2


def _function(result: ValType) -> Function:
    return Function("work", (Param("n", U32),), result)


@pytest.fixture
def compare(engine, by_values):
    """Have the host write a result in both engines; return what both tell."""

    def run(result: ValType, answer: Any, /, work: Callable | None = None, *, near: int = 0, **guest: str) -> Outcome:
        definitions = Definitions()
        text = definitions.reference(result)
        wasm = taking(text, definitions.inside(), **guest)
        changed = with_flat_imports(wasm)
        assert changed != wasm
        component.Component(NATIVE, changed)  # what does not compile is compiled as it is, which tells nothing
        told, fuel = [], []
        for one in (engine, by_values):
            functions = (HostFunction(_function(result), work or (lambda _, __: answer)),)
            code, linker = one.compile(wasm), one.linker([HostInterface(FACE, functions)])
            assert linker.problems(code.interface) == ()
            with linker.instantiate(code, LIMITS) as instance:
                told.append([outcome(instance, 7), outcome(instance, 7)])
                fuel.append(instance.meters.fuel_total)
        assert told[0] == told[1]
        assert abs(fuel[0] - fuel[1]) <= near
        return told[0][0]

    return run


def _grown(value: Any, times: int) -> Any:
    """Give a value with every list so many times as long."""
    match value:
        case Some(inner) | Ok(inner) | Err(inner):
            return type(value)(_grown(inner, times))
        case Variant(case, payload):
            return Variant(case, _grown(payload, times))
        case dict():
            return {name: _grown(part, times) for name, part in value.items()}
        case tuple():
            return tuple(_grown(part, times) for part in value)
        case bytes() | list():
            return value * times
    return value


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), times=st.sampled_from([1, 100]))
def test_any_result_is_found_alike(compare, data, times):
    typed = data.draw(typed_values().filter(lambda one: crosses(one.type)))
    both = TupleOf((typed.type, BYTES, typed.type))
    value = data.draw(typed.values), data.draw(st.binary(max_size=6)), data.draw(typed.values)
    forms = {
        both: value,
        OptionOf(both): Some(value),
        ResultOf(None, both): Err(value),
        ResultOf(both, TEXT): Ok(value),
    }
    result = data.draw(st.sampled_from(list(forms)))
    told = compare(result, _grown(forms[result], times))
    assert not told.error or "end of memory" in told.error


SIZES = [0, 1, HEAVY - 1, HEAVY, 5000]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["plain", "binary", "text", "err"])
def test_small_and_large_results(compare, kind, size):
    data = (LARGE * 20)[:size]
    text = "x" * size
    result, answer = {
        "plain": (BYTES, data),
        "binary": (PERHAPS, Ok(Some(Variant("binary", data)))),
        "text": (PERHAPS, Ok(Some(Variant("text", text)))),
        "err": (PERHAPS, Err(Variant("no", text))),
    }[kind]
    assert compare(result, answer).error == ""


def test_the_result_that_stands_for_large_ones_is_told_from_them(compare):
    assert compare(PERHAPS, Ok()).error == ""
    assert compare(ResultOf(None, BYTES), Ok()).error == ""
    assert compare(OptionOf(NUMBERS), None).error == ""


REALLOCS = {
    "past the end": "(i32.const 65_500)",
    "at the end": "(i32.const 65_536)",
    "far past it": "(i32.const -1)",
    "over the result": "(i32.const 64)",
    "across its end": "(i32.const 70)",
    "nothing": "(i32.const 0)",
    "not aligned": "(i32.const 1025)",
    "a trap": "(unreachable)",
    "an endless loop": "(loop (br 0)) (unreachable)",
    "after the memory has grown": "(drop (memory.grow (i32.const 1))) (i32.const 65_536)",
    "nothing to grow": "(drop (memory.grow (i32.const 70_000))) (i32.const 2048)",
    "deep recursion": "(call 0 (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1))",
    "the host again": "(call_indirect (type $work) (i32.const 5) (i32.const 128) (i32.const 0)) (i32.const 1024)",
}
RESULTS = {
    "bytes": (BYTES, LARGE),
    "numbers": (NUMBERS, list(range(300))),
    "perhaps": (PERHAPS, Ok(Some(Variant("binary", LARGE)))),
    "several": (
        Record((Field("a", BYTES), Field("b", Primitive("u64")), Field("c", NUMBERS), Field("d", TEXT))),
        {"a": LARGE, "b": 2**63, "c": [1, 2, 3] * 100, "d": "text"},
    ),
}


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize("name", REALLOCS)
def test_hostile_allocators(compare, name, result):
    # Where a stack ends is not the same: the engine's own frames are on it as well.
    told = compare(*RESULTS[result], realloc=REALLOCS[name], near=500 if name == "deep recursion" else 0)
    if name in {"past the end", "far past it", "a trap", "an endless loop", "deep recursion", "the host again"}:
        assert told.error
        assert told.dead
        assert "adapter" not in told.error


@pytest.mark.parametrize("at", [0, 2, 63, 65_528, 65_534, 65_536, -4, -1])
@pytest.mark.parametrize("result", RESULTS)
def test_hostile_addresses_of_the_result(compare, result, at):
    compare(*RESULTS[result], at=f"(i32.const {at})", near=4)


@pytest.mark.parametrize("answer", ["text", b"", None, Ok(5), Ok(Some(Variant("other", b""))), Err(Variant("no", b""))])
def test_answers_of_another_type_are_told_alike(compare, answer):
    told = compare(PERHAPS, answer)
    assert told.error.startswith("host-error: test:host/face@1.0.0#work: ")


def _fails(*_: object) -> Any:
    raise HostFault("out of order")


def test_failures_of_the_host_are_told_alike(compare):
    for result, _ in RESULTS.values():
        assert compare(result, None, _fails).error.startswith("host-error: test:host/face@1.0.0#work: out of order")


@pytest.mark.parametrize("result", RESULTS)
def test_fuel_that_the_host_charges_is_counted_alike(compare, result):
    def work(context: Any, _: int) -> Any:
        context.charge(123_456)
        return RESULTS[result][1]

    told = compare(RESULTS[result][0], None, work)
    assert told.fuel is not None
    assert told.fuel > 123_456


@pytest.mark.parametrize("result", RESULTS)
def test_what_the_host_sees_of_the_fuel_is_the_same(compare, result):
    def all_of_it(context: Any, _: int) -> Any:
        context.charge(10**9)

    told = compare(RESULTS[result][0], None, all_of_it)
    assert told.error.startswith("out-of-fuel: ")
    assert "units of fuel were charged but 999" in told.error


def test_many_results_use_the_fuel_of_values(engine, by_values):
    """Of what adapters use, a call is never short of more than a bound."""
    function = HostFunction(_function(BYTES), lambda _, __: b"abc")
    loop = """(loop $l (call $work (local.get 0) (i32.const 64))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"""
    at = f"(i32.const 64)) {loop} (call $work (i32.const 1) (i32.const 64)"
    wasm = taking("(list u8)", realloc="(i32.const 1024)", at=at)
    used = []
    for one in (engine, by_values):
        linker = one.linker([HostInterface(FACE, (function,))])
        with linker.instantiate(one.compile(wasm), LIMITS) as instance:
            used.append(instance.call("f", 2000).fuel)
            assert instance.call("f", 2000, fuel=used[0] + 20_000).fuel == used[0]
    assert used[0] == used[1]


def test_what_stands_behind_an_adapter_keeps_its_meaning(compare):
    """Core functions, modules and instances that are numbered anew: a destructor, exports, functions lowered twice."""
    more = """
      (core module $d (func (export "drop") (param i32)) (func (export "five") (result i32) (i32.const 5)))
      (core func $first (canon lower (func $host "work") (memory (core memory $i "mem"))
        (realloc (core func $i "realloc"))))
      (core instance $di (instantiate $d))
      (type $box (resource (rep i32) (dtor (core func $di "drop"))))
      (core func $made (canon resource.new $box))
      (core func $second (canon lower (func $host "work") (memory (core memory $i "mem"))
        (realloc (core func $i "realloc"))))
      (core module $again (import "" "work" (func (param i32 i32))) (import "" "new" (func (param i32) (result i32))))
      (core instance (instantiate $again
        (with "" (instance (export "work" (func $second)) (export "new" (func $made))))))
      (func (export "five") (result u32) (canon lift (core func $di "five")))
      (core instance (instantiate $again
        (with "" (instance (export "work" (func $first)) (export "new" (func $made))))))
    """
    for result, answer in RESULTS.values():
        assert compare(result, answer, more=more).error == ""


def test_the_interface_shows_what_the_component_imports(engine, by_values):
    for wasm in (Path("sample_components/ledger/ledger.wasm").read_bytes(), taking("(list u8)")):
        assert engine.compile(wasm).interface == by_values.compile(wasm).interface


@pytest.mark.parametrize("name", ["written-work", "brief-work", "rest-work"])
def test_a_component_that_names_the_other_ways_itself_is_left_alone(name):
    wasm = guests.binary(
        f"""(component (import "{FACE}" (instance $host
          (export "{name}" (func)) (export "work" (func (param "n" u32) (result (list u8))))))
          (core module $memory (memory (export "mem") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0)))
          (core instance $i (instantiate $memory))
          (core func $work (canon lower (func $host "work") {guests.OPTIONS})))"""
    )
    assert with_flat_imports(wasm) == wasm


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        ([2**33 + 64], "no result was kept back"),
        ([2**32 + 64], "no room was asked for"),
        ([0], "no room was asked for"),
        ([None, 2**33 + 64, 0], "realloc return: beyond end of memory"),
        ([None, 2**33 + 64, 2**32 - 1], "realloc return: beyond end of memory"),
        ([None, 2**33 + 64, 2**33 - 1], "realloc return: beyond end of memory"),
        ([None, 2**33 + 66], "pointer not aligned"),
        ([None, 2**64 - 4], "pointer out of bounds"),
        ([None, 2**33 + 64, None], "cannot leave component instance"),
        ([None, 2**33 + 64, 2**33 + 64], "no result was kept back"),
        ([None, None, 2**33 + 64, 2**32 + 1024], ""),
    ],
)
def test_a_component_that_calls_the_ways_of_adapters_itself(engine, calls, words):
    """It may be told what an adapter would be told, and never reach beyond its own memory."""
    made = " ".join(
        "(call $brief (i32.const 32))" if n is None else f"(drop (call $rest (i64.const {n})))" for n in calls
    )
    wasm = guests.binary(
        f"""(component
          (import "{FACE}" (instance $host
            (export "brief-work" (func (result (option (list u8)))))
            (export "rest-work" (func (param "last" u64) (result u64)))))
          (core module $memory (memory (export "mem") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
          (core instance $i (instantiate $memory))
          (core func $brief (canon lower (func $host "brief-work") {guests.OPTIONS}))
          (core func $rest (canon lower (func $host "rest-work")))
          (core module $m
            (import "" "brief" (func $brief (param i32)))
            (import "" "rest" (func $rest (param i64) (result i64)))
            (func (export "f") {made}))
          (core instance $g (instantiate $m (with "" (instance
            (export "brief" (func $brief)) (export "rest" (func $rest))))))
          (func (export "f") (canon lift (core func $g "f"))))"""
    )
    work = HostFunction(Function("work", (), OptionOf(BYTES)), lambda _: Some(LARGE))
    with engine.linker([HostInterface(FACE, (work,))]).instantiate(engine.compile(wasm), LIMITS) as instance:
        told = outcome(instance)
    assert words in told.error
    assert bool(told.error) is bool(words)


PLAIN = [taking("(list u8)"), taking("(option (list u8))")]


@settings(max_examples=60)
@given(wasm=st.sampled_from(PLAIN), at=st.integers(8, len(PLAIN[0]) - 1), byte=st.integers(0, 255))
def test_damaged_components_raise_nothing(wasm, at, byte):
    damaged = bytearray(wasm)
    damaged[at] = byte
    with_flat_imports(bytes(damaged))
    with_flat_imports(wasm[:at])


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (BYTES, ...),
        (TupleOf((U32,)), ...),
        (OptionOf(BYTES), None),
        (ResultOf(BYTES, None), Err()),
        (ResultOf(OptionOf(BYTES), None), Ok(None)),
        (ResultOf(BYTES, TEXT), ...),
        (VariantOf((Case("a", BYTES), Case("b", None))), Variant("b")),
    ],
)
def test_the_result_that_needs_no_room(type_, value):
    mark = mark_of(type_)
    assert (... if mark is None else mark.value) == value
