"""Line numbers of the keys of a TOML document, which the standard parser does not report.

A small reader of a document that ``tomllib`` has already accepted (https://toml.io/en/v1.0.0): it follows tables,
arrays of tables, dotted and quoted keys, inline tables and arrays, skips strings of every kind and comments, and
records the line of each key and array element. It does not validate; where it fails to follow, it stops, and the lines
recorded so far remain valid.
"""

from __future__ import annotations

import re
import tomllib
from typing import Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys, and indices of array elements, from the document's root."""

_BLANK: Final = re.compile(r"[ \t]*+")
_SPACE: Final = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_KEY: Final = re.compile(r"[A-Za-z0-9_-]++|\"(?:[^\"\\\n]++|\\.)*+\"|'[^'\n]*+'")
_STRING: Final = re.compile(
    r'"""(?:[^"\\]++|\\.|"(?!""))*+"{3,5}|'
    r"'''(?:[^']++|'(?!''))*+'{3,5}|"
    r'"(?:[^"\\\n]++|\\.)*+"|'
    r"'[^'\n]*+'",
    re.DOTALL,
)
_SCALAR: Final = re.compile(r"[^,\]}#\r\n]++")


class TomlLines:
    """Line numbers of the keys of one document.

    Args:
        text: A document that ``tomllib.loads`` accepts.
    """

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {(): 1}
        reader = _Reader(text, self._lines)
        try:
            reader.document()
        except (_LostError, RecursionError):
            return

    def line(self, path: Path) -> int:
        """Return the line of a path, from 1; if unknown, that of the nearest enclosing path."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]


class _LostError(Exception):
    """The text is not what the reader expects here."""


class _Reader:
    def __init__(self, text: str, lines: dict[Path, int]) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._lines = lines
        self._elements: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        while True:
            self._skip(_SPACE)
            if self._at >= len(self._text):
                return
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> Path:
        line = self._line
        repeated = self._text.startswith("[[", self._at)
        bracket = 2 if repeated else 1
        self._advance(bracket)
        keys = self._keys()
        self._advance(bracket)
        path: Path = ()
        for key in keys[:-1]:
            path = self._inside((*path, key), line)
        path = (*path, keys[-1])
        self._note(path, line)
        if repeated:
            self._elements[path] = self._elements.get(path, -1) + 1
            path = (*path, self._elements[path])
            self._note(path, line)
        return path

    def _inside(self, path: Path, line: int) -> Path:
        # [a.b] after [[a]] refers to the last element of a.
        self._note(path, line)
        return (*path, self._elements[path]) if path in self._elements else path

    def _pair(self, table: Path) -> None:
        line = self._line
        path = table
        for key in self._keys():
            path = (*path, key)
            self._note(path, line)
        self._expect("=")
        self._skip(_BLANK)
        self._value(path)

    def _keys(self) -> list[str]:
        keys: list[str] = []
        while True:
            self._skip(_BLANK)
            keys.append(_unquoted(self._take(_KEY)))
            self._skip(_BLANK)
            if not self._text.startswith(".", self._at):
                return keys
            self._advance(1)

    def _value(self, path: Path) -> None:
        opening = self._text[self._at : self._at + 1]
        if opening in {'"', "'"}:
            self._take(_STRING)
        elif opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            self._take(_SCALAR)

    def _array(self, path: Path) -> None:
        index = 0
        self._advance(1)
        while not self._closed("]"):
            self._note((*path, index), self._line)
            self._value((*path, index))
            index += 1
            self._separator()

    def _inline_table(self, path: Path) -> None:
        self._advance(1)
        while not self._closed("}"):
            self._pair(path)
            self._separator()

    def _separator(self) -> None:
        self._skip(_SPACE)
        if self._text.startswith(",", self._at):
            self._advance(1)

    def _closed(self, bracket: str) -> bool:
        self._skip(_SPACE)
        closed = self._text.startswith(bracket, self._at)
        if closed:
            self._advance(1)
        return closed

    def _note(self, path: Path, line: int) -> None:
        self._lines.setdefault(path, line)

    def _expect(self, text: str) -> None:
        if not self._text.startswith(text, self._at):
            raise _LostError
        self._advance(len(text))

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._advance(match.end() - self._at)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise _LostError
        self._advance(match.end() - self._at)
        return match[0]

    def _advance(self, characters: int) -> None:
        self._line += self._text.count("\n", self._at, self._at + characters)
        self._at += characters


def _unquoted(key: str) -> str:
    if key.startswith("'"):
        return key[1:-1]
    if not key.startswith('"'):
        return key
    # A basic string may contain escapes; the standard parser decodes them.
    try:
        return str(tomllib.loads(f"key = {key}")["key"])
    except tomllib.TOMLDecodeError as error:
        raise _LostError from error
