"""Telemetry that a simulated component reports: a few series, and traces of calls."""

from __future__ import annotations

from typing import Final

from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.metering import CustomSeries
from airssys_tui.api.views.tracing import SpanView, TraceView
from airssys_tui.core.text import GuestText

TELLING: Final = "counter"
"""The only component that records series and traces."""

BEFORE: Final = 88_204
"""Initial value of its call counter."""


def series(view: ComponentView) -> tuple[CustomSeries, ...]:
    """Return the series that a simulated component recorded."""
    if view.id != TELLING:
        return ()
    calls = BEFORE + view.meters.calls
    size = GuestText("step_size")
    return (
        CustomSeries(name=GuestText("count"), kind="gauge", value=float(calls % 1_000)),
        CustomSeries(name=size, kind="histogram", value=2.4 * calls, count=calls, p50=2, p95=7, p99=9),
        CustomSeries(
            name=GuestText("steps"), kind="counter", labels=((GuestText("size"), GuestText("large")),), value=calls // 9
        ),
        CustomSeries(
            name=GuestText("steps"), kind="counter", labels=((GuestText("size"), GuestText("small")),), value=calls
        ),
    )


def traces(view: ComponentView, at: float) -> tuple[TraceView, ...]:
    """Return the traces of a simulated component, newest first."""
    return (*(_trace(index, at) for index in range(3)), _deep(at)) if view.id == TELLING else ()


def trace_id(component: str, export: str) -> str:
    """Return the id of the trace of a call made just now; empty if the call is not traced."""
    return _id(0) if component == TELLING and export == "increment" else ""


def _id(index: int) -> str:
    return f"{0x5BD1E995 * (index + 1) % 2**32:08x}{index + 1:024x}"


def _trace(index: int, at: float) -> TraceView:
    failed = index == 1
    text = GuestText
    spans = (
        SpanView(number=1, name=text("increment"), start_ms=0.0, took_ms=1.8, annotations=((text("by"), text("3")),)),
        SpanView(number=2, parent=1, name=text("check the total"), start_ms=0.2, took_ms=0.4),
        SpanView(
            number=3,
            parent=1,
            name=text("remember"),
            start_ms=0.7,
            took_ms=1.0,
            error=text("the storage is full") if failed else text(""),
        ),
    )
    return TraceView(
        id=_id(index), export=text("increment"), at=at - 2.0 * index, took_ms=1.8, failed=failed, spans=spans
    )


def _deep(at: float) -> TraceView:
    """Return a trace with nested spans, one of them still open."""
    text = GuestText
    read = ((text("keys"), text("128")), (text("from"), text("the namespace of the component, in the order of keys")))
    spans = (
        SpanView(number=1, name=text("stats"), start_ms=0.0, took_ms=48.0),
        SpanView(number=2, parent=1, name=text("read what is kept"), start_ms=1.5, took_ms=31.0, annotations=read),
        SpanView(number=3, parent=2, name=text("first page"), start_ms=2.0, took_ms=14.0),
        SpanView(number=4, parent=2, name=text("second page"), start_ms=16.5, took_ms=15.5),
        SpanView(number=5, parent=1, name=text("add it up"), start_ms=33.0, took_ms=12.0),
        SpanView(number=6, parent=1, name=text("tell the others"), start_ms=46.0),
    )
    return TraceView(id=_id(3), export=text("stats"), at=at - 95.0, took_ms=48.0, spans=spans, dropped=7)
