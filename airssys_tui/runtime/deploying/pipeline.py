"""The deploy pipeline: from a settled change to a serving revision, or to a reason on the row.

Deploys of one component are serial and carry a generation: an older, slower one never overwrites a newer one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

import msgspec

from airssys_tui import __version__
from airssys_tui.core.errors import AdmissionError, AirssysError, DiskFull, GateRefusal, NotServing, StoreError
from airssys_tui.core.events import EventAction, EventKind, Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import short_digest
from airssys_tui.core.lifecycle import Desired, State
from airssys_tui.core.manifest.document import encode_manifest
from airssys_tui.core.manifest.inert import inert_lines
from airssys_tui.core.revision import Cause, Outcome, StatePolicy
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.engine.admission import inspect
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.contract import SavedState
from airssys_tui.runtime.actors.serving import Artifact
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.kept_states import KeptStates
from airssys_tui.runtime.components.trial import Trial
from airssys_tui.runtime.deploying.gates import Passage
from airssys_tui.runtime.deploying.rehearsal import Plan, Rehearsal, Rehearsed, with_version
from airssys_tui.runtime.deploying.stop_start import StopStart, takes_turns
from airssys_tui.runtime.deploying.swap import Successor, Switched, pause_text
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.machinery.uncancelled import to_the_end
from airssys_tui.runtime.sources.folder import Reading
from airssys_tui.store.catalog.records import Activation, Hold, NewSnapshot, Refusal, RevisionRecord
from airssys_tui.store.disk.failpoint import failpoint
from airssys_tui.store.disk.space import require_room


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Why a candidate is to be deployed, and on whose word.

    Attributes:
        cause: For the history.
        who: For the history.
        generation: Of the change; a newer one makes this one void.
        force: Accept breaking changes of exports.
        note: The operator's reason.
        policy: What happens to the state.
        origin: For a rollback, the revision whose artifact is deployed.
        holds: Digests to hold from then on; those held before are lifted.
        snapshot: The state to restore, when the policy says so.
        compatible: Whether exports are held against the active revision's.
        stable: Whether the new revision is stable from the start.
        quarantines: Why the revision that it takes the place of goes into quarantine, in an automatic rollback: then
            what is held back and refused stays so.
    """

    cause: Cause
    who: str
    generation: int
    force: bool = False
    note: str = ""
    policy: StatePolicy = StatePolicy.KEEP
    origin: int | None = None
    holds: tuple[Hold, ...] = ()
    snapshot: SavedState | None = None
    compatible: bool = True
    stable: bool = False
    quarantines: GuestText = GuestText("")


class Attempt:
    """One candidate on its way: what it is, why it is deployed, its number, its journal and the gates it has passed.

    Attributes:
        revision: Its number.
        deployment: Its entry in the journal of deployments.
    """

    __slots__ = ("component", "deployment", "order", "passage", "reading", "revision")

    def __init__(self, component: Component, reading: Reading, order: Order, revision: int, deployment: int) -> None:
        self.component = component
        self.reading = reading
        self.order = order
        self.revision = revision
        self.deployment = deployment
        self.passage = Passage()


