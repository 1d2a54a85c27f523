"""The section walk: right about good files, clear about bad ones, never at a loss."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.errors import AdmissionError
from airssys_tui.core.gates import Gate
from airssys_tui.engine import admission
from airssys_tui.engine.admission import AdmissionBounds, inspect
from tests.support.engine import guests

TRAPS = guests.binary(guests.TRAPS)
CORE = guests.binary("(module)")


def test_a_component_is_counted():
    found = inspect(TRAPS)
    assert found.size == len(TRAPS)
    assert (found.core_modules, found.functions, found.nesting) == (1, 13, 0)
    assert found.counts["component export"] == 13
    assert found.version is None


def test_nesting_and_modules_are_counted_at_every_depth():
    text = "(component (core module) (component (core module) (component (core module))))"
    found = inspect(guests.binary(text))
    assert (found.nesting, found.core_modules) == (2, 3)


def test_the_version_section_of_the_outermost_component_is_read():
    section = bytes([0, 14, 7]) + b"version" + b"1.2.30"
    assert inspect(TRAPS + section).version == "1.2.30"
    inner = guests.binary('(component (core module (@custom "version" "9.9.9")))')
    assert inspect(inner).version is None


@pytest.mark.parametrize(
    ("data", "gate", "offset", "words"),
    [
        (b"", Gate.SIZE, 0, "empty"),
        (b"\0as", Gate.MAGIC, 3, "truncated"),
        (b"hello world", Gate.MAGIC, 0, "not a WebAssembly file"),
        (CORE, Gate.MAGIC, 4, "core WebAssembly module"),
        (b"\0asm\x0c\0\1\0", Gate.MAGIC, 4, "binary version 0xc"),
        (b"\0asm\x0d\0\1\0\x63", Gate.SECTIONS, 8, "unknown section kind 99"),
        (b"\0asm\x0d\0\1\0\x07", Gate.SECTIONS, 9, "inside a number"),
        (b"\0asm\x0d\0\1\0\x07\xff\xff\xff\xff\xff", Gate.SECTIONS, 9, "longer than 32 bits"),
        (b"\0asm\x0d\0\1\0\x07\x05\x00", Gate.SECTIONS, 8, "claims 5 bytes, 1 are left"),
        (b"\0asm\x0d\0\1\0\x07\x02\x7f\x00", Gate.SECTIONS, 10, "claims 127 entries in 2 bytes"),
        (b"\0asm\x0d\0\1\0\x01\x02ab", Gate.SECTIONS, 10, "does not start like one"),
    ],
)
def test_each_way_to_be_wrong_has_gate_offset_and_words(data, gate, offset, words):
    with pytest.raises(AdmissionError, match=words) as caught:
        inspect(data)
    assert (caught.value.gate, caught.value.offset) == (gate, offset)


def test_a_core_module_says_what_to_do():
    with pytest.raises(AdmissionError) as caught:
        inspect(CORE)
    assert "wasm-tools component new" in caught.value.remedy
    with pytest.raises(AdmissionError) as caught:
        inspect(guests.binary('(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))))'))
    assert "--adapt wasi_snapshot_preview1.command.wasm" in caught.value.remedy


@pytest.mark.parametrize(
    ("bounds", "gate"),
    [
        (AdmissionBounds(size=10), Gate.SIZE),
        (AdmissionBounds(core_modules=0), Gate.SECTIONS),
        (AdmissionBounds(sections=3), Gate.SECTIONS),
        (AdmissionBounds(items=2), Gate.SECTIONS),
        (AdmissionBounds(functions=5), Gate.SECTIONS),
        (AdmissionBounds(function_size=4), Gate.SECTIONS),
    ],
)
def test_every_bound_is_held(bounds, gate):
    with pytest.raises(AdmissionError) as caught:
        inspect(TRAPS, bounds)
    assert caught.value.gate == gate


def test_deep_nesting_is_refused():
    with pytest.raises(AdmissionError, match="nested deeper"):
        inspect(guests.binary("(component " * 10 + ")" * 10))


def outcome(data: bytes) -> AdmissionError | None:
    try:
        inspect(data)
    except AdmissionError as error:
        return error
    return None


def test_a_file_cut_anywhere_is_refused_unless_whole_sections_are_left():
    whole = 0
    for length in range(len(TRAPS)):
        error = outcome(TRAPS[:length])
        if error is None:
            whole += 1
        else:
            assert error.gate in {Gate.SIZE, Gate.MAGIC, Gate.SECTIONS}
            assert error.offset is None or 0 <= error.offset <= length
    assert whole < 60


def _custom(name, content):
    body = bytes([len(name)]) + name.encode() + content
    assert len(body) < 1 << 14
    return bytes([0, len(body) & 0x7F | 0x80, len(body) >> 7]) + body


def test_a_file_is_walked_over_once_within_the_same_bounds(monkeypatch):
    first = inspect(TRAPS)

    assert inspect(bytes(bytearray(TRAPS))) is first
    with pytest.raises(AdmissionError):
        inspect(TRAPS, AdmissionBounds(size=8))
    assert inspect(TRAPS) is first
    monkeypatch.setattr(admission, "KEPT", 2)
    for number in range(3):
        inspect(TRAPS + _custom("other", bytes([number])))
    assert len(admission._kept) == 2  # noqa: SLF001
    assert inspect(TRAPS) is not first


def test_a_walk_is_not_remembered_with_much_of_its_file():
    long = TRAPS + _custom("version", b"1" * (admission.LONGEST_KEPT + 1))

    assert inspect(long) is not inspect(long)
    assert inspect(long).version == inspect(long).version


@given(st.binary(max_size=300))
def test_noise_is_refused(noise):
    with pytest.raises(AdmissionError):
        inspect(noise if noise[:4] != b"\0asm" else b"")


def test_mutated_components_never_surprise_the_walk_or_the_compiler(engine):
    rng = random.Random(1)
    gates = {Gate.SIZE: 0, Gate.MAGIC: 0, Gate.SECTIONS: 0, Gate.COMPILE: 0, Gate.TYPES: 0}
    for _ in range(300):
        data = bytearray(TRAPS)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            inspect(bytes(data))
            engine.compile(bytes(data))
        except AdmissionError as error:
            gates[error.gate] += 1
    assert gates[Gate.SECTIONS] > 0
    assert gates[Gate.COMPILE] > 0
