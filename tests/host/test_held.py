"""What a guest holds at the host is counted and bounded, and a refusal says which limit was met."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from sys import getsizeof

import pytest

from airssys_tui.core.errors import CapacityError, StorageRefusal
from airssys_tui.core.keyvalue import Durability, WriteTerms
from airssys_tui.core.limits import BOUNDS, MOST_HANDLES, Limits
from airssys_tui.core.traps import GuestTrap, TrapKind
from airssys_tui.core.types.interface import Function, Own, Param, Primitive
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.host import HostFunction, HostInterface, HostResource
from airssys_tui.host.catalogue import WASI
from airssys_tui.host.services import custom_metrics, spans
from airssys_tui.host.services.custom_metrics import Measures
from airssys_tui.host.services.spans import Trace, Tracer, Traces
from airssys_tui.store.keyvalues import overlay
from airssys_tui.store.keyvalues.overlay import Overlay
from tests.support.engine import guests
from tests.support.world import World

LOOP = """(func (export "run") (param i32)
    (loop $x (if (local.get 0) (then CALL (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br $x)))))"""

START = "(call $s (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 0))"

SPANS = f"""(component
 (import "airssys:core-host/tracing@1.0.0" (instance $t (export "span" (type $s (sub resource)))
   (export "[static]span.start" (func (param "name" string) (param "parent" (option (borrow $s)))
     (result (own $s))))))
 (alias export $t "span" (type $span))
 (core module $libc (memory (export "mem") 1)
   (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
 (core instance $l (instantiate $libc))
 (core func $start (canon lower (func $t "[static]span.start") (memory (core memory $l "mem"))))
 (core func $drop (canon resource.drop $span))
 (core module $m
  (import "" "start" (func $s (param i32 i32 i32 i32) (result i32)))
  (import "" "drop" (func $d (param i32)))
  {LOOP.replace("CALL", f"(drop {START})")}
  {LOOP.replace("run", "brief").replace("CALL", f"(call $d {START})")})
 (core instance $i (instantiate $m (with "" (instance (export "start" (func $start)) (export "drop" (func $drop))))))
 (func (export "run") (param "n" u32) (canon lift (core func $i "run")))
 (func (export "brief") (param "n" u32) (canon lift (core func $i "brief"))))"""
"""Starts spans and keeps them (`run`), or drops each at once (`brief`)."""

GIVING = SPANS.replace(LOOP.replace("CALL", f"(drop {START})"), f'(func (export "give") (result i32) {START})').replace(
    '(func (export "run") (param "n" u32) (canon lift (core func $i "run")))',
    '(func (export "give") (result (own $span)) (canon lift (core func $i "give")))',
)
"""Starts a span and gives it to its caller (`give`)."""

TICKETS = f"""(component
 (import "test:host/shop@1.0.0" (instance $t (export "ticket" (type $s (sub resource)))
   (export "[constructor]ticket" (func (param "n" u32) (result (own $s))))))
 (core func $new (canon lower (func $t "[constructor]ticket")))
 (core module $m (import "" "new" (func $n (param i32) (result i32)))
  {LOOP.replace("CALL", "(drop (call $n (local.get 0)))")})
 (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
 (func (export "run") (param "n" u32) (canon lift (core func $i "run"))))"""

OWN = f"""(component
 (type $box (resource (rep i32)))
 (core func $new (canon resource.new $box))
 (core module $m (import "" "new" (func $n (param i32) (result i32)))
  {LOOP.replace("CALL", "(drop (call $n (local.get 0)))")})
 (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
 (func (export "run") (param "n" u32) (canon lift (core func $i "run"))))"""

POLLABLES = f"""(component
 (import "wasi:io/poll@0.2.0" (instance $p (export "pollable" (type (sub resource)))))
 (alias export $p "pollable" (type $pollable))
 (import "wasi:clocks/monotonic-clock@0.2.0" (instance $c (alias outer 1 $pollable (type $q))
   (export "pollable" (type $q2 (eq $q)))
   (export "subscribe-duration" (func (param "when" u64) (result (own $q2))))))
 (core func $new (canon lower (func $c "subscribe-duration")))
 (core module $m (import "" "new" (func $n (param i64) (result i32)))
  {LOOP.replace("CALL", "(drop (call $n (i64.const 1000000)))")})
 (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
 (func (export "run") (param "n" u32) (canon lift (core func $i "run"))))"""

MANY = """(component
  (core module $state (memory (export "mem") 1))
  (core instance $s (instantiate $state))
  (type $box' (resource (rep i32)))
  (export $box "box" (type $box'))
  (core func $new (canon resource.new $box'))
  (core module $guest
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "mem" (memory 1))
    (func (export "many") (param i32) (result i32) (local $at i32)
      (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (local.get 0))
      (local.set $at (i32.const 16))
      (loop $x (i32.store (local.get $at) (call $new (i32.const 7)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br_if $x (i32.lt_u (local.get $at) (i32.add (i32.const 16) (i32.mul (local.get 0) (i32.const 4))))))
      (i32.const 0)))
  (core instance $g (instantiate $guest (with "" (instance
    (export "new" (func $new)) (export "mem" (memory $s "mem"))))))
  (func (export "many") (param "n" u32) (result (list (own $box)))
    (canon lift (core func $g "many") (memory (core memory $s "mem")))))"""
"""Returns as many resources as it is asked for, in one list."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


def shop() -> HostInterface:
    make = Function("[constructor]ticket", (Param("n", Primitive("u32")),), Own("ticket"))
    return HostInterface("test:host/shop@1.0.0", (HostFunction(make, lambda *_: object()),), (HostResource("ticket"),))


# --- handles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("manifest", "limit"),
    [("", 1_000), ("[resources]\nhandles = 10\n", 10), ('[resources]\nhandles = 0\nmemory = "64KiB"\n', 0)],
)
def test_spans_that_are_kept_are_bounded_and_the_refusal_says_so(world: World, manifest: str, limit: int) -> None:
    world.put("c", guests.binary(SPANS), manifest)
    world.open()
    if limit:
        world.call("c", "brief", 3 * limit)
    world.call("c", "run", limit)
    used = {use.what: use for use in world.runtime.describe("c").result(30).host_use}["host handles"]
    assert (used.count, used.limit, used.bytes) == (limit, limit, limit * spans.SPAN_BYTES)
    with pytest.raises(
        GuestTrap, match=f"no handle of span: {limit} host handles are held, the limit is {limit}"
    ) as caught:
        world.call("c", "run", 1)
    assert caught.value.trap.kind is TrapKind.HANDLE_LIMIT
    assert "handle-limit" in world.wait_event("c", "trapped").text


def test_the_limit_is_that_of_any_resource_of_the_host(engine: Engine) -> None:
    code = engine.compile(guests.binary(TICKETS))
    for limit in (1, 50):
        with engine.linker([shop()]).instantiate(code, Limits(handles=limit)) as instance:
            instance.call("run", limit)
            assert instance.resources.use.count == limit
            with pytest.raises(GuestTrap, match="no handle of ticket") as caught:
                instance.call("run", 1)
            assert caught.value.trap.kind is TrapKind.HANDLE_LIMIT


def test_handles_of_wasi_are_handles_of_the_host(engine: Engine) -> None:
    code = engine.compile(guests.binary(POLLABLES))
    with engine.linker(WASI).instantiate(code, Limits(handles=50)) as instance:
        instance.call("run", 50)
        with pytest.raises(GuestTrap, match="no handle of pollable: 50 host handles are held") as caught:
            instance.call("run", 1)
        assert caught.value.trap.kind is TrapKind.HANDLE_LIMIT


def test_handles_that_the_engine_keeps_are_bounded_by_the_engine(engine: Engine) -> None:
    code = engine.compile(guests.binary(OWN))
    with engine.linker([]).instantiate(code, Limits(deadline=60.0)) as instance:
        instance.call("run", 1_000)
        with pytest.raises(GuestTrap, match="handle limit") as caught:
            instance.call("run", MOST_HANDLES)
    assert caught.value.trap.kind is TrapKind.HANDLE_LIMIT


def test_the_gate_says_what_to_do_about_handles(world: World) -> None:
    at_start = "(func $go (call $run (i32.const 2000))) (start $go)"
    start = SPANS.replace('(func (export "run")', f'{at_start} (func $run (export "run")', 1)
    world.put("c", guests.binary(start))
    world.open()
    assert "no handle of span" in world.row("c").note.text
    assert "raise [resources] handles" in world.told("c", "refused")


@pytest.mark.parametrize(("said", "accepted"), [("-1", False), ("0", True), ("100000", True), ("100001", False)])
def test_the_bounds_of_the_limit(world: World, said: str, accepted: bool) -> None:
    assert BOUNDS["handles"].most == MOST_HANDLES
    world.put("c", guests.binary(SPANS), f"[resources]\nhandles = {said}\n")
    world.open()
    assert (world.row("c").revision == 1) is accepted


def test_a_result_with_more_resources_than_can_be_open_is_refused_and_dropped(world: World) -> None:
    world.put("c", guests.binary(MANY))
    world.open()
    world.runtime.call("c", "many", "[3]").result(30)
    with pytest.raises(CapacityError, match="the result has 200 resources, and at most 64 handles can be open"):
        world.runtime.call("c", "many", "[200]").result(30)
    assert len(world.runtime.open_handles("c").result(30)) == 3
    assert len(world.runtime.probe.component("c").actor.serving.instance.resources) == 3
    used = {use.what: use for use in world.runtime.describe("c").result(30).host_use}["open handles"]
    assert (used.count, used.limit) == (3, 64)


def test_a_host_value_that_an_export_returns_is_an_open_handle(world: World) -> None:
    world.put("c", guests.binary(GIVING))
    world.open()
    runtime = world.runtime
    assert runtime.call("c", "give", "[]").result(30).result == '{"$resource":1,"type":"span"}'
    assert [handle.resource for handle in runtime.open_handles("c").result(30)] == ["span"]

    def held() -> int:
        return {use.what: use.count for use in runtime.describe("c").result(30).host_use}["host handles"]

    assert held() == 1
    runtime.close_handle("c", 1).result(30)
    assert (held(), runtime.open_handles("c").result(30)) == (0, ())


# --- traces -----------------------------------------------------------------------------------------------------------


def test_a_span_that_is_kept_keeps_no_trace_that_nobody_sees() -> None:
    tracer = Tracer(Traces())
    held = []
    for _ in range(1_000):
        tracer.enter("export")
        span = tracer.start("step", None)
        for _ in range(spans.MAX_ANNOTATIONS):
            span.annotate("key", "v" * spans.MAX_TEXT)
        held.append(span)
    assert len(tracer.traces) <= spans.MAX_TRACES
    newest = tracer.traces.read()[-1].bytes
    assert tracer.traces.bytes <= spans.MAX_BYTES + newest
    kept = {trace.id for trace in tracer.traces.read()}
    gone = [span for span in held if span.trace.id not in kept]
    assert len(gone) >= 900
    assert not any(span.annotations or span.trace.spans for span in gone)
    gone[0].annotate("late", "v")
    gone[0].fail("late")
    assert (gone[0].annotations, gone[0].error) == ([], "failed")


@pytest.mark.parametrize("count", [1, 10, spans.MAX_SPANS, spans.MAX_SPANS + 10])
def test_the_bytes_of_traces_grow_with_each_span_that_is_kept(count: int) -> None:
    trace = Trace("0" * 32, "export")
    before = trace.bytes
    names = [trace.start(f"step {number}", None).name for number in range(count)][: spans.MAX_SPANS]
    assert trace.bytes - before == len(names) * spans.SPAN_BYTES + sum(map(getsizeof, names))
    assert trace.dropped == count - len(names)


@pytest.mark.parametrize("text", ["v", "\u20ac", "\U0001f600"])
def test_the_bytes_of_traces_are_those_of_their_texts(text: str) -> None:
    trace = Trace("0" * 32, "export")
    span = trace.start("step", None)
    before = trace.bytes
    span.annotate("k", text * 500)
    (note,) = span.annotations
    assert trace.bytes - before == getsizeof(note[0]) + getsizeof(note[1])


def test_texts_of_spans_that_are_not_shown_are_not_kept() -> None:
    trace = Trace("0" * 32, "export")
    for _ in range(spans.MAX_SPANS):
        trace.start("step", None)
    beyond = trace.start("one more", None)
    beyond.annotate("key", "value")
    beyond.fail("why")
    assert (beyond.annotations, beyond.error, trace.dropped) == ([], "failed", 2)


# --- series -----------------------------------------------------------------------------------------------------------


def test_distributions_take_bounded_memory_however_widely_they_are_spread() -> None:
    measures = Measures()
    for name in range(custom_metrics.MAX_SERIES):
        for power in range(-9, 13):
            measures.record(f"d{name}", 10.0**power, [])
    assert len(measures) == custom_metrics.MAX_SERIES
    assert measures.bytes < 1_500_000
    measures.record("one more", 1.0, [])
    assert (len(measures), measures.dropped) == (custom_metrics.MAX_SERIES, 1)


def adds(*values: float) -> Callable[[Measures], None]:
    return lambda measures: [measures.add("m", int(value), []) for value in values] and None


def records(*values: float) -> Callable[[Measures], None]:
    return lambda measures: [measures.record("m", value, []) for value in values] and None


CLAMPED = {
    "sum": (records(1e308, 1e308), sys.float_info.max),
    "sum of many": (records(*[1e308] * 5, 1.0), sys.float_info.max),
    "too large for the percentiles": (records(1e13), 1e13),
    "counter": (adds(2**64 - 1, 1), float(2**64 - 1)),
    "counter twice": (adds(2**64 - 1, 2**64 - 1, 2**64 - 1), float(2**64 - 1)),
}


@pytest.mark.parametrize(("do", "value"), CLAMPED.values(), ids=CLAMPED)
def test_what_cannot_be_counted_any_more_is_clamped_and_marked(do: Callable[[Measures], None], value: float) -> None:
    measures = Measures()
    do(measures)
    (found,) = measures.read()
    assert (found.value, found.clamped) == (value, True)
    assert math.isfinite(found.value)
    merged = Measures()
    merged.take_in(measures)
    merged.take_in(measures)
    (again,) = merged.read()
    assert again.clamped
    assert math.isfinite(again.value)


@pytest.mark.parametrize("do", [adds(1, 2), records(1e12, 0.0, 1e-300), adds(2**64 - 1)])
def test_what_can_be_counted_is_not_marked(do: Callable[[Measures], None]) -> None:
    measures = Measures()
    do(measures)
    assert not measures.read()[0].clamped


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_dropped_and_counted(value: float) -> None:
    measures = Measures()
    measures.record("d", value, [])
    measures.set("g", value, [])
    assert (len(measures), measures.dropped) == (0, 2)


def test_quantiles_are_within_ten_percent() -> None:
    measures = Measures()
    for value in range(1, 1_001):
        measures.record("d", float(value), [])
    (found,) = measures.read()
    assert found.quantiles is not None
    assert [round(each / expected, 1) for each, expected in zip(found.quantiles, (500, 950, 990), strict=True)] == [
        1.0
    ] * 3


# --- changes before it serves ----------------------------------------------------------------------------------------


def test_many_small_changes_of_a_candidate_are_bounded_like_few_large_ones() -> None:
    layer, terms = Overlay(), WriteTerms(10 * overlay.MAX_BYTES, Durability.NORMAL)

    def change() -> None:
        for number in range(overlay.MAX_BYTES // overlay.CHANGE_BYTES + 1):
            layer.set(str(number), b"", terms)

    with pytest.raises(StorageRefusal, match="changed more than") as caught:
        change()
    assert caught.value.case == "unavailable"
