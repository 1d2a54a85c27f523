"""Every action, by its key: it does what it says. The table of exercises must name every action there is."""

from __future__ import annotations

import pytest

from airssys_tui.api.commands import Reload, Restart, Rollback, Start, Stop, Unload
from airssys_tui.api.played import scenes
from airssys_tui.core.lifecycle import State
from airssys_tui.core.revision import StatePolicy
from airssys_tui.tui.actions.action import Danger
from airssys_tui.tui.actions.table import ACTIONS, hints, of_view
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.dialogs.help import HelpScreen
from airssys_tui.tui.dialogs.modal import Confirm
from airssys_tui.tui.dialogs.rollback import RollbackQuestion
from airssys_tui.tui.drawing.arrangement import Sort
from airssys_tui.tui.screens.detail import DetailScreen
from airssys_tui.tui.screens.events import EventScreen
from airssys_tui.tui.screens.registry import RegistryScreen
from airssys_tui.tui.screens.screen_table import MODES, screen_about_all, screen_about_one
from airssys_tui.tui.screens.versions import VersionsScreen
from tests.support.exercises import desk as exercises_desk
from tests.support.exercises.call import CALLS
from tests.support.exercises.grants import GRANTS
from tests.support.exercises.http import HTTP
from tests.support.exercises.past import PAST
from tests.support.exercises.recordings import RECORDINGS
from tests.support.exercises.sitting import Sitting
from tests.support.exercises.traces import TRACES
from tests.support.screens import connected, desk, shows, text_of, wait_until

NAMES = ["counter", "crasher", "fetcher", "greeter", "hoarder", "pipeline/parse", "primes", "snoop"]


async def moves_down(desk):
    await desk.press("j")
    assert desk.screen.target == "crasher"
    await desk.press("down")
    assert desk.screen.target == "fetcher"


async def moves_up(desk):
    await desk.select("fetcher")
    await desk.press("k")
    await desk.press("up")
    assert desk.screen.target == "counter"


async def goes_to_the_top(desk):
    await desk.select("snoop")
    await desk.press("g")
    assert desk.screen.target == "counter"


async def goes_to_the_bottom(desk):
    await desk.press("G")
    assert desk.screen.target == "snoop"


async def moves_half_a_page_down(desk):
    await desk.press("ctrl+d")
    assert desk.screen.table.position == min(7, desk.screen.table.page())


async def moves_half_a_page_up(desk):
    await desk.select("snoop")
    await desk.press("ctrl+u")
    assert desk.screen.table.position == max(0, 7 - desk.screen.table.page())


async def filters(desk):
    await desk.press("slash", *"!running", "enter")
    assert desk.screen.table.keys == ["crasher", "fetcher", "pipeline/parse", "snoop"]
    await desk.press("escape")
    assert desk.screen.table.keys == NAMES


async def opens_detail(desk):
    for key in ("enter", "d"):
        await desk.press(key)
        await desk.on(DetailScreen)
        await shows(desk.pilot, "Explanation", "Recent events")
        await desk.press("escape")
        await desk.on(RegistryScreen)


async def opens_versions(desk):
    await desk.press("v")
    await desk.on(VersionsScreen)
    await shows(desk.pilot, "superseded", "refused at compatibility")


async def opens_its_events(desk):
    await desk.press("e")
    await desk.on(EventScreen)
    await desk.until(lambda: {event.component for event in desk.screen.sieve.shown.values()} == {"counter"})


async def toggles_the_diff(desk):
    await desk.press("v")
    await desk.on(VersionsScreen)
    await shows(desk.pilot, "- reset: func()")
    await desk.press("d")
    await desk.until(lambda: "- reset: func()" not in text_of(desk.app))


async def pauses(desk):
    await desk.press("p")
    desk.runtime.edit("greeter", version="9.9.9")
    desk.app.tick()
    await shows(desk.pilot, "PAUSED")
    assert "9.9.9" not in text_of(desk.app)
    await desk.press("p")
    await shows(desk.pilot, "9.9.9")


async def follows(desk):
    assert desk.screen.follows
    await desk.press("f")
    assert not desk.screen.follows
    await desk.press("4", "f")
    await desk.on(EventScreen)


async def copies(desk):
    await desk.press("y")
    assert desk.app.clipboard == "counter"


def sorts(key, sort, first):
    async def run(desk):
        await desk.select("greeter")
        await desk.press(key)
        assert desk.screen.arrangement.sort is sort
        assert desk.screen.table.keys[0] == first
        order = list(desk.screen.table.keys)
        await desk.press(key)
        assert desk.screen.table.keys != order
        assert desk.screen.target == "greeter"

    return run


