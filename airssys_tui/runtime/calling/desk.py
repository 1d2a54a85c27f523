"""Calling components by hand: their interfaces, the open handles of their resources, calls saved as checks."""

from __future__ import annotations

from functools import partial
from typing import Final

from airssys_tui.api.views.calling import Check, CheckOutcome, InterfaceView, OpenHandle
from airssys_tui.api.views.runtime import CallReport, Done
from airssys_tui.core.errors import NotServing, UsageError
from airssys_tui.core.events import Speaker
from airssys_tui.core.text import one_line
from airssys_tui.core.types.json_form import has_lone_surrogate
from airssys_tui.runtime.actors.component_tenant import ComponentTenant
from airssys_tui.runtime.actors.instantiation import Making
from airssys_tui.runtime.actors.serving import Blueprint, Serving
from airssys_tui.runtime.calling.calls import by_hand, call_json
from airssys_tui.runtime.calling.handles import Handles
from airssys_tui.runtime.calling.replay import Replay, check_view
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.deploying.code_loading import code_for
from airssys_tui.runtime.guard.grant_desk import GrantDesk
from airssys_tui.runtime.linking.link_ports import linker_for
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.store.catalog.records import CheckRecord
from airssys_tui.wit.documentation import documentation

LONGEST_NAME: Final = 100
"""Characters in the name of a check."""


class Desk:
    """Calls components of a running runtime.

    Args:
        floor: The machinery.
        router: The components.
        guards: Decide what instances may do.
    """

    def __init__(self, floor: Floor, router: Router, guards: GrantDesk) -> None:
        self._floor = floor
        self._guards = guards
        self._router = router
        self._handles: dict[str, Handles] = {}

    async def call(self, name: str, export: str, arguments: str, *, force: bool = False) -> CallReport:
        """Call an export of a running component, through its mailbox.

        Args:
            name: The component.
            export: Name of the export, as operators write it.
            arguments: A JSON array.
            force: Call it even if only the host calls it.

        Raises:
            UsageError: If only the host calls it.
            AirssysError: If it does not take calls, has no such export, an argument does not fit, or it traps.
        """
        component = self._router.find(name)
        handles = self._handles_of(component)
        posted = component.actor.post(
            by_hand(lambda serving: call_json(serving, export, arguments, handles, force=force))
        )
        report: CallReport = await posted
        return report

    async def interface(self, name: str) -> InterfaceView:
        """Return the interface of the active revision of a component.

        Raises:
            NotServing: If no revision was ever active.
        """
        artifact = _artifact(self._router.find(name))
        known = await self._floor.disk(documentation)
        docs = {export.path: known[export.path] for export in artifact.interface.functions() if export.path in known}
        return InterfaceView(component=name, revision=artifact.revision, interface=artifact.interface, docs=docs)

    def open_handles(self, name: str) -> tuple[OpenHandle, ...]:
        """Return the open handles of a component."""
        return self._handles_of(self._router.find(name)).open_handles()

    async def close_handle(self, name: str, number: int) -> Done:
        """Close an open handle; the guest's destructor runs.

        Raises:
            ArgumentError: If there is no open handle of that number.
        """
        component = self._router.find(name)
        handle = self._handles_of(component).find(number)

        def close(serving: Serving) -> None:
            serving.release(handle)

        await component.actor.post(by_hand(close))
        return Done(one_line(f"{name}: handle {number} closed"), None)

    async def checks(self, name: str) -> tuple[Check, ...]:
        """Return the saved checks of a component, in the order of their replay."""
        found = self._router.find(name)
        records = await self._floor.disk(self._floor.state.catalog.checks, found.name)
        return tuple(check_view(record) for record in records)

    async def save_check(self, name: str, check: str, export: str, arguments: str) -> Check:
        """Save a call as a check, with the result of a fresh instance that has run the checks before it.

        Raises:
            UsageError: If its name is empty or too long.
            StoreError: If the component already has the maximum number of checks.
            AirssysError: If the call gives no result in a fresh instance.
        """
        if not check.strip() or len(check) > LONGEST_NAME or has_lone_surrogate(check):
            raise UsageError(f"a check needs a name of at most {LONGEST_NAME} Unicode characters")
        component = self._router.find(name)
        artifact = _artifact(component)
        path = artifact.interface.find(export).path
        before = [known for known in await self.checks(name) if known.name != check]
        at = self._floor.clock()
        new = Check(name=check, export=path, arguments=arguments, result="", revision=artifact.revision, at=at)
        *_, outcome = await self._replay(component, artifact, (*before, new))
        if outcome.error:
            raise UsageError(
                f"a fresh instance gives no result: {outcome.error}",
                remedy="a check is replayed in a fresh instance, after the checks before it",
            )
        record = CheckRecord(component.name, check, path, arguments, outcome.result, artifact.revision, at)
        await self._floor.disk(self._floor.state.catalog.save_check, record)
        return check_view(record)

    async def drop_check(self, name: str, check: str) -> Done:
        """Delete a check.

        Raises:
            UsageError: If there is no check of that name.
        """
        component = self._router.find(name)
        if not await self._floor.disk(self._floor.state.catalog.drop_check, component.name, check):
            names = ", ".join(known.name for known in await self.checks(name)) or "none"
            raise UsageError(
                f"{name} has no check {one_line(check, 60)!r}", remedy=f"its checks: {one_line(names, 300)}"
            )
        return Done(one_line(f"{name}: check {check} deleted"), None)

    async def verify(self, name: str) -> tuple[CheckOutcome, ...]:
        """Replay a component's checks, one after another, in one fresh instance of the active revision.

        The running instance, its state and its storage are not touched. When a check traps, its
        instance ends; the checks after it run in another one.
        """
        component = self._router.find(name)
        artifact = _artifact(component)
        outcomes = await self._replay(component, artifact, await self.checks(name))
        if outcomes and all(outcome.passed for outcome in outcomes) and component.active is artifact:
            component.proof.check_passed(len(outcomes))  # evidence, as if it had been called
        return outcomes

    async def _replay(
        self, component: Component, artifact: Blueprint, checks: tuple[Check, ...]
    ) -> tuple[CheckOutcome, ...]:
        if not checks:
            return ()
        floor = self._floor
        code = await code_for(floor, artifact)
        tenant = ComponentTenant(
            component.name,
            artifact.manifest,
            floor.journal,
            floor.workers,
            guard=self._guards.guard(component.name, artifact.manifest, artifact.revision),
            revision=artifact.revision,
            speaker=Speaker.TRIAL,
        )

        def run() -> tuple[CheckOutcome, ...]:
            making = Making(partial(linker_for, floor.tiers, code), artifact, code, tenant)
            return Replay(making, component.served.kind).run(checks)

        return await floor.candidate(run, owner=component.name)

    def _handles_of(self, component: Component) -> Handles:
        return self._handles.setdefault(component.name, Handles(self._floor.clock))


def _artifact(component: Component) -> Blueprint:
    if component.active is None:
        raise NotServing(
            f"{component.name} has no active revision", remedy="`describe` says why", component=component.name
        )
    return component.active
