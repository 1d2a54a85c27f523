"""Calling by hand with hostile names, documents, results and errors: nothing raw on the terminal, no markup read."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from textual.widgets import Input

from airssys_tui.api.played import scenes
from airssys_tui.api.views.calling import Check, CheckOutcome, InterfaceView, OpenHandle
from airssys_tui.api.views.runtime import CallReport
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.types.interface import (
    Case,
    EnumOf,
    Field,
    FlagsOf,
    Function,
    Interface,
    InterfaceType,
    ListOf,
    OptionOf,
    Param,
    Primitive,
    Record,
    ResultOf,
    VariantOf,
)
from airssys_tui.tui.screens.calling.call_screen import CallScreen
from tests.support.hostile import NASTY, lying, offenders, played
from tests.support.screens import connected, desk, wait_until

STRING = Primitive("string")

KEYS = ("enter", "j", *"a[/b]", "enter", "enter", "left", "down", "enter", "down", "enter", "enter", "down", "plus")
KEYS += (*"[x", "enter", "up", "delete", "ctrl+enter")
"""Writes, chooses, adds, takes away, and tries to send what does not fit."""

CALLED = ("c", "c", "tab", "j", "y", "e", "S", *"[/f]", "escape", "v", "x", "escape")
"""Calls what takes nothing, and does everything that can be done with a call."""


def told(text: str) -> str:
    """Text as JSON can have it."""
    return text.encode(errors="replace").decode()


def function(text: str) -> Function:
    """A function whose names are all the worst."""
    inside = Record(
        (
            Field(text, STRING),
            Field("enum", EnumOf((text, "b"))),
            Field("flags", FlagsOf((text,))),
            Field("variant", VariantOf((Case(text, STRING), Case("b")))),
            Field("list", ListOf(STRING)),
            Field("option", OptionOf(Primitive("u8"))),
        )
    )
    return Function(text, (Param(text, inside),), ResultOf(Record((Field(text, STRING),)), STRING))


def speaking(text: str, *, fails: bool = False):
    """A runtime whose component has that interface, and answers, fails, and holds resources by the same words."""
    runtime, name = played(text), told(text)
    path = f"{name}#{name}"
    interface = Interface(exports=(InterfaceType(name, (function(name),)), Function(name, ())))

    def call(_component, export, _arguments, *, force):
        assert not force
        if fails:
            raise AirssysError(text, remedy=text)
        result = msgspec.json.encode({"ok": {told(text): told(text)}}).decode()
        return CallReport(export=export, result=result, fuel=1, seconds=0.0, revision=1)

    check = Check(name=text, export=path, arguments="[]", result=text, revision=1, at=0.0)
    outcomes = (
        CheckOutcome(check=check, passed=False, error=lying(text)),
        CheckOutcome(check=check, passed=True, result=text),
    )
    runtime.play_call = call
    runtime.play_interface = lambda component: InterfaceView(
        component=component, revision=1, interface=interface, docs={path: lying(text), name: lying(text)}
    )
    runtime.open_handles = lambda _: runtime.answer(lambda: (OpenHandle(7, lying(text), 1, 0.0),))
    runtime.verify = lambda _: runtime.answer(lambda: outcomes)
    return runtime


async def walk(text: str, *, fails: bool, size: tuple[int, int] = (100, 40)) -> None:
    app = desk(speaking(text, fails=fails))
    async with app.run_test(size=size, notifications=True) as pilot:
        await connected(pilot)
        await pilot.press("i")
        await wait_until(pilot, lambda: isinstance(app.screen, CallScreen) and app.screen.interface is not None)
        screen, seen = app.screen, offenders(app)
        seen |= await pressed(pilot, KEYS)
        screen.go_to("exports")
        assert screen.table.select(told(text))
        seen |= await pressed(pilot, CALLED)
        await wait_until(pilot, lambda: screen.answer is not None and screen.outcomes is not None)
        assert seen | offenders(app) == set()


async def pressed(pilot, keys: tuple[str, ...]) -> set[str]:
    seen: set[str] = set()
    for key in keys:
        await pilot.press(key)
        seen |= offenders(pilot.app)
    return seen


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(NASTY)
def test_nothing_raw_reaches_the_terminal(text):
    asyncio.run(walk(text, fails=False))


@pytest.mark.parametrize("size", [(40, 15), (80, 24)], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("fails", [False, True], ids=["answers", "fails"])
async def test_the_worst_we_know(fails, size):
    await walk(scenes.HOSTILE, fails=fails, size=size)


async def test_what_is_pasted_into_an_argument_is_harmless():
    app = desk()
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        app.screen.table.select("greeter")
        await pilot.press("i")
        await wait_until(pilot, lambda: isinstance(app.screen, CallScreen) and app.screen.interface is not None)
        await pilot.press("enter", "enter")
        app.screen.query_one(Input).insert_text_at_cursor("a\x1b[2J\u202e[/foo]b")
        await pilot.press("enter")
        await pilot.pause()
        assert offenders(app) == set()
