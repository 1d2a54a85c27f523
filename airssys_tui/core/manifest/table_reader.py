"""Reading one table of a manifest: checks every value and records each problem with its line, without stopping."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from airssys_tui.core.errors import AirssysError, ManifestProblem
from airssys_tui.core.limits import Bound
from airssys_tui.core.manifest.scalars import (
    ChoiceT,
    ItemT,
    read_boolean,
    read_choice,
    read_duration,
    read_integer,
    read_number,
    read_size,
    read_some_text,
    read_text,
    shown,
    within,
    write_size,
)
from airssys_tui.core.manifest.toml_lines import Path, TomlLines
from airssys_tui.core.text import one_line

MAX_PROBLEMS: Final = 50
"""Maximum problems told of one document; the number of the others is told."""

MAX_SHOWN_KEY: Final = 120
"""Maximum characters of a key in a problem."""

_MAX_GUESSED: Final = 64
"""Maximum characters of an unknown key that is compared with the known ones."""

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+\Z")


class Report:
    """The problems of one document, at most :data:`MAX_PROBLEMS`; more are counted.

    Args:
        file: The document's path, for the problems.
        text: The document; its lines are found with the first problem.
    """

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._text = text
        self._problems: list[ManifestProblem] = []
        self._more = 0

    @property
    def full(self) -> bool:
        """Whether further problems are only counted."""
        return len(self._problems) >= MAX_PROBLEMS

    def add(self, path: Path, message: str) -> None:
        """Record a problem at a path."""
        if self.full:
            self._more += 1
            return
        key = one_line(dotted(path), MAX_SHOWN_KEY)
        self._problems.append(ManifestProblem(self._file, self._lines.line(path), key, one_line(message, 300)))

    def problems(self) -> tuple[ManifestProblem, ...]:
        """Return the problems, ordered by line; the last one says how many more there are."""
        found = sorted(self._problems, key=lambda problem: (problem.line, problem.key))
        if self._more:
            found.append(ManifestProblem(self._file, found[-1].line, "", f"and {self._more} more problems"))
        return tuple(found)

    @cached_property
    def _lines(self) -> TomlLines:
        return TomlLines(self._text)


class Table:
    """One table while it is read. Each reading method registers a known key; :meth:`close` reports all other keys.

    A reading method returns the default when the key is absent, and also when its value is invalid, after recording
    the problem.

    Args:
        values: The table's content.
        path: The table's path in the document.
        report: Collects the problems.
    """

    def __init__(self, values: Mapping[str, Any], path: Path, report: Report) -> None:
        self._values = values
        self._path = path
        self._report = report
        self._known: list[str] = []

    def __bool__(self) -> bool:
        """Return whether it has any key."""
        return bool(self._values)

    def close(self) -> None:
        """Report the keys that no reading method has registered, each with the nearest known key."""
        known = set(self._known)
        for key in self._values:
            if key not in known:
                self.problem(key, "" if self._report.full else f"unknown key; {_nearest(key, self._known)}")

    def free_keys(self) -> tuple[str, ...]:
        """Return all keys of a table with arbitrary keys, in order, and register them as known."""
        self._known.extend(self._values)
        return tuple(self._values)

    def problem(self, key: str, message: str, index: int | None = None) -> None:
        """Record a problem at a key of this table, or at one of its elements."""
        self._report.add((*self._path, key) if index is None else (*self._path, key, index), message)

    def raw(self, key: str) -> Any:
        """Return a value unchecked, or None."""
        self._known.append(key)
        return self._values.get(key)

    def table(self, key: str) -> Table:
        """Return a nested table, or an empty one."""
        value = self.raw(key)
        if value is not None and not isinstance(value, dict):
            self.problem(key, f"expected a table, got {shown(value)}")
            value = None
        return Table(value or {}, (*self._path, key), self._report)

    def tables(self, key: str) -> tuple[Table, ...]:
        """Return the tables of an array of tables, such as ``[[grant]]``; none if there is no such array."""
        value = self.raw(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.problem(key, f"expected tables, each under [[{dotted((*self._path, key))}]], got {shown(value)}")
            return ()
        return tuple(Table(item, (*self._path, key, index), self._report) for index, item in enumerate(value))

    def optional_text(self, key: str) -> str | None:
        """Return text, or None."""
        return self._checked(key, None, read_text)

    def required_text(self, key: str, example: str) -> str:
        """Return required text; empty, with a problem recorded, when it is missing."""
        if key not in self._values:
            self.raw(key)
            self.problem(key, f'is required, such as {key} = "{example}"')
            return ""
        return self._checked(key, "", read_some_text)

    def boolean(self, key: str, default: bool) -> bool:
        """Return a boolean."""
        return self._checked(key, default, read_boolean)

    def integer(self, key: str, default: int, bound: Bound) -> int:
        """Return a whole number within bounds."""
        return self._checked(key, default, lambda value: within(read_integer(value), bound, str))

    def number(self, key: str, default: float, bound: Bound) -> float:
        """Return a number within bounds."""
        return self._checked(key, default, lambda value: within(read_number(value), bound, "{:g}".format))

    def size(self, key: str, default: int, bound: Bound) -> int:
        """Return bytes within bounds, from a number or text with a unit."""
        return self._checked(key, default, lambda value: within(read_size(value), bound, write_size))

    def duration(self, key: str, default: float, bound: Bound) -> float:
        """Return seconds within bounds, from a number or text with a unit."""
        return self._checked(key, default, lambda value: within(read_duration(value), bound, "{:g} s".format))

    def choice(self, key: str, choices: type[ChoiceT], default: ChoiceT) -> ChoiceT:
        """Return a member of an enumeration."""
        return self._checked(key, default, lambda value: read_choice(value, choices))

    def optional_choice(self, key: str, choices: type[ChoiceT]) -> ChoiceT | None:
        """Return a member of an enumeration, or None."""
        return self._checked(key, None, lambda value: read_choice(value, choices))

    def items(self, key: str, read: Callable[[Any], ItemT]) -> tuple[ItemT, ...]:
        """Return the elements of an array; ``read`` raises ``ValueError`` with what it expected."""
        value = self.raw(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.problem(key, f"expected an array, got {shown(value)}")
            return ()
        found: list[ItemT] = []
        for index, item in enumerate(value):
            try:
                found.append(read(item))
            except (ValueError, AirssysError) as error:
                self.problem(key, _said(error), index)
        return tuple(found)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return an array of text."""
        return self.items(key, read_text)

    def checked_text(self, key: str, check: Callable[[str], object]) -> str | None:
        """Return text that ``check`` accepts, or None; ``check`` raises ``ValueError`` or an error of the tree."""

        def read(value: Any) -> str:
            text = read_text(value)
            check(text)
            return text

        return self._checked(key, None, read)

    def attempt(self, key: str, check: Callable[[], object]) -> None:
        """Record the problem that a check of a key raises, if any."""
        try:
            check()
        except (ValueError, AirssysError) as error:
            self.problem(key, _said(error))

    def _checked(self, key: str, default: ItemT, read: Callable[[Any], ItemT]) -> ItemT:
        value = self.raw(key)
        if value is None:
            return default
        try:
            return read(value)
        except (ValueError, AirssysError) as error:
            self.problem(key, _said(error))
            return default


def dotted(path: Path) -> str:
    """Return a path in TOML syntax, with indices in brackets: ``capabilities.network[1]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _BARE_KEY.match(part) else repr(part))
    return text


def _said(error: Exception) -> str:
    remedy = error.remedy if isinstance(error, AirssysError) else ""
    return f"{error}; {remedy}" if remedy else str(error)


def _nearest(key: str, known: Iterable[str]) -> str:
    words = list(dict.fromkeys(known))
    guess = key.lower().replace("-", "_")
    close = difflib.get_close_matches(guess, words, n=1, cutoff=0.6) if len(key) <= _MAX_GUESSED else ()
    return f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(words)}"
