"""One quick row through the command, and the arithmetic of the report."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

import benchmarks.__main__ as bench
from benchmarks import extism_rows, release
from benchmarks.__main__ import GROUPS, LONG, measure
from benchmarks.clock import QUICK, quantile
from benchmarks.comparison import Pairs
from benchmarks.growth import exponent, exponents
from benchmarks.judgement import judged
from benchmarks.release import Release
from benchmarks.report import Mark, Row, beside, number, table
from benchmarks.targets import TARGETS
from tests.support.places import ROOT

FIELDS = {"name", "value", "unit", "baseline", "baseline_value", "ratio", "target", "last", "last_ratio", "mark"}


QUICKLY_MEASURED = [
    "message",
    "scalar",
    "host",
    "handle-message",
    "commit",
    "stateful",
    "requests",
    "types",
    "form",
    "guard",
]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)


def test_json_is_a_list_of_rows() -> None:
    done = run("--json", "--quick", "instances")
    assert done.returncode == 0, done.stderr
    (row,) = msgspec.json.decode(done.stdout)
    assert set(row) == FIELDS
    assert (row["name"], row["unit"]) == ("call/instantiate", "µs")
    assert row["ratio"] == pytest.approx(row["baseline_value"] / row["value"])


def test_an_unknown_name_is_a_usage_error() -> None:
    done = run("--quick", "nonesuch")
    assert done.returncode == 2
    assert "no such group: nonesuch" in done.stderr


@pytest.mark.parametrize("name", QUICKLY_MEASURED)
def test_a_group_measures_something(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = measure([name], QUICK)
    assert "failed" not in capsys.readouterr().err
    assert rows
    assert all(row.value is not None and row.value > 0 for row in rows)
    assert TARGETS.get(name, {}).keys() <= {row.name for row in rows}


def test_a_checkout_is_compared_with_itself() -> None:
    done = run("--json", "--quick", "--pairs", "1", "--compare", str(ROOT), "form-lines")
    assert done.returncode == 0, done.stderr
    (pair,) = msgspec.json.decode(done.stdout, type=list[Pairs])
    assert (pair.name, pair.unit, len(pair.ratios)) == ("desk/form-lines-1000-rows", "ms", 1)


def test_extism_is_measured_where_it_is_installed() -> None:
    pytest.importorskip("extism")
    assert TARGETS["extism"].keys() <= {row.name for row in measure(["extism"], QUICK)}


def test_without_extism_its_rows_are_not_measured(monkeypatch, capsys) -> None:
    monkeypatch.setattr(extism_rows, "find_spec", lambda _: None)
    assert measure(["extism"], QUICK) == []
    assert "extra `bench`" in capsys.readouterr().err
    assert {row.mark for row in judged([], ["extism"], Release())} == {Mark.NOT_MEASURED}


def test_what_takes_minutes_is_measured_when_it_is_asked_for(monkeypatch, capsys) -> None:
    asked: list[str] = []
    monkeypatch.setattr(bench, "measure", lambda names, _: asked.extend(names) or [])
    for arguments in ([], ["--all"], ["crowds"]):
        asked.clear()
        assert bench.main(arguments) == 0
        wanted = {"crowds"} if arguments == ["crowds"] else set(GROUPS) - (set() if arguments else LONG)
        assert set(asked) == wanted
        assert "start/10000-resume" in capsys.readouterr().out, "its targets are in the table, measured or not"


def test_a_run_is_judged_and_kept_without_measuring(monkeypatch, capsys, tmp_path) -> None:
    rows, file = tmp_path / "rows.json", tmp_path / "last.json"
    rows.write_bytes(msgspec.json.encode([Row(name="guard/cold", value=19.0, unit="µs")]))
    monkeypatch.setattr(bench, "keep", lambda *given: release.keep(*given, file=file))
    assert bench.main(["guard", "--rows", str(rows), "--keep", "1.0", "--note", "idle"]) == 0
    assert "1 met, 0 missed, 1 not measured" in capsys.readouterr().out
    kept = release.last_release(file)
    assert (kept.release, set(kept.figures)) == ("1.0", {"guard/cold"})
    assert kept.machine.endswith("idle")


def test_every_group_says_what_it_measures() -> None:
    assert all(group.__doc__ for group in GROUPS.values())


def test_a_ratio_is_how_many_times_better() -> None:
    assert beside("time", 2.0, "µs", "other", 8.0).ratio == 4.0
    assert beside("rate", 8.0, "/s", "other", 2.0, more_is_better=True).ratio == 4.0


def test_the_table_aligns_figures() -> None:
    rows = [Row(name="a", value=1234.5, unit="µs", target="≤ 2"), beside("bb", 0.5, "ms", "Func", 1.0)]
    lines = table(rows).splitlines()
    assert [line.index("µs") - 1 for line in lines if "µs" in line] == [lines[0].index("value") + len("value") + 1]
    assert number(None) == ""
    assert number(1234567.0) == "1 234 567"


def test_a_quantile_is_one_of_the_values() -> None:
    assert [quantile([3.0, 1.0, 2.0], share) for share in (0.0, 0.5, 1.0)] == [1.0, 2.0, 3.0]


def test_the_exponent_of_a_power_is_its_exponent() -> None:
    sizes = [125, 250, 500]
    for power in (0.0, 1.0, 2.0):
        assert exponent(sizes, [3e-6 * size**power for size in sizes]) == pytest.approx(power)


def test_growth_has_an_exponent_for_each_thing_that_a_larger_folder_could_slow_down() -> None:
    rows = list(exponents(2))
    names = {"first-start", "resume", "look-at-folder", "snapshot", "list", "gc-plan", "publish"}
    assert {row.name for row in rows} == {f"growth/{name}" for name in names}
    assert {row.unit for row in rows} == {"seconds ~ n^k"}
    assert TARGETS["growth"].keys() == {row.name for row in rows}
