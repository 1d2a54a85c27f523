"""The operator's answers about permissions: each takes effect at the next access, and its outcome is a toast."""

from __future__ import annotations

from airssys_tui.api.commands import AnswerQuestion, Approve, Deny, Grant, Revoke
from airssys_tui.api.views.granting import GrantsView, QuestionView
from airssys_tui.core.capability.grant import Scope
from airssys_tui.tui.drawing.grant_lines import Right
from airssys_tui.tui.operating.operator import Operator


class Answers:
    """What an operator answers.

    Args:
        operator: Sends the commands.
    """

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def question(self, question: QuestionView, scope: Scope | None) -> None:
        """Answer a question; None closes it without an answer."""
        self._operator.run(self._operator.perform(AnswerQuestion(question.component, question.id, scope)))

    def next_question(self) -> None:
        """Show the question that is most urgent, and answer it: one for which a call waits, or else the newest."""
        self._operator.run(self._next_question())

    async def _next_question(self) -> None:
        from airssys_tui.tui.dialogs.permission import PermissionQuestion  # noqa: PLC0415 - late: with the first one

        operator = self._operator
        api = operator.api()
        if api is None:
            return
        found = await operator.ask(api.questions())
        if not found:
            if found is not None:
                operator.say("no component asks for anything")
            return
        asked = min(found, key=lambda each: (each.waits_until is None, each.waits_until or 0.0, -each.at))
        chosen = await operator.app.push_screen_wait(PermissionQuestion(operator.session, asked))
        if chosen is not None:
            await operator.perform(AnswerQuestion(asked.component, asked.id, chosen.scope))

    def right(self, view: GrantsView, right: Right, scope: Scope | None) -> None:
        """Grant or refuse a permission of a component; None closes the question about it."""
        if right.question is not None:
            self.question(right.question, scope)
        elif scope is None:
            self._operator.say("nothing asks for it: there is no question to close", severity="warning")
        elif scope is Scope.NEVER:
            self._operator.run(self._operator.perform(Deny(view.component, right.permission)))
        else:
            self._operator.run(self._operator.perform(Grant(view.component, right.permission, scope)))

    def revoke(self, view: GrantsView, right: Right) -> None:
        """Take back the answers about a permission."""
        self._operator.run(self._operator.perform(Revoke(view.component, right.permission)))

    def approve(self, view: GrantsView) -> None:
        """Grant all that is asked for, after showing it; a revision that waits then starts."""
        asked = [row.permission for row in view.rows if row.waits]
        asked += [question.permission for question in view.questions if question.permission not in asked]
        if not asked:
            self._operator.say("nothing waits for approval", severity="warning")
            return
        self._operator.run(self._approved(view, asked))

    async def _approved(self, view: GrantsView, asked: list[str]) -> None:
        who = f"r{view.candidate} of {view.component}" if view.candidate is not None else view.component
        lines = [f"{who} asks for:", *(f"  {each}" for each in asked), "", f"because: {view.rationale or '-'}"]
        if await self._operator.agrees(f"Grant {view.component} all of this, always?", "Approve", lines):
            await self._operator.perform(Approve(view.component, shown=tuple(asked), revision=view.candidate))
