"""Traces: the last calls of a component that reported steps, and one of them as a tree."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from textual import on
from textual.containers import Container
from textual.widget import Widget

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.tracing import TraceView
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing import trace_lines
from airssys_tui.tui.drawing.lines import Line, Span, crumbs, safe, wrap
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.polled import PolledScreen
from airssys_tui.tui.state.call_log import MadeCall
from airssys_tui.tui.state.feed import Change
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.line_pane import LinePane
from airssys_tui.tui.widgets.pager import Pager
from airssys_tui.tui.widgets.table import LineTable

PANES: Final = ("traces", "steps")

TITLES: Final = {"traces": "calls", "steps": "steps"}
"""Titles of the panes."""

WIDE: Final = 110
"""From this width on the steps are next to the calls; in narrower terminals they are under them."""

TALL: Final = 20
"""From this height on both are shown at once; in lower terminals only one of them."""

NOTHING: Final = (
    "No call has reported steps yet.",
    "A component reports them through airssys:core-host/tracing; the last 64 calls are kept.",
)


class TracesScreen(PolledScreen):
    """The traces of one component.

    Args:
        component: Text form of its identity.
        call: The call to select at first; without one, the newest.
        trace: The id of the trace to select at first, which may be that of a request over HTTP.
    """

    view: ClassVar[View] = View.TRACES
    EVERY: ClassVar[float] = 1.0
    AUTO_FOCUS = "LineTable"

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
        self.pane = "traces"
        self._asked_for = call
        self._of_request = trace
        self._kept: TraceView | None = None
        self._drawn: tuple[object, ...] = ()
        self._crumbs = LinePane(id="crumbs")
        self._list = LineTable(self._row, trace_lines.list_head, id="traces")
        self._steps = Pager(id="steps")
        self._both = Container(self._list, self._steps, id="tracing")
        self._panes: dict[str, Widget] = dict(zip(PANES, (self._list, self._steps), strict=True))
        for name, widget in self._panes.items():
            widget.border_title = TITLES[name]
        self._list.add_class("here")

    @property
    def table(self) -> LineTable | None:
        """The list, while it has the focus."""
        return self._list if self.pane == "traces" else None

    @property
    def trace(self) -> TraceView | None:
        """The selected call."""
        return self.traces.get(self._list.key or "")

    def body(self) -> Iterator[Widget]:
        """Yield the calls and the steps of one."""
        yield self._crumbs
        yield self._both

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
        self._both.set_class(self.size.width < WIDE, "stacked")
        self._list.display = both or self.pane == "traces"
        self._steps.display = both or self.pane == "steps"

    def draw(self, change: Change | None) -> None:  # noqa: ARG002 - the traces have a request of their own
        """Redraw the calls, and the steps of the selected one."""
        if not self.is_whole:
            return
        self._lay_out()
        self._draw_crumbs()
        self._list.show(list(self.traces), empty=self._nothing())
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
        self._crumbs.show([tuple(line)])

    def _nothing(self) -> tuple[Line, ...]:
        glyphs = self.session.glyphs
        said: tuple[str, ...] = NOTHING if self.answered else (f"loading{glyphs.ellipsis}",)
        if self.trouble:
            said = (self.trouble,)
        tone = "warn" if self.trouble else "quiet"
        width = max(20, self._list.room - 4)
        return tuple((Span(f"  {row}", tone),) for text in said for row in wrap(safe(text, glyphs), width))

    def _choose(self) -> None:
        """Select the requested call, once there is an answer."""
        made = self._asked_for
        if made is None or not self.answered:
            return
        self._asked_for = None
        found = trace_of(made, self.traces)
        if found is not None:
            self._list.select(found)
        else:
            self.operations.say("this call reported no steps", severity="warning")

    def _draw_steps(self) -> None:
        glyphs, width, trace = self.session.glyphs, self._steps.room, self.trace
        if self._drawn == (trace, width, glyphs.ascii):
            return
        before = self._drawn[0] if self._drawn else None
        self._drawn = (trace, width, glyphs.ascii)
        self._steps.show(trace_lines.tree_lines(trace, glyphs, width) if trace is not None else [])
        if not isinstance(before, TraceView) or trace is None or before.id != trace.id:
            self._steps.scroll_to(y=0, animate=False, force=True, immediate=True)

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

    def step(self, rows: int) -> None:
        """Move in the list, or scroll the steps."""
        if self.table is not None:
            super().step(rows)
        else:
            self._steps.step(rows)

    def half_page(self) -> int:
        """Return half the height of the focused pane."""
        return super().half_page() if self.table is not None else max(1, self._steps.size.height // 2)

    def action_steps(self) -> None:
        """Go into the steps, or back to the list."""
        self.go_to("steps" if self.pane == "traces" else "traces")

    def action_back(self) -> None:
        """Leave the steps, then the screen."""
        if self.pane == "steps":
            self.go_to("traces")
        else:
            super().action_back()

    def action_copy(self) -> None:
        """Copy the id of the selected trace."""
        if self.trace is not None:
            self.copy(self.trace.id, "trace")


def trace_of(made: MadeCall, traces: Mapping[str, TraceView]) -> str | None:
    """Return the trace of a call: the one its report names, or for a failed call the newest of its export."""
    if made.report is not None:
        return made.report.trace if made.report.trace in traces else None
    return next((id_ for id_, trace in traces.items() if trace.export == made.export and trace.at <= made.at), None)
