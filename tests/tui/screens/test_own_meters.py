"""What components measure of themselves on the screens of meters: figures, rates, labels, bounds."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from airssys_tui.api.played import scenes
from airssys_tui.api.views.metering import CustomSeries
from airssys_tui.core.text import GuestText
from airssys_tui.tui.drawing import meter_page, own_meters
from airssys_tui.tui.drawing.columns import Sight
from airssys_tui.tui.drawing.glyphs import ASCII, UNICODE
from airssys_tui.tui.drawing.own_meters import OwnMeters, format_value, own_lines
from airssys_tui.tui.screens import meters
from tests.support.hostile import NASTY, lying
from tests.support.screens import connected, desk, shows, text_of, wait_until

WIDTHS = [36, 40, 66, 80, 120, 200]
DETAIL = scenes.mixed().meters("counter").result(0)


def text(lines):
    return ["".join(span.text for span in line) for line in lines]


def series(name="it", kind="counter", value=0.0, **more):
    labels = tuple((GuestText(key), GuestText(said)) for key, said in more.pop("labels", {}).items())
    return CustomSeries(name=GuestText(name), kind=kind, value=value, labels=labels, **more)


def detail(*custom, dropped=0):
    return msgspec.structs.replace(DETAIL, custom=custom, custom_dropped=dropped)


def rate_after(*values, kind="counter", step=1.0):
    seen = OwnMeters()
    for index, value in enumerate(values):
        count = int(value) if kind == "histogram" else None
        last = series(kind=kind, value=value, count=count)
        seen.take(detail(last), index * step)
    return seen.rate(last)


def test_the_rate_of_a_counter_is_what_it_gained_over_the_last_ten_seconds():
    assert rate_after(5) is None
    assert rate_after(5, 8) == 3
    assert rate_after(*range(0, 100, 2), step=0.5) == 4
    assert rate_after(0, 0, 1_000, *[1_000] * 11) == 0, "what was long ago does not count"


def test_a_distribution_has_the_rate_of_its_observations_and_a_gauge_has_none():
    assert rate_after(0, 10, kind="histogram") == 10
    assert rate_after(0, 10, kind="gauge") is None


def test_a_counter_that_began_anew_has_no_rate_until_it_was_seen_again():
    assert rate_after(100, 110, 3) is None
    assert rate_after(100, 110, 3, 5) == 2


def test_two_answers_of_one_moment_are_one_value():
    assert rate_after(5, 8, step=0.0) is None


def test_no_more_is_remembered_than_is_drawn():
    seen = OwnMeters()
    for at in range(200):
        seen.take(detail(*(series(f"s{at}_{number}") for number in range(300))), float(at))
    assert len(seen.kept) == own_meters.SERIES
    for at in range(300, 500):
        seen.take(detail(series()), at * 0.001)
    assert seen.kept["it", ()] <= own_meters.KEPT


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (7.0, "7"),
        (-3.5, "-3.5"),
        (999.4, "999"),
        (88_204.0, "88k"),
        (-2_000_000.0, "-2.0M"),
        (0.000_31, "0.00031"),
        (1.5e300, "1.5e+300"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
    ],
)
def test_values_are_written_short(value, written):
    assert format_value(value) == written


@given(st.floats())
def test_no_value_is_longer_than_its_column(value):
    assert len(format_value(value)) <= own_meters.LONGEST


def test_a_line_says_kind_value_rate_and_quantiles():
    seen = OwnMeters()
    for at in (0.0, 2.0):
        shown = detail(
            series("hits", value=100 + 4 * at, labels={"code": "200", "path": "/a"}),
            series("depth", "gauge", 2.5),
            series("took_s", "histogram", 9.0, count=30 + int(at), p50=0.25, p95=0.5, p99=1.0),
            dropped=14,
        )
        seen.take(shown, at)
    title, _, hits, depth, took = text(own_lines(shown, seen, 100, UNICODE))
    assert title.split() == ["its", "own", "metrics", "3", "series", "14", "dropped"]
    assert hits.split() == ["hits", "code=200", "path=/a", "counter", "108", "4/s"]
    assert depth.split() == ["depth", "gauge", "2.5", "-"]
    assert took.split() == ["took_s", "summary", "n", "32", "1/s", "0.25", "0.5", "1"]
    narrow = text(own_lines(shown, seen, 40, UNICODE))
    assert "   p50 0.25  p95 0.5  p99 1" in [line.rstrip() for line in narrow]


def test_labels_that_do_not_fit_beside_stand_below_and_are_bounded():
    labels = {f"label{number}": "v" * 20 for number in range(8)}
    lines = text(own_lines(detail(series("hits", labels=labels)), OwnMeters(), 60, UNICODE))
    assert len(lines) == 2 + 1 + own_meters.LABEL_ROWS
    assert lines[3].strip().startswith("label0=vvv")
    assert lines[-1].rstrip().endswith("…")


def test_who_measures_nothing_has_no_section_and_what_was_dropped_is_said():
    assert own_lines(detail(), OwnMeters(), 80, UNICODE) == []
    assert "3 dropped" in text(own_lines(detail(dropped=3), OwnMeters(), 80, UNICODE))[0]


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_line_has_the_width_of_the_page(width, glyphs):
    many = [series(f"a_rather_long_name_{number}" * 2, labels={"l": "漢字" * number}) for number in range(40)]
    shown = detail(*many, series("s", "histogram", count=5, p50=1.0, p95=2.0, p99=3.0), dropped=10**9)
    lines = text(own_lines(shown, OwnMeters(), width, glyphs))
    assert {cell_len(line) for line in lines} == {width}
    assert glyphs is UNICODE or all(line.isascii() for line in lines)


@settings(max_examples=60, deadline=None)
@given(NASTY)
def test_nothing_raw_is_drawn(said):
    for raw in (lying(said), GuestText(said)):
        shown = detail(CustomSeries(name=raw, kind=said, labels=((raw, raw),), value=1.0))
        for line in text(own_lines(shown, OwnMeters(), 80, UNICODE)):
            assert not {char for char in line if unicodedata.category(char) in {"Cc", "Cs"}}


@pytest.mark.parametrize("size", [(80, 21), (120, 37)])
def test_the_first_series_are_seen_without_scrolling(size):
    width, height = size
    lines = text(meter_page.meter_page(DETAIL, DETAIL.recent, width, height, UNICODE))
    assert any(line.startswith(" count ") for line in lines[:height])


def test_the_table_counts_the_series_where_there_is_room():
    sight = Sight(scenes.NOON, UNICODE)
    view = next(view for view in scenes.mixed().snapshot().components if view.id == "counter")
    assert view.custom_series == 4
    for width, there in ((200, True), (120, False), (80, False)):
        titles = {gauge.title for gauge in meters.lay_out(width).gauges}
        assert ("OWN" in titles) is there
    row = text([meters.meters_row(view, 200, sight, selected=False)])[0]
    assert row.split()[-1] == "4"


async def test_rates_come_while_the_screen_is_open():
    runtime = scenes.mixed()
    app = desk(runtime)
    clock = [scenes.NOON]
    app.session.clock = lambda: clock[0]
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        await pilot.press("m")
        await shows(pilot, "its own metrics", "steps size=small", "88k")
        assert "/s " not in text_of(app).split("its own metrics")[1]
        view = runtime.get("counter").view
        runtime.edit("counter", meters=msgspec.structs.replace(view.meters, calls=view.meters.calls + 90))
        clock[0] += 2.0
        await shows(pilot, "45/s", "5/s")


@pytest.mark.parametrize("size", [(80, 24), (40, 15)])
async def test_all_of_it_can_be_scrolled_to(size):
    async with desk().run_test(size=size) as pilot:
        await connected(pilot)
        await pilot.press("m")
        await wait_until(pilot, lambda: getattr(pilot.app.screen, "detail", None) is not None)
        await pilot.press("G")
        await shows(pilot, "steps size=small")
