"""Dispatch of commands: each goes to the module that carries it out, is reported in the events, and recorded for undo.

A command about one component is carried out on the control loop, under the component's lock. Afterwards, even if it
failed, the components that depend on this one are examined again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from airssys_tui.api.commands import (
    Annotate,
    Command,
    GrantCommand,
    GroupCommand,
    ImportState,
    LiftQuarantine,
    MarkStable,
    Pin,
    Reload,
    RestoreState,
    Rollback,
    SaveState,
    TrustCommand,
    Undo,
)
from airssys_tui.api.views.runtime import Done
from airssys_tui.core.errors import RollbackRefused, StoreError, TransitionError, UsageError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.text import one_line
from airssys_tui.runtime.commands.bookkeeping import Bookkeeping
from airssys_tui.runtime.commands.group_commands import GroupCommands
from airssys_tui.runtime.commands.order_text import OfOne, asked, verb
from airssys_tui.runtime.commands.permissions import PermissionCommands
from airssys_tui.runtime.commands.revisions import RevisionCommands
from airssys_tui.runtime.commands.running import RunningCommands
from airssys_tui.runtime.commands.states import States
from airssys_tui.runtime.commands.undo import Taken, Undoable, UndoHistory, batch_name, new_batch
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.parts.barred import Bars
from airssys_tui.runtime.components.router import Router

AT_ONCE: Final = 8
"""Actions of one bulk action that are undone at a time."""


class Dispatcher:
    """Carries out commands.

    Args:
        router: The components.
        running: Carries out commands about instances.
        revisions: Carries out commands about revisions.
        states: Carries out commands about states.
        groups: Carries out commands about groups.
        bookkeeping: Carries out commands that only change the history.
        permissions: Carries out commands about permissions and trust.
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
        groups: GroupCommands,
        bookkeeping: Bookkeeping,
        permissions: PermissionCommands,
        undo: UndoHistory,
        follow_up: Callable[[Component], None],
    ) -> None:
        self._router = router
        self._running = running
        self._revisions = revisions
        self._states = states
        self._groups = groups
        self._bookkeeping = bookkeeping
        self._permissions = permissions
        self._undoing = undo
        self._follow_up = follow_up

    async def carry_out(self, command: Command, who: str, batch: str = "") -> Done:
        """Carry out one command.

        Args:
            command: The command.
            who: Who asked.
            batch: The bulk action that it is a part of; empty if it stands alone.

        Raises:
            AirssysError: If it cannot be done; nothing has changed then.
        """
        batch = batch_name(batch)
        if isinstance(command, Undo):
            return await self._undo(who)
        if isinstance(command, TrustCommand):
            return await self._permissions.trust(command, who)
        if isinstance(command, GroupCommand):
            parts = batch or new_batch()
            return await self._groups.carry_out(command, who, lambda part: self.carry_out(part, who, parts))
        component = self._router.find(command.component)
        if isinstance(command, GrantCommand):  # who answered is in the audit; nothing widens by an undo
            return await self._followed(component, self._permissions.carry_out(component, command, who))
        component.teller.operator(asked(command, who), EventAction(verb(command)))
        before = await self._undoing.before(component, command)
        try:
            done = await self._followed(component, self._dispatch(component, command, who))
        except (RollbackRefused, TransitionError, UsageError) as error:  # the gate reports its own refusals
            said = f"not done, {verb(command)}: {error.message}"
            component.teller.operator(said, EventAction.NOT_DONE, Level.WARNING)
            raise
        try:
            await self._undoing.record(component, command, before, who, batch)
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
            taken = await undoing.take()
            turn = asyncio.Semaphore(AT_ONCE)

            async def one(part: Undoable) -> Done:
                async with turn:
                    return await self._undo_one(part, who)

            ended = await asyncio.gather(*map(one, taken.parts), return_exceptions=True)
        return _answer(taken, ended)

    async def _undo_one(self, part: Undoable, who: str) -> Done:
        """Undo one action. One that fails is not offered again, unless the reason lies in the machine."""
        undoing, component, inverse = self._undoing, part.component, part.inverse
        component.teller.operator(f"{who} asked to undo: {part.action.text}", EventAction.UNDO)
        if isinstance(inverse.command, Rollback):
            bars = Bars(inverse.holds, inverse.refusals, inverse.turned_away)
            doing = self._revisions.roll_back(component, inverse.command, who, bars)
        else:
            doing = self._dispatch(component, inverse.command, who)
        try:
            done = await self._followed(component, doing)
        except (RollbackRefused, TransitionError, UsageError) as error:
            await undoing.give_up(part.action, error.message)
            raise
        try:
            await undoing.undone(part, who)
        except StoreError as error:
            component.teller.operator(f"undone, but it could not be recorded: {error.message}", EventAction.UNDO)
        return done

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


def _answer(taken: Taken, ended: Sequence[Done | BaseException]) -> Done:
    """Return the answer to an undo; if nothing was undone, raise the first reason."""
    done = [each for each in ended if isinstance(each, Done)]
    failed = [each for each in ended if isinstance(each, BaseException)]
    if not done:
        raise failed[0]
    if len(taken.parts) + len(taken.missed) == 1:
        return Done(one_line(f"undone: {taken.label} ({done[0].text})"), done[0].revision)
    missed = [*taken.missed, *map(str, failed)]
    tail = f"; not undone: {'; '.join(missed)}" if missed else ""
    return Done(one_line(f"undone: {taken.label}, {len(done)} of {len(done) + len(missed)}{tail}", 400), None)
