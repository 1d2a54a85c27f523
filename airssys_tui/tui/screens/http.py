"""HTTP: where requests come in, the routes with their figures, and the last requests of one; each opens its trace."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import ClassVar, Final

from textual import on

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.http import MOST_REQUESTS, HttpView, RequestView, RouteView
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing import request_lines
from airssys_tui.tui.drawing.lines import Line, Span, safe
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.traces import TracesScreen
from airssys_tui.tui.screens.two_panes import TwoPaneScreen
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.table import LineTable

TITLES: Final = {"routes": "routes", "requests": "requests"}
"""Titles of the panes."""

NO_ROUTE: Final = "no route"
"""The key of the row for what no route covers."""


class HttpScreen(TwoPaneScreen):
    """The routes of all components."""

    view: ClassVar[View] = View.HTTP

    def __init__(self, session: Session, operations: Operations) -> None:
        super().__init__(session, operations, "")
        self.seen = HttpView()
        self._routes: Mapping[str, RouteView] = {}
        self._requests: Mapping[str, RequestView] = {}
        self._wanted = ""
        self._of_requests = LineTable(self._request_row, request_lines.request_head, id="requests")
        routes = LineTable(self._route_row, request_lines.route_head, id="routes")
        self.place_panes(routes, self._of_requests, "serving", TITLES)

    @property
    def route(self) -> RouteView | None:
        """The selected route."""
        return self._routes.get(self.first.key or "")

    @property
    def request(self) -> RequestView | None:
        """The selected request."""
        return self._requests.get(self._of_requests.key or "")

    @property
    def target(self) -> str | None:
        """The component of the selected route."""
        return self.route.component if self.route is not None else None

    async def fetch(self, api: RuntimeApi) -> None:
        """Ask for routes and requests."""
        self.seen = await asyncio.wrap_future(api.http("", MOST_REQUESTS))
        self._routes = {f"{each.component} {each.route}": each for each in self.seen.routes}

    def turn_to(self, component: str) -> None:
        """Select the first route of a component."""
        self._wanted = component
        self.draw(None)

    def draw_panes(self) -> None:
        """Draw both lists."""
        glyphs = self.session.glyphs
        line = list(request_lines.summary(self.seen, self.view.heading, glyphs, self.size.width))
        if self.trouble and self._routes:
            line.append(Span(f"  {safe(self.trouble, glyphs)}", "warn"))
        self.crumbs.show([tuple(line)])
        keys = list(self._routes)
        self.first.show([*keys, NO_ROUTE] if keys and self.seen.unrouted else keys, empty=self._nothing())
        if self._wanted:
            first = next((key for key, each in self._routes.items() if each.component == self._wanted), None)
            if first is not None:
                self.first.select(first)
                self._wanted = ""
        self._draw_requests()

    def _draw_requests(self) -> None:
        route = self.route
        asked = (route.component, route.route) if route is not None else ("", "")
        shown = [each for each in self.seen.requests if (each.component, each.route) == asked]
        self._requests = {each.id: each for each in shown}
        self._of_requests.show(list(self._requests), empty=((Span("  no requests yet", "quiet"),),))

    def _nothing(self) -> tuple[Line, ...]:
        listen = () if self.seen.listeners else (LISTEN,)
        unrouted = (f"{name} answers requests and has no route." for name in self.seen.without_route)
        return self.empty_lines((*NOTHING, *listen, *unrouted))

    def _route_row(self, key: str, width: int, chosen: bool) -> Line:
        route = self._routes.get(key)
        if route is not None:
            return request_lines.route_row(route, self.session.glyphs, width, chosen=chosen)
        pointer = self.session.glyphs.pointer if chosen else " "
        requests = "request" if self.seen.unrouted == 1 else "requests"
        return (Span(pointer, "accent"), Span(f" {self.seen.unrouted} {requests} without a route", "quiet"))

    def _request_row(self, key: str, width: int, chosen: bool) -> Line:
        request = self._requests.get(key)
        if request is None:
            return ()
        return request_lines.request_row(request, self.session.glyphs, width, chosen=chosen)

    @on(LineTable.Moved)
    def _moved(self, message: LineTable.Moved) -> None:
        message.stop()
        if message.table is self.first:
            self._draw_requests()

    @on(LineTable.Opened)
    def _opened(self, message: LineTable.Opened) -> None:
        message.stop()
        self.pane = str(message.table.id)
        self.action_open_request()

    def action_open_request(self) -> None:
        """Go to the requests of the selected route, or open the trace of the selected request."""
        if self.pane == "routes":
            self.go_to("requests")
            return
        request = self.request
        if request is None:
            self.operations.say("no request is selected", severity="warning")
        elif not request.component:
            self.operations.say("no component answered this request", severity="warning")
        else:
            traces = TracesScreen(self.session, self.operations, request.component, trace=request.id)
            self.app.push_screen(traces)

    def action_switch_pane(self) -> None:
        """Go to the other list."""
        self.switch_pane()

    def action_copy(self) -> None:
        """Copy the selected route, or the id of the selected request."""
        if self.pane == "routes" and self.route is not None:
            self.copy(self.route.route, "route")
        elif self.pane == "requests" and self.request is not None:
            self.copy(self.request.id, "id")


NOTHING: Final = (
    "No component has a route.",
    'A component that exports wasi:http/incoming-handler claims routes = ["/*"] under [http] of its manifest.',
)

LISTEN: Final = 'Requests come in where listen = "127.0.0.1:8080" under [http] of airssys.toml says, or run --http.'
