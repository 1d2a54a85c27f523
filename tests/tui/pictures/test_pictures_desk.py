"""Pictures of marks, bulk actions, meters and settings: one per state, at the sizes people have, in both themes."""

from __future__ import annotations

import msgspec
import pytest

from airssys_tui.api.played import scenes
from airssys_tui.core.units import MIB
from airssys_tui.tui.app import AirssysApp
from airssys_tui.tui.dialogs.bulk import BulkQuestion
from airssys_tui.tui.settings.settings_file import SettingsFile
from tests.support.pictures import LARGE, SIZES, SMALL, USUAL, standing
from tests.support.screens import NEVER, after, desk

BOTH = pytest.mark.parametrize("theme", ["airssys-dark", "airssys-light"])
MARK_THREE = ("space", "j", "space", "j", "j", "space")


def measured(app):
    return getattr(app.screen, "detail", None) is not None


def previewed(app):
    return isinstance(app.screen, BulkQuestion) and app.screen.ready


def typed(*keys):
    async def run(pilot):
        await after(*keys)(pilot)
        app_screen = pilot.app.screen
        for field in app_screen.query("Input"):
            field.cursor_blink = False
        await pilot.pause()

    return run


@SIZES
def test_registry_marked(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=after(*MARK_THREE))


@SIZES
def test_registry_groups(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=after("o", "g", "j"))


@SIZES
def test_bulk_stop(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=typed(*MARK_THREE, "x"))


@pytest.mark.parametrize("size", [SMALL, USUAL, LARGE], ids="{0[0]}x{0[1]}".format)
def test_bulk_rollback(snap_compare, size):
    async def run(pilot):
        await after(*MARK_THREE, "z", until=previewed)(pilot)
        await typed()(pilot)

    assert snap_compare(desk(), terminal_size=size, run_before=run)


@SIZES
def test_meters_all(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=after("2"))


@SIZES
def test_meter_of_one(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=after("m", until=measured))


@BOTH
def test_meter_of_one_themes(snap_compare, theme, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_THEME", theme)
    assert snap_compare(desk(), terminal_size=LARGE, run_before=after("m", "w", until=measured))


@BOTH
def test_meters_themes(snap_compare, theme, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_THEME", theme)
    assert snap_compare(desk(), terminal_size=USUAL, run_before=after("2"))


@BOTH
def test_bulk_themes(snap_compare, theme, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_THEME", theme)
    assert snap_compare(desk(), terminal_size=LARGE, run_before=typed(*MARK_THREE, "D"))


def test_meter_with_errors_and_a_limit_in_reach(snap_compare):
    run = after("j", "j", "m", until=measured)
    assert snap_compare(desk(standing()), terminal_size=LARGE, run_before=run)


def test_meter_in_ascii(snap_compare, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_ASCII", "1")
    assert snap_compare(desk(), terminal_size=USUAL, run_before=after("m", until=measured))


def test_meter_without_colours(snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(desk(), terminal_size=USUAL, run_before=after("m", until=measured))


def test_marked_without_colours(snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(desk(), terminal_size=USUAL, run_before=after(*MARK_THREE))


def test_marked_in_ascii(snap_compare, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_ASCII", "1")
    assert snap_compare(desk(), terminal_size=USUAL, run_before=after(*MARK_THREE))


def test_registry_standing(snap_compare):
    assert snap_compare(desk(standing()), terminal_size=LARGE, run_before=after("j"))


def test_registry_bulk_done(snap_compare):
    assert snap_compare(desk(), terminal_size=LARGE, run_before=after(*MARK_THREE, "x", "3", "enter"))


def test_cramped(snap_compare):
    assert snap_compare(desk(), terminal_size=(34, 10), run_before=after())


def test_help_of_the_meters(snap_compare):
    assert snap_compare(desk(), terminal_size=LARGE, run_before=after("2", "question_mark"))


def test_registry_question_goes_on(snap_compare):
    runtime = scenes.mixed()

    async def run(pilot):
        await after("z", until=lambda app: len(app.screen_stack) > 1)(pilot)
        view = runtime.get("greeter").view
        runtime.edit("greeter", meters=msgspec.structs.replace(view.meters, memory=60 * MIB))
        pilot.app.tick()
        await pilot.pause()

    assert snap_compare(desk(runtime), terminal_size=LARGE, run_before=run)


def configured(path, text):
    path.write_text(text)
    runtime = scenes.mixed()
    return AirssysApp(
        lambda: runtime, folder="components/", clock=scenes.still, refresh=NEVER, settings=SettingsFile(path)
    )


def test_settings_own_columns_and_keys(snap_compare, tmp_path):
    text = (
        '[screen]\ncolumns = ["state", "name", "cpu", "errors", "note"]\nsort = "cpu"\n[keys]\n"look.filter" = "f4"\n'
    )
    assert snap_compare(configured(tmp_path / "config.toml", text), terminal_size=USUAL, run_before=after())


def test_settings_faulty(snap_compare, tmp_path):
    text = '[screen]\ntheme = "mauve"\n[keys]\n"no.such" = "q"\n"component.start" = "x"\n'
    assert snap_compare(configured(tmp_path / "config.toml", text), terminal_size=USUAL, run_before=after())
