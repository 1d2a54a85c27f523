"""Colour in what commands print, where a terminal wants it: never the only carrier of a meaning."""

from __future__ import annotations

import os
import sys
from typing import Final, TextIO

_CODES: Final = {
    "title": "1",
    "running": "32",
    "healthy": "32",
    "active": "32",
    "failed": "31",
    "refused": "31",
    "error": "31",
    "unhealthy": "31",
    "quarantined": "31",
    "warning": "33",
    "degraded": "33",
    "updating": "36",
    "starting": "36",
    "stopped": "2",
    "debug": "2",
    "superseded": "2",
}
"""Words that have a colour, and its code. Only the sixteen that every theme of a terminal defines."""


def wanted(stream: TextIO | None = None) -> bool:
    """Return whether a stream is a terminal that shows colours, and nobody said NO_COLOR."""
    stream = stream or sys.stdout
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") not in {"", "dumb"}


def styled(text: str, tone: str, stream: TextIO | None = None) -> str:
    """Return text in the colour of a word, when colours are wanted; blanks around it keep theirs.

    Args:
        text: Already safe; it may be padded.
        tone: One of the words that have a colour; any other leaves the text as it is.
        stream: Where it is written; standard output when not given.
    """
    code = _CODES.get(tone)
    if not code or not wanted(stream):
        return text
    words = text.strip()
    return text.replace(words, f"\x1b[{code}m{words}\x1b[0m", 1) if words else text
