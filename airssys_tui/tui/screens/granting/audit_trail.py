"""Audit: every answer, first use and denial, newest first, and whether the chain is what was written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from textual import on
from textual.containers import Container
from textual.widget import Widget
from textual.widgets import Input

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.granting import AuditVerdict
from airssys_tui.core.capability.audit_entry import AuditEntry
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.text import one_line
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing import trail_lines
from airssys_tui.tui.drawing.event_filter import contains
from airssys_tui.tui.drawing.lines import Line, Span, join, line_width, safe, wrap
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.polled import PolledScreen
from airssys_tui.tui.state.audit_window import KEPT, AuditWindow
from airssys_tui.tui.state.feed import Change
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.filter_bar import FilterBar
from airssys_tui.tui.widgets.line_pane import LinePane
from airssys_tui.tui.widgets.pager import Pager
from airssys_tui.tui.widgets.table import LineTable

REST: Final = 10.0
"""Seconds between two verifications at least."""

SHARE: Final = 50.0
"""A verification waits at least this many times as long as the last one took."""

PAGES: Final = 5
"""Pages that are taken at once when much is new."""


class AuditScreen(PolledScreen):
    """The audit of all components, or of one."""

    view: ClassVar[View] = View.AUDIT
    EVERY: ClassVar[float] = 1.0
    AUTO_FOCUS = "LineTable"

    def __init__(self, session: Session, operations: Operations) -> None:
        super().__init__(session, operations, "")
        self.window = AuditWindow()
        self.verdict: AuditVerdict | None = None
        self.query_text = ""
        self.follows = True
        self._verifying = False
        self._due = 0.0
        self._shown: dict[str, AuditEntry] = {}
        self._filter_bar = FilterBar(id="filter-bar")
        self._top = LinePane(id="crumbs")
        self._chain = LinePane(id="chain")
        self._list = LineTable(self._row, trail_lines.audit_head, id="entries")
        self._about = Pager(id="about")
        self._both = Container(self._list, self._about, id="auditing")

    @property
    def table(self) -> LineTable:
        """The list."""
        return self._list

    @property
    def entry(self) -> AuditEntry | None:
        """The selected entry."""
        return self._shown.get(self._list.key or "")

    @property
    def target(self) -> str | None:
        """The component of the selected entry."""
        return (self.entry.component if self.entry is not None else self.window.component) or None

    def body(self) -> Iterator[Widget]:
        """Yield the filter, the state of the chain, the list and the selected entry."""
        yield self._filter_bar
        yield self._top
        yield self._chain
        yield self._both

    async def fetch(self, api: RuntimeApi) -> None:
        """Ask for what is new, and whether the chain holds when that is due."""
        window = self.window
        for _ in range(PAGES):
            if not window.take(await asyncio.wrap_future(api.audit(window.next_query()))):
                break
        if not self._verifying and self.session.clock() >= self._due:
            self._verifying = True
            self.run_worker(self._verify(api), exit_on_error=False)

    async def _verify(self, api: RuntimeApi) -> AuditVerdict | None:
        began = time.monotonic()
        try:
            self.verdict = await asyncio.wrap_future(api.verify_audit())
        except AirssysError as error:
            self.trouble = str(error)
            return None
        finally:
            self._verifying = False
            self._due = self.session.clock() + max(REST, SHARE * (time.monotonic() - began))
        if self.is_whole:
            self._draw_top()
        return self.verdict

    async def _verify_and_say(self, api: RuntimeApi) -> None:
        found = await self._verify(api)
        if found is None:
            self.operations.say(self.trouble, severity="error")
        elif found.entry is None:
            self.operations.say(f"the audit is what was written: {found.head.count} entries")
        else:
            self.operations.say(f"broken at entry {found.entry}: {found.what}", severity="error")

    def draw(self, change: Change | None) -> None:  # noqa: ARG002 - the audit has requests of its own
        """Redraw the list and what is selected."""
        if not self.is_whole:
            return
        query, entries = self.query_text, reversed(self.window.entries.values())
        passing = (each for each in entries if not query or contains(query, trail_lines.entry_text(each)))
        self._shown = {str(entry.n): entry for entry in passing}
        keys = list(self._shown)
        self._list.show(keys, empty=self._nothing(), follow=not self.follows)
        if self.follows and keys:
            self._list.select(keys[0])
        height = self.size.height
        self._about.styles.height = 4 if height < 20 else 7 if height < 30 else 10
        self._draw_top()
        self._draw_about()

    def _draw_top(self) -> None:
        width = self.size.width
        crumbs, chain = self._crumbs(), self._chain_lines()
        if len(chain) == 1 and line_width(join((crumbs, chain[0]))) <= width:
            crumbs, chain = (*crumbs, Span(" "), *chain[0]), []
        self._top.show([crumbs])
        self._chain.display = bool(chain)
        self._chain.styles.height = len(chain)
        self._chain.show(chain)

    def _crumbs(self) -> Line:
        glyphs, window = self.session.glyphs, self.window
        parts: list[Line] = [(Span(f" {self.view.heading}", "strong"),)]
        if window.component is not None:
            parts.append((Span("only ", "quiet"), Span(safe(window.component, glyphs, 40), "strong")))
        if self.trouble and window.entries:
            parts.append((Span(safe(self.trouble, glyphs), "warn"),))
        parts.append((Span("following", "accent") if self.follows else Span("not following", "quiet"),))
        loaded, shown = len(window.entries), len(self._shown)
        more = "+" if window.older or window.full else ""
        said = f"{shown} of {loaded}{more} entries" if shown != loaded else f"{loaded}{more} entries"
        parts.append((Span("1 entry" if said == "1 entries" else said, "quiet"),))
        drawn = parts[:1]
        for part in parts[1:]:
            if line_width(join([*drawn, part])) <= self.size.width:
                drawn.append(part)
        return join(drawn)

    def _chain_lines(self) -> list[Line]:
        glyphs, width, verdict = self.session.glyphs, self.size.width, self.verdict
        lines = [trail_lines.chain_line(verdict, self.window.count, glyphs, width)]
        if verdict is not None and verdict.entry is not None:
            said = f"entries before {verdict.entry} can be trusted; see airssys-tui audit verify"
            lines += [(Span(f" {part}"),) for part in wrap(said, max(20, width - 2))]
        return lines

    def _nothing(self) -> tuple[Line, ...]:
        glyphs = self.session.glyphs
        width = max(20, self._list.room - 4)
        said, tone = self._why_empty(), "warn" if self.trouble else "quiet"
        return tuple((Span(f"  {row}", tone),) for text in said for row in wrap(safe(text, glyphs), width))

    def _why_empty(self) -> Sequence[str]:
        key = self.session.keymap.key
        if self.trouble:
            return (self.trouble,)
        if not self.answered:
            return (f"loading{self.session.glyphs.ellipsis}",)
        older = (f"{key('look.older')} loads older entries.",) if self.window.older else ()
        if self.window.entries:
            return (f"No entry passes the filter; {key('go.back')} clears it.", *older)
        about = f" about {self.window.component}" if self.window.component else ""
        return (f"The audit has no entries{about} yet.", *older)

    def _draw_about(self) -> None:
        entry = self.entry
        width = max(24, self._about.room)
        now, glyphs = self.session.sight.now, self.session.glyphs
        self._about.show(trail_lines.entry_lines(entry, now, glyphs, width) if entry is not None else ())

    def _row(self, key: str, width: int, chosen: bool) -> Line:
        entry = self._shown.get(key)
        if entry is None:
            return ()
        return trail_lines.audit_row(entry, self.session.sight.now, self.session.glyphs, width, chosen=chosen)

    @on(LineTable.Moved)
    def _moved(self, message: LineTable.Moved) -> None:
        message.stop()
        self._draw_about()

    @on(LineTable.Opened)
    def _opened(self, message: LineTable.Opened) -> None:
        message.stop()
        self.action_open_view(View.RIGHTS, its=True)

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        message.stop()
        self.query_text = str(one_line(message.value))
        self.draw(None)

    @on(Input.Submitted)
    def _entered(self, message: Input.Submitted) -> None:
        message.stop()
        self._filter_bar.leave(clear=False)
        self._list.focus()

    def step(self, rows: int) -> None:
        """Move; leaving the newest entry stops following, and below the last one older ones are loaded."""
        at_end = rows == 1 and self._list.position >= len(self._list.keys) - 1
        super().step(rows)
        self.follows = self._list.position <= 0
        self._draw_top()
        if at_end and self.window.older:
            self.action_older()

    def turn_to(self, component: str) -> None:
        """Show only one component's entries."""
        self._only(component)

    def action_only(self) -> None:
        """Show only the entries about the selected entry's component, or all again."""
        self._only(None if self.window.component is not None else self.target)

    def _only(self, component: str | None) -> None:
        if component != self.window.component:
            self.window = AuditWindow(component)
            self.answered, self.follows = False, True
            self.draw(None)
        self.ask()

    def action_follow(self) -> None:
        """Keep the newest entry in view, or stop that."""
        self.follows = not self.follows
        self.draw(None)

    def action_filter(self) -> None:
        """Type a filter."""
        self._filter_bar.open()

    def action_verify(self) -> None:
        """Compare the audit with what was written, and say so."""
        api = self.operations.api()
        if self._verifying:
            self.operations.say("the audit is being verified")
        elif api is not None:
            self._verifying = True
            self.run_worker(self._verify_and_say(api), exit_on_error=False)

    def action_older(self) -> None:
        """Load the entries before the oldest one shown."""
        if self.window.full:
            self.operations.say(f"{KEPT:,} entries are loaded; `airssys-tui audit export` has all".replace(",", " "))
        elif not self.window.older:
            self.operations.say("there are no older entries")
        elif not self.asking:
            self.asking = True
            self.run_worker(self._ask_older(self.window), exit_on_error=False)

    async def _ask_older(self, window: AuditWindow) -> None:
        api = self.operations.api()
        if api is not None:
            page = await self.operations.ask(api.audit(window.older_query()))
            if page is not None:
                window.take_older(page)
                count = len(page.entries)
                self.operations.say(f"loaded {count} older entries" if count else "no older entries so far back")
        self.asking = False
        self.draw(None)

    def action_copy(self) -> None:
        """Copy the selected entry."""
        if self.entry is not None:
            self.copy(trail_lines.entry_text(self.entry), "entry")

    def action_back(self) -> None:
        """Leave the filter, then the single component, then the screen."""
        if self._filter_bar.leave(clear=True):
            self._list.focus()
        elif self.window.component is not None:
            self._only(None)
        else:
            super().action_back()

    def action_leave(self) -> None:
        """Go back to the previous screen; the filters stay."""
        super().action_back()
