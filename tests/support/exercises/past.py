"""What actions about the past do: streams, searches, tabs, marks on revisions, states, undo, the disk."""

from __future__ import annotations

import json

from textual.widgets import Input

from airssys_tui.api.commands import (
    Annotate,
    ImportState,
    LiftQuarantine,
    MarkStable,
    Pin,
    RestoreState,
    SaveState,
    Start,
    Stop,
    Undo,
)
from airssys_tui.api.played import past, scenes
from airssys_tui.core.events import EventKind, Level
from airssys_tui.core.lifecycle import State
from airssys_tui.core.revision import Outcome
from airssys_tui.tui.dialogs.disk import DiskQuestion
from airssys_tui.tui.dialogs.modal import Confirm
from airssys_tui.tui.dialogs.prompt import Prompt
from airssys_tui.tui.dialogs.story import StoryPage
from airssys_tui.tui.screens.detail import TABS, DetailScreen
from airssys_tui.tui.screens.events import EventScreen
from airssys_tui.tui.screens.logs import LogScreen
from airssys_tui.tui.screens.versions import VersionsScreen
from tests.support.screens import shows


def live(desk):
    """Give the runtime of a test the past that the scene ``lived`` has."""
    runtime = desk.runtime
    past.add_states(runtime)
    past.add_past(runtime)
    past.add_logs(runtime)
    desk.app.tick()


async def logs(desk):
    live(desk)
    await desk.press("5")
    await desk.on(LogScreen)
    await shows(desk.pilot, "following", "40 lines", "hello, Grace")


async def events(desk):
    live(desk)
    await desk.press("4")
    await desk.on(EventScreen)


async def timeline(desk):
    desk.runtime.add([past.weathered(scenes.counter(scenes.NOON), scenes.NOON)])
    await desk.press("v")
    await desk.on(VersionsScreen)
    await desk.until(lambda: desk.screen.revisions)
    bad = next(each.number for each in desk.screen.revisions.values() if each.outcome is Outcome.QUARANTINED)
    desk.screen.table.select(str(bad))
    await desk.pilot.pause()
    return bad


async def states(desk):
    live(desk)
    await desk.press("enter")
    await desk.on(DetailScreen)
    desk.screen.go_to(TABS.index("states"))
    await desk.until(lambda: desk.screen.states and desk.screen.table.key)


async def opens_its_logs(desk):
    live(desk)
    await desk.press("l")
    await desk.on(LogScreen)
    await desk.until(lambda: {event.component for event in desk.screen.sieve.shown.values()} == {"counter"})


async def explains(desk):
    await desk.press("E")
    await desk.on(StoryPage)
    await shows(desk.pilot, "Explain counter", "export `reset`", "r2 keeps serving")
    await desk.press("escape")


async def shows_the_disk(desk):
    for version in range(12):
        desk.runtime.deploy("counter", scenes.Release(version=f"2.0.{version}", state_bytes=9))
    for revision in range(1, 17):
        desk.runtime.get("counter").revise(revision, stable=False)
    await desk.press("ctrl+g")
    await desk.on(DiskQuestion)
    await shows(desk.pilot, "compiled, rebuilt when missing", "Collecting frees", "counter r1")
    await desk.press("right", "enter")
    await shows(desk.pilot, "freed ", "6 revisions' code")
    purged = [each for each in desk.runtime.get("counter").timeline if each.outcome is Outcome.PURGED]
    assert len(purged) == 6


async def searches(desk):
    await logs(desk)
    await desk.press("ctrl+f", *"ANSWERED")
    await shows(desk.pilot, "0 matches")
    desk.screen.query_one("#search", Input).value = "answered|give up"
    await desk.press("enter")
    await shows(desk.pilot, "8 of 8 matches")
    assert not desk.screen.follows


async def goes_to_the_next_match(desk):
    await searches(desk)
    await desk.press("n")
    await shows(desk.pilot, "1 of 8 matches")


async def goes_to_the_match_before(desk):
    await searches(desk)
    await desk.press("N")
    await shows(desk.pilot, "7 of 8 matches")


