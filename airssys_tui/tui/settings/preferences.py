"""The settings of the screen: ``[screen]`` and ``[keys]`` of the configuration file.

The rest of that file belongs to the command line and is ignored here. Every fault names its line and what was expected;
a file with a fault is ignored, and the previous settings stay in force.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from airssys_tui.core.errors import QuantityError
from airssys_tui.core.manifest.toml_bounds import TomlError, load_toml
from airssys_tui.core.manifest.toml_lines import TomlLines
from airssys_tui.core.text import one_line
from airssys_tui.core.units import parse_duration
from airssys_tui.tui.actions import keymap
from airssys_tui.tui.drawing.arrangement import Arrangement, Sort
from airssys_tui.tui.drawing.columns import BY_NAME

FASTEST: Final = 0.25
SLOWEST: Final = 2.0
"""Bounds of the seconds between two pulls."""

MOST_FAULTS: Final = 20


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the screen; the environment and the defaults decide about the others.

    Attributes:
        theme: Name of a theme.
        refresh: Seconds between two pulls.
        ascii: Whether only ASCII is drawn.
        columns: The registry's columns, in order; empty for the standard ones.
        sort: What rows are sorted by.
        reverse: Whether the usual order is reversed.
        filter: The registry's filter.
        keys: Keys by action id, as Textual names them.
    """

    theme: str | None = None
    refresh: float | None = None
    ascii: bool | None = None
    columns: tuple[str, ...] = ()
    sort: Sort = Sort.NAME
    reverse: bool = False
    filter: str = ""
    keys: dict[str, tuple[str, ...]] = {}

    @property
    def arrangement(self) -> Arrangement:
        """The rows of the registry and their order."""
        return Arrangement(self.sort, self.reverse, self.filter)


class Faulty(Exception):
    """Settings cannot be used; ``faults`` says why, one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(one_line(fault, 300) for fault in faults[:MOST_FAULTS])


def read_preferences(text: str, themes: Collection[str]) -> Preferences:
    """Read the screen's part of a configuration file.

    Args:
        text: The whole file.
        themes: Names of the known themes.

    Raises:
        Faulty: If anything in it is wrong.
    """
    try:
        document = load_toml(text)
    except TomlError as error:
        raise Faulty([str(error)]) from error
    reader = _Reader(TomlLines(text), themes)
    found = reader.read(document)
    if reader.faults:
        raise Faulty(reader.faults)
    return found


class _Reader:
    def __init__(self, lines: TomlLines, themes: Collection[str]) -> None:
        self.faults: list[str] = []
        self._lines = lines
        self._themes = themes

    def read(self, document: Mapping[str, Any]) -> Preferences:
        screen = self._table(document, "screen")
        self._only(screen, {"theme", "refresh", "ascii", "columns", "sort", "reverse", "filter"})
        return Preferences(
            theme=self._theme(screen),
            refresh=self._refresh(screen),
            ascii=self._flag(screen, "ascii"),
            columns=self._columns(screen),
            sort=self._sort(screen),
            reverse=self._flag(screen, "reverse") or False,
            filter=self._text(screen, "filter") or "",
            keys=self._keys(self._table(document, "keys")),
        )

    def _fault(self, path: tuple[str | int, ...], text: str) -> None:
        if len(self.faults) >= MOST_FAULTS:
            return
        name = one_line(".".join(str(part) for part in path), 100)
        self.faults.append(f"line {self._lines.line(path)}: {name}: {text}")

    def _table(self, document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        table = document.get(name, {})
        if isinstance(table, dict):
            return table
        self._fault((name,), f"expected a table: write [{name}] on its own line")
        return {}

    def _only(self, screen: Mapping[str, Any], known: set[str]) -> None:
        for key in screen:
            if key not in known:
                self._fault(("screen", key), f"unknown setting; known: {', '.join(sorted(known))}")

    def _text(self, screen: Mapping[str, Any], key: str) -> str | None:
        value = screen.get(key)
        if value is None or isinstance(value, str):
            return value
        self._fault(("screen", key), 'expected text, such as "…"')
        return None

    def _flag(self, screen: Mapping[str, Any], key: str) -> bool | None:
        value = screen.get(key)
        if value is None or isinstance(value, bool):
            return value
        self._fault(("screen", key), "expected true or false")
        return None

    def _theme(self, screen: Mapping[str, Any]) -> str | None:
        name = self._text(screen, "theme")
        if name is not None and name not in self._themes:
            self._fault(
                ("screen", "theme"), f"unknown theme {name!r}; for example: {', '.join(list(self._themes)[:6])}"
            )
        return name

    def _refresh(self, screen: Mapping[str, Any]) -> float | None:
        value = screen.get("refresh")
        if value is None:
            return None
        try:
            seconds = parse_duration(value) if isinstance(value, str | int | float) else -1.0
        except QuantityError:
            seconds = -1.0
        if isinstance(value, bool):
            seconds = -1.0
        if not FASTEST <= seconds <= SLOWEST:
            self._fault(("screen", "refresh"), f'expected {FASTEST:g} to {SLOWEST:g} seconds, such as "500ms" or 1')
        return seconds

    def _columns(self, screen: Mapping[str, Any]) -> tuple[str, ...]:
        value = screen.get("columns", [])
        if not isinstance(value, list):
            self._fault(("screen", "columns"), 'expected a list, such as ["name", "state", "note"]')
            return ()
        seen: set[str] = set()
        for index, name in enumerate(value):
            if not isinstance(name, str) or name not in BY_NAME:
                self._fault(("screen", "columns", index), f"unknown column {name!r}; known: {', '.join(BY_NAME)}")
            elif name in seen:
                self._fault(("screen", "columns", index), f"{name} is listed twice")
            else:
                seen.add(name)
        return tuple(name for name in value if isinstance(name, str))

    def _sort(self, screen: Mapping[str, Any]) -> Sort:
        name = self._text(screen, "sort")
        if name is None or name in set(Sort):
            return Sort(name or Sort.NAME)
        self._fault(("screen", "sort"), f"expected one of {', '.join(Sort)}")
        return Sort.NAME

    def _keys(self, table: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        own: dict[str, tuple[str, ...]] = {}
        for name, value in _flat(table):
            keys = [value] if isinstance(value, str) else value
            path = ("keys", name)
            if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
                self._fault(path, 'expected a key or a list of keys, such as "ctrl+r" or ["r", "f5"]')
                continue
            named = [keymap.key_named(key) for key in keys]
            for key, found in zip(keys, named, strict=True):
                if found is None:
                    self._fault(path, f'unknown key {key!r}; write keys like "x", "shift+x", "ctrl+x", "f5", "esc"')
            own[name] = tuple(key for key in named if key is not None)
        for fault in keymap.faults(own):
            self._fault(("keys", fault.action), fault.text)
        return own


def _flat(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Return actions with their keys: ``component.start = "s"`` is a table in a table, ``"component.start"`` is not."""
    found: list[tuple[str, Any]] = []
    for name, value in table.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            found += _flat(value, f"{path}.")
        else:
            found.append((path, value))
    return found
