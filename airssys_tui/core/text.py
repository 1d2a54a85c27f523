"""Sanitising of guest text, which is hostile: the only place where it becomes safe to show.

All text from a component, a manifest, a file name or an error passes :func:`sanitise` before it reaches a terminal, a
log or a label. The result is a :class:`GuestText`, a ``str`` that a type checker can tell apart.

Data is no display text. Arguments, results, notes, configured values and names are kept, stored and sent
:data:`Verbatim`, character by character, and become safe only where they are drawn.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Final, TypeAlias

MAX_LINE: Final = 2_000
"""Maximum characters kept of a line; the mark that replaces the rest says how many were cut."""

MAX_LINES: Final = 1_000
"""Maximum lines kept of one text."""

MAX_COMBINING: Final = 3
"""Maximum combining marks kept after one base character; terminals draw more of them over neighbouring cells."""


VERBATIM: Final = "verbatim"
"""Marks the type of a field whose texts are data."""

Verbatim: TypeAlias = Annotated[str, VERBATIM]
"""Text that is data: nothing on its way changes it, and whoever shows it passes it through :func:`sanitise` first."""


class GuestText(str):
    """Text that has passed :func:`sanitise`; safe on a terminal as plain text (never as markup)."""

    __slots__ = ()


_BIDI: Final = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_ZERO_WIDTH: Final = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u200b\u200c\u200d"
    "\u2060\u2061\u2062\u2063\u2064\u3164\ufeff\uffa0\ufff9\ufffa\ufffb"
)
_SEPARATORS: Final = "\u2028\u2029"

_VISIBLE: Final[dict[int, str]] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A)},
    0x7F: "\u2421",
    **{code: f"\u27e8{code:02x}\u27e9" for code in range(0x80, 0xA0)},
    **{ord(char): "\u2426" for char in _BIDI + _ZERO_WIDTH + _SEPARATORS},
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
    **dict.fromkeys(range(0xFE00, 0xFE10), ""),
    **dict.fromkeys(range(0xE0000, 0xE0200), "\u2426"),
}
_CONTROLLING: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_HARMLESS: Final = frozenset("\n\t\u200c\u200d")
"""What a file keeps although it is not printable: breaks and joiners."""

_STACKING: Final = frozenset({"Mn", "Me"})
_PLAIN: Final = re.compile(r"[\t\n\x20-\x7e]*\Z")
_COMMON: Final = re.compile(
    r"[\t\n\x20-\x7e\xa0-\xac\xae-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u21ff\u2500-\u25ff]*\Z"
)
"""Letters and signs without controls and combining marks, as in most texts; the program's own use a middle dot."""


def is_plain(text: str) -> bool:
    """Return whether a text is only printable ASCII, newlines and tabs, and thus harmless."""
    return _PLAIN.match(text) is not None


def bounded(text: str, most: int) -> str:
    """Return data of a bounded size: its first ``most`` characters, with a mark that says how many were cut."""
    return text if len(text) <= most else f"{text[:most]}…[+{len(text) - most} characters]"


def is_long(text: str) -> bool:
    """Return whether :func:`sanitise` leaves out a part of a text for its size."""
    return text.count("\n") >= MAX_LINES or any(len(line) > MAX_LINE for line in text.split("\n"))


def sanitise(text: str, *, max_line: int = MAX_LINE, max_lines: int = MAX_LINES) -> GuestText:
    r"""Make text safe to show on a terminal, keeping newlines and tabs.

    C0 (except newline and tab), DEL, C1, bidirectional overrides, zero-width characters, U+2028/2029, tag characters
    and lone surrogates become visible symbols; variation selectors are removed; runs of combining marks are cut to
    :data:`MAX_COMBINING`; lines longer than ``max_line`` characters and texts longer than ``max_lines`` lines are cut,
    with a mark that says how much was removed.

    Args:
        text: Any text.
        max_line: Maximum characters kept of a line.
        max_lines: Maximum lines kept.

    Returns:
        Text in which every character is printable, a newline or a tab. The function is idempotent.
    """
    if isinstance(text, GuestText) and len(text) <= max_line and text.count("\n") < max_lines:
        return text
    budget = (max_line + 64) * max_lines
    if not _COMMON.match(text):
        text = _by_category(text[:budget].translate(_VISIBLE))
    if len(text) > max_line or text.count("\n") >= max_lines:
        text = _cut(text, max_line, max_lines)
    return GuestText(text)


def one_line(text: str, width: int = 200) -> GuestText:
    """Sanitise text into a single line of at most ``width`` characters; line breaks and tabs become spaces."""
    read = text[: width * 8]
    flat = " ".join(sanitise(read).split())
    whole = len(flat) <= width and len(read) == len(text)
    return GuestText(flat if whole else flat[: max(0, width - 1)] + "…")


def escaped(name: str) -> str:
    r"""Return a file name with what cannot be shown written out: bytes that are not UTF-8 and control characters.

    A byte is ``\xff``, a character ``\u202e``. Names that are plain text stay as they are.
    """
    if name.isprintable():
        return name
    return "".join(char if char.isprintable() else _escape(char) for char in name)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # PEP 383: a byte of a path that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def whole(text: str) -> str:
    r"""Make text safe for a pipe or a file, where nobody draws it and programs read it: nothing is cut or left out.

    What would act on a terminal that shows the file (controls except newline and tab, bidirectional overrides,
    invisible formats, U+2028/2029, lone surrogates) becomes an escape such as ``\x1b``. Joiners, variation selectors
    and combining marks belong to words and to emoji: they stay.
    """
    if is_plain(text):
        return text
    return "".join(_escape(char) if _acts(char) else char for char in text)


def whole_json(document: str) -> str:
    """Make a JSON document safe for any reader: it reads as the same value, and nothing invisible is in it raw.

    Args:
        document: JSON. Characters that are not printable occur only in its strings, where an escape means the same.
    """
    if is_plain(document):
        return document
    return "".join(char if char.isprintable() or char == "\n" else _escape_json(char) for char in document)


def _acts(char: str) -> bool:
    return char not in _HARMLESS and unicodedata.category(char) in _CONTROLLING


def _escape_json(char: str) -> str:
    code = ord(char)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    return f"\\u{0xD7C0 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def _by_category(text: str) -> str:
    # The table above gives some characters their own symbol; the categories catch all others.
    kept: list[str] = []
    run = 0
    for char in text:
        category = unicodedata.category(char)
        run = run + 1 if category in _STACKING else 0
        if run <= MAX_COMBINING:
            kept.append("\u2426" if category in _CONTROLLING and char not in "\n\t" else char)
    return "".join(kept)


def _cut(text: str, max_line: int, max_lines: int) -> str:
    lines = text.split("\n")
    dropped = len(lines) - max_lines
    shown = [_cut_line(line, max_line) for line in lines[:max_lines]]
    if dropped > 0:
        shown[-1] = f"…[+{dropped + 1} lines]"
    return "\n".join(shown)


def _cut_line(line: str, max_line: int) -> str:
    if len(line) <= max_line:
        return line
    keep = max(0, max_line - 24)
    return f"{line[:keep]}…[+{len(line) - keep} characters]"[:max_line]
