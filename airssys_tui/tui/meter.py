"""One component's meters, large."""

from __future__ import annotations

from typing import ClassVar

from airssys_tui.tui.action import View
from airssys_tui.tui.operations import Operations
from airssys_tui.tui.screen import LiveScreen
from airssys_tui.tui.session import Session


class MeterScreen(LiveScreen):
    """The charts of one component.

    Args:
        component: Text form of its identity.
    """

    view: ClassVar[View] = View.METER

    def __init__(self, session: Session, operations: Operations, component: str) -> None:
        super().__init__(session, operations)
        self.component = component

    @property
    def target(self) -> str | None:
        """The component."""
        return self.component

    def action_span(self) -> None:
        """Change between two minutes and an hour."""

    def action_copy(self) -> None:
        """Copy the component's name."""
        self.copy(self.component, "name")
