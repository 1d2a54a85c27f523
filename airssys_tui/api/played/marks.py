"""What an operator says of a played component's revisions: pins, notes, stability, quarantine."""

from __future__ import annotations

from typing import Final

import msgspec

from airssys_tui.api.commands import Annotate, LiftQuarantine, MarkStable, Pin
from airssys_tui.api.played.component import FakeComponent, Said
from airssys_tui.api.views.revisions import RevisionView
from airssys_tui.core.errors import TransitionError
from airssys_tui.core.events import EventAction
from airssys_tui.core.revision import Outcome
from airssys_tui.core.text import one_line

SERVED: Final = frozenset({Outcome.ACTIVE, Outcome.SUPERSEDED})

Mark = Pin | Annotate | MarkStable | LiftQuarantine


def mark(component: FakeComponent, command: Mark) -> Said:
    """Write what the command says on its revision.

    Raises:
        UsageError: If there is no such revision.
        TransitionError: If it means nothing for that revision.
    """
    revision = component.find(command.revision)
    match command:
        case Pin():
            _refuse(component, revision, Outcome.PURGED, "its code is no longer kept")
            component.revise(revision.number, pinned=command.pinned)
            return f"r{revision.number} {'pinned' if command.pinned else 'no longer pinned'}", EventAction.PIN
        case Annotate():
            component.revise(revision.number, note=one_line(command.note))
            return f"r{revision.number} {'noted' if command.note else 'has no note any more'}", EventAction.ANNOTATE
        case MarkStable():
            if revision.outcome not in SERVED:
                raise _impossible(component, revision, f"it is {revision.outcome} and cannot be marked")
            component.revise(revision.number, stable=command.stable)
            return f"r{revision.number} marked {'stable' if command.stable else 'not stable'}", EventAction.MARK_STABLE
        case LiftQuarantine():
            if revision.outcome is not Outcome.QUARANTINED:
                raise _impossible(component, revision, "it is not quarantined")
            component.revise(revision.number, outcome=Outcome.SUPERSEDED)
            return f"r{revision.number} released from quarantine", EventAction.LIFT_QUARANTINE


def _refuse(component: FakeComponent, revision: RevisionView, outcome: Outcome, why: str) -> None:
    if revision.outcome is outcome:
        raise _impossible(component, revision, why)


def _impossible(component: FakeComponent, revision: RevisionView, why: str) -> TransitionError:
    return TransitionError(f"r{revision.number} of {component.id}: {why}", component=component.id)


def inverse(component: FakeComponent, command: Mark) -> Mark | None:
    """Return the command that takes a mark back, from how the revision is now; nothing when none does."""
    revision = component.find(command.revision)
    changes: dict[type[Mark], Mark | None] = {
        Pin: Pin(component.id, revision.number, revision.pinned),
        Annotate: Annotate(component.id, revision.number, revision.note),
        MarkStable: MarkStable(component.id, revision.number, revision.stable),
    }
    return changes.get(type(command))


def purge(component: FakeComponent, number: int) -> None:
    """Let go of a revision's code."""
    component.timeline = [
        msgspec.structs.replace(each, outcome=Outcome.PURGED, pinned=False) if each.number == number else each
        for each in component.timeline
    ]
