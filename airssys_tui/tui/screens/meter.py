"""One component's meters: charts over two minutes or an hour, cost of a call by revision, limits in reach."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.widget import Widget

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.metering import MeterDetail
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing.lines import Line, Span, safe
from airssys_tui.tui.drawing.meter_page import meter_page, meter_summary
from airssys_tui.tui.drawing.own_meters import OwnMeters
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.polled import PolledScreen
from airssys_tui.tui.state.feed import Change
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.line_pane import LinePane
from airssys_tui.tui.widgets.pager import Pager


class MeterScreen(PolledScreen):
    """The charts of one component.

    Args:
        component: Text form of its identity.
    """

    view: ClassVar[View] = View.METER
    EVERY: ClassVar[float] = 0.5
    AUTO_FOCUS = "Pager"

    def __init__(self, session: Session, operations: Operations, component: str) -> None:
        super().__init__(session, operations, component)
        self.detail: MeterDetail | None = None
        self.hour = False
        self._own = OwnMeters()
        self._crumbs = LinePane(id="crumbs")
        self._pager = Pager(id="charts")

    def body(self) -> Iterator[Widget]:
        """Yield the summary and the charts."""
        yield self._crumbs
        yield self._pager

    async def fetch(self, api: RuntimeApi) -> None:
        """Ask for the meters."""
        self.detail = await asyncio.wrap_future(api.meters(self.component))
        self._own.take(self.detail, self.session.clock())

    def draw(self, change: Change | None) -> None:  # noqa: ARG002 - the charts have a request of their own
        """Redraw the summary and the charts."""
        session, width = self.session, self.size.width
        view = session.rows.get(self.component)
        if view is not None:
            self._crumbs.show([meter_summary(view, session.sight, width, "last hour" if self.hour else "last 2 min")])
        self._pager.show(self._lines(self._pager.room, self._pager.size.height))

    def _lines(self, width: int, height: int) -> Sequence[Line]:
        glyphs = self.session.glyphs
        if self.trouble:
            return [(), (Span(f"  {safe(self.trouble, glyphs)}", "warn"),)]
        if self.detail is None:
            return [(), (Span(f"  loading{glyphs.ellipsis}", "quiet"),)]
        series = self.detail.long if self.hour else self.detail.recent
        return meter_page(self.detail, series, width, height, glyphs, own=self._own)

    def step(self, rows: int) -> None:
        """Scroll."""
        self._pager.step(rows)

    def half_page(self) -> int:
        """Return half the height of the page."""
        return max(1, self._pager.size.height // 2)

    def action_span(self) -> None:
        """Switch between two minutes and an hour."""
        self.hour = not self.hour
        self.draw(None)

    def action_copy(self) -> None:
        """Copy the component's name."""
        self.copy(self.component, "name")
