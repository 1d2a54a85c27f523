"""Commands about the instance of a component: start, stop, restart, unload."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from airssys_tui.api.commands import Restart, Start, Stop, Unload
from airssys_tui.api.views.runtime import Done
from airssys_tui.core.errors import AirssysError, TransitionError, UsageError
from airssys_tui.core.lifecycle import CommandEnd, Desired, State
from airssys_tui.core.manifest.sections import argument_problem
from airssys_tui.core.text import one_line
from airssys_tui.runtime.commands.desired import DesiredStates, cancel_update, done
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.parts.life import Run
from airssys_tui.runtime.deploying.instances import Instances
from airssys_tui.runtime.machinery.background_tasks import Background
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
        background: Has the runs of commands that nobody waits for.
    """

    def __init__(
        self,
        desired: DesiredStates,
        instances: Instances,
        supervisor: Supervisor,
        probation: ProbationWatch,
        make_up: Callable[[Component], None],
        *,
        background: Background,
    ) -> None:
        self._desired = desired
        self._instances = instances
        self._supervisor = supervisor
        self._probation = probation
        self._make_up = make_up
        self._background = background

    async def carry_out(self, component: Component, command: Start | Stop | Restart | Unload) -> Done:
        """Carry out a command about a component's instance.

        Raises:
            TransitionError: If the component is already in that state, or cannot get into it.
            GateRefusal: If it could not be started.
            StoreError: If a start could not be recorded; a stop is carried out nevertheless.
        """
        match command:
            case Start():
                return await self._start_asked(component, command)
            case Stop():
                return await self._stop(component)
            case Restart():
                return await self._restart(component)
            case Unload():
                return await self._unload(component)

    async def _start_asked(self, component: Component, command: Start) -> Done:
        """Start a component; one run of a command goes on after the answer unless it is waited for."""
        if command.arguments is not None:
            _require_arguments(component, command.arguments)
        if component.life.command is not None:  # its lock is free only when it has ended
            raise _already_runs(component)
        run = Run(command.arguments, asyncio.get_running_loop().create_future())
        if command.wait:
            return await self._start(component, run)
        starting = self._background.start(self._carry_on(component, run))
        try:
            await run.begun
        except asyncio.CancelledError:
            starting.cancel()
            raise
        return done(component, "started")

    async def _carry_on(self, component: Component, run: Run) -> None:
        """Start a component; whoever waits for its beginning learns why it could not be started."""
        try:
            await self._start(component, run)
        except AirssysError as error:
            if not run.begun.done():
                run.begun.set_exception(error)
        finally:
            if not run.begun.done():
                run.begun.set_result(None)

    async def _start(self, component: Component, run: Run) -> Done:
        self._supervisor.reset(component)
        async with component.lock:
            if component.state is State.RUNNING:
                raise _already_runs(component)
            component.intent.unload(False)
            await self._renew(component, "started by operator")
            if component.state is State.UNINSTALLED and component.active is not None:
                component.life.enter("install", State.INSTALLING)
                component.life.enter("installed", State.INSTALLED)
            await self._instances.start(component, why="by operator", run=run)
            end = component.life.ended
        self._make_up(component)
        return done(component, "started") if end is None else _ended(component, end)

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
        self._supervisor.renew(component)
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


def _already_runs(component: Component) -> TransitionError:
    return TransitionError(f"{component.name} already runs", component=component.name)


def _require_arguments(component: Component, arguments: tuple[str, ...]) -> None:
    """Refuse arguments that a component cannot be given.

    Raises:
        UsageError: If it is no command, or they exceed the bounds of a manifest's ``args``.
    """
    if component.active is not None and component.served.kind != "command":
        raise UsageError(
            f"{component.name} is no command: it serves calls, and takes no arguments when it starts",
            remedy=f"airssys-tui start {component.name}",
        )
    problem = argument_problem(arguments)
    if problem:
        raise UsageError(f"these arguments cannot be given: {problem}")


def _ended(component: Component, end: CommandEnd) -> Done:
    answer = done(component, "ran")
    return msgspec.structs.replace(answer, text=one_line(f"{answer.text}: {end.text}"), exit_code=end.status)
