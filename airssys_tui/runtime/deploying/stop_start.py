"""The swap of a component that must not run twice: the old instance ends before the new one is made.

Some components own something that two instances cannot share, so their manifest says ``strategy = "stop-start"``. The
two revisions are then never ready at the same time, and a gate that needs an instance can refuse only after the old one
has ended. Therefore:

* The gates that need no instance are passed first, while the old one serves. If they refuse, the old one goes on
  serving.
* The mailbox is paused from the drain to the end: calls queue and none is lost, for as long as the new instance needs.
* The final state of the old instance is in the catalog before it is shut down. From then on it can be started again.
* The new instance is made, initialised, given the state and asked for its health. Only when it has passed, the catalog
  commits the switch.
* When it fails at any gate, or the update is cancelled meanwhile, the old revision is started again from its state. If
  that also fails, the component has no instance and supervision takes over.

Unlike the other swap this one may be cancelled, because it can take long; the parts that must not be left half done are
shielded one by one.
"""

from __future__ import annotations

import time

import msgspec

from airssys_tui.core.errors import AirssysError, GateRefusal
from airssys_tui.core.events import EventAction, Level, Speaker
from airssys_tui.core.gates import Gate
from airssys_tui.core.lifecycle import Health
from airssys_tui.core.manifest.document import Manifest, Strategy
from airssys_tui.core.revision import StatePolicy
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.contract import HealthReport, SavedState
from airssys_tui.runtime.actors.promotion import promote
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.deploying.code_loading import code_for
from airssys_tui.runtime.deploying.gate_checks import Passage
from airssys_tui.runtime.deploying.swap import Successor, Switched, Switcher, moved
from airssys_tui.runtime.machinery.shielded_await import to_the_end
from airssys_tui.store.catalog.records import Activation, NewSnapshot
from airssys_tui.store.disk.failpoint import failpoint


class _Taken(msgspec.Struct):
    """The last state of the old instance, and whether it served."""

    saved: SavedState | None
    snapshot: NewSnapshot | None
    was_serving: bool


