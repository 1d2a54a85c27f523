"""Undo in a simulated runtime: the operator's last actions, each with the command that undoes it."""

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
from airssys_tui.api.played.component import PlayedComponent
from airssys_tui.api.views.past import StateView
from airssys_tui.core.errors import UsageError
from airssys_tui.core.text import GuestText, sanitise

MOST: Final = 20

NAMED: Final = 3
"""Components of a bulk action that its label names."""


class Step(msgspec.Struct, frozen=True):
    """An action, the command that undoes it, and the data that the undo would lose."""

    label: str
    back: Command
    loses: str = ""
    batch: str = ""


class PlayedUndo:
    """The last actions that can be undone."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    @property
    def label(self) -> GuestText:
        """The action that the next undo would undo; empty if nothing can be undone."""
        newest = self._newest()
        if len(newest) <= 1:
            return sanitise(newest[0].label if newest else "")
        names = [getattr(step.back, "component", "") for step in newest]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return sanitise(f"{newest[0].label.split()[0]} {len(names)} components ({', '.join(names[:NAMED])}{more})")

    @property
    def loses(self) -> GuestText:
        """The data that this undo would lose; empty if it loses no data."""
        losses = [step.loses for step in self._newest() if step.loses]
        more = f"; and of {len(losses) - NAMED} more components" if len(losses) > NAMED else ""
        return sanitise("; ".join(losses[:NAMED]) + more)

    def push(self, step: Step | None, batch: str) -> None:
        """Record a completed action, as a part of a bulk action if ``batch`` names one; None is ignored."""
        if step is None:
            return
        self._steps.append(msgspec.structs.replace(step, batch=batch))
        while len(self._steps) > MOST and not (batch and self._steps[0].batch == batch):
            self._steps.pop(0)

    def take(self) -> list[Command]:
        """Return the commands that undo the last action, the newest first, and remove the action from the list.

        Raises:
            UsageError: If there is nothing to undo.
        """
        if not self._steps:
            raise UsageError(
                "there is nothing to undo",
                remedy="you can undo rollbacks, restored states, stops, starts, pins, notes and `mark-stable`",
            )
        newest = self._newest()
        del self._steps[-len(newest) :]
        return [step.back for step in reversed(newest)]

    def _newest(self) -> list[Step]:
        """Return the steps of the last action, oldest first: one, or those of a bulk action."""
        batch = self._steps[-1].batch if self._steps else ""
        first = len(self._steps) - 1
        while batch and first > 0 and self._steps[first - 1].batch == batch:
            first -= 1
        return self._steps[max(0, first) :]

    def of(self, component: PlayedComponent, command: Command) -> Step | None:
        """Return how to undo a command, given the component before the command; None if it cannot be undone."""
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
        """Return how to load the state that a restore replaced, or None.

        Args:
            command: The restore.
            kept: The saved states, newest first.
            revision: The revision that was active before the restore.
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
