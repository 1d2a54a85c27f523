"""The registry as a tree of groups: what is hidden in it, and how its rows stand."""

from __future__ import annotations

from airssys_tui.api.played import scenes
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.screens.live import LiveScreen
from tests.support.screens import connected, desk, shows, text_of, wait_until

SIZE = (150, 40)


async def test_a_jump_unfolds_the_groups_that_hide_the_component():
    async with desk().run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("o", "g", "enter")
        await shows(pilot, "+ shop")
        screen = pilot.app.screen
        screen.post_message(LiveScreen.Open(View.REGISTRY, "fetcher"))
        await wait_until(pilot, lambda: screen.target == "fetcher")
        await shows(pilot, "- shop", "- orders")


async def test_an_absent_member_stands_as_the_others_do_under_chosen_columns():
    async with desk(scenes.mixed()).run_test(size=SIZE) as pilot:
        await connected(pilot)
        pilot.app.session.columns = ("name", "note")
        await pilot.press("o")
        await shows(pilot, "waited for: not in the folder yet", "0/2 failed")
        lines = text_of(pilot.app).splitlines()
        absent = next(line.index("waited for") for line in lines if "waited for" in line)
        group = next(line.index("0/2 failed") for line in lines if "0/2 failed" in line)
        assert absent == group - len("x ")
