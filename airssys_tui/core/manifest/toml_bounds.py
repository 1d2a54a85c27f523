"""Bounds of a TOML document, checked by one scan before it is parsed.

The standard parser needs time and memory that grow with the square of a key's dots, and ends with an error of the
interpreter where arrays are nested deeply: 32 KB of dots take 20 seconds and 1.5 GB. The scan here is linear and stops
at the first thing past its bound. It counts what the text would become, so brackets and dots in strings and comments do
not count (https://toml.io/en/v1.0.0).

The scan does not validate. Every text that the parser accepts is scanned to its end; where the text is no TOML the scan
may stop, because the parser stops there or earlier.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

MAX_CHARACTERS: Final = 256 * 1024
"""Maximum length of a document, in characters."""

MAX_BYTES: Final = 4 * MAX_CHARACTERS
"""Bytes to read of a file; one that has more has too many characters, however they are encoded."""

MAX_DEPTH: Final = 32
"""Maximum nesting of tables and arrays; the document itself is the first level."""

MAX_PARTS: Final = 32
"""Maximum parts of one key; dots separate them."""

MAX_TABLE_KEYS: Final = 2_000
"""Maximum keys written in one table."""

MAX_KEYS: Final = 5_000
"""Maximum keys of a document; each part of a dotted key and of a table's header counts."""

MAX_TABLES: Final = 1_000
"""Maximum tables of a document: headers, and tables in braces."""

MAX_ELEMENTS: Final = 10_000
"""Maximum elements of all arrays of a document."""

MAX_UNQUOTED: Final = 8_192
"""Maximum length of a number, date or other value without quotes, in characters."""

_BLANK: Final = re.compile(r"[ \t]*+")
_SPACE: Final = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_PART: Final = re.compile(r"""[^\s=.,\[\]{}"'#]++|"(?:[^"\\\n]++|\\[^\n])*+"|'[^'\n]*+'""")
_STRINGS: Final = {
    '"""': re.compile(r'"""(?:[^"\\]++|\\.|"(?!""))*+"{3,5}', re.DOTALL),
    "'''": re.compile(r"'''(?:[^']++|'(?!''))*+'{3,5}"),
    '"': re.compile(r'"(?:[^"\\\n]++|\\[^\n])*+"'),
    "'": re.compile(r"'[^'\n]*+'"),
}
"""How each kind of string goes on, by its opening; the longer openings come first."""
_UNQUOTED: Final = re.compile(r"[^,\[\]{}#\r\n\"']++")
_CLOSING: Final = {"[": "]", "{": "}"}
_PLACE: Final = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)\Z")
"""Where the parser's message says that the fault is."""


