"""Components made to be expensive: refused within their limits, wherever they would have been compiled."""

from __future__ import annotations

import hashlib
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.engine import compiler
from airssys_tui.engine.admission import inspect
from airssys_tui.engine.compiler import compile_in_child
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.reflection import MOST_TYPES
from airssys_tui.engine.settings import EngineSettings
from tests.support.engine import bombs, guests
from tests.support.places import SAMPLES

MIB = 1024 * 1024
HUGE = bombs.nested_loops(10_000, functions=10)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (EngineSettings(compile_wall=0.1), "longer than 100ms to compile"),
        (EngineSettings(compile_cpu=1), "more than 1.0s of CPU time"),
        (EngineSettings(compile_address_space=200 * MIB), "more than 200M of memory"),
    ],
)
def test_each_limit_of_the_child_is_enforced(settings: EngineSettings, words: str):
    with pytest.raises(AdmissionError, match=words) as caught:
        compile_in_child(HUGE, settings)
    assert caught.value.gate == Gate.COMPILE
    assert "compile limits" in caught.value.remedy
    assert caught.value.costly is ("CPU" in words)


def test_code_that_grows_out_of_bounds_is_refused():
    wasm = bombs.many_locals(40)
    assert len(wasm) < 1_000
    with pytest.raises(AdmissionError, match="the limit is 16") as caught:
        compile_in_child(wasm, EngineSettings(max_code_size=16_384))
    assert caught.value.gate == Gate.COMPILE


@pytest.mark.parametrize("wasm", [bombs.many_locals(1), bombs.nested_loops(2_000)], ids=["locals", "loops"])
def test_small_bombs_go_to_the_child(engine: Engine, wasm: bytes):
    assert len(wasm) < engine.settings.in_process_compile
    assert not engine.compiles_here(wasm)


def test_small_components_of_every_toolchain_compile_here(engine: Engine):
    samples = [path.read_bytes() for path in SAMPLES.glob("*/*.wasm")]
    assert len(samples) >= 6
    assert all(engine.compiles_here(wasm) for wasm in samples)


def test_variables_of_types_that_the_walk_does_not_know_count_as_many():
    assert inspect(bombs.component([bombs.body(3, bombs.I32, b"")])).locals == 3
    assert inspect(bombs.component([bombs.body(3, b"\x63\x70", b"")])).locals == 50_000


def test_types_that_double_are_refused_before_they_are_written_out(engine: Engine):
    wasm = bombs.wide_types(17)
    assert len(wasm) < 600
    with pytest.raises(AdmissionError, match=f"more than {MOST_TYPES}") as caught:
        engine.compile(wasm)
    assert caught.value.gate == Gate.TYPES
    with pytest.raises(AdmissionError) as caught:
        compile_in_child(wasm, EngineSettings())
    assert caught.value.gate == Gate.TYPES
    assert engine.compile(bombs.wide_types(8)).interface.functions()


def test_resources_in_great_number_are_refused(engine: Engine):
    many = "".join(f'(import "r{n}" (type $r{n} (sub resource)))' for n in range(1_500))
    uses = "".join(f'(export "f{n}" (func (param "r" (borrow $r{n}))))' for n in range(1_500))
    wasm = guests.binary(f'(component {many} (import "face" (instance {uses})))')
    with pytest.raises(AdmissionError, match="more than") as caught:
        engine.compile(wasm)
    assert caught.value.gate == Gate.TYPES


class Children:
    """Every child that was started."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.started: list[subprocess.Popen[bytes]] = []
        self.one_runs = threading.Event()
        monkeypatch.setattr(compiler.subprocess, "Popen", self._start)

    def _start(self, *args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
        self.started.append(REAL(*args, **kwargs))
        self.one_runs.set()
        return self.started[-1]


REAL = subprocess.Popen


def test_a_cancelled_child_is_killed_and_reaped(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    children, cancel = Children(monkeypatch), threading.Event()
    refusals: list[AdmissionError] = []

    def compile_it() -> None:
        with pytest.raises(AdmissionError, match="cancelled") as caught:
            engine.compile(HUGE, cancel=cancel)
        refusals.append(caught.value)

    thread = threading.Thread(target=compile_it)
    thread.start()
    assert children.one_runs.wait(30)
    cancel.set()
    thread.join(30)
    assert refusals[0].gate == Gate.COMPILE
    (child,) = children.started
    assert child.returncode == -9
    assert not Path(f"/proc/{child.pid}").exists()


@pytest.mark.parametrize("damage", [lambda answer: answer[:-1], lambda answer: answer[:40] + b"x" + answer[41:]])
def test_an_answer_that_is_not_what_was_compiled_is_not_loaded(damage: Any):
    code = b"code" * 100
    answer = hashlib.sha256(code).digest() + code
    assert compiler.verified(answer) == code
    with pytest.raises(AdmissionError, match="damaged"):
        compiler.verified(damage(answer))


def test_the_child_is_given_nothing_of_the_outside(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SECRET_OF_THE_OPERATOR", "1")
    assert "SECRET_OF_THE_OPERATOR" not in compiler.environment()


def test_a_refused_bomb_takes_no_longer_than_its_wall():
    started = time.monotonic()
    with pytest.raises(AdmissionError, match="longer than"):
        Engine(EngineSettings(compile_wall=1.0)).compile(bombs.many_locals(5_000))
    assert time.monotonic() - started < 20
