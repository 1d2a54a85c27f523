"""What marks, meters, settings and themes do, by their keys; :mod:`tests.tui.actions.test_actions` runs them."""

from __future__ import annotations

from airssys_tui.api.commands import Start, StartGroup, Stop, StopGroup
from airssys_tui.tui.dialogs.bulk import BulkQuestion
from airssys_tui.tui.dialogs.modal import Confirm
from airssys_tui.tui.screens.detail import DetailScreen
from airssys_tui.tui.screens.events import EventScreen
from airssys_tui.tui.screens.meter import MeterScreen
from airssys_tui.tui.screens.meters import MetersScreen
from airssys_tui.tui.screens.registry import RegistryScreen
from tests.support.screens import shows, text_of


async def marks(desk):
    await desk.press("space", "j", "space")
    assert list(desk.app.session.marks) == ["counter", "crasher"]
    await shows(desk.pilot, "■counter", "■crasher", "2 marked")
    await desk.press("space")
    assert list(desk.app.session.marks) == ["counter"]
    await desk.press("escape")
    assert not desk.app.session.marks
    await desk.until(lambda: "marked" not in text_of(desk.app))


async def marks_what_is_shown(desk):
    await desk.press("slash", *"snoop", "enter", "asterisk")
    assert list(desk.app.session.marks) == desk.screen.table.keys == ["snoop"]
    await desk.press("escape")
    assert desk.screen.arrangement.query == "snoop", "the marks go first, then the filter"
    await desk.press("escape")
    assert desk.screen.arrangement.query == ""


async def stops_all_that_is_marked(desk):
    await desk.press("space", "j", "j", "j", "space", "x")
    await desk.on(BulkQuestion)
    await shows(desk.pilot, "Stop 2 components?", "keeps its state", "loses its memory")
    await desk.press("enter")
    assert desk.runtime.commands == []
    await desk.press("2", "enter")
    await desk.carried_out(Stop("greeter"))
    assert Stop("counter") in desk.runtime.commands
    await shows(desk.pilot, "2 of 2 stopped")


async def opens_its_meters(desk):
    await desk.press("m")
    await desk.on(MeterScreen)
    await shows(desk.pilot, "fuel/s", "memory", "of 64M", "p50/p95/p99 ms", "fuel per call, by revision", "+2%")


async def opens_large_meters(desk):
    await desk.press("2")
    await desk.on(MetersScreen)
    for key in ("enter", "m"):
        await desk.press(key)
        await desk.on(MeterScreen)
        await desk.press("escape")
        await desk.on(MetersScreen)


async def describes(desk):
    await desk.press("2")
    await desk.on(MetersScreen)
    await desk.press("d")
    await desk.on(DetailScreen)
    await desk.press("escape")
    await desk.on(MetersScreen)


async def changes_the_span(desk):
    await desk.press("m")
    await desk.on(MeterScreen)
    await shows(desk.pilot, "last 2 min", "-2 min")
    await desk.press("w")
    await shows(desk.pilot, "last hour", "-60 min")


async def goes_to_the_meters(desk):
    await desk.press("2")
    await desk.on(MetersScreen)
    await shows(desk.pilot, "FUEL", "MEMORY", "P50 ms", "2.1M/64M")
    await desk.press("4")
    await desk.on(EventScreen)
    await desk.press("escape")
    await desk.on(MetersScreen)
    await desk.press("escape")
    await desk.on(RegistryScreen)


async def saves_the_view(desk):
    await desk.press("ctrl+s")
    await shows(desk.pilot, "there is no configuration file")


async def changes_the_theme(desk):
    for name in ("airssys-light", "airssys-contrast", "airssys-dark"):
        await desk.press("T")
        assert desk.app.theme == name


async def shows_the_groups(desk):
    await desk.press("o", "g")
    await shows(desk.pilot, "- shop", "├ - orders", "waited for: not in the folder yet", "0/2 failed")
    assert desk.screen.target is None
    await desk.press("x")
    await desk.on(Confirm)
    await shows(desk.pilot, "Stop the group shop?", "greeter: It has no `state` export")
    await desk.answer_yes()
    await desk.carried_out(StopGroup("shop"))
    await desk.press("s")
    await desk.carried_out(StartGroup("shop"))
    await desk.press("D")
    await shows(desk.pilot, "a group cannot be unloaded")
    await desk.press("enter")
    await shows(desk.pilot, "+ shop")
    assert "- orders" not in text_of(desk.app)
    await desk.press("asterisk", "escape", "o")
    await desk.until(lambda: "+ shop" not in text_of(desk.app))


async def starts_all_that_is_marked(desk):
    await desk.press("slash", *"stopped", "enter", "asterisk", "s")
    await desk.on(BulkQuestion)
    await desk.press(*"start", "enter")
    await desk.carried_out(Start("pipeline/parse"))


EXERCISES = {
    "mark.one": marks,
    "mark.shown": marks_what_is_shown,
    "look.tree": shows_the_groups,
    "look.meters": opens_its_meters,
    "look.large": opens_large_meters,
    "look.describe": describes,
    "look.span": changes_the_span,
    "go.meters": goes_to_the_meters,
    "view.save": saves_the_view,
    "view.theme": changes_the_theme,
}

OF_MARKS = {"stop": stops_all_that_is_marked, "start": starts_all_that_is_marked}
