"""Code for host functions is made when they are first called: for nothing else, once, and whatever goes wrong then."""

from __future__ import annotations

import itertools
import threading
from time import perf_counter_ns

import pytest

from airssys_tui.core.errors import ArgumentError
from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.interface import BYTES, Function, FutureOf, ListOf, OptionOf, Param, Primitive, StreamOf
from airssys_tui.engine.generated_code import GeneratedCode
from airssys_tui.engine.host import HostFunction, HostInterface
from tests.support.engine import guests
from tests.support.engine.raw_guests import FACE, passing

U32 = Primitive("u32")
NUMBERS = guests.caller('(param "a" u32)', "(result u32)", "(param i32) (result i32)")
RAW = passing(["(list u8)"], ["i32", "i32"])
PATIENT = Limits(deadline=60.0)

_serial = itertools.count()


def unknown(type_=U32, name="work"):
    """Give a function for which no code is known: no other one has its name of the parameter."""
    return Function(name, (Param(f"a{next(_serial)}", type_),), U32)


def linked(engine, type_, call):
    """Link a function among others that are never called."""
    others = (HostFunction(unknown(OptionOf(BYTES), f"other{number}"), lambda *_: 0) for number in range(30))
    return engine.linker([HostInterface(FACE, (HostFunction(type_, call), *others))])


@pytest.fixture
def made(monkeypatch):
    """Note the code that is made for host functions."""
    compile_ = GeneratedCode.compile
    entries = []
    monkeypatch.setattr(
        GeneratedCode,
        "compile",
        lambda self, entry: (entry == "run" and entries.append(entry)) or compile_(self, entry),
    )
    return entries


@pytest.mark.parametrize("way", [(NUMBERS, U32, "run", 1), (RAW, BYTES, "f", bytes(16))], ids=["with values", "raw"])
def test_a_call_makes_the_code_of_the_called_function_once(engine, made, way):
    wasm, type_, path, given = way
    linker, code = linked(engine, unknown(type_), lambda *_: 7), engine.compile(wasm)
    assert linker.problems(code.interface) == ()
    with linker.instantiate(code, PATIENT) as one, linker.instantiate(code, PATIENT) as other:
        assert made == []
        assert [one.call(path, given).value for _ in range(3)] == [7] * 3
        assert other.call(path, given).value == 7
    assert made == ["run"]


def test_functions_of_one_type_share_code_and_nothing_else(engine, made):
    type_, code = unknown(), engine.compile(NUMBERS)
    linkers = [linked(engine, type_, lambda _, a, n=n: a + n) for n in (1, 10)]
    answers = [linker.instantiate(code, PATIENT).call("run", 1).value for linker in linkers]
    assert answers == [2, 11]
    failing = linked(engine, type_, lambda *_: "x")
    with failing.instantiate(code, PATIENT) as instance, pytest.raises(GuestTrap, match=f"{FACE}#work: .*u32"):
        instance.call("run", 1)
    assert made == ["run"]


def test_first_calls_on_several_threads_at_once(engine):
    code, wrong = engine.compile(NUMBERS), []
    for _ in range(5):
        linker = linked(engine, unknown(), lambda _, a: a + 1)
        together = threading.Barrier(8)

        def run(number, linker=linker, together=together):
            with linker.instantiate(code, PATIENT) as instance:
                together.wait(30)
                if (value := instance.call("run", number).value) != number + 1:
                    wrong.append(value)

        threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert wrong == []


def test_code_that_cannot_be_made_now_is_made_by_a_later_call(engine, monkeypatch):
    linker, code = linked(engine, unknown(), lambda _, a: a + 1), engine.compile(NUMBERS)

    def full(*_):
        raise MemoryError("no room")

    with linker.instantiate(code, PATIENT) as instance, monkeypatch.context() as patched:
        patched.setattr(GeneratedCode, "compile", full)
        with pytest.raises(GuestTrap, match=f"{FACE}#work") as caught:
            instance.call("run", 1)
    assert caught.value.trap.kind is TrapKind.HOST_ERROR
    with linker.instantiate(code, PATIENT) as instance:
        assert instance.call("run", 1).value == 2


def test_the_time_that_it_takes_is_the_hosts(engine, monkeypatch):
    compile_ = GeneratedCode.compile

    def slowly(self, entry):
        end = perf_counter_ns() + (5_000_000 if entry == "run" else 0)
        while perf_counter_ns() < end:
            pass
        return compile_(self, entry)

    linker = linked(engine, unknown(), lambda *_: 0)
    monkeypatch.setattr(GeneratedCode, "compile", slowly)
    with linker.instantiate(engine.compile(NUMBERS), PATIENT) as instance:
        first = instance.call("run", 1)
    assert first.host_ns >= 5_000_000
    assert first.cpu_ns <= first.wall_ns - first.host_ns


@pytest.mark.parametrize(
    "type_", [FutureOf(U32), StreamOf(), ListOf(OptionOf(StreamOf(U32))), Primitive("error-context")]
)
def test_types_that_cannot_be_passed_are_refused_when_linked(engine, type_):
    with pytest.raises(ArgumentError, match="types that can be passed"):
        linked(engine, Function("work", (Param("a", type_),)), lambda *_: None)
    with pytest.raises(ArgumentError, match="types that can be passed"):
        linked(engine, Function("work", (), type_), lambda *_: None)


def test_names_that_look_like_such_types_are_fine(engine):
    for name in ("error-context", "future", "stream", '"kind":"future"'):
        linked(engine, Function("work", (Param(name, U32),)), lambda *_: None)
