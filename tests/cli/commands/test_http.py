"""``http``: addresses, routes and requests as tables and as JSON."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from airssys_tui.api.played import scenes
from airssys_tui.api.views.http import HttpView, ListenerView
from airssys_tui.cli.commands import http
from airssys_tui.core.text import GuestText
from tests.support.command_line import Desk


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(_site: object, question: Callable[[Any], Future[Any]]) -> Any:
        return question(scenes.mixed()).result()

    monkeypatch.setattr(http, "ask", ask)


@pytest.mark.usefixtures("played")
def test_routes_are_told_with_their_figures(desk: Desk) -> None:
    lines = desk.run("http").out.splitlines()
    assert lines[0] == "http://127.0.0.1:8080"
    assert lines[1].split()[:4] == ["COMPONENT", "ROUTE", "REQ/S", "REQUESTS"]
    assert lines[2].split()[:3] == ["counter", "/count", "192"]
    assert "mailbox-full" in lines[2]
    assert lines[5].split()[:2] == ["pipeline/parse", "/hello/*"]
    assert lines[5].endswith("answered by greeter")
    assert lines[6] == "212 requests were malformed, or covered by no route"
    assert len(lines) == 7


@pytest.mark.usefixtures("played")
def test_requests_of_one_component_are_told_newest_first(desk: Desk) -> None:
    answer = desk.run("http", "greeter", "--requests", "3")
    lines = answer.out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["COMPONENT", "greeter"]
    rows = lines[-3:]
    assert all(" greeter " in row for row in rows)
    assert "502" in rows[2]
    assert "trap: unreachable" in rows[2]


@pytest.mark.usefixtures("played")
def test_json_has_everything(desk: Desk) -> None:
    found = desk.run("http", "counter", "--requests", "1", "--json").json
    assert [route["route"] for route in found["routes"]] == ["/count", "api.example.com/v1/counters/*"]
    assert len(found["routes"][0]["classes"]) == 5
    (request,) = found["requests"]
    assert (request["component"], request["method"], len(request["id"])) == ("counter", "POST", 32)
    assert "failed" not in request


@pytest.mark.usefixtures("played")
def test_more_requests_than_are_kept_are_refused(desk: Desk) -> None:
    answer = desk.run("http", "--requests", "1001")
    assert (answer.code, "from 0 to 1000" in answer.err) == (2, True)


def test_what_keeps_requests_out_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ask", lambda *_: HttpView(without_route=("shop",)))
    answer = desk.run("http")
    assert answer.out == "shop answers requests and has no route: set routes under [http] of its manifest\n"
    assert "requests come in nowhere" in answer.err
    assert "no component has a route" in answer.err
    busy = HttpView(listeners=(ListenerView("0.0.0.0:80", GuestText("Permission denied")),))
    monkeypatch.setattr(http, "ask", lambda *_: busy)
    assert desk.run("http").out == "http://0.0.0.0:80: not open: Permission denied\n"
