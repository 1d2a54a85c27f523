"""Undoing what an operator did last, and whether that still makes sense.

Actions are kept in the catalog, so that they survive the runtime; while none runs, a command writes its action there
itself (``cli.reaching.offline_views``). Each records the values that must still be as the action left them; if one has
changed since, the undo is refused with the reason. Undoing again goes further back. An undo cannot be undone: repeat
the action instead.

The actions of one bulk action are undone together. Those that can no longer be undone are left out, with the reason;
the undo is refused only if none of them can be undone.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import Final

import msgspec

from airssys_tui.api.commands import Annotate, RestoreState
from airssys_tui.core.errors import TransitionError, UsageError
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.commands.inverse import (
    Before,
    Expected,
    Inverse,
    Subject,
    action_of,
    expected_in,
    inverse_in,
    inverse_of,
    label_of_all,
    losses_of_all,
    since,
)
from airssys_tui.runtime.commands.order_text import OfOne
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.eligible_states import state_views
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.store.catalog.records import ActionRecord, RevisionRecord
from airssys_tui.store.disk.failpoint import failpoint

UNDONE: Final = "undone"
FINAL: Final = "an undo cannot be undone"

LONGEST_BATCH: Final = 64
"""Characters in the name of a bulk action."""


class Undoable(msgspec.Struct, frozen=True):
    """One action that can be undone now, its component, and what reverses it."""

    action: ActionRecord
    component: Component
    inverse: Inverse


class Taken(msgspec.Struct, frozen=True):
    """What an undo undoes: one action, or the actions of one bulk action.

    Attributes:
        label: Description of the action.
        parts: What can be undone, the newest first.
        missed: Which parts can no longer be undone, and why.
    """

    label: GuestText
    parts: tuple[Undoable, ...]
    missed: tuple[str, ...] = ()


class UndoHistory:
    """The operator's last actions, and how to reverse each.

    Args:
        floor: The machinery.
        router: The components.
    """

    def __init__(self, floor: Floor, router: Router) -> None:
        self._floor = floor
        self._router = router
        self._last: tuple[ActionRecord, ...] = ()
        self.lock = asyncio.Lock()

    async def recall(self) -> None:
        """Read from the catalog which action can be undone now."""
        actions = await self._floor.disk(self._floor.state.catalog.actions)
        self._last = newest(actions)

    @property
    def label(self) -> GuestText:
        """The action that would be undone, with its time; empty if no action can be undone."""
        if not self._last:
            return GuestText("")
        return one_line(f"{label_of_all(self._last)}, {_ago(self._floor.clock() - self._last[0].at)}", 300)

    @property
    def loses(self) -> GuestText:
        """What undoing would lose for good."""
        return losses_of_all(self._last)

    async def before(self, component: Component, command: OfOne) -> Before:
        """Return a component's values before an action."""
        note, barred = "", component.barred
        if isinstance(command, Annotate):
            record = await self._revision(component, command.revision)
            note = record.note if record is not None else ""
        return Before(
            revision=component.active.revision if component.active is not None else None,
            desired=component.intent.desired,
            holds=barred.holds,
            note=note,
            refusals=tuple(barred.refusals.values()),
            turned_away=barred.turned_away,
        )

    async def record(self, component: Component, command: OfOne, before: Before, who: str, batch: str = "") -> None:
        """Record an action that was carried out, if it can be undone.

        Args:
            component: Its component.
            command: The action.
            before: The values before it.
            who: Who did it.
            batch: The bulk action that it is a part of; empty if it stands alone.

        Raises:
            StoreError: If it could not be recorded; the action itself was carried out.
        """
        subject = subject_of(component)
        if isinstance(command, RestoreState):
            inverse = await self._put_back(component, before)
        else:
            inverse = inverse_of(subject, command, before)
        if inverse is None:
            return
        failpoint("undo/acted")
        action = action_of(subject, command, inverse, who=who, at=self._floor.clock(), batch=batch)
        number = await self._floor.disk(self._floor.state.catalog.record_action, action)
        action = msgspec.structs.replace(action, id=number)
        together = batch and self._last and self._last[0].batch == batch
        self._last = (action, *self._last) if together else (action,)

    async def take(self) -> Taken:
        """Return what to undo. The caller holds the lock.

        Raises:
            UsageError: If there is nothing to undo.
            TransitionError: If something has changed since; the action is not offered again.
        """
        await self.recall()
        actions, label = self._last, label_of_all(self._last)
        if not actions:
            raise UsageError(
                "there is nothing to undo",
                remedy="you can undo rollbacks, restored states, stops, starts, unloads, pins, notes and `mark-stable`",
            )
        parts, missed = [], []
        for action in actions:
            component = next((each for each in self._router if each.name == action.component), None)
            moved = "it is gone" if component is None else await self._moved(component, expected_in(action))
            if component is not None and not moved:
                parts.append(Undoable(action, component, inverse_in(action)))
            else:
                await self.give_up(action, moved)
                missed.append(f"{action.component}: {moved}" if len(actions) > 1 else moved)
        if parts:
            failpoint("undo/taken")
            return Taken(label, tuple(parts), tuple(missed))
        further = f"undo again to undo: {self.label}" if self.label else "nothing else can be undone"
        raise TransitionError(
            f"{label} can no longer be undone: {'; '.join(missed[:3])}", remedy=further, component=actions[0].component
        )

    async def give_up(self, action: ActionRecord, why: str) -> None:
        """Stop offering an action that cannot be undone."""
        await self._floor.disk(self._floor.state.catalog.settle_action, action.id, why)
        await self.recall()

    async def undone(self, part: Undoable, who: str) -> None:
        """Record that an action was undone.

        Raises:
            StoreError: If it could not be recorded; the action itself was undone.
        """
        failpoint("undo/undone")
        action, inverse = part.action, part.inverse
        undoing = msgspec.structs.replace(
            action_of(
                subject_of(part.component),
                inverse.command,
                inverse,
                who=who,
                at=self._floor.clock(),
                text=f"undo of {action.text}",
                batch=action.batch,
            ),
            undoes=action.id,
            settled=FINAL,
        )
        await self._floor.disk(self._floor.state.catalog.record_action, undoing, settles=UNDONE)
        await self.recall()

    async def _put_back(self, component: Component, before: Before) -> Inverse | None:
        """Return the command that replaces a restored state with the snapshot of the previous one, if there is one."""
        views = await self._floor.disk(state_views, self._floor.state.catalog, component.name)
        replaced = next((view.id for view in views if view.paired and view.revision == before.revision), None)
        if replaced is None:
            return None
        return Inverse(RestoreState(component.name, replaced), loses=since(component.name, "restore"))

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