async def starts(desk):
    await desk.select("pipeline/parse")
    await desk.press("s")
    await desk.carried_out(Start("pipeline/parse"))
    assert desk.runtime.get("pipeline/parse").view.state is State.RUNNING
    await shows(desk.pilot, "started r7")


async def stops(desk):
    await desk.press("x")
    await desk.carried_out(Stop("counter"))
    await desk.select("greeter")
    await desk.press("x")
    await desk.on(Confirm)
    await shows(desk.pilot, "greeter is running: 1.0.0, r1.", "its memory is lost")
    await desk.press("enter")
    await desk.on(RegistryScreen)
    assert Stop("greeter") not in desk.runtime.commands
    await desk.press("x")
    await desk.on(Confirm)
    await desk.answer_yes()
    await desk.carried_out(Stop("greeter"))


async def restarts(desk):
    await desk.press("r")
    await desk.carried_out(Restart("counter"))
    await desk.select("greeter")
    await desk.press("r")
    await desk.on(Confirm)
    await desk.answer_yes()
    await desk.carried_out(Restart("greeter"))


async def reloads(desk):
    await desk.press("R")
    await desk.carried_out(Reload("counter"))
    await desk.on(Confirm)
    await shows(desk.pilot, "breaks its callers", "export `reset` removed")
    await desk.answer_yes()
    await desk.carried_out(Reload("counter", force=True))
    await shows(desk.pilot, "switched r2")


async def rolls_back_to_the_previous_stable(desk):
    await desk.press("z")
    await desk.on(RollbackQuestion)
    await shows(desk.pilot, "Roll back counter to r1 (1.0.0)?", "- stats: func() -> stats", "1.1.0, 1.3.0 will not")
    await desk.answer_yes()
    await desk.carried_out(Rollback("counter", to=1))
    await shows(desk.pilot, "rolled back r2")
    desk.app.tick()
    await shows(desk.pilot, "1.0.0 r5", "held: 1.3.0")


async def rolls_back_to_the_selected(desk):
    await desk.press("v")
    await desk.on(VersionsScreen)
    await desk.until(lambda: desk.screen.selected == 4)
    await desk.press("G", "b")
    await desk.on(RollbackQuestion)
    await shows(desk.pilot, "Roll back counter to r1 (1.0.0)?")
    await desk.press("shift+tab", "right", "tab", "right", "enter")
    command = Rollback("counter", to=1, state=StatePolicy.RESTORE)
    await desk.carried_out(command)
    desk.app.tick()
    await desk.until(lambda: desk.screen.revisions and max(desk.screen.revisions) == 5)


async def unloads(desk):
    await desk.press("D")
    await desk.on(Confirm)
    await desk.press("escape")
    await desk.on(RegistryScreen)
    assert desk.runtime.commands == []
    await desk.press("delete")
    await desk.on(Confirm)
    await desk.answer_yes()
    await desk.carried_out(Unload("counter"))


async def goes_to_the_registry(desk):
    await desk.press("v")
    await desk.on(VersionsScreen)
    await desk.press("1")
    await desk.on(RegistryScreen)
    assert len(desk.app.screen_stack) == 1


async def goes_to_the_events(desk):
    await desk.press("4")
    await desk.on(EventScreen)
    await shows(desk.pilot, "watching components/", "partial write")


async def goes_back(desk):
    await desk.press("enter")
    await desk.on(DetailScreen)
    await desk.press("v")
    await desk.on(VersionsScreen)
    await desk.press("escape")
    await desk.on(DetailScreen)
    await desk.press("escape")
    await desk.on(RegistryScreen)
    await desk.press("escape")
    await desk.on(RegistryScreen)


async def leaves(desk):
    await desk.press("4")
    await desk.on(EventScreen)
    await desk.press("q")
    await desk.on(RegistryScreen)
    await desk.press("q")
    await desk.on(Confirm)
    await shows(desk.pilot, "4 components run in this process.")
    await desk.press("enter")
    await desk.on(RegistryScreen)
    assert not desk.runtime.closed


async def helps(desk):
    for key in ("question_mark", "f1"):
        await desk.press(key)
        await desk.on(HelpScreen)
        await shows(desk.pilot, "Keys: registry", "Select the next row.")
        await desk.press("escape")
        await desk.on(RegistryScreen)


