"""Events and logs that stream by: bounded, filtered, searched, followed, saved."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.events import MouseScrollUp
from textual.widgets import Input

from airssys_tui.api.played import past, scenes
from airssys_tui.api.played.events import LOGS_KEPT
from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.core.events import Event, EventAction, EventKind, Level
from airssys_tui.core.text import sanitise
from airssys_tui.tui.drawing.event_filter import Sieve
from airssys_tui.tui.drawing.search import LONGEST, MOST_MATCHES, BadPatternError, Search
from airssys_tui.tui.operating.transcript import FileThereError, keep, text_of
from airssys_tui.tui.screens.events import EventScreen
from airssys_tui.tui.screens.logs import LogScreen
from airssys_tui.tui.screens.stream import highlighted
from airssys_tui.tui.state.feed import LINES_KEPT, Feed
from tests.support.screens import connected, desk, shows, wait_until
from tests.support.screens import text_of as on_screen

SIZE = (120, 40)


def scroll_up():
    """What a mouse wheel sends."""
    return MouseScrollUp(
        None, x=3, y=3, delta_x=0, delta_y=-1, button=0, shift=False, meta=False, ctrl=False, screen_x=3, screen_y=3
    )


def event(seq, text="something", *, component="a", level=Level.INFO, kind=EventKind.LOG):
    return Event(seq=seq, at=float(seq), kind=kind, level=level, component=component, text=text, action=EventAction.LOG)


def events(count, first=1):
    return [
        event(seq, f"line {seq}", component="ab"[seq % 2], level=tuple(Level)[seq % 4])
        for seq in range(first, first + count)
    ]


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 50), st.sampled_from(Level), st.sampled_from([None, "a"]))
def test_taking_new_ones_in_is_the_same_as_looking_at_all(before, more, kept, level, component):
    sieve, whole = Sieve(), Sieve()
    for each in (sieve, whole):
        each.level, each.component, each.query = level, component, "line"
        each.search = Search("[13579]$")
    sieve.renew(events(before)[-kept:])
    now = events(before + more)[-kept:]
    sieve.take(now)
    whole.renew(now)
    assert list(sieve.shown.items()) == list(whole.shown.items())
    assert list(sieve.hits) == list(whole.hits)


def test_hits_are_gone_through_in_both_directions_and_round():
    sieve = Sieve()
    sieve.search = Search("[24]")
    sieve.renew(events(5))
    assert sieve.next_hit("2", forth=True) == "4"
    assert sieve.next_hit("4", forth=True) == "2"
    assert sieve.next_hit("4", forth=False) == "2"
    assert sieve.next_hit("2", forth=False) == "4"
    assert sieve.next_hit(None, forth=False) == "4"
    assert sieve.next_hit(None, forth=True) == "2"
    sieve.search = Search("nowhere")
    sieve.look()
    assert sieve.next_hit("2", forth=True) is None


@pytest.mark.parametrize(
    "pattern", ["a(", "[", "(?=x)", "\\1", "((a{999}){999}){999}", "(((\\pL{1,99}){1,99}){1,99})z"]
)
def test_a_bad_pattern_says_why(pattern):
    with pytest.raises(BadPatternError) as refused:
        Search(pattern)
    assert str(refused.value)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(a*)*b", "([a-zA-Z]+)*$", "(.*a){20}b"])
def test_no_pattern_takes_for_ever(pattern):
    begun = time.process_time()
    search = Search(pattern)
    for _ in range(200):
        search.spans("a" * 500 + "!")
    assert time.process_time() - begun < 5.0


@given(st.text(max_size=LONGEST))
def test_any_pattern_is_searched_for_or_refused(pattern):
    try:
        search = Search(pattern)
    except BadPatternError:
        return
    text = sanitise("héllo wörld 漢字 " * 20)
    spans = search.spans(text)
    assert len(spans) <= MOST_MATCHES
    assert all(0 <= start < end <= len(text) for start, end in spans)


@given(st.text(st.sampled_from("ab漢é "), max_size=40), st.sampled_from(["a", "b+", "漢|é", " ", "a.b"]))
def test_marking_matches_changes_no_text(text, pattern):
    assert "".join(span.text for span in highlighted(text, "plain", Search(pattern))) == text


def test_case_matters_with_a_capital():
    assert Search("error").found_in("ERROR")
    assert not Search("Error").found_in("ERROR")


def test_a_talkative_guest_pushes_out_no_event_and_is_counted():
    runtime = scenes.mixed()
    feed = Feed()
    feed.pull(runtime)
    happened = list(feed.log)
    past.flood(runtime, 100_000)
    runtime.emit("after the flood", component="counter")
    change = feed.pull(runtime)
    assert [each.text for each in change.events] == ["after the flood"]
    assert list(feed.log) == [*happened, *change.events]
    assert len(change.lines) == LOGS_KEPT
    assert feed.missed_lines == 100_000 - LOGS_KEPT
    assert feed.missed == 0
    for _ in range(LINES_KEPT // LOGS_KEPT + 1):
        past.flood(runtime, LOGS_KEPT)
        feed.pull(runtime)
    assert len(feed.lines) == LINES_KEPT
    assert feed.pushed_lines == 2 * LOGS_KEPT
    assert feed.lines[-1].seq == runtime.snapshot().last_event


async def test_dropped_lines_are_said():
    runtime = scenes.lived()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("5")
        past.flood(runtime, LOGS_KEPT + 1_204)
        pilot.app.tick()
        await shows(pilot, "1 204 dropped", "candidate 3203")


async def test_a_bad_pattern_is_said_and_harms_nothing():
    async with desk("lived").run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("5", "ctrl+f", *"err(")
        await shows(pilot, "bad pattern: missing ): err(", "hello, Grace")
        await pilot.press("backspace")
        await wait_until(pilot, lambda: "bad pattern" not in on_screen(pilot.app))
        await pilot.press("escape")
        assert pilot.app.screen.sieve.search is None


async def test_following_ends_when_scrolling_back_by_mouse():
    async with desk("lived").run_test(size=(120, 24)) as pilot:
        await connected(pilot)
        await pilot.press("5")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, LogScreen) and pilot.app.screen.sieve.shown)
        screen = pilot.app.screen
        assert screen.follows
        pilot.app.screen.table.post_message(scroll_up())
        await wait_until(pilot, lambda: not screen.follows)
        await pilot.press("f")
        assert screen.follows


async def test_a_paused_log_stands_still_and_catches_up():
    runtime = scenes.lived()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("5", "p")
        runtime.emit("written meanwhile", component="counter", kind=EventKind.LOG, action=EventAction.STDOUT)
        pilot.app.tick()
        await pilot.pause()
        assert "written meanwhile" not in on_screen(pilot.app)
        await pilot.press("L", "L", "L", "L")
        assert "written meanwhile" not in on_screen(pilot.app)
        await pilot.press("p")
        await shows(pilot, "written meanwhile")


async def test_moving_up_from_the_first_event_asks_for_older_ones():
    async with desk("lived").run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("4", "g")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, EventScreen))
        first = pilot.app.screen.selected
        await pilot.press("k")
        await wait_until(pilot, lambda: len(pilot.app.screen.sieve.shown) > 40)
        assert pilot.app.screen.selected == first
        await pilot.press("k")
        assert pilot.app.screen.selected.text == "started r2"


async def test_events_do_not_show_what_guests_write():
    async with desk("lived").run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("4")
        await shows(pilot, "watching components/")
        assert EventKind.LOG not in {each.kind for each in pilot.app.screen.sieve.shown.values()}


async def test_streams_and_their_sources_are_told_apart():
    runtime = PlayedRuntime(scenes.still).add([scenes.counter(scenes.NOON)])
    for action in ("stdout", "stderr", "log", "dropped"):
        runtime.emit(f"by {action}", component="counter", kind=EventKind.LOG, action=action)
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("5")
        await shows(pilot, "out  • by stdout", "err  • by stderr", "log  • by log", "host • by dropped")


async def test_the_filter_and_the_search_do_not_mix():
    async with desk("lived").run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("5", "slash", *"greeter", "enter", "ctrl+f", *"ada", "enter")
        screen = pilot.app.screen
        assert {each.component for each in screen.sieve.shown.values()} == {"greeter"}
        assert len(screen.sieve.hits) == 4
        assert [field.value for field in screen.query(Input)] == ["greeter", "ada"]
        await pilot.press("escape")
        assert not screen.sieve.hits
        await pilot.press("escape")
        assert len(screen.sieve.shown) == 40


def test_a_file_is_whole_private_and_never_written_over_by_chance(tmp_path):
    path = tmp_path / "lines.log"
    keep(path, text_of([event(1, "one\ntwo\x1b[2J")]))
    assert path.read_text().endswith("one two␛[2J\n")
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileThereError):
        keep(path, b"other")
    assert b"one two" in path.read_bytes()
    keep(path, b"other", replace=True)
    assert path.read_bytes() == b"other"
    assert [each.name for each in tmp_path.iterdir()] == ["lines.log"]
