"""Traces, metrics and logs of real components reach a collector; one that hangs or refuses holds up nobody."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Iterator

import pytest

from airssys_tui.api.views.http import RequestView
from airssys_tui.api.views.tracing import EndedSpan
from airssys_tui.cli.serving.telemetry_choice import is_wanted
from airssys_tui.core.errors import UsageError
from airssys_tui.core.manifest.http_sections import ListenAddress
from tests.support.command_line import Desk, eventually
from tests.support.places import FIXTURES
from tests.support.world import World

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra otel is not installed")

from airssys_tui.cli.telemetry import otlp_export
from airssys_tui.cli.telemetry.otlp_export import OtlpExport
from airssys_tui.cli.telemetry.span_records import span_of_request, span_of_step
from tests.support.collector import Collector, attributes

SERVICES = (FIXTURES / "services" / "services.wasm").read_bytes()
DOORS = "fixture:services/doors@1.0.0#"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as made:
        yield made


@pytest.fixture
def guest(world: World) -> World:
    world.put("guest", SERVICES, "")
    world.open(http=(ListenAddress("127.0.0.1", 0),))
    return world


@pytest.fixture
def export(collector: Collector, guest: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[OtlpExport]:
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "100")
    made = OtlpExport(collector.url, pace=0.02)
    made.collector.runtime = guest.runtime
    made.watch(guest.runtime)
    yield made
    made.close()


def trace(world: World, words: str) -> str:
    answer = world.call("guest", DOORS + "trace", words)
    assert isinstance(answer, str)
    return answer


def test_all_three_signals_reach_the_collector(collector: Collector, guest: World, export: OtlpExport) -> None:
    id_ = trace(guest, "work \x1b")
    eventually(lambda: len(collector.spans) == 2)
    spans = {span.name: span for span in collector.spans}
    outer, inner = spans["work \u241b"], spans["inner"]
    assert outer.trace_id.hex() == inner.trace_id.hex() == id_
    assert (outer.parent_span_id, inner.parent_span_id) == (b"", outer.span_id)
    assert outer.start_time_unix_nano <= inner.start_time_unix_nano <= inner.end_time_unix_nano
    assert (inner.status.code, inner.status.message) == (2, "it failed")
    assert attributes(inner)["airssys.component"] == "guest"
    assert "airssys.note.key" in attributes(inner)
    guest.call("guest", DOORS + "log", "error", "out of tea", [])
    eventually(lambda: any(log.body.string_value == "out of tea" for log in collector.logs))
    log = next(log for log in collector.logs if log.body.string_value == "out of tea")
    assert (log.severity_number, attributes(log)["airssys.component"]) == (17, "guest")
    eventually(lambda: "airssys_component_latency_seconds" in collector.metrics)
    (point,) = collector.metrics["airssys_component_latency_seconds"].histogram.data_points
    assert point.count == sum(point.bucket_counts) >= 1
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
    calls = collector.metrics["airssys_component_calls"].sum
    assert calls.is_monotonic
    assert attributes(calls.data_points[0]) == {"component": "guest"}
    assert collector.resources
    assert all(each["service.name"] == "airssys-tui" for each in collector.resources)
    assert set(export.dropped.values()) <= {0}


@pytest.mark.usefixtures("export")
def test_a_request_is_a_span_of_its_own(collector: Collector, guest: World) -> None:
    port = guest.runtime.probe.system.http.listeners[0].address.port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/nowhere?secret=1")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    eventually(lambda: collector.spans)
    (span,) = collector.spans
    assert (span.kind, span.trace_id.hex()) == (2, answer.headers["x-request-id"])
    told = attributes(span)
    assert (told["http.response.status_code"], told["url.path"]) == (404, "/nowhere")
    assert told["airssys.reason"] == "no-route"


def test_the_call_that_answers_a_request_is_below_it() -> None:
    from opentelemetry.sdk.resources import Resource

    resource = Resource.create({})
    request = span_of_request(RequestView(id="ab" * 16, at=1.0, method="GET", status=200), resource)
    step = EndedSpan(
        component="web", export="wasi:http/incoming-handler@0.2.0#handle", trace="ab" * 16, call=7, number=1, parent=0,
        name="read", started=1, ended=2,
    )  # fmt: skip
    below = span_of_step(step, resource)
    assert below.parent is not None
    assert request.context is not None
    assert below.parent.span_id == request.context.span_id
    other = span_of_step(EndedSpan(**{**{f: getattr(step, f) for f in step.__struct_fields__}, "call": 8}), resource)
    assert other.context is not None
    assert below.context is not None
    assert other.context.span_id != below.context.span_id, "two calls of one trace"


def test_a_collector_that_hangs_holds_up_nobody_and_what_is_lost_is_counted(
    collector: Collector, guest: World, export: OtlpExport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(otlp_export, "QUEUE", 10)
    collector.hold.clear()
    eventually(lambda: collector.asked)  # its thread waits for the collector now
    for number in range(12):
        trace(guest, f"call {number}")  # two spans each
    assert export.waiting == 10
    assert export.dropped["spans"] == 14
    collector.hold.set()
    eventually(lambda: len(collector.spans) == 10)
    dropped = "airssys_otlp_dropped"

    def told() -> bool:
        points = collector.metrics[dropped].sum.data_points if dropped in collector.metrics else ()
        return any(attributes(point) == {"signal": "spans"} and point.as_double == 14 for point in points)

    eventually(told)


def test_what_only_an_open_runtime_knows_is_sent_at_its_end(collector: Collector, guest: World) -> None:
    made = OtlpExport(collector.url, pace=60.0)
    made.collector.runtime = guest.runtime
    made.watch(guest.runtime)
    guest.call("guest", DOORS + "counter-add", "steps", 3, [])
    eventually(lambda: any(row.custom_series for row in guest.runtime.snapshot().components))
    guest.runtime.close()
    made.close()
    (point,) = collector.metrics["airssys_custom"].sum.data_points
    assert point.as_double == 3
    assert "airssys_http_unrouted" in collector.metrics


def test_what_a_collector_refuses_is_counted_and_told_once(
    collector: Collector, guest: World, export: OtlpExport
) -> None:
    collector.status = 400
    trace(guest, "one")
    eventually(lambda: export.dropped["spans"] == 2)
    trace(guest, "two")
    eventually(lambda: export.dropped["spans"] == 4)

    def told(words: str) -> int:
        return sum(f"collector {words}" in event.text for event in guest.runtime.events(limit=10_000).events)

    eventually(lambda: told("does not take spans") == 1)
    collector.status = 200
    trace(guest, "three")
    eventually(lambda: told("takes spans again") == 1)
    assert told("does not take spans") == 1


@pytest.mark.parametrize(
    ("option", "environment", "wanted"),
    [
        (None, {}, False),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ("http://127.0.0.1:4318", {}, True),
        ("https://[::1]/otlp", {"OTEL_SDK_DISABLED": "true"}, True),
    ],
)
def test_telemetry_is_sent_where_somebody_says_so(
    option: str | None, environment: dict[str, str], wanted: bool
) -> None:
    assert is_wanted(option, environment) is wanted


@pytest.mark.parametrize("option", ["", "127.0.0.1:4318", "ftp://a", "http://", "http://[bad"])
def test_what_is_no_collector_is_refused(option: str) -> None:
    with pytest.raises(UsageError, match="--otlp"):
        is_wanted(option, {})


def test_a_run_sends_and_says_goodbye(desk: Desk, collector: Collector) -> None:
    desk.install("counter")
    answer = desk.run("run", desk.folder, "--headless", "--for", "2s", "--otlp", collector.url)
    assert answer.code == 0, answer.err
    texts = [log.body.string_value for log in collector.logs]
    assert any("switched" in text or "r1" in text for text in texts)
    assert "airssys_components" in collector.metrics, "metrics go out once more at the end"


def test_nothing_of_it_is_loaded_where_nobody_wants_it(desk: Desk) -> None:
    code = (
        "import sys; from airssys_tui.cli.main import main; "
        "main(['run', sys.argv[1], '--headless', '--for', '0.1s', '--metrics', '127.0.0.1:0']); "
        "sys.exit(not {'opentelemetry', 'requests', 'google.protobuf'}.isdisjoint(sys.modules))"
    )
    desk.folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", code, str(desk.folder)], capture_output=True, text=True, check=False, timeout=60,
        env=desk.environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
