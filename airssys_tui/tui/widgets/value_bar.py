"""The line in which an argument is edited."""

from __future__ import annotations

from typing import ClassVar

from textual.widgets import Static

from airssys_tui.tui.widgets.filter_bar import FilterBar


class ValueBar(FilterBar):
    """Edits one text of a form.

    Attributes:
        key: Key of the line that is edited; empty if none is.
    """

    PROMPT: ClassVar[str] = " value "
    MEANING: ClassVar[str] = ""
    FIELD: ClassVar[str] = "value"

    key = ""

    def ask(self, label: str, kind: str, text: str, *, key: str) -> None:
        """Ask for the text of one line.

        Args:
            label: Its name.
            kind: Its type, shown while it is empty.
            text: Its current text.
            key: Its key.
        """
        self.key = key
        self.query_one(Static).update(f" {label} ")
        self.input.placeholder = kind
        self.input.max_length = 20_000
        self.input.select_on_focus = False  # the next key appends to the text and does not replace it
        self.input.value = text
        self.open()
        self.input.cursor_position = len(text)

    def leave(self, *, clear: bool) -> bool:
        """Leave the line."""
        self.key = ""
        return super().leave(clear=clear)
