"""Commands about the instance of a component: start, stop, restart, unload."""

from __future__ import annotations

from collections.abc import Callable

from airssys_tui.api.commands import Restart, Start, Stop, Unload
from airssys_tui.api.views.runtime import Done
from airssys_tui.core.errors import TransitionError
from airssys_tui.core.lifecycle import Desired, State
from airssys_tui.core.text import one_line
from airssys_tui.runtime.commands.desired import DesiredStates, cancel_update, done
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.deploying.instances import Instances
from airssys_tui.runtime.supervising.probation_watch import ProbationWatch
from airssys_tui.runtime.supervising.supervisor import Supervisor


class RunningCommands:
    """Carries out commands about instances.

    Args:
        desired: Records desired states.
        instances: Starts and stops components.
        supervisor: Cancels pending restarts: the operator's command overrides them.
        probation: Lifts the quarantine of a revision that is started again.
        make_up: Deploys files whose update was cancelled.
    """

    def __init__(
        self,
        desired: DesiredStates,
        instances: Instances,
        supervisor: Supervisor,
        probation: ProbationWatch,
        make_up: Callable[[Component], None],
    ) -> None:
        self._desired = desired
        self._instances = instances
        self._supervisor = supervisor
        self._probation = probation
        self._make_up = make_up

    async def carry_out(self, component: Component, command: Start | Stop | Restart | Unload) -> Done:
        """Carry out a command about a component's instance.

        Raises:
            TransitionError: If the component is already in that state, or cannot get into it.
            GateRefusal: If it could not be started.
            StoreError: If a start could not be recorded; a stop is carried out nevertheless.
        """
        match command:
            case Start():
                return await self._start(component)
            case Stop():
                return await self._stop(component)
            case Restart():
                return await self._restart(component)
            case Unload():
                return await self._unload(component)

    async def _start(self, component: Component) -> Done:
        self._supervisor.reset(component)
        async with component.lock:
            if component.state is State.RUNNING:
                raise TransitionError(f"{component.name} already runs", component=component.name)
            component.intent.unload(False)
            await self._renew(component, "started by operator")
            if component.state is State.UNINSTALLED and component.active is not None:
                component.life.enter("install", State.INSTALLING)
                component.life.enter("installed", State.INSTALLED)
            await self._instances.start(component, why="by operator")
        self._make_up(component)
        return done(component, "started")

    async def _stop(self, component: Component) -> Done:
        self._supervisor.reset(component)
        await self._instances.end_command(component)
        await cancel_update(component)
        async with component.lock:
            if component.state in {State.STOPPED, State.INSTALLED} and component.intent.desired is Desired.STOPPED:
                raise TransitionError(f"{component.name} is already stopped", component=component.name)
            if component.active is None:
                raise TransitionError(f"{component.name} has never run", component=component.name)
            unrecorded = await self._desired.stop(component)
            late = f", {DesiredStates.UNRECORDED}" if unrecorded else ""
            await self._bring_down(component, f"stopped by operator{late}")
        self._make_up(component)
        return done(component, "stopped", unrecorded)

    async def _restart(self, component: Component) -> Done:
        self._supervisor.reset(component)
        async with component.lock:
            if component.state is State.RUNNING and component.served.kind != "command":
                queued = await self._instances.replace(component, why="by operator")
                return done(component, f"restarted ({queued} call{'s' if queued != 1 else ''} queued)")
            await self._renew(component, "restarted by operator")
            await self._instances.start(component, why="restarted by operator")
        return done(component, "restarted")

    async def _unload(self, component: Component) -> Done:
        await cancel_update(component)
        self._supervisor.reset(component)
        async with component.lock:
            if component.intent.unloaded:
                raise TransitionError(f"{component.name} is already unloaded", component=component.name)
            unrecorded = await self._desired.stop(component) if component.active is not None else ""
            component.intent.unload()
            await self._bring_down(component, "unloaded by operator; start it to bring it back")
            component.shown.warn(one_line(""))
            component.life.enter("unload", State.UNINSTALLED)
        return done(component, "unloaded", unrecorded)

    async def _renew(self, component: Component, why: str) -> None:
        """Restore a component's whole restart budget, and set its desired state to running."""
        component.supervision.renew()
        await self._probation.reinstate(component, why)
        await self._desired.want(component, Desired.RUNNING)

    async def _bring_down(self, component: Component, why: str) -> None:
        """Stop the instance; a failed component stays failed and is not started again."""
        if component.state is State.RUNNING:
            await self._instances.stop(component, why=why)
            return
        component.actor.accept(False)
        component.supervision.recovered()
        component.shown.remark_on(one_line(why))
