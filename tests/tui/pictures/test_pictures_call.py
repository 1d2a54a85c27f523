"""Pictures of calling by hand: one per state, at the sizes people have, the main one in both themes."""

from __future__ import annotations

import msgspec
import pytest

from airssys_tui.api.played import scenes
from airssys_tui.api.views.calling import OpenHandle
from airssys_tui.core.text import sanitise
from airssys_tui.core.types.interface import (
    EnumOf,
    Field,
    FlagsOf,
    Function,
    Interface,
    ListOf,
    Param,
    Primitive,
    Record,
)
from airssys_tui.tui.dialogs.prompt import Prompt
from airssys_tui.tui.screens.calling.call_screen import CallScreen
from tests.support.screens import after, connected, desk, wait_until

SMALL, USUAL, LARGE = (40, 15), (80, 24), (120, 40)
SIZES = pytest.mark.parametrize("size", [SMALL, USUAL, LARGE], ids="{0[0]}x{0[1]}".format)
BOTH = pytest.mark.parametrize("theme", ["airssys-dark", "airssys-light"])

RICH = (
    *("enter", "enter", *"Ada Lovelace", "enter", "enter", "j", "j", "plus", *"en", "enter", "up", "up", "plus"),
    *(*"fr", "enter", "enter", "j", "enter", *"36", "enter", "j", "enter"),
)
"""Writes everything that the greeter's form wants."""


GREETING = Record(
    (
        Field("text", Primitive("string")),
        Field("mood", EnumOf(("cheerful", "formal"))),
        Field("wishes", FlagsOf(("health", "wealth", "long-life"))),
        Field("lengths", ListOf(Primitive("u32"))),
    )
)


def calling(*keys, component="greeter", until=None):
    """Open the screen of a component and press keys, each one when the one before has been drawn."""

    async def run(pilot):
        await connected(pilot)
        pilot.app.screen.table.select(component)
        await pilot.press("i")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, CallScreen) and pilot.app.screen.interface)
        await after(*keys, until=until)(pilot)
        for field in pilot.app.screen.query("Input"):
            field.cursor_blink = False
        pilot.app.clear_notifications()
        await pilot.pause()

    return run


def answered(app):
    return app.screen.answer is not None


@SIZES
def test_call_blank(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=calling(component="counter"))


@SIZES
def test_call_form_rich(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=calling(*RICH))


@BOTH
def test_call_form_rich_themes(snap_compare, theme, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_THEME", theme)
    assert snap_compare(desk(), terminal_size=LARGE, run_before=calling(*RICH, "ctrl+enter", until=answered))


@SIZES
def test_call_error_beside_field(snap_compare, size):
    keys = ("enter", "down", "j", "j", "j", "enter", "j", "enter", *"four hundred", "enter")
    assert snap_compare(desk(), terminal_size=size, run_before=calling(*keys))


@SIZES
def test_call_result_record(snap_compare, size):
    runtime = scenes.mixed()
    found = {"text": "Good day, Dr Ada!", "mood": "formal", "wishes": ["health", "long-life"], "lengths": [4, 3, 2, 4]}
    whole, known = runtime.play_call, runtime.play_interface
    function = Function("increment", (Param("by", Primitive("u32")),), GREETING)

    def answer(*asked, **named):
        return msgspec.structs.replace(whole(*asked, **named), result=msgspec.json.encode(found).decode())

    def interface(component):
        return msgspec.structs.replace(known(component), interface=Interface(exports=(function,)))

    runtime.play_call, runtime.play_interface = answer, interface
    keys = ("enter", "enter", *"7", "enter", "enter")
    assert snap_compare(
        desk(runtime), terminal_size=size, run_before=calling(*keys, component="counter", until=answered)
    )


@SIZES
def test_call_failed(snap_compare, size):
    keys = ("j", "c", "c")
    run = calling(*keys, component="crasher", until=answered)
    assert snap_compare(desk(), terminal_size=size, run_before=run)


@SIZES
def test_call_checks_failed(snap_compare, size):
    runtime = scenes.mixed()
    for name, by in (("adds one", "[1]"), ("adds a lot", "[4294967295]")):
        runtime.save_check("counter", name, "increment", by).result(0)
    kept = next(check for check in runtime.desk.checks("counter") if check.name == "adds one")
    runtime.desk.put("counter", msgspec.structs.replace(kept, result="2"))
    run = calling("v", component="counter", until=lambda app: app.screen.outcomes)
    assert snap_compare(desk(runtime), terminal_size=size, run_before=run)


@SIZES
def test_call_readonly(snap_compare, size):
    assert snap_compare(desk(readonly=True), terminal_size=size, run_before=calling())


def test_call_narrow_and_tall(snap_compare):
    run = calling("enter", "enter", *"7", "enter", "c", component="counter", until=answered)
    assert snap_compare(desk(), terminal_size=(50, 30), run_before=run)


def test_call_writing(snap_compare):
    assert snap_compare(desk(), terminal_size=USUAL, run_before=calling("enter", "enter", *"Ada"))


def test_call_history(snap_compare):
    keys = ("enter", "enter", *"7", "enter", "c", "k", "enter", *"0", "enter", "c", "tab", "tab", "j")
    assert snap_compare(desk(), terminal_size=USUAL, run_before=calling(*keys, component="counter", until=answered))


def test_call_keep_check(snap_compare):
    keys = ("enter", "enter", *"7", "enter", "c", "S", *"seven")
    run = calling(*keys, component="counter", until=lambda app: isinstance(app.screen, Prompt))
    assert snap_compare(desk(), terminal_size=USUAL, run_before=run)


def test_call_held_resource(snap_compare):
    async def run(pilot):
        await calling("enter", "enter", *"7", "enter", "c", component="counter", until=answered)(pilot)
        pilot.app.screen.handles = (OpenHandle(7, sanitise("box"), 2, 0.0), OpenHandle(9, sanitise("cursor"), 2, 0.0))
        await after("x", until=lambda app: isinstance(app.screen, Prompt))(pilot)
        for field in pilot.app.screen.query("Input"):
            field.cursor_blink = False
        await pilot.pause()

    assert snap_compare(desk(), terminal_size=USUAL, run_before=run)


def test_call_without_colours(snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(desk(), terminal_size=USUAL, run_before=calling(*RICH))


def test_call_in_ascii(snap_compare, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_ASCII", "1")
    assert snap_compare(desk(), terminal_size=USUAL, run_before=calling(*RICH))


def test_call_in_high_contrast(snap_compare, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_THEME", "airssys-contrast")
    assert snap_compare(desk(), terminal_size=USUAL, run_before=calling(*RICH))


def test_call_help(snap_compare):
    assert snap_compare(desk(), terminal_size=LARGE, run_before=calling("question_mark"))
