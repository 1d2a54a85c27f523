"""Simulated requests over HTTP: two components of the scenes answer them, a third one is stopped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from airssys_tui.api.played.meters import buckets
from airssys_tui.api.request_trace import request_trace
from airssys_tui.api.views.components import ComponentView
from airssys_tui.api.views.http import (
    MOST_REQUESTS,
    HostReason,
    HttpView,
    ListenerView,
    ReasonCount,
    RequestView,
    RouteView,
)
from airssys_tui.api.views.tracing import TraceView
from airssys_tui.core.lifecycle import State

ADDRESS: Final = "127.0.0.1:8080"

ROUTES: Final[Mapping[str, tuple[str, ...]]] = {
    "greeter": ("/hello/*",),
    "counter": ("/count", "api.example.com/v1/counters/*"),
    "pipeline/parse": ("/hello/*",),
}
"""The routes that components of the scenes claim."""

_ASKED: Final = (
    ("greeter", "/hello/*", "GET", "/hello/Ada?lang=fr", 200, None, 4.1, 18),
    ("counter", "/count", "POST", "/count", 200, None, 0.9, 2),
    ("greeter", "/hello/*", "GET", "/hello/Grace", 200, None, 3.8, 20),
    ("counter", "api.example.com/v1/counters/*", "GET", "/v1/counters/7", 404, None, 1.2, 31),
    ("", "", "GET", "/favicon.ico", 404, HostReason.NO_ROUTE, 0.1, 83),
    ("greeter", "/hello/*", "GET", "/hello/" + "x" * 90, 502, HostReason.TRAP, 11.6, 68),
    ("counter", "/count", "HEAD", "/count", 200, None, 0.8, 0),
    ("greeter", "/hello/*", "PUT", "/hello/Ada", 405, None, 2.7, 19),
    ("counter", "/count", "POST", "/count", 503, HostReason.MAILBOX_FULL, 0.2, 93),
)
"""Component, route, method, target, status, reason, milliseconds and bytes of the last requests, over and over."""


def http(rows: Iterable[ComponentView], now: float, component: str, requests: int) -> HttpView:
    """Return what came in.

    Args:
        rows: The components that there are.
        now: Unix time in seconds.
        component: Only about this one; empty for all.
        requests: Requests at most.
    """
    known = {row.id: row for row in rows if component in {"", row.id}}
    routes = [_route(known[name], route) for name, claimed in ROUTES.items() if name in known for route in claimed]
    if not routes:
        return HttpView()
    made = (_request(index, now) for index in range(60))
    asked = [each for each in made if each.component in known or not (each.component or component)]
    return HttpView(
        listeners=(ListenerView(ADDRESS),),
        routes=tuple(sorted(routes, key=lambda each: (each.component, each.route))),
        unrouted=212,
        unrouted_per_second=0.4,
        requests=tuple(asked[:requests]),
    )


def trace_of_request(rows: Iterable[ComponentView], now: float, id_: str) -> TraceView | None:
    """Return a request as a trace, or None if it is not among the last ones."""
    found = next((each for each in http(rows, now, "", MOST_REQUESTS).requests if each.id == id_), None)
    return None if found is None else request_trace(found, None)


def _route(row: ComponentView, route: str) -> RouteView:
    runs = row.state is State.RUNNING
    share = row.meters.calls_per_second / len(ROUTES[row.id]) if runs else 0.0
    view = RouteView(component=row.id, route=route)
    if row.id == "pipeline/parse":
        return msgspec.structs.replace(view, taken_by="greeter")
    total = int(share * 8_040)
    bad, failed = total // 31, total // 207
    return msgspec.structs.replace(
        view,
        requests=total,
        per_second=share,
        in_flight=2 if share > 100 else 0,
        classes=(0, total - bad - failed, 0, bad, failed),
        reasons=(ReasonCount(HostReason.MAILBOX_FULL, failed // 2), ReasonCount(HostReason.TRAP, failed - failed // 2))
        if failed
        else (),
        p50_ms=1.4,
        p95_ms=4.6,
        p99_ms=11.6,
        seconds=total * 0.0019,
        buckets=buckets(total, 1.4, 11.6),
        queued_p95_ms=0.3,
        received=total * 12,
        sent=total * 240,
    )


def _request(index: int, now: float) -> RequestView:
    component, route, method, target, status, reason, took, sent = _ASKED[index % len(_ASKED)]
    queued = None if reason in {HostReason.NO_ROUTE, HostReason.MAILBOX_FULL} else 0.2
    return RequestView(
        id=f"{0x9E3779B1 * (index + 1) % 2**32:08x}{index + 1:024x}",
        at=now - 0.4 - 1.3 * index,
        component=component,
        route=route,
        method=method,
        target=target,
        host="api.example.com" if route.startswith("api") else "localhost:8080",
        client="127.0.0.1",
        status=status,
        reason=reason,
        detail="unreachable: wasm `unreachable` instruction executed" if reason == HostReason.TRAP else "",
        queued_ms=queued,
        head_ms=took * 0.9,
        took_ms=took,
        received=3 if method in {"POST", "PUT"} else 0,
        sent=sent,
        revision=None if queued is None else 1,
    )
