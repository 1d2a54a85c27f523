"""Undoing what an operator did last: which command reverses each action, and whether that still makes sense.

Actions are kept in the catalog, so that they survive the runtime. Each records the values that must still be as the
action left them; if one has changed since, the undo is refused with the reason. Undoing again goes further back. An
undo cannot be undone: repeat the action instead.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from airssys_tui.api.commands import Annotate, MarkStable, Pin, RestoreState, Rollback, Start, Stop, Unload
from airssys_tui.api.wire import encode
from airssys_tui.core.errors import TransitionError, UsageError
from airssys_tui.core.lifecycle import Desired
from airssys_tui.core.revision import StatePolicy, kept_note
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.commands.order_text import OfOne
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.eligible_states import state_views
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.store.catalog.records import ActionRecord, Hold, RevisionRecord
from airssys_tui.store.disk.failpoint import failpoint

UNDONE: Final = "undone"
FINAL: Final = "an undo cannot be undone"


class Inverse(msgspec.Struct, frozen=True):
    """What reverses an action.

    Attributes:
        command: The command.
        holds: Digests held before a rollback; they are held again when it is undone.
        loses: What undoing loses for good; empty if nothing is lost.
    """

    command: OfOne
    holds: tuple[Hold, ...] = ()
    loses: str = ""


class Expected(msgspec.Struct, frozen=True):
    """How an action left things; None means that it does not matter for undoing it.

    Attributes:
        revision: The active revision.
        desired: The desired state.
        marked: The revision whose pin, note or stable flag was changed.
        note: The note on it.
        pinned: Whether it was pinned.
        stable: Whether it was stable.
    """

    revision: int | None = None
    desired: str | None = None
    marked: int | None = None
    note: str | None = None
    pinned: bool | None = None
    stable: bool | None = None


class Before(msgspec.Struct, frozen=True):
    """The values before an action, which undoing it restores."""

    revision: int | None
    desired: Desired
    holds: tuple[Hold, ...]
    note: str


class UndoHistory:
    """The operator's last actions, and how to reverse each.

    Args:
        floor: The machinery.
        router: The components.
    """

    def __init__(self, floor: Floor, router: Router) -> None:
        self._floor = floor
        self._router = router
        self._last: ActionRecord | None = None
        self.lock = asyncio.Lock()

    async def recall(self) -> None:
        """Read from the catalog which action can be undone now."""
        actions = await self._floor.disk(self._floor.state.catalog.actions)
        self._last = next((action for action in actions if action.settled is None), None)

    @property
    def label(self) -> GuestText:
        """The action that would be undone, with its time; empty if no action can be undone."""
        if self._last is None:
            return GuestText("")
        return one_line(f"{self._last.text}, {_ago(self._floor.clock() - self._last.at)}")

    @property
    def loses(self) -> GuestText:
        """What undoing would lose for good."""
        return one_line(_inverse(self._last).loses if self._last is not None else "")

    async def before(self, component: Component, command: OfOne) -> Before:
        """Return a component's values before an action."""
        note = ""
        if isinstance(command, Annotate):
            record = await self._revision(component, command.revision)
            note = record.note if record is not None else ""
        active = component.active
        return Before(
            active.revision if active is not None else None, component.intent.desired, component.barred.holds, note
        )

    async def record(self, component: Component, command: OfOne, before: Before, who: str) -> None:
        """Record an action that was carried out, if it can be undone.

        Raises:
            StoreError: If it could not be recorded; the action itself was carried out.
        """
        if isinstance(command, RestoreState):
            inverse = await self._put_back(component, before)
        else:
            inverse = inverse_of(component, command, before)
        if inverse is None:
            return
        failpoint("undo/acted")
        action = self._action(component, command, who, _label(component, command), inverse)
        number = await self._floor.disk(self._floor.state.catalog.record_action, action)
        self._last = msgspec.structs.replace(action, id=number)

    async def take(self) -> tuple[ActionRecord, Component, Inverse]:
        """Return the action to undo. The caller holds the lock.

        Raises:
            UsageError: If there is nothing to undo.
            TransitionError: If something has changed since; the action is not offered again.
        """
        await self.recall()
        action = self._last
        if action is None:
            raise UsageError(
                "there is nothing to undo",
                remedy="you can undo rollbacks, restored states, stops, starts, unloads, pins, notes and `mark-stable`",
            )
        component = next((each for each in self._router if each.name == action.component), None)
        moved = "it is gone" if component is None else await self._moved(component, _expected(action))
        if component is not None and not moved:
            failpoint("undo/taken")
            return action, component, _inverse(action)
        await self.give_up(action, moved)
        further = f"undo again to undo: {self.label}" if self.label else "nothing else can be undone"
        raise TransitionError(
            f"{action.text} can no longer be undone: {moved}", remedy=further, component=action.component
        )

    async def give_up(self, action: ActionRecord, why: str) -> None:
        """Stop offering an action that cannot be undone."""
        await self._floor.disk(self._floor.state.catalog.settle_action, action.id, why)
        await self.recall()

    async def undone(self, action: ActionRecord, component: Component, inverse: Inverse, who: str) -> None:
        """Record that an action was undone.

        Raises:
            StoreError: If it could not be recorded; the action itself was undone.
        """
        failpoint("undo/undone")
        undoing = msgspec.structs.replace(
            self._action(component, inverse.command, who, f"undo of {action.text}", inverse),
            undoes=action.id,
            settled=FINAL,
        )
        await self._floor.disk(self._floor.state.catalog.record_action, undoing, settles=UNDONE)
        await self.recall()

    def _action(self, component: Component, command: OfOne, who: str, text: str, inverse: Inverse) -> ActionRecord:
        return ActionRecord(
            id=0,
            at=self._floor.clock(),
            who=who,
            component=component.name,
            text=text,
            command=encode(command).decode(),
            inverse=encode(inverse).decode(),
            expects=encode(expected_of(component, command)).decode(),
        )

    async def _put_back(self, component: Component, before: Before) -> Inverse | None:
        """Return the command that replaces a restored state with the snapshot of the previous one, if there is one."""
        views = await self._floor.disk(state_views, self._floor.state.catalog, component.name)
        replaced = next((view.id for view in views if view.paired and view.revision == before.revision), None)
        if replaced is None:
            return None
        return Inverse(RestoreState(component.name, replaced), loses=_since(component, "restore"))

    async def _moved(self, component: Component, expected: Expected) -> str:
        """Return which value has changed since an action; empty if none has."""
        active = component.active.revision if component.active is not None else None
        if expected.revision is not None and active != expected.revision:
            return f"r{active} has taken over since"
        if expected.desired is not None and component.intent.desired != expected.desired:
            return f"it was ordered to be {component.intent.desired} since"
        if expected.marked is None:
            return ""
        record = await self._revision(component, expected.marked)
        if record is None:
            return f"r{expected.marked} is no longer known"
        pins = await self._floor.disk(self._floor.state.catalog.pins, component.name)
        pinned = any(pin.revision == expected.marked for pin in pins)
        for what, left, found in (
            ("its note was changed", expected.note, record.note),
            ("it was pinned or unpinned", expected.pinned, pinned),
            ("its mark as stable was changed", expected.stable, record.stable),
        ):
            if left is not None and left != found:
                return f"{what} since"
        return ""

    async def _revision(self, component: Component, number: int) -> RevisionRecord | None:
        return await self._floor.disk(self._floor.state.catalog.revision, component.name, number)


