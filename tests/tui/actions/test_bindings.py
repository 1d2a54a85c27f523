"""No key without an action: what Textual has bound on any screen or dialog is in the table, or is a dialog's own."""

from __future__ import annotations

import asyncio

import pytest

from airssys_tui.api.played import scenes
from airssys_tui.tui.actions.table import ACTIONS
from airssys_tui.tui.dialogs.help import HelpScreen
from airssys_tui.tui.dialogs.modal import Choice, Question
from airssys_tui.tui.dialogs.story import StoryPage
from tests.support.screens import connected, desk, wait_until
from tests.support.views import WAYS

IDS = {action.id for action in ACTIONS}

TEXTUAL = {"screen.copy_text", "app.focus_next", "app.focus_previous"}
"""What every screen of Textual has besides: copying what is selected, which cannot be here, and going from widget to
widget."""

DIALOGS = {
    "E": (StoryPage, {"close", "scroll(1)", "scroll(-1)", "scroll(10)", "scroll(-10)"}),
    "question_mark": (HelpScreen, {"close", "scroll(1)", "scroll(-1)", "scroll(10)", "scroll(-10)"}),
    "D": (Question, {"cancel", "scroll(1)", "scroll(-1)", "press"}),
}
"""What opens a dialog, and what its own keys do: close it, move in it, choose."""


def strange(app, own=frozenset()):
    """Return what is bound and neither in the table nor one of ``own``."""
    found = app.screen.active_bindings.values()
    return {
        (active.binding.key, active.binding.action)
        for active in found
        if active.binding.id not in IDS and active.binding.action not in own
    }


@pytest.mark.parametrize("view", WAYS)
async def test_every_key_of_a_screen_is_in_the_table(view):
    async with desk(scenes.lived()).run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        for key in WAYS[view]:
            await pilot.press(key)
        await wait_until(pilot, lambda: getattr(pilot.app.screen, "view", None) is view)
        await pilot.pause()
        assert pilot.app.screen.active_bindings
        assert strange(pilot.app) == set()


@pytest.mark.parametrize("key", DIALOGS)
async def test_a_dialog_has_only_its_own_keys(key):
    kind, own = DIALOGS[key]
    async with desk(scenes.lived()).run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        await pilot.press(key)
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, kind))
        await pilot.pause()
        assert strange(pilot.app, own | TEXTUAL) == set()
        assert kind is not Question or isinstance(pilot.app.focused, Choice)


async def test_tasks_begin_in_their_turn_on_every_python():
    def at_once(loop, coro, **options):
        return asyncio.Task(coro, loop=loop, **options)

    asyncio.get_running_loop().set_task_factory(at_once)
    async with desk().run_test() as pilot:
        await connected(pilot)
        assert asyncio.get_running_loop().get_task_factory() is None, (
            "Python 3.12 and later: eager ones end the program"
        )
