"""With --readonly nothing that changes the system can be reached, on any screen, derived from the table of actions."""

from __future__ import annotations

import pytest

from airssys_tui.api.played import scenes
from airssys_tui.core.revision import Outcome
from airssys_tui.tui.actions.action import Danger, Saves
from airssys_tui.tui.actions.keymap import Keymap
from airssys_tui.tui.actions.table import ACTIONS
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.app import AirssysApp
from airssys_tui.tui.dialogs.disk import DiskQuestion
from airssys_tui.tui.dialogs.modal import Choice, Question
from airssys_tui.tui.screens.detail import TABS
from tests.support.screens import NEVER, connected, desk, shows, text_of, wait_until
from tests.support.views import WAYS


def test_there_is_a_way_to_every_screen():
    assert {view for action in ACTIONS for view in action.views} <= set(WAYS)


@pytest.mark.parametrize("view", WAYS)
async def test_no_key_of_an_action_that_changes_the_system_does_anything(view):
    runtime = scenes.lived()
    dangerous = [action for action in ACTIONS if view in action.views and action.danger is not Danger.VIEW]
    async with desk(runtime, readonly=True).run_test(size=(120, 40), notifications=True) as pilot:
        await connected(pilot)
        for key in WAYS[view]:
            await pilot.press(key)
        await wait_until(pilot, lambda: getattr(pilot.app.screen, "view", None) is view)
        if view is View.DETAIL:
            pilot.app.screen.go_to(TABS.index("states"))
        harmless = {key for action in ACTIONS if view in action.views for key in action.keys} - {
            key for action in dangerous for key in action.keys
        }
        for action in dangerous:
            for key in set(action.keys) - harmless:
                await pilot.press(key)
                await pilot.pause()
                assert not isinstance(pilot.app.screen, Question), action.id
        assert runtime.commands == []
        assert "READ-ONLY" in text_of(pilot.app)


SAVING = {action.id: action.saves for action in ACTIONS if action.saves is not Saves.NOTHING}


@pytest.mark.parametrize(
    ("readonly", "browser", "offered"),
    [
        (False, False, set(SAVING)),
        (True, False, set()),
        (False, True, {"look.save", "state.export"}),
        (True, True, {"look.save", "state.export"}),
    ],
)
def test_no_action_writes_a_file_of_a_machine_that_is_only_looked_at(readonly, browser, offered):
    keymap = Keymap(browser=browser)
    found = {action.id for view in View for action in keymap.of_view(view, readonly)} & set(SAVING)
    assert found == offered


async def test_a_browser_gets_what_is_saved_and_no_name_is_asked_for():
    app = AirssysApp(scenes.mixed, folder="components", readonly=True, browser=True, clock=scenes.still, refresh=NEVER)
    given = []
    app.deliver_binary = lambda file, **how: given.append((file.read(), how["save_filename"]))
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        await pilot.press("4", "ctrl+s")
        await wait_until(pilot, lambda: given)
        ((data, name),) = given
        assert data
        assert name.startswith("events-")
        assert not isinstance(app.screen, Question)
        await pilot.press("1", "ctrl+s")
        await pilot.pause()
        assert "no configuration file" not in text_of(app)


async def test_the_disk_is_shown_and_nothing_is_collected():
    runtime = scenes.lived()
    for version in range(14):
        runtime.deploy("greeter", scenes.Release(version=f"1.0.{version}"))
    for revision in range(1, 15):
        runtime.get("greeter").revise(revision, stable=False)
    async with desk(runtime, readonly=True).run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        await pilot.press("ctrl+g")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, DiskQuestion) and pilot.app.screen.plan)
        await shows(pilot, "Collecting frees")
        assert not pilot.app.screen.query_one("#yes", Choice).display
        await pilot.press("right", "tab", "enter")
        assert Outcome.PURGED not in {each.outcome for each in runtime.get("greeter").timeline}
