"""One picture per state of a screen, at the sizes people have."""

from __future__ import annotations

import pytest

from airssys_tui.api.played import scenes
from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.api.views.runtime import Phase
from airssys_tui.core.errors import StateLocked
from airssys_tui.tui.app import AirssysApp
from airssys_tui.tui.dialogs.rollback import RollbackQuestion
from airssys_tui.tui.screens.versions import VersionsScreen
from tests.support.pictures import LARGE, SIZES, USUAL
from tests.support.screens import NEVER, after, desk


def previewed(app):
    return isinstance(app.screen, RollbackQuestion) and app.screen.preview is not None


def compared(app):
    screen = app.screen
    return isinstance(screen, VersionsScreen) and screen.diff is not None and screen.diff.then.number == screen.selected


@SIZES
def test_registry_mixed(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=after())


@SIZES
def test_rollback_confirm(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=after("z", until=previewed))


@SIZES
def test_versions(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=after("v", "j", until=compared))


@SIZES
def test_events(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=after("4"))


def test_registry_empty(snap_compare):
    assert snap_compare(desk("empty"), terminal_size=USUAL, run_before=after())


def test_registry_starting(snap_compare):
    assert snap_compare(desk("starting"), terminal_size=USUAL, run_before=after())


def test_registry_held(snap_compare):
    assert snap_compare(desk("held"), terminal_size=USUAL, run_before=after())


def test_registry_filtered(snap_compare):
    assert snap_compare(desk(), terminal_size=USUAL, run_before=after("slash", *"!run", "enter"))


def test_registry_filtered_to_nothing(snap_compare):
    assert snap_compare(desk(), terminal_size=USUAL, run_before=after("slash", *"zebra"))


def test_registry_sorted_by_memory(snap_compare):
    assert snap_compare(desk(), terminal_size=LARGE, run_before=after("M"))


def test_registry_paused(snap_compare):
    assert snap_compare(desk(), terminal_size=USUAL, run_before=after("p"))


def test_registry_readonly(snap_compare):
    assert snap_compare(desk(readonly=True), terminal_size=LARGE, run_before=after())


def test_registry_polling(snap_compare):
    assert snap_compare(desk("polling"), terminal_size=LARGE, run_before=after())


def test_reload_failed(snap_compare):
    runtime = PlayedRuntime(scenes.still).add([scenes.counter(scenes.NOON)])
    assert snap_compare(desk(runtime), terminal_size=USUAL, run_before=after())


def test_restart_exhausted(snap_compare):
    assert snap_compare(desk(), terminal_size=USUAL, run_before=after("G"))


def test_stop_confirm(snap_compare):
    assert snap_compare(desk(), terminal_size=USUAL, run_before=after("G", "k", "x"))


def test_rollback_refused(snap_compare):
    app = desk()
    run = after("j", "j", "j", "z", until=lambda app: getattr(app.screen, "refusal", None) is not None)
    assert snap_compare(app, terminal_size=USUAL, run_before=run)


def test_quit_confirm(snap_compare):
    assert snap_compare(desk(), terminal_size=USUAL, run_before=after("q", until=lambda app: len(app.screen_stack) > 1))


def test_connect_failed(snap_compare):
    def refuse():
        raise StateLocked("process 4121 owns the state directory", remedy="attach to it, or end it first")

    app = AirssysApp(refuse, folder="components/", clock=scenes.still, refresh=NEVER)
    assert snap_compare(app, terminal_size=USUAL, run_before=after())


def test_stopping(snap_compare):
    runtime = scenes.mixed()
    runtime.phase = Phase.STOPPING
    assert snap_compare(desk(runtime), terminal_size=USUAL, run_before=after())


def test_detail(snap_compare):
    until = lambda app: getattr(app.screen, "detail", None) is not None  # noqa: E731
    assert snap_compare(desk(), terminal_size=LARGE, run_before=after("enter", until=until))


def test_help(snap_compare):
    assert snap_compare(desk(), terminal_size=LARGE, run_before=after("question_mark"))


def test_help_readonly(snap_compare):
    assert snap_compare(desk(readonly=True), terminal_size=USUAL, run_before=after("question_mark"))


def test_events_of_one_component(snap_compare):
    assert snap_compare(desk(), terminal_size=USUAL, run_before=after("e"))


@pytest.mark.parametrize("theme", ["airssys-light", "airssys-contrast"])
def test_themes(snap_compare, theme, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_THEME", theme)
    assert snap_compare(desk(), terminal_size=LARGE, run_before=after())


def test_no_color(snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(desk(), terminal_size=USUAL, run_before=after("z", until=previewed))


def test_ascii(snap_compare, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_ASCII", "1")
    assert snap_compare(desk(), terminal_size=LARGE, run_before=after())


def test_hostile(snap_compare):
    assert snap_compare(desk("hostile"), terminal_size=LARGE, run_before=after())
