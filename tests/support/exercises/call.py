"""What the actions of the call screen do: forms, calls, the history, checks."""

from __future__ import annotations

import json

from textual.widgets import Input

from airssys_tui.api.views.calling import OpenHandle
from airssys_tui.tui.dialogs.prompt import Prompt
from airssys_tui.tui.screens.calling.call_screen import CallScreen
from tests.support.screens import shows, text_of


async def calling(desk, component="counter"):
    await desk.select(component)
    await desk.press("i")
    await desk.on(CallScreen)
    await desk.until(lambda: desk.screen.table.keys)


async def in_the_form(desk, component="greeter"):
    await calling(desk, component)
    await desk.press("enter")
    await desk.until(lambda: desk.screen.pane == "form")


async def made(desk, number=1):
    await desk.until(lambda: len(desk.screen.session.calls.of(desk.screen.component)) == number)
    return desk.screen.session.calls.of(desk.screen.component)[0]


async def increments(desk, by="5"):
    await calling(desk)
    await desk.press("enter", "enter", *by, "enter", "c")
    return await made(desk)


async def opens_the_interface(desk):
    await calling(desk)
    await shows(desk.pilot, "interface and call", "increment: func(by: u32) -> u32", "no calls yet")
    await desk.press("escape")
    await desk.until(lambda: not isinstance(desk.screen, CallScreen))


async def writes_and_chooses(desk):
    await in_the_form(desk)
    await desk.press("enter")
    assert isinstance(desk.app.focused, Input)
    await desk.press(*"Ada", "enter")
    await shows(desk.pilot, "Ada")
    await desk.press("enter")
    await shows(desk.pilot, "< cheerful >")
    await desk.press("left")
    await shows(desk.pilot, "< plain >")
    await desk.press("left")
    await shows(desk.pilot, "< formal >")


async def goes_back_to_the_exports(desk):
    await in_the_form(desk)
    await desk.press("left")
    assert desk.screen.pane == "exports"


async def adds_items(desk):
    await in_the_form(desk)
    await desk.press("down", "down", "down", "plus", *"en", "enter", "up", "up", "a", *"+1")
    await shows(desk.pilot, "2 items", "en", "[1]", "+1")


async def takes_items_away(desk):
    await in_the_form(desk)
    await desk.press("down", "down", "down", "plus", "up", "plus", "delete")
    await shows(desk.pilot, "1 item ")
    await desk.press("delete")
    await shows(desk.pilot, "0 items")


async def goes_through_the_panes(desk):
    await calling(desk)
    panes = []
    for _ in range(4):
        await desk.press("tab")
        panes.append(desk.screen.pane)
    assert panes == ["form", "answer", "history", "exports"]


async def goes_back_through_the_panes(desk):
    await calling(desk)
    await desk.press("shift+tab")
    assert desk.screen.pane == "history"


async def makes_a_call(desk):
    call = await increments(desk)
    assert (call.export, json.loads(call.arguments), call.report.result) == ("increment", [5], "5")
    await shows(desk.pilot, "fuel", "increment[5]")


async def makes_a_call_from_the_text(desk):
    await calling(desk)
    await desk.press("enter", *"12", "ctrl+enter")
    assert json.loads((await made(desk)).arguments) == [12]


async def edits_a_call(desk):
    await increments(desk)
    await desk.press("escape", "e")
    assert desk.screen.pane == "form"
    await desk.press("enter", "7", "enter", "c")
    assert json.loads((await made(desk, 2)).arguments) == [57]


async def calls_again(desk):
    await increments(desk)
    await desk.press("r")
    assert json.loads((await made(desk, 2)).arguments) == [5]


async def keeps_a_check(desk):
    await increments(desk)
    await desk.press("S")
    await desk.on(Prompt)
    await desk.press(*"up", "enter")
    await desk.until(lambda: desk.runtime.desk.checks("counter"))
    assert desk.runtime.desk.checks("counter")[0].name == "up"


async def replays_the_checks(desk):
    await keeps_a_check(desk)
    await desk.on(CallScreen)
    await desk.press("v")
    await shows(desk.pilot, "passed  up increment[5]", "1 of 1 checks passed")


async def lets_a_resource_go(desk):
    await calling(desk)
    await desk.press("x")
    await shows(desk.pilot, "no handle is open")
    desk.screen.handles = (OpenHandle(7, "box", 2, 0.0),)
    await desk.press("x")
    await desk.on(Prompt)
    assert "handle 7: box" in text_of(desk.app)
    await desk.press("enter")
    await shows(desk.pilot, "bad argument")


CALLS = {
    "look.interface": opens_the_interface,
    "call.open": writes_and_chooses,
    "call.before": goes_back_to_the_exports,
    "call.add": adds_items,
    "call.remove": takes_items_away,
    "call.next-pane": goes_through_the_panes,
    "call.pane-before": goes_back_through_the_panes,
    "call.edit": edits_a_call,
    "call.make": makes_a_call,
    "call.send": makes_a_call_from_the_text,
    "call.again": calls_again,
    "call.save": keeps_a_check,
    "call.verify": replays_the_checks,
    "call.close-handle": lets_a_resource_go,
}
