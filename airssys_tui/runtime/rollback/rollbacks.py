"""Rollback: an earlier revision's artifact is deployed again, as a new revision.

Why it is a deployment and not a switch of a number:

* The history only grows. A revision r4 that rolls back to r2 has the artifact, manifest and lineage of r2; the history
  still shows that r3 served between them, and who rolled back and why. A second rollback goes further back, not forward
  again.
* The world may have changed since the revision served: another program version, host interfaces, limits. So it passes
  the gates again, except the two that compare it with the present: dependencies and the compatibility of exports.
* The operator chooses what happens to the state: *keep* hands the present state to the older code, *restore* loads the
  last state that this code saved itself, *fresh* starts without any. If the older code refuses the state, the rollback
  is refused before anything has changed.
* The digest rolled back from and the one on disk are held: otherwise the watcher would deploy them again within a
  second. They stay held until the files change or the operator reloads.

An automatic rollback (``fall_back``) goes the same way when a revision fails on probation. It goes to the last stable
revision, prefers to keep the state, restores one if that is refused, and never begins with a fresh state: losing data
is not a decision that a program makes by itself.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import msgspec

from airssys_tui.api.commands import Rollback
from airssys_tui.api.views.revisions import RollbackPreview
from airssys_tui.core.errors import GateRefusal, RollbackRefused, StoreError
from airssys_tui.core.gates import STATE_GATES, Gate
from airssys_tui.core.identity import Digest, short_digest
from airssys_tui.core.manifest.document import decode_manifest
from airssys_tui.core.revision import (
    Cause,
    Revision,
    StatePolicy,
    active,
    fallback_target,
    held_as,
    kept_note,
    rollback_target,
)
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.actors.contract import SavedState
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.evidence import recall_costs
from airssys_tui.runtime.components.kept_states import KeptState, KeptStates
from airssys_tui.runtime.components.parts.barred import Bars
from airssys_tui.runtime.deploying.order import Order
from airssys_tui.runtime.deploying.pipeline import Deployer
from airssys_tui.runtime.guard.grant_desk import GrantDesk
from airssys_tui.runtime.history.timeline import compare
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.rollback.state_choices import StateChoices
from airssys_tui.runtime.sources.folder import Reading
from airssys_tui.store.catalog.records import Hold, RevisionRecord

ITSELF: Final = "airssys"
"""Who is recorded for an automatic rollback."""


class Fallen(msgspec.Struct, frozen=True):
    """An automatic rollback: its revision, the revision whose artifact serves again, what became of the state."""

    revision: int
    target: int
    state: GuestText


class Rollbacks:
    """Plans and performs rollbacks.

    Args:
        floor: The machinery.
        deployer: Brings the old artifact back through the gates.
        snapshots: The saved states.
        choices: Says what happens to the state.
        guards: Know what is granted.
    """

    def __init__(
        self, floor: Floor, deployer: Deployer, snapshots: KeptStates, choices: StateChoices, guards: GrantDesk
    ) -> None:
        self._floor = floor
        self._guards = guards
        self._deployer = deployer
        self._snapshots = snapshots
        self._choices = choices

    async def roll_back(self, component: Component, command: Rollback, who: str, bars: Bars | None = None) -> int:
        """Roll back. The caller holds the component's lock and has cancelled any update under way.

        Args:
            component: The component.
            command: The target and the policy for the state.
            who: Who asked, for the history.
            bars: Digests to hold and files to refuse from then on; if not given, the digest rolled back from and the
                one on disk are held.

        Returns:
            The number of the new revision.

        Raises:
            RollbackRefused: If it cannot be done, and why; nothing has changed then.
        """
        lines, target = await self._target(component, command.to, force=command.force)
        record = await self._record(component, target)
        paired = await self._restored(component, target, command.state)
        bars = Bars(self._holds(component, lines, target)) if bars is None else bars
        order = _order(component, command, who, target, bars=bars, paired=paired)
        try:
            return await self._bring_back(component, record, order)
        except GateRefusal as refusal:
            if paired is not None and refusal.gate is Gate.STATE_LOAD:
                await self._snapshots.failed(component, paired, target.number)
            raise _cannot_serve(component, target, refusal, _remedy(refusal)) from refusal

    async def _bring_back(self, component: Component, record: RevisionRecord, order: Order) -> int:
        wasm = await self._artifact(component, record)
        kept = await self._floor.disk(self._floor.state.catalog.costs, component.name)
        evidence = kept.get(record.number) or kept.get(record.lineage)
        if evidence is not None:
            order = msgspec.structs.replace(order, faults=evidence.faults)
            if not component.actor.costs.knows(record.lineage):
                recall_costs(component.actor.costs, {record.lineage: evidence}, self._floor.tiers.identities)
        manifest = decode_manifest(record.manifest)
        reading = Reading(
            component.files.key, manifest, record.manifest_digest, wasm, Digest(record.digest), bare=False
        )
        return await self._deployer.deploy(component, reading, order)

    async def fall_back(self, component: Component, reason: GuestText) -> Fallen:
        """Roll back from a revision that failed on probation to the last stable one. The caller holds the lock.

        The state is handed over if the older revision can load it; otherwise the last state that it saved itself is
        restored. If neither works, the revision that failed goes on, under supervision.

        Args:
            component: The component.
            reason: Why, for the history.

        Raises:
            RollbackRefused: If there is no stable revision, or it cannot serve.
            StoreError: If it could not be recorded.
        """
        lines = await self._floor.disk(self._floor.state.catalog.landmarks, component.name)
        target = fallback_target(lines)
        if target is None:
            raise RollbackRefused("there is no earlier stable revision", component=component.name)
        record = await self._record(component, target)
        dead = component.actor.serving is None
        kept = await self._snapshots.latest(component, loader=target.number) if dead else None
        order = _fallback_order(component, target, reason, kept.state if kept is not None else None)
        try:
            revision = await self._bring_back(component, record, order)
            state = _what_went_along(kept) if dead else "the state was kept"
            state = state if component.stateful else ""
        except GateRefusal as refusal:
            paired = await self._snapshots.latest(component, target.number, loader=target.number)
            if refusal.gate not in STATE_GATES or paired is None:
                raise _cannot_serve(component, target, refusal) from refusal
            revision = await self._restore(component, record, order, paired)
            state = f"the state of r{target.number} was restored ({refusal.gate}: {refusal.message})"
        return Fallen(revision, target.lineage, one_line(state, 200))

    async def has_fallback(self, component: Component) -> bool:
        """Return whether there is an earlier stable revision to fall back to.

        Raises:
            StoreError: If the catalog cannot be read.
        """
        lines = await self._floor.disk(self._floor.state.catalog.landmarks, component.name)
        return fallback_target(lines) is not None

    async def _restore(self, component: Component, record: RevisionRecord, order: Order, paired: KeptState) -> int:
        restoring = msgspec.structs.replace(order, policy=StatePolicy.RESTORE, snapshot=paired.state)
        try:
            return await self._bring_back(component, record, restoring)
        except GateRefusal as refusal:
            raise _cannot_serve(component, record, refusal) from refusal

    async def _artifact(self, component: Component, record: RevisionRecord) -> bytes:
        try:
            return await self._floor.artifact(Digest(record.digest))
        except StoreError as error:
            raise RollbackRefused(
                f"the code of r{record.number} is not available: {error.message}",
                remedy=f"{error.remedy}; or choose another revision that has served",
                component=component.name,
            ) from error

    async def preview(self, component: Component, to: int | None, *, force: bool = False) -> RollbackPreview:
        """Return what a rollback would do; ``force`` as in the command.

        Raises:
            RollbackRefused: If it would be refused.
        """
        lines, target = await self._target(component, to, force=force)
        catalog, missing = self._floor.state.catalog, partial(self._guards.ungranted, component.name)
        diff = await self._floor.disk(compare, catalog, component.name, target.number, missing=missing)
        held = self._holds(component, lines, target)
        holds = tuple(one_line(hold.version or short_digest(hold.digest)) for hold in held)
        choices = await self._choices.of(component, await self._record(component, target))
        return RollbackPreview(diff, lines[0].number + 1, holds, choices)

    async def _target(
        self, component: Component, to: int | None, *, force: bool
    ) -> tuple[tuple[Revision, ...], Revision]:
        lines = await self._floor.disk(self._floor.state.catalog.landmarks, component.name, to)
        return lines, rollback_target(lines, component.name, to=to, force=force)

    async def _record(self, component: Component, target: Revision) -> RevisionRecord:
        record = await self._floor.disk(self._floor.state.catalog.revision, component.name, target.number)
        if record is None:  # history is never deleted
            raise StoreError(f"{component.name} has no revision r{target.number}", component=component.name)
        return record

    def _holds(self, component: Component, lines: tuple[Revision, ...], target: Revision) -> tuple[Hold, ...]:
        left = (component.files.on_disk if component.files.present else None, active(lines))
        held = {held_as((one.digest, one.manifest_digest), target): one.version for one in left if one is not None}
        reason, at = f"rolled back to r{target.number}", self._floor.clock()
        return tuple(Hold(files[0], held[files], reason, at, files[1]) for files in sorted(filter(None, held)))

    async def _restored(self, component: Component, target: Revision, policy: StatePolicy) -> KeptState | None:
        if policy is not StatePolicy.RESTORE:
            return None
        kept = await self._snapshots.latest(component, target.number, loader=target.number)
        if kept is None:
            raise RollbackRefused(
                f"no state of r{target.number} was kept for {component.name}",
                remedy="keep the present state, or start with a fresh one",
                component=component.name,
            )
        return kept


def _order(
    component: Component,
    command: Rollback,
    who: str,
    target: Revision,
    *,
    bars: Bars,
    paired: KeptState | None,
) -> Order:
    return Order(
        cause=Cause.ROLLBACK,
        who=who,
        generation=component.update.generation,
        force=True,
        note=kept_note(command.note),
        policy=command.state,
        origin=target.lineage,
        bars=bars,
        snapshot=paired.state if paired is not None else None,
        compatible=False,
        stable=target.stable,
    )


def _remedy(refusal: GateRefusal) -> str:
    if refusal.gate in STATE_GATES:
        return "roll back with the state paired with that revision (restore) or without any (fresh)"
    return refusal.remedy


def _fallback_order(component: Component, target: Revision, reason: GuestText, state: SavedState | None) -> Order:
    return Order(
        cause=Cause.ROLLBACK,
        who=ITSELF,
        generation=component.update.generation,
        force=True,
        note=reason,
        origin=target.lineage,
        bars=Bars(component.barred.holds),
        snapshot=state,
        compatible=False,
        stable=True,
        quarantines=reason,
    )


def _what_went_along(kept: KeptState | None) -> str:
    return "it goes on from the last saved state" if kept is not None else "no state was saved"


def _cannot_serve(
    component: Component, target: Revision, refusal: GateRefusal, remedy: str | None = None
) -> RollbackRefused:
    return RollbackRefused(
        f"r{target.number} cannot serve: refused at {refusal.gate}: {refusal.message}",
        remedy=refusal.remedy if remedy is None else remedy,
        component=component.name,
    )
