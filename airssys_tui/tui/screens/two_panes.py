"""A screen with two panes: a list, and what its selected row is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from textual.containers import Container
from textual.widget import Widget

from airssys_tui.tui.drawing.lines import Line, Span, safe, wrap
from airssys_tui.tui.screens.polled import PolledScreen
from airssys_tui.tui.state.feed import Change
from airssys_tui.tui.widgets.line_pane import LinePane
from airssys_tui.tui.widgets.pager import Pager
from airssys_tui.tui.widgets.table import LineTable

TALL: Final = 20
"""From this height on both panes are shown at once; in lower terminals only the one with the focus."""

WIDE: Final = 110
"""From this width on a page is next to its list; in narrower terminals it is under it."""


class TwoPaneScreen(PolledScreen):
    """A list, and under it or next to it another list or a page about the selected row.

    A subclass calls :meth:`place_panes` when it is made.

    Attributes:
        pane: The id of the pane with the focus.
        crumbs: The line at the top.
        first: The list.
        second: The other pane.
    """

    EVERY: ClassVar[float] = 1.0
    AUTO_FOCUS = "LineTable"

    def place_panes(self, first: LineTable, second: LineTable | Pager, name: str, titles: Mapping[str, str]) -> None:
        """Put two panes on the screen, the first with the focus.

        Args:
            first: The list.
            second: The other pane.
            name: The id of both together.
            titles: Their titles, by their ids.
        """
        self.crumbs = LinePane(id="crumbs")
        self.first, self.second = first, second
        self.pane = str(first.id)
        self._both = Container(first, second, id=name)
        self._panes: dict[str, LineTable | Pager] = {str(first.id): first, str(second.id): second}
        for each, widget in self._panes.items():
            widget.border_title = titles[each]
        first.add_class("here")

    @property
    def in_first(self) -> bool:
        """Whether the list has the focus."""
        return self._panes[self.pane] is self.first

    @property
    def table(self) -> LineTable | None:
        """The list with the focus; None on a page."""
        focused = self._panes[self.pane]
        return focused if isinstance(focused, LineTable) else None

    def body(self) -> Iterator[Widget]:
        """Yield the line at the top and the panes."""
        yield self.crumbs
        yield self._both

    def go_to(self, pane: str) -> None:
        """Give the focus to a pane."""
        self.pane = pane
        for name, widget in self._panes.items():
            widget.set_class(name == pane, "here")
        self.lay_out()
        self.set_focus(self._panes[pane])
        self.call_after_refresh(self.draw, None)

    def lay_out(self) -> None:
        """Show both panes where there is room for them, else the one with the focus."""
        both = self.size.height >= TALL
        if isinstance(self.second, Pager):
            self._both.set_class(self.size.width < WIDE, "stacked")
        for name, widget in self._panes.items():
            widget.display = both or self.pane == name

    def draw(self, change: Change | None) -> None:  # noqa: ARG002 - these screens have requests of their own
        """Draw both panes."""
        if self.is_whole:
            self.lay_out()
            self.draw_panes()

    def draw_panes(self) -> None:
        """Draw the line at the top, the list and the other pane."""
        raise NotImplementedError

    def switch_pane(self) -> None:
        """Go to the other pane."""
        self.go_to(str(self.second.id if self.in_first else self.first.id))

    def action_back(self) -> None:
        """Leave the other pane, then the screen."""
        if self.in_first:
            super().action_back()
        else:
            self.switch_pane()

    def step(self, rows: int) -> None:
        """Move in the list, or scroll the page."""
        focused = self._panes[self.pane]
        if isinstance(focused, Pager):
            focused.step(rows)
        else:
            super().step(rows)

    def half_page(self) -> int:
        """Return half the height of the pane with the focus."""
        focused = self._panes[self.pane]
        return max(1, focused.size.height // 2) if isinstance(focused, Pager) else super().half_page()

    def empty_lines(self, nothing: tuple[str, ...]) -> tuple[Line, ...]:
        """Draw what an empty list shows: what is wrong, that nothing was answered yet, or that there is nothing."""
        glyphs = self.session.glyphs
        said = nothing if self.answered else (f"loading{glyphs.ellipsis}",)
        if self.trouble:
            said = (self.trouble,)
        tone = "warn" if self.trouble else "quiet"
        width = max(20, self.first.room - 4)
        return tuple((Span(f"  {row}", tone),) for text in said for row in wrap(safe(text, glyphs), width))
