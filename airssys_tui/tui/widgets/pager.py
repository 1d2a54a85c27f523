"""A page of lines that scrolls and selects nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from airssys_tui.tui.drawing.lines import Line
from airssys_tui.tui.widgets.line_pane import Painter


class Pager(ScrollView, Painter, can_focus=True, inherit_bindings=False):
    """A scrollable page of lines."""

    class RoomChanged(Message):
        """The scroll bar came or went: lines that were laid out for the room before are to be laid out anew."""

    COMPONENT_CLASSES: ClassVar[set[str]] = Painter.COMPONENT_CLASSES

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lines: tuple[Line, ...] = ()
        self._about: tuple[str | None, object, int] = (None, None, 0)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines shown."""
        return self._lines

    @property
    def room(self) -> int:
        """Cells of a line, without the scroll bar."""
        return self.scrollable_content_region.width

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines from now on."""
        lines = tuple(lines)
        if lines == self._lines:
            return
        self._lines = lines
        self.virtual_size = Size(self.size.width, len(lines))
        self.refresh()

    def show_about(self, key: str | None, of: object, draw: Callable[[int], Sequence[Line]]) -> None:
        """Show what is told of something, if that or the room for it changed; of something else, from the first line.

        Args:
            key: What it is about; None for nothing.
            of: All that the lines depend on besides the room.
            draw: Draws the lines in this many cells.
        """
        before, self._about = self._about, (key, of, self.room)
        if before == self._about:
            return
        self.show(draw(self.room))
        if before[0] != key:
            self.scroll_to(y=0, animate=False, force=True, immediate=True)

    def step(self, rows: int) -> None:
        """Scroll by this many lines."""
        top = min(max(0, self.scroll_offset.y + rows), max(0, len(self._lines) - self.size.height))
        self.scroll_to(y=top, animate=False, force=True, immediate=True)

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        row = y + self.scroll_offset.y
        return self.strip(self._lines[row] if row < len(self._lines) else (), self.room)

    def watch_show_vertical_scrollbar(self, before: bool, now: bool) -> None:
        """Say that there is less or more room."""
        if before != now:
            self.post_message(self.RoomChanged())

    def on_resize(self, event: events.Resize) -> None:
        """Take the new width."""
        self.virtual_size = Size(event.size.width, len(self._lines))