def newest(actions: tuple[ActionRecord, ...]) -> tuple[ActionRecord, ...]:
    """Return the newest action that can be undone, with those of the same bulk action that can be undone as well.

    Args:
        actions: The recorded actions, newest first.
    """
    open_ones = [action for action in actions if action.settled is None]
    if not open_ones or not open_ones[0].batch:
        return tuple(open_ones[:1])
    return tuple(action for action in open_ones if action.batch == open_ones[0].batch)


def new_batch() -> str:
    """Return a name for a bulk action that no other one has."""
    return f"group-{uuid.uuid4().hex}"


def batch_name(batch: str) -> str:
    """Check the name of a bulk action.

    Raises:
        UsageError: If it is too long.
    """
    if len(batch) > LONGEST_BATCH:
        raise UsageError(f"the name of a bulk action has {len(batch)} characters; accepted: up to {LONGEST_BATCH}")
    return batch


def subject_of(component: Component) -> Subject:
    """Return a component as the record of an action needs it."""
    revision = component.active.revision if component.active is not None else None
    return Subject(component.name, component.stateful, revision, component.intent.desired)


def _ago(seconds: float) -> str:
    minutes = int(max(0.0, seconds) // 60)
    if minutes < 1:
        return "just now"
    hours, days = minutes // 60, minutes // (24 * 60)
    return f"{days} d ago" if days else f"{hours} h ago" if hours else f"{minutes} min ago"
