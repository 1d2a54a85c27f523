"""Guest text is hostile: nothing raw reaches the terminal from any field on any screen, and nothing falls over."""

from __future__ import annotations

import asyncio
import unicodedata

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airssys_tui.api.played import scenes
from airssys_tui.api.played.component import Release
from airssys_tui.api.played.meters import Load
from airssys_tui.api.played.runtime import FakeRuntime
from airssys_tui.api.played.states import Kept
from airssys_tui.api.views.components import ComponentDetail, Note, NoteKind
from airssys_tui.api.views.disk import Collected
from airssys_tui.api.views.past import Story
from airssys_tui.api.views.runtime import WatchView
from airssys_tui.core.events import Event, EventKind, Level
from airssys_tui.core.text import GuestText
from airssys_tui.tui.dialogs.disk import plan_lines, use_lines
from airssys_tui.tui.drawing import columns
from airssys_tui.tui.drawing.comparison import diff_lines, revision_line
from airssys_tui.tui.drawing.glyphs import UNICODE
from airssys_tui.tui.drawing.lines import labelled
from airssys_tui.tui.drawing.selection import selection_lines
from airssys_tui.tui.screens.detail import PAGES
from airssys_tui.tui.screens.detail_pages import Known, state_row
from airssys_tui.tui.screens.events import event_columns
from airssys_tui.tui.screens.versions import revision_row
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets import chrome
from tests.tui.conftest import connected, desk

NASTY = st.text(
    alphabet=st.one_of(
        st.sampled_from("\x1b\x07\x00\x08\r\n\t\x7f\x9b\x85\u202e\u200b\u2028\ud800\ufeff[]/\\漢e\u0301🎉"),
        st.characters(),
    ),
    max_size=40,
).map(lambda text: text + "[/foo][bold]\x1b[2J")


def lying(text: str) -> GuestText:
    """Text that claims to be sanitised and is not: the screens must not rely on it for what is not GuestText."""
    return GuestText(scenes.sanitise(text))


def played(text: str) -> FakeRuntime:
    safe = lying(text)
    release = Release(version=text, exports=(f"{text}: func()",), state_bytes=3)
    component = scenes.played(text, Load(), now=scenes.NOON, release=release)
    component.change(note=Note(NoteKind.REFUSED, safe), held=(safe,), source=safe, kind=text, digest=text)
    component.timeline = [
        msgspec.structs.replace(each, digest=text, who=safe, note=safe, reason=safe, gates=((text, 1.0),))
        for each in component.timeline
    ]
    component.releases[text] = release
    texts = (safe, safe)
    component.detail = ComponentDetail(
        view=component.view,
        exports=texts,
        imports=texts,
        capabilities=texts,
        limits=texts,
        config=texts,
        described=texts,
        description=safe,
    )
    runtime = FakeRuntime(scenes.still, folder=text).add([component])
    runtime.watch = WatchView("polling", safe)
    runtime.problems = (safe, safe, safe)
    event = Event(
        seq=1,
        at=scenes.NOON,
        kind=EventKind.LEDGER,
        level=Level.ERROR,
        component=text,
        revision=1,
        text=text,
        action=text,
    )
    runtime._events.append(event)
    runtime._logs.append(msgspec.structs.replace(event, seq=2, kind=EventKind.LOG))
    runtime.past = [msgspec.structs.replace(event, seq=0, at=scenes.NOON - 90_000)]
    runtime._seq = 2
    runtime.disk_full = text
    kept = runtime.states_kept.save(component.view, text, scenes.NOON)
    runtime.states_kept._kept[kept.view.id] = Kept(msgspec.structs.replace(kept.view, schema=safe), kept.data)
    return runtime


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


def offenders(app) -> set[str]:
    """Characters in what is painted that are no business of a terminal's."""
    found = set()
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            found |= {
                char
                for char in segment.text
                if unicodedata.category(char) in {"Cc", "Cs"} or char in "\u202e\u200b\u2028\ufeff"
            }
    return found


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
