"""Quantities are read exactly, written shortly, and refused in one way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.errors import QuantityError
from airssys_tui.core.units import (
    GIB,
    KIB,
    MIB,
    format_count,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (0, 0),
        (65_536, 65_536),
        ("512", 512),
        ("64KiB", 64 * KIB),
        ("64 kib", 64 * KIB),
        ("16MiB", 16 * MIB),
        ("1GiB", GIB),
        ("1GB", 10**9),
        ("1.5MiB", 3 * MIB // 2),
        (" 7b ", 7),
    ],
)
def test_sizes_are_read(text: str | int, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "bad",
    ["", "MiB", "1 TiBB", "-1", -1, "1e3", "٣KiB", "9" * 20, "9" * 400 + ".5GiB", True, "1.KiB"],
    ids=range(11),
)
def test_what_is_not_a_size_is_refused(bad: str | int) -> None:
    with pytest.raises(QuantityError):
        parse_size(bad)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (0, 0.0),
        (2, 2.0),
        (0.25, 0.25),
        ("250ms", 0.25),
        ("1s", 1.0),
        ("1h30m", 5400.0),
        ("1h 30m", 5400.0),
        ("2d", 172_800.0),
    ],
)
def test_durations_are_read(text: str | float, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "bad",
    ["", "s", "1", "1 week", "-1s", -1, float("nan"), float("inf"), 10**400, "9" * 400 + "s", "٣s", "1s2", True],
    ids=range(13),
)
def test_what_is_not_a_duration_is_refused(bad: str | float) -> None:
    with pytest.raises(QuantityError):
        parse_duration(bad)


@given(st.text(max_size=30))
def test_reading_any_text_either_works_or_is_a_quantity_error(text: str) -> None:
    for parse in (parse_size, parse_duration):
        try:
            assert parse(text) >= 0
        except QuantityError as error:
            assert str(error)  # noqa: PT017 - either branch is a pass


@given(st.integers(0, 10**6), st.sampled_from(["KiB", "MiB", "GiB"]))
def test_a_size_with_a_unit_is_exact(count: int, unit: str) -> None:
    assert parse_size(f"{count}{unit}") == count * {"KiB": KIB, "MiB": MIB, "GiB": GIB}[unit]


@given(st.integers(0, 1000 * GIB))
def test_a_written_size_is_short_and_near(size: int) -> None:
    text = format_size(size)
    assert len(text) <= 5
    read = parse_size(text if text.endswith("B") else f"{text}iB")
    assert read == pytest.approx(size, rel=0.06)


@given(st.integers(0, 10**15 - 1) | st.floats(0, 1e15, exclude_max=True))
def test_a_written_count_is_short(count: float) -> None:
    assert len(format_count(count)) <= 5


@given(st.floats(0.001, 10_000_000))
def test_a_written_duration_is_short_and_near(seconds: float) -> None:
    text = format_duration(seconds)
    assert len(text) <= 7
    assert parse_duration(text) == pytest.approx(seconds, rel=0.051)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0004, "0.4ms"),
        (0.012, "12ms"),
        (0.9997, "1.0s"),
        (3.24, "3.2s"),
        (9.97, "10s"),
        (59.7, "1m00s"),
        (8040, "2h14m"),
        (97_200, "1d03h"),
    ],
)
def test_durations_are_written_for_people(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (412, "412"), (999.7, "1.0k"), (88_000, "88k"), (1_200_000, "1.2M")]
)
def test_counts_are_written_for_people(count: float, text: str) -> None:
    assert format_count(count) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0B"), (1023, "1023B"), (1024, "1.0K"), (2_202_010, "2.1M"), (GIB, "1.0G")]
)
def test_sizes_are_written_for_people(size: int, text: str) -> None:
    assert format_size(size) == text
