"""The arrival of a candidate that passed: its activation, to be committed, and the change of its component."""

from __future__ import annotations

from collections.abc import Mapping

from airssys_tui.core.lifecycle import Desired, State
from airssys_tui.core.revision import Cause, Outcome, Tier
from airssys_tui.runtime.actors.serving import Blueprint
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.evidence import cost_record, has_evidence
from airssys_tui.runtime.components.trial import Trial
from airssys_tui.runtime.deploying.order import Attempt, fault_of
from airssys_tui.runtime.deploying.rehearsal import Rehearsed
from airssys_tui.store.catalog.records import Activation, NewSnapshot


def activation_of(attempt: Attempt, initial: NewSnapshot | None, at: float, engines: Mapping[Tier, str]) -> Activation:
    """Return what the catalog commits in one transaction when the candidate takes over.

    Args:
        attempt: The candidate.
        initial: The state that it begins with, if a state other than the present one was chosen.
        at: Unix time.
        engines: Identities of the engines.
    """
    component, order = attempt.component, attempt.order
    fault = fault_of(component, order)
    rollback = order.cause is Cause.ROLLBACK
    return Activation(
        component=component.name,
        revision=attempt.revision,
        at=at,
        deployment=attempt.deployment,
        passed=attempt.passed,
        initial=initial,
        # A revision that had served enough calls without a fault when it was superseded has proved itself.
        old_stable=not fault and has_evidence(component) and component.proof.clean and not rollback,
        old_costs=cost_record(component, engines),
        old_outcome=Outcome.QUARANTINED if fault else Outcome.SUPERSEDED,
        old_reason=fault or f"{order.cause} to r{attempt.revision}",
        reason="" if order.quarantines else order.note,  # the quarantined revision already has the reason
        stable=order.stable,
        holds=order.bars.holds,
        lift_all=True,
        forget_refusals=not order.keeps_refusals,
        refusals=order.bars.refusals,
    )


def arrive(attempt: Attempt, rehearsed: Rehearsed, origin: State, now: float) -> None:
    """Make the candidate the active revision of its component, after the swap.

    Args:
        attempt: The candidate.
        rehearsed: The rehearsed candidate, with its health.
        origin: The state of the component before the attempt.
        now: Unix time.
    """
    component, order = attempt.component, attempt.order
    before, fault = component.active, fault_of(component, order)
    if before is not None and fault:
        component.proof.quarantine(before, fault)
    trial = _trial(attempt, rehearsed, before)
    component.take_over(
        rehearsed.artifact, rehearsed.kind, origin=order.origin, stable=order.stable, fallback=order.keeps_refusals
    )
    component.barred.set_up(order.bars)
    component.proof.begin(trial)
    if order.origin is not None:  # the artifact served before: its evidence, and what its calls cost, go on with it
        component.actor.costs.inherit(attempt.revision, order.origin)
        component.proof.recall(order.faults)
    component.life.report(rehearsed.health.health)
    # An instance that trapped right after the swap is gone by now: supervision waits for this to end, and replaces it.
    wanted = component.intent.desired is Desired.RUNNING and rehearsed.kind != "command"
    serves = component.actor.serving is not None or wanted
    component.life.serve_since(now if serves else None)
    _enter(component, origin, serves=serves)


def go_back(component: Component, origin: State) -> None:
    """Restore a component to its state before a candidate that failed."""
    if component.state is State.INSTALLING:
        component.life.enter("refused", State.FAILED)
    elif component.actor.serving is None and origin is State.RUNNING:
        component.life.enter("lost", State.FAILED)  # the old instance trapped meanwhile; supervision starts it again
    else:
        component.life.enter("refused", origin)


def _enter(component: Component, origin: State, *, serves: bool) -> None:
    if component.state is State.INSTALLING:
        component.life.enter("installed", State.INSTALLED)
        if serves:
            component.life.enter("start", State.STARTING)
            component.life.enter("started", State.RUNNING)
    elif serves:
        component.life.enter("switched", State.RUNNING)
    else:
        component.life.enter("switched", origin if origin in {State.INSTALLED, State.STOPPED} else State.STOPPED)


def _trial(attempt: Attempt, rehearsed: Rehearsed, before: Blueprint | None) -> Trial:
    """Return the probation of a new revision; if only the state is new, the previous probation continues."""
    trial = attempt.component.proof.trial
    previous, checks = before.revision if before is not None else None, rehearsed.checks
    judged = attempt.order.from_files
    if attempt.order.cause is Cause.RESTORE and trial is not None and trial.revision == previous:
        previous, judged, checks = trial.previous, trial.terms.judged, trial.checks
    return Trial(attempt.revision, rehearsed.artifact.manifest, previous, judged=judged, checks=checks)
