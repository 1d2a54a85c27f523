"""``run --metrics``: every meter of real components as Prometheus text, read back by the library's own parser."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from prometheus_client.parser import text_string_to_metric_families

from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.api.played.scenes import NOON
from airssys_tui.api.views.components import ComponentView, Meters
from airssys_tui.api.views.runtime import Phase, Snapshot
from airssys_tui.cli.serving.metric_families import COUNTERS, GAUGES, LOST, TOTALS
from airssys_tui.cli.serving.metrics_endpoint import Exporter
from airssys_tui.cli.serving.scrape_address import Address, read_address
from airssys_tui.core.errors import AirssysError, UsageError
from airssys_tui.core.lifecycle import State
from tests.support.command_line import Desk, eventually
from tests.support.places import FIXTURES, RELEASES
from tests.support.scraping import scrape

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def series(text: str) -> Series:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found: Series, name: str, **labels: str) -> float | None:
    return found.get((f"airssys_{name}", frozenset(labels.items())))


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    made = Exporter(Address("127.0.0.1", 0), clock=iter(range(1_000_000)).__next__)
    yield made
    made.close()


@contextlib.contextmanager
def headless(desk: Desk) -> Iterator[tuple[subprocess.Popen[str], str]]:
    words = ("run", str(desk.folder), "--headless", "--json", "--metrics", "127.0.0.1:0")
    with desk.spawn(*words) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            found = re.search(r"metrics at (http://127\.0\.0\.1:\d+/metrics)", said)
            assert found, said
            yield process, found[1]
        finally:
            process.kill()


def until(process: subprocess.Popen[str], action: str, component: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if (event["action"], event["component"]) == (action, component):
            return
    raise AssertionError(f"no {action} of {component}")


def when(url: str, wanted: Callable[[Series], bool]) -> Series:
    """Scrape until it is so; a page is made at most once a second."""
    found: Series = {}

    def look() -> bool:
        nonlocal found
        found = series(scrape(url)[1])
        return wanted(found)

    eventually(look)
    return found


def test_a_real_runtime_is_scraped_with_all_its_meters(desk: Desk) -> None:
    desk.install("counter")
    with headless(desk) as (process, url):
        until(process, "switched", "counter")
        found = when(url, lambda seen: value(seen, "switches_total", cause="deploy") == 1)
        assert value(found, "up") == 1
        assert desk.run("call", "--live", "counter", "increment", "1").code == 0
        found = when(url, lambda seen: value(seen, "component_calls_total", component="counter") == 1)
        assert value(found, "component_state", component="counter", state="running") == 1
        assert value(found, "component_fuel_total", component="counter")
        assert (value(found, "component_memory_bytes", component="counter") or 0) >= 65_536
        assert value(found, "component_memory_limit_bytes", component="counter") == 1024 * 1024
        assert value(found, "component_revision", component="counter") == 1
        assert value(found, "component_state", component="counter", state="failed") == 0
        assert value(found, "component_latency_seconds_count", component="counter") == 1
        assert (value(found, "component_latency_seconds_sum", component="counter") or 0) > 0
        assert value(found, "component_latency_seconds_bucket", component="counter", le="67.1089") == 1
        assert found[("process_open_fds", frozenset())] > 0
        assert value(found, "workers") is not None
        assert value(found, "components", state="running") == 1
        assert (value(found, "clients_served_total") or 0) >= 1
        assert value(found, "clients_dropped_total", reason="slow") == 0
        desk.install("counter", RELEASES / "1.1.0")
        until(process, "switched", "counter")
        desk.install("counter", RELEASES / "1.2.0")
        until(process, "refused", "counter")
        found = when(url, lambda seen: value(seen, "events_total", kind="decision", action="refused") == 1)
        assert value(found, "switches_total", cause="reload") == 1
        assert value(found, "component_refused", component="counter") == 1


def test_hostile_text_is_harmless_in_labels(desk: Desk) -> None:
    shutil.copytree(FIXTURES / "hostile", desk.folder / 'we"ird\\\u202e{evil="1"}')
    with headless(desk) as (process, url):
        until(process, "switched", "hostile")
        when(url, lambda seen: value(seen, "component_revision", component="hostile") == 1)
        text = scrape(url)[1]
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
        sources = [dict(labels) for (name, labels) in series(text) if name == "airssys_component_info"]
        assert [labels["component"] for labels in sources] == ["hostile"]
        assert 'we"ird' in sources[0]["source"]
        assert "\n" not in sources[0]["source"]


def test_what_cannot_be_had_is_left_out(exporter: Exporter) -> None:
    exporter.runtime = PlayedRuntime(clock=lambda: NOON)
    bare = ComponentView(id="bare", state=State.STOPPED, meters=Meters())

    class Bare(PlayedRuntime):
        def snapshot(self, since: int = 0) -> Snapshot:
            assert since == 0
            return Snapshot(
                generation=1, at=NOON, phase=self.phase, folder=super().snapshot().folder, components=(bare,)
            )

    exporter.runtime = Bare(clock=lambda: NOON)
    found = series(exporter.page()[0].decode())
    assert value(found, "component_memory_bytes", component="bare") is None
    assert value(found, "component_cpu_seconds_total", component="bare") is None
    assert value(found, "memory_bytes") is None
    assert not [key for key in found if key[0].startswith("airssys_component_latency_seconds")]
    assert value(found, "component_calls_total", component="bare") == 0


def test_every_row_of_the_tables_is_exported_under_its_name_with_help(exporter: Exporter) -> None:
    full = Meters(
        fuel=1, fuel_per_call=2.0, memory=3, memory_peak=4, memory_limit=5, cpu=0.5, cpu_seconds=6.0, p50_ms=1.0,
        p95_ms=2.0, p99_ms=3.0, memory_full_in=7.0, fuel_change=0.1, calls=9, call_seconds=0.5,
        call_buckets=(0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8),
    )  # fmt: skip
    row = ComponentView(
        id="a", state=State.RUNNING, meters=full, revision=1, started_at=NOON, state_bytes=1, state_saved_at=NOON,
        probation_until=NOON,
    )  # fmt: skip

    class Full(PlayedRuntime):
        def snapshot(self, since: int = 0) -> Snapshot:
            folder = super().snapshot(since).folder
            return Snapshot(
                generation=1, at=NOON, phase=self.phase, folder=folder, components=(row,), memory=1, cpu=1.0
            )  # fmt: skip

    exporter.runtime = Full(clock=lambda: NOON)
    text = exporter.page()[0].decode()
    names = {name for name, _ in series(text)}
    assert {f"airssys_component_{name}_total" for name in COUNTERS} <= names
    assert {f"airssys_component_{name}" for name in GAUGES} <= names
    assert {f"airssys_{name}" for name in TOTALS} <= names
    assert {f"airssys_{name}_total" for name in LOST} <= names
    for family in text_string_to_metric_families(text):
        assert family.documentation, family.name
    buckets = {
        dict(labels)["le"]: count
        for (name, labels), count in series(text).items()
        if name == "airssys_component_latency_seconds_bucket"
    }
    assert list(buckets.values()) == [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 9]
    assert (buckets["0.001024"], buckets["+Inf"]) == (2, 9)
    assert value(series(text), "component_latency_seconds_sum", component="a") == 0.5


def test_before_the_runtime_is_open_it_says_that_none_is(exporter: Exporter) -> None:
    found = series(scrape(exporter.url)[1])
    assert value(found, "up") == 0
    assert not [name for name, _ in found if name.startswith("airssys_component_")]


def test_only_what_is_meant_is_answered(exporter: Exporter) -> None:
    assert scrape(exporter.url, "/")[0] == 200
    assert scrape(exporter.url, "/etc/passwd")[0] == 404
    assert scrape(exporter.url, method="POST")[0] == 405
    assert scrape(exporter.url, Host="evil.example:9464")[0] == 403
    assert scrape(exporter.url, Host="localhost:9464")[0] == 200
    assert scrape(exporter.url, Host="[::1]:9464")[0] == 200


def test_a_page_is_made_once_for_many_who_ask_at_once() -> None:
    class Counting(PlayedRuntime):
        asked = 0

        def snapshot(self, since: int = 0) -> Snapshot:
            Counting.asked += 1
            return super().snapshot(since)

    exporter = Exporter(Address("127.0.0.1", 0), clock=lambda: 5.0)
    try:
        exporter.runtime = Counting(clock=lambda: NOON)
        with ThreadPoolExecutor(3) as pool:
            assert set(pool.map(lambda _: scrape(exporter.url)[0], range(9))) == {200}
        assert Counting.asked == 1
    finally:
        exporter.close()


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:9464", "127.0.0.1", 9464),
        ("9464", "127.0.0.1", 9464),
        (":0", "127.0.0.1", 0),
        ("localhost:1", "localhost", 1),
        ("[::1]:80", "::1", 80),
    ],
)
def test_an_address_is_read(text: str, host: str, port: int) -> None:
    assert read_address(text) == Address(host, port)


@pytest.mark.parametrize("text", ["", "somewhere", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a valid address"):
        read_address(text)


@pytest.mark.parametrize("text", ["0.0.0.0:9464", "192.168.1.2:9464", "[::]:9464", "example.com:80"])
def test_an_address_that_others_reach_has_to_be_meant(desk: Desk, text: str) -> None:
    answer = desk.run("run", desk.folder, "--headless", "--for", "1s", "--metrics", text)
    assert answer.code == 2
    assert "--metrics-public" in answer.err
    assert not desk.state_dir.exists(), "nothing was opened"
    assert read_address(text, public=True).public


def test_a_port_in_use_is_said_before_anything_is_opened(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AirssysError, match="cannot serve"):
            Exporter(Address("127.0.0.1", port))
        for words in (("--headless", "--for", "1s"), ()):
            answer = desk.run("run", desk.folder, *words, "--metrics", f"127.0.0.1:{port}")
            assert answer.code == 1, answer
            assert "--metrics 127.0.0.1:PORT" in answer.err
    assert not desk.state_dir.exists()


def test_probes_tell_alive_from_ready(exporter: Exporter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airssys_tui.cli.serving.metrics_endpoint.ANSWER", 0.05)

    def probed() -> tuple[tuple[int, str], tuple[int, str]]:
        return scrape(exporter.url, "/healthz"), scrape(exporter.url, "/readyz")

    assert probed() == ((200, "ok: the runtime is being opened\n"), (503, "starting\n"))
    runtime = exporter.runtime = PlayedRuntime(clock=lambda: NOON)
    runtime.phase = Phase.STARTING
    assert probed() == ((200, "ok\n"), (503, "starting\n"))
    runtime.phase = Phase.RUNNING
    assert probed() == ((200, "ok\n"), (200, "ready\n"))
    monkeypatch.setattr(runtime, "http", lambda **_: Future())
    assert probed() == ((503, "the control loop has not answered within 0.05 s\n"), (200, "ready\n"))
