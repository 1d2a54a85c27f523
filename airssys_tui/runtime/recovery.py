"""Coming back: what the catalog remembers becomes components again, unfinished deployments are closed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from airssys_tui import __version__
from airssys_tui.core.events import EventKind, Level
from airssys_tui.core.identity import ComponentId, Digest
from airssys_tui.core.interface import Interface
from airssys_tui.core.lifecycle import Desired, State
from airssys_tui.core.manifest import decode_manifest
from airssys_tui.runtime.component import Component
from airssys_tui.runtime.contract import kind_of
from airssys_tui.runtime.floor import Floor
from airssys_tui.runtime.serving import Artifact
from airssys_tui.store.records import ComponentRecord, Hold, Refusal, RevisionRecord, SnapshotInfo


class Remembered(msgspec.Struct, frozen=True):
    """Everything the catalog knows of one component that matters at a start."""

    record: ComponentRecord
    active: RevisionRecord | None
    holds: tuple[Hold, ...]
    refusals: tuple[Refusal, ...]
    snapshots: tuple[SnapshotInfo, ...]
    generation: int


def remembered(floor: Floor) -> tuple[Remembered, ...]:
    """Close what a crash left open, and return what there was. Blocks on the catalog."""
    catalog = floor.state.catalog
    for deployment in catalog.abort_unfinished(at=floor.clock()):
        stages = catalog.stages(deployment.id)
        reached = stages[-1].name if stages else "accepted"
        floor.journal.emit(
            EventKind.LEDGER,
            f"aborted: generation {deployment.generation} was not finished (it had reached: {reached})",
            component=deployment.component,
            action="aborted",
            level=Level.WARNING,
            generation=deployment.generation,
        )
    return tuple(
        Remembered(
            record,
            catalog.active_revision(record.id),
            catalog.holds(record.id),
            catalog.refusals(record.id),
            catalog.snapshots(record.id),
            catalog.latest_generation(record.id),
        )
        for record in catalog.components()
    )


def restore(memory: Remembered, make: Callable[[ComponentId], Component]) -> Component:
    """Return the component as it was, not started yet."""
    record = memory.record
    component = make(ComponentId.parse(record.id))
    component.source = record.source
    component.desired = Desired(record.desired)
    component.holds = memory.holds
    component.generation = memory.generation
    for refusal in sorted(memory.refusals, key=lambda refusal: refusal.at):
        if refusal.program == __version__:  # a newer program may think better of it
            component.refuse(refusal)
    if memory.snapshots:
        newest = max(memory.snapshots, key=lambda info: info.id)
        component.state_bytes, component.state_saved_at = newest.size, newest.at
    component.enter("remembered", State.INSTALLING)
    if memory.active is None:
        component.enter("never served", State.FAILED)
        return component
    component.active = _artifact(memory.active)
    component.kind = kind_of(component.active.interface, component.active.manifest.artifact.kind)
    component.stable = memory.active.stable
    component.activated_at = memory.active.activated_at
    component.enter("remembered", State.INSTALLED)
    return component


def _artifact(record: RevisionRecord) -> Artifact:
    interface = msgspec.json.decode(record.interface, type=Interface) if record.interface else Interface()
    return Artifact(
        digest=Digest(record.digest),
        interface=interface,
        manifest=decode_manifest(record.manifest),
        manifest_digest=record.manifest_digest,
        revision=record.number,
        waits=False,
    )
