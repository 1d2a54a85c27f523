"""Capabilities of one component: declared, granted and by whom, asked for, and denied."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import ClassVar

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.granting import GrantsView, Standing
from airssys_tui.core.capability.grant import Scope
from airssys_tui.tui.actions.view import View
from airssys_tui.tui.drawing import grant_lines
from airssys_tui.tui.drawing.grant_lines import Right
from airssys_tui.tui.drawing.lines import Line, Span, crumbs, safe
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.granting.answering import AnsweringScreen
from airssys_tui.tui.state.session import Session


class RightsScreen(AnsweringScreen):
    """Declared and granted, side by side.

    Args:
        component: Text form of its identity.
    """

    view: ClassVar[View] = View.RIGHTS

    def __init__(self, session: Session, operations: Operations, component: str) -> None:
        super().__init__(session, operations, component, grant_lines.right_head)
        self.known: GrantsView | None = None
        self.rights: Mapping[str, Right] = {}

    @property
    def right(self) -> Right | None:
        """The selected row."""
        return self.rights.get(self._list.key or "")

    async def fetch(self, api: RuntimeApi) -> None:
        """Ask for the component's permissions."""
        self.known = await asyncio.wrap_future(api.grants(self.component))
        self.rights = grant_lines.rights_of(self.known)

    def _crumbs(self) -> Line:
        line = list(crumbs(self.component, self.view.heading, self.session.glyphs))
        if self.trouble and self.known is not None:
            line.append(Span(f"  {safe(self.trouble, self.session.glyphs)}", "warn"))
        elif self.known is not None:
            granted = sum(row.standing is Standing.GRANTED for row in self.known.rows)
            said = f"{granted} of {len(self.known.rows)} granted" if self.known.rows else "nothing declared"
            line.append(Span(f"  {said}", "quiet"))
            waits = sum(row.waits for row in self.known.rows)
            line += [Span(f"  {waits} awaited", "busy")] if waits else []
        return tuple(line)

    def _keys(self) -> list[str]:
        return list(self.rights)

    def _row(self, key: str, width: int, chosen: bool) -> Line:
        right = self.rights.get(key)
        return grant_lines.right_row(right, self.session.glyphs, width, chosen=chosen) if right is not None else ()

    def _lines(self, key: str, width: int) -> Sequence[Line]:
        right = self.rights.get(key)
        if right is None or self.known is None:
            return ()
        return grant_lines.right_lines(right, self.known, self.session.sight.now, self.session.glyphs, width)

    def _empty(self) -> Sequence[str]:
        return ("It declares no capabilities, so it reaches nothing of this machine.",)

    def _answer(self, scope: Scope | None) -> None:
        if self.known is None or self.right is None:
            self.operations.say("no permission is selected", severity="warning")
        else:
            self.operations.answers.right(self.known, self.right, scope)

    def action_revoke(self) -> None:
        """Take back the answers about the selected permission."""
        if self.known is not None and self.right is not None:
            self.operations.answers.revoke(self.known, self.right)
            self.ask()

    def action_approve(self) -> None:
        """Grant all that is asked for."""
        if self.known is not None:
            self.operations.answers.approve(self.known)

    def action_copy(self) -> None:
        """Copy the selected permission."""
        if self.right is not None:
            self.copy(self.right.permission, "permission")
