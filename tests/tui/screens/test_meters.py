"""Charts and the two screens of meters: what is drawn, and that nothing is asked for unseen or twice at once."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from airssys_tui.api.played import meters as fake_meters
from airssys_tui.api.played import scenes
from airssys_tui.api.played.meters import Load
from airssys_tui.core.units import MIB, format_count
from airssys_tui.tui.drawing import charts, meter_page
from airssys_tui.tui.drawing.arrangement import Arrangement, Sort
from airssys_tui.tui.drawing.columns import Sight
from airssys_tui.tui.drawing.glyphs import ASCII, UNICODE
from airssys_tui.tui.drawing.lines import line_width
from airssys_tui.tui.screens import meters
from airssys_tui.tui.screens.events import EventScreen
from airssys_tui.tui.screens.meter import MeterScreen
from airssys_tui.tui.screens.meters import MetersScreen
from tests.support.hostile import NASTY, played
from tests.support.screens import connected, desk, runs, shows, text_of, wait_until

SIZE = (120, 40)
VIEWS = scenes.mixed().snapshot().components
VALUES = st.lists(st.one_of(st.none(), st.floats(0, 1e15)), max_size=130)
GLYPHS = pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])


def text(lines):
    return ["".join(span.text for span in line) for line in lines]


def chart(*series, top=None):
    names = tuple(f"p{index}" for index in range(len(series))) if len(series) > 1 else ()
    return charts.Chart(title="t", figure="f", series=series, label=format_count, seconds=120, top=top, names=names)


@GLYPHS
@settings(deadline=None)
@given(values=VALUES, width=st.integers(20, 120), height=st.integers(4, 30))
def test_a_chart_has_its_size_whatever_is_drawn(glyphs, values, width, height):
    for drawn in (chart(values), chart(values, top=7.0), chart(values, values, values)):
        lines = charts.draw(drawn, width, height, glyphs)
        assert len(lines) == height
        assert {cell_len(line) for line in text(lines)} == {width}
        assert glyphs is UNICODE or all(line.isascii() for line in text(lines))


@GLYPHS
def test_a_chart_says_what_it_shows(glyphs):
    lines = text(charts.draw(chart([0.0, 50.0, 100.0]), 40, 8, glyphs))
    assert lines[0].startswith(" t  f")
    assert lines[1].lstrip().startswith("100")
    assert lines[-2].lstrip().startswith("0")
    assert "-2 min" in lines[-1]
    assert lines[-1].rstrip().endswith("now")


def test_higher_values_are_drawn_higher_and_a_trace_of_anything():
    def inked(value, top=100.0):
        body = text(charts.draw(chart([value], top=top), 20, 8, ASCII))[1:-1]
        return sum(line[charts.AXIS :].count("#") + line[charts.AXIS :].count(".") for line in body)

    assert inked(None) == 0
    assert 0 < inked(0.001) <= inked(40.0) < inked(100.0)


def test_quantiles_are_told_apart_without_colours():
    for glyphs, shades in ((UNICODE, "█▒░"), (ASCII, "#+.")):
        body = "".join(text(charts.draw(chart([0.02] * 30, [0.1] * 30, [0.9] * 30), 60, 12, glyphs))[1:-1])
        assert all(shade in body for shade in shades)


@pytest.mark.parametrize("width", [40, 60, 72, 80, 100, 120, 160, 200])
@GLYPHS
def test_meters_are_aligned(width, glyphs):
    sight = Sight(scenes.NOON, glyphs)
    widths = {line_width(meters.meters_row(view, width, sight, selected=False)) for view in VIEWS}
    assert widths == {line_width(meters.meters_head(width, Arrangement(), glyphs))}
    assert max(widths) <= width + 1


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_a_click_on_a_title_sorts_by_it(width):
    head = text([meters.meters_head(width, Arrangement(), UNICODE)])[0]
    for title, sort in (("NAME", Sort.NAME), ("FUEL", Sort.FUEL), ("MEMORY", Sort.MEMORY)):
        assert meters.sort_under(head.index(title) + 1, width) is sort


def test_what_grows_says_when_it_is_full():
    load = Load(memory=60 * MIB, growth=MIB // 10, calls=3)
    runtime = scenes.mixed()
    component = scenes.played("grower", load, now=scenes.NOON)
    runtime.add([component])
    detail = runtime.meters("grower").result(0)
    assert detail.exhaustion[0].resource == "memory"
    assert meter_page.exhaustion_text(detail.exhaustion[0]) == "memory full in ~40s, at 102K/s"
    lines = "\n".join(text(meter_page.meter_page(detail, detail.recent, 120, 35, UNICODE)))
    assert "memory full in ~40s" in lines


def test_a_component_that_does_not_run_has_empty_charts():
    runtime = scenes.mixed()
    detail = runtime.meters("snoop").result(0)
    lines = "\n".join(text(meter_page.meter_page(detail, detail.recent, 80, 20, UNICODE)))
    assert "no calls" in lines
    assert "memory  -" in lines


def test_errors_are_counted_and_drawn():
    runtime = scenes.mixed()
    load = Load(memory=MIB, calls=30, errors=4.0)
    component = scenes.played("faulty", load, now=scenes.NOON)
    component.change(meters=msgspec.structs.replace(component.view.meters, errors=9))
    runtime.add([component])
    detail = runtime.meters("faulty").result(0)
    assert sum(detail.recent.errors) > 0
    lines = text(meter_page.meter_page(detail, detail.recent, 120, 35, UNICODE))
    assert any("9 in all" in line for line in lines)
    marks = next(line for line in lines if "errors " in line and "9 in all" not in line)
    assert any(spark in marks for spark in UNICODE.sparks[1:])


def test_the_series_of_a_played_component_reach_back_as_promised():
    detail = scenes.mixed().meters("counter").result(0)
    for series, step in ((detail.recent, 1.0), (detail.long, 30.0)):
        assert series.step == step
        assert {len(one) for one in (series.fuel, series.memory, series.cpu, series.p99_ms)} == {fake_meters.LONGEST}
    assert [cost.revision for cost in detail.costs] == [1, 2]


@settings(max_examples=60, deadline=None)
@given(NASTY)
def test_no_meter_is_drawn_with_anything_raw_in_it(said):
    runtime = played(said)
    view, sight = runtime.snapshot().components[0], Sight(scenes.NOON, UNICODE)
    detail = runtime.meters(said).result(0)
    lines = [
        meters.meters_row(view, 120, sight, selected=True),
        meter_page.meter_summary(view, sight, 120, "last hour"),
        *meter_page.meter_page(detail, detail.recent, 120, 40, UNICODE),
    ]
    for line in text(lines):
        assert not {char for char in line if unicodedata.category(char) in {"Cc", "Cs"}}


class Counting:
    """Counts how often a played runtime is asked for meters."""

    def __init__(self, runtime):
        self.asked, self._inner = 0, runtime.meters
        runtime.meters = self

    def __call__(self, component):
        self.asked += 1
        return self._inner(component)


async def test_one_question_is_under_way_at_a_time():
    runtime = scenes.mixed()
    counting = Counting(runtime)
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        runtime.patience = True
        await pilot.press("m")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, MeterScreen) and counting.asked == 1)
        for _ in range(3):
            pilot.app.screen.ask()
            await pilot.pause()
        assert counting.asked == 1
        await shows(pilot, "loading…")
        runtime.patience = False
        runtime.settle()
        await shows(pilot, "fuel per call, by revision")
        await wait_until(pilot, lambda: counting.asked > 1)


async def test_a_hidden_screen_asks_nothing():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("m")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, MeterScreen) and pilot.app.screen.detail)
        timer = pilot.app.screen.timer
        assert runs(timer)
        await pilot.press("4")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, EventScreen))
        assert not runs(timer)
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, MeterScreen))
        assert runs(timer)


async def test_the_table_of_meters_looks_while_it_is_seen():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("2")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, MetersScreen))
        timer = pilot.app.screen.timer
        runtime.remove("primes")
        await wait_until(pilot, lambda: "primes" not in text_of(pilot.app))
        await pilot.press("1")
        await wait_until(pilot, lambda: not isinstance(pilot.app.screen, MetersScreen))
        assert not runs(timer)


async def test_a_component_that_went_is_said_to_have_gone():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("m")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, MeterScreen) and pilot.app.screen.detail)
        runtime.remove("counter")
        await shows(pilot, "there is no component 'counter'")


async def test_a_paused_view_keeps_its_charts():
    runtime = scenes.mixed()
    counting = Counting(runtime)
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("m")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, MeterScreen) and pilot.app.screen.detail)
        await pilot.press("p")
        await wait_until(pilot, lambda: not pilot.app.screen.asking)
        asked = counting.asked
        pilot.app.screen.ask()
        await pilot.pause()
        assert counting.asked == asked
