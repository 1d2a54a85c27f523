"""Meters of all components: one row each, with how its figures went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.widget import Widget

from airssys_tui.tui.action import View
from airssys_tui.tui.arrangement import Sort
from airssys_tui.tui.component_list import ComponentListScreen
from airssys_tui.tui.lines import Line, Span, safe


class MetersScreen(ComponentListScreen):
    """The table of meters."""

    view: ClassVar[View] = View.METERS
    TABLE_ID: ClassVar[str] = "meters"

    def body(self) -> Iterator[Widget]:
        """Yield filter and table."""
        yield self._filter_bar
        yield self._list

    def row(self, key: str, width: int, chosen: bool) -> Line:
        """Draw a component's row."""
        return (Span(safe(key, self.session.glyphs, width)),)

    def titles(self, width: int) -> Line:
        """Draw the header of the table."""
        return (Span("NAME"[:width]),)

    def sort_at(self, x: int) -> Sort | None:
        """Return what a click on the header at a cell sorts by."""
        return Sort.NAME if x < 10 else None
