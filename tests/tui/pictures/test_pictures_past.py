"""One picture per state of the screens about the past: logs, events, detail, versions, undo, the disk."""

from __future__ import annotations

import pytest

from airssys_tui.api.played import past, scenes
from airssys_tui.api.played.events import LOGS_KEPT
from airssys_tui.tui.dialogs.disk import DiskQuestion
from airssys_tui.tui.dialogs.modal import Confirm
from airssys_tui.tui.dialogs.prompt import Prompt
from airssys_tui.tui.dialogs.rollback import RollbackQuestion
from airssys_tui.tui.dialogs.story import StoryPage
from airssys_tui.tui.screens.detail import TABS, DetailScreen
from airssys_tui.tui.screens.versions import VersionsScreen
from tests.support.pictures import LEDGER
from tests.support.screens import after, desk

SMALL, USUAL, LARGE = (40, 15), (80, 24), (120, 40)
SIZES = pytest.mark.parametrize("size", [SMALL, USUAL, LARGE], ids="{0[0]}x{0[1]}".format)


def told(app):
    return isinstance(app.screen, DetailScreen) and app.screen.story is not None and app.screen.detail is not None


def compared(app):
    screen = app.screen
    return isinstance(screen, VersionsScreen) and screen.diff is not None and screen.diff.then.number == screen.selected


def on(kind):
    return lambda app: isinstance(app.screen, kind)


def read(app):
    return isinstance(app.screen, StoryPage) and app.screen.story is not None


def counted(app):
    return isinstance(app.screen, DiskQuestion) and app.screen.plan is not None


def previewed(app):
    return isinstance(app.screen, RollbackQuestion) and app.screen.preview is not None


@SIZES
def test_logs(snap_compare, size):
    assert snap_compare(desk("lived"), terminal_size=size, run_before=after("5"))


@SIZES
def test_logs_searched(snap_compare, size):
    keys = ("5", "ctrl+f", *"answered|[0-9]+ mib", "enter")
    assert snap_compare(desk("lived"), terminal_size=size, run_before=after(*keys))


def test_logs_wrapped(snap_compare):
    assert snap_compare(desk("lived"), terminal_size=USUAL, run_before=after("5", "w"))


def test_logs_bad_pattern(snap_compare):
    assert snap_compare(desk("lived"), terminal_size=USUAL, run_before=after("5", "ctrl+f", *"err("))


def test_logs_of_one_component(snap_compare):
    assert snap_compare(desk("lived"), terminal_size=USUAL, run_before=after("l"))


def test_logs_warnings_only(snap_compare):
    assert snap_compare(desk("lived"), terminal_size=USUAL, run_before=after("5", "L", "L"))


def test_logs_dropped(snap_compare):
    runtime = scenes.lived()

    async def run(pilot):
        await after("5")(pilot)
        past.flood(runtime, LOGS_KEPT + 1_204)
        pilot.app.tick()
        await pilot.pause()

    assert snap_compare(desk(runtime), terminal_size=USUAL, run_before=run)


def test_logs_empty(snap_compare):
    assert snap_compare(desk("mixed"), terminal_size=USUAL, run_before=after("5"))


def test_logs_paused(snap_compare):
    assert snap_compare(desk("lived"), terminal_size=USUAL, run_before=after("5", "p"))


def test_logs_save(snap_compare, monkeypatch):
    monkeypatch.chdir("/")
    assert snap_compare(desk("lived"), terminal_size=USUAL, run_before=after("5", "ctrl+s", until=on(Prompt)))


