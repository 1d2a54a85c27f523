"""Pictures of what components tell of themselves: their calls step by step, and their own measurements."""

from __future__ import annotations

import pytest

from airssys_tui.tui.screens.traces import TracesScreen
from tests.support.screens import after, desk

SMALL, USUAL, LARGE = (40, 15), (80, 24), (120, 40)
SIZES = pytest.mark.parametrize("size", [SMALL, USUAL, LARGE], ids="{0[0]}x{0[1]}".format)


def shown(app):
    return isinstance(app.screen, TracesScreen) and app.screen.answered


def measured(app):
    return getattr(app.screen, "detail", None) is not None


def reading(*keys):
    """Open the traces and press keys once they are there."""

    async def run(pilot):
        await after("t", until=shown)(pilot)
        await after(*keys)(pilot)

    return run


def scrolled(*keys):
    """Open the meters and go to their end."""

    async def run(pilot):
        await after(*keys, "m", until=measured)(pilot)
        await after("G")(pilot)

    return run


@SIZES
def test_traces(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=reading("j"))


@SIZES
def test_steps(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=reading("G", "enter"))


@pytest.mark.parametrize("theme", ["airssys-light", "airssys-contrast"])
def test_traces_themes(snap_compare, theme, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_THEME", theme)
    assert snap_compare(desk(), terminal_size=LARGE, run_before=reading("j"))


def test_traces_in_ascii(snap_compare, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_ASCII", "1")
    assert snap_compare(desk(), terminal_size=USUAL, run_before=reading("G"))


def test_traces_without_colours(snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(desk(), terminal_size=USUAL, run_before=reading("j", "enter"))


@SIZES
def test_traces_of_who_told_nothing(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=after("j", "t", until=shown))


@SIZES
def test_own_meters(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=scrolled())


def test_own_meters_light(snap_compare, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_THEME", "airssys-light")
    assert snap_compare(desk(), terminal_size=LARGE, run_before=scrolled())


def test_own_meters_in_ascii(snap_compare, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_ASCII", "1")
    assert snap_compare(desk(), terminal_size=USUAL, run_before=scrolled())
