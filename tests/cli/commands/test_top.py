"""``top``, ``stats`` and ``meters``, and that a figure which cannot be had is never a zero."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from airssys_tui.api.views.components import Meters
from airssys_tui.api.views.metering import CustomSeries, MeterDetail, MeterSeries
from airssys_tui.cli.commands.meters import _say_meters
from airssys_tui.core.text import GuestText
from tests.support.command_line import LIMIT, Answer, Desk, eventually


@contextmanager
def serving(desk: Desk) -> Iterator[Desk]:
    """Let two components run on a desk in a process of their own."""
    for name in ("counter", "primes"):
        desk.install(name)
    with desk.spawn("run", str(desk.folder), "--headless", "--json") as process:
        try:
            assert process.stdout is not None
            assert any('"action":"ready"' in line for line in process.stdout)
            yield desk
        finally:
            process.kill()


@pytest.fixture
def running(desk: Desk) -> Iterator[Desk]:
    with serving(desk) as served:
        yield served


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Two components that run and that nobody acts on, for all tests that only look at them on a terminal."""
    root = tmp_path_factory.mktemp("shown")
    (root / "components").mkdir()

    def never(*words: object) -> Answer:
        raise AssertionError(words)

    with pytest.MonkeyPatch.context() as patch:
        for name, place in (("FOLDER", "components"), ("STATE_DIR", "state"), ("CONFIG", "config.toml")):
            patch.setenv(f"AIRSSYS_TUI_{name}", str(root / place))
        desk = Desk(root / "components", root / "state", never, {**os.environ})
    with serving(desk) as served:
        yield served


def on_terminal(desk: Desk, *words: str, columns: int = 80, lines: int = 24, **environment: str) -> str:
    """Run a command on a terminal of its own and return everything it wrote."""
    master, slave = pty.openpty()
    variables = {**desk.environment, "COLUMNS": str(columns), "LINES": str(lines), "TERM": "xterm", **environment}
    if "NO_COLOR" not in environment:
        variables.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "airssys_tui", *words], stdin=slave, stdout=slave, stderr=slave, env=variables
    )
    os.close(slave)
    written = b""
    while process.poll() is None or select.select([master], [], [], 0)[0]:
        if select.select([master], [], [], LIMIT)[0]:
            try:
                written += os.read(master, 65_536)
            except OSError:  # Linux: nobody has the other end any more
                break
    os.close(master)
    assert process.wait(timeout=LIMIT) == 0, written
    return written.decode()


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)


def test_stats_of_a_running_component_have_every_meter(running: Desk) -> None:
    assert running.run("call", "--live", "counter", "increment", "1").code == 0
    eventually(lambda: running.run("stats", "counter", "--json").json["meters"]["calls"] == 1)
    told = running.run("stats", "counter", "--json").json
    assert set(told["meters"]) == set(Meters.__struct_fields__)
    assert told["meters"]["fuel"] > 0
    assert told["meters"]["memory"] >= 65_536
    assert told["meters"]["p50_ms"] > 0
    assert told["state"] == "running"
    text = running.run("stats", "counter").out
    assert re.search(r"^calls +1$", text, re.MULTILINE)
    assert re.search(r"^memory limit +1\.0M$", text, re.MULTILINE)
    whole = running.run("stats", "--json").json
    assert [row["id"] for row in whole["components"]] == ["counter", "primes"]
    assert whole["phase"] == "running"
    assert {"kind": "switch", "action": "deploy", "count": 2} in whole["tallies"]
    assert running.run("stats", "nope").code == 1


@pytest.mark.parametrize("words", [["stats", "counter"], ["list"], ["describe", "counter"]], ids=lambda words: words[0])
def test_what_cannot_be_had_while_nothing_runs_is_null(desk: Desk, words: list[str]) -> None:
    desk.install("counter")
    assert desk.run("call", "--live", "counter", "get").code == 0
    told = desk.run(*words, "--json").json
    row = told[0] if isinstance(told, list) else told.get("view", told)
    assert set(row["meters"].values()) == {None}
    assert row["restarts"] is None
    assert desk.run("stats", "--json").json["workers"] is None
    figures = desk.run("stats", "counter").out.splitlines()[2:]
    assert all(line.endswith("  -") for line in figures), figures


