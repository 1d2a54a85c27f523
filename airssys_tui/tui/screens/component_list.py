"""A screen whose rows are components: the filter, order and selection that all such screens share."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.widgets import Input

from airssys_tui.api.views.runtime import Phase
from airssys_tui.core.text import one_line
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing.arrangement import Arrangement, Sort, arrange
from airssys_tui.tui.drawing.lines import Line, Span, safe, wrap
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.live import LiveScreen
from airssys_tui.tui.state.feed import Change
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.filter_bar import FilterBar
from airssys_tui.tui.widgets.table import LineTable


class ComponentListScreen(LiveScreen):
    """A table of components that can be filtered and sorted."""

    TABLE_ID: ClassVar[str]

    def __init__(self, session: Session, operations: Operations) -> None:
        super().__init__(session, operations)
        self.arrangement = session.arrangement
        self.follows = True
        self._filter_bar = FilterBar(id="filter-bar")
        self._list = LineTable(self.row, self.titles, id=self.TABLE_ID)

    @property
    def table(self) -> LineTable:
        """The list of components."""
        return self._list

    @property
    def target(self) -> str | None:
        """The selected component."""
        return self._list.key

    def row(self, key: str, width: int, chosen: bool) -> Line:
        """Draw a component's row."""
        raise NotImplementedError

    def titles(self, width: int) -> Line:
        """Draw the header of the table."""
        raise NotImplementedError

    def sort_at(self, x: int) -> Sort | None:
        """Return what a click on the header at a cell sorts by."""
        raise NotImplementedError

    def draw_below(self) -> None:
        """Draw what is below the table, about the selection."""

    def draw(self, change: Change | None) -> None:
        """Arrange the rows again if any may have moved, and repaint what differs."""
        if change is None or change.removed or not self._list.keys or self.may_move(change):
            keys = self.order()
            follow = self.follows and keys != self._list.keys
            self._list.show(keys, empty=self._nothing(), follow=follow, restore=change is None)
        else:
            self._list.repaint()
        self.draw_below()

    def order(self) -> list[str]:
        """Return the rows to show, in order."""
        return arrange(self.session.rows.values(), self.arrangement)

    def may_move(self, change: Change) -> bool:
        """Return whether a change may have moved rows."""
        if self.arrangement.sort is not Sort.NAME or self.arrangement.query:
            return bool(change.rows)
        return len(self.session.rows) != len(self._list.keys)

    def _nothing(self) -> tuple[Line, ...]:
        session = self.session
        folder = safe(session.folder, session.glyphs, 120)
        key = session.keymap.key
        if session.failure is not None:
            remedy = session.failure.remedy
            said = [(session.failure.title, "bad"), (str(session.failure), "plain")]
            said += [(f"Next: {remedy}", "accent")] if remedy else []
            said += [(f"Press {key('go.leave')} to quit.", "quiet")]
        elif session.phase is Phase.STARTING:
            said = [(f"Starting: looking for components in {folder}{session.glyphs.ellipsis}", "busy")]
        elif session.phase is Phase.STOPPING:
            said = [(f"Stopping{session.glyphs.ellipsis}", "busy")]
        elif session.rows:
            said = [(f"Nothing matches /{self.arrangement.query}", "warn")]
            said += [(f"{key('go.back')} clears the filter.", "quiet")]
        else:
            said = [(f"No components in {folder}. Drop a .wasm here.", "strong")]
        width = max(20, self.size.width - 4)
        return tuple(
            (Span("  "), Span(part, tone)) for text, tone in said for part in wrap(safe(text, session.glyphs), width)
        )

    def on_line_table_moved(self, message: LineTable.Moved) -> None:
        """Draw what is below the table for the new selection."""
        message.stop()
        self.draw_below()

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        """Open a row by mouse, as enter does."""
        message.stop()
        self.open_selected()

    def open_selected(self) -> None:
        """Open the selected component."""
        self.action_open_view(View.DETAIL, its=True)

    def on_line_table_head_clicked(self, message: LineTable.HeadClicked) -> None:
        """Sort by mouse."""
        message.stop()
        sort = self.sort_at(message.x)
        if sort is not None:
            self.action_sort(sort)

    @on(Input.Changed)
    def _filter(self, message: Input.Changed) -> None:
        message.stop()
        self.reorder(Arrangement(self.arrangement.sort, self.arrangement.reverse, str(one_line(message.value))))

    @on(Input.Submitted)
    def _keep_filter(self, message: Input.Submitted) -> None:
        message.stop()
        self._filter_bar.leave(clear=False)
        self._list.focus()

    def reorder(self, how: Arrangement) -> None:
        """Show these rows in this order."""
        self.arrangement = how
        self.draw(None)
        self._list.reveal()

    def on_mount(self) -> None:
        """Open with the filter that was saved."""
        super().on_mount()
        if self.arrangement.query:
            self._filter_bar.set(self.arrangement.query)

    def take(self, how: Arrangement) -> None:
        """Show these rows in this order, as if the operator had asked for it."""
        self.arrangement = how
        if self.is_whole:
            self._filter_bar.set(how.query)
            self.reorder(how)

    def action_filter(self) -> None:
        """Type a filter."""
        self._filter_bar.open()

    def action_sort(self, by: str) -> None:
        """Sort by a column; the same column again reverses the order."""
        self.reorder(self.arrangement.by(Sort(by)))

    def action_follow(self) -> None:
        """Keep the selection on screen when rows move, or stop that."""
        self.follows = not self.follows
        self.operations.say(f"follow {'on' if self.follows else 'off'}: the selected row")
        self.draw(None)

    def leave_filter(self) -> bool:
        """Clear the filter; return whether there was one."""
        had = self._filter_bar.leave(clear=True)
        self._list.focus()
        return had

    def action_back(self) -> None:
        """Leave the filter, then the screen."""
        if not self.leave_filter() and not self.root:
            super().action_back()

    def action_leave(self) -> None:
        """Go back to the previous screen; the filter stays."""
        super().action_back()

    def action_save_view(self) -> None:
        """Save order, filter, columns and theme."""
        self.post_message(self.Save(self.arrangement))

    def action_copy(self) -> None:
        """Copy the selection's name."""
        if self.target is not None:
            self.copy(self.target, "name")

    def turn_to(self, component: str) -> None:
        """Select a component, and clear a filter that hides it."""
        self.draw(None)
        if not self._list.select(component):
            self._filter_bar.leave(clear=True)
            self.reorder(Arrangement(self.arrangement.sort, self.arrangement.reverse))
            self._list.select(component)
