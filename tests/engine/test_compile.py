"""Compilation here and in the child: the same code, bounded, killable, with the compiler's words."""

from __future__ import annotations

import threading
import time

import pytest

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.core.limits import Limits
from airssys_tui.engine.compiler import compile_in_child
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.settings import EngineSettings
from tests.support.engine import guests

TRAPS = guests.binary(guests.TRAPS)


def bomb(adds: int) -> bytes:
    """Make a component with one huge function, quick to read and slow to compile."""
    body = "(local.set 0 (i32.xor (i32.mul (local.get 0) (i32.load (local.get 0))) (local.get 1)))" * adds
    text = f"""(component (core module $m (memory 1) (func (export "f") (param i32 i32) (result i32)
      {body} (local.get 0))) (core instance (instantiate $m)))"""
    return guests.binary(text)


def test_what_the_child_compiles_loads_and_runs(engine):
    code = engine.load(compile_in_child(TRAPS, engine.settings))
    with engine.linker().instantiate(code, Limits()) as instance:
        assert instance.call("fine").value == 7
    assert code.interface == engine.compile(TRAPS).interface


def test_large_components_go_to_the_child():
    engine = Engine(EngineSettings(in_process_compile=0))
    with engine.linker().instantiate(engine.compile(TRAPS), Limits()) as instance:
        assert instance.call("fine").value == 7
    engine.close()


@pytest.mark.parametrize("in_process", [0, 10**6])
def test_a_refusal_carries_the_compilers_words(in_process):
    engine = Engine(EngineSettings(in_process_compile=in_process))
    broken = TRAPS.replace(b"\x0b\x0b", b"\xff\x0b", 1)
    assert broken != TRAPS
    with pytest.raises(AdmissionError, match="offset") as caught:
        engine.compile(broken)
    assert caught.value.gate == Gate.COMPILE
    engine.close()


def test_a_compile_bomb_is_refused_in_bounded_time():
    engine = Engine(EngineSettings(in_process_compile=0, compile_wall=0.2))
    started = time.monotonic()
    with pytest.raises(AdmissionError, match="longer than") as caught:
        engine.compile(bomb(200_000))  # seconds of work, as a busy machine is given many times the limit
    assert caught.value.gate == Gate.COMPILE
    assert time.monotonic() - started < 20
    engine.close()


def test_a_cancelled_compilation_kills_the_child():
    engine = Engine(EngineSettings(in_process_compile=0))
    cancel = threading.Event()
    timer = threading.Timer(0.2, cancel.set)
    timer.start()
    with pytest.raises(AdmissionError, match="cancelled"):
        engine.compile(bomb(60_000), cancel=cancel)
    timer.join()
    engine.close()


def test_too_little_address_space_is_a_refusal_not_a_crash():
    settings = EngineSettings(in_process_compile=0, compile_address_space=150 * 1024 * 1024)
    engine = Engine(settings)
    with pytest.raises(AdmissionError) as caught:
        engine.compile(bomb(60_000))
    assert caught.value.gate == Gate.COMPILE
    engine.close()


@pytest.mark.parametrize("damage", [lambda code: code[: len(code) // 2], lambda _: b"", lambda _: b"\0" * 100])
def test_damaged_code_does_not_load(engine, damage):
    with pytest.raises(AdmissionError) as caught:
        engine.load(damage(engine.compile(TRAPS).serialised()))
    assert caught.value.gate == Gate.COMPILE


def test_code_loads_from_a_file_and_only_for_its_engine(engine, tmp_path):
    path = tmp_path / "code.cwasm"
    path.write_bytes(engine.compile(TRAPS).serialised())
    assert engine.load(path).interface == engine.compile(TRAPS).interface
    other = Engine(EngineSettings(host_memory=False, memory_reservation=64 * 1024 * 1024))
    assert other.identity != engine.identity
    with pytest.raises(AdmissionError):
        other.load(path)
    other.close()


def test_identity_is_the_same_for_the_same_settings(engine):
    other = Engine()
    assert other.identity == engine.identity
    other.close()


def test_a_component_larger_than_a_pipe_arrives_whole_while_cancelling_is_possible():
    engine = Engine(EngineSettings(in_process_compile=0))
    padding = "x" * 2_000_000
    text = f'(component (core module $m (memory 40) (data (i32.const 0) "{padding}")) (core instance (instantiate $m)))'
    code = engine.compile(guests.binary(text), cancel=threading.Event())
    engine.linker().instantiate(code, Limits()).close()
    engine.close()
