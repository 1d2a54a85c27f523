"""How the screen is set up: the environment first, then the configuration file, then what we think best.

The file is looked at once a second and taken while the screen runs; with anything wrong in it, what was in force stays.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from textual.theme import BUILTIN_THEMES

from airssys_tui.tui.actions.keymap import Keymap
from airssys_tui.tui.drawing.arrangement import Arrangement
from airssys_tui.tui.drawing.glyphs import ASCII, ASCII_SWITCH, UNICODE, chosen_glyphs
from airssys_tui.tui.drawing.themes import THEMES, chosen_theme
from airssys_tui.tui.settings.preferences import Faulty, Preferences
from airssys_tui.tui.settings.settings_file import SettingsFile

if TYPE_CHECKING:
    from airssys_tui.tui.app import AirssysApp

OURS: Final = tuple(theme.name for theme in THEMES)
THEME_NAMES: Final = (*OURS, *sorted(BUILTIN_THEMES))


class Setup:
    """Applies settings to the application.

    Args:
        app: Whose.
        file: The configuration file; without one there are only environment and defaults.
    """

    def __init__(self, app: AirssysApp, file: SettingsFile | None) -> None:
        self._app = app
        self._file = file
        self.preferences = Preferences()

    def look(self) -> bool:
        """Take the configuration file when it is new or changed; return whether there was anything to take."""
        if self._file is None or not self._file.changed():
            return False
        name = self._file.path.name
        try:
            found = self._file.read(THEME_NAMES)
        except Faulty as error:
            self._app.session.faults = tuple(f"{name}, {fault}" for fault in error.faults)
            return True
        self._app.session.faults = ()
        before, self.preferences = self.preferences, found
        self.apply(before)
        return True

    def apply(self, before: Preferences) -> None:
        """Bring the application to what is wanted now; what the file did not change stays as the operator made it."""
        app, session, wanted = self._app, self._app.session, self.preferences
        if wanted.theme != before.theme and not os.environ.get("AIRSSYS_TUI_THEME"):
            app.theme = wanted.theme or chosen_theme()
        if wanted.ascii != before.ascii:
            chosen = chosen_glyphs() if os.environ.get(ASCII_SWITCH) else ASCII if wanted.ascii else UNICODE
            session.glyphs = chosen
            app.set_class(chosen.ascii, "ascii")
        if wanted.refresh != before.refresh:
            app.set_pace(wanted.refresh)
        session.columns = wanted.columns
        if wanted.keys != before.keys:
            session.keymap = Keymap(wanted.keys)
            app.rebind()
        how = Arrangement(wanted.sort, wanted.reverse, wanted.filter)
        if how != Arrangement(before.sort, before.reverse, before.filter):
            session.arrangement = how
            app.arrange_registry(how)

    def next_theme(self) -> str:
        """Return the one of our themes that comes after the one in force."""
        name = self._app.theme
        return OURS[(OURS.index(name) + 1) % len(OURS)] if name in OURS else OURS[0]

    def save(self, how: Arrangement) -> str:
        """Write the view into the configuration file, and return where that is; blocks until it is on disk.

        Raises:
            UsageError: There is no file to write to, or what is in it is not TOML.
            StoreError: It cannot be written.
        """
        file = self._file
        if file is None:
            return ""
        columns = list(self._app.session.columns)
        file.save(
            theme=self._app.theme,
            sort=how.sort.value,
            reverse=how.reverse or None,
            filter=how.query or None,
            columns=columns or None,
        )
        return str(file.path)
