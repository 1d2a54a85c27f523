"""A row finds its target, its mark and the figure of the last release; two checkouts are paired figure by figure."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import GROUPS
from benchmarks.comparison import HERE, Pairs, compare, table_of_pairs
from benchmarks.judgement import judged, tally
from benchmarks.release import Figure, Release, keep, last_release
from benchmarks.report import Mark, Row, beside, table
from benchmarks.targets import TARGETS, Target

GROUP = "form"
NAME = "desk/form-1000-rows"


@pytest.mark.parametrize(
    ("target", "row", "met"),
    [
        (Target(most=2, unit="ms"), Row(name="a", value=2.0, unit="ms"), True),
        (Target(most=2, unit="ms"), Row(name="a", value=2.1, unit="ms"), False),
        (Target(least=90, unit="/s"), Row(name="a", value=90.0, unit="/s"), True),
        (Target(least=90, unit="/s"), Row(name="a", value=89.0, unit="/s"), False),
        (Target(times=4), beside("a", 1.0, "µs", "b", 4.0), True),
        (Target(times=4), beside("a", 1.0, "µs", "b", 3.9), False),
        (Target(times=2), beside("a", 8.0, "/s", "b", 4.0, more_is_better=True), True),
        (Target(factor=2), beside("a", 8.0, "µs", "b", 4.0), True),
        (Target(factor=2), beside("a", 8.1, "µs", "b", 4.0), False),
        (Target(over=10, unit="ms"), beside("a", 14.0, "ms", "b", 4.0), True),
        (Target(over=10, unit="ms"), beside("a", 14.1, "ms", "b", 4.0), False),
        (Target(most=2, unit="ms", factor=2), beside("a", 1.9, "ms", "b", 0.5), False),
    ],
)
def test_a_target_is_met_when_all_its_bounds_hold(target: Target, row: Row, met: bool) -> None:
    assert target.is_met(row) is met


@pytest.mark.parametrize(
    "row", [Row(name="a", value=1.0, unit="s"), Row(name="a", value=None, unit="ms"), beside("a", 1.0, "s", "b", 1.0)]
)
def test_a_target_of_something_else_is_a_mistake_of_the_table(row: Row) -> None:
    with pytest.raises(ValueError, match="not what its target"):
        Target(over=1, unit="ms").is_met(row)


def test_every_target_says_what_it_asks_for_and_belongs_to_a_group() -> None:
    assert TARGETS.keys() <= {*GROUPS, ""}
    assert all(str(target) for targets in TARGETS.values() for target in targets.values())


def test_a_row_is_marked_and_a_target_without_one_is_not_measured() -> None:
    last = Release(figures={NAME: Figure(9_400.0, "µs", 0.2), "other": Figure(1.0, "ms")})
    rows = [beside(NAME, 1_500.0, "µs", "invoke", 1_000.0), Row(name="other", value=1.0, unit="s")]
    met, other = judged(rows, [GROUP], last)
    assert (met.mark, met.last, met.last_ratio, met.target) == (Mark.MET, 9_400.0, 0.2, "≤ 2 000 µs")
    assert (other.mark, other.last, other.target) == (Mark.NONE, None, "")
    (missed,) = judged([Row(name=NAME, value=2_001.0, unit="µs")], [GROUP], last)
    (absent,) = judged([], [GROUP], last)
    assert (missed.mark, absent.mark, absent.value, absent.last) == (Mark.MISSED, Mark.NOT_MEASURED, None, 9_400.0)
    assert tally([met, other, missed, absent]) == "1 met, 1 missed, 1 not measured"
    assert "9 400 (0.2x)  ≤ 2 000 µs  not measured" in table([absent])


def test_the_figures_of_a_release_are_kept_and_those_not_measured_stay(tmp_path: Path) -> None:
    file = tmp_path / "last.json"
    assert last_release(file) == Release()
    keep("1.0", [beside("a", 1.2345, "µs", "b", 2.0), Row(name="b", value=7.0, unit="s")], "idle", file)
    keep("1.1", [Row(name="b", value=8.0, unit="s"), Row(name="c", value=None, unit="s")], file=file)
    kept = last_release(file)
    assert kept.release == "1.1"
    assert kept.figures == {"a": Figure(1.23, "µs", 1.62), "b": Figure(8.0, "s")}
    assert "Python 3" in kept.machine


def test_the_repository_has_the_figures_of_the_last_release() -> None:
    last = last_release()
    assert last.release
    assert last.machine
    assert last.figures.keys() & {name for targets in TARGETS.values() for name in targets}


def test_checkouts_are_measured_in_turn_and_paired_where_both_have_the_figure() -> None:
    other, turns = Path("/other"), []

    def measure(checkout: Path, group: str) -> dict[str, Row]:
        turns.append(checkout)
        value = 2.0 if checkout == HERE else float(len(turns))
        rows = [
            Row(name=group, value=value, unit="ms"),
            Row(name="unit", value=1.0, unit="s" if checkout == HERE else "ms"),
        ]
        return {row.name: row for row in rows} | ({"new": rows[0]} if checkout == HERE else {})

    pairs = compare(other, ["one"], 3, measure)
    assert turns == [HERE, other, other, HERE, HERE, other]
    assert pairs == [Pairs("one", "ms", (2.0, 2.0, 2.0), (2.0, 3.0, 6.0))]
    assert pairs[0].ratios == [1.0, pytest.approx(2 / 3), pytest.approx(1 / 3)]
    assert table_of_pairs(pairs).splitlines()[1].split() == ["one", "ms", "2", "3", "0.667", "0.333", "1"]
