"""What counts as a trend, and when it reaches a limit."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.trend import FEWEST, HORIZON, trend_of

VALUES = st.lists(st.floats(0, 1e12), max_size=90)


def test_a_line_that_rises_is_read_exactly() -> None:
    trend = trend_of([100.0 + 10 * second for second in range(60)], 1.0)
    assert trend is not None
    assert trend.value == 690.0
    assert trend.rate == pytest.approx(10.0)
    assert trend.reaches(1_090.0) == pytest.approx(40.0)


def test_the_step_counts() -> None:
    trend = trend_of([10.0 * step for step in range(20)], 0.5)
    assert trend is not None
    assert trend.rate == pytest.approx(20.0)


def test_memory_that_grows_by_pages_is_a_trend() -> None:
    assert trend_of([65_536.0 * (second // 5) for second in range(60)], 1.0) is not None


@pytest.mark.parametrize(
    "values",
    [
        [],
        [float(second) for second in range(FEWEST - 1)],
        [5.0] * 60,
        [60.0 - second for second in range(60)],
        [0.0] * 30 + [1e6] * 30,
        [float(min(second, 25)) for second in range(60)],
        [float(second % 10) for second in range(60)],
        [100.0 * (second % 2) + second * 0.1 for second in range(60)],
    ],
    ids=["nothing", "too few", "flat", "falling", "one step", "rose and stays", "sawtooth", "noise"],
)
def test_what_does_not_go_on_rising_is_no_trend(values: list[float]) -> None:
    assert trend_of(values, 1.0) is None


def test_what_is_too_far_away_is_not_foretold() -> None:
    trend = trend_of([float(second) for second in range(60)], 1.0)
    assert trend is not None
    assert trend.reaches(59.0 + HORIZON * 1.5) is None
    assert trend.reaches(10.0) == 0.0


@given(VALUES, st.floats(0.01, 100))
def test_a_trend_always_rises_to_a_limit_in_the_future(values: list[float], step: float) -> None:
    trend = trend_of(values, step)
    if trend is not None:
        assert trend.rate > 0
        reached = trend.reaches(max(values) * 2 + 1)
        assert reached is None or (math.isfinite(reached) and reached >= 0)


@given(VALUES, st.floats(0.5, 1_000))
def test_the_unit_does_not_matter(values: list[float], factor: float) -> None:
    trend = trend_of(values, 1.0)
    if trend is not None:
        scaled = trend_of([value * factor for value in values], 1.0)
        assert scaled is None or scaled.rate == pytest.approx(trend.rate * factor, rel=1e-3)
