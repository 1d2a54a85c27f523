"""A screen on a runtime of another process: what it shows when that goes away, and how it is left."""

from __future__ import annotations

import pytest

from airssys_tui.core.errors import Disconnected
from airssys_tui.tui.dialogs.modal import Confirm
from tests.support.attached import attached, remote
from tests.support.screens import connected, shows, text_of, wait_until


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 15)])
async def test_a_runtime_that_went_away_leaves_what_was_seen_and_says_so(size):
    runtime = remote()
    app = attached(runtime)
    async with app.run_test(size=size) as pilot:
        await connected(pilot)
        await shows(pilot, "counter")
        runtime.gone = Disconnected("disconnected from the runtime (pid 4121 ended 3s ago)", pid=4121, seconds=3.0)
        app.tick()
        await shows(pilot, "Disconnected from the runtime (pid 4121 ended 3s ago)", "STALE", "counter")
        if size[0] >= 80:
            await shows(pilot, "Reconnecting…")
        runtime.gone = None
        app.tick()
        await wait_until(pilot, lambda: "STALE" not in text_of(app) and "Disconnected" not in text_of(app))


async def test_leaving_asks_nothing_for_nothing_stops():
    app = attached(remote())
    async with app.run_test() as pilot:
        await connected(pilot)
        await pilot.press("q")
        await wait_until(pilot, lambda: app.session.closing)
        assert not any(isinstance(screen, Confirm) for screen in app.screen_stack)
    assert app.return_code in {None, 0}
