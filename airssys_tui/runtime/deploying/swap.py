"""The swap: pause the mailbox at a call boundary, move the state, commit one transaction, write one pointer, resume.

Why in this order:

* The mailbox is paused *between* two calls. The instance is idle then, so the state that it saves includes every
  acknowledged call and no half-done one. Calls that come meanwhile queue; none is lost.
* The state is loaded into an instance that has answered nothing yet. The rehearsed one has answered the gates, so a
  fresh one is made for it before the pause.
* The snapshot of the old state and the new active revision are committed in one transaction. After a kill the catalog
  knows either the old revision or the new one with the state it began with, never a mixture.
* The pointer is written after the commit, in memory, in one step: between the two there is nothing that can fail. A
  failure before the commit resumes the old instance, untouched.
* The old instance is shut down last, on a worker, when callers are already served again.

The pause has a bound: when a call runs longer than the manifest's ``shutdown``, an update gives up (gate ``drain``). A
rollback insists: it cancels that call, because the operator wants the old revision gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import msgspec

from airssys_tui.core.errors import AirssysError, GateRefusal
from airssys_tui.core.events import EventAction, Level, Speaker
from airssys_tui.core.gates import Gate
from airssys_tui.core.revision import StatePolicy
from airssys_tui.core.text import GuestText
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.units import format_duration, format_size
from airssys_tui.engine.compiled import Code
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.contract import HealthReport, SavedState
from airssys_tui.runtime.actors.promotion import Promotion
from airssys_tui.runtime.actors.serving import Blueprint, Serving
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.kept_states import KeptStates
from airssys_tui.runtime.deploying.gate_checks import Passage
from airssys_tui.runtime.deploying.rehearsal import Rehearsal, cancel_until
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.machinery.wakeups import landing
from airssys_tui.store.catalog.records import Activation, NewSnapshot
from airssys_tui.store.disk.failpoint import failpoint


class Successor(msgspec.Struct):
    """The candidate that takes over.

    Attributes:
        artifact: Its artifact.
        code: Its code, for a fresh instance.
        serving: A rehearsed instance, or None when no instance is to serve.
        policy: What happens to the state.
        restored: The state to load when the policy is ``restore``, or when no instance serves now.
        insists: Whether a call that does not end is cancelled, as in a rollback; else the swap is given up.
        health: Its answer to the health probe, where that is a part of the swap.
    """

    artifact: Blueprint
    code: Code
    serving: Serving | None
    policy: StatePolicy = StatePolicy.KEEP
    restored: SavedState | None = None
    insists: bool = False
    health: HealthReport | None = None


class Switched(msgspec.Struct, frozen=True):
    """How a swap went.

    Attributes:
        queued: Calls that were queued when the mailbox resumed.
        seconds: How long the mailbox was paused.
        state: What became of the state, for people.
    """

    queued: int
    seconds: float
    state: GuestText


class Switcher:
    """Performs swaps.

    Args:
        floor: The machinery.
        rehearsal: Makes the fresh instance that takes the final state.
        snapshots: The saved states.
    """

    def __init__(self, floor: Floor, rehearsal: Rehearsal, snapshots: KeptStates) -> None:
        self._floor = floor
        self._rehearsal = rehearsal
        self._snapshots = snapshots

    async def switch(
        self, component: Component, successor: Successor, activation: Activation, passage: Passage
    ) -> Switched:
        """Let the successor take over. Must not be cancelled half way: run it shielded.

        Raises:
            GateRefusal: If the state could not be moved. The old instance serves on, or is dead by its own trap.
            StoreError: If the commit failed; the old instance serves on.
        """
        fresh = successor.serving
        moves = (
            fresh is not None and successor.policy is not StatePolicy.FRESH and self._moves_state(component, successor)
        )
        if moves and successor.serving is not None:
            # `load` comes before any other call: the rehearsed instance has answered some, so a fresh one takes over.
            with passage.at(Gate.INSTANTIATE):
                fresh = await self._rehearsal.prepare(
                    component.name, successor.artifact, successor.code, Speaker.CANDIDATE
                )
        try:
            switched = await self._pause_and_switch(component, successor, activation, passage, fresh, moves=moves)
        except BaseException:
            for serving in {fresh, successor.serving}:
                if serving is not None:
                    await self._rehearsal.discard(serving)
            raise
        if fresh is not successor.serving and successor.serving is not None:
            await self._rehearsal.discard(successor.serving)
        return switched

    def _moves_state(self, component: Component, successor: Successor) -> bool:
        if not contract.is_stateful(successor.artifact.interface):
            return False
        serves = component.actor.serving is not None and component.stateful
        return successor.restored is not None or serves

    async def _pause_and_switch(
        self,
        component: Component,
        successor: Successor,
        activation: Activation,
        passage: Passage,
        fresh: Serving | None,
        *,
        moves: bool,
    ) -> Switched:
        started = time.perf_counter()
        async with self._paused(component, passage, insist=successor.insists) as queued:
            failpoint("deploy/paused")
            snapshot = await self._take_state(component, successor, passage, moves=moves)
            state = GuestText("")
            if moves and fresh is not None and successor.restored is not None:
                await self._load(fresh, successor.restored, passage)
                failpoint("deploy/loaded")
                state = moved(successor.policy, snapshot, successor.restored)
            await self._commit(fresh, msgspec.structs.replace(activation, snapshot=snapshot), passage)
            failpoint("deploy/committed")
            before = _write_pointer(component, fresh)
            failpoint("deploy/switched")
            seconds = time.perf_counter() - started
        newest = activation.initial or snapshot
        if newest is not None:
            component.shown.saved(len(newest.data), newest.at)
        if before is not None:
            self._retire_later(component, before)
        return Switched(queued, seconds, state)

    async def _take_state(
        self, component: Component, successor: Successor, passage: Passage, *, moves: bool
    ) -> NewSnapshot | None:
        """Save the state of the old instance, give it to the successor if it moves, and return it for the catalog."""
        old = component.actor.serving
        if old is not None and component.stateful:
            saved = await self._final_save(component, old, successor.policy, passage)
            failpoint("deploy/saved")
            if successor.restored is None and moves:
                successor.restored = saved
            return self._snapshots.row(component, saved, "update") if saved is not None else None
        if moves and successor.restored is None:
            # The old instance trapped after the rehearsal: the successor goes on from the state saved last.
            kept = await self._snapshots.latest(component)
            successor.restored = kept.state if kept is not None else None
        return None

    async def _commit(self, fresh: Serving | None, activation: Activation, passage: Passage) -> None:
        promotion = Promotion(self._floor, fresh)
        with passage.at(Gate.STORAGE):
            await promotion.prepare()
        try:
            await self._floor.commit(self._floor.state.catalog.activate, activation)
        except BaseException:
            await promotion.withdraw()
            raise
        await promotion.complete()

    @contextlib.asynccontextmanager
    async def _paused(self, component: Component, passage: Passage, *, insist: bool) -> AsyncIterator[int]:
        try:
            with passage.at(Gate.DRAIN):
                await self._reach_boundary(component, insist=insist)
            yield component.actor.queued
        finally:
            component.actor.resume()

    async def _reach_boundary(self, component: Component, *, insist: bool) -> None:
        """Wait until no call runs; after the manifest's ``shutdown`` bound cancel it, or give up."""
        serving = component.actor.serving
        reached = landing(component.actor.pause())
        if reached.done():  # nearly always: no call runs
            return
        if serving is None:
            await reached
            return
        patience = serving.manifest.supervision.shutdown
        done, _ = await asyncio.wait([reached], timeout=patience)
        if done:
            return
        if not insist:
            raise GateRefusal(
                f"a call is still running after {format_duration(patience)}",
                gate=Gate.DRAIN,
                remedy="reload when the call has ended, or lower [resources] deadline",
            )
        await cancel_until(serving, reached)

    async def _final_save(
        self, component: Component, old: Serving, policy: StatePolicy, passage: Passage
    ) -> SavedState | None:
        try:
            with passage.at(Gate.STATE_SAVE):
                return await self._floor.guest(contract.save_state, old)
        except GateRefusal as refusal:
            if policy is StatePolicy.KEEP:
                raise
            # Another state was chosen, so a failure to save this one must not block the swap.
            component.teller.lifecycle(
                f"its state could not be saved and is given up: {refusal.message}",
                EventAction.STATE_LOST,
                Level.WARNING,
                revision=old.revision,
            )
            return None

    async def _load(self, fresh: Serving, state: SavedState, passage: Passage) -> None:
        with passage.at(Gate.STATE_LOAD):
            await self._floor.guest(contract.load_state, fresh, state)

    def _retire_later(self, component: Component, old: Serving) -> None:
        old.counters = None
        self._floor.workers.submit(self._farewell, component, old)

    def _farewell(self, component: Component, old: Serving) -> None:
        """Shut an instance down and drop it; on a worker."""
        try:
            if not old.dead:
                contract.shut_down(old)
        except (GuestTrap, AirssysError) as error:
            component.teller.lifecycle(
                f"r{old.revision} did not shut down cleanly: {error}",
                EventAction.RETIRED,
                Level.WARNING,
                revision=old.revision,
            )
        finally:
            old.close()
        failpoint("deploy/retired")


def _write_pointer(component: Component, fresh: Serving | None) -> Serving | None:
    """Let the fresh instance serve; return the one that served before."""
    if fresh is not None:
        fresh.counters = component.actor.counters
    before = component.actor.switch(fresh)
    if before is not None:
        before.tenant.step_down()
    return before


def moved(policy: StatePolicy, saved: NewSnapshot | None, loaded: SavedState) -> GuestText:
    """Describe, for people, what happened to the state in a swap."""
    size = format_size(len(loaded.data))
    if policy is StatePolicy.RESTORE:
        return GuestText(f"state restored {size}")
    return GuestText(f"state kept {size}" if saved is not None else f"state loaded {size}")


def pause_text(switched: Switched) -> str:
    """Describe the pause, for people: how long it was and how many calls queued."""
    calls = (
        f"{switched.queued} call{'s' if switched.queued != 1 else ''} queued" if switched.queued else "no call queued"
    )
    return f"in {format_duration(switched.seconds)} ({calls})" + (f", {switched.state}" if switched.state else "")
