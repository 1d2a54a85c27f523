"""The line in which an argument is written."""

from __future__ import annotations

from typing import ClassVar

from textual.widgets import Static

from airssys_tui.tui.widgets.filter_bar import FilterBar


class ValueBar(FilterBar):
    """The line in which one text of a form is written."""

    PROMPT: ClassVar[str] = " value "
    MEANING: ClassVar[str] = ""
    FIELD: ClassVar[str] = "value"

    def ask(self, label: str, kind: str, text: str) -> None:
        """Ask for the text of one line.

        Args:
            label: Its name.
            kind: Its type, shown while nothing is written.
            text: What is written already.
        """
        self.query_one(Static).update(f" {label} ")
        self.input.placeholder = kind
        self.input.max_length = 20_000
        self.input.select_on_focus = False  # what is there is written on, not over
        self.input.value = text
        self.open()
        self.input.cursor_position = len(text)
