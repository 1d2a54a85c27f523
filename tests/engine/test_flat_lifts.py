"""What is appended to a component for raw calls, what is not, and that nobody else sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.core.limits import Limits
from airssys_tui.engine import compiled
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.raw_lift.flat_lifts import INSTANCE, MOST_LIFTS, names_for, with_flat_lifts
from airssys_tui.engine.settings import EngineSettings
from tests.support.engine import guests
from tests.support.engine.raw_guests import guest

GREETER = Path("sample_components/greeter/greeter.wasm")
GUEST = guest(post="nop")


def _lifted(engine: Engine, wasm: bytes, path: str = "f") -> set[str]:
    """Return what was appended for an export: of ``call``, ``allocate``, ``free``."""
    names = names_for(path)
    known = engine.compile(wasm).flat_functions
    return {kind for kind in ("call", "allocate", "free") if getattr(names, kind) in known}


def test_an_export_is_lifted_flat_with_what_its_calls_need(engine):
    assert _lifted(engine, GUEST) == {"call", "allocate", "free"}
    assert _lifted(engine, guest()) == {"call", "allocate"}
    assert _lifted(engine, GUEST, "calls") == set()


def test_an_interface_of_a_toolchain_is_looked_through(engine):
    wasm = GREETER.read_bytes()
    paths = [engine.compile(wasm).interface.find(name).path for name in ("reverse", "metadata#describe")]
    assert all("#" in path for path in paths)
    assert ["call" in _lifted(engine, wasm, path) for path in paths] == [True, True]


def test_the_interface_is_that_of_the_component_alone(engine):
    plain = Engine(EngineSettings(raw_lift=False))
    try:
        for wasm in (GUEST, GREETER.read_bytes()):
            assert engine.compile(wasm).interface == plain.compile(wasm).interface
            assert plain.compile(wasm).flat_functions == {}
    finally:
        plain.close()


def test_code_keeps_its_lifts_when_it_is_stored(engine):
    code = engine.load(engine.compile(GUEST).serialised())
    assert names_for("f").call in code.flat_functions
    assert [item.name for item in code.interface.exports] == ["calls", "f"]


def test_a_child_compiles_them_too():
    engine = Engine(EngineSettings(in_process_compile=0))
    try:
        assert _lifted(engine, GUEST) == {"call", "allocate", "free"}
    finally:
        engine.close()


@pytest.mark.parametrize("changed", [{"host_memory": False}, {"raw_lift": False}, {"types_only": True}])
def test_engines_that_cannot_call_raw_append_nothing(changed):
    engine = Engine(EngineSettings(**changed))
    try:
        assert engine.compile(GUEST).flat_functions == {}
    finally:
        engine.close()


@pytest.mark.parametrize("settings_", [EngineSettings(dense=True), EngineSettings(host_memory=False)])
def test_other_layouts_of_memory_carry_bytes_as_well(settings_):
    engine = Engine(settings_)
    try:
        with engine.linker().instantiate(engine.compile(GUEST), Limits()) as instance:
            assert instance.call("f", b"abc").value == b"abc"
    finally:
        engine.close()


def _nested() -> bytes:
    return guests.binary(
        f"""(component
          (component $inner
            (core module $m {guests.ALLOCATOR})
            (core instance $i (instantiate $m))
            (func (export "echo") (param "items" (list u8)) (result (list u8))
              (canon lift (core func $i "echo") {guests.OPTIONS})))
          (instance $one (instantiate $inner))
          (instance $two (instantiate $inner))
          (func (export "f") (alias export $one "echo"))
          (export "test:two/face" (instance $two)))"""
    )


def _two_memories() -> bytes:
    return guests.binary(
        f"""(component
          (core module $other (memory (export "mem") 1))
          (core module $m {guests.ALLOCATOR})
          (core instance $o (instantiate $other))
          (core instance $i (instantiate $m))
          (func (export "f") (param "items" (list u8)) (result (list u8))
            (canon lift (core func $i "echo") {guests.OPTIONS})))"""
    )


def _encoded(encoding: str) -> bytes:
    text = f"""(component (core module $m {guests.ALLOCATOR}) (core instance $i (instantiate $m))
      (func (export "f") (param "a" (list u8)) (result string)
        (canon lift (core func $i "echo") {guests.OPTIONS} string-encoding={encoding})))"""
    return guests.binary(text)


def test_compositions_are_called_with_values(engine):
    wasm = _nested()
    assert with_flat_lifts(wasm) is None
    with engine.linker().instantiate(engine.compile(wasm), Limits()) as instance:
        assert instance.call("f", b"abc").value == b"abc"
        assert instance.call("test:two/face#echo", b"abc").value == b"abc"


def test_with_two_memories_nobody_knows_which_one_a_pointer_means(engine, monkeypatch):
    monkeypatch.setattr("airssys_tui.engine.instance.bind_raw", lambda *_, **__: pytest.fail("it was called raw"))
    with engine.linker().instantiate(engine.compile(_two_memories()), Limits()) as instance:
        assert instance.call("f", b"abc").value == b"abc"


@pytest.mark.parametrize("encoding", ["utf16", "latin1+utf16"])
def test_other_encodings_of_text_are_left_to_the_engine(engine, encoding):
    assert with_flat_lifts(_encoded("utf8")) is not None
    assert with_flat_lifts(_encoded(encoding)) is None
    with engine.linker().instantiate(engine.compile(_encoded(encoding)), Limits()) as instance:
        assert instance.call("f", "aé".encode("utf-16-le")).value


def test_the_name_of_the_appended_instance_is_reserved(engine):
    wasm = guests.binary(f'(component (instance $i) (export "{INSTANCE}" (instance $i)))')
    with pytest.raises(AdmissionError, match="reserved") as caught:
        engine.compile(wasm)
    assert caught.value.gate is Gate.SECTIONS


def test_what_does_not_compile_with_lifts_is_compiled_as_it_is(engine, monkeypatch):
    monkeypatch.setattr(compiled, "with_flat_lifts", lambda wasm: wasm + b"\x63\x01\x00")
    with engine.linker().instantiate(engine.compile(GUEST), Limits()) as instance:
        assert instance.call("f", b"abc").value == b"abc"


def test_a_component_that_does_not_compile_is_refused_in_the_compilers_words_about_itself(engine):
    broken = GUEST.replace(b"\x41\xc0\x00\x0b", b"\x42\xc0\x00\x0b")
    assert broken != GUEST
    with pytest.raises(AdmissionError, match="type mismatch") as caught:
        engine.compile(broken)
    assert caught.value.gate is Gate.COMPILE


def test_the_number_of_lifts_is_bounded(engine):
    exports = "".join(
        f'(func (export "f{number}") (param "a" (list u8)) (canon lift (core func $i "f") {guests.OPTIONS}))'
        for number in range(MOST_LIFTS + 2)
    )
    allocator = guests.ALLOCATOR + '(func (export "f") (param i32 i32))'
    wasm = guests.binary(f"(component (core module $m {allocator}) (core instance $i (instantiate $m)) {exports})")
    assert _lifted(engine, wasm, f"f{MOST_LIFTS - 1}") == {"call", "allocate"}
    assert _lifted(engine, wasm, f"f{MOST_LIFTS}") == set()


def test_truncated_components_are_left_to_the_compiler():
    for end in range(0, len(GUEST), 7):
        with_flat_lifts(GUEST[:end])
    assert with_flat_lifts(b"") is None


@settings(max_examples=60)
@given(at=st.integers(8, len(GUEST) - 1), byte=st.integers(0, 255))
def test_damaged_components_are_left_to_the_compiler(at, byte):
    damaged = bytearray(GUEST)
    damaged[at] = byte
    lifted = with_flat_lifts(bytes(damaged))
    assert lifted is None or lifted.startswith(damaged)
