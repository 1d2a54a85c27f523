"""The detail of a component: what was refused, tabs by mouse, what is live."""

from __future__ import annotations

from airssys_tui.api.played import scenes
from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.api.views.components import Note, NoteKind
from airssys_tui.core.events import EventAction, EventKind
from airssys_tui.tui.drawing.glyphs import UNICODE
from airssys_tui.tui.screens.detail import TABS, DetailScreen
from airssys_tui.tui.screens.detail_pages import _count, _duration
from airssys_tui.tui.widgets.pager import Pager
from airssys_tui.tui.widgets.tabs import TabBar
from tests.support.screens import connected, desk, shows, text_of, wait_until

SIZE = (100, 60)
REASON = "\n".join(["imports what nobody offers " + "and more " * 60 + "the end of one", "the second line"])


async def shown(pilot):
    await connected(pilot)
    await pilot.press("enter")
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, DetailScreen) and pilot.app.screen.story)


def refused(**changes):
    component = scenes.counter(scenes.NOON)
    component.change(note=Note(NoteKind.REFUSED, scenes.sanitise(REASON)), **changes)
    return PlayedRuntime(scenes.still).add([component])


async def test_a_long_refusal_is_there_in_full():
    async with desk(refused()).run_test(size=SIZE) as pilot:
        await shown(pilot)
        await shows(pilot, " Refused\n", "the end of one", "the second line")
        assert "unknown: refused" not in text_of(pilot.app)


async def test_what_was_never_admitted_claims_nothing():
    async with desk(refused(digest=None)).run_test(size=SIZE) as pilot:
        await shown(pilot)
        assert text_of(pilot.app).count("unknown: refused before this was read") == 1
        assert "state export" not in text_of(pilot.app)
        await pilot.press("tab")
        await shows(pilot, "Exports", "Imports")
        assert text_of(pilot.app).count("unknown: refused before this was read") == 2


async def test_tabs_are_chosen_by_mouse():
    async with desk("lived").run_test(size=SIZE) as pilot:
        await shown(pilot)
        bar = pilot.app.screen.query_one(TabBar)
        for index, start, end in bar.placed(bar.size.width):
            assert await pilot.click("#tabs", offset=((start + end) // 2, 0))
            assert pilot.app.screen.shown == TABS[index]


def test_the_chosen_tab_is_named_at_any_width():
    for width in (20, 40, 80, 120):
        bar = TabBar(TABS, UNICODE, id="tabs")
        for index in range(len(TABS)):
            bar.choose(index)
            placed = bar.placed(width)
            assert index in {tab for tab, _, _ in placed}
            assert next(end for tab, _, end in placed if tab == index) <= width


async def test_lines_and_events_arrive_while_it_is_open():
    runtime = scenes.lived()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await shown(pilot)
        pilot.app.screen.go_to(TABS.index("logs"))
        runtime.emit("one more line", component="counter", kind=EventKind.LOG, action=EventAction.STDERR)
        pilot.app.tick()
        await shows(pilot, "one more line")
        pilot.app.screen.go_to(TABS.index("events"))
        runtime.emit("one more event", component="counter")
        pilot.app.tick()
        await shows(pilot, "one more event")


async def test_a_component_without_state_says_so():
    async with desk("lived").run_test(size=SIZE) as pilot:
        await connected(pilot)
        pilot.app.screen.table.select("greeter")
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, DetailScreen))
        pilot.app.screen.go_to(TABS.index("states"))
        await shows(pilot, "It has no `state` export")


def test_limits_are_read_as_they_are_written():
    assert _count("100 M") == 100e6
    assert _count("1 000 calls") == 1000
    assert _count("1.2k") == 1200
    assert _count("unlimited") is None
    assert _duration("1 s") == 1.0
    assert _duration("250ms") == 0.25
    assert _duration("never") is None


async def test_a_page_is_laid_out_anew_for_the_scroll_bar_that_it_needs():
    async with desk("lived").run_test(size=(80, 24)) as pilot:
        await shown(pilot)
        screen = pilot.app.screen
        pager = screen.query_one(Pager)
        pager.show([])  # the bar goes; what is drawn then needs it again
        page = lambda: tuple(screen._page(pager.room))  # noqa: E731, SLF001 - what it is to show
        await wait_until(pilot, lambda: pager.show_vertical_scrollbar and pager.lines == page())
