"""Steps of components and requests over HTTP as spans of OpenTelemetry.

Ids of spans are computed from what a span is, so that a child can name its parent without having met it: the call of a
component that answers a request is below the span of that request, whose id is that of the trace.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from airssys_tui import __version__
from airssys_tui.api.views.http import RequestView
from airssys_tui.api.views.tracing import EndedSpan
from airssys_tui.core.text import sanitise

SCOPE: Final = InstrumentationScope("airssys_tui", __version__)

HANDLER: Final = "wasi:http/incoming-handler"


def span_of_step(step: EndedSpan, resource: Resource) -> ReadableSpan:
    """Return a step that a component reported."""
    parent = None
    if step.parent:
        parent = _context(step.trace, step.component, step.call, step.parent)
    elif step.export.startswith(HANDLER):
        parent = _context(step.trace, "request")
    notes = {f"airssys.note.{sanitise(key)}": sanitise(value) for key, value in step.annotations}
    return ReadableSpan(
        name=sanitise(step.name),
        context=_context(step.trace, step.component, step.call, step.number),
        parent=parent,
        resource=resource,
        attributes={**notes, "airssys.component": step.component, "airssys.export": sanitise(step.export)},
        kind=SpanKind.INTERNAL,
        status=Status(StatusCode.ERROR, sanitise(step.error)) if step.error else Status(),
        start_time=step.started,
        end_time=step.ended,
        instrumentation_scope=SCOPE,
    )


def span_of_request(request: RequestView, resource: Resource) -> ReadableSpan:
    """Return a request over HTTP, with the attributes that the semantic conventions for HTTP servers name."""
    began = int(request.at * 1e9)
    attributes: dict[str, str | int] = {
        "http.request.method": sanitise(request.method),
        "url.path": sanitise(request.target).partition("?")[0],
        "http.route": sanitise(request.route),
        "http.response.status_code": request.status,
        "server.address": sanitise(request.host),
        "client.address": request.client,
        "airssys.component": request.component,
        "airssys.reason": str(request.reason or ""),
    }
    return ReadableSpan(
        name=f"{sanitise(request.method)} {sanitise(request.route)}".strip() or "HTTP",
        context=_context(request.id, "request"),
        resource=resource,
        attributes={name: value for name, value in attributes.items() if value},
        kind=SpanKind.SERVER,
        status=Status(StatusCode.ERROR, sanitise(request.why)) if request.failed else Status(),
        start_time=began,
        end_time=began + int(request.took_ms * 1e6),
        instrumentation_scope=SCOPE,
    )


def _context(trace: str, *parts: object) -> SpanContext:
    digest = blake2b("/".join(map(str, (trace, *parts))).encode(errors="replace"), digest_size=8).digest()
    return SpanContext(
        trace_id=int(trace, 16),
        span_id=int.from_bytes(digest, "big") or 1,
        is_remote=False,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
