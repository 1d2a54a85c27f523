"""A snapshot as families of metrics: names, units and labels in one table.

Values that are not available are omitted, never shown as zero. Labels are sanitised and cut, and none contains text
that a guest can change while it runs, so the installed components bound the number of series.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from airssys_tui import __version__
from airssys_tui.api.socket.frames import ServingReport
from airssys_tui.api.views.components import ComponentView, NoteKind
from airssys_tui.api.views.http import HttpView, RouteView
from airssys_tui.api.views.metering import LATENCY_BOUNDS, CustomSeries, MeterDetail
from airssys_tui.api.views.runtime import SWITCH, Phase, Snapshot, Tally
from airssys_tui.core.lifecycle import Desired, Health, State
from airssys_tui.core.text import one_line

LABEL: Final = 160
"""Maximum characters of a label."""

Figure = Callable[[ComponentView], float | int | None]

COUNTERS: Final[dict[str, tuple[str, Figure]]] = {
    "fuel": ("Fuel units used since it was installed in this runtime", lambda row: row.meters.fuel),
    "cpu_seconds": ("CPU seconds in the guest", lambda row: row.meters.cpu_seconds),
    "calls": ("Calls finished, traps included", lambda row: row.meters.calls),
    "errors": ("Calls that ended in a trap", lambda row: row.meters.errors),
    "hand_traps": ("Calls by hand that ended in a trap", lambda row: row.meters.hand_traps),
    "dropped_calls": ("Calls rejected or dropped while they waited in the mailbox", lambda row: row.meters.dropped),
    "restarts": ("Restarts by supervision", lambda row: row.restarts),
}
"""Counters of a component: description, and the function that reads the value. ``_total`` is added to the name."""

GAUGES: Final[dict[str, tuple[str, Figure]]] = {
    "fuel_per_call": ("Mean fuel units of a call of the active revision", lambda row: row.meters.fuel_per_call),
    "fuel_per_second": ("Fuel units a second over the last sample", lambda row: row.meters.fuel_per_second),
    "fuel_change_ratio": (
        "Fuel per call against the previous revision: 0.02 is two percent more",
        lambda row: row.meters.fuel_change,
    ),
    "cpu_cores": ("Share of a core over the last sample", lambda row: row.meters.cpu),
    "memory_bytes": ("Linear memory", lambda row: row.meters.memory),
    "memory_peak_bytes": ("The most linear memory this instance had", lambda row: row.meters.memory_peak),
    "memory_limit_bytes": ("Limit of linear memory", lambda row: row.meters.memory_limit or None),
    "memory_full_seconds": (
        "Seconds until the memory limit is reached, when the trend says so",
        lambda row: row.meters.memory_full_in,
    ),
    "queued_calls": ("Calls waiting in the mailbox", lambda row: row.meters.queue),
    "revision": ("Number of the active revision", lambda row: row.revision),
    "stable": ("Whether the active revision is stable", lambda row: row.stable),
    "untried": ("Whether the active revision has given too little evidence to be stable", lambda row: row.untried),
    "desired_running": ("Whether its desired state is running", lambda row: row.desired is Desired.RUNNING),
    "source_present": ("Whether its file is there", lambda row: row.present),
    "awaiting_approval": ("Whether a revision waits for an operator's approval", lambda row: row.awaiting is not None),
    "refused": ("Whether what is on disk was refused", lambda row: row.note.kind is NoteKind.REFUSED),
    "held_artifacts": ("Artifacts held after a rollback", lambda row: len(row.held)),
    "quarantined_revisions": ("Revisions in quarantine", lambda row: len(row.quarantined)),
    "started_timestamp_seconds": ("Unix time when the instance started", lambda row: row.started_at),
    "probation_until_timestamp_seconds": (
        "Unix time at which the probation of the active revision ends",
        lambda row: row.probation_until,
    ),
    "state_bytes": ("Size of the last state snapshot", lambda row: row.state_bytes),
    "state_saved_timestamp_seconds": ("Unix time of the last state snapshot", lambda row: row.state_saved_at),
}
"""Gauges of a component: description, and the function that reads the value."""

CUSTOM: Final[dict[str, tuple[str, str, str]]] = {
    "counter": ("custom", "counter", "Counters that components report, by component and metric"),
    "gauge": ("custom_value", "gauge", "Values that components report, by component and metric"),
    "histogram": ("custom_distribution", "summary", "Distributions that components report, by component and metric"),
}
"""Custom metrics: name, Prometheus type and description for each kind. ``_total`` is added to a counter's name."""

