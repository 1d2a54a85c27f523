"""Colour in command output, if the terminal supports it; colour never carries meaning alone."""

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
"""Words that have a colour, with its code: only the sixteen colours that every terminal theme defines."""


def wanted(stream: TextIO | None = None) -> bool:
    """Return whether a stream is a colour terminal and NO_COLOR is not set."""
    stream = stream or sys.stdout
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") not in {"", "dumb"}


def styled(text: str, tone: str, stream: TextIO | None = None) -> str:
    """Return text in the colour of a word if the stream takes colours; surrounding blanks stay uncoloured.

    Args:
        text: Sanitised text; it may be padded.
        tone: One of the words that have a colour; any other leaves the text unchanged.
        stream: The output stream; standard output if None.
    """
    code = _CODES.get(tone)
    if not code or not wanted(stream):
        return text
    words = text.strip()
    return text.replace(words, f"\x1b[{code}m{words}\x1b[0m", 1) if words else text
