"""Widgets that paint lines: the base of every table and pane, and the pane that shows a fixed few.

A line is compared with the one painted before, so that only the cells that changed are painted and sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from airssys_tui.tui.drawing.lines import ASCII_CUT, BLANK, CUT, TONES, Line, changed_cells

OWN_TONES: Final = {"cursor"}
"""Tones that depend on the widget: the cursor of a pane without the focus is another."""

SCREEN_TONES: Final = {f"tone--{tone}" for tone in TONES if tone not in OWN_TONES}
"""The component classes of every screen with a :class:`Painter` on it.

Textual resolves each component class of each node again whenever the styles of that node change, so that those which
all widgets share are resolved once, for the screen.
"""


class Painter(Widget):
    """A widget that paints lines. Colours come from the theme through the component classes of the screen."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone--{tone}" for tone in OWN_TONES}

    def __init__(self, *children: Widget, **options: Any) -> None:
        super().__init__(*children, **options)
        self._tones: dict[tuple[str, bool, str], Style] = {}

    def notify_style_update(self) -> None:
        """Forget resolved colours when the theme changes."""
        self._tones.clear()
        super().notify_style_update()

    def strip(self, line: Line, width: int, *, over: str = "") -> Strip:
        """Turn a line into a strip of exactly ``width`` cells; ``over`` is a tone laid over the whole line."""
        segments = [Segment(span.text, self._tone(span.tone, span.under, over)) for span in line]
        base = self._tone("plain", False, over)
        strip = Strip(segments).simplify()
        if strip.cell_length > width > 1 and strip.crop(width).text.strip():  # a cut line says so
            cut = ASCII_CUT if self.app.has_class("ascii") else CUT
            strip = Strip.join([strip.crop(0, width - 1), Strip([Segment(cut, base)])])
        return strip.adjust_cell_length(width, base)

    def _tone(self, tone: str, under: bool, over: str) -> Style:
        key = (tone, under, over)
        style = self._tones.get(key)
        if style is None:
            style = self.rich_style + self._resolved(tone)
            if over:
                style += self._resolved(over)
            if under:
                style += Style(underline=True)
            self._tones[key] = style
        return style

    def _resolved(self, tone: str) -> Style:
        owner = self if tone in OWN_TONES else self.screen
        return owner.get_component_rich_style(f"tone--{tone}", partial=True)


class LinePane(Painter):
    """A fixed area that shows lines; repaints only those that changed."""

    can_focus = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Line, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines shown."""
        return self._lines

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines from now on."""
        before, self._lines = self._lines, tuple(lines)
        rows = max(len(before), len(self._lines))
        dirty = []
        for row in range(min(rows, self.size.height)):
            old, new = _at(before, row), _at(self._lines, row)
            if old != new:
                start, end = changed_cells(old, new, self.size.width)
                dirty.append(Region(start, row, end - start, 1))
        if dirty:
            self.refresh(*dirty)

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        return self.strip(_at(self._lines, y), self.size.width)


def _at(lines: tuple[Line, ...], row: int) -> Line:
    return lines[row] if row < len(lines) else BLANK
