"""Raw calls and calls with values tell the same: values, fuel, refusals, traps, whatever the guest does."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airssys_tui.core.limits import Limits
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.interface import (
    BYTES,
    INTEGER_BOUNDS,
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
    VariantOf,
)
from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.engine.host import HostFunction, HostInterface
from airssys_tui.engine.instance import Instance
from airssys_tui.engine.raw_lift.canonical_abi import crosses, flat
from airssys_tui.engine.raw_path import raw_calling, raw_choice
from tests.support.engine import guests
from tests.support.engine.raw_guests import BUMP, ECHO, FACE, Outcome, guest, image, outcome, reading
from tests.support.engine.wit_types import SCALARS, Definitions, Typed, typed_values

PATIENT = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
LIMITS = Limits(memory=4 * 2**20, fuel_per_call=10**9, deadline=30.0)

NUMBERS = [
    *((name, st.integers(*bounds)) for name, bounds in INTEGER_BOUNDS.items()),
    *(("f32", st.floats(width=32)), ("f64", st.floats())),
]
LISTS = [
    Typed(ListOf(Primitive(name)), st.binary(max_size=60) if name == "u8" else st.lists(values, max_size=9))
    for name, values in NUMBERS
]
FLAT = st.recursive(
    st.sampled_from([*SCALARS, *LISTS]),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(
        lambda parts: Typed(TupleOf(tuple(part.type for part in parts)), st.tuples(*(part.values for part in parts)))
    ),
    max_leaves=4,
) | typed_values().filter(lambda typed: crosses(typed.type))


class Pair(NamedTuple):
    """The same component twice: called raw, and with values."""

    raw: Instance
    values: Instance

    def agreed(self, *arguments: object, **limits: object) -> Outcome:
        """Call both and return what both tell."""
        first, second = (outcome(instance, *arguments, **limits) for instance in self)
        assert first == second
        return first


@pytest.fixture
def start_both(engine, by_values, monkeypatch) -> Iterator[Callable[..., Pair]]:
    """Make a pair of a component's bytes; its ``f`` has to be called raw unless told otherwise."""
    made: list[Instance] = []
    bound: list[Function] = []
    monkeypatch.setattr(raw_choice, "HEAVY", 0)
    bind = raw_calling.bind_raw

    def bind_raw(function: Function, *rest: object, **named: object) -> object:
        bound.append(function)
        return bind(function, *rest, **named)

    monkeypatch.setattr("airssys_tui.engine.instance.bind_raw", bind_raw)

    def make(wasm: bytes, *faces: HostInterface, limits: Limits = LIMITS, raw: bool | None = True) -> Pair:
        pair = Pair(*(e.linker(faces).instantiate(e.compile(wasm), limits, owner=made) for e in (engine, by_values)))
        made.extend(pair)
        bound.clear()
        assert raw is None or bool(_bound(pair, bound)) is raw
        return pair

    yield make
    for instance in made:
        instance.close()


def _bound(pair: Pair, bound: list[Function]) -> list[Function]:
    for instance in pair:
        instance.bare("f")
    return bound


@PATIENT
@given(data=st.data())
def test_every_argument_leaves_the_same_memory(start_both, data):
    parts: list[Typed] = data.draw(st.lists(FLAT, min_size=1, max_size=4))
    definitions = Definitions()
    texts = [definitions.reference(part.type) for part in parts]
    cores = [core for part in parts for core in flat(part.type)]
    pair = start_both(image(texts, cores if len(cores) <= 16 else ["i32"], definitions.text()), raw=None)
    for _ in range(2):
        assert pair.agreed(*(data.draw(part.values) for part in parts)).error == ""


@PATIENT
@given(data=st.data())
def test_any_bytes_read_as_any_type_give_the_same_value_or_trap(start_both, data):
    typed: Typed = data.draw(typed_values() | st.sampled_from(LISTS))
    definitions = Definitions()
    text = definitions.reference(typed.type)
    cores = _cores(typed)
    wasm = reading(text, cores[0] if len(cores) == 1 else None, definitions.text())
    small = st.integers(0, 3) | st.integers(1016, 1100) | st.sampled_from([65_530, 65_536, 2**31, 2**32 - 1])
    for _ in range(3):
        words = data.draw(st.lists(small | st.integers(0, 2**32 - 1), min_size=12, max_size=24))
        start_both(wasm, raw=None).agreed(struct.pack(f"<{len(words)}I", *words))


