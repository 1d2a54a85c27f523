"""Host functions: values both ways, failures in the right caller, nested calls, cost."""

from __future__ import annotations

import threading
import time

import pytest

from airssys_tui.core.errors import ArgumentError, HostDenied, HostFault
from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.interface import (
    BYTES,
    Field,
    Function,
    FutureOf,
    OptionOf,
    Param,
    Primitive,
    Record,
    ResultOf,
)
from airssys_tui.core.types.values import Err, Ok, Some
from airssys_tui.engine.host import FUEL_PER_BYTE, FUEL_PER_WORK, HostFunction, HostInterface
from tests.support.engine import guests

FACE = "test:host/face@1.0.0"
U32 = Primitive("u32")
NUMBER = Function("work", (Param("a", U32),), U32)
NUMBERS = guests.caller('(param "a" u32)', "(result u32)", "(param i32) (result i32)")
NOTHING = guests.caller("", "", "")


@pytest.fixture
def host(engine):
    """Make an instance whose ``run`` calls a Python function."""
    made = []

    def make(wasm, type_, call, *, owner=None, limits=None):
        linker = engine.linker([HostInterface(FACE, (HostFunction(type_, call),))])
        code = engine.compile(wasm)
        assert linker.problems(code.interface) == ()
        made.append(linker.instantiate(code, limits or Limits(), owner=owner))
        return made[-1]

    yield make
    for instance in made:
        instance.close()


def test_values_go_in_and_out_and_the_owner_is_known(host):
    seen = []
    instance = host(NUMBERS, NUMBER, lambda context, a: seen.append((context.owner, a)) or a * 2, owner="me")
    assert instance.call("run", 21).value == 42
    assert seen == [("me", 21)]


@pytest.mark.parametrize(
    ("raised", "kind", "words"),
    [
        (HostDenied("not granted"), TrapKind.HOST_DENIAL, "not granted"),
        (HostFault("gone"), TrapKind.HOST_ERROR, "gone"),
        (ValueError("oops"), TrapKind.HOST_ERROR, "ValueError: oops"),
        (KeyboardInterrupt(), TrapKind.HOST_ERROR, "KeyboardInterrupt"),
    ],
)
def test_nothing_raised_passes_through_native_frames(host, raised, kind, words):
    def work(_context):
        raise raised

    with pytest.raises(GuestTrap, match=words) as caught:
        host(NOTHING, Function("work"), work).call("run")
    assert caught.value.trap.kind is kind
    assert f"{FACE}#work" in caught.value.trap.message


@pytest.mark.parametrize("wrong", ["x", -1, None, True])
def test_a_result_of_the_wrong_type_is_a_host_error(host, wrong):
    with pytest.raises(GuestTrap, match="u32") as caught:
        host(NUMBERS, NUMBER, lambda _, __: wrong).call("run", 1)
    assert caught.value.trap.kind is TrapKind.HOST_ERROR


