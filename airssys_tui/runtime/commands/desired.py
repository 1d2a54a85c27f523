"""The state that an operator wants a component to be in; the catalog keeps it, so it survives a runtime restart."""

from __future__ import annotations

import asyncio
import contextlib

from airssys_tui.api.views.runtime import Done
from airssys_tui.core.errors import AirssysError
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

    def __init__(self, floor: Floor, reconciler: Reconciler) -> None:
        self._floor = floor
        self._reconciler = reconciler

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
        await self._floor.disk(catalog.set_desired, component.name, desired)
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


def done(component: Component, what: str) -> Done:
    """Return the answer to a command: what was done, and at which revision."""
    revision = component.active.revision if component.active else None
    at = f" at r{revision}" if revision is not None else ""
    return Done(one_line(f"{component.name} {what}{at}"), revision)
