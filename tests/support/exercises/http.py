"""What the actions of the HTTP screen do."""

from __future__ import annotations

from airssys_tui.tui.screens.http import HttpScreen
from airssys_tui.tui.screens.traces import TracesScreen
from tests.support.screens import shows


async def opens_http(desk):
    await desk.press("7")
    await desk.on(HttpScreen)
    await shows(desk.pilot, "http://127.0.0.1:8080", "/hello/*", "answered by greeter", "212 without a route")
    await desk.press("escape")
    await desk.until(lambda: not isinstance(desk.screen, HttpScreen))


async def routes(desk):
    await desk.press("7")
    await desk.on(HttpScreen)
    await desk.until(lambda: desk.screen.route)


async def opens_a_request(desk):
    await routes(desk)
    assert desk.screen.target == "counter"
    await desk.press("j", "j")
    assert desk.screen.target == "greeter"
    for key in ("enter", "right"):
        await desk.press(key)
        assert desk.screen.pane == "requests"
        await desk.press("g", "j", "j")
        await desk.until(lambda: desk.screen.request.status == 502)
        id_ = desk.screen.request.id
        await desk.press(key)
        await desk.on(TracesScreen)
        await shows(desk.pilot, "greeter › traces", "trap: unreachable", id_[:8])  # noqa: RUF001
        await desk.press("escape")
        await desk.on(HttpScreen)
        await desk.press("escape")
        assert desk.screen.pane == "routes"
    await desk.press("G", "enter")
    await shows(desk.pilot, "no-route")
    await desk.press("enter")
    await shows(desk.pilot, "no component answered this request")


async def switches_the_list(desk):
    await routes(desk)
    for key in ("tab", "left"):
        await desk.press(key)
        assert desk.screen.pane == "requests"
        await desk.press(key)
        assert desk.screen.pane == "routes"


HTTP = {"go.http": opens_http, "http.open": opens_a_request, "http.pane": switches_the_list}
