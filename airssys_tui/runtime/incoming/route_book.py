"""Which component has which routes now: the claims of all components, and the table that is made of them.

A component claims the routes of its active revision. Of two that claim the same one, the component that is to run goes
before one that is not, and then the one that claimed it first: a component that is dropped into the folder takes no
route away from another. So that this survives a restart of the runtime, the components that it knows claim in the order
in which they were first seen.

It is changed on the control loop. The changes of one turn of the loop replace the table once, as a folder of a thousand
components follows in one; so any thread may read it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

import msgspec

from airssys_tui.core.lifecycle import Desired
from airssys_tui.core.pattern.route_pattern import Route, routes_of
from airssys_tui.core.pattern.route_table import Claim, RouteTable, Taken
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.actors.actor import Actor
from airssys_tui.runtime.components.component import Component

SAID: Final = 3
"""Routes that a note about taken ones names."""


class Destination(msgspec.Struct, frozen=True):
    """Where requests for a component go.

    Attributes:
        component: Its name.
        actor: Takes its calls, whichever instance serves.
        max_body: Bytes of the body of a request at most.
        wanted: Whether it is to run.
    """

    component: str
    actor: Actor
    max_body: int
    wanted: bool = True


class RouteBook:
    """The routes of every component of one runtime.

    Attributes:
        table: Who has which route.
        destinations: Where requests go, by component.
    """

    def __init__(self) -> None:
        self.table = RouteTable()
        self.destinations: dict[str, Destination] = {}
        self._claims: dict[str, Claim] = {}
        self._wanted: dict[str, Destination] = {}
        self._renewal: asyncio.Handle | None = None
        self._components: dict[str, Component] = {}
        self._order: dict[str, int] = {}

    def recall(self, names: Iterable[str]) -> None:
        """Let these components go before all others, in this order."""
        for name in names:
            self._place(name)

    def follow(self, component: Component, present: bool = True) -> None:
        """Note what a component claims now; nothing if it is not present any more."""
        service = component.active.manifest.http if component.active is not None and present else None
        if service is None or not service.routes:
            if component.name in self._claims:
                self._forget(component.name)
            return
        wanted = (
            component.intent.desired is Desired.RUNNING and not component.intent.unloaded and component.files.present
        )
        destination = Destination(component.name, component.actor, service.max_body, wanted)
        claim = Claim(component.name, routes_of(service.routes, service.hosts))
        if self._wanted.get(component.name) == destination and self._claims.get(component.name) == claim:
            return
        self._place(component.name)
        self._components[component.name] = component
        self._claims[component.name] = claim
        self._wanted[component.name] = destination
        self._renew_soon()

    def routes(self) -> tuple[tuple[str, Route, str], ...]:
        """Return every claimed route: the component, the route, and who has it instead; empty if it has it itself."""
        if self._renewal is not None:
            self._renew()
        return tuple(
            (name, route, next((each.by for each in self.table.taken.get(name, ()) if each.route == route), ""))
            for name, claim in sorted(self._claims.items())
            for route in claim.routes
        )

    def _place(self, name: str) -> None:
        self._order.setdefault(name, len(self._order))

    def _forget(self, name: str) -> None:
        component = self._components.pop(name)
        del self._claims[name], self._wanted[name]
        component.shown.contend(GuestText(""))
        self._renew_soon()

    def _renew_soon(self) -> None:
        if self._renewal is None:
            self._renewal = asyncio.get_running_loop().call_soon(self._renew)

    def _renew(self) -> None:
        """Make the table anew, and tell the components that lack a route of theirs."""

        def rank(claim: Claim) -> tuple[bool, int]:
            return not self._wanted[claim.owner].wanted, self._order[claim.owner]

        if self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None
        self.destinations = dict(self._wanted)
        self.table = RouteTable(sorted(self._claims.values(), key=rank))
        for name, component in self._components.items():
            component.shown.contend(taken_text(self.table.taken.get(name, ())))


def taken_text(taken: tuple[Taken, ...]) -> GuestText:
    """Say which routes of a component another one has, and what to do; empty if it has all of them."""
    if not taken:
        return GuestText("")
    named = ", ".join(f"{each.route} is answered by {each.by}" for each in taken[:SAID])
    more = f" and {len(taken) - SAID} more" if len(taken) > SAID else ""
    return one_line(f"route {named}{more}: change [http] routes of one of them", 300)
