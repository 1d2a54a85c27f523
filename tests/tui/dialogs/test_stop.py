"""The question before a stop names what others would miss."""

from __future__ import annotations

from airssys_tui.api.commands import Stop
from airssys_tui.api.played import scenes
from airssys_tui.api.views.components import LinkView
from airssys_tui.tui.dialogs.modal import Confirm
from tests.support.exercises.sitting import Sitting
from tests.support.screens import connected, desk, shows


async def test_a_component_that_others_are_linked_to_is_not_stopped_without_a_question():
    runtime = scenes.mixed()
    link = LinkView(interface="demo:math/adder@1.0.0", consumer="greeter", provider="counter")
    runtime.get("greeter").change(links=(link,))
    async with desk(runtime).run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        sitting = Sitting(pilot, runtime)
        await sitting.select("counter")
        await sitting.press("x")
        await sitting.on(Confirm)
        await shows(pilot, "greeter is linked to counter for demo:math/adder@1.0.0.")
        assert Stop("counter") not in runtime.commands
        await sitting.answer_yes()
        await sitting.carried_out(Stop("counter"))
