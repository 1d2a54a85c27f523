"""Lines of styled text as values, and how a widget paints them: the line API under every table and pane.

A line is compared with the one painted before, so that only what changed is painted again. All text is sanitised here
once more, and never read as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from airssys_tui.core.text import one_line
from airssys_tui.tui.drawing.glyphs import ASCII, UNICODE, Glyphs, only_ascii

TONES: Final = (
    *("plain", "quiet", "strong", "title", "ok", "busy", "warn", "bad", "accent", "key", "cursor", "inverse"),
    "found",
)
"""Names of what text means; each is a component class ``tone--NAME`` that a theme colours."""

MAX_CELL: Final = 512

CUT, ASCII_CUT = UNICODE.ellipsis, ASCII.ellipsis
"""What ends a line that is longer than its room."""


class Span(NamedTuple):
    """Text with a tone; ``under`` underlines it, for letters that are keys."""

    text: str
    tone: str = "plain"
    under: bool = False


Line = tuple[Span, ...]

BLANK: Final[Line] = ()


def safe(text: str, glyphs: Glyphs = UNICODE, width: int = MAX_CELL) -> str:
    """Return text as one printable line, in the glyphs' character set."""
    return _cleaned(text, width, glyphs.ascii)


@lru_cache(maxsize=8_192)
def _cleaned(text: str, width: int, plain: bool) -> str:
    # The same names, versions and notes are drawn again every second; cleaning them was most of a row's cost.
    clean = str.__str__(one_line(text, width))
    return only_ascii(clean) if plain else clean


def fit(text: str, width: int, *, right: bool = False, ellipsis: str = "…") -> str:
    """Cut or pad text to exactly ``width`` cells; what is cut ends in an ellipsis."""
    if text.isascii():
        length = len(text)
        if length <= width:
            return text.rjust(width) if right else text.ljust(width)
        return text[: width - 1] + ellipsis if width > 1 else text[: max(0, width)]
    length = cell_len(text)
    if length <= width:
        padding = " " * (width - length)
        return padding + text if right else text + padding
    return set_cell_size(text, width - 1) + ellipsis if width > 1 else set_cell_size(text, max(0, width))


def elide(text: str, width: int, ellipsis: str = "…") -> str:
    """Shorten text to at most ``width`` cells at a word, so that what is left can be read.

    A last word that holds a figure is kept behind the ellipsis: ``memory … ~40s``; not one that ends a parenthesis,
    which says little without its beginning, and not when less than a third would be left for the beginning. A cut in
    the middle of a word is made only where cutting at words would lose a third of the room.
    """
    if cell_len(text) <= width:
        return text
    words = text.split(" ")
    last = words[-1]
    if any(char.isdigit() for char in last) and not last.endswith(")") and cell_len(last) + 5 <= width:
        start = _words_within(words[:-1], width - cell_len(last) - 3)
        if cell_len(start) * 3 >= width:
            return f"{start} {ellipsis} {last}"
    start = _words_within(words, width - 2)
    return f"{start} {ellipsis}" if cell_len(start) * 3 >= width * 2 else fit(text, width, ellipsis=ellipsis)


def _words_within(words: Sequence[str], width: int) -> str:
    text = ""
    for word in words:
        longer = f"{text} {word}" if text else word
        if cell_len(longer) > width:
            break
        text = longer
    return text.rstrip(" ·|,;:-")


def cut_middle(text: str, width: int, ellipsis: str = "…") -> str:
    """Shorten a name to at most ``width`` cells in its middle: both ends tell names apart."""
    length = cell_len(text)
    if length <= width or width < 5:
        return text
    tail = (width - 1) // 2
    end = text[-tail:]
    while cell_len(end) > tail:
        end = end[1:]
    return set_cell_size(text, width - 1 - cell_len(end)) + ellipsis + end


def join(lines: Iterable[Line], gap: str = "  ") -> Line:
    """Put lines beside each other."""
    spans: list[Span] = []
    for line in lines:
        if spans and line:
            spans.append(Span(gap))
        spans.extend(line)
    return tuple(spans)


def line_width(line: Line) -> int:
    """Return the cells that a line takes."""
    return sum(cell_len(span.text) for span in line)


def changed_cells(before: Line, after: Line, width: int) -> tuple[int, int]:
    """Return from which cell to which two lines differ, of ``width`` cells: only those are painted and sent again."""
    start = same = 0
    for old, new in zip(before, after, strict=False):
        if old != new:
            break
        start += cell_len(old.text)
        same += 1
    if line_width(before) != line_width(after):
        return min(start, width), width
    end = line_width(after)
    for old, new in zip(reversed(before[same:]), reversed(after[same:]), strict=False):
        if old != new:
            break
        end -= cell_len(old.text)
    return min(start, width), min(end, width)


def wrap(text: str, width: int) -> list[str]:
    """Break one line of text at spaces into lines of at most ``width`` cells; longer words are cut into pieces."""
    lines: list[str] = []
    current = ""
    for word in text.split(" "):
        candidate = f"{current} {word}" if current else word
        if cell_len(candidate) <= width:
            current = candidate
            continue
        if current:
            lines.append(current)
        while cell_len(word) > width > 0:
            head = set_cell_size(word, width).rstrip()
            lines.append(head)
            word = word[len(head) :]  # noqa: PLW2901
        current = word
    return [*lines, current] if current or not lines else lines


class Painter(Widget):
    """A widget that paints lines. Colours come from the theme through the component classes of :data:`TONES`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone--{tone}" for tone in TONES}

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
        if strip.cell_length > width > 1 and strip.crop(width).text.strip():  # nothing is cut unseen
            mark = ASCII_CUT if self.app.has_class("ascii") else CUT
            strip = Strip.join([strip.crop(0, width - 1), Strip([Segment(mark, base)])])
        return strip.adjust_cell_length(width, base)

    def _tone(self, tone: str, under: bool, over: str) -> Style:
        key = (tone, under, over)
        style = self._tones.get(key)
        if style is None:
            style = self.rich_style + self.get_component_rich_style(f"tone--{tone}", partial=True)
            if over:
                style += self.get_component_rich_style(f"tone--{over}", partial=True)
            if under:
                style += Style(underline=True)
            self._tones[key] = style
        return style


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
