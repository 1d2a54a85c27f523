"""What the actions about traces do, from every screen that has them."""

from __future__ import annotations

from airssys_tui.tui.screens.calling.call_screen import CallScreen
from airssys_tui.tui.screens.detail import DetailScreen
from airssys_tui.tui.screens.meter import MeterScreen
from airssys_tui.tui.screens.meters import MetersScreen
from airssys_tui.tui.screens.traces import TracesScreen
from airssys_tui.tui.screens.versions import VersionsScreen
from tests.support.exercises.call import increments
from tests.support.screens import shows


async def opens_the_traces(desk):
    for keys, kind in (("", None), ("enter", DetailScreen), ("v", VersionsScreen), ("m", MeterScreen)):
        if keys:
            await desk.press(keys)
            await desk.on(kind)
        await shows_the_traces(desk)
        if keys:
            await desk.on(kind)
            await desk.press("escape")
    await desk.press("2")
    await desk.on(MetersScreen)
    await shows_the_traces(desk)
    await desk.press("1")
    await increments(desk)
    await desk.press("t")
    await desk.on(TracesScreen)
    await shows(desk.pilot, "check the total")
    await desk.press("escape")
    await desk.on(CallScreen)


async def shows_the_traces(desk):
    await desk.press("t")
    await desk.on(TracesScreen)
    await shows(desk.pilot, "counter › traces", "4 calls, newest first", "1 failed", "increment", "check the total")  # noqa: RUF001
    assert desk.screen.target == "counter"
    await desk.press("escape")
    await desk.until(lambda: not isinstance(desk.screen, TracesScreen))


async def goes_into_the_steps(desk):
    await desk.press("t")
    await desk.on(TracesScreen)
    await desk.until(lambda: desk.screen.traces)
    for key in ("enter", "tab", "right"):
        assert desk.screen.table is not None
        await desk.press(key)
        assert desk.screen.pane == "steps"
        assert desk.screen.table is None
        await desk.press("escape")
        await desk.on(TracesScreen)
        assert desk.screen.pane == "traces"
    await desk.press("j", "tab", "tab")
    assert desk.screen.pane == "traces"
    await shows(desk.pilot, "error: the storage is full")


TRACES = {"look.traces": opens_the_traces, "trace.steps": goes_into_the_steps}