async def finds_by_typing(desk):
    await desk.press("colon", *"primes")
    await shows(desk.pilot, "primes  (running)")
    await desk.press("enter")
    await desk.on(RegistryScreen)
    await desk.until(lambda: desk.screen.target == "primes")


async def asks_to_quit(desk):
    await desk.press("ctrl+c")
    await desk.on(Confirm)
    await desk.answer_yes()
    await desk.until(lambda: desk.runtime.closed)
    await desk.until(lambda: desk.app.return_value == 0)


async def quits_at_once(desk):
    await desk.press("ctrl+q")
    await desk.until(lambda: desk.app.return_value == 0)
    assert desk.runtime.closed


EXERCISES = {
    "move.down": moves_down,
    "move.up": moves_up,
    "move.top": goes_to_the_top,
    "move.bottom": goes_to_the_bottom,
    "move.half-down": moves_half_a_page_down,
    "move.half-up": moves_half_a_page_up,
    "look.filter": filters,
    "look.detail": opens_detail,
    "look.versions": opens_versions,
    "look.its-events": opens_its_events,
    "look.diff": toggles_the_diff,
    "look.pause": pauses,
    "look.follow": follows,
    "look.copy": copies,
    "sort.name": sorts("N", Sort.NAME, "snoop"),
    "sort.state": sorts("S", Sort.STATE, "snoop"),
    "sort.fuel": sorts("F", Sort.FUEL, "primes"),
    "sort.memory": sorts("M", Sort.MEMORY, "hoarder"),
    "sort.cpu": sorts("C", Sort.CPU, "primes"),
    "sort.uptime": sorts("U", Sort.UPTIME, "fetcher"),
    "component.start": starts,
    "component.stop": stops,
    "component.restart": restarts,
    "component.reload": reloads,
    "component.back-to-stable": rolls_back_to_the_previous_stable,
    "component.back-to-selected": rolls_back_to_the_selected,
    "component.unload": unloads,
    **PAST,
    **CALLS,
    **TRACES,
    **RECORDINGS,
    **GRANTS,
    **HTTP,
    "go.registry": goes_to_the_registry,
    "go.events": goes_to_the_events,
    "go.back": goes_back,
    "go.leave": leaves,
    "app.help": helps,
    "app.palette": finds_by_typing,
    "app.ask-to-quit": asks_to_quit,
    "app.leave-now": quits_at_once,
    **exercises_desk.EXERCISES,
}


def test_every_action_is_exercised():
    assert set(EXERCISES) == {action.id for action in ACTIONS}


@pytest.mark.parametrize("name", EXERCISES)
async def test_action(name, tmp_path):
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=(120, 40), notifications=True) as pilot:
        await connected(pilot)
        await EXERCISES[name](Sitting(pilot, runtime, tmp_path))


def test_ids_and_keys_are_unique_on_a_screen():
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    for view in View:
        keys = [key for action in of_view(view, readonly=False) for key in action.keys]
        assert len(keys) == len(set(keys)), view


def test_every_action_has_a_method():
    kinds = {view: screen_about_one(view) if view.of_one else screen_about_all(view) for view in View}
    app = type(desk())
    for action in ACTIONS:
        method = f"action_{action.do.partition('(')[0]}"
        for view in action.views:
            assert hasattr(app if action.everywhere else kinds[view], method), (view, action.id)


def test_readonly_has_nothing_that_changes_the_system():
    for view in View:
        assert all(action.danger is Danger.VIEW for action in of_view(view, readonly=True))
        assert all(action.danger is Danger.VIEW for action in hints(view, readonly=True))


async def test_readonly_keys_do_nothing():
    runtime = scenes.mixed()
    async with desk(runtime, readonly=True).run_test(size=(120, 40), notifications=True) as pilot:
        await connected(pilot)
        await shows(pilot, "READ-ONLY")
        for action in ACTIONS:
            if action.danger is not Danger.VIEW:
                for key in action.keys:
                    await pilot.press(key)
        await pilot.press("1", "v")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, VersionsScreen))
        for key in "bzsxrRD":
            await pilot.press(key)
        await pilot.pause()
        assert isinstance(pilot.app.screen, VersionsScreen)
        assert runtime.commands == []


def test_every_view_has_a_screen_and_an_action_that_opens_it():
    assert set(MODES) == {view for view in View if not view.of_one}
    assert {action.opens for action in ACTIONS} == {None, *View}
    for view in View:
        kind = screen_about_one(view) if view.of_one else screen_about_all(view)
        assert kind.view is view