class Deployer:
    """Deploys candidates.

    Args:
        floor: The machinery.
        rehearsal: Takes candidates through the gates.
        switcher: Lets them take over.
        snapshots: The saved states.
    """

    def __init__(self, floor: Floor, rehearsal: Rehearsal, switcher: StopStart, snapshots: KeptStates) -> None:
        self._floor = floor
        self._rehearsal = rehearsal
        self._switcher = switcher
        self._snapshots = snapshots
        self._left_open: deque[Callable[[], None]] = deque()

    async def deploy(self, component: Component, reading: Reading, order: Order) -> int:
        """Deploy a candidate. The caller holds the component's lock.

        Returns:
            The number of the revision that serves now.

        Raises:
            GateRefusal: If a gate refused; the component is where it was.
            StoreError: If it could not be recorded; the component is where it was.
            asyncio.CancelledError: If it was cancelled before the swap; the component is where it was.
        """
        reading = await self._floor.compiling(with_embedded_version, reading)
        try:
            attempt = await self._begin(component, reading, order)
        except StoreError as error:
            self._turn_away(component, reading, error)
            raise
        origin = component.state
        component.update.propose(attempt.revision)
        component.life.enter("deploy", State.UPDATING if origin is not State.UNINSTALLED else State.INSTALLING)
        try:
            rehearsed = await self._rehearse(attempt)
            failpoint("deploy/rehearsed")
            switching = self._switch(attempt, rehearsed)
            switched = await (switching if rehearsed.takes_turns else to_the_end(switching))
        except (GateRefusal, StoreError) as error:
            await to_the_end(self._refuse(attempt, error))
            raise
        except asyncio.CancelledError:
            await self._cancelled(attempt)
            raise
        else:
            self._arrive(attempt, rehearsed, origin)
        finally:
            component.update.propose(None)
            if component.state in {State.UPDATING, State.INSTALLING}:
                _return(component, origin)
        version = f" {component.version}" if component.version else ""
        self._floor.journal.switched(attempt.order.cause)
        self._ledger(attempt, f"switched to r{attempt.revision}{version} {pause_text(switched)}", EventAction.SWITCHED)
        return attempt.revision

    async def _begin(self, component: Component, reading: Reading, order: Order) -> Attempt:
        accepting = asyncio.ensure_future(self._accept(component, reading, order))
        try:
            return await asyncio.shield(accepting)
        except asyncio.CancelledError:
            # It may have its number already: then its history says what became of it.
            await self._cancelled(await to_the_end(accepting))
            raise

    async def _cancelled(self, attempt: Attempt) -> None:
        closing = self._close(attempt, "cancelled", "a newer change or a rollback came first")
        await to_the_end(closing)

    async def _accept(self, component: Component, reading: Reading, order: Order) -> Attempt:
        catalog, at = self._floor.state.catalog, self._floor.clock()

        def write() -> Attempt:
            if order.cause in {Cause.DEPLOY, Cause.RELOAD}:
                require_room(self._floor.state.path, len(reading.wasm))
            self._close_left_open()
            # What a gate refuses is kept as well: a rollback to it can be forced.
            self._floor.state.blobs.put(reading.wasm)
            with catalog.together():
                return accept()

        def accept() -> Attempt:
            catalog.upsert_component(component.name, component.files.key, at=at)
            deployment = catalog.begin_deployment(component.name, order.generation, reading.digest, order.cause, at=at)
            record = RevisionRecord(
                component=component.name,
                digest=reading.digest,
                manifest=encode_manifest(reading.manifest),
                manifest_digest=reading.manifest_digest,
                cause=order.cause,
                who=order.who,
                created_at=at,
                size=len(reading.wasm),
                version=reading.manifest.version,
                origin=order.origin,
                note=order.note,
            )
            added = catalog.add_revision(record, deployment=deployment)
            return Attempt(component, reading, order, added.number, deployment)

        attempt = await self._floor.disk(write)
        failpoint("deploy/accepted")
        self._ledger(attempt, f"accepted: generation {order.generation} as r{attempt.revision}", EventAction.ACCEPTED)
        return attempt

    async def _rehearse(self, attempt: Attempt) -> Rehearsed:
        reading, order = attempt.reading, attempt.order
        in_turn = attempt.component.intent.desired is Desired.RUNNING and takes_turns(
            attempt.component, reading.manifest
        )
        plan = Plan(
            digest=reading.digest,
            wasm=reading.wasm,
            manifest=reading.manifest,
            manifest_digest=reading.manifest_digest,
            revision=attempt.revision,
            force=order.force,
            compatible=order.compatible,
            trial=None if in_turn else await self._trial_state(attempt),
            in_turn=in_turn,
        )
        rehearsed = await self._rehearsal.rehearse(plan, attempt.passage, attempt.component)
        compiled = next((ms for gate, ms in attempt.passage.times if gate == Gate.COMPILE), 0.0)
        how = "code from the cache" if rehearsed.cached else "compiled"
        passed = "the old instance goes first" if rehearsed.takes_turns else "passed every gate"
        self._ledger(attempt, f"{how} in {compiled:.1f} ms, {passed}", EventAction.REHEARSED)
        if order.cause in {Cause.DEPLOY, Cause.RELOAD}:
            for line in inert_lines(rehearsed.artifact.manifest):
                self._ledger(attempt, line, EventAction.NO_EFFECT)
        failpoint("deploy/compiled")
        await self._floor.disk(self._record_rehearsed, attempt)
        return rehearsed

    def _record_rehearsed(self, attempt: Attempt) -> None:
        state = self._floor.state
        gates = msgspec.json.encode(attempt.passage.times).decode()
        with state.catalog.together():
            self._record_interface(attempt)
            state.catalog.stage(attempt.deployment, "rehearsed", gates, at=self._floor.clock())

    def _record_interface(self, attempt: Attempt) -> None:
        interface, attempt.passage.interface = attempt.passage.interface, None
        if interface is not None:
            encoded = msgspec.json.encode(interface).decode()
            self._floor.state.catalog.set_interface(attempt.component.name, attempt.revision, encoded)

    async def _trial_state(self, attempt: Attempt) -> SavedState | None:
        component, order = attempt.component, attempt.order
        if order.policy is StatePolicy.FRESH:
            return None
        if order.snapshot is not None:
            return order.snapshot
        if component.actor.serving is not None and component.stateful:
            with attempt.passage.at(Gate.STATE_SAVE), contextlib.suppress(NotServing):
                saved: SavedState | None = await asyncio.wrap_future(
                    component.actor.post(contract.save_state, first=True)
                )
                return saved
            # The instance trapped meanwhile: what it saved last is what the next one will be given.
        return await self._last_state(component)

    async def _last_state(self, component: Component) -> SavedState | None:
        kept = await self._snapshots.latest(component)
        return kept.state if kept is not None else None

    async def _switch(self, attempt: Attempt, rehearsed: Rehearsed) -> Switched:
        component, order = attempt.component, attempt.order
        wanted = component.intent.desired is Desired.RUNNING and rehearsed.kind != "command"
        restored = order.snapshot
        try:
            initial = await self._initial_state(attempt, rehearsed)
            if restored is None and component.actor.serving is None and order.policy is not StatePolicy.FRESH:
                restored = await self._last_state(component)
        except BaseException:
            await self._drop_rehearsed(rehearsed)
            raise
        if not wanted:
            await self._drop_rehearsed(rehearsed)
        activation = self._activation(attempt, initial)
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
        """Return the state that was chosen instead of the present one: what a later start has to load."""
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

    def _activation(self, attempt: Attempt, initial: NewSnapshot | None) -> Activation:
        component, order = attempt.component, attempt.order
        fault = _fault(component, order)
        return Activation(
            component=component.name,
            revision=attempt.revision,
            at=self._floor.clock(),
            deployment=attempt.deployment,
            initial=initial,
            # What served without a fault until it is superseded has proved itself.
            old_stable=not fault and component.active is not None and component.proof.clean and not _is_rollback(order),
            old_outcome=Outcome.QUARANTINED if fault else Outcome.SUPERSEDED,
            old_reason=fault or f"{order.cause} to r{attempt.revision}",
            reason="" if order.quarantines else order.note,  # the one before says it already
            stable=order.stable,
            holds=order.holds,
            lift_all=True,
            forget_refusals=not _stays(order),
        )

    def _arrive(self, attempt: Attempt, rehearsed: Rehearsed, origin: State) -> None:
        component, order = attempt.component, attempt.order
        before, fault = component.active, _fault(component, order)
        if before is not None and fault:
            component.proof.quarantine(before, fault)
        trial = self._trial(attempt, rehearsed.artifact, before)
        component.take_over(
            rehearsed.artifact, rehearsed.kind, origin=order.origin, stable=order.stable, fallback=_stays(order)
        )
        component.barred.hold(order.holds)
        component.proof.begin(trial)
        component.life.report(rehearsed.health.health)
        serves = component.actor.serving is not None
        component.life.serve_since(self._floor.clock() if serves else None)
        if component.state is State.INSTALLING:
            component.life.enter("installed", State.INSTALLED)
            if serves:
                component.life.enter("start", State.STARTING)
                component.life.enter("started", State.RUNNING)
        elif serves:
            component.life.enter("switched", State.RUNNING)
        else:
            component.life.enter("switched", origin if origin in {State.INSTALLED, State.STOPPED} else State.STOPPED)

    @staticmethod
    def _trial(attempt: Attempt, artifact: Artifact, before: Artifact | None) -> Trial:
        """Return the probation of a new revision; one that only has another state goes on with the one before."""
        trial, cause = attempt.component.proof.trial, attempt.order.cause
        previous = before.revision if before is not None else None
        judged = cause in {Cause.DEPLOY, Cause.RELOAD}
        if cause is Cause.RESTORE and trial is not None and trial.revision == previous:
            previous, judged = trial.previous, trial.terms.judged
        return Trial(attempt.revision, artifact.manifest, previous, judged=judged)

    async def _refuse(self, attempt: Attempt, error: AirssysError) -> None:
        component, reading = attempt.component, attempt.reading
        gate = error.gate if isinstance(error, GateRefusal) else Gate.STORE
        reason, refusal = one_line(error.message, 400), None
        if gate == Gate.DEPENDENCIES:
            # Not remembered: another component may change it at any moment.
            component.barred.turn_away(
                Refusal(component.name, "", "", gate, reason, self._floor.clock(), __version__, attempt.revision)
            )
        elif attempt.order.cause is not Cause.ROLLBACK and gate != Gate.STORE:
            refusal = Refusal(
                component.name,
                reading.digest,
                reading.manifest_digest,
                gate,
                reason,
                self._floor.clock(),
                __version__,
                attempt.revision,
            )
            component.barred.refuse(refusal)
        elif isinstance(error, DiskFull) and attempt.order.cause in {Cause.DEPLOY, Cause.RELOAD}:
            component.barred.turn_away(
                Refusal(component.name, "", "", Gate.DISK, reason, self._floor.clock(), __version__, attempt.revision)
            )
        await self._close(attempt, "refused", f"refused at {gate}: {reason}", refusal)
        serves = (
            f" · r{component.active.revision} keeps serving" if component.active and component.actor.serving else ""
        )
        label = reading.manifest.version or f"r{attempt.revision}"
        hint = f" · {error.remedy}" if error.remedy else ""
        self._ledger(
            attempt, f"{label} refused at {gate}: {reason}{serves}{hint}", EventAction.REFUSED, level=Level.ERROR
        )

    async def _close(self, attempt: Attempt, outcome: str, reason: str, refusal: Refusal | None = None) -> None:
        catalog, at = self._floor.state.catalog, self._floor.clock()

        def write() -> None:
            gates = msgspec.json.encode(attempt.passage.times).decode()
            with catalog.together():
                if refusal is not None:
                    catalog.remember_refusal(refusal)
                self._record_interface(attempt)
                catalog.stage(attempt.deployment, outcome, gates, at=at)
                catalog.set_outcome(attempt.component.name, attempt.revision, Outcome.FAILED, reason, at)
                catalog.finish(attempt.deployment, outcome, reason, at=at)

        try:
            await self._floor.disk(write)
        except StoreError as error:
            # It is tried again before the next deployment; the next start would close it as aborted.
            self._left_open.append(write)
            self._ledger(attempt, f"could not be recorded: {error.message}", EventAction.STORE, Level.ERROR)

    async def close_left_open(self) -> None:
        """Record the ends of deployments that could not be recorded when they came.

        Raises:
            StoreError: If they cannot be recorded yet.
        """
        await self._floor.disk(self._close_left_open)

    def _close_left_open(self) -> None:
        while self._left_open:
            self._left_open[0]()
            self._left_open.popleft()

    def _turn_away(self, component: Component, reading: Reading, error: StoreError) -> None:
        """Say on the row that files could not be taken; they are looked at again when the disk lets them in."""
        gate = Gate.DISK if isinstance(error, DiskFull) else Gate.STORE
        reason, at = one_line(error.message, 400), self._floor.clock()
        component.barred.turn_away(
            Refusal(component.name, reading.digest, reading.manifest_digest, gate, reason, at, __version__)
        )
        serves = f" · r{component.active.revision} keeps serving" if component.active else ""
        self._floor.journal.emit(
            EventKind.DECISION,
            f"{reading.manifest.version or short_digest(reading.digest)} refused at {gate}: {reason}{serves}"
            + (f" · {error.remedy}" if error.remedy else ""),
            component=component.name,
            action=EventAction.REFUSED,
            level=Level.ERROR,
            generation=component.update.generation,
        )

    def _ledger(self, attempt: Attempt, text: str, action: EventAction, level: Level = Level.INFO) -> None:
        self._floor.journal.emit(
            EventKind.DECISION,
            text,
            component=attempt.component.name,
            revision=attempt.revision,
            action=action,
            level=level,
            generation=attempt.order.generation,
        )


