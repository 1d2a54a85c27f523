"""What an operator asks for, carried out on the control loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from airssys_tui.api.commands import (
    Annotate,
    Command,
    ImportState,
    LiftQuarantine,
    MarkStable,
    Pin,
    Reload,
    Restart,
    RestoreState,
    Rollback,
    SaveState,
    Start,
    Stop,
    Undo,
    Unload,
)
from airssys_tui.api.views.runtime import Done
from airssys_tui.core.errors import AirssysError, RollbackRefused, StoreError, TransitionError, UsageError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.lifecycle import Desired, State
from airssys_tui.core.revision import Cause
from airssys_tui.core.text import one_line
from airssys_tui.runtime.commands.wording import OfOne, asked, verb
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.deploying.order import Order
from airssys_tui.runtime.system import System
from airssys_tui.store.catalog.records import Hold


class Operations:
    """Carries out commands.

    Args:
        system: The living system.
    """

    def __init__(self, system: System) -> None:
        self._system = system

    async def carry_out(self, command: Command, who: str) -> Done:
        """Carry out one command.

        Raises:
            AirssysError: If it cannot be done; nothing has changed then.
        """
        if isinstance(command, Undo):
            return await self._undo(who)
        component = self._system.router.find(command.component)
        component.teller.operator(asked(command, who), EventAction(verb(command)))
        reversal = self._system.reversal
        before = await reversal.before(component, command)
        try:
            done = await self._followed(component, self._dispatch(component, command, who))
        except (RollbackRefused, TransitionError, UsageError) as error:  # what a gate refuses is told by the gate
            component.teller.operator(
                f"not done, {verb(command)}: {error.message}", EventAction.NOT_DONE, Level.WARNING
            )
            raise
        try:
            await reversal.record(component, command, before, who)
        except StoreError as error:  # what was done is done
            component.teller.operator(
                f"cannot be undone later, it could not be recorded: {error.message}", EventAction.UNDO
            )
        return done

    async def _followed(self, component: Component, doing: Coroutine[Any, Any, Done]) -> Done:
        try:
            return await doing
        finally:
            self._system.supervisor.look_after(component)
            self._system.retention.nudge(component.name)
            component.shown.touch()
            self._system.touch()

    async def _undo(self, who: str) -> Done:
        reversal = self._system.reversal
        async with reversal.lock:
            action, component, inverse = await reversal.take()
            command = inverse.command
            component.teller.operator(f"{who} asked to undo: {action.text}", EventAction.UNDO)
            if isinstance(command, Rollback):
                doing = self._roll_back(component, command, who, inverse.holds)
            else:
                doing = self._dispatch(component, command, who)
            try:
                done = await self._followed(component, doing)
            except (RollbackRefused, TransitionError, UsageError) as error:
                await reversal.give_up(action, error.message)
                raise
            try:
                await reversal.undone(action, component, inverse, who)
            except StoreError as error:
                component.teller.operator(f"undone, but it could not be recorded: {error.message}", EventAction.UNDO)
        return Done(one_line(f"undone: {action.text} ({done.text})"), done.revision)

    async def _dispatch(self, component: Component, command: OfOne, who: str) -> Done:
        match command:
            case Pin() | Annotate() | MarkStable():
                done = await self._system.bookkeeping.carry_out(component, command, who)
            case SaveState() | RestoreState() | ImportState():
                done = await self._system.states.carry_out(component, command, who)
            case LiftQuarantine():
                done = await self._lift_quarantine(component, command, who)
            case _:
                done = await self._change(component, command, who)
        return done

    async def _change(
        self, component: Component, command: Start | Stop | Restart | Reload | Unload | Rollback, who: str
    ) -> Done:
        match command:
            case Start():
                return await self._start(component)
            case Stop():
                return await self._stop(component)
            case Restart():
                return await self._restart(component)
            case Reload():
                return await self._reload(component, command, who)
            case Unload():
                return await self._unload(component)
            case Rollback():
                return await self._roll_back(component, command, who)

    async def _start(self, component: Component) -> Done:
        system = self._system
        system.supervisor.reset(component)
        async with component.lock:
            if component.state is State.RUNNING:
                raise TransitionError(f"{component.name} runs already", component=component.name)
            component.supervision.renew()
            component.intent.unload(False)
            await system.probation.reinstate(component, "started by operator")
            await self._want(component, Desired.RUNNING)
            if component.state is State.UNINSTALLED and component.active is not None:
                component.life.enter("install", State.INSTALLING)
                component.life.enter("installed", State.INSTALLED)
            await system.instances.start(component, why="by operator")
        return _done(component, "started")

    async def _stop(self, component: Component) -> Done:
        system = self._system
        system.supervisor.reset(component)
        await system.instances.end_command(component)
        await self._cancel_update(component)
        async with component.lock:
            if component.state in {State.STOPPED, State.INSTALLED} and component.intent.desired is Desired.STOPPED:
                raise TransitionError(f"{component.name} is stopped already", component=component.name)
            if component.active is None:
                raise TransitionError(f"{component.name} has never run", component=component.name)
            await self._want(component, Desired.STOPPED)
            await self._bring_down(component, "stopped by operator")
        return _done(component, "stopped")

    async def _bring_down(self, component: Component, why: str) -> None:
        """Take the instance away; a failed component stays failed and is not started again."""
        if component.state is State.RUNNING:
            await self._system.instances.stop(component, why=why)
            return
        component.actor.accept(False)
        component.supervision.recovered()
        component.shown.remark_on(one_line(why))

    async def _restart(self, component: Component) -> Done:
        system = self._system
        system.supervisor.reset(component)
        async with component.lock:
            if component.state is State.RUNNING and component.served.kind != "command":
                held = await system.instances.replace(component, why="by operator")
                return _done(component, f"restarted ({held} calls held)")
            component.supervision.renew()
            await system.probation.reinstate(component, "restarted by operator")
            await self._want(component, Desired.RUNNING)
            await system.instances.start(component, why="restarted by operator")
        return _done(component, "restarted")

    async def _reload(self, component: Component, command: Reload, who: str) -> Done:
        system = self._system
        await self._cancel_update(component)
        reading = await system.keeper.read_now(component)
        async with component.lock:
            same = component.served.is_of(reading.digest, reading.manifest_digest)
            if same and not component.intent.unloaded and not component.proof.condemned:
                raise TransitionError(
                    f"{component.name} serves what is on disk already",
                    remedy="restart it for a fresh instance",
                    component=component.name,
                )
            before = component.intent.desired, component.intent.unloaded
            component.intent.unload(False)
            await self._want(component, Desired.RUNNING)
            order = Order(
                cause=Cause.DEPLOY if component.active is None else Cause.RELOAD,
                who=who,
                generation=component.update.advance(),
                force=command.force,
            )
            if component.state is State.FAILED and component.active is None:
                component.life.enter("retry", State.UNINSTALLED)
            try:
                await system.deployer.deploy(component, reading, order)
            except BaseException:
                # What was refused changes nothing, also not what is wanted.
                component.intent.unload(before[1])
                await self._want(component, before[0])
                raise
            await system.probation.lift_active(component, f"reloaded by {who}")
        return _done(component, "reloaded")

    async def _unload(self, component: Component) -> Done:
        await self._cancel_update(component)
        self._system.supervisor.reset(component)
        async with component.lock:
            if component.intent.unloaded:
                raise TransitionError(f"{component.name} is unloaded already", component=component.name)
            if component.active is not None:
                await self._want(component, Desired.STOPPED)
            component.intent.unload()
            await self._bring_down(component, "unloaded by operator; start brings it back")
            component.shown.warn(one_line(""))
            component.life.enter("unload", State.UNINSTALLED)
        return _done(component, "unloaded")

    async def _roll_back(
        self, component: Component, command: Rollback, who: str, holds: tuple[Hold, ...] | None = None
    ) -> Done:
        await self._cancel_update(component)
        pending = self._system.supervisor.reset(component)
        async with component.lock:
            component.update.advance()
            try:
                revision = await self._system.undo.roll_back(component, command, who, holds)
                await self._system.probation.lift_active(component, f"rolled back to by {who}")
                if not component.files.present and component.intent.desired is Desired.RUNNING:
                    await self._system.keeper.detach(component)
            finally:
                if pending:
                    self._system.supervisor.resume(component)
        version = f" ({component.version})" if component.version else ""
        held = ", ".join(hold.version or hold.digest[7:15] for hold in component.barred.holds)
        tail = f"; held back: {held}" if held else ""
        return Done(one_line(f"{component.name} serves r{revision}{version}{tail}"), revision)

    async def _lift_quarantine(self, component: Component, command: LiftQuarantine, who: str) -> Done:
        async with component.lock:
            await self._system.probation.lift(component, command.revision, f"by {who}")
        text = f"r{command.revision} of {component.name} is out of quarantine: reload or start it, or roll back to it"
        return Done(one_line(text), component.active.revision if component.active is not None else None)

    async def _want(self, component: Component, desired: Desired) -> None:
        floor = self._system.floor
        catalog = floor.state.catalog
        if component.active is None:  # it may never have been accepted, so that the catalog has not met it
            await floor.disk(catalog.upsert_component, component.name, component.files.key)
        elif not component.files.present and desired is Desired.RUNNING:
            await self._system.keeper.detach(component)
        await floor.disk(catalog.set_desired, component.name, desired)
        component.intent.want(desired)

    async def _cancel_update(self, component: Component) -> None:
        task = component.update.task
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, AirssysError):
                await asyncio.wait([task])


def _done(component: Component, what: str) -> Done:
    revision = component.active.revision if component.active else None
    at = f" at r{revision}" if revision is not None else ""
    return Done(one_line(f"{component.name} {what}{at}"), revision)
