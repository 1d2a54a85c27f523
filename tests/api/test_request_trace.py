"""A request as a trace: its times as steps, and below its call what the component reported."""

from __future__ import annotations

from airssys_tui.api.request_trace import HANDLE, request_trace
from airssys_tui.api.views.http import HostReason, RequestView
from airssys_tui.api.views.tracing import SpanView, TraceView

ID = "a" * 32


def test_a_request_without_steps_of_the_component() -> None:
    request = RequestView(
        id=ID, at=10.0, component="c", route="/*", method="GET", target="/a", status=502, reason=HostReason.TRAP,
        detail="why",
        queued_ms=1.0, head_ms=4.0, took_ms=5.0, sent=9, revision=3,
    )  # fmt: skip
    trace = request_trace(request, None)
    assert (trace.id, trace.export, trace.at, trace.took_ms, trace.failed) == (ID, HANDLE, 10.0, 5.0, True)
    told = [(span.number, span.parent, span.name, span.start_ms, span.took_ms) for span in trace.spans]
    assert told == [
        (1, None, "GET /a", 0.0, 5.0),
        (2, 1, "queued", 0.0, 1.0),
        (3, 1, "response", 4.0, 1.0),
        (4, 1, "call of r3", 1.0, 4.0),
    ]
    assert trace.spans[0].error == "trap: why"
    assert ("sent", "9 bytes") in trace.spans[0].annotations


def test_the_steps_of_the_component_are_below_its_call() -> None:
    request = RequestView(id=ID, at=10.0, method="GET", target="/a", status=200, queued_ms=1.0, took_ms=5.0, revision=1)
    steps = (
        SpanView(number=1, name="read", start_ms=0.5, took_ms=1.0),
        SpanView(number=2, parent=1, name="parse", start_ms=0.6, took_ms=0.5, error="odd"),
    )
    traced = TraceView(id=ID, export="h#handle", at=10.002, took_ms=1.5, spans=steps, dropped=2)
    trace = request_trace(request, traced)
    assert (trace.export, trace.dropped, trace.failed) == ("h#handle", 2, True)
    assert [(span.number, span.parent, span.name) for span in trace.spans[2:]] == [
        (3, 1, "call of r1"),
        (4, 3, "read"),
        (5, 4, "parse"),
    ]
    assert round(trace.spans[3].start_ms, 3) == 2.5
    assert [depth for depth, _ in trace.tree()] == [0, 1, 1, 2, 3]


def test_a_malformed_request_is_one_too() -> None:
    trace = request_trace(RequestView(id=ID, at=1.0, status=400, reason=HostReason.BAD_REQUEST, took_ms=0.1), None)
    assert [span.name for span in trace.spans] == ["a malformed request"]
    assert not trace.failed