def test_meters_over_time_of_what_runs(running: Desk) -> None:
    assert running.run("call", "--live", "counter", "increment", "1").code == 0
    eventually(lambda: "fuel per call by revision" in running.run("meters", "counter").out)
    text = running.run("meters", "counter").out
    assert "r1" in text
    detail = running.run("meters", "counter", "--json").json
    assert detail["costs"][0]["revision"] == 1
    assert detail["costs"][0]["calls"] == 1


def test_what_only_a_runtime_knows_is_not_made_up(desk: Desk) -> None:
    desk.install("counter")
    for words in (["top", "--once"], ["meters", "counter"], ["states", "save", "counter"]):
        answer = desk.run(*words)
        assert answer.code == 1
        assert "no process runs" in answer.err


def test_top_writes_tables_one_after_the_other_when_nobody_watches(running: Desk) -> None:
    answer = running.run("top", "--tables", "2", "--interval", "100ms", "--sort", "name")
    assert answer.code == 0, answer
    assert "\x1b" not in answer.out + running.run("list").out
    assert answer.out.count("NAME ") == 2
    rows = [line.split()[0] for line in answer.out.splitlines() if line.startswith(("counter", "primes"))]
    assert rows == ["counter", "primes"] * 2
    assert running.run("top", "--once", "--rows", "1").out.rstrip().endswith("… 1 more")


def test_top_is_sorted_by_what_is_asked_for_the_most_first(running: Desk) -> None:
    assert running.run("call", "--live", "primes", "size", "--json").code in {0, 1}
    told = {row["id"]: row["meters"]["memory"] for row in running.run("stats", "--json").json["components"]}
    wanted = sorted(told, key=lambda name: -told[name])
    out = running.run("top", "--once", "--sort", "memory").out.splitlines()
    assert [line.split()[0] for line in out if line.split() and line.split()[0] in told] == wanted


def test_on_a_terminal_each_table_takes_the_place_of_the_one_before(shown: Desk) -> None:
    written = on_terminal(shown, "top", "--tables", "2", "--interval", "100ms")
    assert re.search(r"\x1b\[\d+F\x1b\[J", written)
    assert "\x1b[?1049h" not in written, "no full screen"
    assert "\x1b" not in on_terminal(shown, "top", "--tables", "2", "--interval", "100ms", TERM="dumb")


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize(
    "words", [["list"], ["top", "--once"], ["stats"], ["versions", "counter"], ["events"]], ids=lambda words: words[0]
)
def test_tables_fit_the_terminal(shown: Desk, columns: int, words: list[str]) -> None:
    written = plain(on_terminal(shown, *words, columns=columns))
    assert "counter" in written or "1.0.0" in written
    assert not re.search(r" \r?\n", written), "no trailing blanks"
    if words != ["events"]:  # lines of a stream are whole: they are to be searched
        assert max(map(len, written.splitlines())) <= columns, written


def test_colours_are_for_terminals_that_want_them(shown: Desk) -> None:
    assert "\x1b[32mrunning" in on_terminal(shown, "list")
    assert "\x1b" not in on_terminal(shown, "list", NO_COLOR="1")
    assert "\x1b" not in on_terminal(shown, "list", TERM="dumb")


@pytest.mark.parametrize(
    "words",
    [
        ["top", "--interval", "soon"],
        ["top", "--interval", "1ms"],
        ["top", "--tables", "0"],
        ["top", "--sort", "charm"],
        ["top", "--json"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_said(desk: Desk, words: list[str]) -> None:
    assert desk.run(*words).code == 2


def test_what_a_component_measures_of_itself_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    series = MeterSeries(until=0.0, step=1.0)
    labels = ((GuestText("size"), GuestText("large")),)
    custom = (
        CustomSeries(name=GuestText("steps"), kind="counter", labels=labels, value=42.0),
        CustomSeries(name=GuestText("took"), kind="histogram", value=3.5, count=2, p50=1.0, p95=2.5, p99=2.5),
    )
    detail = MeterDetail(component="c", now=Meters(), recent=series, long=series, custom=custom, custom_dropped=3)
    _say_meters(detail)
    lines = capsys.readouterr().out.splitlines()
    start = lines.index("custom metrics (3 dropped)")
    assert lines[start + 2].split() == ["steps", "size=large", "counter", "42", "-", "-", "-", "-"]
    assert lines[start + 3].split() == ["took", "histogram", "3.5", "2", "1", "2.5", "2.5"]
