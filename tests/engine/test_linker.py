"""What can be imported: versions, types, WASI, and reasons that name what is offered."""

from __future__ import annotations

import threading

import pytest

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.core.limits import Limits
from airssys_tui.core.types.interface import Function, Param, Primitive
from airssys_tui.engine.host import HostFunction, HostInterface
from airssys_tui.host.catalogue import WASI
from tests.support.engine import guests

U32 = Primitive("u32")
WORK = HostFunction(Function("work", (Param("a", U32),), U32), lambda _, a: a + 1)
NUMBERS = ('(param "a" u32)', "(result u32)", "(param i32) (result i32)")


@pytest.mark.parametrize(
    ("offered", "wanted", "fits"),
    [
        ("test:host/face@1.0.0", "test:host/face@1.0.0", True),
        ("test:host/face@1.0.0", "test:host/face@1.2.3", True),
        ("test:host/face@1.4.0", "test:host/face@1.0.0", True),
        ("test:host/face@1.0.0", "test:host/face@2.0.0", False),
        ("test:host/face@0.1.0", "test:host/face@0.1.9", True),
        ("test:host/face@0.1.0", "test:host/face@0.2.0", False),
        ("test:host/face@1.0.0", "test:host/other@1.0.0", False),
        ("test:host/face", "test:host/face", True),
        ("test:host/face", "test:host/face@1.0.0", False),
    ],
)
def test_what_is_found_beforehand_agrees_with_the_engine(engine, offered, wanted, fits):
    linker = engine.linker([HostInterface(offered, (WORK,))])
    code = engine.compile(guests.caller(*NUMBERS, name=wanted))
    assert (linker.problems(code.interface) == ()) is fits
    if fits:
        with linker.instantiate(code, Limits()) as instance:
            assert instance.call("run", 1).value == 2
    else:
        with pytest.raises(AdmissionError) as caught:
            linker.instantiate(code, Limits())
        assert caught.value.gate == Gate.TYPES


def test_an_unknown_import_names_what_is_offered(engine):
    linker = engine.linker([HostInterface("test:host/face@1.0.0", (WORK,)), *WASI])
    code = engine.compile(guests.caller(*NUMBERS, name="test:host/fase@1.0.0"))
    (problem,) = linker.problems(code.interface)
    assert problem.name == "test:host/fase@1.0.0"
    assert "did you mean test:host/face@1.0.0?" in problem.reason
    assert "available: test:host/face@1.0.0, WASI 0.2" in problem.remedy


def test_another_type_is_shown_beside_the_offered_one(engine):
    linker = engine.linker([HostInterface("test:host/face@1.0.0", (WORK,))])
    code = engine.compile(guests.caller('(param "a" s64)', "", "(param i64)"))
    (problem,) = linker.problems(code.interface)
    assert problem.name == "test:host/face@1.0.0#work"
    assert "work: func(a: s64)" in problem.reason
    assert "work: func(a: u32) -> u32" in problem.reason


def test_wasi_is_what_the_host_offers_of_it(engine):
    text = '(component (import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (result u64))))))'
    (problem,) = engine.linker().problems(engine.compile(guests.binary(text)).interface)
    assert problem.name == "wasi:random/random@0.2.0"


@pytest.mark.parametrize(("version", "fits"), [("0.2.0", True), ("0.2.9", True), ("0.3.0", False)])
def test_wasi_of_any_patch_version_of_0_2(engine, version, fits):
    text = f"""(component (import "wasi:random/random@{version}"
      (instance (export "get-random-u64" (func (result u64))))))"""
    linker, code = engine.linker(WASI), engine.compile(guests.binary(text))
    assert code.imports_wasi
    assert (linker.problems(code.interface) == ()) is fits
    if fits:
        linker.instantiate(code, Limits()).close()


def test_linkers_can_be_made_on_several_threads(engine):
    code = engine.compile(guests.caller(*NUMBERS))
    results = []

    def run():
        for _ in range(10):
            linker = engine.linker([HostInterface("test:host/face@1.0.0", (WORK,))])
            with linker.instantiate(code, Limits()) as instance:
                results.append(instance.call("run", 1).value)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [2] * 40