RESERVED: Final = frozenset({"component", "metric", "quantile"})
"""Labels that identify a series; a guest's label of the same name becomes ``label_component`` and so on."""

TOTALS: Final[dict[str, tuple[str, Callable[[Snapshot], float | int | None]]]] = {
    "fuel_per_second": ("Fuel units a second over all components", lambda seen: seen.fuel_per_second),
    "memory_bytes": ("Linear memory over all components", lambda seen: seen.memory),
    "memory_limit_bytes": ("Limits of the running components together", lambda seen: seen.memory_limit),
    "cpu_cores": ("Cores in use by guests", lambda seen: seen.cpu),
    "workers": ("Threads that run guests", lambda seen: seen.workers),
    "busy_workers": ("Threads that are in a call now", lambda seen: seen.busy),
    "long_calls": ("Calls that run on beside the workers because they take long", lambda seen: seen.handed),
    "problems": ("Sources that are not components", lambda seen: len(seen.problems)),
    "watch_native": ("Whether files are watched without polling", lambda seen: seen.watch.mode == "native"),
    "disk_full": ("Whether new deployments are refused because the disk is full", lambda seen: bool(seen.disk_full)),
    "snapshot_timestamp_seconds": ("Unix time of these figures", lambda seen: seen.at),
}
"""Gauges of the runtime as a whole."""

LOST: Final[dict[str, tuple[str, Callable[[Snapshot], int]]]] = {
    "watch_missed": ("Changes that a survey found and native watching had missed", lambda seen: seen.watch.missed),
    "events_dropped": ("Events that left the bounded buffer", lambda seen: seen.dropped_events),
    "events_unwritten": ("Events that were never written to the catalog", lambda seen: seen.unwritten_events),
}
"""Counters of losses, since every buffer is bounded."""


def families(seen: Snapshot | None, traffic: ServingReport | None = None) -> Iterator[Metric]:
    """Return every metric of a snapshot; without a snapshot, only that no runtime is open.

    Args:
        seen: The newest snapshot, whole; None while the runtime is not open yet.
        traffic: Usage of its control socket, if it has one.
    """
    yield GaugeMetricFamily("airssys_up", "Whether a runtime is open", float(seen is not None))
    yield InfoMetricFamily("airssys_build", "The program", {"version": __version__})
    if seen is not None:
        yield from _of_runtime(seen)
        yield from _of_components(seen.components)
    if traffic is not None:
        yield from _of_socket(traffic)


def _of_socket(traffic: ServingReport) -> Iterator[Metric]:
    yield GaugeMetricFamily("airssys_clients", "Connections to the control socket now", traffic.clients)
    yield CounterMetricFamily("airssys_clients_served", "Connections to the control socket", traffic.served)
    yield CounterMetricFamily("airssys_client_sent_bytes", "Bytes sent to clients", traffic.sent)
    ended = [(("refused",), traffic.refused), (("faulty",), traffic.faulty), (("slow",), traffic.slow)]
    text = "Clients that were disconnected, by reason"
    yield _labelled(CounterMetricFamily, "clients_dropped", text, ("reason",), ended)


