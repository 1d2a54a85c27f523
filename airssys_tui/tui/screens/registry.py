"""The registry: every component as a row, and a pane about the selected one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, Final

from textual.widget import Widget

from airssys_tui.api.views.groups import Branch, components_of
from airssys_tui.api.views.runtime import GroupView
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing import columns
from airssys_tui.tui.drawing.arrangement import Sort
from airssys_tui.tui.drawing.lines import Line
from airssys_tui.tui.drawing.selection import selection_lines
from airssys_tui.tui.drawing.tree_lines import absent_row, group_lines, group_row, tree
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
        self._tree: dict[str, Branch] | None = None
        self._folded: set[str] = set()
        self._selection = LinePane(id="selection")

    @property
    def target(self) -> str | None:
        """The selected component; None while a group is selected."""
        return self._list.key if self._list.key in self.session.rows else None

    @property
    def group(self) -> GroupView | None:
        """The selected group, if one is."""
        branch = self._tree.get(self._list.key or "") if self._tree is not None else None
        return branch.group if branch is not None else None

    def order(self) -> list[str]:
        """Return the rows to show: components, or the tree of groups."""
        names = super().order()
        if self._tree is None:
            return names
        groups, query = self.session.feed.head.groups, self.arrangement.query
        self._tree = tree(groups, names, self._folded, self.session.sight, self.size.width, filtered=bool(query))
        return list(self._tree)

    def may_move(self, change: Change) -> bool:
        """Return whether a change may have moved rows; groups may have changed at any time."""
        return self._tree is not None or super().may_move(change)

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
        view, group = self.session.rows.get(self.target or ""), self.group
        pane.display = (view is not None or group is not None) and self.size.height >= LOW
        if pane.display and group is not None:
            pane.styles.height = height
            pane.show(group_lines(group, self.session.sight, self.size.width)[:height])
        if view is None or not pane.display:
            return
        pane.styles.height = height
        pane.show(selection_lines(view, self.session.feed.recent(view.id), self.session.sight, self.size.width, height))

    def row(self, key: str, width: int, chosen: bool) -> Line:
        """Draw a component's row."""
        session = self.session
        view, branch = session.rows.get(key), self._tree.get(key) if self._tree is not None else None
        if branch is not None and branch.group is not None:
            groups, folded = session.feed.head.groups, branch.name in self._folded
            sight, given = session.sight, session.columns
            return group_row(branch, groups, session.rows, sight, width, selected=chosen, folded=folded, chosen=given)
        if view is None:
            given = session.columns
            return absent_row(branch, session.sight, width, selected=chosen, chosen=given) if branch is not None else ()
        marked, lead = key in session.marks, branch.lead if branch is not None else ""
        return columns.row(
            view, width, session.sight, selected=chosen, marked=marked, chosen=session.columns, lead=lead
        )

    def turn_to(self, component: str) -> None:
        """Select a component, and unfold the groups that hide it."""
        groups = self.session.feed.head.groups
        self._folded = {name for name in self._folded if component not in components_of(groups, name)}
        super().turn_to(component)

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
        self.session.marks.add(key for key in self._list.keys if key in self.session.rows)
        self.show()

    def action_tree(self) -> None:
        """Show the groups as a tree, or the plain list again."""
        if self._tree is None and not self.session.feed.head.groups:
            self.operations.say("no groups: [groups] of airssys.toml in the folder makes them", severity="warning")
            return
        self._tree = {} if self._tree is None else None
        self.draw(None)
        self._list.reveal()

    def action_open_view(self, name: str, its: bool = False) -> None:
        """Open a screen; enter on a group folds it, or unfolds it."""
        group = self.group
        if group is None or not its or name != View.DETAIL:
            super().action_open_view(name, its)
            return
        self._folded ^= {group.name}
        self.draw(None)

    def _do(self, command: BulkCommand, single: Callable[[], None]) -> None:
        group = self.group
        if group is not None and not self.session.marks:
            self.operations.group(group, command)
        elif self.session.marks:
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
