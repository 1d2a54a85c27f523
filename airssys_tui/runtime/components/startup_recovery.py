"""Recovery at start: turn what the catalog recorded into components again, and close unfinished deployments.

The catalog is the only truth after a crash. A revision is active if, and only if, its activation was committed; a
deployment without an end was interrupted, and is closed as ``aborted``. The rest follows per component:

* with an active revision: ``installed``, to be started if it is to run and its files are there. Probation starts over;
* without one, but with a quarantined revision: that one failed with nothing to roll back to. It is restored as
  condemned and exhausted, so that nothing starts until the operator acts;
* without any: ``failed``; every candidate was refused.

Refusals by another version of the program, or under another limit of the compiler, are forgotten: this one may accept
what that one refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from airssys_tui import __version__
from airssys_tui.core.description import kind_of, quarantine_text
from airssys_tui.core.events import EventAction, EventKind, Level
from airssys_tui.core.gates import known_gate
from airssys_tui.core.identity import ComponentId, Digest
from airssys_tui.core.lifecycle import CommandEnd, Desired, State
from airssys_tui.core.manifest.document import decode_manifest
from airssys_tui.core.refusal import judge
from airssys_tui.core.revision import Cause, Tier
from airssys_tui.core.text import one_line
from airssys_tui.core.types.interface import Interface
from airssys_tui.runtime.actors.serving import Blueprint
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.evidence import recall_costs
from airssys_tui.runtime.components.trial import Trial
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.store.catalog.catalog import Catalog
from airssys_tui.store.catalog.components import NAMING
from airssys_tui.store.catalog.records import ComponentRecord, CostRecord, Hold, Refusal, RevisionRecord, SnapshotInfo

SHARED: Final = 64
"""Interfaces kept to be shared: components of the same artifact have the same one."""


class Remembered(msgspec.Struct, frozen=True):
    """What the catalog knows of one component, as far as a start needs it."""

    record: ComponentRecord
    active: RevisionRecord | None
    holds: tuple[Hold, ...]
    refusals: tuple[Refusal, ...]
    snapshots: tuple[SnapshotInfo, ...]
    generation: int
    quarantined: tuple[RevisionRecord, ...] = ()
    before: int | None = None
    costs: dict[int, CostRecord] = {}
    ended: CommandEnd | None = None


def remembered(floor: Floor) -> tuple[Remembered, ...]:
    """Close the deployments that a crash interrupted, and return every recorded component. Blocks on the catalog."""
    catalog = floor.state.catalog
    for deployment in catalog.abort_unfinished(at=floor.clock()):
        stages = catalog.stages(deployment.id)
        reached = stages[-1].name if stages else "accepted"
        floor.journal.emit(
            EventKind.DECISION,
            f"aborted: its deployment was not finished (it had reached: {reached})",
            component=deployment.component,
            action=EventAction.ABORTED,
            level=Level.WARNING,
            generation=deployment.generation,
        )
    compile_cpu = floor.settings.engine.compile_cpu
    named = {table: catalog.named_in(table) for table in NAMING}
    return tuple(_remember(catalog, record, compile_cpu, named) for record in catalog.components())


def _remember(
    catalog: Catalog, record: ComponentRecord, compile_cpu: float, named: Mapping[str, frozenset[str]]
) -> Remembered:
    """Return what the catalog knows of one component; tables that do not name it, as most do not, are not asked."""
    name = record.id
    active = catalog.active_revision(name)
    refusals = catalog.refusals(name) if name in named["refusals"] else ()
    # A revision on probation is compared with the one that served before it.
    before = catalog.served_before(name, active.number) if active is not None and active.number > 1 else None
    return Remembered(
        record,
        active,
        catalog.holds(name) if name in named["holds"] else (),
        tuple(refusal for refusal in refusals if _stands(refusal, compile_cpu)),
        catalog.snapshots(name, limit=1) if name in named["snapshots"] else (),
        catalog.latest_generation(name),
        catalog.quarantined(name),
        before,
        catalog.costs(name) if name in named["costs"] else {},
        catalog.command_end(name) if name in named["command_ends"] else None,
    )


def _stands(refusal: Refusal, compile_cpu: float) -> bool:
    gate = known_gate(refusal.gate)
    return gate is not None and refusal.program == judge(__version__, gate, compile_cpu)


def restore(memory: Remembered, make: Callable[[ComponentId], Component], engines: Mapping[Tier, str]) -> Component:
    """Return a component as it was recorded, not started yet.

    Args:
        memory: What the catalog knows of it.
        make: Makes components.
        engines: Identities of the engines.
    """
    record = memory.record
    component = make(ComponentId.parse(record.id))
    component.files.recall(record.source, recorded=record.present)
    component.intent.want(Desired(record.desired))
    component.barred.hold(memory.holds)
    component.update.recall(memory.generation)
    for refusal in sorted(memory.refusals, key=lambda refusal: refusal.at):
        component.barred.refuse(refusal)
    if memory.snapshots:
        newest = max(memory.snapshots, key=lambda info: info.id)
        component.shown.saved(newest.size, newest.at)
    recall_costs(component.actor.costs, memory.costs, engines)
    for bad in memory.quarantined:
        component.proof.quarantine(_artifact(bad), one_line(bad.outcome_reason, 300))
    component.life.enter("remembered", State.INSTALLING)
    if memory.active is not None:
        artifact = _take_up(component, memory.active)
        if memory.ended is not None and memory.ended.revision == memory.active.number:
            component.life.end(memory.ended)
        _take_evidence(component, memory, memory.active)
        component.proof.begin(_resumed_trial(memory.active, artifact, memory.before))
        component.life.enter("remembered", State.INSTALLED)
        return component
    component.life.enter("never served", State.FAILED)
    if memory.quarantined:
        # It failed on probation with nothing to roll back to: it stays down until the operator acts.
        last = memory.quarantined[-1]
        _take_up(component, last)
        component.proof.condemn()
        component.supervision.exhaust()
        component.shown.warn(quarantine_text(last.number, last.outcome_reason))
    return component


def _resumed_trial(active: RevisionRecord, artifact: Blueprint, before: int | None) -> Trial:
    judged = active.cause in {Cause.DEPLOY, Cause.RELOAD} and not active.stable
    return Trial(active.number, artifact.manifest, before, judged=judged, resumed=True)


def _take_evidence(component: Component, memory: Remembered, active: RevisionRecord) -> None:
    """Count on from the evidence of the active revision, or of the one that it points to."""
    own = memory.costs.get(active.number)
    if own is None and active.origin is not None:
        component.actor.costs.inherit(active.number, active.origin)
        own = memory.costs.get(active.origin)
    if own is not None:
        component.proof.recall(own.faults)


def _take_up(component: Component, record: RevisionRecord) -> Blueprint:
    artifact = _artifact(record)
    kind = kind_of(artifact.interface, artifact.manifest.artifact.kind)
    component.served.take_over(artifact, kind, record.origin)
    component.proof.judge_stable(record.stable)
    return artifact


def _artifact(record: RevisionRecord) -> Blueprint:
    return Blueprint(
        digest=Digest(record.digest),
        interface=_interface(record.interface) if record.interface else Interface(),
        manifest=decode_manifest(record.manifest),
        manifest_digest=record.manifest_digest,
        revision=record.number,
    )


@lru_cache(SHARED)
def _interface(text: str) -> Interface:
    """Read a recorded interface; revisions with the same text share one value."""
    return msgspec.json.decode(text, type=Interface)