class TomlError(ValueError):
    """A text is not a TOML document within the bounds.

    Attributes:
        line: Line number, from 1.
        message: What is wrong, without the line.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


def load_toml(text: str) -> dict[str, Any]:
    """Parse a document whose bounds are checked first. Every TOML file of the program is read here.

    Raises:
        TomlError: If it exceeds a bound or is not TOML.
    """
    check_bounds(text)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise TomlError(1, f"tables and arrays are nested more than {MAX_DEPTH} deep") from None
    except ValueError as error:
        message = str(error)
        place = _PLACE.search(message)
        line = int(place[1]) if place and place[1] else text.rstrip().count("\n") + 1
        raise TomlError(line, f"not TOML: {_PLACE.sub('', message)}") from error


def check_bounds(text: str) -> None:
    """Check a document's bounds, in time and memory linear in its length.

    Raises:
        TomlError: If it exceeds a bound; with the line where it does.
    """
    if len(text) > MAX_CHARACTERS:
        raise TomlError(1, f"the document is longer than {MAX_CHARACTERS} characters")
    try:
        _Scan(text).document()
    except _LostError:
        return


class _LostError(Exception):
    """The text is no TOML from here on."""


class _Scan:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._keys = 0
        self._tables = 0
        self._elements = 0

    def document(self) -> None:
        depth, keys = 1, 0
        while True:
            self._skip(_SPACE)
            if self._at >= len(self._text):
                return
            if self._text[self._at] == "[":
                depth, keys = self._header(), 0
            else:
                keys += 1
                self._pair(depth, keys)

    def _header(self) -> int:
        """Read a table's header; return the table's depth."""
        brackets = 2 if self._text.startswith("[[", self._at) else 1
        self._add_table()
        self._at += brackets
        depth = self._parts() + brackets
        self._check_depth(depth)
        self._expect("]" * brackets)
        return depth

    def _pair(self, depth: int, keys: int) -> None:
        """Read a key and its value, which may be of any depth; no recursion."""
        open_: list[tuple[str, int, int]] = []  # bracket, depth, keys of a table in braces so far
        depth = self._key(depth, keys)
        while True:
            kind = self._value()
            if kind:
                depth += 1
                self._check_depth(depth)
                open_.append((kind, depth, 0))
            depth = self._next(open_, continued=bool(kind))
            if not open_:
                return

    def _next(self, open_: list[tuple[str, int, int]], *, continued: bool) -> int:
        """Go on to the next value inside the open brackets; return the depth that surrounds it.

        Args:
            open_: The open brackets; those that close here are removed.
            continued: Whether a value may follow without a comma: a bracket has just opened.
        """
        while open_:
            kind, depth, keys = open_[-1]
            self._skip(_SPACE)
            if self._text.startswith(_CLOSING[kind], self._at):
                self._at += 1
                open_.pop()
                continued = False
                continue
            if not continued:
                self._expect(",")
                continued = True
                continue
            if kind == "[":
                self._add_element()
                return depth
            open_[-1] = (kind, depth, keys + 1)
            return self._key(depth, keys + 1)
        return 0

    def _key(self, depth: int, keys: int) -> int:
        """Read a key up to its value; return the depth of the table that holds the value."""
        if keys > MAX_TABLE_KEYS:
            raise self._exceeds(f"a table has more than {MAX_TABLE_KEYS} keys")
        depth += self._parts() - 1
        self._check_depth(depth)
        self._expect("=")
        self._skip(_BLANK)
        return depth

    def _parts(self) -> int:
        count = 0
        while True:
            self._skip(_BLANK)
            self._take(_PART)
            count += 1
            if count > MAX_PARTS:
                raise self._exceeds(f"a key has more than {MAX_PARTS} parts, separated by dots")
            self._keys += 1
            if self._keys > MAX_KEYS:
                raise self._exceeds(f"the document has more than {MAX_KEYS} keys in all")
            self._skip(_BLANK)
            if not self._text.startswith(".", self._at):
                return count
            self._at += 1

    def _value(self) -> str:
        """Read a scalar, or an opening bracket, which is returned."""
        opening = self._text[self._at : self._at + 1]
        if opening in _CLOSING:
            if opening == "{":
                self._add_table()
            self._at += 1
            return opening
        for mark, string in _STRINGS.items():
            if self._text.startswith(mark, self._at):
                self._take(string)
                return ""
        if len(self._take(_UNQUOTED).rstrip()) > MAX_UNQUOTED:
            raise self._exceeds(f"a value without quotes is longer than {MAX_UNQUOTED} characters")
        return ""

    def _add_table(self) -> None:
        self._tables += 1
        if self._tables > MAX_TABLES:
            raise self._exceeds(f"the document has more than {MAX_TABLES} tables")

    def _add_element(self) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise self._exceeds(f"the arrays of the document have more than {MAX_ELEMENTS} elements")

    def _check_depth(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise self._exceeds(f"tables and arrays are nested more than {MAX_DEPTH} deep")

    def _exceeds(self, message: str) -> TomlError:
        return TomlError(self._line(), message)

    def _line(self) -> int:
        return self._text.count("\n", 0, self._at) + 1

    def _expect(self, text: str) -> None:
        if not self._text.startswith(text, self._at):
            raise _LostError
        self._at += len(text)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise _LostError
        self._at = match.end()
        return match[0]