class StopStart(Switcher):
    """Performs swaps of components that must not run twice."""

    async def take_turns(
        self, component: Component, successor: Successor, activation: Activation, passage: Passage
    ) -> Switched:
        """Let the successor take over after the old instance is gone. When it is cancelled, the old one serves again.

        Raises:
            GateRefusal: If the successor did not pass; the old revision serves on from its saved state.
            StoreError: If something could not be recorded; the old revision serves on, too.
        """
        started = time.perf_counter()
        try:
            taken = await to_the_end(self._take_down(component, successor, passage))
            fresh: Serving | None = None
            try:
                fresh = await self._bring_up(component, successor, taken, passage)
                initial = await self._begun(component, successor, fresh, passage) or activation.initial
                settled = msgspec.structs.replace(activation, initial=initial)
                queued = await to_the_end(self._take_over(component, fresh, settled, passage))
            except BaseException:
                await to_the_end(self._bring_back(component, fresh, taken))
                raise
        finally:
            component.actor.resume()
        loaded = successor.restored
        state = moved(successor.policy, taken.snapshot, loaded) if loaded is not None else GuestText("")
        return Switched(queued, time.perf_counter() - started, state)

    async def _take_down(self, component: Component, successor: Successor, passage: Passage) -> _Taken:
        with passage.at(Gate.DRAIN):
            await self._reach_boundary(component, insist=successor.insists)
        failpoint("deploy/paused")
        old = component.actor.serving
        if old is None:
            return _Taken(None, None, was_serving=False)
        saved = await self._final_save(component, old, successor.policy, passage) if component.stateful else None
        snapshot = self._snapshots.row(component, saved, "update") if saved is not None else None
        if snapshot is not None:
            await self._floor.disk(self._floor.state.catalog.add_snapshot, snapshot)
            component.shown.saved(len(snapshot.data), snapshot.at)
        failpoint("deploy/saved")
        component.actor.switch(None)
        old.tenant.step_down()
        await self._floor.guest(self._farewell, component, old)
        return _Taken(saved, snapshot, was_serving=True)

    async def _bring_up(self, component: Component, successor: Successor, taken: _Taken, passage: Passage) -> Serving:
        if not contract.is_stateful(successor.artifact.interface):
            successor.restored = None
        elif successor.restored is None and successor.policy is not StatePolicy.FRESH:
            successor.restored = taken.saved
        with passage.at(Gate.INSTANTIATE):
            fresh = await self._rehearsal.instantiate(
                component.name, successor.artifact, successor.code, Speaker.CANDIDATE
            )
        try:
            with passage.at(Gate.INIT):
                await self._rehearsal.initialise(fresh)
            if successor.restored is not None:
                state = successor.restored
                with passage.at(Gate.STATE_LOAD):
                    await self._rehearsal.on_guest(fresh, lambda guest: contract.load_state(guest, state))
                failpoint("deploy/loaded")
            with passage.at(Gate.HEALTH_PROBE):
                successor.health = await self._rehearsal.on_guest(fresh, contract.check_health)
                _refuse_unhealthy(successor.health)
        except BaseException:
            await self._rehearsal.discard(fresh)
            raise
        return fresh

    async def _begun(
        self, component: Component, successor: Successor, fresh: Serving, passage: Passage
    ) -> NewSnapshot | None:
        """Return the state with which a fresh instance begins: a later start has to load it instead of an older one."""
        if successor.policy is not StatePolicy.FRESH or not contract.is_stateful(successor.artifact.interface):
            return None
        with passage.at(Gate.STATE_SAVE):
            saved = await self._rehearsal.on_guest(fresh, contract.save_state)
        if saved is None:
            return None
        row = self._snapshots.row(component, saved, successor.policy)
        return msgspec.structs.replace(row, revision=successor.artifact.revision)

    async def _take_over(self, component: Component, fresh: Serving, activation: Activation, passage: Passage) -> int:
        await self._commit(fresh, activation, passage)
        failpoint("deploy/committed")
        fresh.counters = component.actor.counters
        component.actor.switch(fresh)
        failpoint("deploy/switched")
        if activation.initial is not None:
            component.shown.saved(len(activation.initial.data), activation.initial.at)
        return component.actor.queued

    async def _bring_back(self, component: Component, fresh: Serving | None, taken: _Taken) -> None:
        """Start the old revision again; one that cannot be started is left to supervision."""
        if fresh is not None:
            await self._rehearsal.discard(fresh)
        artifact = component.active
        if artifact is None or not taken.was_serving:
            return
        try:
            code = await code_for(self._floor, artifact)
            old = await self._rehearsal.prepare(component.name, artifact, code)
        except AirssysError as error:
            self._lost(component, error)
            return
        try:
            await self._load_back(component, old, taken)
            await promote(self._floor, old)
        except AirssysError as error:
            await self._rehearsal.discard(old)
            self._lost(component, error)
            return
        old.counters = component.actor.counters
        component.actor.switch(old)

    async def _load_back(self, component: Component, old: Serving, taken: _Taken) -> None:
        state = taken.saved
        if state is None and component.stateful:
            kept = await self._snapshots.latest(component)
            state = kept.state if kept is not None else None
        if state is not None:
            await self._floor.guest(contract.load_state, old, state)

    def _lost(self, component: Component, error: AirssysError) -> None:
        component.supervision.start_failed(error.kind)
        component.shown.warn(one_line(f"could not be started again: {error.message}", 300))
        said = f"the old revision could not be started again: {error.message}"
        component.teller.lifecycle(said, EventAction.FAILED, Level.ERROR, revision=None)


def takes_turns(component: Component, manifest: Manifest) -> bool:
    """Return whether the old instance has to end first, because one of the revisions must not run twice."""
    manifests = [manifest] if component.active is None else [manifest, component.active.manifest]
    return any(each.deployment.strategy is Strategy.STOP_START for each in manifests)


def _refuse_unhealthy(report: HealthReport) -> None:
    if report.health is Health.UNHEALTHY:
        said = f' ("{report.message}")' if report.message else ""
        raise GateRefusal(f"status unhealthy{said}", gate=Gate.HEALTH_PROBE)