@pytest.mark.parametrize("theme", ["airssys-light", "airssys-contrast"])
def test_logs_themes(snap_compare, theme, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_THEME", theme)
    keys = ("5", "ctrl+f", *"answered", "enter")
    assert snap_compare(desk("lived"), terminal_size=LARGE, run_before=after(*keys))


def test_logs_no_color(snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(desk("lived"), terminal_size=USUAL, run_before=after("5", "ctrl+f", *"answered", "enter"))


def test_logs_ascii(snap_compare, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_ASCII", "1")
    assert snap_compare(desk("lived"), terminal_size=USUAL, run_before=after("5"))


def test_events_older(snap_compare):
    until = lambda app: len(getattr(app.screen, "sieve", app).shown) > 40  # noqa: E731
    assert snap_compare(desk("lived"), terminal_size=LARGE, run_before=after("4", "o", until=until))


def test_events_searched(snap_compare):
    assert snap_compare(desk("lived"), terminal_size=USUAL, run_before=after("4", "ctrl+f", *"refused", "enter"))


def test_events_of_one_kind(snap_compare):
    assert snap_compare(desk("lived"), terminal_size=USUAL, run_before=after("4", "K", "K", "K"))


@SIZES
@pytest.mark.parametrize("tab", ["overview", "resources", "states"])
def test_detail(snap_compare, size, tab):
    keys = ("enter", *("tab",) * TABS.index(tab))
    assert snap_compare(desk("lived"), terminal_size=size, run_before=after(*keys, until=told))


@pytest.mark.parametrize("tab", ["exports", "caps", "revisions", "events", "logs"])
def test_detail_tabs(snap_compare, tab):
    keys = ("enter", *("tab",) * TABS.index(tab))
    assert snap_compare(desk("lived"), terminal_size=USUAL, run_before=after(*keys, until=told))


@pytest.mark.parametrize("theme", ["airssys-light", "airssys-contrast"])
def test_detail_themes(snap_compare, theme, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_THEME", theme)
    assert snap_compare(desk("lived"), terminal_size=LARGE, run_before=after("enter", until=told))


def test_state_restore_confirm(snap_compare):
    keys = ("enter", *("tab",) * TABS.index("states"), "G", "B")
    assert snap_compare(desk("lived"), terminal_size=USUAL, run_before=after(*keys, until=on(Confirm)))


@SIZES
def test_versions_of_every_kind(snap_compare, size):
    assert snap_compare(desk("lived"), terminal_size=size, run_before=after(*LEDGER, "v", "j", until=compared))


def test_versions_compared(snap_compare):
    keys = (*LEDGER, "v", "j", "space", "G")
    assert snap_compare(desk("lived"), terminal_size=LARGE, run_before=after(*keys, until=compared))


def test_versions_light(snap_compare, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_THEME", "airssys-light")
    assert snap_compare(desk("lived"), terminal_size=LARGE, run_before=after(*LEDGER, "v", "j", until=compared))


def test_versions_on_probation(snap_compare):
    keys = ("slash", *"greeter", "enter", "v")
    assert snap_compare(desk("lived"), terminal_size=USUAL, run_before=after(*keys, until=compared))


def test_versions_note(snap_compare):
    keys = (*LEDGER, "v", "j", "n", *"too hungry")
    assert snap_compare(desk("lived"), terminal_size=USUAL, run_before=after(*keys, until=on(Prompt)))


def test_versions_release_confirm(snap_compare):
    keys = (*LEDGER, "v", "j", "u")
    assert snap_compare(desk("lived"), terminal_size=USUAL, run_before=after(*keys, until=on(Confirm)))


@SIZES
def test_rollback_forced(snap_compare, size):
    keys = (*LEDGER, "v", "j", "b")
    assert snap_compare(desk("lived"), terminal_size=size, run_before=after(*keys, until=previewed))


@SIZES
def test_story(snap_compare, size):
    assert snap_compare(desk("lived"), terminal_size=size, run_before=after("E", until=read))


@SIZES
def test_disk(snap_compare, size):
    runtime = scenes.lived()
    for version in range(14):
        runtime.deploy("greeter", scenes.Release(version=f"1.0.{version}"))
    for revision in range(1, 15):
        runtime.get("greeter").revise(revision, stable=False)
    assert snap_compare(desk(runtime), terminal_size=size, run_before=after("ctrl+g", until=counted))


@SIZES
def test_disk_full(snap_compare, size):
    assert snap_compare(desk("full"), terminal_size=size, run_before=after())


def test_disk_readonly(snap_compare):
    app = desk("full", readonly=True)
    assert snap_compare(app, terminal_size=USUAL, run_before=after("ctrl+g", until=counted))


def test_undo_confirm(snap_compare):
    runtime = scenes.mixed()

    async def run(pilot):
        await after()(pilot)
        pilot.app.screen.table.select("pipeline/parse")
        await after("s", "ctrl+z", until=on(Confirm))(pilot)
        pilot.app.clear_notifications()
        await pilot.pause()

    assert snap_compare(desk(runtime), terminal_size=USUAL, run_before=run)


@pytest.mark.parametrize("keys", [("5",), (*LEDGER, "v"), ("enter",)], ids=["logs", "versions", "detail"])
def test_help(snap_compare, keys):
    assert snap_compare(desk("lived"), terminal_size=LARGE, run_before=after(*keys, "question_mark"))


def test_logs_hostile(snap_compare):
    assert snap_compare(desk("hostile"), terminal_size=USUAL, run_before=after("5"))
