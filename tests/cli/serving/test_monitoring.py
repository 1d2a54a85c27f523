"""Metrics by convention, and the examples made of them: alert rules and a board that name only what is exported."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from airssys_tui.api.played import scenes
from airssys_tui.cli.serving.metrics_endpoint import OPENMETRICS, TEXT, Exporter
from airssys_tui.cli.serving.scrape_address import Address
from tests.support.places import ROOT

MONITORING = ROOT / "docs" / "monitoring"
NAME = re.compile(r"\b(?:airssys|process)_\w+")
NOT_METRICS = {"airssys_tui", "airssys_otlp_dropped"}
"""The program's name, and what is sent to a collector only."""

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


@pytest.fixture
def exporter() -> Iterator[Exporter]:
    made = Exporter(Address("127.0.0.1", 0))
    made.runtime = scenes.mixed(scenes.still)
    yield made
    made.close()


def promtool(*words: object, sent: str = "", cwd: Path | None = None) -> str:
    done = subprocess.run(
        ["promtool", *map(str, words)], input=sent, capture_output=True, text=True, check=False, timeout=60, cwd=cwd
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@needs_promtool
def test_promtool_finds_nothing_against_the_conventions(exporter: Exporter) -> None:
    assert promtool("check", "metrics", sent=exporter.page()[0].decode()) == ""


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/plain;version=0.0.4", TEXT),
        (PROMETHEUS, OPENMETRICS),
        ("application/openmetrics-text", OPENMETRICS),
        ("application/openmetrics-text; version=1.0.0; q=0", TEXT),
        ("application/openmetrics-text; version=0.0.1", TEXT),
        (";;,=,;q", TEXT),
    ],
)
def test_openmetrics_is_for_those_who_ask(exporter: Exporter, accept: str, media: str) -> None:
    page, told = exporter.page(accept)
    assert told == media
    assert page.endswith(b"# EOF\n") == (media == OPENMETRICS)


def test_both_formats_say_the_same(exporter: Exporter) -> None:
    """Each by its parser; that of OpenMetrics is strict about names, types and the order of buckets."""
    text, strict = exporter.page()[0].decode(), exporter.page(PROMETHEUS)[0].decode()
    found = [
        {
            (sample.name, *sorted(sample.labels.items()))
            for family in parse(page)
            for sample in family.samples
            if sample.name.startswith("airssys_")
        }
        for parse, page in ((text_string_to_metric_families, text), (openmetrics, strict))
    ]
    assert found[0] == found[1]
    types = {family.name: family.type for family in openmetrics(strict)}
    assert types["airssys_build"] == types["airssys_component"] == "info"
    assert types["airssys_component_latency_seconds"] == types["airssys_http_latency_seconds"] == "histogram"
    assert types["airssys_component_state"] == "gauge"


PARTS = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",), "info": ("_info",)}


def exported(exporter: Exporter) -> set[str]:
    """Return the names of all samples that the families of a page can have."""
    families = openmetrics(exporter.page(PROMETHEUS)[0].decode())
    return {family.name + part for family in families for part in PARTS.get(family.type, ("", "_sum", "_count"))}


def test_each_metric_of_the_examples_and_of_the_page_is_exported(exporter: Exporter) -> None:
    there = exported(exporter)
    board = json.loads((MONITORING / "grafana.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    asked += [variable["query"]["query"] for variable in board["templating"]["list"][1:]]
    assert len(asked) > 20
    rules = (MONITORING / "alerts.yml").read_text(encoding="utf-8")
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for named in (*asked, rules, text):
        assert set(NAME.findall(named)) - NOT_METRICS <= there


def test_the_panels_of_the_board_do_not_lie_on_one_another() -> None:
    board = json.loads((MONITORING / "grafana.json").read_text(encoding="utf-8"))
    taken: dict[tuple[int, int], str] = {}
    for panel in board["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            assert taken.setdefault(cell, panel["title"]) == panel["title"]


EXPLAIN = "airssys-tui explain a"
FIRED = (
    (
        "AirssysComponentFailed",
        {"severity": "critical", "state": "failed"},
        {"summary": "a has failed", "remedy": EXPLAIN},
    ),
    (
        "AirssysComponentNotRunning",
        {"severity": "warning"},
        {"summary": "a should run and does not", "remedy": EXPLAIN},
    ),
    ("AirssysSlowCalls", {"severity": "warning"}, {"summary": "one call in a hundred of a takes 4.163s"}),
)


@needs_promtool
def test_the_alerts_are_valid_and_fire_when_they_should(tmp_path: Path) -> None:
    promtool("check", "rules", MONITORING / "alerts.yml")
    case = {
        "rule_files": [str(MONITORING / "alerts.yml")],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": 'airssys_component_state{component="a",state="failed"}', "values": "0 0 1x20"},
                    {"series": 'airssys_component_state{component="a",state="running"}', "values": "1 1 0x20"},
                    {"series": 'airssys_component_state{component="done",state="running"}', "values": "0x22"},
                    {"series": 'airssys_component_info{component="a",kind="actor"}', "values": "1x22"},
                    {"series": 'airssys_component_info{component="done",kind="command"}', "values": "1x22"},
                    {"series": 'airssys_component_desired_running{component="a"}', "values": "1x22"},
                    {"series": 'airssys_component_desired_running{component="done"}', "values": "1x22"},
                    {
                        "series": 'airssys_component_latency_seconds_bucket{component="a",le="1.04858"}',
                        "values": "0x22",
                    },
                    {
                        "series": 'airssys_component_latency_seconds_bucket{component="a",le="4.1943"}',
                        "values": "0+9x22",
                    },
                    {"series": 'airssys_component_latency_seconds_bucket{component="a",le="+Inf"}', "values": "0+9x22"},
                ],
                "alert_rule_test": [
                    {"eval_time": "2m", "alertname": "AirssysComponentFailed", "exp_alerts": []},
                    *(
                        {
                            "eval_time": "20m",
                            "alertname": name,
                            "exp_alerts": [{"exp_labels": {"component": "a", **labels}, "exp_annotations": said}],
                        }
                        for name, labels, said in FIRED
                    ),
                ],
            }
        ],
    }
    (tmp_path / "case.yml").write_text(json.dumps(case), encoding="utf-8")  # JSON is YAML
    said = promtool("test", "rules", tmp_path / "case.yml", cwd=tmp_path)
    assert "SUCCESS" in said
