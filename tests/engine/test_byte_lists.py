"""Several byte lists in one call: each arrives as it was given, whatever else shares the call, its thread or its host.

The first byte list of a call is spread over storage of its thread, the others over storage of their own. Two lists in
one storage would give the guest the second one twice.
"""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airssys_tui.core.limits import Limits
from airssys_tui.core.types.interface import BYTES, Function, Param, Primitive, TupleOf
from airssys_tui.core.types.values import Some
from airssys_tui.engine.host import HostFunction, HostInterface
from tests.support.engine import guests

WIDE = Limits(fuel_per_call=10**12, deadline=60.0)
FACE = "test:host/face@1.0.0"
U32 = Primitive("u32")

LISTS, TEXT, NUMBER = ("(list u8)", 2), ("string", 2), ("u32", 1)
MAYBE, MANY, PAIR = ("(option (list u8))", 3), ("(list (list u8))", 2), ("(tuple (list u8) (list u8))", 4)

TOGETHER = {
    "two": ((LISTS, LISTS), (b"\x07", b"\x09")),
    "eight": ((LISTS,) * 8, tuple(bytes([n]) * (n + 1) for n in range(8))),
    "lists and texts": ((TEXT, LISTS, TEXT, LISTS, NUMBER), ("é", b"\x01\x02", "plain", b"\x03\x04", 5)),
    "a list, lists of lists, a list": ((LISTS, MANY, LISTS), (b"ab", [b"cd", b"", b"ef"], b"gh")),
    "optional ones": ((MAYBE, LISTS, MAYBE, LISTS), (Some(b"ab"), b"cd", Some(b"ef"), b"gh")),
    "a pair and a list": ((PAIR, LISTS, PAIR), ((b"ab", b"cd"), b"ef", (b"gh", b"ij"))),
    "only one is not empty": ((LISTS, LISTS, LISTS), (b"", b"\xff", b"")),
}


@pytest.mark.parametrize("name", TOGETHER)
def test_values_of_one_call_arrive_as_they_were_given(start, name):
    shapes, values = TOGETHER[name]
    instance = start(guests.echo_together(*shapes))
    for _ in range(2):
        assert instance.call("echo", *values).value == values
        back = instance.call("echo", *(bytearray(v) if isinstance(v, bytes) else v for v in values)).value
        assert back == values


@pytest.mark.parametrize("sizes", [(1, 1), (255, 256), (257, 256), (4_097, 4_096), (65_536, 65_536), (65_537, 1)])
def test_lists_of_every_size_class_stay_apart(start, sizes):
    instance = start(guests.echo_together(LISTS, LISTS), WIDE)
    values = tuple(bytes([65 + n]) * size for n, size in enumerate(sizes))
    assert instance.call("echo", *values).value == values
    assert instance.call("echo", *reversed(values)).value == tuple(reversed(values))
    assert instance.call("echo", b"x", b"y").value == (b"x", b"y")


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=400), min_size=4, max_size=4))
def test_any_four_lists_stay_apart(four_lists, values):
    assert four_lists.call("echo", *values).value == tuple(values)


@pytest.fixture(scope="module")
def four_lists(engine):
    instance = engine.linker().instantiate(engine.compile(guests.echo_together(*[LISTS] * 4)), WIDE)
    yield instance
    instance.close()


@pytest.mark.parametrize(("a", "b", "said"), [(7, 9, 7009), (9, 7, 9007), (0, 255, 255), (255, 0, 255_000)])
def test_two_numbers_of_two_lists(start, a, b, said):
    assert start(guests.binary(guests.FIRST_OF_BOTH)).call("f", bytes([a]), bytes([b])).value == said


def test_threads_that_call_at_the_same_time_do_not_share_lists(engine):
    code, linker = engine.compile(guests.echo_together(LISTS, LISTS)), engine.linker()
    begin, wrong = threading.Barrier(4), []

    def call_often(number: int) -> None:
        instance = linker.instantiate(code, WIDE)
        values = (bytes([number]) * 20_000, bytes([100 + number]) * 19_000)
        try:
            begin.wait(60)
            wrong.extend(number for _ in range(15) if instance.call("echo", *values).value != values)
        except BaseException as error:  # noqa: BLE001 - told to the test
            wrong.append(error)
        finally:
            instance.close()

    threads = [threading.Thread(target=call_often, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def _between(result: str, flat: str, lowered: str) -> bytes:
    """Make a component whose ``run`` takes two lists, hands the first to the host, then tells of both and the answer.

    The number is ``1 000 000 · a[0] + 1 000 · b[0]`` and what ``lowered`` adds.
    """
    return guests.binary(
        f"""(component
          (import "{FACE}" (instance $host (export "work" (func (param "items" (list u8)) (result {result})))))
          (core module $memory {guests.ALLOCATOR})
          (core instance $i (instantiate $memory))
          (core func $work (canon lower (func $host "work") {guests.OPTIONS}))
          (core module $guest
            (import "" "mem" (memory 1))
            (import "" "work" (func $work (param i32 i32 {flat})))
            (func (export "run") (param i32 i32 i32 i32) (result i32) (local $answer i32)
              {lowered}
              (i32.add (i32.add (i32.mul (i32.load8_u (local.get 0)) (i32.const 1000000))
                (i32.mul (i32.load8_u (local.get 2)) (i32.const 1000))) (local.get $answer))))
          (core instance $g (instantiate $guest (with "" (instance
            (export "mem" (memory $i "mem")) (export "work" (func $work))))))
          (func (export "run") (param "a" (list u8)) (param "b" (list u8)) (result u32)
            (canon lift (core func $g "run") {guests.OPTIONS})))"""
    )


def _host(engine, result, work):
    type_ = Function("work", (Param("items", BYTES),), result)
    return engine.linker([HostInterface(FACE, (HostFunction(type_, work),))])


def test_a_host_function_that_calls_another_guest_with_lists_leaves_both_as_they_were(engine, start):
    inner = start(guests.binary(guests.FIRST_OF_BOTH))
    lowered = """(call $work (local.get 0) (local.get 1) (i32.const 64))
      (local.set $answer (i32.load8_u (i32.load (i32.const 64))))"""
    seen = []

    def work(_context, items):
        seen.append((items, inner.call("f", b"\x03" * 200, b"\x04" * 200).value))
        return b"\x05" * 50

    outer = _host(engine, BYTES, work).instantiate(engine.compile(_between("(list u8)", "i32", lowered)), WIDE)
    try:
        for _ in range(2):
            assert outer.call("run", b"\x01" * 100, b"\x02" * 100).value == 1_002_005
    finally:
        outer.close()
    assert seen == [(b"\x01" * 100, 3004)] * 2


def test_several_lists_in_a_host_functions_answer_stay_apart(engine):
    lowered = """(call $work (local.get 0) (local.get 1) (i32.const 64))
      (local.set $answer (i32.add (i32.mul (i32.load8_u (i32.load (i32.const 64))) (i32.const 10))
        (i32.load8_u (i32.load (i32.const 72)))))"""
    code = engine.compile(_between("(tuple (list u8) (list u8))", "i32", lowered))
    outer = _host(engine, TupleOf((BYTES, BYTES)), lambda _, items: (b"\x06" * 300, b"\x07" * 300)).instantiate(
        code, WIDE
    )
    try:
        assert outer.call("run", b"\x01", b"\x02").value == 1_002_067
    finally:
        outer.close()
