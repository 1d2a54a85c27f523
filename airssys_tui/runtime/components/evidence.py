"""The evidence about the revisions of a component, between what is counted in memory and what the catalog keeps."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from airssys_tui.core.probation import ExportCost, is_tried
from airssys_tui.core.revision import Tier
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.metering.call_costs import CallCosts
from airssys_tui.store.catalog.records import CostRecord


def cost_record(component: Component, engines: Mapping[Tier, str]) -> CostRecord | None:
    """Return what the catalog is to keep of the active revision; None if it neither served a call nor had a fault.

    Args:
        component: The component.
        engines: Identities of the engines of this process; the fuel of one cannot be compared with that of another.
    """
    active, proof, costs = component.active, component.proof, component.actor.costs
    if active is None:
        return None
    served, figures = costs.served(active.revision), costs.of(active.revision)
    if not served and not figures and not proof.faults and not has_evidence(component):
        return None
    return CostRecord(
        msgspec.json.encode(figures).decode(), served, proof.faults, has_evidence(component), engines[costs.tier]
    )


def has_evidence(component: Component) -> bool:
    """Return whether there is enough evidence to judge the active revision."""
    active, proof, trial = component.active, component.proof, component.proof.trial
    if active is None:
        return False
    at_gate = trial.checks if trial is not None and trial.revision == active.revision else 0
    checks = max(proof.checks, at_gate)
    needed = active.manifest.deployment.stable_after
    return component.proof.stable or is_tried(needed, component.actor.costs.served(active.revision), checks)


def recall_costs(costs: CallCosts, records: Mapping[int, CostRecord], engines: Mapping[Tier, str]) -> None:
    """Count on from what the catalog has kept; figures of another engine are no baseline, the calls still count.

    Args:
        costs: Where they are counted.
        records: What the catalog has, by revision.
        engines: Identities of the engines of this process.
    """
    known = {identity: tier for tier, identity in engines.items()} | {"": Tier.OPTIMISED}
    for number, record in records.items():
        tier = known.get(record.engine)
        figures = msgspec.json.decode(record.figures, type=dict[str, ExportCost]) if tier is not None else {}
        costs.recall(number, figures, record.calls, tier or Tier.OPTIMISED)