async def raises_the_level(desk):
    await logs(desk)
    for level in (Level.INFO, Level.WARNING, Level.ERROR, Level.DEBUG):
        await desk.press("L")
        assert desk.screen.sieve.level is level
    await desk.press("L", "L", "L")
    assert {event.level for event in desk.screen.sieve.shown.values()} == {Level.ERROR}
    await shows(desk.pilot, "error and above")


async def changes_the_kind(desk):
    await events(desk)
    await desk.press("K")
    assert {event.kind for event in desk.screen.sieve.shown.values()} == {EventKind.SYSTEM}
    for _ in range(6):
        await desk.press("K")
    assert len({event.kind for event in desk.screen.sieve.shown.values()}) > 2


async def asks_for_older_events(desk):
    await events(desk)
    before = len(desk.screen.table.keys)
    await desk.press("o")
    await shows(desk.pilot, "40 older events", "started r2")
    assert len(desk.screen.table.keys) == before + 40
    assert not desk.screen.follows
    await desk.press("o")
    await shows(desk.pilot, "no older events")


async def narrows_lines(desk):
    await logs(desk)
    who = desk.screen.target
    await desk.press("l")
    assert {event.component for event in desk.screen.sieve.shown.values()} == {who}
    await shows(desk.pilot, f"only {who}")
    await desk.press("l")
    assert len(desk.screen.sieve.shown) == 40


async def narrows_events(desk):
    await events(desk)
    who = desk.screen.target
    await desk.press("e")
    assert {event.component for event in desk.screen.sieve.shown.values()} == {who}
    await desk.press("escape")
    assert len({event.component for event in desk.screen.sieve.shown.values()}) > 2


async def wraps(desk):
    await logs(desk)
    rows = len(desk.screen.table.keys)
    await desk.press("w")
    assert len(desk.screen.table.keys) > rows
    await shows(desk.pilot, "wrapped", "because nobody has told them not to")
    await desk.press("w")
    assert len(desk.screen.table.keys) == rows


async def saves_lines(desk):
    await logs(desk)
    await desk.press("L", "L", "ctrl+s")
    await desk.on(Prompt)
    path = desk.place / "lines.log"
    desk.screen.query_one(Input).value = str(path)
    await desk.press("enter")
    await desk.until(path.exists)
    written = path.read_text()
    assert written.count("\n") == 8
    assert "error" in written
    await desk.on(LogScreen)
    await desk.press("ctrl+s")
    await desk.on(Prompt)
    desk.screen.query_one(Input).value = str(path)
    await desk.press("enter")
    await desk.on(Confirm)
    await shows(desk.pilot, "Overwrite it?", "already")
    await desk.press("enter")
    await desk.on(LogScreen)
    assert path.read_text() == written
    assert [each.name for each in desk.place.iterdir()] == ["lines.log"]


async def changes_tabs(desk):
    live(desk)
    await desk.press("enter")
    await desk.on(DetailScreen)
    words = (
        "increment: func",
        "none declared",
        "Usage and limits",
        "superseded",
        "timer",
        "partial write",
        "value=118207",
    )
    for word in words:
        await desk.press("tab")
        await shows(desk.pilot, word)
    await desk.press("right")
    assert desk.screen.shown == "overview"
    await desk.press("right_square_bracket")
    assert desk.screen.shown == "exports"


async def changes_tabs_back(desk):
    await desk.press("enter")
    await desk.on(DetailScreen)
    for key, tab in (("shift+tab", "logs"), ("left", "events"), ("left_square_bracket", "states")):
        await desk.press(key)
        assert desk.screen.shown == tab


async def compares_any_two(desk):
    bad = await timeline(desk)
    await desk.press("space")
    await desk.press("G")
    await shows(desk.pilot, f"base         r{bad}", "this         r1")
    desk.screen.table.select(str(bad))
    await desk.press("space")
    assert desk.screen.base is None


async def notes(desk):
    bad = await timeline(desk)
    await desk.press("n")
    await desk.on(Prompt)
    await desk.press(*"too hungry", "enter")
    await desk.carried_out(Annotate("counter", bad, "too hungry"))
    desk.app.tick()
    await shows(desk.pilot, "note         too hungry")


async def pins(desk):
    bad = await timeline(desk)
    await desk.press("P")
    await desk.carried_out(Pin("counter", bad))
    desk.app.tick()
    await desk.until(lambda: desk.screen.revisions[bad].pinned)
    await desk.press("P")
    await desk.carried_out(Pin("counter", bad, pinned=False))


