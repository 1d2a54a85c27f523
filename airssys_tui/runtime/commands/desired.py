"""The state that an operator wants a component to be in; the catalog keeps it, so it survives a runtime restart.

To stop something must always be possible. If the catalog cannot be written (a full disk, another process that locks
it), the component stops nevertheless, the record is owed, and it is written as soon as that works. Until then the
catalog says what it said before: a runtime that ends before that starts the component again.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from airssys_tui.api.views.runtime import Done
from airssys_tui.core.errors import AirssysError, StoreError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.lifecycle import Desired
from airssys_tui.core.text import one_line
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.deploying.reconciler import Reconciler
from airssys_tui.runtime.machinery.machinery import Floor


class DesiredStates:
    """Records desired states.

    Args:
        floor: The machinery.
        reconciler: Lets components run whose files are gone.
    """

    UNRECORDED: Final = "not recorded yet"
    """What a row says of a component that stopped and whose stop could not be recorded."""

    def __init__(self, floor: Floor, reconciler: Reconciler) -> None:
        self._floor = floor
        self._reconciler = reconciler
        self._owed: dict[str, Component] = {}

    async def stop(self, component: Component) -> str:
        """Set the desired state to stopped, and record it now or later.

        Returns:
            Why it could not be recorded now; empty if it is recorded.
        """
        component.intent.want(Desired.STOPPED)
        try:
            await self._floor.disk(self._floor.state.catalog.set_desired, component.name, Desired.STOPPED)
        except StoreError as error:
            self._owed[component.name] = component
            said = f"the stop is {self.UNRECORDED}, the next start would start it again: {error.message}"
            component.teller.operator(said, EventAction.STORE, Level.WARNING)
            return error.message
        self._owed.pop(component.name, None)
        return ""

    async def record_owed(self) -> None:
        """Record the stops that could not be recorded when they happened; what still cannot be stays owed."""
        for name, component in tuple(self._owed.items()):
            if component.lock.locked():
                continue  # a command about it is carried out
            async with component.lock:
                try:
                    await self._floor.disk(self._floor.state.catalog.set_desired, name, Desired.STOPPED)
                except StoreError:
                    return
                if self._owed.pop(name, None) is not None:
                    component.shown.remark_on(one_line(component.shown.remark.removesuffix(f", {self.UNRECORDED}")))
                    component.teller.operator("the stop is recorded now", EventAction.STORE)

    async def want(self, component: Component, desired: Desired) -> None:
        """Set and record the desired state.

        Raises:
            StoreError: If it could not be recorded; it is then unchanged.
        """
        catalog = self._floor.state.catalog
        if component.active is None:  # the catalog does not know a component of which no file was ever accepted
            await self._floor.disk(catalog.upsert_component, component.name, component.files.key)
        elif desired is Desired.RUNNING:
            await self.detach_if_gone(component)
        try:
            await self._floor.disk(catalog.set_desired, component.name, desired)
        except StoreError:
            if component.name not in self._owed or desired is Desired.STOPPED:
                raise
            # The stop was never recorded: the catalog still says that it is to run.
        self._owed.pop(component.name, None)
        component.intent.want(desired)

    async def detach_if_gone(self, component: Component) -> None:
        """Let a component run without its files if they are gone, because the operator asked for it.

        Raises:
            StoreError: If it could not be recorded.
        """
        if not component.files.present:
            await self._reconciler.detach(component)


async def cancel_update(component: Component) -> None:
    """Cancel an update that is under way, and wait until it has ended; a switch that has begun is completed first."""
    task = component.update.task
    if task is not None and task is not asyncio.current_task():
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, AirssysError):
            await asyncio.wait([task])


def done(component: Component, what: str, unrecorded: str = "") -> Done:
    """Return the answer to a command: what was done, and at which revision.

    Args:
        component: The component.
        what: What was done, one word.
        unrecorded: Why it could not be recorded; empty if it is.
    """
    revision = component.active.revision if component.active else None
    at = f" at r{revision}" if revision is not None else ""
    later = f", but this is recorded only later: {unrecorded}" if unrecorded else ""
    return Done(one_line(f"{component.name} {what}{at}{later}"), revision)