def _cores(typed: Typed) -> tuple[str, ...]:
    try:
        return flat(typed.type)
    except NotImplementedError:
        return "i32", "i32"


@pytest.mark.parametrize("count", [0, 1, 65_535, 300_000])
def test_bytes_of_every_size_come_back(start_both, count):
    data = bytes(range(256)) * (count // 256 + 1)
    pair = start_both(guest(ECHO, realloc=_GROWING), limits=LIMITS)
    assert pair.agreed(data[:count]).value == repr(data[:count])
    assert pair.agreed(data[:count]).fuel is not None


_GROWING = """
  (drop (memory.grow (i32.const 5)))
  (i32.shl (i32.sub (memory.size) (i32.const 5)) (i32.const 16))"""
"""Body of an allocator that grows the memory each time, so the live size changes during the call."""


def test_a_list_in_memory_that_grew_meanwhile_arrives(start_both):
    pair = start_both(guest(ECHO, realloc=_GROWING))
    for number in range(5):
        assert pair.agreed(bytes([number]) * 300_000).value == repr(bytes([number]) * 300_000)
    assert pair.raw.memory == pair.values.memory


def test_growth_past_the_limit_during_an_allocation_is_told_as_such(start_both):
    hungry = "(if (i32.eq (memory.grow (i32.const 500)) (i32.const -1)) (then unreachable)) (i32.const 64)"
    assert start_both(guest(realloc=hungry)).agreed(b"abc").error.startswith("out-of-memory: memory growth past")


RUBBISH = {
    "past the end": ("(i32.const 65534)", b"abc"),
    "past the end by one, nothing to write": ("(i32.const 65537)", b""),
    "the end, nothing to write": ("(i32.const 65536)", b""),
    "wrapping": ("(i32.const -1)", b"abc"),
    "far": ("(i32.const 0x7fffffff)", b"abc"),
    "nothing": ("(i32.const 0)", b"abc"),
    "a trap": ("unreachable", b"abc"),
}


@pytest.mark.parametrize("name", RUBBISH)
def test_an_allocator_that_gives_rubbish(start_both, name):
    realloc, data = RUBBISH[name]
    pair = start_both(guest(realloc=realloc))
    told = pair.agreed(data)
    assert bool(told.error) == told.dead == (name not in ("nothing", "the end, nothing to write"))


@pytest.mark.parametrize(("text", "step"), [("u16", 1), ("s32", 2), ("f32", 1), ("u64", 4), ("f64", 2)])
def test_an_allocator_that_gives_what_is_not_aligned(start_both, text, step):
    types = {"params": f'(param "d" (list {text}))', "result": f"(result (list {text}))"}
    for values in ([], [1, 2]):
        told = start_both(guest(realloc=f"(i32.const {64 + step})", **types)).agreed(values)
        assert told.error.startswith("other: realloc return: result not aligned")
    assert start_both(guest(realloc="(i32.const 64)", **types)).agreed([1, 2]).error == ""


def _pair_at(where: int, count: int) -> str:
    stores = f"(i32.store (i32.const 16) (i32.const {where})) (i32.store (i32.const 20) (i32.const {count}))"
    return f"{stores} (i32.const 16)"


HOSTILE = {
    "a result that is not aligned": "(i32.const 17)",
    "a result across the end": "(i32.const 65532)",
    "a result that wraps": "(i32.const -4)",
    "a list across the end": _pair_at(65_530, 100),
    "an empty list past the end": _pair_at(65_544, 0),
    "a list that wraps": _pair_at(-8, 16),
    "a list of all that can be counted": _pair_at(0, -1),
    "a list that is not aligned": _pair_at(65, 2),
}


@pytest.mark.parametrize("type_", ["(list u8)", "(list u16)", "(list u64)", "(list f32)", "string"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_guest_that_gives_hostile_pointers(start_both, name, type_):
    pair = start_both(guest(HOSTILE[name], result=f"(result {type_})"))
    told = pair.agreed(b"abc")
    assert told.dead == bool(told.error)
    if told.dead:
        assert pair.agreed(b"abc").error.startswith("cannot-enter: the instance is dead after a trap: ")


@pytest.mark.parametrize(
    "text", [b"ab\xff", b"ab\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", "é€\U0001f600".encode()]
)
def test_text_of_any_bytes(start_both, text):
    pair = start_both(guest(ECHO, result="(result string)"))
    assert bool(pair.agreed(text).error) == (text[0] != 0xC3)


@pytest.mark.parametrize("value", [0, 1, 2, 127, 128, 255, 256, 65_535, 0xD800, 0xDFFF, 0x10FFFF, 0x110000, -1, -128])
@pytest.mark.parametrize("type_", ["bool", "char", "u8", "s8", "u16", "s16", "u32", "s32"])
def test_flat_results_out_of_range(start_both, type_, value):
    told = start_both(guest(f"(i32.const {value})", result=f"(result {type_})")).agreed(b"")
    assert bool(told.error) == (type_ == "char" and (value < 0 or 0xD800 <= value < 0xE000 or value > 0x10FFFF))


def test_a_result_is_freed_once_after_it_was_read(start_both):
    spoil = "(memory.fill (i32.const 0) (i32.const 255) (i32.const 256))"
    pair = start_both(guest(post=spoil))
    for _ in range(3):
        assert pair.agreed(b"abc").value == "b'abc'"
    assert [instance.call("calls").value for instance in pair] == [3003, 3003]


@pytest.mark.parametrize("post", ["unreachable", "(loop (br 0))"])
def test_traps_while_a_result_is_freed(start_both, post):
    assert start_both(guest(post=post)).agreed(b"abc", fuel=100_000).dead


@pytest.mark.parametrize("fuel", [*range(0, 24, 3), 1000])
def test_fuel_runs_out_at_the_same_point(start_both, fuel):
    start_both(guest(post="nop", realloc=BUMP)).agreed(b"abc", fuel=fuel)


@pytest.mark.parametrize("where", ["realloc", "body", "post"])
def test_a_deadline_ends_each_part_of_a_call(start_both, where):
    pair = start_both(guest(**{"post": "nop", where: "(loop (br 0)) (unreachable)"}))
    told = pair.agreed(b"abc", fuel=2**60, deadline=0.02)
    assert told.error.startswith("deadline: ")


WRONG = {
    "u8": [None, "text", [1, 2], 7, {}],
    "u16": [None, b"abc", [70_000], [-1], [True], [1.0], ["1"], (1, 2), [1, None]],
    "s64": [[2**63], [-(2**63) - 1], [1.5], [False]],
    "u64": [[2**64], [-1]],
    "f32": [[1e39], [10**400], ["1"], [True], [None], (1.0,)],
    "f64": [[10**400], ["1"], [True]],
}


@pytest.mark.parametrize("text", WRONG)
def test_lists_that_do_not_fit_are_refused_before_the_guest_runs(start_both, text):
    pair = start_both(guest(params=f'(param "d" (list {text}))', realloc=BUMP))
    for wrong in WRONG[text]:
        assert not pair.agreed(wrong).dead
    pair.agreed()
    pair.agreed(b"", b"")
    assert [instance.call("calls").value for instance in pair] == [0, 0]
    assert [instance.meters.calls for instance in pair] == [1, 1]


class Text(str):
    """Text that says something else of itself."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        """Lie."""
        return b"wrong"


class Bytes(bytes):
    """Bytes that say something else of themselves."""

    def __len__(self) -> int:
        """Lie."""
        return 1


@pytest.mark.parametrize(
    "given", [bytearray(b"abc"), memoryview(b"abcdef")[::2], memoryview(b"abc"), memoryview(b"abc").cast("b")]
)
def test_all_forms_of_bytes_are_taken(start_both, given):
    assert start_both(guest(ECHO, realloc=BUMP)).agreed(given).value == repr(bytes(given))


def test_lists_of_derived_numbers_are_taken(start_both):
    number = type("N", (int,), {"__index__": lambda _: 99})
    pair = start_both(guest(params='(param "d" (list u16))', result="(result (list u16))", realloc=BUMP))
    assert pair.agreed([number(3), 4]).value == "[3, 4]"


def test_a_list_is_bounded_like_the_engine_bounds_it(start_both):
    assert outcome(start_both(guest(_pair_at(0, 2_796_202), memory="50")).raw, b"").error == ""
    pair = start_both(guest(_pair_at(0, 2_796_203), memory="50"))
    assert pair.agreed(b"").error.startswith("transfer-limit: ")


ENUM = '(type $e (enum "a" "b")) (export $f "e" (type $e))'


@pytest.mark.parametrize("number", [0, 1, 2, 255, 256, 257, -1])
def test_names_that_do_not_exist(start_both, number):
    whole = guest(f"(i32.const {number})", result="(result $f)", definitions=ENUM)
    assert bool(start_both(whole).agreed(b"").error) == (number not in (0, 1))
    body = f"(i32.store (i32.const 16) (i32.const {number})) (i64.store (i32.const 20) (i64.const 0)) (i32.const 16)"
    stored = guest(body, result="(result (tuple $f (list u8)))", definitions=ENUM)
    assert bool(start_both(stored).agreed(b"").error) == (number & 255 > 1)


CALLING = f"""(component
  (import "{FACE}" (instance $host (export "work" (func (result u32)))))
  (core func $work (canon lower (func $host "work")))
  (core module $m
    (import "" "work" (func $work (result i32)))
    (memory (export "mem") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
    (func (export "f") (param i32 i32) (result i32) (drop (call $work)) {ECHO}))
  (core instance $i (instantiate $m (with "" (instance (export "work" (func $work))))))
  (func (export "f") (param "d" (list u8)) (result (list u8)) (canon lift (core func $i "f") {guests.OPTIONS})))"""


def _face(work: Callable[..., object]) -> HostInterface:
    return HostInterface(FACE, (HostFunction(Function("work", (), Primitive("u32")), work),))


def test_a_host_function_may_fail_close_and_call_again(start_both):
    seen: list[str] = []

    def work(context: object) -> int:
        instance = next(one for one in context.owner if one.busy)
        seen.append(outcome(instance, b"again").error)
        if len(seen) > 2:
            instance.close()
        if len(seen) > 4:
            raise OSError("broken")
        return 0

    pair = start_both(guests.binary(CALLING), _face(work))
    assert pair.agreed(b"abc").value == "b'abc'"
    assert seen == ["cannot-enter: the instance is running another call ()"] * 2
    pair.agreed(b"abc")
    assert [instance.dead for instance in pair] == [True, True]
    told = start_both(guests.binary(CALLING), _face(work)).agreed(b"abc")
    assert told.error.startswith(f"host-error: {FACE}#work: OSError: broken")


def test_a_cancelled_call_ends(start_both):
    def work(context: object) -> int:
        next(one for one in context.owner if one.busy).cancel()
        return 0

    spins = CALLING.replace("(drop (call $work))", "(drop (call $work)) (loop (br 0))")
    told = start_both(guests.binary(spins), _face(work)).agreed(b"abc", fuel=2**60)
    assert told.error.startswith("cancelled: ")


def test_meters_of_both_are_alike(start_both):
    pair = start_both(guest(realloc=BUMP))
    for _ in range(3):
        pair.agreed(b"abc")
    first, second = (instance.meters for instance in pair)
    assert (first.calls, first.errors, first.fuel_total) == (second.calls, second.errors, second.fuel_total)
    assert first.wall_ns > 0


def test_a_call_that_was_prepared_before_a_trap_does_not_enter(start_both):
    pair = start_both(guest(f"(if (i32.eqz (local.get 1)) (then {_pair_at(0, 0)} return)) {_pair_at(-8, 16)}"))
    pair.agreed(b"")
    prepared = pair.raw.activity.bound["f"]
    assert pair.agreed(b"abc").dead
    with pytest.raises(GuestTrap, match="dead after a trap") as caught:
        prepared((b"abc",), None, None)
    assert caught.value.trap.kind is TrapKind.CANNOT_ENTER


def test_derived_text_and_bytes_arrive_as_what_they_are(start_both):
    pair = start_both(guest(params='(param "d" (list u8)) (param "t" string)', cores="(param i32 i32 i32 i32)"))
    assert outcome(pair.raw, Bytes(b"abc"), "").value == "b'abc'"
    text = start_both(
        guest(
            ECHO.replace("local.get 1", "local.get 3").replace("local.get 0", "local.get 2"),
            params='(param "d" (list u8)) (param "t" string)',
            cores="(param i32 i32 i32 i32)",
        )
    )
    assert outcome(text.raw, b"", Text("true")).value == "b'true'"


def test_types_that_stay_with_values():
    number, text = Primitive("u32"), Primitive("string")
    assert raw_calling.flat_types(Function("f", (Param("a", number),), number)) is None
    assert raw_calling.flat_types(Function("f", (Param("a", text),), text)) is None
    assert raw_calling.flat_types(Function("f", (Param("a", ListOf(text)),), BYTES)) is None
    assert raw_calling.flat_types(Function("f", (Param("a", BYTES),) * 9)) is None
    assert raw_calling.flat_types(Function("f", (Param("a", BYTES),), text)) is not None
    assert raw_calling.flat_types(Function("f", (Param("a", Record(())),), BYTES)) is not None


PAYLOAD = VariantOf((Case("text", Primitive("string")), Case("binary", BYTES), Case("none")))
LONG, SHORT = b"x" * raw_choice.HEAVY, b"x" * (raw_choice.HEAVY - 1)


@pytest.mark.parametrize(
    ("type_", "long", "short"),
    [
        (PAYLOAD, Variant("binary", LONG), Variant("binary", SHORT)),
        (PAYLOAD, Variant("binary", LONG), Variant("text", "x" * 1000)),
        (OptionOf(BYTES), Some(LONG), None),
        (ResultOf(None, BYTES), Err(LONG), Ok()),
        (ResultOf(BYTES, Primitive("string")), Ok(LONG), Err("x" * 1000)),
        (
            Record((Field("a", OptionOf(BYTES)), Field("b", PAYLOAD))),
            {"a": Some(SHORT), "b": Variant("binary", b"x")},
            {},
        ),
        (TupleOf((BYTES, OptionOf(BYTES))), (LONG, None), (SHORT, None)),
        (PAYLOAD, Variant("binary", LONG), 7),
    ],
)
def test_long_lists_beside_other_cases_go_raw(type_, long, short):
    function = Function("f", (Param("a", type_),))
    assert (types := raw_calling.flat_types(function)) is not None
    assert types.depends
    call = raw_choice.choosing(function, lambda *_: "raw", lambda *_: "values")
    assert (call((long,), None, None), call((short,), None, None)) == ("raw", "values")
    assert call((), None, None) == "values"


@pytest.mark.parametrize(
    "wrong",
    [
        *(None, Some(b""), Ok(b""), Variant("other"), Variant("text"), Variant("none", b""), Variant("binary", "text")),
        *(Variant("binary"), Variant("text", "\ud800"), "text", Variant("text", b"abc"), Variant(["text"], "abc")),
    ],
)
def test_values_of_no_case_are_refused_before_the_guest_runs(start_both, wrong):
    definitions = Definitions()
    text = definitions.reference(PAYLOAD)
    pair = start_both(image([text], ["i32", "i32", "i32"], definitions.text()))
    assert pair.agreed(wrong).error.startswith("arg p0")
    assert [instance.call("calls").value for instance in pair] == [0, 0]
    assert pair.agreed(Variant("binary", b"abc")).error == ""
    assert pair.agreed(Variant("none")).error == ""
