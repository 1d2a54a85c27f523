"""The registry: every component as a row, the selected one below."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from airssys_tui.api.views import Phase
from airssys_tui.core.text import one_line
from airssys_tui.tui import columns
from airssys_tui.tui.action import View
from airssys_tui.tui.arrangement import Arrangement, Sort, arrange
from airssys_tui.tui.feed import Change
from airssys_tui.tui.filter_bar import FilterBar
from airssys_tui.tui.lines import Line, LinePane, Span, safe, wrap
from airssys_tui.tui.operations import Operations
from airssys_tui.tui.screen import LiveScreen
from airssys_tui.tui.selection import selection_lines
from airssys_tui.tui.session import Session
from airssys_tui.tui.table import LineTable

TALL: Final = 30
LOW: Final = 12


class RegistryScreen(LiveScreen):
    """The table of components."""

    view: ClassVar[View] = View.REGISTRY
    root: ClassVar[bool] = True

    def __init__(self, session: Session, operations: Operations) -> None:
        super().__init__(session, operations)
        self.arrangement = Arrangement()
        self.follows = True
        self._filter_bar = FilterBar(id="filter-bar")
        self._list = LineTable(self._row, self._titles, id="components")
        self._selection = LinePane(id="selection")

    def body(self) -> Iterator[Widget]:
        """Yield filter, table and the pane of the selection."""
        yield self._filter_bar
        yield self._list
        yield self._selection

    @property
    def table(self) -> LineTable:
        """The list of components."""
        return self._list

    @property
    def target(self) -> str | None:
        """The selected component."""
        return self._list.key

    def draw(self, change: Change | None) -> None:
        """Arrange anew what may have moved, and repaint what differs."""
        keys = list(self._list.keys)
        restore = change is None
        if change is None or change.removed or self._may_move(change):
            keys = arrange(self.session.rows.values(), self.arrangement)
        self._list.show(keys, empty=self._nothing(), follow=self.follows and keys != self._list.keys, restore=restore)
        self._draw_selection()

    def _may_move(self, change: Change) -> bool:
        if self.arrangement.sort is not Sort.NAME or self.arrangement.query:
            return bool(change.rows)
        return len(self.session.rows) != len(self._list.keys)

    def _draw_selection(self) -> None:
        pane = self._selection
        height = 3 if self.size.height < 20 else 7 if self.size.height < TALL else 10
        view = self.session.rows.get(self.target or "")
        pane.display = view is not None and self.size.height >= LOW
        if view is None or not pane.display:
            return
        pane.styles.height = height
        pane.show(selection_lines(view, self.session.feed.recent(view.id), self.session.sight, self.size.width, height))

    def _row(self, key: str, width: int, chosen: bool) -> Line:
        view = self.session.rows.get(key)
        return columns.row(view, width, self.session.sight, selected=chosen) if view is not None else ()

    def _titles(self, width: int) -> Line:
        return columns.head(width, self.arrangement, self.session.glyphs)

    def _nothing(self) -> tuple[Line, ...]:
        session = self.session
        folder = safe(session.folder, session.glyphs, 120)
        if session.failure is not None:
            remedy = session.failure.remedy
            said = [(session.failure.title, "bad"), (str(session.failure), "plain")]
            said += [(f"Next: {remedy}", "accent")] if remedy else []
            said += [("Press q to quit.", "quiet")]
        elif session.phase is Phase.STARTING:
            said = [(f"Starting: looking for components in {folder}{session.glyphs.ellipsis}", "busy")]
        elif session.phase is Phase.STOPPING:
            said = [(f"Stopping{session.glyphs.ellipsis}", "busy")]
        elif session.rows:
            said = [(f"Nothing matches /{self.arrangement.query}", "warn"), ("esc clears the filter.", "quiet")]
        else:
            said = [(f"No components in {folder}. Drop a .wasm here.", "strong")]
        width = max(20, self.size.width - 4)
        return tuple(
            (Span("  "), Span(part, tone)) for text, tone in said for part in wrap(safe(text, session.glyphs), width)
        )

    def on_line_table_moved(self, message: LineTable.Moved) -> None:
        """Show the selection's pane."""
        message.stop()
        self._draw_selection()

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        """Open the detail by mouse."""
        message.stop()
        self.action_detail()

    def on_line_table_head_clicked(self, message: LineTable.HeadClicked) -> None:
        """Sort by mouse."""
        message.stop()
        column = columns.column_at(message.x, self._list.size.width)
        if column is not None and column.sort is not None:
            self.action_sort(column.sort)

    @on(Input.Changed)
    def _filter(self, message: Input.Changed) -> None:
        message.stop()
        self._arrange(Arrangement(self.arrangement.sort, self.arrangement.reverse, str(one_line(message.value))))

    @on(Input.Submitted)
    def _keep_filter(self, message: Input.Submitted) -> None:
        message.stop()
        self._filter_bar.leave(clear=False)
        self._list.focus()

    def _arrange(self, how: Arrangement) -> None:
        self.arrangement = how
        self.draw(None)
        self._list.reveal()

    def action_filter(self) -> None:
        """Type a filter."""
        self._filter_bar.open()

    def action_sort(self, by: str) -> None:
        """Sort; again reverses."""
        self._arrange(self.arrangement.by(Sort(by)))

    def action_follow(self) -> None:
        """Keep the selection on screen when rows move, or let it go."""
        self.follows = not self.follows
        self.operations.say(f"follow {'on' if self.follows else 'off'}: the selection")
        self.draw(None)

    def action_back(self) -> None:
        """Leave the filter."""
        self._filter_bar.leave(clear=True)
        self._list.focus()

    def action_leave(self) -> None:
        """Quit, asking while components run."""
        self.call_next(self.run_action, "app.ask_to_quit")

    def action_copy(self) -> None:
        """Copy the selection's name."""
        if self.target is not None:
            self.copy(self.target, "name")

    def jump(self, component: str) -> None:
        """Select a component, clearing a filter that hides it."""
        self.draw(None)
        if not self._list.select(component):
            self._filter_bar.leave(clear=True)
            self._arrange(Arrangement(self.arrangement.sort, self.arrangement.reverse))
            self._list.select(component)
