"""Traces: the last calls of a component that reported steps, and one of them as a tree."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import ClassVar, Final

from textual import on

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.tracing import TraceView
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing import trace_lines
from airssys_tui.tui.drawing.lines import Line, Span, crumbs, safe
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.two_panes import TwoPaneScreen
from airssys_tui.tui.state.call_log import MadeCall
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.pager import Pager
from airssys_tui.tui.widgets.table import LineTable

TITLES: Final = {"traces": "calls", "steps": "steps"}
"""Titles of the panes."""

NOTHING: Final = (
    "No call has reported steps yet.",
    "A component reports them through airssys:core-host/tracing; the last 64 calls are kept.",
)


class TracesScreen(TwoPaneScreen):
    """The traces of one component.

    Args:
        component: Text form of its identity.
        call: The call to select at first; without one, the newest.
        trace: The id of the trace to select at first, which may be that of a request over HTTP.
    """

    view: ClassVar[View] = View.TRACES

    def __init__(
        self,
        session: Session,
        operations: Operations,
        component: str,
        call: MadeCall | None = None,
        trace: str = "",
    ) -> None:
        super().__init__(session, operations, component)
        self.traces: Mapping[str, TraceView] = {}
        self._asked_for = call
        self._of_request = trace
        self._kept: TraceView | None = None
        self._steps = Pager(id="steps")
        self.place_panes(LineTable(self._row, trace_lines.list_head, id="traces"), self._steps, "tracing", TITLES)

    @property
    def trace(self) -> TraceView | None:
        """The selected call."""
        return self.traces.get(self.first.key or "")

    async def fetch(self, api: RuntimeApi) -> None:
        """Ask for the traces."""
        found = await asyncio.wrap_future(api.traces(self.component))
        self.traces = {trace.id: trace for trace in (*await self._request(api), *found)}

    async def _request(self, api: RuntimeApi) -> tuple[TraceView, ...]:
        """Return the request to select at first; it stays when the runtime has forgotten it."""
        if not self._of_request:
            return ()
        found = await asyncio.wrap_future(api.traces(self.component, self._of_request))
        self._kept = next(iter(found), self._kept)
        return () if self._kept is None else (self._kept,)

    def draw_panes(self) -> None:
        """Draw the calls, and the steps of the selected one."""
        self._draw_crumbs()
        self.first.show(list(self.traces), empty=self.empty_lines(NOTHING))
        self._choose()
        self._draw_steps()

    def _draw_crumbs(self) -> None:
        glyphs = self.session.glyphs
        line = list(crumbs(self.component, self.view.heading, glyphs))
        if self.trouble and self.traces:
            line.append(Span(f"  {safe(self.trouble, glyphs)}", "warn"))
        elif self.traces:
            failed = sum(trace.failed for trace in self.traces.values())
            count = len(self.traces)
            line.append(Span("  1 call" if count == 1 else f"  {count} calls, newest first", "quiet"))
            line += [Span(f"  {failed} failed", "bad")] if failed else []
        self.crumbs.show([tuple(line)])

    def _choose(self) -> None:
        """Select the requested call, once there is an answer."""
        made = self._asked_for
        if made is None or not self.answered:
            return
        self._asked_for = None
        found = trace_of(made, self.traces)
        if found is not None:
            self.first.select(found)
        else:
            self.operations.say("this call reported no steps", severity="warning")

    def _draw_steps(self) -> None:
        trace, glyphs = self.trace, self.session.glyphs
        self._steps.show_about(
            self.first.key,
            (trace, glyphs.ascii),
            lambda width: trace_lines.tree_lines(trace, glyphs, width) if trace is not None else [],
        )

    def _row(self, key: str, width: int, chosen: bool) -> Line:
        trace = self.traces.get(key)
        if trace is None:
            return ()
        return trace_lines.list_row(trace, self.session.sight.now, self.session.glyphs, width, chosen=chosen)

    @on(LineTable.Moved)
    def _moved(self, message: LineTable.Moved) -> None:
        message.stop()
        self._draw_steps()

    @on(LineTable.Opened)
    def _opened(self, message: LineTable.Opened) -> None:
        message.stop()
        self.go_to("steps")

    def action_steps(self) -> None:
        """Go into the steps, or back to the list."""
        self.switch_pane()

    def action_copy(self) -> None:
        """Copy the id of the selected trace."""
        if self.trace is not None:
            self.copy(self.trace.id, "trace")


def trace_of(made: MadeCall, traces: Mapping[str, TraceView]) -> str | None:
    """Return the trace of a call: the one its report names, or for a failed call the newest of its export."""
    if made.report is not None:
        return made.report.trace if made.report.trace in traces else None
    return next((id_ for id_, trace in traces.items() if trace.export == made.export and trace.at <= made.at), None)
