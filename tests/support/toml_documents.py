"""TOML documents of any shape together with the line of everything in them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from airssys_tui.core.manifest.toml_lines import Path

BARE = st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True)
ANY_KEY = BARE | st.sampled_from(["a.b", "with space", "ü", 'quo"te', "#no", "[x]", "=", "tab\t", "'"])
SCALARS = st.sampled_from(
    [
        "1",
        "0x1F",
        "1.5e3",
        "true",
        "1979-05-27T07:32:00Z",
        "1979-05-27 07:32:00",
        '"text # [no] = {comment}"',
        '"escaped \\" quote \\\\"',
        "'literal \\'",
        '""',
        "''",
        '"""many\n[lines]\nkey = 1 # no\n"""',
        '"""ends in quotes"""""',
        '"""esc \\""" still\n"""',
        "'''lit\n\\\n[[x]]'''",
        "''''quoted''''",
    ]
)
COMMENTS = st.sampled_from(["", " # comment [x] = {", "  ", "\t# '''"])


class Document:
    """A document under construction; ``lines`` is what a line finder has to find."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self.text = ""
        self.lines: dict[Path, int] = {}

    def build(self) -> None:
        self._filler()
        self._pairs((), ANY_KEY)
        for name in self._draw(st.lists(BARE, max_size=3, unique=True)):
            if (f"t-{name}",) not in self.lines:
                self._table((f"t-{name}",), [f"t-{name}"], depth=0)
        for name in self._draw(st.lists(BARE, max_size=2, unique=True)):
            for index in range(self._draw(st.integers(1, 3))):
                self._element((f"e-{name}",), index)

    def _table(self, path: Path, names: list[str], depth: int) -> None:
        self._header(path, names, "[", "]")
        self._pairs(path, ANY_KEY)
        if depth < 2 and self._draw(st.booleans()):
            self._table((*path, "t-inner"), [*names, "t-inner"], depth + 1)

    def _element(self, path: Path, index: int) -> None:
        names = [str(path[0])]
        self._header(path, names, "[[", "]]")
        element = (*path, index)
        self._note(element, self._line() - 1 - self._trailing)
        self._pairs(element, ANY_KEY)
        if self._draw(st.booleans()):
            self._table((*element, "t-of"), [*names, "t-of"], depth=1)

    def _header(self, path: Path, names: list[str], opening: str, closing: str) -> None:
        dot = self._draw(st.sampled_from([".", " . "]))
        self._note(path, self._line())
        self.text += f"{opening} {dot.join(map(self._key, names))} {closing}{self._draw(COMMENTS)}\n"
        self._filler()

    def _pairs(self, path: Path, keys: st.SearchStrategy[str]) -> None:
        for key in self._draw(st.lists(keys, max_size=4, unique=True)):
            self._pair(path, f"k{key}", inline=False)
            self.text += f"{self._draw(COMMENTS)}\n"
            self._filler()

    def _pair(self, path: Path, key: str, *, inline: bool) -> None:
        full = (*path, key)
        self._note(full, self._line())
        self.text += self._key(key)
        if self._draw(st.integers(0, 4)) == 0:
            full = (*full, "dotted")
            self._note(full, self._line())
            self.text += self._draw(st.sampled_from([".dotted", " . dotted", '."dotted"']))
        self.text += self._draw(st.sampled_from([" = ", "=", "\t=  "]))
        self._value(full, depth=0, inline=inline)

    def _value(self, path: Path, depth: int, *, inline: bool) -> None:
        shape = self._draw(st.integers(0, 4)) if depth < 3 else 0
        if shape == 3:
            self._array(path, depth)
        elif shape == 4:
            self._inline_table(path)
        else:
            scalar = self._draw(SCALARS)
            self.text += scalar

    def _array(self, path: Path, depth: int) -> None:
        self.text += "["
        for index in range(self._draw(st.integers(0, 3))):
            self.text += self._draw(st.sampled_from(["", "\n", " # [ ' \n", "\n\n  "]))
            self._note((*path, index), self._line())
            self._value((*path, index), depth + 1, inline=True)
            self.text += self._draw(st.sampled_from([",", " ,", "\n,"]))
        self.text += self._draw(st.sampled_from(["]", "\n]", " # ]\n]"]))

    def _inline_table(self, path: Path) -> None:
        keys = self._draw(st.lists(BARE, max_size=2, unique=True))
        self.text += "{ "
        for number, key in enumerate(keys):
            self.text += ", " if number else ""
            self._note((*path, f"k{key}"), self._line())
            self.text += f"{self._key(f'k{key}')} = "
            self._value((*path, f"k{key}"), depth=3, inline=True)
        self.text += " }"

    def _filler(self) -> None:
        self._trailing = 0
        for line in self._draw(st.lists(st.sampled_from(["", "# [t] = 1", "\t"]), max_size=2)):
            self.text += line + "\n"
            self._trailing += 1

    def _key(self, key: str) -> str:
        if key.replace("-", "").replace("_", "").isascii() and key.replace("-", "a").replace("_", "a").isalnum():
            return self._draw(st.sampled_from([key, f'"{key}"', f"'{key}'"]))
        return json.dumps(key, ensure_ascii=self._draw(st.booleans()))

    def _line(self) -> int:
        return self.text.count("\n") + 1

    def _note(self, path: Path, line: int) -> None:
        self.lines.setdefault(path, line)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    document = Document(draw)
    document.build()
    return document


def paths(value: Any, path: Path = ()) -> list[Path]:
    """Return the path of everything inside a parsed document."""
    if isinstance(value, dict):
        return [p for key, child in value.items() for p in ((*path, key), *paths(child, (*path, key)))]
    if isinstance(value, list):
        return [p for index, child in enumerate(value) for p in ((*path, index), *paths(child, (*path, index)))]
    return []
