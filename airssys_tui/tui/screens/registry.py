"""The registry: every component as a row, and a pane about the selected one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, Final

from textual.widget import Widget

from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing import columns
from airssys_tui.tui.drawing.arrangement import Sort
from airssys_tui.tui.drawing.lines import Line
from airssys_tui.tui.drawing.selection import selection_lines
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.component_list import ComponentListScreen
from airssys_tui.tui.state import bulk_commands
from airssys_tui.tui.state.bulk_commands import BulkCommand
from airssys_tui.tui.state.feed import Change
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.line_pane import LinePane

TALL: Final = 30
LOW: Final = 12


class RegistryScreen(ComponentListScreen):
    """The table of components."""

    view: ClassVar[View] = View.REGISTRY
    root: ClassVar[bool] = True
    TABLE_ID: ClassVar[str] = "components"

    def __init__(self, session: Session, operations: Operations) -> None:
        super().__init__(session, operations)
        self._selection = LinePane(id="selection")

    def body(self) -> Iterator[Widget]:
        """Yield filter, table and the pane of the selection."""
        yield self._filter_bar
        yield self._list
        yield self._selection

    def draw(self, change: Change | None) -> None:
        """Unmark components that are gone, and draw the table."""
        marks = self.session.marks
        if change is None or change.removed:
            marks.keep(self.session.rows)
        super().draw(change)

    def draw_below(self) -> None:
        """Draw the summary of the selection."""
        pane = self._selection
        height = 3 if self.size.height < 20 else 7 if self.size.height < TALL else 10
        view = self.session.rows.get(self.target or "")
        pane.display = view is not None and self.size.height >= LOW
        if view is None or not pane.display:
            return
        pane.styles.height = height
        pane.show(selection_lines(view, self.session.feed.recent(view.id), self.session.sight, self.size.width, height))

    def row(self, key: str, width: int, chosen: bool) -> Line:
        """Draw a component's row."""
        session = self.session
        view = session.rows.get(key)
        if view is None:
            return ()
        marked = key in session.marks
        return columns.row(view, width, session.sight, selected=chosen, marked=marked, chosen=session.columns)

    def titles(self, width: int) -> Line:
        """Draw the header of the table."""
        return columns.head(width, self.arrangement, self.session.glyphs, self.session.columns)

    def sort_at(self, x: int) -> Sort | None:
        """Return what a click on the header at a cell sorts by."""
        column = columns.column_at(x, self._list.room, self.session.columns)
        return column.sort if column is not None else None

    def action_mark(self) -> None:
        """Mark the selected component, or unmark it."""
        if self.target is not None:
            self.session.marks.toggle(self.target)
            self.show()

    def action_mark_shown(self) -> None:
        """Mark every component that passes the filter."""
        self.session.marks.add(self._list.keys)
        self.show()

    def _do(self, command: BulkCommand, single: Callable[[], None]) -> None:
        if self.session.marks:
            self.operations.bulk.ask(command)
        else:
            single()

    def action_start(self) -> None:
        """Start the component, or all marked ones."""
        self._do(bulk_commands.START, super().action_start)

    def action_stop(self) -> None:
        """Stop the component, or all marked ones."""
        self._do(bulk_commands.STOP, super().action_stop)

    def action_restart(self) -> None:
        """Restart the component, or all marked ones."""
        self._do(bulk_commands.RESTART, super().action_restart)

    def action_reload(self) -> None:
        """Reload the component, or all marked ones."""
        self._do(bulk_commands.RELOAD, super().action_reload)

    def action_unload(self) -> None:
        """Unload the component, or all marked ones."""
        self._do(bulk_commands.UNLOAD, super().action_unload)

    def action_back_to_stable(self) -> None:
        """Roll back the component, or all marked ones."""
        self._do(bulk_commands.ROLL_BACK, super().action_back_to_stable)

    def action_back(self) -> None:
        """Clear the marks, then the filter."""
        if self.session.marks and not self._filter_bar.input.has_focus:
            self.session.marks.clear()
            self.show()
        else:
            super().action_back()

    def action_leave(self) -> None:
        """Quit, asking while components run."""
        self.call_next(self.run_action, "app.ask_to_quit")
