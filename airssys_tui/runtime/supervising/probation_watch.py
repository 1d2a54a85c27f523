"""Probation: watch a new revision, then mark it stable or roll back automatically.

A revision that passed every gate can still fail on real calls. So for some seconds after it took over (``[deployment]
probation``) its traps, its health reports and the cost of its calls are collected in a ``Trial``. About once a second,
and whenever the component fails, ``core/probation`` judges the trial:

* pass: the revision is marked stable, and later rollbacks may go back to it;
* warn: its calls are costlier; one warning is emitted, and the probation goes on;
* untried: the time is over, but the revision has neither served enough calls (``[deployment] stable_after``) nor passed
  the saved checks of its component: the judging goes on until it has. Quiet time alone makes nothing stable;
* unproven: there is enough evidence, but it trapped or was unhealthy: the probation ends, but the revision is not
  marked stable;
* fail: the runtime rolls back to the last stable revision and puts this one in quarantine, so that neither the watcher
  nor a restart deploys its files again. A rollback that is not possible is tried only once: then the revision stays,
  under supervision. If supervision gives it up as well, it is quarantined but stays active (condemned).

Whatever is not stable is gone back from, once, when supervision gives it up: while it is untried, and after its
probation has ended without making it stable. Without an earlier stable revision it stays active, and is tried again by
the next runtime. What is gone back to is stable, so there are no loops.

The evidence and the costs are written to the catalog every few seconds while they grow, after each fault, and in the
transaction in which another revision takes over. So the judging goes on after a restart of the runtime, and after a
kill. A rollback begins with the evidence and the costs of the revision that it points to.

An automatic rollback takes no new generation, and waits for the component's lock like every other change. So it never
cancels a newer change of the files: an update under way finishes first, and a later one is deployed on top. Every
judgement that leads to action is made again once the lock is held, because the revision may have changed meanwhile.
"""

from __future__ import annotations

from airssys_tui.core.errors import AirssysError, StoreError, TransitionError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.lifecycle import State
from airssys_tui.core.probation import Verdict
from airssys_tui.core.revision import Outcome
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.core.traps import GuestTrap, TrapKind, printed_text
from airssys_tui.runtime.actors.serving import Blueprint, Serving
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.evidence import cost_record
from airssys_tui.runtime.components.trial import Trial
from airssys_tui.runtime.machinery.background_tasks import Background
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.rollback.rollbacks import Rollbacks


