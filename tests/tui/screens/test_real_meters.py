"""A real component's own measurements and the steps of its calls, on the screen of the runtime that runs it."""

from __future__ import annotations

from airssys_tui.tui.app import AirssysApp
from airssys_tui.tui.screens.calling.call_screen import CallScreen
from airssys_tui.tui.screens.meter import MeterScreen
from airssys_tui.tui.screens.traces import TracesScreen
from tests.support.places import SAMPLES
from tests.support.screens import connected, shows, text_of, wait_until
from tests.support.world import PATIENCE

TICKING = "[config]\ntick-ms = 20\n"


def sat_at(world):
    runtime = world.runtime
    return AirssysApp(lambda: runtime, folder=str(world.folder), refresh=0.1)


async def test_its_own_metrics_are_on_the_screen_of_meters_with_their_rate(world):
    world.put("clockwork", (SAMPLES / "clockwork" / "clockwork.wasm").read_bytes(), TICKING)
    world.open()
    app = sat_at(world)
    async with app.run_test(size=(120, 45)) as pilot:
        await connected(pilot)
        await wait_until(pilot, lambda: app.session.rows and app.screen.target == "clockwork")
        await pilot.press("m")
        await wait_until(pilot, lambda: isinstance(app.screen, MeterScreen))
        await shows(pilot, "its own metrics", "ticks", "tick_seconds", "summary", "counter")
        await wait_until(pilot, lambda: "/s" in text_of(app).rpartition("its own metrics")[2])


async def test_a_call_made_by_hand_is_read_step_by_step(world):
    world.put("clockwork", (SAMPLES / "clockwork" / "clockwork.wasm").read_bytes())
    world.open()
    app = sat_at(world)
    async with app.run_test(size=(120, 45)) as pilot:
        await connected(pilot)
        await wait_until(pilot, lambda: app.session.rows and app.screen.target == "clockwork")
        await pilot.press("i")
        await wait_until(pilot, lambda: isinstance(app.screen, CallScreen) and app.screen.table.keys)
        screen = app.screen
        screen.table.select("roll")
        await pilot.pause()
        await pilot.press("enter", "enter", "3", "enter", "enter", "6", "enter", "c")
        await wait_until(pilot, lambda: screen.session.calls.of("clockwork"))
        # Another call in between: the one made by hand is shown all the same.
        later = world.runtime.call("clockwork", "roll", "[9, 6]").result(PATIENCE)
        await pilot.press("t")
        await wait_until(pilot, lambda: isinstance(app.screen, TracesScreen) and app.screen.trace is not None)
        made = screen.session.calls.of("clockwork")[0].report
        await wait_until(pilot, lambda: app.screen.trace.id == made.trace)
        assert made.trace != later.trace
        await shows(pilot, "roll", "die 1", "die 2", "die 3", "side: ")
        assert "die 4" not in text_of(app)
        await pilot.press("g")
        await shows(pilot, "die 9")
