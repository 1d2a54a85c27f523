"""A row of tab names; one tab is chosen."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip

from airssys_tui.tui.drawing.glyphs import Glyphs
from airssys_tui.tui.drawing.lines import Line, Span
from airssys_tui.tui.widgets.line_pane import Painter


class TabBar(Painter):
    """The names of the tabs.

    Args:
        names: From left to right.
        glyphs: The symbols to draw with.
    """

    can_focus = False

    class Chosen(Message):
        """A tab was chosen by mouse."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, names: Sequence[str], glyphs: Glyphs, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._names = tuple(names)
        self._glyphs = glyphs
        self._chosen = 0

    def choose(self, index: int) -> None:
        """Choose another tab."""
        if index != self._chosen:
            self._chosen = index
            self.refresh()

    def placed(self, width: int) -> list[tuple[int, int, int]]:
        """Return index, first cell and end of each tab that fits; the chosen one always does."""
        first = 0
        while first < self._chosen and self._end(first, self._chosen) > width - 2:
            first += 1
        placed, x = [], 1
        for index in range(first, len(self._names)):
            end = x + len(self._names[index]) + 2
            if end > width - 1 and index > self._chosen:
                break
            placed.append((index, x, end))
            x = end + 1
        return placed

    def _end(self, first: int, last: int) -> int:
        return 1 + sum(len(self._names[index]) + 3 for index in range(first, last + 1))

    def render_line(self, y: int) -> Strip:
        """Paint the names."""
        placed = self.placed(self.size.width)
        before = "<" if self._glyphs.ascii else "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"
        after = ">" if self._glyphs.ascii else "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
        spans = [Span(before if placed[0][0] > 0 else " ", "accent")]
        for index, _, _ in placed:
            name = self._names[index]
            chosen = index == self._chosen
            spans += [Span(f"[{name}]" if chosen else f" {name} ", "title" if chosen else "quiet"), Span(" ")]
        line: Line = (*spans, Span(after, "accent")) if placed[-1][0] < len(self._names) - 1 else tuple(spans)
        return self.strip(line if y == 0 else (), self.size.width)

    def on_click(self, event: events.Click) -> None:
        """Choose by mouse."""
        for index, start, end in self.placed(self.size.width):
            if start <= event.x < end:
                self.post_message(self.Chosen(index))
