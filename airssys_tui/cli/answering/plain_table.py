"""Plain aligned tables that fit the terminal: the least important columns are dropped first."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from airssys_tui.cli.answering.colour import styled
from airssys_tui.core.text import one_line, whole

GAP: Final = "  "
NO_TONES: Final[Mapping[int, str]] = {}


@dataclass(frozen=True, slots=True)
class PlainColumn:
    """One column.

    Attributes:
        title: Its heading.
        right: Whether figures in it are aligned to the right.
        rank: Columns with the highest rank are dropped first when the table is too wide; rank 0 stays.
        least: Minimum width, in cells, of a column that may be cut; 0 for one that is never cut.
        toned: Whether its words are coloured when the output takes colours.
    """

    title: str
    right: bool = False
    rank: int = 0
    least: int = 0
    toned: bool = False


def render(columns: Sequence[PlainColumn], rows: Sequence[Sequence[str]], width: int | None = None) -> list[str]:
    """Lay out a table.

    Args:
        columns: The columns.
        rows: One text per column; each is made safe and put on one line here.
        width: Available width in cells; ``None`` for unlimited.

    Returns:
        The heading and one line per row, without trailing blanks.
    """
    cells: list[list[str]] = [[_cell(text, width) for text in row] for row in rows]
    widths = [
        max([cell_width(column.title)] + [cell_width(row[index]) for row in cells])
        for index, column in enumerate(columns)
    ]
    shown = list(range(len(columns)))
    if width is not None:
        _shrink(columns, widths, shown, width)
    lines = [_line([column.title for column in columns], columns, widths, shown)]
    for row in cells:
        tones = {index: row[index].split(" ")[0] for index in shown if columns[index].toned}
        lines.append(_line(row, columns, widths, shown, tones))
    return lines


def _cell(text: str, width: int | None) -> str:
    return " ".join(whole(text).split()) if width is None else one_line(text, 2_000)


def _line(
    row: Sequence[str],
    columns: Sequence[PlainColumn],
    widths: Sequence[int],
    shown: Sequence[int],
    tones: Mapping[int, str] = NO_TONES,
) -> str:
    fitted = {index: _fit(row[index], widths[index], right=columns[index].right) for index in shown}
    fitted[shown[-1]] = fitted[shown[-1]].rstrip()
    line = GAP.join(styled(text, tones[index]) if index in tones else text for index, text in fitted.items())
    return line.rstrip()


def cell_width(text: str) -> int:
    """Return the width of a text in terminal cells."""
    return sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _shrink(columns: Sequence[PlainColumn], widths: list[int], shown: list[int], width: int) -> None:
    """Cut columns where allowed, then drop those of the highest rank, until the table fits or only rank 0 is left."""
    while True:
        excess = sum(widths[index] for index in shown) + len(GAP) * (len(shown) - 1) - width
        if excess <= 0:
            return
        spare = sum(max(0, widths[index] - columns[index].least) for index in shown if columns[index].least)
        ranked = [index for index in shown if columns[index].rank]
        if spare < excess and ranked:
            shown.remove(max(ranked, key=lambda index: columns[index].rank))
            continue
        for index in sorted(shown, key=lambda index: -widths[index]):
            if columns[index].least:
                cut = min(excess, max(0, widths[index] - columns[index].least))
                widths[index] -= cut
                excess -= cut
        return


def _fit(text: str, width: int, *, right: bool) -> str:
    taken = cell_width(text)
    if taken > width:
        kept, taken = "", 0
        for char in text:
            if taken + _cells(char) > width - 1:
                break
            kept, taken = kept + char, taken + _cells(char)
        text, taken = kept + "…", taken + 1
    blank = " " * (width - taken)
    return blank + text if right else text + blank
