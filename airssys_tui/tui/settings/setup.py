"""Where the settings of the screen come from: the environment first, then the configuration file, then the defaults.

The file is checked once a second, and a change in it takes effect while the screen runs. If anything in it is wrong,
the previous settings stay in force. The application decides what to do with new settings.
"""

from __future__ import annotations

import os
from typing import Final, NamedTuple

from textual.theme import BUILTIN_THEMES

from airssys_tui.tui.drawing.arrangement import Arrangement
from airssys_tui.tui.drawing.glyphs import ASCII, ASCII_SWITCH, UNICODE, Glyphs, chosen_glyphs
from airssys_tui.tui.drawing.themes import THEME_SWITCH, THEMES, chosen_theme
from airssys_tui.tui.settings.preferences import Faulty, Preferences
from airssys_tui.tui.settings.settings_file import SettingsFile

OURS: Final = tuple(theme.name for theme in THEMES)
THEME_NAMES: Final = (*OURS, *sorted(BUILTIN_THEMES))


class Taken(NamedTuple):
    """The result of one check of the configuration file.

    Attributes:
        before: The previous settings.
        now: The settings from now on; the previous ones if the file is faulty.
        faults: What is wrong in the file, one line each.
    """

    before: Preferences
    now: Preferences
    faults: tuple[str, ...] = ()


class Setup:
    """Reads and writes the settings.

    Args:
        file: The configuration file; without one there are only the environment and the defaults.
    """

    def __init__(self, file: SettingsFile | None) -> None:
        self._file = file
        self._preferences = Preferences()

    def look(self) -> Taken | None:
        """Read the configuration file if it is new or changed; return ``None`` when there is nothing to read."""
        if self._file is None or not self._file.changed():
            return None
        before = self._preferences
        try:
            self._preferences = self._file.read(THEME_NAMES)
        except Faulty as error:
            return Taken(before, before, tuple(f"{self._file.path.name}, {fault}" for fault in error.faults))
        return Taken(before, self._preferences)

    def save(self, how: Arrangement, *, theme: str, columns: tuple[str, ...]) -> str:
        """Write the view into the configuration file and return its path; blocks until it is on disk.

        Returns:
            The path, empty when there is no configuration file.

        Raises:
            UsageError: The file holds something other than TOML.
            StoreError: The file cannot be written.
        """
        if self._file is None:
            return ""
        self._file.save(
            theme=theme,
            sort=how.sort.value,
            reverse=how.reverse or None,
            filter=how.query or None,
            columns=list(columns) or None,
        )
        return str(self._file.path)


def theme_of(preferences: Preferences) -> str | None:
    """Return the theme that the settings ask for; ``None`` when the environment decides."""
    return None if os.environ.get(THEME_SWITCH) else preferences.theme or chosen_theme()


def glyphs_of(preferences: Preferences) -> Glyphs:
    """Return the symbols that the settings ask for, unless the environment decides."""
    return chosen_glyphs() if os.environ.get(ASCII_SWITCH) else ASCII if preferences.ascii else UNICODE


def theme_after(name: str) -> str:
    """Return the one of our themes that comes after another; the first after a theme that is not ours."""
    return OURS[(OURS.index(name) + 1) % len(OURS)] if name in OURS else OURS[0]
