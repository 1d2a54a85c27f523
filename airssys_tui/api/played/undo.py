"""Undo of a played runtime: the operator's last actions, each with the command that takes it back."""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.api.commands import (
    Annotate,
    Command,
    LiftQuarantine,
    MarkStable,
    Pin,
    RestoreState,
    Rollback,
    Start,
    Stop,
)
from airssys_tui.api.played.bookkeeping import inverse
from airssys_tui.api.played.component import FakeComponent
from airssys_tui.api.views.past import StateView
from airssys_tui.core.errors import UsageError
from airssys_tui.core.text import GuestText, sanitise

MOST: Final = 20


class Step(msgspec.Struct, frozen=True):
    """An action, the command that takes it back, and what that would lose."""

    label: str
    back: Command
    loses: str = ""


class FakeUndo:
    """The last actions that can be taken back."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    @property
    def label(self) -> GuestText:
        """The action that an undo would take back; empty when there is none."""
        return sanitise(self._steps[-1].label) if self._steps else GuestText("")

    @property
    def loses(self) -> GuestText:
        """What that undo would lose; empty when nothing."""
        return sanitise(self._steps[-1].loses) if self._steps else GuestText("")

    def push(self, step: Step | None) -> None:
        """Remember a carried-out action; None is ignored."""
        if step is not None:
            self._steps = [*self._steps[-MOST + 1 :], step]

    def take(self) -> Command:
        """Return the command that takes the last action back, and forget the action.

        Raises:
            UsageError: If there is nothing to undo.
        """
        if not self._steps:
            raise UsageError(
                "there is nothing to undo",
                remedy="you can undo rollbacks, restored states, stops, starts, pins, notes and `mark-stable`",
            )
        return self._steps.pop().back

    def of(self, component: FakeComponent, command: Command) -> Step | None:
        """Return how to take a command back, given the component before it; None when it cannot be taken back."""
        name = component.id
        match command:
            case Start():
                memory = "" if component.view.stateful else f"what {name} holds in memory: it has no `state` export"
                return Step(f"start {name}", Stop(name), memory)
            case Stop():
                return Step(f"stop {name}", Start(name))
            case Rollback() if component.active is not None:
                return Step(f"roll back {name}", Rollback(name, to=component.active.number, force=True))
            case Pin() | Annotate() | MarkStable() | LiftQuarantine():
                back = inverse(component, command)
                return Step(f"{_verb(command)} r{command.revision} of {name}", back) if back is not None else None
        return None

    def of_restored(self, command: RestoreState, kept: tuple[StateView, ...], revision: int | None) -> Step | None:
        """Return how to put back the state that a restore replaced, or None.

        Args:
            command: The restore.
            kept: The saved states, newest first.
            revision: The revision that was active before.
        """
        replaced = next((view.id for view in kept if view.paired and view.revision == revision), None)
        if replaced is None:
            return None
        name = command.component
        loses = f"what {name} counted since the restore stays behind, in a snapshot"
        return Step(
            f"restore the state of {name} from snapshot {command.snapshot}", RestoreState(name, replaced), loses
        )


def _verb(command: Pin | Annotate | MarkStable | LiftQuarantine) -> str:
    match command:
        case Pin():
            return "pin" if command.pinned else "unpin"
        case Annotate():
            return "note on"
        case MarkStable():
            return "mark stable" if command.stable else "mark not stable"
        case LiftQuarantine():
            return "release"
