"""Commands about a group of supervision: its components are started, stopped or restarted, in the order of the group.

A start and a stop are those of each component, so that each is recorded and they are undone together. A restart is the
group's own: all of it ends before any of it starts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from airssys_tui.api.commands import Command, GroupCommand, RestartGroup, Start, StartGroup, Stop, StopGroup
from airssys_tui.api.views.runtime import Done
from airssys_tui.core.errors import AirssysError, TransitionError
from airssys_tui.core.events import EventAction, EventKind
from airssys_tui.core.lifecycle import Desired, RecoveryKind, State
from airssys_tui.core.text import one_line
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.machinery.journal import Journal
from airssys_tui.runtime.supervising.group_supervisor import GroupSupervisor

CarryOut = Callable[[Command], Awaitable[Done]]


class GroupCommands:
    """Carries out commands about groups.

    Args:
        router: The components.
        groups: Restarts groups.
        journal: Where what was asked for goes.
    """

    def __init__(self, router: Router, groups: GroupSupervisor, journal: Journal) -> None:
        self._router = router
        self._groups = groups
        self._journal = journal

    async def carry_out(self, command: GroupCommand, who: str, one: CarryOut) -> Done:
        """Carry out a command about a group.

        Args:
            command: The command.
            who: Who asked.
            one: Carries out a command about one component.

        Raises:
            UsageError: There is no such group.
            TransitionError: None of its components is in the folder, or there is nothing to do.
            AirssysError: None of it could be done; the first reason.
        """
        there = self._router.among(self._groups.book.components(command.group))
        if not there:
            raise TransitionError(
                f"no component of the group {command.group} is in the folder", remedy="`list --tree` shows its members"
            )
        for component in there:
            self._groups.release(component)
        match command:
            case StartGroup():
                self._say(command, who, EventAction.START)
                return await self._each(command, "started", filter(_can_start, there), lambda name: one(Start(name)))
            case StopGroup():
                self._say(command, who, EventAction.STOP)
                last_first = filter(_can_stop, reversed(there))
                return await self._each(command, "stopped", last_first, lambda name: one(Stop(name)))
            case RestartGroup():
                self._say(command, who, EventAction.RESTART)
                await self._groups.restart(command.group)
                return self._restarted(command, there)

    def _say(self, command: GroupCommand, who: str, action: EventAction) -> None:
        text = f"{who} asked to {action} the group {command.group}"
        self._journal.emit(EventKind.OPERATOR, text, action=action)

    async def _each(
        self, command: GroupCommand, what: str, due: Iterable[Component], one: Callable[[str], Awaitable[Done]]
    ) -> Done:
        failed: list[AirssysError] = []
        done: list[str] = []
        for component in due:
            try:
                await one(component.name)
                done.append(component.name)
            except AirssysError as error:
                failed.append(error)
        if failed and not done:
            raise failed[0]
        if not done:
            raise TransitionError(f"every component of the group {command.group} is {what} already")
        missed = f"; not {what}: {'; '.join(map(str, failed))}" if failed else ""
        return Done(one_line(f"group {command.group} {what}: {', '.join(done)}{missed}", 400))

    def _restarted(self, command: GroupCommand, there: tuple[Component, ...]) -> Done:
        runs = [each.name for each in there if each.state is State.RUNNING]
        stopped = [each.name for each in there if each.intent.desired is Desired.STOPPED]
        others = [each.name for each in there if each.name not in {*runs, *stopped}]
        parts = [", ".join(runs) or "nothing runs"]
        parts += [f"still stopped: {', '.join(stopped)}"] if stopped else []
        parts += [f"not running: {', '.join(others)}"] if others else []
        return Done(one_line(f"group {command.group} restarted: {'; '.join(parts)}", 400))


def _can_start(component: Component) -> bool:
    runs = component.state in {State.RUNNING, State.STARTING, State.UPDATING}
    return not runs and component.active is not None and component.served.kind != "command"


def _can_stop(component: Component) -> bool:
    down = component.state in {State.STOPPED, State.INSTALLED, State.UNINSTALLED}
    waits = component.supervision.recovery.kind is RecoveryKind.BACKOFF
    wanted = component.intent.desired is Desired.RUNNING
    return component.active is not None and wanted and (not down or waits)
