"""Starting, stopping and replacing the instance of a component, all within its active revision."""

from __future__ import annotations

import asyncio
import math

from airssys_tui.core.errors import AirssysError, GateRefusal, StoreError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.lifecycle import CommandEnd, Health, State
from airssys_tui.core.manifest.document import Strategy
from airssys_tui.core.refusal import RefusalKind
from airssys_tui.core.text import one_line
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.units import format_duration
from airssys_tui.engine.compiled import Code
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.promotion import promote
from airssys_tui.runtime.actors.serving import Blueprint, Serving
from airssys_tui.runtime.components.command_state import settle_command
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.kept_states import KeptState, KeptStates
from airssys_tui.runtime.components.parts.life import Run, RunningCommand
from airssys_tui.runtime.components.progress import begin
from airssys_tui.runtime.deploying.code_loading import code_for
from airssys_tui.runtime.deploying.command_run import cut_off, given, run_to_the_end
from airssys_tui.runtime.deploying.gate_checks import trap_text
from airssys_tui.runtime.deploying.rehearsal import Rehearsal, cancel_until
from airssys_tui.runtime.deploying.slowness import telling_slowness
from airssys_tui.runtime.machinery.guest_threads import Way
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.machinery.shielded_await import to_the_end
from airssys_tui.runtime.machinery.wakeups import landing


