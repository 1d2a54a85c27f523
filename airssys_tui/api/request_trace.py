"""A request over HTTP as a trace: what the host knows of it, and below its call the steps that its component told."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from airssys_tui.api.views.http import RequestView
from airssys_tui.api.views.tracing import SpanView, TraceView

HANDLE = "wasi:http/incoming-handler#handle"
"""The export of a trace whose component reported nothing."""


def request_trace(request: RequestView, traced: TraceView | None) -> TraceView:
    """Return the trace of a request.

    Args:
        request: The request.
        traced: What the component reported; None if it reported nothing.
    """
    spans = list(_host_spans(request))
    call = spans[-1].number if request.queued_ms is not None else 1
    began = (traced.at - request.at) * 1000 if traced is not None else 0.0
    spans += _below(traced.spans if traced is not None else (), call, len(spans), began)
    return TraceView(
        id=request.id,
        export=traced.export if traced is not None else HANDLE,
        at=request.at,
        took_ms=max(span.start_ms + (span.took_ms or 0.0) for span in spans),
        failed=any(span.error for span in spans),
        spans=tuple(spans),
        dropped=traced.dropped if traced is not None else 0,
    )


def _host_spans(request: RequestView) -> Iterable[SpanView]:
    told = {
        "status": str(request.status or ""),
        "route": request.route,
        "host": request.host,
        "client": request.client,
        "received": f"{request.received} bytes" if request.received else "",
        "sent": f"{request.sent} bytes",
    }
    yield SpanView(
        number=1,
        name=f"{request.method} {request.target}".strip() or "a malformed request",
        start_ms=0.0,
        took_ms=request.took_ms,
        annotations=tuple((key, value) for key, value in told.items() if value),
        error=request.why or f"status {request.status}" if request.failed else "",
    )
    number, end = 1, request.took_ms
    if request.queued_ms is not None:
        yield SpanView(number=2, parent=1, name="queued", start_ms=0.0, took_ms=request.queued_ms)
        number = 2
    if request.head_ms is not None:
        number += 1
        took = max(0.0, end - request.head_ms)
        yield SpanView(number=number, parent=1, name="response", start_ms=request.head_ms, took_ms=took)
    if request.queued_ms is not None:
        took = max(0.0, end - request.queued_ms)
        name = f"call of r{request.revision}"
        yield SpanView(number=number + 1, parent=1, name=name, start_ms=request.queued_ms, took_ms=took)


def _below(spans: Iterable[SpanView], parent: int, before: int, began_ms: float) -> Iterable[SpanView]:
    """Return the steps of a component as steps of its call."""
    for span in spans:
        yield msgspec.structs.replace(
            span,
            number=span.number + before,
            parent=parent if span.parent is None else span.parent + before,
            start_ms=max(0.0, span.start_ms + began_ms),
        )
