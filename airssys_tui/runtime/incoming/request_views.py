"""Requests as front ends see them: the routes with their meters, and the last requests."""

from __future__ import annotations

from airssys_tui.api.views.http import HttpView, ListenerView, ReasonCount, RequestView, RouteView
from airssys_tui.core.description import incoming_handler
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.incoming.http_front import HttpFront
from airssys_tui.runtime.incoming.request_record import RequestRecord
from airssys_tui.runtime.incoming.route_book import RouteBook
from airssys_tui.runtime.incoming.route_meters import RouteMeters


def http_view(front: HttpFront, book: RouteBook, router: Router, component: str, requests: int) -> HttpView:
    """Return what is known of requests.

    Args:
        front: Where they come in.
        book: The routes.
        router: The components.
        component: Only about this one; empty for all.
        requests: Requests at most.
    """
    claimed = [each for each in book.routes() if component in {"", each[0]}]
    routed = {name for name, _, _ in claimed}
    return HttpView(
        listeners=tuple(ListenerView(str(each.address), each.problem) for each in front.listeners),
        routes=tuple(
            _route(name, str(route), taken_by, front.traffic.find(name, str(route)))
            for name, route, taken_by in claimed
        ),
        unrouted=front.traffic.unrouted.requests,
        unrouted_per_second=front.traffic.unrouted.per_second,
        without_route=tuple(
            each.name
            for each in router
            if each.name not in routed
            and component in {"", each.name}
            and each.active is not None
            and incoming_handler(each.active.interface)
        ),
        requests=tuple(map(request_view, front.recent.read(component)[:requests])),
    )


def _route(component: str, route: str, taken_by: str, meters: RouteMeters | None) -> RouteView:
    if meters is None:
        return RouteView(component=component, route=route, taken_by=taken_by)
    p50, p95, p99 = meters.latencies()
    return RouteView(
        component=component,
        route=route,
        taken_by=taken_by,
        requests=meters.requests,
        per_second=meters.per_second,
        in_flight=meters.in_flight,
        classes=tuple(meters.classes),
        reasons=tuple(ReasonCount(reason, count) for reason, count in sorted(meters.reasons.items())),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        seconds=meters.latency_ns / 1e9,
        buckets=meters.latency.buckets(),
        queued_p95_ms=meters.queued.quantile(0.95),
        received=meters.received,
        sent=meters.sent,
    )


def request_view(record: RequestRecord) -> RequestView:
    """Return a request that is over."""
    return RequestView(
        id=record.id,
        at=record.at,
        component=record.component,
        route=record.route,
        method=record.method,
        target=record.target,
        host=record.host,
        client=record.client,
        status=record.status,
        reason=record.reason,
        detail=record.detail,
        queued_ms=_since(record, record.began_ns),
        head_ms=_since(record, record.head_ns),
        took_ms=_since(record, record.ended_ns) or 0.0,
        received=record.received,
        sent=record.sent,
        revision=record.revision,
    )


def _since(record: RequestRecord, moment_ns: int) -> float | None:
    """Return the milliseconds from the arrival of a request to a moment, or None if that has not come."""
    return max(0, moment_ns - record.arrived_ns) / 1e6 if moment_ns else None
