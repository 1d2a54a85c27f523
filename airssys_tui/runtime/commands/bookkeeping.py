"""The operator's entries in the history of a component: pins, notes and stable flags."""

from __future__ import annotations

from airssys_tui.api.commands import Annotate, MarkStable, Pin
from airssys_tui.api.views.runtime import Done
from airssys_tui.core.errors import TransitionError, UsageError
from airssys_tui.core.revision import Outcome, kept_note
from airssys_tui.core.text import one_line
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.store.catalog.records import RevisionRecord

"""Characters of a note that are kept."""


class Bookkeeping:
    """Carries out the commands that change only the history.

    Args:
        floor: The machinery.
    """

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    async def carry_out(self, component: Component, command: Pin | Annotate | MarkStable, who: str) -> Done:
        """Write a pin, a note or a stable flag.

        Raises:
            UsageError: If there is no such revision.
            TransitionError: If the revision is already in that state, or can no longer get into it.
            StoreError: If it could not be written.
        """
        record = await self._record(component, command.revision)
        match command:
            case Pin():
                text = await self._pin(component, record, command, who)
            case Annotate():
                text = await self._annotate(component, record, command, who)
            case MarkStable():
                text = await self._mark_stable(component, record, command)
        return Done(one_line(text), component.active.revision if component.active else None)

    async def _pin(self, component: Component, record: RevisionRecord, command: Pin, who: str) -> str:
        catalog, name = self._floor.state.catalog, f"r{record.number} of {component.name}"
        if not command.pinned:
            if not await self._floor.disk(catalog.unpin, component.name, record.number):
                raise TransitionError(f"{name} is not pinned", component=component.name)
            return f"{name} is no longer pinned: retention may remove it"
        _refuse_purged(component, record, "pinned")
        if not await self._floor.disk(catalog.pin, component.name, record.number, who=who, at=self._floor.clock()):
            raise TransitionError(f"{name} is already pinned", component=component.name)
        return f"{name} is pinned: its code and states are kept until it is unpinned"

    async def _annotate(self, component: Component, record: RevisionRecord, command: Annotate, who: str) -> str:
        note, at = kept_note(command.note), self._floor.clock()
        await self._floor.disk(self._floor.state.catalog.annotate, component.name, record.number, note, who=who, at=at)
        return f"r{record.number} of {component.name}: {note or 'note removed'}"

    async def _mark_stable(self, component: Component, record: RevisionRecord, command: MarkStable) -> str:
        name = f"r{record.number} of {component.name}"
        said = "stable" if command.stable else "not stable"
        if record.stable is command.stable:
            raise TransitionError(f"{name} is already {said}", component=component.name)
        if command.stable and record.activated_at is None:
            raise TransitionError(
                f"{name} never served: only what has served can be stable",
                remedy="roll back to it first, with --force if a gate refused it",
                component=component.name,
            )
        if command.stable and record.outcome is Outcome.QUARANTINED:
            raise TransitionError(
                f"{name} is quarantined: it failed, so an automatic rollback must not go back to it",
                remedy=f"lift its quarantine first: airssys-tui release {component.name} {record.number}",
                component=component.name,
            )
        if command.stable:
            _refuse_purged(component, record, "stable")
        catalog = self._floor.state.catalog
        await self._floor.disk(catalog.set_stable, component.name, record.number, stable=command.stable)
        if component.active is not None and component.active.revision == record.number:
            component.proof.judge_stable(command.stable, by_operator=True)
        return f"{name} is now {said}"

    async def _record(self, component: Component, number: int) -> RevisionRecord:
        record = await self._floor.disk(self._floor.state.catalog.revision, component.name, number)
        if record is None:
            raise UsageError(f"{component.name} has no revision r{number}", remedy="`versions` lists them")
        return record


def _refuse_purged(component: Component, record: RevisionRecord, what: str) -> None:
    if record.outcome is Outcome.PURGED:
        raise TransitionError(
            f"r{record.number} of {component.name} was purged: it can no longer be {what}",
            remedy="deploy its files again",
            component=component.name,
        )
