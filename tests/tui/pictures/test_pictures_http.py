"""Pictures of requests over HTTP: the routes, the requests of one, and one as a trace."""

from __future__ import annotations

import msgspec
import pytest

from airssys_tui.api.played import http, scenes
from airssys_tui.api.views.http import HostReason, HttpView, ListenerView
from airssys_tui.core.text import GuestText
from airssys_tui.tui.screens.polled import PolledScreen
from tests.support.pictures import SIZES, SMALL, USUAL
from tests.support.screens import after, desk


def told(app):
    return isinstance(app.screen, PolledScreen) and app.screen.answered


def routes(*keys):
    """Open the routes, once they are there, and press keys."""

    async def run(pilot):
        await after("7", until=told)(pilot)
        await after(*keys, until=told)(pilot)

    return run


@SIZES
def test_http(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=routes())


@SIZES
def test_http_requests(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=routes("j", "j", "enter", "j"))


@pytest.mark.parametrize("size", [SMALL, USUAL], ids="{0[0]}x{0[1]}".format)
def test_http_request_as_trace(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=routes("j", "j", "enter", "j", "j", "enter", "tab"))


@pytest.mark.parametrize("size", [SMALL, USUAL], ids="{0[0]}x{0[1]}".format)
def test_http_without_routes(snap_compare, size, monkeypatch):
    monkeypatch.setattr(http, "http", lambda *_: HttpView(without_route=("hello",)))
    assert snap_compare(desk(), terminal_size=size, run_before=routes())


def test_http_address_in_use(snap_compare, monkeypatch):
    made, failed = http.http, ListenerView("0.0.0.0:80", GuestText("Permission denied"))
    monkeypatch.setattr(
        http,
        "http",
        lambda *given: msgspec.structs.replace(made(*given), listeners=(ListenerView(http.ADDRESS), failed)),
    )
    assert snap_compare(desk(), terminal_size=USUAL, run_before=routes())


@pytest.mark.parametrize("theme", ["airssys-light", "airssys-contrast"])
def test_http_themes(snap_compare, theme, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_THEME", theme)
    assert snap_compare(desk(), terminal_size=USUAL, run_before=routes("tab"))


@SIZES
def test_http_without_colours(snap_compare, size, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(desk(), terminal_size=size, run_before=routes("tab"))


def test_http_ascii(snap_compare, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_ASCII", "1")
    assert snap_compare(desk(), terminal_size=USUAL, run_before=routes())


def test_http_hostile(snap_compare, monkeypatch):
    made = http.http(scenes.mixed().snapshot().components, scenes.NOON, "", 100)
    bad = "/\x1b[2J\x1b]0;x\x07[/foo]\u202e" + "x" * 600
    request = msgspec.structs.replace(
        made.requests[0], target=bad, method="G\x1bET", detail=bad, reason=HostReason.TRAP
    )
    route = msgspec.structs.replace(made.routes[0], route=bad)
    view = HttpView(
        listeners=made.listeners,
        routes=(route,),
        requests=(msgspec.structs.replace(request, component="counter", route=bad),),
    )
    monkeypatch.setattr(http, "http", lambda *_: view)
    assert snap_compare(desk(), terminal_size=USUAL, run_before=routes())