async def marks_stable(desk):
    await timeline(desk)
    await desk.press("g", "m")
    number = desk.screen.selected
    await desk.carried_out(MarkStable("counter", number, stable=False))
    desk.app.tick()
    await desk.until(lambda: not desk.screen.revisions[number].stable)
    await desk.press("m")
    await desk.carried_out(MarkStable("counter", number))


async def releases(desk):
    bad = await timeline(desk)
    await desk.press("u")
    await desk.on(Confirm)
    await shows(desk.pilot, f"Release r{bad} of counter from quarantine?", "rolled back by itself")
    await desk.answer_yes()
    await desk.carried_out(LiftQuarantine("counter", bad))
    desk.app.tick()
    await desk.until(lambda: desk.screen.revisions[bad].outcome is Outcome.SUPERSEDED)
    await desk.press("u")
    await shows(desk.pilot, "is not quarantined")


async def saves_the_state(desk):
    await states(desk)
    await desk.press("S")
    await desk.carried_out(SaveState("counter"))
    desk.app.tick()
    await desk.until(lambda: len(desk.screen.states) == 6)


async def brings_a_state_back(desk):
    await states(desk)
    await desk.press("G", "B")
    await desk.on(Confirm)
    await shows(desk.pilot, "Restore state 1 of counter?", "Active revision: r2.", "replaces the current state")
    await desk.press("enter")
    await desk.on(DetailScreen)
    assert desk.runtime.commands == []
    await desk.press("B")
    await desk.on(Confirm)
    await desk.answer_yes()
    await desk.carried_out(RestoreState("counter", 1))


async def exports_a_state(desk):
    await states(desk)
    await desk.press("X")
    await desk.on(Prompt)
    path = desk.place / "state.json"
    desk.screen.query_one(Input).value = str(path)
    await desk.press("enter")
    await desk.until(path.exists)
    assert json.loads(path.read_text())["component"] == "counter"
    return path


async def imports_a_state(desk):
    path = await exports_a_state(desk)
    await desk.on(DetailScreen)
    await desk.press("I")
    await desk.on(Prompt)
    await desk.press(*"nowhere", "enter")
    await shows(desk.pilot, "cannot read")
    await desk.press("I")
    await desk.on(Prompt)
    desk.screen.query_one(Input).value = str(path)
    await desk.press("enter")
    await desk.until(lambda: any(isinstance(command, ImportState) for command in desk.runtime.commands))


async def undoes(desk):
    await desk.press("ctrl+z")
    await shows(desk.pilot, "there is nothing to undo")
    await desk.press("x")
    await desk.carried_out(Stop("counter"))
    await desk.press("ctrl+z")
    await desk.carried_out(Undo())
    await shows(desk.pilot, "undone: stop counter")
    assert desk.runtime.get("counter").view.state is State.RUNNING
    await desk.select("pipeline/parse")
    await desk.press("s")
    await desk.carried_out(Start("pipeline/parse"))
    await desk.press("ctrl+z")
    await desk.on(Confirm)
    await shows(desk.pilot, "The last action was: start pipeline/parse.", "Lost: what pipeline/parse holds in memory")
    await desk.press("enter")
    assert desk.runtime.commands.count(Undo()) == 1


PAST = {
    "look.its-logs": opens_its_logs,
    "look.explain": explains,
    "look.disk": shows_the_disk,
    "look.search": searches,
    "look.next-match": goes_to_the_next_match,
    "look.match-before": goes_to_the_match_before,
    "look.level": raises_the_level,
    "look.kind": changes_the_kind,
    "look.older": asks_for_older_events,
    "look.only-its-lines": narrows_lines,
    "look.only-its-events": narrows_events,
    "look.wrap": wraps,
    "look.save": saves_lines,
    "look.next-tab": changes_tabs,
    "look.tab-before": changes_tabs_back,
    "look.compare": compares_any_two,
    "revision.note": notes,
    "revision.pin": pins,
    "revision.stable": marks_stable,
    "revision.release": releases,
    "state.save": saves_the_state,
    "state.restore": brings_a_state_back,
    "state.export": exports_a_state,
    "state.import": imports_a_state,
    "component.undo": undoes,
    "go.logs": logs,
}