def test_failures_reach_the_caller_they_belong_to_on_eight_threads(engine):
    def work(_context, number):
        if number % 2:
            raise HostFault(f"odd {number}")
        return number

    linker = engine.linker([HostInterface(FACE, (HostFunction(NUMBER, work),))])
    code = engine.compile(NUMBERS)
    wrong: list[str] = []

    def run(base: int):
        for number in range(base, base + 100):
            with linker.instantiate(code, Limits()) as instance:
                try:
                    if instance.call("run", number).value != number or number % 2:
                        wrong.append(f"{number} came back")
                except GuestTrap as trap:
                    if not str(trap).endswith(f"odd {number}"):
                        wrong.append(f"{number}: {trap}")

    threads = [threading.Thread(target=run, args=(base * 1_000,)) for base in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_host_function_may_call_another_instance(host, start):
    inner = start(guests.binary(guests.TRAPS))

    def work(context, number):
        result = inner.call("fine").value
        with pytest.raises(GuestTrap):
            inner.call("divide")
        context.charge(10)
        return number + result

    outer = host(NUMBERS, NUMBER, work)
    assert outer.call("run", 1).value == 8
    assert inner.dead
    assert not outer.dead


def test_a_host_function_cannot_call_its_own_caller(host):
    made = []

    def work(_context):
        with pytest.raises(GuestTrap, match="running another call") as caught:
            made[0].call("run")
        assert caught.value.trap.kind is TrapKind.CANNOT_ENTER

    made.append(host(NOTHING, Function("work"), work))
    made[0].call("run")
    assert not made[0].dead


def test_time_in_the_host_is_not_the_guests(host):
    def work(_context):
        end = time.perf_counter_ns() + 5_000_000
        while time.perf_counter_ns() < end:
            pass

    result = host(NOTHING, Function("work"), work).call("run")
    assert result.host_ns >= 5_000_000
    assert result.wall_ns >= result.host_ns
    assert result.cpu_ns <= result.wall_ns - result.host_ns


def test_the_host_can_charge_fuel(host):
    instance = host(NOTHING, Function("work"), lambda context: context.charge(1_000))
    assert instance.call("run").fuel > 1_000
    with pytest.raises(GuestTrap) as caught:
        instance.call("run", fuel=900)
    assert caught.value.trap.kind is TrapKind.OUT_OF_FUEL


def test_the_host_charges_for_each_piece_of_work_and_each_byte(host):
    fuel = {}
    for name, work in {
        "free": lambda _, __: 0,
        "charged": lambda context, count: context.charge_bytes(count) or 0,
    }.items():
        instance = host(NUMBERS, NUMBER, work)
        fuel[name] = [instance.call("run", count).fuel for count in (0, 1, 65_536)]
    assert [mine - free for mine, free in zip(fuel["charged"], fuel["free"], strict=True)] == [
        FUEL_PER_WORK + FUEL_PER_BYTE * count for count in (0, 1, 65_536)
    ]
    with pytest.raises(GuestTrap) as caught:
        instance.call("run", 2**32 - 1)
    assert caught.value.trap.kind is TrapKind.OUT_OF_FUEL


@pytest.mark.parametrize("charge", [lambda context: context.charge(-1), lambda context: context.charge_bytes(-1)])
def test_no_charge_gives_fuel(host, charge):
    instance = host(NOTHING, Function("work"), charge)
    with pytest.raises(GuestTrap, match="negative") as caught:
        instance.call("run")
    assert caught.value.trap.kind is TrapKind.HOST_ERROR


def test_the_host_knows_what_is_left_of_the_deadline(host):
    seen = []
    host(NOTHING, Function("work"), lambda context: seen.append(context.remaining())).call("run", deadline=30)
    assert 20 < seen[0] <= 30


TEXTS = guests.binary(
    f"""(component
      (import "{FACE}" (instance $host
        (type $item' (record (field "name" string) (field "size" u32)))
        (export "item" (type $item (eq $item')))
        (export "work" (func (param "text" string) (result (result (option $item) (error (list u8))))))))
      (alias export $host "item" (type $item))
      (core module $memory {guests.ALLOCATOR})
      (core instance $i (instantiate $memory))
      (core func $work (canon lower (func $host "work")
        (memory (core memory $i "mem")) (realloc (core func $i "realloc"))))
      (core module $guest
        (import "" "work" (func $work (param i32 i32 i32)))
        (func (export "run") (param i32 i32) (result i32)
          (call $work (local.get 0) (local.get 1) (i32.const 64)) (i32.const 64)))
      (core instance $g (instantiate $guest (with "" (instance (export "work" (func $work))))))
      (export $item2 "item" (type $item))
      (func (export "run") (param "text" string) (result (result (option $item2) (error (list u8))))
        (canon lift (core func $g "run") {guests.OPTIONS})))"""
)
ITEM = Record((Field("name", Primitive("string")), Field("size", U32)))
DESCRIBE = Function("work", (Param("text", Primitive("string")),), ResultOf(OptionOf(ITEM), BYTES))


@pytest.mark.parametrize("answer", [Ok(None), Ok(Some({"name": "näme", "size": 3})), Err(b"\0\1\2" * 50)])
def test_composite_results_reach_the_guest(host, answer):
    seen = []
    instance = host(TEXTS, DESCRIBE, lambda _, text: seen.append(text) or answer)
    for _ in range(3):
        assert instance.call("run", "wörds").value == answer
    assert seen == ["wörds"] * 3


def test_a_host_function_that_cannot_be_called_is_refused_when_it_is_linked(engine):
    function = HostFunction(Function("work", (Param("f", FutureOf(U32)),)), lambda *_: None)
    with pytest.raises(ArgumentError, match="future"):
        engine.linker([HostInterface(FACE, (function,))])


def test_a_deadline_passed_in_the_host_stops_the_guest_afterwards(host):
    def work(context):
        while context.remaining() > 0:
            time.sleep(0.001)

    looping = guests.binary(
        f"""(component
          (import "{FACE}" (instance $host (export "work" (func))))
          (core func $work (canon lower (func $host "work")))
          (core module $m (import "" "work" (func $work))
            (func (export "run") (call $work) (loop (br 0))))
          (core instance $i (instantiate $m (with "" (instance (export "work" (func $work))))))
          (func (export "run") (canon lift (core func $i "run"))))"""
    )
    with pytest.raises(GuestTrap) as caught:
        host(looping, Function("work"), work).call("run", deadline=0.03, fuel=2**60)
    assert caught.value.trap.kind is TrapKind.DEADLINE
