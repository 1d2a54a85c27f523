"""Send traces, metrics and logs of a runtime to a collector, over OTLP/HTTP.

One thread sends; the runtime only appends to a bounded queue and never waits. What does not fit is dropped and counted:
spans in the queue, events in the runtime's own buffer, batches that a collector did not take after the library's
retries. The counts are metrics (``airssys_otlp_dropped_total``), and an event tells when a collector begins to take
nothing of a kind, and when that ends.

The library's own variables say where and how: ``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_EXPORTER_OTLP_HEADERS``,
``OTEL_SERVICE_NAME``, ``OTEL_RESOURCE_ATTRIBUTES``, ``OTEL_METRIC_EXPORT_INTERVAL`` and their like.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from prometheus_client.core import CounterMetricFamily, Metric

from airssys_tui import __version__
from airssys_tui.api.views.http import RequestView
from airssys_tui.api.views.tracing import EndedSpan
from airssys_tui.cli.serving.metric_collector import MetricCollector
from airssys_tui.cli.telemetry.log_records import log_record
from airssys_tui.cli.telemetry.metric_records import metrics_data
from airssys_tui.cli.telemetry.span_records import span_of_request, span_of_step
from airssys_tui.core.errors import AirssysError

if TYPE_CHECKING:
    from airssys_tui.runtime.embedded import EmbeddedRuntime

QUEUE: Final = 4_096
"""Spans that wait at most."""

BATCH: Final = 512
"""Spans or log records of one request."""

PACE: Final = 1.0
"""Seconds between two looks for spans and events."""

TIMEOUT: Final = 5.0
"""Seconds that one request may take, its retries included."""

FAREWELL: Final = 3.0
"""Seconds that the end waits for what is left to be sent."""

INTERVAL: Final = "OTEL_METRIC_EXPORT_INTERVAL"
"""The variable with the milliseconds between two exports of metrics; 60 000 by default."""


class OtlpExport:
    """Sends what a runtime tells, from when it is open until this is closed.

    Args:
        endpoint: URL of the collector, without the path of a signal; empty for that of the environment.
        pace: Seconds between two looks.

    Attributes:
        collector: Collects the metrics.
        dropped: What was dropped so far, by kind: ``spans``, ``logs``, ``metrics``.
    """

    def __init__(self, endpoint: str = "", pace: float = PACE) -> None:
        logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
        logging.getLogger("opentelemetry").propagate = False  # the terminal belongs to the events or the screen
        base = endpoint.rstrip("/")
        where = [f"{base}/v1/{signal}" if base else None for signal in ("traces", "logs", "metrics")]
        self._spans = OTLPSpanExporter(endpoint=where[0], timeout=TIMEOUT)
        self._logs = OTLPLogExporter(endpoint=where[1], timeout=TIMEOUT)
        self._metrics = OTLPMetricExporter(endpoint=where[2], timeout=TIMEOUT)
        name = os.environ.get("OTEL_SERVICE_NAME", "airssys-tui")
        self._resource = Resource.create({"service.name": name, "service.version": __version__})
        self.collector = MetricCollector()
        self.dropped: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._queue: deque[EndedSpan | RequestView] = deque()
        self._pace = pace
        self._every = _milliseconds(os.environ.get(INTERVAL, ""), 60_000) / 1_000
        self._began = time.time_ns()
        self._next_metrics = time.monotonic() + self._every
        self._seen = 0
        self._last: list[Metric] = []
        self._failing: set[str] = set()
        self._stopped = threading.Event()
        self._runtime: EmbeddedRuntime | None = None
        self._thread = threading.Thread(target=self._run, name="otlp", daemon=True)

    def watch(self, runtime: EmbeddedRuntime) -> None:
        """Begin to send what a runtime tells."""
        self._runtime = runtime
        runtime.follow_spans(self._take, self._take)
        runtime.at_close(self._collect_last)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many spans wait to be sent."""
        return len(self._queue)

    def close(self) -> None:
        """Send what is left, if the collector takes it soon, and end."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(FAREWELL)
        for exporter in (self._spans, self._logs, self._metrics):
            exporter.shutdown()

    def _take(self, found: EndedSpan | RequestView) -> None:
        if len(self._queue) >= QUEUE:
            self._drop("spans", 1)
        else:
            self._queue.append(found)

    def _drop(self, signal: str, count: int) -> None:
        with self._counting:  # components and the server count on threads of their own
            self.dropped[signal] += count

    def _run(self) -> None:
        while True:
            last = self._stopped.wait(self._pace)
            self._send_spans()
            self._send_logs()
            if last or time.monotonic() >= self._next_metrics:
                self._next_metrics = time.monotonic() + self._every
                self._send_metrics()
            if last:
                return

    def _send_spans(self) -> None:
        waiting = [self._queue.popleft() for _ in range(len(self._queue))]
        spans = [
            span_of_step(each, self._resource) if isinstance(each, EndedSpan) else span_of_request(each, self._resource)
            for each in waiting
        ]
        for batch in _batches(spans):
            self._send("spans", len(batch), partial(self._spans.export, batch))

    def _send_logs(self) -> None:
        assert self._runtime is not None  # noqa: S101 - the thread starts with it
        page = self._runtime.events(after=self._seen, limit=QUEUE)
        self._drop("logs", page.missed)
        if page.events:
            self._seen = page.events[-1].seq
        for batch in _batches([log_record(event, self._resource) for event in page.events]):
            self._send("logs", len(batch), partial(self._logs.export, batch))

    def _send_metrics(self) -> None:
        try:
            families = self._last or list(self.collector.collect())
        except AirssysError:  # it was closed meanwhile
            return
        data = metrics_data([*families, *self._own()], self._resource, self._began, time.time_ns())
        self._send("metrics", 1, partial(self._metrics.export, data))

    def _collect_last(self) -> None:
        """Collect once more what can only be asked of an open runtime; it is sent at the end."""
        self._last = list(self.collector.collect())

    def _own(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "airssys_otlp_dropped",
            "What was not sent to the collector: spans, log records, metrics",
            labels=("signal",),
        )
        for signal in ("spans", "logs", "metrics"):
            family.add_metric([signal], self.dropped[signal])
        yield family

    def _send(self, signal: str, count: int, export: Callable[[], Any]) -> None:
        """Send one batch; count it as dropped if the collector does not take it, and tell when that begins or ends."""
        taken = export().name == "SUCCESS"
        if not taken:
            self._drop(signal, count)
        if taken == (signal in self._failing):
            (self._failing.discard if taken else self._failing.add)(signal)
            said = "takes {} again" if taken else "does not take {}: they are dropped and counted"
            if self._runtime is not None and not self._stopped.is_set():
                self._runtime.announce(f"the OpenTelemetry collector {said.format(signal)}")


def _batches(found: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (found[start : start + BATCH] for start in range(0, len(found), BATCH))


def _milliseconds(text: str, default: int) -> int:
    return int(text) if text.isdecimal() and int(text) > 0 else default
