"""Searching by regular expression, in time that grows with the text and with nothing else.

The patterns are RE2's: no look-around, no back-references, and so no pattern that takes exponential time. A pattern
runs on the screen's own thread, over lines that guests wrote.
"""

from __future__ import annotations

from typing import Any, Final

MOST_MATCHES: Final = 40
"""Matches highlighted in one line."""

MEMORY: Final = 4 * 1024 * 1024
"""Bytes that a compiled pattern may take; a larger one is a bad pattern."""

LONGEST: Final = 200
"""Characters of a pattern."""


class BadPatternError(ValueError):
    """The pattern is not valid; the text says why."""


class Search:
    """A pattern, case-insensitive unless it contains a capital letter.

    Args:
        pattern: Regular expression in RE2's syntax.

    Raises:
        BadPatternError: If it is not valid.
    """

    def __init__(self, pattern: str) -> None:
        import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - loaded at the first search

        options = re2.Options()
        options.max_mem = MEMORY
        options.log_errors = False
        options.case_sensitive = pattern.lower() != pattern
        self.pattern = pattern
        try:
            self._compiled: Any = re2.compile(pattern[:LONGEST], options)
        except (re2.error, UnicodeError) as error:
            raise BadPatternError(_reason(error)) from error

    def found_in(self, text: str) -> bool:
        """Return whether it matches anywhere in a text."""
        return self._compiled.search(_whole(text)) is not None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where it matches, at most :data:`MOST_MATCHES` times; empty matches are left out."""
        found: list[tuple[int, int]] = []
        for match in self._compiled.finditer(_whole(text)):
            if match.end() > match.start():
                found.append(match.span())
            if len(found) == MOST_MATCHES:
                break
        return found


def _whole(text: str) -> str:
    # A lone surrogate, which RE2 cannot read, becomes a question mark; positions stay.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "it contains half a character"
    said = error.args[0] if error.args else ""
    if isinstance(said, bytes):
        said = said.decode("utf-8", "replace")
    return str(said) or "cannot be read"
