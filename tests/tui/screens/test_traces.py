"""Traces: what is drawn of a call, which call is shown, and that nothing is asked for unseen or twice at once."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from airssys_tui.api.played import custom_series as fake_told
from airssys_tui.api.played import scenes
from airssys_tui.api.views.runtime import CallReport
from airssys_tui.api.views.tracing import SpanView, TraceView
from airssys_tui.core.errors import NotServing
from airssys_tui.core.text import GuestText
from airssys_tui.tui.drawing import trace_lines
from airssys_tui.tui.drawing.glyphs import ASCII, UNICODE
from airssys_tui.tui.screens.calling.call_screen import CallScreen
from airssys_tui.tui.screens.events import EventScreen
from airssys_tui.tui.screens.traces import TracesScreen, trace_of
from airssys_tui.tui.state.call_log import MadeCall
from airssys_tui.tui.widgets.pager import Pager
from airssys_tui.tui.widgets.table import LineTable
from tests.support.hostile import NASTY, lying
from tests.support.screens import connected, desk, runs, shows, text_of, wait_until

NOW = scenes.NOON
COUNTER = scenes.mixed().get("counter").view
PLAYED = fake_told.traces(COUNTER, NOW)
WIDTHS = [36, 40, 48, 60, 80, 120, 200]


def text(lines):
    return ["".join(span.text for span in line) for line in lines]


def span(number, parent=None, *, start=0.0, took=1.0, name="step", error="", **more):
    return SpanView(
        number=number,
        parent=parent,
        name=GuestText(name),
        start_ms=start,
        took_ms=took,
        error=GuestText(error),
        annotations=tuple((GuestText(key), GuestText(value)) for key, value in more.items()),
    )


def trace(*spans, **more):
    return TraceView(**{"id": "0" * 32, "export": GuestText("e"), "at": NOW, "took_ms": 10.0, "spans": spans, **more})


# What is drawn


def test_a_call_is_a_tree_with_offsets_notes_and_what_failed():
    shown = "\n".join(text(trace_lines.tree_lines(PLAYED[1], UNICODE, 80)))
    assert "failed  1.80 ms  3 steps" in shown
    assert f"trace {PLAYED[1].id}" in shown
    assert "\n    by: 3\n" in shown
    assert "✕   remember" in shown
    assert "error: the storage is full" in shown
    assert "+0.70" in shown


def test_bars_stand_where_the_steps_were_under_way():
    drawn = trace(span(1, took=10.0), span(2, 1, start=5.0, took=5.0), span(3, 1, start=9.9, took=None))
    whole, half, open_end = (line.rstrip() for line in text(trace_lines.tree_lines(drawn, ASCII, 80))[-3:])
    bar = whole.count("#")
    assert bar > 10
    assert half.count("#") == pytest.approx(bar / 2, abs=1)
    assert half.endswith("#")
    assert len(half) == len(whole) == len(open_end)
    assert open_end.endswith("~")
    assert "ongoing" in open_end


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_its_place(width, glyphs):
    long = trace(
        *(
            span(number, number - 1 or None, name="a step with a long name " * 5, key="v" * 900)
            for number in range(1, 41)
        ),
        export=GuestText("a-namespace:a-package/an-interface@1.0.0#" + "function-" * 20),
        dropped=12_345,
    )
    for each in (*PLAYED, long, trace()):
        lines = text(trace_lines.tree_lines(each, glyphs, width))
        lines.append(text([trace_lines.list_row(each, NOW, glyphs, width, chosen=True)])[0])
        assert max(map(cell_len, lines)) <= width
        assert glyphs is UNICODE or all(line.isascii() for line in lines)
        row = trace_lines.list_row(each, NOW, glyphs, width, chosen=False)
        assert cell_len(text([row])[0]) == cell_len(text([trace_lines.list_head(width)])[0])


def test_steps_deeper_than_there_is_room_for_say_how_deep_they_are():
    deep = trace(*(span(number, number - 1 or None) for number in range(1, 257)))
    lines = text(trace_lines.tree_lines(deep, UNICODE, 80))
    assert "(255) step" in lines[-1]


def test_older_calls_have_their_day():
    old = msgspec.structs.replace(PLAYED[0], at=NOW - 86_400)
    assert "13 14:02" in text([trace_lines.list_row(old, NOW, UNICODE, 80, chosen=False)])[0]


def test_parents_that_cannot_be_are_no_parents():
    odd = trace(span(1, 1), span(2, 3), span(3, 2), span(4, 99), span(5, 4))
    assert [(depth, each.number) for depth, each in odd.tree()] == [(0, 1), (0, 2), (1, 3), (0, 4), (1, 5)]


@settings(max_examples=80, deadline=None)
@given(NASTY, st.sampled_from(WIDTHS))
def test_nothing_raw_is_drawn(said, width):
    safe = lying(said)
    for raw in (safe, GuestText(said)):
        each = trace(
            SpanView(number=1, name=raw, start_ms=0.0, took_ms=None, annotations=((raw, raw),), error=raw),
            id=said,
            export=raw,
            failed=True,
        )
        lines = [
            *trace_lines.tree_lines(each, UNICODE, width),
            trace_lines.list_row(each, NOW, UNICODE, width, chosen=True),
        ]
        for line in text(lines):
            assert not {char for char in line if unicodedata.category(char) in {"Cc", "Cs"}}


# Which call is shown


def made(export="increment", report=None, at=NOW):
    return MadeCall(number=1, at=at, export=export, arguments="[]", report=report, failure="" if report else "trap")


def test_the_trace_of_a_call_is_the_one_it_names():
    by_id = {each.id: each for each in PLAYED}
    report = CallReport(export="increment", result="1", fuel=1, seconds=0.1, trace=PLAYED[2].id)
    assert trace_of(made(report=report), by_id) == PLAYED[2].id
    assert trace_of(made(report=msgspec.structs.replace(report, trace="")), by_id) is None
    assert trace_of(made(report=msgspec.structs.replace(report, trace="gone")), by_id) is None
    assert trace_of(made(at=NOW - 1), by_id) == PLAYED[1].id, "of a failed call: the newest of its export until then"
    assert trace_of(made(export="stats"), by_id) == PLAYED[3].id
    assert trace_of(made(export="reset"), by_id) is None


class Traced:
    """Answers a played runtime's questions for traces, and counts them."""

    def __init__(self, runtime, traces=PLAYED):
        self.asked, self.traces, self.failure = 0, list(traces), None
        self._answer = runtime.answer
        runtime.traces = self

    def __call__(self, component):
        self.asked += 1

        def work():
            if self.failure is not None:
                raise self.failure
            return tuple(self.traces)

        return self._answer(work)


