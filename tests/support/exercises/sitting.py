"""One application with its pilot and its runtime, as exercises of actions use it."""

from __future__ import annotations

from airssys_tui.tui.dialogs.modal import Choice
from tests.support.screens import wait_until


class Sitting:
    """A test at the desk: the application, its pilot and the runtime it plays with."""

    def __init__(self, pilot, runtime, place=None):
        self.pilot, self.app, self.runtime = pilot, pilot.app, runtime
        self.place = place

    @property
    def screen(self):
        return self.app.screen

    async def press(self, *keys):
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, predicate):
        await wait_until(self.pilot, predicate)

    async def on(self, kind):
        await self.until(lambda: isinstance(self.screen, kind))

    async def select(self, component):
        self.screen.table.select(component)
        await self.pilot.pause()

    async def carried_out(self, command):
        await self.until(lambda: command in self.runtime.commands)

    async def answer_yes(self):
        assert isinstance(self.app.focused, Choice)
        assert self.app.focused.id == "cancel"
        await self.press("right", "enter")
