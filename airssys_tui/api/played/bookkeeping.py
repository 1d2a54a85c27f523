"""Operators' entries in a simulated component's history: pins, notes, stable revisions, lifted quarantines."""

from __future__ import annotations

from typing import Final

from airssys_tui.api.commands import Annotate, LiftQuarantine, MarkStable, Pin
from airssys_tui.api.played.component import PlayedComponent, Said
from airssys_tui.api.played.revisions import PlayedRevision
from airssys_tui.core.errors import TransitionError
from airssys_tui.core.events import EventAction
from airssys_tui.core.revision import Outcome, kept_note

SERVED: Final = frozenset({Outcome.ACTIVE, Outcome.SUPERSEDED})

Entry = Pin | Annotate | MarkStable | LiftQuarantine


def carry_out(component: PlayedComponent, command: Entry) -> Said:
    """Apply a command to its revision's entry in the history.

    Raises:
        UsageError: If the revision does not exist.
        TransitionError: If the command has no effect on that revision.
    """
    revision = component.find(command.revision)
    match command:
        case Pin():
            _refuse(component, revision, Outcome.PURGED, "its code is no longer kept")
            component.revise(revision.number, pinned=command.pinned)
            return f"r{revision.number} is {'pinned' if command.pinned else 'no longer pinned'}", EventAction.PIN
        case Annotate():
            component.revise(revision.number, note=kept_note(command.note))
            return f"r{revision.number}: {command.note or 'note removed'}", EventAction.ANNOTATE
        case MarkStable():
            if revision.outcome not in SERVED:
                raise _impossible(component, revision, f"it is {revision.outcome} and cannot be declared stable")
            component.revise(revision.number, stable=command.stable)
            return f"r{revision.number} is {'stable' if command.stable else 'not stable'}", EventAction.MARK_STABLE
        case LiftQuarantine():
            if revision.outcome is not Outcome.QUARANTINED:
                raise _impossible(component, revision, "it is not quarantined")
            component.revise(revision.number, outcome=Outcome.SUPERSEDED)
            return f"r{revision.number} released from quarantine", EventAction.LIFT_QUARANTINE


def _refuse(component: PlayedComponent, revision: PlayedRevision, outcome: Outcome, why: str) -> None:
    if revision.outcome is outcome:
        raise _impossible(component, revision, why)


def _impossible(component: PlayedComponent, revision: PlayedRevision, why: str) -> TransitionError:
    return TransitionError(f"r{revision.number} of {component.id}: {why}", component=component.id)


def inverse(component: PlayedComponent, command: Entry) -> Entry | None:
    """Return the command that undoes an entry, given the revision's current values; None if it cannot be undone."""
    revision = component.find(command.revision)
    changes: dict[type[Entry], Entry | None] = {
        Pin: Pin(component.id, revision.number, revision.pinned),
        Annotate: Annotate(component.id, revision.number, revision.note),
        MarkStable: MarkStable(component.id, revision.number, revision.stable),
    }
    return changes.get(type(command))


def purge(component: PlayedComponent, number: int) -> None:
    """Mark a revision as purged and remove its pin."""
    component.revise(number, outcome=Outcome.PURGED, pinned=False)
