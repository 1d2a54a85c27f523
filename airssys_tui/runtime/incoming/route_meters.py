"""The meters of requests: for each route of each component, and for what no route covers."""

from __future__ import annotations

from collections import Counter
from typing import Final

from airssys_tui.api.views.http import HostReason
from airssys_tui.runtime.incoming.request_record import RequestRecord
from airssys_tui.runtime.metering.counters import PERCENTILES, LatencyHistogram

CLASSES: Final = 5
"""Classes of status, 1xx to 5xx."""


class RouteMeters:
    """What came in by one route. Written on the loop of the server, read by the sampler without a lock.

    Attributes:
        requests: How many are over.
        in_flight: How many are under way.
        classes: How many responses there were of each class of status, from 1xx on.
        reasons: How often the host answered, or nobody did, by reason.
        latency_ns: Sum of the latencies.
        latency: From the arrival of the request to the end of its response.
        queued: From the arrival to the beginning of the component's call, of those that got so far.
        received: Bytes of bodies of requests.
        sent: Bytes of bodies of responses.
        per_second: Requests a second over the last sample.
    """

    __slots__ = (
        *("_before", "classes", "in_flight", "latency", "latency_ns", "per_second", "queued", "reasons"),
        *("received", "requests", "sent"),
    )

    def __init__(self) -> None:
        self.latency_ns = self.requests = self.in_flight = self.received = self.sent = self._before = 0
        self.per_second = 0.0
        self.classes = [0] * CLASSES
        self.reasons: Counter[HostReason] = Counter()
        self.latency = LatencyHistogram()
        self.queued = LatencyHistogram()

    def count(self, record: RequestRecord) -> None:
        """Count a request that is over."""
        self.requests += 1
        self.received += record.received
        self.sent += record.sent
        if record.status:
            self.classes[min(CLASSES, record.status // 100) - 1] += 1
        if record.reason is not None:
            self.reasons[record.reason] += 1
        took = record.ended_ns - record.arrived_ns
        self.latency_ns += took
        self.latency.record(took)
        if record.began_ns:
            self.queued.record(max(0, record.began_ns - record.arrived_ns))

    def sample(self, span: float) -> None:
        """Compute the rate over some seconds."""
        self.per_second = (self.requests - self._before) / span
        self._before = self.requests

    def latencies(self) -> tuple[float | None, ...]:
        """Return the median and the 95th and 99th percentile of the latency, in milliseconds."""
        return self.latency.quantiles(PERCENTILES)


class Traffic:
    """The meters of all routes, made when a request first comes in by one. As long as a runtime, like all counters.

    Attributes:
        unrouted: What no route covers, and what is no request.
    """

    def __init__(self) -> None:
        self.unrouted = RouteMeters()
        self._routes: dict[tuple[str, str], RouteMeters] = {}

    def of(self, component: str, route: str) -> RouteMeters:
        """Return the meters of a route of a component."""
        found = self._routes.get((component, route))
        if found is None:
            found = self._routes[component, route] = RouteMeters()
        return found

    def find(self, component: str, route: str) -> RouteMeters | None:
        """Return the meters of a route of a component, or None if nothing came in by it."""
        return self._routes.get((component, route))

    def sample(self, span: float) -> None:
        """Compute the rates over some seconds."""
        for meters in (self.unrouted, *tuple(self._routes.values())):
            meters.sample(span)