def inverse_of(component: Component, command: OfOne, before: Before) -> Inverse | None:
    """Return the inverse of a command that was carried out, or None if it has no inverse."""
    name, inverse = component.name, None
    match command:
        case Start():
            inverse = Inverse(Stop(name), loses=_memory(component))
        case Stop():
            inverse = Inverse(Start(name))
        case Unload() if before.desired is Desired.RUNNING:
            inverse = Inverse(Start(name))
        case Rollback() if before.revision is not None:
            inverse = _way_forward(component, command, before.revision, before.holds)
        case Pin():
            inverse = Inverse(Pin(name, command.revision, pinned=not command.pinned))
        case MarkStable():
            inverse = Inverse(MarkStable(name, command.revision, stable=not command.stable))
        case Annotate() if before.note != kept_note(command.note):
            inverse = Inverse(Annotate(name, command.revision, before.note))
    return inverse


def _way_forward(component: Component, command: Rollback, revision: int, holds: tuple[Hold, ...]) -> Inverse:
    # A state that was kept is kept again; a state that was replaced is restored.
    keeps = command.state is StatePolicy.KEEP or not component.stateful
    policy = StatePolicy.KEEP if keeps else StatePolicy.RESTORE
    loses = _memory(component) if keeps else _since(component, "rollback")
    return Inverse(Rollback(component.name, revision, policy, note="the rollback was undone"), holds, loses)


def _since(component: Component, what: str) -> str:
    return f"what {component.name} counted since the {what} stays behind, in a snapshot"


def expected_of(component: Component, command: OfOne) -> Expected:
    """Return the values that a command left behind."""
    revision = component.active.revision if component.active is not None else None
    match command:
        case Pin():
            return Expected(marked=command.revision, pinned=command.pinned)
        case MarkStable():
            return Expected(marked=command.revision, stable=command.stable)
        case Annotate():
            return Expected(marked=command.revision, note=kept_note(command.note))
        case Rollback() | RestoreState():
            return Expected(revision)
    return Expected(revision, component.intent.desired)


def _label(component: Component, command: OfOne) -> str:
    match command:
        case Pin():
            return f"{'pin' if command.pinned else 'unpin'} r{command.revision} of {component.name}"
        case MarkStable():
            return f"mark r{command.revision} of {component.name} {'stable' if command.stable else 'not stable'}"
        case Annotate():
            return f"note on r{command.revision} of {component.name}"
        case Rollback():
            serves = f" to r{component.active.revision}" if component.active is not None else ""
            return f"roll back {component.name}{serves}"
        case RestoreState():
            return f"restore the state of {component.name} from snapshot {command.snapshot}"
    return f"{type(command).__name__.lower()} {component.name}"


def _memory(component: Component) -> str:
    return "" if component.stateful else f"what {component.name} holds in memory: it has no `state` export"


def _inverse(action: ActionRecord) -> Inverse:
    return msgspec.json.decode(action.inverse, type=Inverse)


def _expected(action: ActionRecord) -> Expected:
    return msgspec.json.decode(action.expects, type=Expected)


def _ago(seconds: float) -> str:
    minutes = int(max(0.0, seconds) // 60)
    if minutes < 1:
        return "just now"
    hours, days = minutes // 60, minutes // (24 * 60)
    return f"{days} d ago" if days else f"{hours} h ago" if hours else f"{minutes} min ago"
