"""Pictures of what can lie over or befall any screen: the palette, help, a runtime that went away, standings."""

from __future__ import annotations

import pytest

from airssys_tui.core.errors import Disconnected
from airssys_tui.tui.screens.palette import Palette
from tests.support.attached import attached, remote
from tests.support.pictures import LEDGER, standing
from tests.support.screens import after, desk

SMALL, USUAL, LARGE = (40, 15), (80, 24), (120, 40)
SIZES = pytest.mark.parametrize("size", [SMALL, USUAL, LARGE], ids="{0[0]}x{0[1]}".format)


def palette(*typed):
    async def run(pilot):
        await after("colon", *typed, until=lambda app: isinstance(app.screen, Palette))(pilot)
        for field in pilot.app.screen.query("Input"):
            field.cursor_blink = False
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    return run


@SIZES
def test_palette(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=palette(*"roll"))


@SIZES
def test_disconnected(snap_compare, size):
    runtime = remote()

    async def run(pilot):
        await after()(pilot)
        runtime.gone = Disconnected("disconnected from the runtime (pid 4121 ended 3s ago)", pid=4121, seconds=3.0)
        pilot.app.tick()
        await pilot.pause()

    assert snap_compare(attached(runtime), terminal_size=size, run_before=run)


@pytest.mark.parametrize("size", [SMALL, USUAL], ids="{0[0]}x{0[1]}".format)
def test_registry_standing(snap_compare, size):
    assert snap_compare(desk(standing()), terminal_size=size, run_before=after())


@pytest.mark.parametrize("size", [SMALL, LARGE], ids="{0[0]}x{0[1]}".format)
def test_registry_empty(snap_compare, size):
    assert snap_compare(desk("empty"), terminal_size=size, run_before=after())


@pytest.mark.parametrize("size", [SMALL, USUAL], ids="{0[0]}x{0[1]}".format)
def test_registry_readonly(snap_compare, size):
    assert snap_compare(desk(readonly=True), terminal_size=size, run_before=after())


@pytest.mark.parametrize("size", [SMALL, USUAL], ids="{0[0]}x{0[1]}".format)
def test_help(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=after("question_mark"))


@pytest.mark.parametrize("keys", [("4",), ("m",)], ids=["events", "meter"])
def test_help_of(snap_compare, keys):
    assert snap_compare(desk(), terminal_size=LARGE, run_before=after(*keys, "question_mark"))


def test_detail_quarantined(snap_compare):
    run = after("enter", until=lambda app: getattr(app.screen, "story", None) is not None)
    assert snap_compare(desk(standing()), terminal_size=USUAL, run_before=run)


def test_quarantine_lift_confirm(snap_compare):
    run = after(*LEDGER, "v", "j", "u", until=lambda app: len(app.screen_stack) > 2)
    assert snap_compare(desk("lived"), terminal_size=USUAL, run_before=run)
