"""What the actions about recorded calls do, from the screens that have them."""

from __future__ import annotations

from airssys_tui.tui.screens.detail import DetailScreen
from airssys_tui.tui.screens.meter import MeterScreen
from airssys_tui.tui.screens.meters import MetersScreen
from airssys_tui.tui.screens.recordings import RecordingsScreen
from airssys_tui.tui.screens.traces import TracesScreen
from airssys_tui.tui.screens.versions import VersionsScreen
from tests.support.screens import shows


async def opens_the_recordings(desk):
    for keys, kind in (
        ("", None),
        ("enter", DetailScreen),
        ("v", VersionsScreen),
        ("m", MeterScreen),
        ("t", TracesScreen),
    ):
        if keys:
            await desk.press(keys)
            await desk.on(kind)
        await shows_nothing(desk)
        if keys:
            await desk.on(kind)
            await desk.press("escape")
    await desk.press("2")
    await desk.on(MetersScreen)
    await shows_nothing(desk)


async def shows_nothing(desk):
    await desk.press("a")
    await desk.on(RecordingsScreen)
    await shows(desk.pilot, "counter › recorded calls", "No call is recorded.", "record = 20")  # noqa: RUF001
    assert desk.screen.target == "counter"
    await desk.press("escape")
    await desk.until(lambda: not isinstance(desk.screen, RecordingsScreen))


async def goes_to_the_recordings(desk):
    await desk.select("greeter")
    await desk.press("a")
    await desk.on(RecordingsScreen)
    await shows(desk.pilot, "greeter › recorded calls", "4 of 20 calls", "greet", '["Zoë"]')  # noqa: RUF001


async def reads_a_call(desk):
    await goes_to_the_recordings(desk)
    for key in ("enter", "tab", "right"):
        await desk.press(key)
        assert desk.screen.pane == "recording"
        assert desk.screen.table is None
        await desk.press("escape")
        await desk.on(RecordingsScreen)
        assert desk.screen.pane == "recordings"
    await desk.press("j")
    await shows(desk.pilot, "unreachable: wasm", "Press v to run it again")


async def replays_a_call(desk):
    await goes_to_the_recordings(desk)
    await desk.press("v")
    await desk.until(lambda: "4" in desk.screen.replays)
    await shows(desk.pilot, "same, fuel 1.2k")
    await desk.press("j", "v")
    await desk.until(lambda: "3" in desk.screen.replays)
    await shows(desk.pilot, "differs, fuel 2.2k", "host call 2: other arguments", "replayed")


RECORDINGS = {
    "look.recordings": opens_the_recordings,
    "recording.read": reads_a_call,
    "recording.replay": replays_a_call,
}
