"""What played components tell of themselves: a few measurements, and the calls they traced."""

from __future__ import annotations

from typing import Final

from airssys_tui.api.metering import CustomSeries
from airssys_tui.api.tracing import SpanView, TraceView
from airssys_tui.api.views import ComponentView
from airssys_tui.core.text import GuestText

TELLING: Final = "counter"
"""Name of the component that measures and traces itself; the others do not."""


def series(view: ComponentView) -> tuple[CustomSeries, ...]:
    """Return what a played component measured of itself."""
    if view.id != TELLING:
        return ()
    calls = view.meters.calls
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
    """Return the calls that a played component traced, newest first."""
    return tuple(_trace(index, at) for index in range(3)) if view.id == TELLING else ()


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
        id=f"{index + 1:032x}", export=text("increment"), at=at - 2.0 * index, took_ms=1.8, failed=failed, spans=spans
    )
