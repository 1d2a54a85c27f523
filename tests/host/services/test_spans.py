"""What is kept of traces is bounded, and a call that trapped leaves no step that goes on."""

from __future__ import annotations

from airssys_tui.host.services import spans
from airssys_tui.host.services.spans import Trace, Tracer, Traces
from tests.support.places import SAMPLES
from tests.support.world import World

CLOCKWORK = (SAMPLES / "clockwork" / "clockwork.wasm").read_bytes()


def test_what_a_trace_says_is_bounded_over_all_its_spans() -> None:
    trace = Trace("0" * 32, "export")
    begun = [trace.start("step", None) for _ in range(spans.MAX_SPANS)]
    for span in begun:
        for _ in range(spans.MAX_ANNOTATIONS):
            span.annotate("key", "v" * spans.MAX_TEXT)
        span.fail("m" * spans.MAX_TEXT)
    said = sum(len(key) + len(value) for span in begun for key, value in span.annotations)
    said += sum(len(span.error) for span in begun if span.error != "failed")
    assert spans.MAX_TOLD - 2 * spans.MAX_TEXT < said <= spans.MAX_TOLD
    kept = sum(len(span.annotations) for span in begun)
    assert trace.dropped == spans.MAX_SPANS * spans.MAX_ANNOTATIONS - kept
    assert all(span.error for span in begun), "that it failed is kept all the same"


def test_a_call_that_told_nothing_has_no_trace() -> None:
    tracer = Tracer(Traces())
    tracer.enter("first")
    assert tracer.told == ""
    tracer.start("step", None)
    assert tracer.told == tracer.id
    tracer.enter("second")
    assert tracer.told == ""


def test_what_is_broken_off_ends_and_the_last_that_began_says_why() -> None:
    tracer = Tracer(Traces())
    tracer.enter("export")
    outer = tracer.start("outer", None)
    tracer.start("done", outer).finish()
    inner = tracer.start("inner", outer)
    tracer.break_off("out of fuel")
    (trace,) = tracer.traces.read()
    assert [span.error for span in trace.spans] == ["", "", "out of fuel"]
    assert outer.ended_ns is not None
    assert inner.ended_ns is not None


def test_a_real_call_names_its_trace(world: World) -> None:
    world.put("clockwork", CLOCKWORK)
    runtime = world.open()
    report = runtime.call("clockwork", "roll", "[2, 6]").result(30)
    (trace,) = runtime.traces("clockwork").result(30)
    assert report.trace == trace.id
    assert runtime.call("clockwork", "ticks").result(30).trace == ""


def test_a_real_call_that_traps_leaves_no_step_that_goes_on(world: World) -> None:
    world.put("clockwork", CLOCKWORK, "[resources]\nfuel_per_call = 60_000\n")
    runtime = world.open()
    failure = runtime.call("clockwork", "roll", "[100, 6]").exception(30)
    assert failure is not None
    (trace,) = runtime.traces("clockwork").result(30)
    assert len(trace.spans) > 2, "it had begun to roll"
    assert not trace.goes_on
    assert trace.failed
    assert [span.error for span in trace.spans if span.error] == [str(failure)]
