"""The details of one component: what a row does not show."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from airssys_tui.api.views.components import ComponentDetail
from airssys_tui.core.description import describe
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.text import GuestText
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.evidence import has_evidence
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.history.recollection import Present
from airssys_tui.runtime.history.timeline import timeline
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.metering.revision_costs import revision_costs
from airssys_tui.runtime.observing.custom_meters import host_use
from airssys_tui.runtime.observing.observer import Observer

SELF_DESCRIPTION: float = 0.5
"""Seconds that a component gets to describe itself; then the details are shown without it."""


class Details:
    """Collects the details of components. Used on the control loop.

    Args:
        floor: The machinery.
        router: The components.
        observer: Has their rows.
        open_handles: Returns the open handles of a component.
        messages: Returns what became of a component's messages.
    """

    def __init__(
        self,
        floor: Floor,
        router: Router,
        observer: Observer,
        open_handles: Callable[[str], Sequence[object]],
        messages: Callable[[Component], tuple[GuestText, ...]],
    ) -> None:
        self._open_handles = open_handles
        self._messages = messages
        self._floor = floor
        self._router = router
        self._observer = observer

    async def of(self, name: str) -> ComponentDetail:
        """Return the details of a component.

        Raises:
            UnknownComponent: If there is no component of that name.
        """
        component = self._router.find(name)
        view = next(row for row in self._observer.snapshot(0).components if row.id == component.name)
        revisions = await self._floor.disk(
            timeline,
            self._floor.state.catalog,
            component.name,
            revision_costs(component.actor.counters, component.actor.costs),
            has_evidence(component),
        )
        recent = self._floor.journal.recent(component.name)
        if component.active is None:
            return ComponentDetail(view=view, revisions=revisions, recent=recent)
        return ComponentDetail(
            view=view,
            **msgspec.structs.asdict(describe(component.active.interface, component.active.manifest)),
            described=await _described(component),
            host_use=host_use(
                self._floor.services.find(component.name),
                component.actor.serving,
                len(self._open_handles(component.name)),
            ),
            messages=self._messages(component),
            revisions=revisions,
            recent=recent,
        )

    def present(self, component: Component) -> Present:
        """Return what only this runtime knows about a component, for its story."""
        return Present(
            state=component.state,
            recovery=component.supervision.recovery,
            trouble=component.shown.trouble,
            candidate=component.update.candidate,
            probation_until=self._observer.probation_until(component),
            tried=has_evidence(component),
            unread=_unread(component),
        )


def _unread(component: Component) -> str:
    """Return why the files in the folder got no revision number; empty if they got one."""
    away = component.barred.turned_away
    return away.reason if away is not None and away.revision is None else ""


async def _described(component: Component) -> tuple[str, ...]:
    if component.actor.serving is None:
        return ()
    try:
        asked = component.actor.post(contract.describe, first=True).on_loop()
        lines: tuple[str, ...] = await asyncio.wait_for(asked, SELF_DESCRIPTION)
    except (AirssysError, TimeoutError):
        return ()
    return lines
