"""What components report about themselves and what the host keeps for them, as views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airssys_tui.api.views.calling import MOST_OPEN
from airssys_tui.api.views.components import HostUse
from airssys_tui.api.views.metering import CustomSeries
from airssys_tui.api.views.tracing import EndedSpan, SpanView, TraceView
from airssys_tui.core.limits import Limits
from airssys_tui.engine.resources import HandleUse
from airssys_tui.host.services.custom_metrics import MAX_SERIES
from airssys_tui.host.services.spans import MAX_TRACES, Span, Trace
from airssys_tui.host.services.timer_table import MAX_TIMERS
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.machinery.component_services import Services

if TYPE_CHECKING:
    from airssys_tui.host.recording.recordings import Recordings


def ended_span(component: str, span: Span) -> EndedSpan:
    """Return a span that has ended, as a view."""
    trace = span.trace
    began = int(trace.at * 1e9)
    return EndedSpan(
        component=component,
        export=trace.export,
        trace=trace.id,
        call=trace.began_ns,
        number=span.number,
        parent=span.parent,
        name=span.name,
        started=began + span.started_ns,
        ended=began + (span.ended_ns or span.started_ns),
        annotations=tuple(span.annotations),
        error=span.error,
    )


def custom_series(services: Services | None) -> tuple[CustomSeries, ...]:
    """Return the custom meters of a component, by name and labels."""
    if services is None:
        return ()
    return tuple(
        CustomSeries(
            name=found.name,
            kind=found.kind,
            labels=found.labels,
            value=found.value,
            count=found.count if found.kind == "histogram" else None,
            p50=found.quantiles[0] if found.quantiles else None,
            p95=found.quantiles[1] if found.quantiles else None,
            p99=found.quantiles[2] if found.quantiles else None,
            clamped=found.clamped,
        )
        for found in services.measures.read()
    )


def series_count(services: Services | None) -> int:
    """Return the number of a component's custom series."""
    return 0 if services is None else len(services.measures)


def custom_dropped(services: Services | None) -> int:
    """Return the number of dropped measurements of a component."""
    return 0 if services is None else services.measures.dropped


def host_use(services: Services | None, serving: Serving | None, open_handles: int) -> tuple[HostUse, ...]:
    """Return what the host keeps for a component.

    Args:
        services: What it keeps across instances; None if the component never had one.
        serving: The instance that serves.
        open_handles: Resources that calls by hand returned.
    """
    if services is None:
        return ()
    used = serving.instance.resources.use if serving is not None else HandleUse()
    limit = serving.manifest.limits.handles if serving is not None else Limits().handles
    alarms, measures, traces = services.alarms, services.measures, services.traces
    return (
        *_recordings(services.recordings),
        HostUse(what="host handles", count=used.count, limit=limit, bytes=used.bytes),
        HostUse(what="open handles", count=open_handles, limit=MOST_OPEN),
        HostUse(what="timers", count=len(alarms), limit=MAX_TIMERS, bytes=alarms.bytes, refused=alarms.missed),
        HostUse(what="series", count=len(measures), limit=MAX_SERIES, bytes=measures.bytes, refused=measures.dropped),
        HostUse(what="traces", count=len(traces), limit=MAX_TRACES, bytes=traces.bytes),
    )


def _recordings(kept: Recordings | None) -> tuple[HostUse, ...]:
    """Return what recorded calls take; nothing if none are recorded."""
    if kept is None or not kept.most:
        return ()
    count, size, refused = min(len(kept), kept.most), kept.bytes, kept.dropped
    return (HostUse(what="recorded calls", count=count, limit=kept.most, bytes=size, refused=refused),)


def traces_of(services: Services | None, trace: str = "") -> tuple[TraceView, ...]:
    """Return the kept traces of a component, newest first; those of one id if it is given."""
    kept = () if services is None else reversed(services.traces.read())
    return tuple(_trace(each) for each in kept if trace in {"", each.id})


def _trace(trace: Trace) -> TraceView:
    spans = tuple(map(_span, tuple(trace.spans)))
    ends = [span.start_ms + (span.took_ms or 0.0) for span in spans]
    return TraceView(
        id=trace.id,
        export=trace.export,
        at=trace.at,
        took_ms=max(ends, default=0.0),
        failed=any(span.error for span in spans),
        spans=spans,
        dropped=trace.dropped,
    )


def _span(span: Span) -> SpanView:
    ended = span.ended_ns
    return SpanView(
        number=span.number,
        parent=span.parent or None,
        name=span.name,
        start_ms=span.started_ns / 1e6,
        took_ms=None if ended is None else (ended - span.started_ns) / 1e6,
        annotations=tuple(span.annotations),
        error=span.error,
    )
