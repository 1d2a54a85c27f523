"""The recorded calls: what goes wrong in a replay, and how one call is opened."""

from __future__ import annotations

from concurrent.futures import Future

from airssys_tui.api.played import scenes
from airssys_tui.tui.screens.recordings import RecordingsScreen
from airssys_tui.tui.widgets.table import LineTable
from tests.support.screens import connected, desk, shows, wait_until


async def open_recordings(pilot):
    await connected(pilot)
    pilot.app.screen.table.select("greeter")
    await pilot.press("a")
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, RecordingsScreen) and pilot.app.screen.calls)


async def test_whatever_goes_wrong_in_a_replay_is_told(monkeypatch):
    runtime = scenes.mixed()
    failed: Future[None] = Future()
    failed.set_exception(ZeroDivisionError("no replay today"))
    monkeypatch.setattr(runtime, "replay", lambda *_: failed)
    async with desk(runtime).run_test(size=(120, 40), notifications=True) as pilot:
        await open_recordings(pilot)
        await pilot.press("v")
        await shows(pilot, "ZeroDivisionError: no replay today")


async def test_a_double_click_opens_the_call_wherever_the_focus_is():
    async with desk().run_test(size=(120, 40)) as pilot:
        await open_recordings(pilot)
        screen = pilot.app.screen
        await pilot.press("enter")
        assert screen.pane == "recording"
        screen.first.post_message(LineTable.Opened(screen.first, screen.first.key))
        await pilot.pause()
        assert screen.pane == "recording"
