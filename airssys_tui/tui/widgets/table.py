"""The table that every list uses: virtual rows by key, a fixed header, dirty lines only.

It holds keys and asks its owner to draw a key when its line is on screen, so its cost depends on the height of the
screen and not on the number of rows. The selection is a key: it survives sorting, filtering and changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from airssys_tui.tui.drawing.lines import BLANK, Line, changed_cells
from airssys_tui.tui.widgets.line_pane import Painter

Draw = Callable[[str, int, bool], Line]
"""Draws the row of a key, given its width in cells and whether it is selected."""


class LineTable(ScrollView, Painter, can_focus=True, inherit_bindings=False):
    """A table of keys.

    Args:
        draw: Draws a row.
        head: Draws the header line for a width; ``None`` for a table without one.
        selectable: Whether a key can be selected; one that cannot is a further line of the row above.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = Painter.COMPONENT_CLASSES

    class Moved(Message):
        """The selection moved to another key, or to none."""

        def __init__(self, table: LineTable, key: str | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

    class Opened(Message):
        """A row was double-clicked."""

        def __init__(self, table: LineTable, key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

    class HeadClicked(Message):
        """The header was clicked, at this cell."""

        def __init__(self, table: LineTable, x: int) -> None:
            super().__init__()
            self.table = table
            self.x = x

    def __init__(
        self,
        draw: Draw,
        head: Callable[[int], Line] | None = None,
        *,
        selectable: Callable[[str], bool] = bool,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._selectable = selectable
        self._draw = draw
        self._head = head
        self._top = 0 if head is None else 1
        self._keys: list[str] = []
        self._index: dict[str, int] = {}
        self._key: str | None = None
        self._meant: str | None = None
        self._painted: dict[int, tuple[Line, bool]] = {}
        self._drawn: dict[int, tuple[Line, bool]] = {}
        self._drawn_at = (0, 0)
        self._empty: tuple[Line, ...] = ()

    @property
    def keys(self) -> Sequence[str]:
        """The keys shown, in order."""
        return self._keys

    @property
    def key(self) -> str | None:
        """The selected key."""
        return self._key

    @property
    def position(self) -> int:
        """Row of the selection, from 0; -1 when nothing is selected."""
        return self._index.get(self._key, -1) if self._key is not None else -1

    def show(
        self, keys: list[str], *, empty: tuple[Line, ...] = (), follow: bool = False, restore: bool = False
    ) -> None:
        """Show these keys from now on, and repaint the lines that differ.

        Args:
            keys: Every row, in order.
            empty: Text shown if there are no rows.
            follow: Keep the selection on screen, wherever it went.
            restore: Select again the key that the operator last selected, if it was hidden and is back.
        """
        self._empty = empty
        if keys != self._keys:
            before = self.position
            self._keys = keys
            self._index = {key: row for row, key in enumerate(keys)}
            self.virtual_size = Size(self.size.width, len(keys) + self._top)
            self._keep_selection(before, restore=restore)
        if follow:
            self.reveal()
        self.repaint()

    def _keep_selection(self, before: int, *, restore: bool) -> None:
        if restore and self._meant in self._index:
            self._select(self._meant)
        if self._key in self._index:
            return
        near = self._keys[max(0, before) :] + self._keys[: max(0, before)][::-1]
        self._select(next(filter(self._selectable, near), None))
        self._meant = self._meant or self._key

    def select(self, key: str) -> bool:
        """Select a key and scroll to it; return whether it exists."""
        if key not in self._index:
            return False
        self._meant = key
        self._select(key)
        self.reveal()
        self.repaint()
        return True

    def move(self, rows: int) -> None:
        """Move the selection by this many rows, up if negative."""
        if not self._keys:
            return
        last = len(self._keys) - 1
        row = min(last, max(0, self.position + rows))
        step = 1 if rows > 0 else -1
        for at in (*range(row, last + 1 if step > 0 else -1, step), *range(row, -1 if step > 0 else last + 1, -step)):
            if self._selectable(self._keys[at]):
                self.select(self._keys[at])
                return

    @property
    def room(self) -> int:
        """Cells of a line, without the scroll bar."""
        return self.scrollable_content_region.width

    def page(self) -> int:
        """Return half of the rows that fit on screen, at least one."""
        return max(1, (self.size.height - self._top) // 2)

    def reveal(self) -> None:
        """Scroll so that the selection is on screen."""
        row = self.position
        height = self.size.height - self._top
        if row < 0 or height <= 0:
            return
        top = self.scroll_offset.y
        target = row if row < top else row - height + 1 if row >= top + height else top
        if target != top:
            self.scroll_to(y=target, animate=False, force=True, immediate=True)

    def repaint(self) -> None:
        """Repaint the lines on screen that changed since they were painted."""
        width = self.room
        dirty = []
        self._drawn, self._drawn_at = {}, self._place()
        for y in range(self.size.height):
            before, after = self._painted.get(y), self._line(y, width)
            if before != after:
                self._drawn[y] = after
            if before is None or before[1] != after[1]:
                dirty.append(Region(0, y, width, 1))
            elif before[0] != after[0]:
                start, end = changed_cells(before[0], after[0], width)
                dirty.append(Region(start, y, end - start, 1))
        if dirty:
            self.refresh(*dirty)

    def _place(self) -> tuple[int, int]:
        """Return what the lines on screen depend on besides what is shown: width and scroll position."""
        return self.room, self.scroll_offset.y

    def _select(self, key: str | None) -> None:
        if key != self._key:
            self._key = key
            self.post_message(self.Moved(self, key))

    def _line(self, y: int, width: int) -> tuple[Line, bool]:
        if y < self._top:
            return (self._head(width) if self._head else BLANK), False
        row = y - self._top + self.scroll_offset.y
        if not self._keys:
            blank = max(0, (self.size.height - len(self._empty)) // 3)
            at = y - blank
            return (self._empty[at] if 0 <= at < len(self._empty) else BLANK), False
        if row >= len(self._keys):
            return BLANK, False
        key = self._keys[row]
        chosen = key == self._key
        return self._draw(key, width, chosen), chosen

    def render_line(self, y: int) -> Strip:
        """Paint one line of the screen."""
        width = self.room
        # What a repaint has drawn to compare it need not be drawn a second time to paint it.
        ready = self._drawn.pop(y, None) if self._drawn_at == self._place() else None
        line, chosen = self._painted[y] = ready or self._line(y, width)
        if y < self._top:
            return self.strip(line, width, over="title")
        return self.strip(line, width, over="cursor" if chosen else "")

    def on_resize(self, event: events.Resize) -> None:
        """Take the new width."""
        self.virtual_size = Size(event.size.width, len(self._keys) + self._top)
        self.call_after_refresh(self.reveal)

    def on_click(self, event: events.Click) -> None:
        """Select by mouse; a second click opens; the header sorts."""
        at = event.get_content_offset(self)
        if at is None:
            return  # On the border.
        if at.y < self._top:
            self.post_message(self.HeadClicked(self, at.x))
            return
        row = at.y - self._top + self.scroll_offset.y
        if 0 <= row < len(self._keys) and self._selectable(key := self._keys[row]):
            self.select(key)
            if event.chain > 1:
                self.post_message(self.Opened(self, key))