class Instances:
    """Starts, stops and replaces instances.

    Args:
        floor: The machinery.
        rehearsal: Makes instances.
        snapshots: The saved states.
    """

    def __init__(self, floor: Floor, rehearsal: Rehearsal, snapshots: KeptStates) -> None:
        self._floor = floor
        self._rehearsal = rehearsal
        self._snapshots = snapshots

    async def start(
        self, component: Component, *, why: str, kept: KeptState | None = None, run: Run | None = None
    ) -> None:
        """Start the active revision. The caller holds the component's lock.

        Args:
            component: The component.
            why: For the events.
            kept: The state to begin with; the last one that it can load when not given.
            run: What an operator asks of the run of a command.

        Raises:
            TransitionError: If the component cannot be started from where it is.
            GateRefusal: If it could not be started; it is ``failed`` then.
        """
        component.life.enter("start", State.STARTING)
        component.supervision.recovered()
        try:
            if component.served.kind == "command":
                await self._run_command(component, run)
                return
            serving = await self._make(component, kept or await self._last_state(component))
            await self._let_serve(serving)
        except (AirssysError, asyncio.CancelledError) as error:
            if component.state is not State.STARTING:
                raise  # a command that ran and was ended
            component.supervision.start_failed(getattr(error, "kind", RefusalKind.VERDICT))
            _tell_failed(component, one_line(str(error) or "cancelled before it was done", 400))
            raise
        component.supervision.started()
        serving.counters = component.actor.counters
        component.actor.switch(serving)
        component.shown.clear()
        component.life.serve_since(self._floor.clock())
        component.life.report(Health.UNKNOWN)  # nothing is known about this instance yet
        component.supervision.end_unhealthy_row()
        component.life.enter("started", State.RUNNING)
        component.teller.lifecycle(f"r{serving.revision} started: {why}", EventAction.STARTED)

    async def stop(self, component: Component, *, why: str) -> None:
        """Stop after saving the state; waiting calls fail with ``CallDropped``. The caller holds the component's lock.

        Raises:
            TransitionError: If it is not running.
        """
        component.life.enter("stop", State.STOPPING)
        await self.retire(component)
        component.life.enter("stopped", State.STOPPED)
        component.shown.remark_on(one_line(why))
        component.life.serve_since(None)
        component.life.report(Health.UNKNOWN)
        component.teller.lifecycle(f"stopped: {why}", EventAction.STOPPED)

    async def retire(self, component: Component, *, drain: float | None = None, keep_queue: bool = False) -> None:
        """Stop the instance: pause, save, shut down, drop. Faults of the guest are not raised.

        Args:
            component: The component.
            drain: Seconds that a running call gets to end before it is cancelled, at most the manifest's ``shutdown``.
            keep_queue: Whether queued calls are for the next instance.
        """
        actor = component.actor
        if not keep_queue:
            self._floor.services.of(component.name).alarms.clear()
            actor.accept(False)
        serving = actor.serving
        if serving is None:
            return
        boundary = actor.pause()
        if not boundary.done():  # thousands of idle components stop at once: they need no timer each
            reached = landing(boundary)
            patience = serving.manifest.supervision.shutdown
            if drain is not None:
                patience = min(patience, drain)
            done, _ = await asyncio.wait([reached], timeout=patience)
            if not done:
                self._tell_cancelled(component, serving)
                serving.cancel()
                await asyncio.wait([reached], timeout=1.0)
        await self._save_quietly(component, serving, "stop")
        actor.switch(None)
        actor.resume()
        await self._floor.guest(self._farewell, component, serving)

    def _tell_cancelled(self, component: Component, serving: Serving) -> None:
        call = serving.in_flight
        if call is not None:
            name, spent = call.export.rpartition("#")[2], format_duration(call.seconds)
            text = f"its call of {name}, running for {spent}, is cancelled"
            component.teller.lifecycle(text, EventAction.CANCELLED, Level.WARNING, revision=serving.revision)

    async def replace(self, component: Component, *, why: str) -> int:
        """Replace the instance that serves by a fresh one of the active revision; its state is handed over.

        Returns:
            Calls that were queued meanwhile.

        Raises:
            GateRefusal: If it could not be done; the old instance serves on.
        """
        artifact = self._active(component)
        if artifact.manifest.deployment.strategy is Strategy.STOP_START:
            return await self._replace_in_turn(component, why)
        queued = await self._exchange(component, await code_for(self._floor, artifact), insist=True)
        text = f"r{artifact.revision} replaced by a fresh instance: {why}"
        component.teller.lifecycle(text, EventAction.RESTARTED)
        return queued

    async def improve(self, component: Component, code: Code) -> int:
        """Replace the instance that serves by one with other code of the same artifact; its state is handed over.

        In contrast to :meth:`replace`, nobody asked for it: a call that runs for long is not cancelled.

        Returns:
            Calls that were queued meanwhile.

        Raises:
            GateRefusal: If it could not be done; the old instance serves on.
        """
        artifact = self._active(component)
        if artifact.manifest.deployment.strategy is not Strategy.STOP_START:
            return await self._exchange(component, code, insist=False)
        serving = component.actor.serving
        if serving is not None and serving.in_flight is not None:
            raise GateRefusal("a call is running", gate=Gate.DRAIN)
        return await self._replace_in_turn(component, f"{code.tier} code")

    async def _exchange(self, component: Component, code: Code, *, insist: bool) -> int:
        artifact = self._active(component)
        fresh = await self._rehearsal.prepare(component.name, artifact, code)
        actor = component.actor
        try:
            await self._reach_boundary(component, insist=insist)
            queued = actor.queued
            old = actor.serving
            if component.stateful:
                await self._hand_over(component, old, fresh)
            await promote(self._floor, fresh)
            fresh.counters = actor.counters
            actor.switch(fresh)
            if old is not None:
                old.tenant.step_down()
        except BaseException:
            await self._rehearsal.discard(fresh)
            raise
        finally:
            actor.resume()
        if old is not None:
            old.counters = None
            await self._floor.guest(self._farewell, component, old)
        component.life.serve_since(self._floor.clock())
        return queued

    async def _reach_boundary(self, component: Component, *, insist: bool) -> None:
        """Wait until no call runs; after the manifest's ``shutdown`` cancel it, or give up."""
        serving = component.actor.serving
        reached = landing(component.actor.pause())
        if reached.done():
            return
        if serving is None:
            await reached
            return
        patience = serving.manifest.supervision.shutdown
        done, _ = await asyncio.wait([reached], timeout=patience)
        if done:
            return
        if not insist:
            raise GateRefusal(f"a call is still running after {format_duration(patience)}", gate=Gate.DRAIN)
        await cancel_until(serving, reached)

    async def _hand_over(self, component: Component, old: Serving | None, fresh: Serving) -> None:
        if old is None:
            # It died in its last call: the fresh instance gets the state saved before that.
            kept = await self._snapshots.latest(component)
            saved = kept.state if kept is not None else None
        else:
            saved = await self._floor.guest(contract.save_state, old)
            if saved is not None:
                await self._snapshots.keep(component, saved, "restart")
        if saved is not None:
            await self._floor.guest(contract.load_state, fresh, saved)

    async def _replace_in_turn(self, component: Component, why: str) -> int:
        actor, kept = component.actor, None
        if component.stateful and actor.serving is not None:
            # If the state cannot be saved, this raises and the old instance stays; the save in `retire` fails silently.
            await actor.post(contract.save_state, first=True)
        component.life.enter("restart", State.STOPPING)
        await self.retire(component, keep_queue=True)
        component.life.enter("restart", State.STOPPED)
        queued = actor.queued
        if component.stateful:
            kept = await self._snapshots.latest(component)
        await self.start(component, why=why, kept=kept)
        return queued

    async def end_command(self, component: Component, drain: float = math.inf) -> None:
        """End a running command: after the manifest's ``shutdown``, or ``drain`` seconds if less, it is cancelled."""
        command = component.life.command
        if command is None:
            return
        patience = min(drain, command.serving.manifest.supervision.shutdown)
        done, _ = await asyncio.wait([command.ended], timeout=patience)
        if not done:
            await cancel_until(command.serving, command.ended)

    async def _run_command(self, component: Component, asked: Run | None) -> None:
        arguments = asked.arguments if asked is not None else None
        serving = await self._make(component, None, arguments)
        await self._let_serve(serving)
        component.life.enter("started", State.RUNNING)
        component.life.serve_since(self._floor.clock())
        component.life.end(None)
        component.shown.clear()
        serving.counters = component.actor.counters
        submit = self._floor.workers.submit
        run = submit(run_to_the_end, serving, self._floor.clock, owner=component.name, way=Way.TURN)
        ended = landing(run)
        component.life.run(RunningCommand(serving, ended))
        if asked is not None and not asked.begun.done():
            asked.begun.set_result(None)
        end = cut_off(serving, self._floor.clock)
        try:
            end = await asyncio.shield(ended)
        except asyncio.CancelledError:
            await to_the_end(cancel_until(serving, ended))
            raise
        finally:
            component.life.run(None)
            await to_the_end(self._record_end(component, end))

    async def _record_end(self, component: Component, end: CommandEnd) -> None:
        """Show how a command ended, and keep it for the next start of the runtime."""
        settle_command(component, end)
        component.life.serve_since(None)
        component.teller.ended(end)
        try:
            await self._floor.disk(self._floor.state.catalog.keep_end, component.name, end)
        except StoreError as error:
            said = f"how {component.name} ended is not recorded: {error.message}"
            self._floor.journal.system(said, EventAction.STORE, Level.WARNING)

    async def _make(
        self, component: Component, kept: KeptState | None, arguments: tuple[str, ...] | None = None
    ) -> Serving:
        component.update.show(begin(self._active(component).revision))
        try:
            with telling_slowness(component):
                try:
                    return await self._make_instance(component, kept, arguments)
                except AirssysError as error:
                    active = self._active(component)
                    tier = self._floor.settings.tier.of(active.manifest)
                    if not self._floor.outgrown.notes(active.digest, tier, error):
                        raise
                return await self._make_instance(component, kept, arguments)
        finally:
            component.update.show(None)

    async def _make_instance(
        self, component: Component, kept: KeptState | None, arguments: tuple[str, ...] | None
    ) -> Serving:
        artifact = self._active(component)
        component.update.reach(Gate.COMPILE)
        code = await code_for(self._floor, artifact)
        artifact.interface = code.interface
        component.update.reach(Gate.INSTANTIATE)
        if component.served.kind == "command":
            return await self._rehearsal.instantiate(component.name, given(artifact, arguments), code)
        try:
            serving = await self._rehearsal.prepare(component.name, artifact, code)
        except GuestTrap as trap:
            raise GateRefusal(trap_text(trap), gate=Gate.INIT) from trap
        if kept is not None and component.stateful:
            try:
                await self._rehearsal.on_guest(serving, lambda guest: contract.load_state(guest, kept.state))
            except AirssysError as error:
                await self._rehearsal.discard(serving)
                await self._snapshots.failed(component, kept)
                raise GateRefusal(
                    f"its last state could not be loaded: {error}", gate=Gate.STATE_LOAD, kind=error.kind
                ) from error
        return serving

    async def _let_serve(self, serving: Serving) -> None:
        try:
            await promote(self._floor, serving)
        except BaseException:
            await self._rehearsal.discard(serving)
            raise

    async def _last_state(self, component: Component) -> KeptState | None:
        if component.served.kind == "command" or not self._active(component).manifest.supervision.restore_state:
            return None
        if self._active(component).interface.exports and not component.stateful:
            return None
        return await self._snapshots.latest(component)

    async def _save_quietly(self, component: Component, serving: Serving, cause: str) -> None:
        if serving.dead or not component.stateful:
            return
        try:
            saved = await self._floor.guest(contract.save_state, serving)
            late = await self._snapshots.keep_last(component, saved, cause) if saved is not None else ""
            if late:
                component.teller.state(f"state kept in memory until it can be written: {late}", Level.WARNING)
        except (AirssysError, StoreError) as error:
            component.teller.lifecycle(
                f"state could not be saved: {one_line(str(error), 300)}", EventAction.STATE_LOST, Level.ERROR
            )

    def _farewell(self, component: Component, serving: Serving) -> None:
        try:
            if not serving.dead:
                contract.shut_down(serving)
        except AirssysError as error:
            said = f"did not shut down cleanly: {one_line(str(error))}"
            component.teller.lifecycle(said, EventAction.RETIRED, Level.WARNING, revision=serving.revision)
        finally:
            serving.close()

    @staticmethod
    def _active(component: Component) -> Blueprint:
        if component.active is None:
            raise GateRefusal(
                f"{component.name} has no revision that passed every gate",
                gate=Gate.START,
                remedy="correct what was refused, then reload it",
            )
        return component.active


def _tell_failed(component: Component, why: str) -> None:
    component.shown.warn(one_line(f"start failed: {why}", 300))
    component.life.enter("start failed", State.FAILED)
    component.teller.lifecycle(f"could not be started: {why}", EventAction.FAILED, Level.ERROR)
