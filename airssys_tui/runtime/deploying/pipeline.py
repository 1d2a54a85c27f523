"""The deploy pipeline: it takes a candidate from files that have settled to a revision that serves, or refuses it.

An attempt goes through five steps, always in this order:

1. *accept*: the catalog gives the candidate its number and keeps its files, before any of its code runs. Whatever
   happens later, its history says so.
2. *rehearse*: the candidate passes the gates while the old revision serves. Its instance is a rehearsal: what it stores
   and the timers it sets stay with it.
3. *switch*: the mailbox is paused, the state moves, the catalog commits one transaction, one pointer is written. After
   the commit nothing can fail. The switch is not cancelled half way.
4. *arrive*: the component takes over the new revision: its health, its probation, its holds.
5. or *refuse*: at any step before the commit the attempt can fail at a gate, on the disk, or because a newer change
   cancelled it. Then the component stays as it was, and the row, the events and the catalog give the reason.

A component that must not run twice takes another way through 2 and 3: see ``stop_start``.

Attempts of one component are serial: the caller holds the component's lock. Each carries a generation, so that an older
and slower one never overwrites a newer one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from airssys_tui.core.errors import CapacityError, GateRefusal, NotServing, StoreError
from airssys_tui.core.events import EventAction
from airssys_tui.core.gates import Gate
from airssys_tui.core.lifecycle import Desired, State
from airssys_tui.core.manifest.inert import inert_lines
from airssys_tui.core.revision import Cause, StatePolicy
from airssys_tui.core.units import MIB
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.contract import SavedState
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.kept_states import KeptStates
from airssys_tui.runtime.deploying.arrival import activation_of, arrive, go_back
from airssys_tui.runtime.deploying.code_loading import load_code
from airssys_tui.runtime.deploying.order import Attempt, Order
from airssys_tui.runtime.deploying.recorder import AttemptRecorder, with_embedded_version
from airssys_tui.runtime.deploying.refusals import Refusals
from airssys_tui.runtime.deploying.rehearsal import Plan, Rehearsal, Rehearsed
from airssys_tui.runtime.deploying.same_inputs import Compare, judge_same_inputs
from airssys_tui.runtime.deploying.slowness import telling_slowness
from airssys_tui.runtime.deploying.stop_start import StopStart, takes_turns
from airssys_tui.runtime.deploying.swap import Successor, Switched, pause_text
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.machinery.shielded_await import to_the_end
from airssys_tui.runtime.sources.folder import Reading
from airssys_tui.store.catalog.records import NewSnapshot
from airssys_tui.store.disk.failpoint import failpoint

LARGE: Final = MIB
"""Bytes of an artifact from which compiling and storing it take so long that both are done at the same time."""


class Deployer:
    """Deploys candidates.

    Args:
        floor: The machinery.
        rehearsal: Takes candidates through the gates.
        switcher: Lets them take over.
        recorder: Records the attempts.
        snapshots: The saved states.
        compare: Compares a candidate with the active revision by the same inputs.
    """

    def __init__(
        self,
        floor: Floor,
        rehearsal: Rehearsal,
        switcher: StopStart,
        recorder: AttemptRecorder,
        snapshots: KeptStates,
        *,
        compare: Compare,
    ) -> None:
        self._compare = compare
        self._floor = floor
        self._rehearsal = rehearsal
        self._switcher = switcher
        self._recorder = recorder
        self._refusals = Refusals(recorder, floor.clock, floor.settings.engine.compile_cpu)
        self._snapshots = snapshots

    async def deploy(self, component: Component, reading: Reading, order: Order) -> int:
        """Deploy a candidate. The caller holds the component's lock.

        Returns:
            The number of the revision that serves now.

        Raises:
            GateRefusal: If a gate refused; the component is where it was.
            StoreError: If it could not be recorded; the component is where it was.
            CapacityError: If the process has no room for a new component.
            asyncio.CancelledError: If it was cancelled before the swap; the component is where it was.
        """
        if len(reading.wasm) <= LARGE or not order.from_files:
            return await self._deploy(component, reading, order)
        async with self._compiled_ahead(reading) as inspected:
            return await self._deploy(component, inspected, order)

    @contextlib.asynccontextmanager
    async def _compiled_ahead(self, reading: Reading) -> AsyncIterator[Reading]:
        """Begin to compile a large artifact while it is stored; its gate then waits for the rest of the time."""
        reading = await self._floor.compiling(with_embedded_version, reading)
        if reading.sections is None:
            yield reading  # a gate refuses it before it would be compiled
            return
        limits, tier = reading.manifest.limits, self._floor.settings.tier.of(reading.manifest)
        ahead = asyncio.ensure_future(load_code(self._floor, reading.digest, reading.wasm, limits=limits, tier=tier))
        try:
            yield reading
        finally:
            ahead.cancel()  # nothing happens if it is done
            await asyncio.gather(ahead, return_exceptions=True)

    async def _deploy(self, component: Component, reading: Reading, order: Order) -> int:
        try:
            if component.active is None:
                self._floor.descriptors.require_room("a new component")
            attempt = await self._begin(component, reading, order)
        except (CapacityError, StoreError) as error:
            reading = await self._floor.compiling(with_embedded_version, reading)
            self._refusals.turn_away(component, reading, error)
            raise
        origin = component.state
        component.update.propose(attempt.revision, len(reading.wasm))
        component.life.enter("deploy", State.UPDATING if origin is not State.UNINSTALLED else State.INSTALLING)
        try:
            with telling_slowness(component):
                switched = await self._bring_through(attempt, origin)
        finally:
            component.update.propose(None)
            if component.state in {State.UPDATING, State.INSTALLING}:
                go_back(component, origin)
        version = f" {component.version}" if component.version else ""
        self._floor.journal.switched(order.cause)
        attempt.tell(f"switched to r{attempt.revision}{version} {pause_text(switched)}", EventAction.SWITCHED)
        await self._floor.done_with(reading.digest)
        return attempt.revision

    async def _begin(self, component: Component, reading: Reading, order: Order) -> Attempt:
        accepting = asyncio.ensure_future(self._recorder.accept(component, reading, order))
        try:
            return await asyncio.shield(accepting)
        except asyncio.CancelledError:
            # If it already has a number, its history records how it ended.
            await self._cancelled(await to_the_end(accepting))
            raise

    async def _bring_through(self, attempt: Attempt, origin: State) -> Switched:
        try:
            rehearsed, switched = await self._try_tiers(attempt)
        except (GateRefusal, StoreError) as error:
            await to_the_end(self._refusals.refuse(attempt, error))
            raise
        except asyncio.CancelledError:
            await self._cancelled(attempt)
            raise
        arrive(attempt, rehearsed, origin, self._floor.clock())
        return switched

    async def _try_tiers(self, attempt: Attempt) -> tuple[Rehearsed, Switched]:
        """Take the candidate through all gates; one that exhausts the stack in baseline code tries optimised code."""
        try:
            return await self._rehearse_and_switch(attempt)
        except GateRefusal as error:
            reading = attempt.reading
            tier = self._floor.settings.tier.of(reading.manifest)
            if not self._floor.outgrown.notes(reading.digest, tier, error):
                raise
        attempt.passage.times.clear()
        return await self._rehearse_and_switch(attempt)

    async def _rehearse_and_switch(self, attempt: Attempt) -> tuple[Rehearsed, Switched]:
        rehearsed = await self._rehearse(attempt)
        failpoint("deploy/rehearsed")
        switching = self._switch(attempt, rehearsed)
        return rehearsed, await (switching if rehearsed.takes_turns else to_the_end(switching))

    async def _cancelled(self, attempt: Attempt) -> None:
        closing = self._recorder.close(attempt, "cancelled", "a newer change or a rollback came first")
        await to_the_end(closing)

    async def _rehearse(self, attempt: Attempt) -> Rehearsed:
        reading, order = attempt.reading, attempt.order
        runs = attempt.component.intent.desired is Desired.RUNNING
        in_turn = runs and takes_turns(attempt.component, reading.manifest)
        plan = Plan(
            digest=reading.digest,
            wasm=reading.wasm,
            manifest=reading.manifest,
            manifest_digest=reading.manifest_digest,
            revision=attempt.revision,
            force=order.force,
            compatible=order.compatible,
            asks=order.from_files,
            trial=None if in_turn else await self._trial_state(attempt),
            in_turn=in_turn,
            sections=reading.sections,
        )
        rehearsed = await self._rehearsal.rehearse(plan, attempt.passage, attempt.component)
        if order.from_files:
            await self._compare_inputs(attempt, rehearsed, plan.trial)
        compiled = next((ms for gate, ms in attempt.passage.times if gate == Gate.COMPILE), 0.0)
        how = "code from the cache" if rehearsed.cached else "compiled"
        passed = "the old instance goes first" if rehearsed.takes_turns else "passed every gate"
        attempt.tell(f"{how} in {compiled:.1f} ms, {passed}", EventAction.REHEARSED)
        for line in inert_lines(rehearsed.artifact.manifest) if order.from_files else ():
            attempt.tell(line, EventAction.NO_EFFECT)
        failpoint("deploy/compiled")
        self._recorder.passed(attempt)
        if rehearsed.takes_turns:
            await self._recorder.record_passed(attempt)
        return rehearsed

    async def _compare_inputs(self, attempt: Attempt, rehearsed: Rehearsed, state: SavedState | None) -> None:
        """Compare the candidate with the active revision by the same inputs, before anybody calls it.

        Raises:
            GateRefusal: If it takes more fuel than the manifest allows.
        """
        try:
            findings = await self._compare(attempt.component, rehearsed.artifact, rehearsed.kind, state)
            rehearsed.checks = judge_same_inputs(attempt, rehearsed.artifact.manifest, findings)
        except BaseException:
            await self._drop_rehearsed(rehearsed)
            raise

    async def _trial_state(self, attempt: Attempt) -> SavedState | None:
        component, order = attempt.component, attempt.order
        if order.policy is StatePolicy.FRESH:
            return None
        if order.snapshot is not None:
            return order.snapshot
        if component.actor.serving is not None and component.stateful:
            with attempt.passage.at(Gate.STATE_SAVE), contextlib.suppress(NotServing):
                saved: SavedState | None = await component.actor.post(contract.save_state, first=True)
                return saved
            # The instance trapped meanwhile: the next one gets the state saved last.
        return await self._last_state(attempt)

    async def _last_state(self, attempt: Attempt) -> SavedState | None:
        component = attempt.component
        if attempt.revision == 1:
            return None  # no revision before it could have saved one
        kept = await self._snapshots.latest(component)
        return kept.state if kept is not None else None

    async def _switch(self, attempt: Attempt, rehearsed: Rehearsed) -> Switched:
        component, order = attempt.component, attempt.order
        serves = component.intent.desired is Desired.RUNNING and rehearsed.kind != "command"
        restored = order.snapshot
        try:
            initial = await self._initial_state(attempt, rehearsed)
            if restored is None and component.actor.serving is None and order.policy is not StatePolicy.FRESH:
                restored = await self._last_state(attempt)
        except BaseException:
            await self._drop_rehearsed(rehearsed)
            raise
        if not serves:
            await self._drop_rehearsed(rehearsed)
        activation = activation_of(attempt, initial, self._floor.clock(), self._floor.tiers.identities)
        successor = Successor(
            artifact=rehearsed.artifact,
            code=rehearsed.code,
            serving=rehearsed.serving,
            policy=order.policy,
            restored=restored,
            insists=order.cause is Cause.ROLLBACK,
        )
        if not rehearsed.takes_turns:
            return await self._switcher.switch(component, successor, activation, attempt.passage)
        switched = await self._switcher.take_turns(component, successor, activation, attempt.passage)
        rehearsed.health = successor.health or rehearsed.health
        return switched

    async def _drop_rehearsed(self, rehearsed: Rehearsed) -> None:
        if rehearsed.serving is not None:
            await self._rehearsal.discard(rehearsed.serving)
            rehearsed.serving = None

    async def _initial_state(self, attempt: Attempt, rehearsed: Rehearsed) -> NewSnapshot | None:
        """Return the state that was chosen instead of the present one; a later start has to load it."""
        order, saved = attempt.order, attempt.order.snapshot
        if order.policy is StatePolicy.FRESH and rehearsed.serving is not None:
            with attempt.passage.at(Gate.STATE_SAVE):
                saved = await self._rehearsal.on_guest(rehearsed.serving, contract.save_state)
        if saved is None or not contract.is_stateful(rehearsed.artifact.interface):
            return None
        at = self._floor.clock()
        return NewSnapshot(
            attempt.component.name, attempt.revision, saved.schema, saved.kind, saved.data, order.policy, at
        )
