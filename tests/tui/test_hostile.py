"""Guest text is hostile: nothing raw reaches the terminal from any field on any screen, and nothing falls over."""

from __future__ import annotations

import asyncio
import unicodedata

from hypothesis import HealthCheck, given, settings

from airssys_tui.api.played import scenes
from airssys_tui.api.views.disk import Collected
from airssys_tui.api.views.past import Story
from airssys_tui.tui.dialogs.disk import plan_lines, use_lines
from airssys_tui.tui.drawing import columns
from airssys_tui.tui.drawing.glyphs import UNICODE
from airssys_tui.tui.drawing.lines import labelled
from airssys_tui.tui.drawing.revision_lines import diff_lines, revision_line
from airssys_tui.tui.drawing.selection import selection_lines
from airssys_tui.tui.screens.detail import PAGES
from airssys_tui.tui.screens.detail_pages import Known, state_row
from airssys_tui.tui.screens.events import event_columns
from airssys_tui.tui.screens.versions import revision_row
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets import chrome
from tests.support.hostile import NASTY, lying, offenders, played
from tests.support.screens import connected, desk


def pages_of(runtime, session, name):
    """Every page of the detail, the use of the disk, and what collecting would take away."""
    known = Known(
        view=session.rows[name],
        detail=runtime.describe(name).result(0),
        story=Story(name, (lying(name),)),
        events=tuple(session.log),
        lines=tuple(session.lines),
    )
    for page in PAGES.values():
        yield from page(known, session, 120)
    for state in runtime.states(name).result(0):
        yield state_row(state, session, 120, chosen=True)
    plan = Collected(dry=True, items=(lying(name),), revisions=1)
    yield from plan_lines(plan, session, 80)
    yield from use_lines(runtime.disk().result(0), session, 80)


KEYS = ("z", "escape", "x", "s", "D", "escape", "v", "b", "escape", "escape", "enter", "tab", "escape", "4", "e", "1")
KEYS += ("5", "w", "1", "E", "escape", "y", "slash", "a", "b", "colon", "f", "escape")
"""What is pressed with any text there could be."""

MORE_KEYS = (
    "ctrl+z",
    "ctrl+g",
    "escape",
    "l",
    "w",
    "ctrl+f",
    "a",
    "enter",
    "n",
    "escape",
    "escape",
    "4",
    "o",
    "k",
    "w",
)
MORE_KEYS += ("K", "L", "ctrl+s", "escape", "1", "v", "space", "n", "escape", "P", "m", "u", "escape", "1", "enter")
MORE_KEYS += (*("tab",) * 5, "X", "escape", "B", "escape", "S", "I", "escape", "tab", "tab", "escape")
"""What is pressed besides with the worst text we know."""


async def walk(text: str, keys: tuple[str, ...] = KEYS) -> None:
    app = desk(played(text))
    async with app.run_test(size=(110, 40), notifications=True) as pilot:
        await connected(pilot)
        seen = offenders(app)
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
            seen |= offenders(app)
        assert seen == set()


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(NASTY)
def test_nothing_raw_reaches_the_terminal(text):
    asyncio.run(walk(text))


@settings(max_examples=150, deadline=None)
@given(NASTY)
def test_no_line_is_drawn_with_anything_raw_in_it(text):
    runtime = played(text)
    session = Session(text, scenes.still, UNICODE, readonly=False)
    session.api = runtime
    change = session.pull()
    view, sight = session.rows[text], session.sight
    preview = runtime.diff(text, 1).result(0)
    lines = [
        chrome.header(session, 200),
        *chrome.banner(session, 200),
        columns.row(view, 200, sight, selected=True),
        *selection_lines(view, change.events, sight, 200, 20),
        *(event_columns(event, sight, 200, chosen=False) for event in change.events),
        *pages_of(runtime, session, text),
        *(revision_row(each, sight.now, UNICODE, 200, chosen=True) for each in runtime.versions(text).result(0)),
        *diff_lines(preview.lines, 120, UNICODE),
        *labelled("now", revision_line(preview.now, UNICODE), 120),
    ]
    for line in lines:
        for span in line:
            assert not {char for char in span.text if unicodedata.category(char) in {"Cc", "Cs"}}


async def test_the_worst_we_know():
    await walk(scenes.HOSTILE)
    await walk(scenes.HOSTILE, MORE_KEYS)


async def test_what_is_pasted_into_the_filter_is_harmless():
    app = desk()
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        await pilot.press("slash")
        app.screen.query_one("#filter").insert_text_at_cursor("a\x1b[2J\u202eb")
        await pilot.pause()
        assert offenders(app) == set()
