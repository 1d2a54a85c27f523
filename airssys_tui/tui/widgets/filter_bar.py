"""The live filter: one line above a list, visible while it is edited or has an effect."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from airssys_tui.core.text import one_line

_NO_CONTROL: Final = r"[^\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff]"
_EDITABLE: Final = re.compile(_NO_CONTROL)

NO_CONTROLS: Final = f"{_NO_CONTROL}*"
"""What may be typed or pasted: an input shows its value unsanitised. Joiners belong to words and to emoji."""


def editable(text: str, longest: int) -> str:
    """Return what an input can begin with: the text, except that what may not be typed is made visible."""
    shown = (char if _EDITABLE.match(char) else str.__str__(one_line(char, 8)) for char in text[:longest])
    return "".join(shown)[:longest]


class FilterBar(Horizontal):
    """The line in which a filter is typed."""

    PROMPT: ClassVar[str] = " /"
    MEANING: ClassVar[str] = "words to match; ! inverts"
    FIELD: ClassVar[str] = "filter"

    def compose(self) -> ComposeResult:
        """Yield the prompt and the input."""
        yield Static(self.PROMPT, classes="prompt", markup=False)
        yield Input(placeholder=self.MEANING, restrict=NO_CONTROLS, compact=True, id=self.FIELD, max_length=200)

    def on_mount(self) -> None:
        """Stay hidden until asked for."""
        self.display = False

    @property
    def input(self) -> Input:
        """The input."""
        return self.query_one(Input)

    def open(self) -> None:
        """Show the line and focus it, before the next key."""
        self.display = True
        # Not input.focus(): that takes effect later, and a key typed meanwhile would act on a component.
        self.screen.set_focus(self.input)

    def set(self, query: str) -> None:
        """Set the filter as if it had been typed."""
        self.input.value = query
        self.display = bool(query)

    def leave(self, *, clear: bool) -> bool:
        """Leave the line; return whether it had the focus or a text."""
        had = self.input.has_focus or bool(self.input.value)
        if clear:
            self.input.value = ""
        self.display = bool(self.input.value)
        return had


class SearchBar(FilterBar):
    """The line in which a regular expression is typed."""

    PROMPT: ClassVar[str] = " find "
    MEANING: ClassVar[str] = "regular expression; capitals match case"
    FIELD: ClassVar[str] = "search"
