"""Keys that arrive all at once, as a paste or a macro sends them: none acts on a component that was meant as text."""

from __future__ import annotations

import pytest
from textual import events
from textual.widgets import Input

from airssys_tui.api.played import scenes
from airssys_tui.tui.dialogs.help import HelpScreen
from airssys_tui.tui.screens.events import EventScreen
from airssys_tui.tui.screens.palette import Palette
from airssys_tui.tui.screens.registry import RegistryScreen
from tests.support.screens import connected, desk, wait_until

SIZE = (120, 40)


def burst(app, keys):
    """Post keys with nothing between them, as the terminal's reader does."""
    names = {"/": "slash", ":": "colon", "?": "question_mark"}
    for character in keys:
        app.post_message(events.Key(names.get(character, character), character))


@pytest.mark.parametrize("view", [RegistryScreen, EventScreen])
async def test_what_follows_the_slash_is_the_filter(view):
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        if view is EventScreen:
            await pilot.press("4")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, view))
        burst(pilot.app, "/Dxsz/:?")
        await wait_until(pilot, lambda: pilot.app.screen.query_one(Input).value)
        await pilot.pause()
        assert pilot.app.screen.query_one(Input).value == "Dxsz/:?"
        assert isinstance(pilot.app.screen, view)
        assert runtime.commands == []


async def test_pressed_keys_after_the_slash_are_the_filter_too():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("slash", "D", "x", "s")
        assert pilot.app.screen.query_one(Input).value == "Dxs"
        assert runtime.commands == []


async def test_what_follows_the_colon_is_typed_into_the_palette():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        burst(pilot.app, ":Dxs:/?")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, Palette))
        await wait_until(pilot, lambda: len(pilot.app.screen.query_one(Input).value) >= 6)
        assert pilot.app.screen.query_one(Input).value == "Dxs:/?"
        assert runtime.commands == []


async def test_what_follows_the_question_mark_acts_on_nothing():
    runtime = scenes.mixed()
    async with desk(runtime).run_test(size=SIZE) as pilot:
        await connected(pilot)
        burst(pilot.app, "?Dxs")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        await pilot.pause()
        assert isinstance(pilot.app.screen, HelpScreen)
        assert runtime.commands == []
