"""Commands on the simulated runtime: carried out immediately and recorded for undo."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

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
    Restart,
    RestoreState,
    Revoke,
    Rollback,
    SaveState,
    Start,
    StartGroup,
    Stop,
    StopGroup,
    TrustCommand,
    Undo,
    Unload,
)
from airssys_tui.api.played import bookkeeping
from airssys_tui.api.played.component import PlayedComponent
from airssys_tui.api.played.rights import PlayedRights
from airssys_tui.api.played.states import PlayedStates
from airssys_tui.api.played.undo import PlayedUndo
from airssys_tui.api.views.components import Note
from airssys_tui.api.views.groups import components_of
from airssys_tui.api.views.runtime import Done, GroupView
from airssys_tui.core.errors import AirssysError, DiskFull, UsageError
from airssys_tui.core.events import EventAction, EventKind
from airssys_tui.core.lifecycle import State
from airssys_tui.core.text import sanitise


class PlayedCommands(ABC):
    """The part of the simulated runtime that carries out commands."""

    clock: Callable[[], float]
    disk_full: str
    groups: tuple[GroupView, ...]
    states_kept: PlayedStates
    rights: PlayedRights
    _undo: PlayedUndo

    @abstractmethod
    def _get(self, component: str) -> PlayedComponent: ...

    @abstractmethod
    def _find(self, component: str) -> PlayedComponent | None: ...

    @abstractmethod
    def _say(
        self, component: PlayedComponent, text: str, action: EventAction, kind: EventKind = EventKind.DECISION
    ) -> Done: ...

    def carry_out(self, command: Command, who: str, batch: str = "") -> Done:
        """Carry out a command, with the lock held."""
        if isinstance(command, Undo):
            label, undone = self._undo.label, [self._act(back, who) for back in self._undo.take()]
            if len(undone) > 1:
                return Done(text=sanitise(f"undone: {label}, {len(undone)} of {len(undone)}"), revision=None)
            return Done(text=sanitise(f"undone: {label} ({undone[0].text})"), revision=undone[0].revision)
        if isinstance(command, TrustCommand):
            return Done(text=sanitise(self.rights.trust(command, who)), revision=None)
        if isinstance(command, GroupCommand):
            return self._about_group(command, who, batch or f"group-{command.group}-{self.clock()}")
        component = self._get(command.component)
        if isinstance(command, GrantCommand):
            return self._about_permissions(component, command, who)
        inverse, before = self._undo.of(component, command), component.view.revision
        done = self._act(command, who)
        if isinstance(command, RestoreState):
            inverse = self._undo.of_restored(command, self.states_kept.of(component.id), before)
        self._undo.push(inverse, batch)
        return done

    def _act(self, command: Command, who: str) -> Done:
        """Carry out a command, with the lock held."""
        if isinstance(command, Undo | GrantCommand | TrustCommand | GroupCommand):
            raise AirssysError("this cannot be undone")
        component = self._get(command.component)
        if isinstance(command, SaveState | RestoreState | ImportState):
            return self._about_state(component, command, who)
        if isinstance(command, Pin | Annotate | MarkStable | LiftQuarantine):
            return self._say(component, *bookkeeping.carry_out(component, command), EventKind.OPERATOR)
        return self._about_life(component, command, who)

    def _about_group(self, command: GroupCommand, who: str, batch: str) -> Done:
        names = components_of(self.groups, command.group)
        if not names:
            groups = ", ".join(group.name for group in self.groups) or "none"
            raise UsageError(f"there is no group {command.group!r}", remedy=f"groups: {groups}")
        make, what, ends = {
            StartGroup: (Start, "started", State.RUNNING),
            StopGroup: (Stop, "stopped", State.STOPPED),
        }.get(type(command), (Restart, "restarted", None))
        due = [name for name in names if (known := self._find(name)) is not None and known.view.state is not ends]
        for name in due if what == "started" else reversed(due):
            self.carry_out(make(name), who, batch)
        return Done(text=sanitise(f"group {command.group} {what}: {', '.join(due)}"), revision=None)

    def _about_permissions(self, component: PlayedComponent, command: GrantCommand, who: str) -> Done:
        waited = self.rights.known(component).candidate
        planned = self.rights.carry_out(component, command, who)
        action = EventAction.REVOKED if isinstance(command, Revoke) else EventAction.GRANTED
        done = self._say(component, f"{planned.text} by {who}", action, EventKind.OPERATOR)
        if planned.candidate and waited is not None:
            component.change(revision=waited, candidate=None, awaiting=None, note=Note(), state=State.RUNNING)
        return done

    def _about_life(
        self, component: PlayedComponent, command: Start | Stop | Restart | Unload | Reload | Rollback, who: str
    ) -> Done:
        now = self.clock()
        if self.disk_full and isinstance(command, Reload):
            raise DiskFull(self.disk_full, remedy="free some space, then reload", component=component.id)
        cause = "stop" if isinstance(command, Stop | Unload) else "update"
        if not isinstance(command, Start):
            self.states_kept.save(component.view, cause, now)
        match command:
            case Start():
                return self._say(component, *component.start(now), EventKind.LIFECYCLE)
            case Stop():
                return self._say(component, *component.stop(now), EventKind.LIFECYCLE)
            case Restart():
                return self._say(component, *component.restart(now), EventKind.LIFECYCLE)
            case Unload():
                return self._say(component, *component.unload(now), EventKind.LIFECYCLE)
            case Reload():
                return self._say(component, *component.reload(now, force=command.force))
            case Rollback():
                return self._say(component, *component.roll_back(command, now, who))

    def _about_state(
        self, component: PlayedComponent, command: SaveState | RestoreState | ImportState, who: str
    ) -> Done:
        now, keep = self.clock(), self.states_kept
        match command:
            case SaveState():
                view = keep.save_on_demand(component.view, now).view
                component.change(state_saved_at=now, state_bytes=view.size)
                said = f"state {view.id} of r{view.revision} saved: {view.size} B"
            case ImportState():
                view = keep.bring(component.view, command.state, now).view
                said = f"state {view.id} imported: {view.size} B; nothing loads it yet"
            case RestoreState():
                wanted = keep.loadable(component.id, command.snapshot, component.view.revision).view
                keep.save(component.view, "update", now)
                return self._say(component, *component.restore(wanted, now, who))
        return self._say(component, said, EventAction.STATE, EventKind.LIFECYCLE)
