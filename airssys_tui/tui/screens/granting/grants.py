"""Grants: what components ask for, oldest first, each with the key that answers it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import ClassVar

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.granting import QuestionView
from airssys_tui.core.capability.grant import Scope
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing import grant_lines
from airssys_tui.tui.drawing.lines import Line, Span, safe
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.granting.answering import AnsweringScreen
from airssys_tui.tui.state.session import Session


class GrantsScreen(AnsweringScreen):
    """The open questions of all components."""

    view: ClassVar[View] = View.GRANTS

    def __init__(self, session: Session, operations: Operations) -> None:
        super().__init__(session, operations, "", grant_lines.question_head)
        self.questions: Mapping[str, QuestionView] = {}

    @property
    def target(self) -> str | None:
        """The component that asks the selected question."""
        return self.question.component if self.question is not None else None

    @property
    def question(self) -> QuestionView | None:
        """The selected question."""
        return self.questions.get(self._list.key or "")

    async def fetch(self, api: RuntimeApi) -> None:
        """Ask for the open questions."""
        found = await asyncio.wrap_future(api.questions())
        self.questions = {f"{each.id} {each.component}": each for each in found}

    def _crumbs(self) -> Line:
        count = len(self.questions)
        said = "no open questions" if not count else "1 open question" if count == 1 else f"{count} open questions"
        line = [Span(f" {self.view.heading}", "strong"), Span(f"  {said}", "busy" if count else "quiet")]
        if self.trouble and count:
            line.append(Span(f"  {safe(self.trouble, self.session.glyphs)}", "warn"))
        return tuple(line)

    def _keys(self) -> list[str]:
        return list(self.questions)

    def _row(self, key: str, width: int, chosen: bool) -> Line:
        question = self.questions.get(key)
        if question is None:
            return ()
        return grant_lines.question_row(question, self.session.sight.now, self.session.glyphs, width, chosen=chosen)

    def _lines(self, key: str, width: int) -> Sequence[Line]:
        question = self.questions.get(key)
        if question is None:
            return ()
        return grant_lines.question_lines(question, self.session.sight.now, self.session.glyphs, width)

    def _empty(self) -> Sequence[str]:
        key = self.session.keymap.key("look.rights")
        return (
            "No component asks for anything.",
            f"{key} on a component shows what it may do, and what it was denied.",
        )

    def _answer(self, scope: Scope | None) -> None:
        if self.question is None:
            self.operations.say("no question is selected", severity="warning")
        else:
            self.operations.answers.question(self.question, scope)

    def action_copy(self) -> None:
        """Copy the selected permission."""
        if self.question is not None:
            self.copy(self.question.permission, "permission")
