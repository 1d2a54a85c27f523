"""Dispatch of commands: each goes to the module that carries it out, is reported in the events, and recorded for undo.

A command about one component is carried out on the control loop, under the component's lock. Afterwards, even if it
failed, the components that depend on this one are examined again.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from airssys_tui.api.commands import (
    Annotate,
    Command,
    ImportState,
    LiftQuarantine,
    MarkStable,
    Pin,
    Reload,
    RestoreState,
    Rollback,
    SaveState,
    Undo,
)
from airssys_tui.api.views.runtime import Done
from airssys_tui.core.errors import RollbackRefused, StoreError, TransitionError, UsageError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.text import one_line
from airssys_tui.runtime.commands.bookkeeping import Bookkeeping
from airssys_tui.runtime.commands.order_text import OfOne, asked, verb
from airssys_tui.runtime.commands.revisions import RevisionCommands
from airssys_tui.runtime.commands.running import RunningCommands
from airssys_tui.runtime.commands.states import States
from airssys_tui.runtime.commands.undo import UndoHistory
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.router import Router


class Dispatcher:
    """Carries out commands.

    Args:
        router: The components.
        running: Carries out commands about instances.
        revisions: Carries out commands about revisions.
        states: Carries out commands about states.
        bookkeeping: Carries out commands that only change the history.
        undo: The actions that can be undone.
        follow_up: Called with a component after each command about it, even a failed one.
    """

    def __init__(
        self,
        router: Router,
        *,
        running: RunningCommands,
        revisions: RevisionCommands,
        states: States,
        bookkeeping: Bookkeeping,
        undo: UndoHistory,
        follow_up: Callable[[Component], None],
    ) -> None:
        self._router = router
        self._running = running
        self._revisions = revisions
        self._states = states
        self._bookkeeping = bookkeeping
        self._undoing = undo
        self._follow_up = follow_up

    async def carry_out(self, command: Command, who: str) -> Done:
        """Carry out one command.

        Raises:
            AirssysError: If it cannot be done; nothing has changed then.
        """
        if isinstance(command, Undo):
            return await self._undo(who)
        component = self._router.find(command.component)
        component.teller.operator(asked(command, who), EventAction(verb(command)))
        before = await self._undoing.before(component, command)
        try:
            done = await self._followed(component, self._dispatch(component, command, who))
        except (RollbackRefused, TransitionError, UsageError) as error:  # the gate reports its own refusals
            said = f"not done, {verb(command)}: {error.message}"
            component.teller.operator(said, EventAction.NOT_DONE, Level.WARNING)
            raise
        try:
            await self._undoing.record(component, command, before, who)
        except StoreError as error:  # the command itself was carried out
            said = f"cannot be undone later, it could not be recorded: {error.message}"
            component.teller.operator(said, EventAction.UNDO)
        return done

    async def _followed(self, component: Component, doing: Coroutine[Any, Any, Done]) -> Done:
        try:
            return await doing
        finally:
            self._follow_up(component)

    async def _undo(self, who: str) -> Done:
        undoing = self._undoing
        async with undoing.lock:
            action, component, inverse = await undoing.take()
            command = inverse.command
            component.teller.operator(f"{who} asked to undo: {action.text}", EventAction.UNDO)
            if isinstance(command, Rollback):
                doing = self._revisions.roll_back(component, command, who, inverse.holds)
            else:
                doing = self._dispatch(component, command, who)
            try:
                done = await self._followed(component, doing)
            except (RollbackRefused, TransitionError, UsageError) as error:
                await undoing.give_up(action, error.message)
                raise
            try:
                await undoing.undone(action, component, inverse, who)
            except StoreError as error:
                component.teller.operator(f"undone, but it could not be recorded: {error.message}", EventAction.UNDO)
        return Done(one_line(f"undone: {action.text} ({done.text})"), done.revision)

    async def _dispatch(self, component: Component, command: OfOne, who: str) -> Done:
        match command:
            case Pin() | Annotate() | MarkStable():
                return await self._bookkeeping.carry_out(component, command, who)
            case SaveState() | RestoreState() | ImportState():
                return await self._states.carry_out(component, command, who)
            case LiftQuarantine():
                return await self._revisions.lift_quarantine(component, command, who)
            case Reload():
                return await self._revisions.reload(component, command, who)
            case Rollback():
                return await self._revisions.roll_back(component, command, who)
            case _:
                return await self._running.carry_out(component, command)
