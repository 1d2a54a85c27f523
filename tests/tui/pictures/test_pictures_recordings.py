"""Pictures of recorded calls, and of what their replays gave."""

from __future__ import annotations

import pytest

from airssys_tui.tui.screens.recordings import RecordingsScreen
from tests.support.screens import after, desk

SMALL, USUAL, LARGE = (40, 15), (80, 24), (120, 40)
SIZES = pytest.mark.parametrize("size", [SMALL, USUAL, LARGE], ids="{0[0]}x{0[1]}".format)


def shown(app):
    return isinstance(app.screen, RecordingsScreen) and app.screen.answered


def replayed(app):
    return bool(app.screen.replays)


def recordings(*keys, until=shown):
    """Open the recorded calls of one component and press keys once they are there."""

    async def run(pilot):
        await after()(pilot)
        pilot.app.screen.table.select("greeter")
        await after("a", until=shown)(pilot)
        await after(*keys, until=until)(pilot)
        pilot.app.clear_notifications()

    return run


@SIZES
def test_recordings(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=recordings("j"))


@SIZES
def test_a_replay_that_differs(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=recordings("j", "v", "enter", until=replayed))


def test_a_replay_that_is_the_same_in_ascii(snap_compare, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_ASCII", "1")
    assert snap_compare(desk(), terminal_size=USUAL, run_before=recordings("v", until=replayed))


def test_nothing_is_recorded(snap_compare):
    assert snap_compare(desk(), terminal_size=USUAL, run_before=after("a", until=shown))