async def opened(pilot, *keys):
    await connected(pilot)
    await pilot.press(*(keys or "t"))
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, TracesScreen) and pilot.app.screen.answered)
    return pilot.app.screen


async def test_new_calls_come_to_the_top_and_the_selection_stays():
    runtime = scenes.mixed()
    told = Traced(runtime, PLAYED[1:])
    async with desk(runtime).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert screen.trace == PLAYED[1]
        told.traces.insert(0, PLAYED[0])
        await wait_until(pilot, lambda: len(screen.traces) == 4)
        assert screen.trace == PLAYED[1]
        await pilot.press("g")
        assert screen.trace == PLAYED[0]


async def test_a_call_that_goes_on_is_shown_as_it_goes():
    runtime = scenes.mixed()
    begun = trace(span(1, took=None))
    told = Traced(runtime, [begun])
    async with desk(runtime).run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await shows(pilot, "ongoing", "1 call")
        assert "1 calls" not in text_of(pilot.app)
        told.traces[0] = trace(span(1, took=9.0), span(2, 1, name="the end of it"))
        await shows(pilot, "the end of it")
        assert "ongoing" not in text_of(pilot.app)


async def test_one_question_is_under_way_at_a_time_and_none_while_it_is_hidden_or_paused():
    runtime = scenes.mixed()
    told = Traced(runtime)
    async with desk(runtime).run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        runtime.patience = True
        await pilot.press("t")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, TracesScreen) and told.asked == 1)
        screen = pilot.app.screen
        screen.ask()
        await pilot.pause()
        assert told.asked == 1
        await shows(pilot, "loading…")
        runtime.patience = False
        runtime.settle()
        await shows(pilot, "4 calls")
        await pilot.press("4")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, EventScreen))
        assert not runs(screen.timer)
        await pilot.press("escape")
        await wait_until(pilot, lambda: pilot.app.screen is screen)
        assert runs(screen.timer)
        await pilot.press("p")
        await wait_until(pilot, lambda: not screen.asking)
        asked = told.asked
        screen.ask()
        assert told.asked == asked


