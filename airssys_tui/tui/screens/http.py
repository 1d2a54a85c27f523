"""HTTP: where requests come in, the routes with their figures, and the last requests of one; each opens its trace."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from textual import on
from textual.containers import Container
from textual.widget import Widget

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.http import MOST_REQUESTS, HttpView, RequestView, RouteView
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing import request_lines
from airssys_tui.tui.drawing.lines import Line, Span, safe, wrap
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.polled import PolledScreen
from airssys_tui.tui.screens.traces import TracesScreen
from airssys_tui.tui.state.feed import Change
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.line_pane import LinePane
from airssys_tui.tui.widgets.table import LineTable

PANES: Final = ("routes", "requests")

TALL: Final = 20
"""From this height on both panes are shown at once; in lower terminals only one of them."""

NO_ROUTE: Final = "no route"
"""The key of the row for what no route covers."""


class HttpScreen(PolledScreen):
    """The routes of all components."""

    view: ClassVar[View] = View.HTTP
    EVERY: ClassVar[float] = 1.0
    AUTO_FOCUS = "LineTable"

    def __init__(self, session: Session, operations: Operations) -> None:
        super().__init__(session, operations, "")
        self.seen = HttpView()
        self.pane = "routes"
        self._routes: Mapping[str, RouteView] = {}
        self._requests: Mapping[str, RequestView] = {}
        self._wanted = ""
        self._crumbs = LinePane(id="crumbs")
        self._of_routes = LineTable(self._route_row, request_lines.route_head, id="routes")
        self._of_requests = LineTable(self._request_row, request_lines.request_head, id="requests")
        self._both = Container(self._of_routes, self._of_requests, id="serving")
        self._panes: dict[str, LineTable] = dict(zip(PANES, (self._of_routes, self._of_requests), strict=True))
        for name, widget in self._panes.items():
            widget.border_title = name
        self._of_routes.add_class("here")

    @property
    def table(self) -> LineTable:
        """The list with the focus."""
        return self._panes[self.pane]

    @property
    def route(self) -> RouteView | None:
        """The selected route."""
        return self._routes.get(self._of_routes.key or "")

    @property
    def request(self) -> RequestView | None:
        """The selected request."""
        return self._requests.get(self._of_requests.key or "")

    @property
    def target(self) -> str | None:
        """The component of the selected route."""
        return self.route.component if self.route is not None else None

    def body(self) -> Iterator[Widget]:
        """Yield the routes, and the requests of one."""
        yield self._crumbs
        yield self._both

    async def fetch(self, api: RuntimeApi) -> None:
        """Ask for routes and requests."""
        self.seen = await asyncio.wrap_future(api.http("", MOST_REQUESTS))
        self._routes = {f"{each.component} {each.route}": each for each in self.seen.routes}

    def turn_to(self, component: str) -> None:
        """Select the first route of a component."""
        self._wanted = component
        self.draw(None)

    def go_to(self, pane: str) -> None:
        """Give the focus to the other pane."""
        self.pane = pane
        for name, widget in self._panes.items():
            widget.set_class(name == pane, "here")
        self._lay_out()
        self.set_focus(self._panes[pane])
        self.call_after_refresh(self.draw, None)

    def _lay_out(self) -> None:
        both = self.size.height >= TALL
        for name, widget in self._panes.items():
            widget.display = both or self.pane == name

    def draw(self, change: Change | None) -> None:  # noqa: ARG002 - the requests have a request of their own
        """Redraw both lists."""
        if not self.is_whole:
            return
        self._lay_out()
        glyphs = self.session.glyphs
        line = list(request_lines.summary(self.seen, self.view.heading, glyphs, self.size.width))
        if self.trouble and self._routes:
            line.append(Span(f"  {safe(self.trouble, glyphs)}", "warn"))
        self._crumbs.show([tuple(line)])
        keys = list(self._routes)
        self._of_routes.show([*keys, NO_ROUTE] if keys and self.seen.unrouted else keys, empty=self._nothing())
        if self._wanted:
            first = next((key for key, each in self._routes.items() if each.component == self._wanted), None)
            if first is not None:
                self._of_routes.select(first)
                self._wanted = ""
        self._draw_requests()

    def _draw_requests(self) -> None:
        route = self.route
        asked = (route.component, route.route) if route is not None else ("", "")
        shown = [each for each in self.seen.requests if (each.component, each.route) == asked]
        self._requests = {each.id: each for each in shown}
        self._of_requests.show(list(self._requests), empty=((Span("  no requests yet", "quiet"),),))

    def _nothing(self) -> tuple[Line, ...]:
        glyphs = self.session.glyphs
        said: tuple[str, ...] = (f"loading{glyphs.ellipsis}",)
        if self.trouble:
            said = (self.trouble,)
        elif self.answered:
            said = NOTHING
            if not self.seen.listeners:
                said = (*said, LISTEN)
            said = (*said, *(f"{name} answers requests and has no route." for name in self.seen.without_route))
        tone = "warn" if self.trouble else "quiet"
        width = max(20, self._of_routes.room - 4)
        return tuple((Span(f"  {row}", tone),) for text in said for row in wrap(safe(text, glyphs), width))

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
        if message.table is self._of_routes:
            self._draw_requests()

    @on(LineTable.Opened)
    def _opened(self, message: LineTable.Opened) -> None:
        message.stop()
        self.pane = "routes" if message.table is self._of_routes else "requests"
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
        self.go_to("requests" if self.pane == "routes" else "routes")

    def action_back(self) -> None:
        """Leave the requests, then the screen."""
        if self.pane == "requests":
            self.go_to("routes")
        else:
            super().action_back()

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
