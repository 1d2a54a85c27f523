"""Every symbol that is drawn, in two sets: structurally distinct Unicode glyphs, and plain ASCII."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from airssys_tui.core.lifecycle import State

ASCII_SWITCH: Final = "AIRSSYS_TUI_ASCII"
"""Environment variable that asks for ASCII unless it is unset, empty or ``0``."""


class Glyphs(msgspec.Struct, frozen=True, kw_only=True):
    """One set of symbols.

    Attributes:
        states: One per lifecycle state, distinct in shape and not only in colour.
        backoff: A failed component that waits for its next start.
        pointer: Next to the selected row.
        mark: Next to a marked row.
        ascending: Sort arrow; ``descending`` the other.
        eighths: Parts of a bar, from the thinnest to a full cell.
        sparks: Sparkline levels, from the lowest.
        arrow: Between two revisions.
        chosen: The chosen option; ``other`` one that is not.
        rule: Horizontal line.
        dot: Separator between figures.
        ellipsis: Ends what was cut.
        axis: Left edge of a chart; ``tick`` next to a figure.
    """

    states: dict[State, str]
    backoff: str
    pointer: str
    mark: str
    ascending: str
    descending: str
    eighths: str
    sparks: str
    arrow: str
    chosen: str
    other: str
    rule: str
    dot: str
    ellipsis: str
    axis: str
    tick: str
    ascii: bool

    def bar(self, share: float, width: int) -> str:
        """Draw a share of 1 as a bar of ``width`` cells; anything above zero is visible."""
        share = min(1.0, max(0.0, share))
        steps = len(self.eighths)
        filled = round(share * width * steps)
        if share > 0 and filled == 0:
            filled = 1
        full, rest = divmod(filled, steps)
        bar = self.eighths[-1] * full + (self.eighths[rest - 1] if rest else "")
        return bar.ljust(width)

    def sparkline(self, values: Sequence[float], width: int, top: float | None = None) -> str:
        """Draw the last ``width`` values on a scale from zero to ``top``; a shorter series is right-aligned.

        Without ``top`` the scale ends at twice the largest value, so that a flat series looks calm.
        """
        shown = values[-width:] if width > 0 else ()
        top = top or max(shown, default=0.0) * 2.0
        levels = len(self.sparks) - 1
        drawn = "".join(
            self.sparks[min(levels, max(0, round(value / top * levels))) if top > 0 else 0] for value in shown
        )
        return drawn.rjust(width)


UNICODE: Final = Glyphs(
    states={
        State.UNINSTALLED: "∅",
        State.INSTALLING: "◇",
        State.INSTALLED: "◆",
        State.STARTING: "◔",
        State.RUNNING: "●",
        State.UPDATING: "◌",
        State.STOPPING: "◒",
        State.STOPPED: "○",
        State.FAILED: "✕",
    },
    backoff="◐",
    pointer="▸",
    mark="■",
    ascending="↑",
    descending="↓",
    eighths="▏▎▍▌▋▊▉█",
    sparks="▁▂▃▄▅▆▇█",
    arrow="→",
    chosen="(•)",
    other="( )",
    rule="─",
    dot="·",
    ellipsis="…",
    axis="│",
    tick="┤",
    ascii=False,
)

ASCII: Final = Glyphs(
    states={
        State.UNINSTALLED: "_",
        State.INSTALLING: "i",
        State.INSTALLED: "I",
        State.STARTING: "^",
        State.RUNNING: "*",
        State.UPDATING: "u",
        State.STOPPING: "v",
        State.STOPPED: "o",
        State.FAILED: "x",
    },
    backoff="~",
    pointer=">",
    mark="#",
    ascending="^",
    descending="v",
    eighths="-=#",
    sparks="_.-=+*#@",
    arrow="->",
    chosen="(*)",
    other="( )",
    rule="-",
    dot="|",
    ellipsis="~",
    axis="|",
    tick="+",
    ascii=True,
)

_TO_ASCII: Final = str.maketrans(
    {
        "\N{RIGHTWARDS ARROW}": "->",
        "\N{UPWARDS ARROW}": "^",
        "\N{DOWNWARDS ARROW}": "v",
        "\N{MIDDLE DOT}": "|",
        "\N{HORIZONTAL ELLIPSIS}": "~",
        "\N{BOX DRAWINGS LIGHT HORIZONTAL}": "-",
        "\N{MINUS SIGN}": "-",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{MULTIPLICATION SIGN}": "x",
        "\N{MICRO SIGN}": "u",
    }
)


def only_ascii(text: str) -> str:
    """Replace what a plain terminal cannot draw; unknown characters become ``?``, one each."""
    return text if text.isascii() else text.translate(_TO_ASCII).encode("ascii", "replace").decode("ascii")


def chosen_glyphs(environment: Mapping[str, str] = os.environ) -> Glyphs:
    """Return the set that the environment asks for."""
    return ASCII if environment.get(ASCII_SWITCH, "") not in {"", "0"} else UNICODE
