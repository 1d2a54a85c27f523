"""Searching by regular expression, in time that grows with the text and with nothing else.

The patterns are RE2's: without look-around and back-references, and therefore without patterns that take for ever. An
operator's pattern runs on the screen's own thread, over lines that guests wrote.
"""

from __future__ import annotations

from typing import Any, Final

MOST_MATCHES: Final = 40
"""Matches marked in one line."""

MEMORY: Final = 4 * 1024 * 1024
"""Bytes that a compiled pattern may take; a larger one is refused as a bad pattern."""

LONGEST: Final = 200
"""Characters of a pattern."""


class BadPatternError(ValueError):
    """A pattern that cannot be searched for; its text says why."""


class Search:
    """A pattern; it ignores case unless it holds a capital letter.

    Args:
        pattern: Regular expression in RE2's syntax.

    Raises:
        BadPatternError: If it is none.
    """

    def __init__(self, pattern: str) -> None:
        import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - loaded when somebody searches

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
        """Return whether it matches somewhere."""
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
    # Half a character, which RE2 cannot read, becomes a question mark; the others stay where they are.
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "it holds half a character"
    said = error.args[0] if error.args else ""
    if isinstance(said, bytes):
        said = said.decode("utf-8", "replace")
    return str(said) or "cannot be read"
