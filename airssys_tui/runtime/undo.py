"""Rollback: going back to an earlier revision, as a new one, with what is held back afterwards."""

from __future__ import annotations

from airssys_tui.api.commands import Rollback
from airssys_tui.api.views import RollbackPreview, StateChoice
from airssys_tui.core.errors import GateRefusal, RollbackRefused, StoreError
from airssys_tui.core.identity import Digest, short_digest
from airssys_tui.core.manifest import decode_manifest
from airssys_tui.core.revision import Cause, Revision, StatePolicy, active, held_after_rollback, rollback_target
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.core.units import format_size
from airssys_tui.runtime.chronicle import compare, rule_view
from airssys_tui.runtime.component import Component
from airssys_tui.runtime.contract import SavedState
from airssys_tui.runtime.deploy import Deployer, Order
from airssys_tui.runtime.floor import Floor
from airssys_tui.runtime.snapshots import KeptState, Snapshots
from airssys_tui.runtime.source import Reading
from airssys_tui.store.records import Hold, RevisionRecord


class Undo:
    """Plans and performs rollbacks.

    Args:
        floor: The machinery.
        deployer: Brings the old artifact back through the gates.
        snapshots: The saved states.
    """

    def __init__(self, floor: Floor, deployer: Deployer, snapshots: Snapshots) -> None:
        self._floor = floor
        self._deployer = deployer
        self._snapshots = snapshots

    async def roll_back(self, component: Component, command: Rollback, who: str) -> int:
        """Go back. The caller holds the component's lock and has cancelled an update that was half done.

        Returns:
            The number of the new revision.

        Raises:
            RollbackRefused: If it cannot be done, and why; nothing has changed then.
        """
        records, target = await self._target(component, command.to, force=command.force)
        record = next(record for record in records if record.number == target.number)
        order = Order(
            cause=Cause.ROLLBACK,
            who=who,
            generation=component.generation,
            force=True,
            note=command.note,
            policy=command.state,
            origin=target.origin if target.origin is not None else target.number,
            holds=self._holds(component, records, target),
            snapshot=await self._restored(component, target, command.state),
            compatible=False,
            stable=target.stable,
        )
        wasm = await self._artifact(component, record)
        manifest = decode_manifest(record.manifest)
        reading = Reading(component.source, manifest, record.manifest_digest, wasm, Digest(record.digest), bare=False)
        try:
            return await self._deployer.deploy(component, reading, order)
        except GateRefusal as refusal:
            remedy = refusal.remedy
            if refusal.gate.startswith("state"):
                remedy = "roll back with the state paired with that revision (restore) or without any (fresh)"
            raise RollbackRefused(
                f"r{target.number} cannot serve: refused at {refusal.gate}: {refusal.message}",
                remedy=remedy,
                component=component.name,
            ) from refusal

    async def _artifact(self, component: Component, record: RevisionRecord) -> bytes:
        try:
            return await self._floor.disk(self._floor.state.blobs.get, record.digest)
        except StoreError as error:
            raise RollbackRefused(
                f"the code of r{record.number} cannot be had: {error.message}",
                remedy="choose a revision that has served",
                component=component.name,
            ) from error

    async def preview(self, component: Component, to: int | None, *, force: bool = False) -> RollbackPreview:
        """Return what a rollback would do; ``force`` as in the command.

        Raises:
            RollbackRefused: If it would be refused.
        """
        records, target = await self._target(component, to, force=force)
        diff = await self._floor.disk(compare, self._floor.state.catalog, component.name, target.number)
        holds = tuple(
            one_line(hold.version or short_digest(hold.digest)) for hold in self._holds(component, records, target)
        )
        paired = await self._snapshots.latest(component, target.number)
        return RollbackPreview(diff, records[0].number + 1, holds, _choices(component, paired))

    async def _target(
        self, component: Component, to: int | None, *, force: bool
    ) -> tuple[tuple[RevisionRecord, ...], Revision]:
        records = await self._floor.disk(self._floor.state.catalog.revisions, component.name)
        history = [rule_view(record) for record in records]
        return records, rollback_target(history, component.name, to=to, force=force)

    def _holds(self, component: Component, records: tuple[RevisionRecord, ...], target: Revision) -> tuple[Hold, ...]:
        current = active([rule_view(record) for record in records])
        on_disk = component.on_disk.digest if component.on_disk is not None and component.present else None
        held = held_after_rollback(current, on_disk, target)
        versions = {record.digest: record.version for record in records}
        if component.on_disk is not None:
            versions.setdefault(component.on_disk.digest, component.on_disk.version)
        at = self._floor.clock()
        return tuple(
            Hold(digest, versions.get(digest), f"rolled back to r{target.number}", at) for digest in sorted(held)
        )

    async def _restored(self, component: Component, target: Revision, policy: StatePolicy) -> SavedState | None:
        if policy is not StatePolicy.RESTORE:
            return None
        kept = await self._snapshots.latest(component, target.number)
        if kept is None:
            raise RollbackRefused(
                f"no state of r{target.number} was kept for {component.name}",
                remedy="keep the present state, or begin with a fresh one",
                component=component.name,
            )
        return kept.state


def _choices(component: Component, paired: KeptState | None) -> tuple[StateChoice, ...]:
    if not component.stateful:
        text = GuestText("the component has no state to keep")
        return (StateChoice("keep", possible=True, text=text),)
    size = f" {format_size(component.state_bytes)}" if component.state_bytes is not None else ""
    keep = StateChoice(
        "keep", possible=True, text=GuestText(f"the present state goes along, if it can be loaded{size}")
    )
    restored = (
        GuestText(f"the last state of that revision: {format_size(len(paired.state.data))}")
        if paired is not None
        else GuestText("no state of that revision was kept")
    )
    return (
        keep,
        StateChoice("restore", possible=paired is not None, text=restored),
        StateChoice("fresh", possible=True, text=GuestText("begin anew; the present state is kept as a snapshot")),
    )