class ProbationWatch:
    """Watches the revisions on probation.

    Args:
        floor: The machinery.
        rollbacks: Performs the automatic rollbacks.
    """

    def __init__(self, floor: Floor, rollbacks: Rollbacks) -> None:
        self._floor = floor
        self._rollbacks = rollbacks
        self._background = Background(floor.journal)

    def trapped(self, component: Component, serving: Serving, trap: GuestTrap) -> None:
        """Count a trap, unless the host caused it or the previous revision had the same one.

        Two traps are the same when the same export trapped in the same way in this runtime.
        """
        trial, kind, costs = _trial(component), trap.trap.kind, component.actor.costs
        export = serving.trapped_in
        if trial is None or serving.revision != trial.revision or kind is TrapKind.CANCELLED:
            return
        if not costs.had(trial.previous, export, kind):
            said = printed_text(trap.trap.printed, 80)
            trial.trapped(one_line(f"{kind} in {export or 'its start'}" + (f" ({said})" if said else ""), 240))
        costs.trapped(export, kind)

    def unhealthy(self, component: Component, times: int) -> None:
        """Note how many times in a row the component was unhealthy."""
        trial = _trial(component)
        if trial is not None and trial.unhealthy != times:
            trial.unhealthy = times
            component.shown.touch()  # it rests no longer

    def check(self, component: Component) -> None:
        """Judge the active revision by the observations so far. Called about once a second."""
        trial = _trial(component)
        if trial is None:
            return
        if component.proof.stable:
            if trial.terms.judged or trial.remaining == 0:
                component.proof.end()  # the operator decided; or what a rollback points to was stable before
                component.proof.break_chain()
            return
        served, faults = component.actor.costs.served(trial.revision), component.proof.faults
        if trial.take_due(served, faults):
            self._background.start(self.keep_costs(component))
        serving = component.state is State.RUNNING and component.actor.serving is not None
        situation = trial.situation(served, faults, serving=serving)
        if situation == trial.settled:
            return
        judgement = trial.judge(component.actor.costs, serving=serving, faulty=not component.proof.clean)
        if judgement.verdict is Verdict.FAIL:
            self._failing(component, trial)
        elif judgement.verdict is Verdict.WARN and not trial.warned:
            trial.warned = True
            component.teller.supervision(f"r{trial.revision}: {'; '.join(judgement.reasons)}", EventAction.COSTLIER)
        elif judgement.verdict in {Verdict.PASS, Verdict.UNPROVEN}:
            self._end(component, trial, passed=judgement.verdict is Verdict.PASS)
        if component.proof.trial is trial and serving and trial.remaining == 0:
            self._is_untried(component, trial)
        goes_on = judgement.verdict in {Verdict.CONTINUE, Verdict.UNTRIED}
        trial.settled = situation if goes_on else None

    def _is_untried(self, component: Component, trial: Trial) -> None:
        if not trial.untried:
            trial.untried = True
            component.shown.touch()
        if not trial.told and trial.terms.judged:
            trial.told = True
            served, needed = component.actor.costs.served(trial.revision), trial.terms.calls
            text = f"r{trial.revision} is untried: it has served {served} of the {needed} calls that make it stable"
            component.teller.supervision(text, EventAction.UNTRIED, Level.INFO)

    def _failing(self, component: Component, trial: Trial) -> None:
        if not trial.tried:
            self._background.start(self._fail(component, trial))
        elif trial.remaining == 0 and component.state is State.RUNNING:
            self._end(component, trial, passed=False)

    async def _fail(self, component: Component, trial: Trial) -> None:
        async with component.lock:
            if component.proof.trial is trial and component.state is State.RUNNING:
                await self.settle(component)

    def _end(self, component: Component, trial: Trial, *, passed: bool) -> None:
        component.proof.end()
        component.proof.break_chain()
        if passed:
            self._background.start(self._mark_stable(component, trial))
        else:
            self._background.start(self.keep_costs(component))
            text = f"probation of r{trial.revision} ended without marking it stable: it trapped or was unhealthy"
            component.teller.supervision(text, EventAction.UNPROVEN, Level.INFO)

    async def settle(self, component: Component) -> bool:
        """Roll back if the revision failed; return whether that was done. The caller holds the component's lock."""
        trial = _trial(component)
        if trial is None or trial.tried:
            return False
        serving = component.actor.serving is not None
        judgement = trial.judge(component.actor.costs, serving=serving, faulty=not component.proof.clean)
        if judgement.verdict is not Verdict.FAIL:
            return False
        trial.tried = True
        trial.faults = judgement.reasons
        return await self._go_back(component, trial)

    async def _go_back(self, component: Component, trial: Trial) -> bool:
        reason = trial.reason
        try:
            fallen = await self._rollbacks.fall_back(component, reason)
        except AirssysError as error:
            when = "while it was untried" if trial.untried else "on probation"
            said = f"r{trial.revision} failed {when}: {reason} · cannot roll back: {error.message}"
            component.proof.link(one_line(f"rollback failed: {error.message}", 200))
            component.teller.supervision(said, EventAction.UNPROVEN)
            return False
        component.proof.link(one_line(f"r{trial.revision} quarantined: {reason}", 200))
        text = f"r{trial.revision} quarantined: {reason} · back on r{fallen.target} as r{fallen.revision}"
        component.teller.decision(
            text + (f" · {fallen.state}" if fallen.state else ""), EventAction.QUARANTINED, Level.WARNING
        )
        component.shown.touch()
        return True

    async def give_up(self, component: Component, why: str) -> bool:
        """Deal with a revision that supervision gave up. The caller holds the component's lock.

        A revision that is not stable is rolled back. Without an earlier stable revision one on probation is quarantined
        but stays active; any other one only stays down.

        Returns:
            Whether another revision serves now.
        """
        trial, active = _trial(component), component.active
        if active is None or component.proof.stable:
            return False
        if trial is None or not trial.terms.judged:
            return await self._go_back_unproven(component, active, why)
        trial.given_up = why
        if await self.settle(component):
            return True
        if trial.untried:
            return False
        if why not in trial.faults:
            trial.faults = (*trial.faults, why)
        component.proof.condemn()
        component.proof.quarantine(active, trial.reason)
        await self._note_outcome(component, trial.revision, Outcome.QUARANTINED, trial.reason)
        text = f"r{trial.revision} quarantined: {trial.reason} · there is no earlier stable revision"
        component.teller.decision(text, EventAction.QUARANTINED, Level.WARNING)
        return False

    async def go_back(self, component: Component, why: str) -> bool:
        """Roll a revision that is not stable back, if there is a stable one. The caller holds the component's lock.

        In contrast to :meth:`give_up`, a revision that stays is not condemned.

        Returns:
            Whether another revision serves now.
        """
        trial, active = _trial(component), component.active
        if active is None or component.proof.stable:
            return False
        if trial is None or not trial.terms.judged:
            return await self._go_back_unproven(component, active, why)
        if trial.tried or not await self._has_fallback(component):
            return False
        trial.given_up = why
        return await self.settle(component)

    async def _go_back_unproven(self, component: Component, active: Blueprint, why: str) -> bool:
        """Go back from a revision whose probation is over without its being stable, if there is a stable one."""
        if not await self._has_fallback(component):
            return False
        trial = Trial(active.revision, active.manifest, None, judged=True)
        trial.untried, trial.faults = True, (why,)
        return await self._go_back(component, trial)

    async def _has_fallback(self, component: Component) -> bool:
        """Return whether there is a stable revision to go back to; not if the catalog cannot be read."""
        try:
            return await self._rollbacks.has_fallback(component)
        except StoreError:
            return False

    async def _note_outcome(self, component: Component, revision: int, outcome: Outcome, reason: str) -> None:
        set_outcome = self._floor.state.catalog.set_outcome
        try:
            await self._floor.disk(set_outcome, component.name, revision, outcome, reason, self._floor.clock())
        except AirssysError as error:
            component.teller.supervision(
                f"could not record the outcome of r{revision}: {error.message}", EventAction.STORE
            )

    async def reinstate(self, component: Component, why: str) -> None:
        """Lift the quarantine of a condemned revision. The caller holds the component's lock.

        Raises:
            StoreError: If it could not be recorded.
        """
        active = component.active
        if active is None or not component.proof.condemned:
            return
        catalog = self._floor.state.catalog
        await self._floor.disk(catalog.reinstate, component.name, active.revision, why, self._floor.clock())
        component.proof.acquit()
        component.proof.lift(active.digest, active.manifest_digest)
        component.proof.begin(Trial(active.revision, active.manifest, None, judged=True))
        component.proof.break_chain()
        component.teller.supervision(f"quarantine of r{active.revision} lifted: {why}", EventAction.LIFTED, Level.INFO)

    async def lift(self, component: Component, revision: int, why: str) -> None:
        """Lift the quarantine of a revision. The caller holds the component's lock.

        Raises:
            TransitionError: If it is not in quarantine.
            StoreError: If it could not be recorded.
        """
        found = next((key for key, bad in component.proof.quarantined.items() if bad.number == revision), None)
        if found is None:
            known = ", ".join(f"r{bad.number}" for bad in component.proof.quarantined.values()) or "none"
            raise TransitionError(
                f"r{revision} of {component.name} is not in quarantine",
                remedy=f"in quarantine: {known}",
                component=component.name,
            )
        if component.proof.condemned and component.active is not None and component.active.revision == revision:
            await self.reinstate(component, why)
            component.shown.warn(one_line(f"quarantine lifted: {why}; start it"))
            return
        was = component.proof.quarantined[found].reason
        catalog, at = self._floor.state.catalog, self._floor.clock()
        text = one_line(f"quarantine lifted: {why}; it was: {was}", 400)
        await self._floor.disk(catalog.set_outcome, component.name, revision, Outcome.SUPERSEDED, text, at)
        component.proof.lift(*found)
        component.teller.supervision(f"quarantine of r{revision} lifted: {why}", EventAction.LIFTED, Level.INFO)

    async def lift_active(self, component: Component, why: str) -> None:
        """Lift the quarantine of the files that the operator has just deployed, if they are in quarantine."""
        active = component.active
        bad = component.proof.quarantine_of(active.digest, active.manifest_digest) if active is not None else None
        if bad is not None and not component.proof.condemned:
            await self.lift(component, bad.number, why)

    async def _mark_stable(self, component: Component, trial: Trial) -> None:
        try:
            await self._floor.disk(self._floor.state.catalog.set_stable, component.name, trial.revision)
        except StoreError:  # mostly a full disk, which has its own event: judged again until it can be written
            is_written = False
        else:
            is_written = True
            await self.keep_costs(component)
        if component.active is not None and component.active.revision == trial.revision:
            component.proof.judge_stable(is_written)
            if is_written:
                component.proof.end()
                component.teller.supervision(_why_stable(component, trial), EventAction.STABLE, Level.INFO)
            else:
                component.proof.begin(trial)

    async def keep_costs(self, component: Component) -> None:
        """Write the evidence and the costs of the active revision to the catalog, if there are any."""
        record, active = cost_record(component, self._floor.tiers.identities), component.active
        if record is None or active is None:
            return
        try:
            await self._floor.disk(self._floor.state.catalog.keep_costs, component.name, active.revision, record)
        except AirssysError as error:
            component.teller.supervision(
                f"could not record the costs of r{active.revision}: {error.message}", EventAction.STORE
            )

    async def close(self) -> None:
        """Cancel the tasks under way."""
        await self._background.close()


def _trial(component: Component) -> Trial | None:
    """Return the trial of the active revision, or None if it is not on probation."""
    trial, active = component.proof.trial, component.active
    return trial if trial is not None and active is not None and trial.revision == active.revision else None


def _why_stable(component: Component, trial: Trial) -> str:
    served = component.actor.costs.served(trial.revision)
    if served >= trial.terms.calls:
        why = f"it served {served} call{'s' if served != 1 else ''} without a fault"
    else:
        why = f"it passed its {trial.checks} saved check{'s' if trial.checks != 1 else ''}"
    return f"r{trial.revision} is stable: {why}"


def chain_text(component: Component) -> GuestText:
    """Return what led to the present state of a component, oldest first; empty if nothing did."""
    return one_line("; ".join(component.proof.chain), 300)
