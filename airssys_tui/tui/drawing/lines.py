"""Lines of styled text as values: made, measured, cut and wrapped here; ``widgets/line_pane`` paints them.

All text passes :func:`safe` once more, and none is read as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from rich.cells import cell_len, set_cell_size

from airssys_tui.core.text import one_line
from airssys_tui.tui.drawing.glyphs import ASCII, UNICODE, Glyphs, only_ascii

TONES: Final = (
    *("plain", "quiet", "strong", "title", "ok", "busy", "warn", "bad", "accent", "key", "cursor", "inverse"),
    "found",
)
"""What text means; each tone is a component class ``tone--NAME`` that a theme colours."""

MAX_CELL: Final = 512

CUT, ASCII_CUT = UNICODE.ellipsis, ASCII.ellipsis
"""Ends a line that is longer than its room."""


class Span(NamedTuple):
    """Text with a tone; ``under`` underlines it, for letters that are keys."""

    text: str
    tone: str = "plain"
    under: bool = False


Line = tuple[Span, ...]

BLANK: Final[Line] = ()

LABEL: Final = 13
"""Cells of a label."""


def safe(text: str, glyphs: Glyphs = UNICODE, width: int = MAX_CELL) -> str:
    """Return text as one printable line, in the glyphs' character set."""
    return _cleaned(text, width, glyphs.ascii)


@lru_cache(maxsize=8_192)
def _cleaned(text: str, width: int, plain: bool) -> str:
    # The same names, versions and notes are drawn every second; cleaning them is most of a row's cost.
    clean = str.__str__(one_line(text, width))
    return only_ascii(clean) if plain else clean


def fit(text: str, width: int, *, right: bool = False, ellipsis: str = "…") -> str:
    """Cut or pad text to exactly ``width`` cells; cut text ends in an ellipsis."""
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
    """Shorten text to at most ``width`` cells, at a word, so that the rest stays readable.

    A last word with a figure is kept behind the ellipsis (``memory … ~40s``), unless it ends a parenthesis or leaves
    less than a third of the room for the beginning. A word is cut in its middle only where cutting at words would waste
    a third of the room.
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
    """Shorten a name to at most ``width`` cells in its middle, since both ends tell names apart."""
    length = cell_len(text)
    if length <= width or width < 5:
        return text
    tail = (width - 1) // 2
    end = text[-tail:]
    while cell_len(end) > tail:
        end = end[1:]
    return set_cell_size(text, width - 1 - cell_len(end)) + ellipsis + end


def join(lines: Iterable[Line], gap: str = "  ") -> Line:
    """Put lines side by side."""
    spans: list[Span] = []
    for line in lines:
        if spans and line:
            spans.append(Span(gap))
        spans.extend(line)
    return tuple(spans)


def _cells(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def line_width(line: Line) -> int:
    """Return the cells that a line takes."""
    return sum([_cells(span.text) for span in line])


def changed_cells(before: Line, after: Line, width: int) -> tuple[int, int]:
    """Return the first cell in which two lines differ, and the cell after the last, within ``width`` cells."""
    start = same = 0
    for old, new in zip(before, after, strict=False):
        if old != new:
            break
        start += _cells(old.text)
        same += 1
    if line_width(before) != line_width(after):
        return min(start, width), width
    end = line_width(after)
    for old, new in zip(reversed(before[same:]), reversed(after[same:]), strict=False):
        if old != new:
            break
        end -= _cells(old.text)
    return min(start, width), min(end, width)


def wrap(text: str, width: int) -> list[str]:
    """Break text at spaces into lines of at most ``width`` cells; longer words are split."""
    if _cells(text) <= width and not text.startswith(" "):
        return [text]
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


def labelled(label: str, text: str, width: int, tone: str = "plain") -> list[Line]:
    """Draw text next to a label; wrapped lines are aligned with the text."""
    column = max(LABEL, len(label) + 1)
    parts = wrap(text, max(8, width - column))
    return [
        (Span(f"{label if row == 0 else '':<{column}}", "quiet"), Span(part, tone)) for row, part in enumerate(parts)
    ]


def crumbs(component: str, heading: str, glyphs: Glyphs) -> Line:
    """Draw the names of the component and the screen, for the top of a screen about one component."""
    turn = " > " if glyphs.ascii else " › "  # noqa: RUF001
    return (Span(f" {safe(component, glyphs, 60)}", "strong"), Span(turn), Span(heading))