def http_families(found: HttpView) -> Iterator[Metric]:
    """Return the metrics of requests over HTTP, by component and route.

    Args:
        found: The routes with their meters.
    """
    labels = ("component", "route")
    routes = [((each.component, each.route), each) for each in found.routes if not each.taken_by]
    classes = [
        ((*named, f"{number}xx"), count)
        for named, each in routes
        for number, count in enumerate(each.classes, 1)
        if count or number in {2, 4, 5}
    ]
    text = "Responses by class of status, answers of the host included"
    yield _labelled(CounterMetricFamily, "http_responses", text, (*labels, "class"), classes)
    reasons = [((*named, why.reason), why.count) for named, each in routes for why in each.reasons]
    text = "Requests that the host answered, or nobody did, by reason"
    yield _labelled(CounterMetricFamily, "http_unserved", text, (*labels, "reason"), reasons)
    for name, (text, figure) in HTTP_COUNTERS.items():
        counted = [(named, figure(each)) for named, each in routes]
        yield _labelled(CounterMetricFamily, f"http_{name}", text, labels, counted)
    flight = [(named, each.in_flight) for named, each in routes]
    yield _labelled(GaugeMetricFamily, "http_in_flight", "Requests under way", labels, flight)
    spent = [(named, each.buckets, each.requests, each.seconds) for named, each in routes]
    text = "From the arrival of a request to the end of its response"
    yield _histogram("http_latency_seconds", text, labels, spent)
    yield CounterMetricFamily("airssys_http_unrouted", "Requests that no route covers, or malformed", found.unrouted)


def _histogram(
    name: str, text: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], tuple[int, ...], int, float]]
) -> Metric:
    """Return latencies as classic histograms; what was never called has none.

    Args:
        name: Without the prefix.
        text: The description.
        labels: Names of the labels.
        values: Labels, counts up to each of ``LATENCY_BOUNDS``, count of all, and their sum in seconds.
    """
    family = HistogramMetricFamily(f"airssys_{name}", text, labels=labels)
    for words, counts, total, seconds in values:
        if counts:
            bounds = [(f"{bound:.6g}", count) for bound, count in zip(LATENCY_BOUNDS, counts, strict=True)]
            everything = max(total, counts[-1])  # the two are read at slightly different moments
            family.add_metric([one_line(word, LABEL) for word in words], [*bounds, ("+Inf", everything)], seconds)
    return family


def _add_summary(
    family: Metric, labels: dict[str, str], total: float, count: int, quantiles: Iterable[float | None]
) -> None:
    family.add_sample(f"{family.name}_sum", labels, total)
    family.add_sample(f"{family.name}_count", labels, float(count))
    for quantile, value in zip(("0.5", "0.95", "0.99"), quantiles, strict=True):
        if value is not None:
            family.add_sample(family.name, {**labels, "quantile": quantile}, value)


HTTP_COUNTERS: Final[dict[str, tuple[str, Callable[[RouteView], int]]]] = {
    "requests": ("Requests that are over", lambda each: each.requests),
    "received_bytes": ("Bytes of bodies of requests", lambda each: each.received),
    "sent_bytes": ("Bytes of bodies of responses", lambda each: each.sent),
}
"""Counters of a route: description, and the function that reads the value."""


def custom_families(details: Sequence[MeterDetail]) -> Iterator[Metric]:
    """Return the custom metrics: one family for each kind, with the metric's name as a label.

    So a guest's metric name cannot collide with a metric of the program or with another kind of metric.

    Args:
        details: Meters of the components that report custom metrics.
    """
    for kind, (name, type_, text) in CUSTOM.items():
        family = Metric(f"airssys_{name}", text, type_)
        for detail in details:
            for found in detail.custom:
                if found.kind == kind:
                    _add_custom(family, detail.component, found)
        yield family
    dropped = [((detail.component,), detail.custom_dropped) for detail in details]
    text = "Measurements that were dropped: too many series, or they fit none"
    yield _labelled(CounterMetricFamily, "custom_dropped", text, ("component",), dropped)
    clamped = [((detail.component,), sum(found.clamped for found in detail.custom)) for detail in details]
    text = "Series whose value has reached the largest that can be counted"
    yield _labelled(GaugeMetricFamily, "custom_clamped", text, ("component",), clamped)


