"""Two tiers of code: what each compiles, that they share nothing, and what the baseline compiler refuses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airssys_tui.core.errors import AdmissionError, UsageError
from airssys_tui.core.gates import Gate
from airssys_tui.core.limits import Limits
from airssys_tui.core.refusal import RefusalKind
from airssys_tui.core.revision import Tier
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.engine.baseline_gaps import baseline_gap
from airssys_tui.engine.compiler import compile_in_child
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.engine.tiers import Tiers, can_be_optimised
from tests.support.engine import depths, guests

GAPS = {
    "(func $g) (func (return_call $g))": "tail calls",
    "(type $t (func)) (table 1 funcref) (func (return_call_indirect (type $t) (i32.const 0)))": "tail calls",
    "(tag $e) (func (throw $e))": "exceptions",
    "(tag $e) (func (block $b (try_table (catch $e $b))))": "exceptions",
    "(type $s (struct (field i32))) (func (drop (struct.new $s (i32.const 1))))": "garbage collection",
    "(func (drop (ref.i31 (i32.const 1))))": "garbage collection",
    "(type $t (func)) (func $g) (elem declare func $g) (func (call_ref $t (ref.func $g)))": "typed function references",
    "(func (param funcref) (drop (ref.as_non_null (local.get 0))))": "typed function references",
    "(func (param v128) (drop (i32x4.relaxed_trunc_f32x4_s (local.get 0))))": "relaxed SIMD",
    "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))": "atomics",
    "(func (param i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 0)))": "wide arithmetic",
}
"""Core modules that the baseline compiler refuses, and the feature."""

SHUFFLE = "i8x16.shuffle 18 18 18 18 18 18 18 18 18 18 18 18 11 11 11 11"
BULK = """(memory 1) (table 9 funcref) (func $g) (elem $e func $g) (data $d "x") (func
  (memory.copy (i32.const 0) (i32.const 1) (i32.const 2)) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 0))
  (memory.fill (i32.const 0) (i32.const 1) (i32.const 2)) (data.drop $d) (elem.drop $e) (drop (table.size 0))
  (table.init $e (i32.const 0) (i32.const 0) (i32.const 1)) (drop (i32.trunc_sat_f64_u (f64.const 18))))"""
CHOICES = """(func (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.const 18)) (else (i32.const 11)))
  (select (result i32) (i32.const 18) (local.get 0)))"""
ALIKE = (
    "(func (drop (i32.add (i32.const 18) (i32.const 19))) (drop (f64.const 0x1.2121212121212p+1)))",
    "(func (param i32) (block (block (br_table 0 1 0 1 1 (local.get 0)))) (drop (f32.const 0x1.121212p+1)))",
    "(memory 1) (memory $b 1) (func (drop (i32.load $b offset=18 (i32.const 18))))",
    "(memory i64 1) (func (drop (i32.load8_u offset=4886718345 (i64.const 18))))",
    f"(func (param v128) (drop ({SHUFFLE} (local.get 0) (v128.const i32x4 0x12121212 0x0b120b12 3 4))))",
    "(memory 1) (func (param v128) (drop (v128.load16_lane 3 (i32.const 18) (local.get 0))))",
    BULK,
    CHOICES,
)
"""Core modules that both compile, full of bytes that mean a gap elsewhere."""


def component(core: str) -> bytes:
    return guests.binary(f"(component (core module $m {core}))")


@pytest.fixture(scope="module")
def tiers() -> Iterator[Tiers]:
    made = Tiers(EngineSettings(), ())
    yield made
    made.close()


@pytest.mark.parametrize("core", GAPS)
def test_what_the_baseline_compiler_refuses_is_seen_before(tiers: Tiers, core: str) -> None:
    wasm = component(core)
    assert tiers.engine(Tier.OPTIMISED).compile(wasm).tier is Tier.OPTIMISED
    with pytest.raises(AdmissionError) as caught:
        tiers.engine(Tier.BASELINE).compile(wasm)
    assert can_be_optimised(caught.value)
    assert baseline_gap(wasm) == GAPS[core]


@pytest.mark.parametrize("core", ALIKE)
def test_what_only_looks_like_it_is_compiled(tiers: Tiers, core: str) -> None:
    wasm = component(core)
    assert baseline_gap(wasm) is None
    assert tiers.engine(Tier.BASELINE).compile(wasm).tier is Tier.BASELINE


def test_a_gap_is_seen_behind_many_labels_in_a_nested_component_and_over_a_stride() -> None:
    tail = "(return_call $g)"
    filler = "(drop (i32.const 305419896))" * 30_000
    labels = f"(block (br_table {'0 ' * 3_000} (i32.const 0)))"
    core = f"(func $g) (func {labels} {filler} {tail})"
    assert baseline_gap(guests.binary(f"(component (component (core module {core})))")) == "tail calls"
    assert baseline_gap(component(core.replace(tail, "(call $g)"))) is None


def test_damage_ends_the_look_and_not_the_program() -> None:
    wasm = component(next(iter(GAPS)))
    for at in range(8, len(wasm)):
        for byte in (0x00, 0x0E, 0x80, 0xFF):
            assert baseline_gap(wasm[:at] + bytes([byte]) + wasm[at + 1 :]) in {None, *GAPS.values()}


def test_a_processor_that_it_does_not_compile_for_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert baseline_gap(component("(func)")) == "the processor riscv64"


def test_each_tier_runs_its_own_code_only(tiers: Tiers) -> None:
    wasm = guests.binary(guests.TRAPS)
    codes = {tier: tiers.engine(tier).compile(wasm) for tier in Tier}
    for tier, code in codes.items():
        assert tiers.tier_of(tiers.identities[tier]) is tier
        with tiers.linker(tier).instantiate(code, Limits()) as instance:
            assert instance.call("fine").value == 7
        for other in set(Tier) - {tier}:
            with pytest.raises(UsageError, match="cannot run"):
                tiers.linker(other).instantiate(code, Limits())
            with pytest.raises(AdmissionError, match="cannot load"):
                tiers.engine(other).load(code.serialised())
    assert tiers.tier_of("another") is None


def test_baseline_code_of_the_child_is_for_the_same_engine(tiers: Tiers) -> None:
    engine = tiers.engine(Tier.BASELINE)
    code = engine.load(compile_in_child(guests.binary(guests.TRAPS), engine.settings))
    with tiers.linker(Tier.BASELINE).instantiate(code, Limits()) as instance:
        assert instance.call("fine").value == 7


def test_baseline_code_exhausts_the_stack_where_optimised_code_does_not(tiers: Tiers) -> None:
    text = f"""(component (core module $m {depths.FUNCTION} (func (export "f") (result i32) {depths.RECURSE}))
      (core instance $i (instantiate $m)) (func (export "f") (result u32) (canon lift (core func $i "f"))))"""
    wasm = guests.binary(text)
    found: dict[Tier, object] = {}
    for tier in Tier:
        with tiers.linker(tier).instantiate(tiers.engine(tier).compile(wasm), Limits()) as instance:
            try:
                found[tier] = instance.call("f").value
            except GuestTrap as trap:
                found[tier] = trap.trap.kind
    assert found == {Tier.OPTIMISED: 7, Tier.BASELINE: TrapKind.STACK_OVERFLOW}


@pytest.mark.parametrize(
    ("error", "retried"),
    [
        (AdmissionError("tail calls support is not enabled", gate=Gate.COMPILE), True),
        (AdmissionError("too much CPU time", gate=Gate.COMPILE, costly=True), False),
        (AdmissionError("killed", gate=Gate.COMPILE, kind=RefusalKind.CIRCUMSTANCE), False),
        (AdmissionError("damaged", gate=Gate.SECTIONS), False),
    ],
)
def test_only_what_the_baseline_compiler_cannot_do_is_compiled_again(error: AdmissionError, *, retried: bool) -> None:
    assert can_be_optimised(error) is retried