async def test_what_is_known_stays_when_the_runtime_does_not_answer():
    runtime = scenes.mixed()
    told = Traced(runtime)
    async with desk(runtime).run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        told.failure = NotServing("nobody there")
        await shows(pilot, "nobody there", "check the total")
        told.failure = None
        await wait_until(pilot, lambda: "nobody there" not in text_of(pilot.app))


async def test_without_an_answer_it_says_why():
    runtime = scenes.mixed()
    told = Traced(runtime)
    told.failure = NotServing("nobody there")
    async with desk(runtime).run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        await pilot.press("t")
        await shows(pilot, "nobody there")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 15)])
async def test_who_told_nothing_is_told_how(size):
    async with desk().run_test(size=size) as pilot:
        await opened(pilot, "j", "t")
        await shows(pilot, "No call has reported steps yet.", "airssys:core-host/tracing")
        await pilot.press("y", "enter", "escape")


async def test_the_steps_scroll_and_the_identity_is_copied():
    runtime = scenes.mixed()
    Traced(runtime, [trace(*(span(number) for number in range(1, 101)), id="a" * 32)])
    async with desk(runtime).run_test(size=(40, 15)) as pilot:
        screen = await opened(pilot)
        steps = screen.query_one("#steps", Pager)
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.pane == "steps" and steps.lines)
        await pilot.press("G")
        assert steps.scroll_offset.y == len(steps.lines) - steps.size.height
        await pilot.press("ctrl+u", "g", "j")
        assert steps.scroll_offset.y == 1
        await pilot.press("y")
        assert pilot.app.clipboard == "a" * 32


async def test_a_second_click_on_a_call_goes_into_its_steps():
    async with desk().run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.click(screen.query_one("#traces"), offset=(5, 3), times=2)
        await wait_until(pilot, lambda: screen.pane == "steps")
        assert screen.trace == PLAYED[1]


# From the call screen


async def called(pilot, export, *keys):
    await connected(pilot)
    await pilot.press("i")
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, CallScreen) and pilot.app.screen.table.keys)
    screen = pilot.app.screen
    screen.query_one("#exports", LineTable).select(export)
    await pilot.pause()
    await pilot.press(*keys, "ctrl+enter")
    await wait_until(pilot, lambda: screen.session.calls.of("counter"))


async def test_the_call_just_made_is_the_one_that_is_shown():
    runtime = scenes.mixed()
    Traced(runtime, (PLAYED[3], *PLAYED[:3]))
    async with desk(runtime).run_test(size=(120, 40)) as pilot:
        await called(pilot, "increment", "enter", "enter", "5", "enter")
        screen = await opened(pilot)
        await wait_until(pilot, lambda: screen.trace == PLAYED[0])


async def test_a_call_that_told_nothing_says_so():
    async with desk().run_test(size=(120, 40), notifications=True) as pilot:
        await called(pilot, "reset")
        await opened(pilot)
        await shows(pilot, "this call reported no steps")