def _add_custom(family: Metric, component: str, found: CustomSeries) -> None:
    labels: dict[str, str] = {
        (f"label_{name}" if name in RESERVED else name): one_line(value, LABEL) for name, value in found.labels
    }
    labels |= {"component": component, "metric": found.name}
    if found.kind == "gauge":
        family.add_sample(family.name, labels, found.value)
    elif found.kind == "counter":
        family.add_sample(f"{family.name}_total", labels, found.value)
    else:
        _add_summary(family, labels, found.value, found.count or 0, (found.p50, found.p95, found.p99))


def _of_runtime(seen: Snapshot) -> Iterator[Metric]:
    phases = [((phase.value,), seen.phase is phase) for phase in Phase]
    yield _labelled(GaugeMetricFamily, "phase", "Where the runtime is: 1 for the phase it is in", ("phase",), phases)
    states = Counter(row.state for row in seen.components)
    counted = [((state.value,), states[state]) for state in State]
    yield _labelled(GaugeMetricFamily, "components", "Components by state", ("state",), counted)
    for name, (text, total) in TOTALS.items():
        if (value := total(seen)) is not None:
            yield GaugeMetricFamily(f"airssys_{name}", text, value)
    for name, (text, count) in LOST.items():
        yield CounterMetricFamily(f"airssys_{name}", text, count(seen))
    yield from _tallies(seen.tallies)


def _tallies(tallies: tuple[Tally, ...]) -> Iterator[Metric]:
    switches = [((tally.action,), tally.count) for tally in tallies if tally.kind == SWITCH]
    text = "Revisions that became active, by cause: deploy, reload, rollback, restore"
    yield _labelled(CounterMetricFamily, "switches", text, ("cause",), switches)
    events = [((tally.kind, tally.action), tally.count) for tally in tallies if tally.kind != SWITCH]
    text = "Events by kind and action; counted also when the buffer overflows"
    yield _labelled(CounterMetricFamily, "events", text, ("kind", "action"), events)


def _of_components(rows: tuple[ComponentView, ...]) -> Iterator[Metric]:
    tables: tuple[tuple[type[CounterMetricFamily | GaugeMetricFamily], dict[str, tuple[str, Figure]]], ...] = (
        (CounterMetricFamily, COUNTERS),
        (GaugeMetricFamily, GAUGES),
    )
    for kind, table in tables:
        for name, (text, figure) in table.items():
            had = [((row.id,), value) for row in rows if (value := figure(row)) is not None]
            yield _labelled(kind, f"component_{name}", text, ("component",), had)
    spent = [((row.id,), row.meters.call_buckets, row.meters.calls, row.meters.call_seconds) for row in rows]
    yield _histogram("component_latency_seconds", "Time in the component, by call", ("component",), spent)
    states = [((row.id, state.value), row.state is state) for row in rows for state in State]
    text = "Whether it is in this lifecycle state"
    yield _labelled(GaugeMetricFamily, "component_state", text, ("component", "state"), states)
    health = [((row.id, health.value), row.health is health) for row in rows for health in Health]
    text = "Whether this is the health that it last reported"
    yield _labelled(GaugeMetricFamily, "component_health", text, ("component", "health"), health)
    yield _component_info(rows)


def _component_info(rows: tuple[ComponentView, ...]) -> Metric:
    labels = ("component", "version", "digest", "kind", "source")
    family = InfoMetricFamily("airssys_component", "What it is", labels=labels)
    for row in rows:
        facts = (row.id, row.version or "", row.digest or "", row.kind, row.source)
        family.add_metric([one_line(word, LABEL) for word in facts], {})
    return family


def _labelled(
    kind: type[CounterMetricFamily | GaugeMetricFamily],
    name: str,
    text: str,
    labels: tuple[str, ...],
    values: Sequence[tuple[tuple[str, ...], float | int]],
) -> Metric:
    family = kind(f"airssys_{name}", text, labels=labels)
    for words, value in values:
        family.add_metric([one_line(word, LABEL) for word in words], float(value))
    return family