def with_embedded_version(reading: Reading) -> Reading:
    """Give a manifest without a version the one in the wasm file; what is wrong with the file, its gate will say."""
    try:
        manifest = with_version(reading.manifest, inspect(reading.wasm).version)
    except (AdmissionError, GateRefusal):
        return reading
    return msgspec.structs.replace(reading, manifest=manifest)


def _is_rollback(order: Order) -> bool:
    return order.cause is Cause.ROLLBACK


def _stays(order: Order) -> bool:
    """Return whether what was refused on disk stays refused: nobody has said a word about it."""
    return bool(order.quarantines) or order.cause is Cause.RESTORE


def _fault(component: Component, order: Order) -> GuestText:
    """Return why the revision whose place is taken goes into quarantine; empty when it does not.

    One that failed on probation though nothing took its place is quarantined now. The same artifact with another state
    goes on.
    """
    if order.quarantines or order.cause is Cause.RESTORE:
        return order.quarantines
    trial, active = component.proof.trial, component.active
    failed = trial is not None and active is not None and trial.revision == active.revision
    return trial.reason if trial is not None and failed else GuestText("")


def _return(component: Component, origin: State) -> None:
    """Bring a component back to where it was before a candidate that did not make it."""
    if component.state is State.INSTALLING:
        component.life.enter("refused", State.FAILED)
    elif component.actor.serving is None and origin is State.RUNNING:
        component.life.enter("lost", State.FAILED)  # the old instance trapped meanwhile; supervision starts it again
    else:
        component.life.enter("refused", origin)
