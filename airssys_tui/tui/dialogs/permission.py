"""The question of a component, answered from any screen: what is asked for, why, by which revision, and the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll

from airssys_tui.api.views.granting import QuestionView
from airssys_tui.core.capability.grant import Scope
from airssys_tui.tui.dialogs.modal import Choice, Question
from airssys_tui.tui.drawing.grant_lines import question_lines
from airssys_tui.tui.drawing.lines import Line, Span, wrap
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.line_pane import LinePane


class Chosen(msgspec.Struct, frozen=True):
    """What the operator chose.

    Attributes:
        scope: How long the answer holds; None closes the question.
    """

    scope: Scope | None


ANSWERS: Final = {
    "grant.once": ("once", Chosen(Scope.ONCE)),
    "grant.session": ("session", Chosen(Scope.SESSION)),
    "grant.always": ("always", Chosen(Scope.ALWAYS)),
    "grant.close": ("deny once", Chosen(None)),
    "grant.never": ("deny always", Chosen(Scope.NEVER)),
}
"""By the action with the same meaning on the screen of questions: the word, and what is chosen."""


class PermissionQuestion(Question[Chosen | None]):
    """Shows a question of a component; the keys are those of the screen of questions, and escape answers nothing.

    Args:
        question: The question.
    """

    def __init__(self, session: Session, question: QuestionView) -> None:
        super().__init__(session, f"{question.component} asks", "")
        self.question = question
        for name, action in self._answering().items():
            for key in action:
                self._bindings.bind(key, f"choose('{name}')", show=False)

    def compose(self) -> ComposeResult:
        """Yield the dialog."""
        with Vertical(id="dialog"):
            yield LinePane(id="heading")
            with VerticalScroll(id="said", can_focus=False):
                yield LinePane(id="text")
            with Horizontal(id="choices"):
                yield Choice("Cancel", id="cancel")

    def text(self, width: int) -> Sequence[Line]:
        """Return the question, and the keys that answer it."""
        session = self.session
        lines = question_lines(self.question, session.clock(), session.glyphs, width)
        keys = "   ".join(f"{session.keymap.key(name)} {ANSWERS[name][0]}" for name in self._answering())
        return [*lines, (), *((Span(line, "strong"),) for line in wrap(keys, width))]

    def action_choose(self, name: str) -> None:
        """Answer."""
        self.dismiss(ANSWERS[name][1])

    def no(self) -> None:
        """Return ``None``."""
        return

    def yes(self) -> None:
        """Return ``None``: there is no such button."""
        return

    def _answering(self) -> dict[str, tuple[str, ...]]:
        """Return the keys of each answer, of those that have any."""
        return {each.id: each.keys for each in self.session.keymap.actions if each.id in ANSWERS and each.keys}
