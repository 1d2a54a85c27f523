"""Recordings: the recorded calls of a component, one of them whole, and what its replay gives."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import ClassVar, Final

from textual import on

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.recordings import RecordedCallView, RecordingsView, ReplayedCall, ReplayOutcome
from airssys_tui.core.units import format_size
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing import recording_lines
from airssys_tui.tui.drawing.lines import Line, Span, crumbs, safe
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.two_panes import TwoPaneScreen
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.pager import Pager
from airssys_tui.tui.widgets.table import LineTable

TITLES: Final = {"recordings": "calls", "recording": "recording"}
"""Titles of the panes."""

NOTHING: Final = (
    "No call is recorded.",
    "Set `record = 20` under [state] in its Component.toml to record the last 20.",
)
NOT_CALLED: Final = ("No call is recorded yet.",)


class RecordingsScreen(TwoPaneScreen):
    """The recorded calls of one component.

    Args:
        component: Text form of its identity.

    Attributes:
        calls: The calls by their numbers as text, newest first.
        replays: What the last replay of each gave.
    """

    view: ClassVar[View] = View.RECORDINGS

    def __init__(self, session: Session, operations: Operations, component: str) -> None:
        super().__init__(session, operations, component)
        self.seen = RecordingsView(component=component)
        self.calls: Mapping[str, RecordedCallView] = {}
        self.replays: dict[str, ReplayedCall] = {}
        self._page = Pager(id="recording")
        calls = LineTable(self._row, recording_lines.list_head, id="recordings")
        self.place_panes(calls, self._page, "recorded", TITLES)

    @property
    def call(self) -> RecordedCallView | None:
        """The selected call."""
        return self.calls.get(self.first.key or "")

    async def fetch(self, api: RuntimeApi) -> None:
        """Ask for the recorded calls."""
        self.seen = await asyncio.wrap_future(api.recordings(self.component))
        self.calls = {str(call.number): call for call in self.seen.calls}
        self.replays = {number: found for number, found in self.replays.items() if number in self.calls}

    def draw_panes(self) -> None:
        """Draw the calls, and the selected one."""
        self._draw_crumbs()
        self.first.show(list(self.calls), empty=self.empty_lines(NOT_CALLED if self.seen.wanted else NOTHING))
        self._draw_call()

    def _draw_crumbs(self) -> None:
        glyphs, seen = self.session.glyphs, self.seen
        line = list(crumbs(self.component, self.view.heading, glyphs))
        if self.trouble and self.calls:
            line.append(Span(f"  {safe(self.trouble, glyphs)}", "warn"))
        elif self.calls:
            line.append(Span(f"  {len(self.calls)} of {seen.wanted} calls", "quiet"))
            line.append(Span(f"  {format_size(seen.bytes)} of {format_size(seen.limit)}", "quiet"))
            line += [Span(f"  {seen.dropped} dropped", "warn")] if seen.dropped else []
        self.crumbs.show([tuple(line)])

    def _draw_call(self) -> None:
        call, glyphs, key = self.call, self.session.glyphs, self.session.keymap.key("recording.replay")
        replayed = self.replays.get(self.first.key or "")
        self._page.show_about(
            self.first.key,
            (call, replayed, key, glyphs.ascii),
            lambda width: recording_lines.call_lines(call, replayed, key, glyphs, width) if call is not None else [],
        )

    def _row(self, key: str, width: int, chosen: bool) -> Line:
        call = self.calls.get(key)
        if call is None:
            return ()
        now, glyphs = self.session.sight.now, self.session.glyphs
        return recording_lines.list_row(call, self.replays.get(key), now, glyphs, width, chosen=chosen)

    @on(LineTable.Moved)
    def _moved(self, message: LineTable.Moved) -> None:
        message.stop()
        self._draw_call()

    @on(LineTable.Opened)
    def _opened(self, message: LineTable.Opened) -> None:
        message.stop()
        self.go_to("recording")

    def action_read(self) -> None:
        """Go to the call, or back to the list."""
        self.switch_pane()

    def action_replay(self) -> None:
        """Run the selected call again, and show what is different."""
        call, api = self.call, self.operations.api()
        if call is None:
            self.operations.say("no call is selected", severity="warning")
        elif api is not None:
            self.run_worker(self._replay(api, call), exclusive=True, group="replay")

    async def _replay(self, api: RuntimeApi, call: RecordedCallView) -> None:
        report = await self.operations.ask(api.replay(self.component, call.number))
        if report is None:
            return
        self.replays |= {str(found.call.number): found for found in report.calls}
        for found in report.calls:
            word, _, _ = recording_lines.OUTCOMES[found.outcome]
            same = found.outcome is ReplayOutcome.SAME
            text = f"replay of call {found.call.number}: {word}"
            self.operations.say(text, severity="information" if same else "warning")
        self.draw(None)

    def action_copy(self) -> None:
        """Copy the arguments of the selected call."""
        if self.call is not None:
            self.copy(self.call.arguments, "arguments")
