"""Rehearsing a candidate while the old revision serves: from bytes to an instance that has passed every gate.

A rehearsal discards what it made: a refused or cancelled candidate leaves nothing behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from airssys_tui.core.capability.decision import command
from airssys_tui.core.capability.permission import permissions_of
from airssys_tui.core.errors import GateRefusal
from airssys_tui.core.events import Speaker
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import Digest
from airssys_tui.core.lifecycle import Health
from airssys_tui.core.manifest.document import Manifest
from airssys_tui.core.revision import Tier
from airssys_tui.engine.admission import Sections, admit
from airssys_tui.engine.compiled import Code
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.component_tenant import NO_EDGES, ComponentTenant
from airssys_tui.runtime.actors.contract import HealthReport, SavedState
from airssys_tui.runtime.actors.instantiation import Making
from airssys_tui.runtime.actors.serving import Blueprint, Serving
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.needs import Needs
from airssys_tui.runtime.deploying.code_loading import load_code
from airssys_tui.runtime.deploying.gate_checks import (
    Passage,
    check_compatibility,
    check_routes,
    check_types,
    with_version,
)
from airssys_tui.runtime.guard.grant_desk import GrantDesk
from airssys_tui.runtime.linking.link_book import LinkBook
from airssys_tui.runtime.linking.link_ports import foreign_resources, linker_for
from airssys_tui.runtime.machinery.component_services import Services
from airssys_tui.runtime.machinery.guest_threads import Way
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.machinery.wakeups import landing

if TYPE_CHECKING:
    from airssys_tui.host.recording.call_recorder import Recorder

T = TypeVar("T")

AGAIN: Final = 0.02
"""Seconds between two attempts to cancel one call."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate to rehearse.

    Attributes:
        digest: Digest of the artifact.
        wasm: The artifact.
        manifest: Its manifest.
        manifest_digest: Digest of the meaning of the manifest as it was read.
        revision: The number it has been given.
        force: Accept breaking changes.
        compatible: Whether exports are compared with the active revision's.
        asks: Whether it waits for an operator if it declares more than the active revision and more than is granted.
        trial: The state to load on trial, or None to begin with a fresh one.
        probe: Whether an unhealthy report refuses.
        in_turn: Whether no instance may be made while the old one exists.
        sections: What the walk over the artifact found, if it was made already.
    """

    digest: Digest
    wasm: bytes
    manifest: Manifest
    manifest_digest: str
    revision: int
    force: bool = False
    compatible: bool = True
    asks: bool = False
    trial: SavedState | None = None
    probe: bool = True
    in_turn: bool = False
    sections: Sections | None = None


class Rehearsed(msgspec.Struct):
    """A candidate that passed.

    Attributes:
        artifact: What was rehearsed.
        code: Its compiled code.
        cached: Whether the code came from the cache.
        kind: ``actor``, ``passive`` or ``command``.
        serving: The rehearsed instance, or None for commands.
        health: The answer to the health probe.
        changes: Changes of exports, in words.
        takes_turns: Whether the gates that need an instance come later, after the old one has ended.
        checks: Saved checks of the component that it passed, if it passed them all.
    """

    artifact: Blueprint
    code: Code
    cached: bool
    kind: str
    serving: Serving | None
    health: HealthReport
    changes: tuple[str, ...] = ()
    takes_turns: bool = False
    checks: int = 0


class Rehearsal:
    """Makes instances of artifacts, with or without all the gates.

    Args:
        floor: The machinery.
        guards: Decide what instances may do.
        links: Knows which component provides what another one imports.
        needs: Knows what components depend on; None if that is not checked.
    """

    def __init__(self, floor: Floor, guards: GrantDesk, links: LinkBook, needs: Needs | None = None) -> None:
        self._floor = floor
        self._guards = guards
        self._links = links
        self._needs = needs

    async def admit(self, plan: Plan, passage: Passage, component: Component) -> tuple[Blueprint, Loadable]:
        """Take a candidate through the gates that need no instance.

        Raises:
            GateRefusal: By the first gate that refuses.
        """
        with passage.at(Gate.SECTIONS):
            sections = plan.sections
            if sections is None:
                sections = await self._floor.compiling(admit, plan.wasm)
        with passage.at(Gate.MANIFEST):
            manifest = with_version(plan.manifest, sections.version)
        if self._needs is not None and plan.compatible and not plan.force:
            with passage.at(Gate.DEPENDENCIES):
                self._needs.require(component, manifest)
        with passage.at(Gate.COMPILE):
            tier = self._floor.settings.tier.of(manifest)
            loaded = await load_code(self._floor, plan.digest, plan.wasm, limits=manifest.limits, tier=tier)
        passage.learn(loaded.code.interface)
        self._check_imports(passage, component, loaded.code, manifest)
        found: tuple[str, ...] = ()
        if component.active is not None and plan.compatible:
            with passage.at(Gate.COMPATIBILITY):
                if not plan.force:
                    self._links.check_consumers(component, loaded.code.interface)
                found = check_compatibility(component.active.interface, loaded.code.interface, force=plan.force)
        if component.active is not None and plan.asks:
            with passage.at(Gate.GRANTS):
                self._require_grants(component.name, component.active.manifest, manifest)
        artifact = Blueprint(
            digest=plan.digest,
            interface=loaded.code.interface,
            manifest=manifest,
            manifest_digest=plan.manifest_digest,
            revision=plan.revision,
        )
        return artifact, Loadable(loaded.code, loaded.cached, found)

    def _check_imports(self, passage: Passage, component: Component, code: Code, manifest: Manifest) -> None:
        with passage.at(Gate.TYPES):
            links = self._links.find(component.name, code.interface)
            linked = tuple(each.wanted for each in links)
            wrong = (*foreign_resources(code, linked), *self._links.misfits(component.name, links))
            check_types(self._floor.linker, code.interface, links, wrong)
            check_routes(manifest, code.interface)
        if links:
            with passage.at(Gate.LINKS):
                self._links.require(component.name, links)

    def _require_grants(self, component: str, active: Manifest, manifest: Manifest) -> None:
        """Have a candidate wait that declares more than what serves and more than what is granted.

        Raises:
            GateRefusal: With what it waits for.
        """
        before, declared = permissions_of(active.capabilities), permissions_of(manifest.capabilities)
        wanted = self._guards.awaited(component, before, declared)
        if wanted:
            raise GateRefusal(
                f"it asks for {', '.join(map(str, wanted))}",
                gate=Gate.GRANTS,
                remedy=f"{command('approve', component)}, with --only for a part, or {command('deny', component)}",
            )

    async def rehearse(self, plan: Plan, passage: Passage, component: Component) -> Rehearsed:
        """Take a candidate through every gate.

        Raises:
            GateRefusal: By the first gate that refuses.
        """
        artifact, loadable = await self.admit(plan, passage, component)
        kind = contract.kind_of(artifact.interface, artifact.manifest.artifact.kind)
        rehearsed = Rehearsed(
            artifact, loadable.code, loadable.cached, kind, None, HealthReport(Health.UNKNOWN), loadable.changes
        )
        if plan.in_turn and kind != "command":
            rehearsed.takes_turns = True
            return rehearsed
        with passage.at(Gate.INSTANTIATE):
            serving = await self.instantiate(component.name, artifact, loadable.code, Speaker.CANDIDATE)
            rehearsed.serving = serving
        try:
            if kind == "command":
                await self.discard(serving)
                rehearsed.serving = None
            else:
                await self._try_out(plan, passage, rehearsed, serving)
        except BaseException:
            await self.discard(serving)
            raise
        return rehearsed

    async def _try_out(self, plan: Plan, passage: Passage, rehearsed: Rehearsed, serving: Serving) -> None:
        with passage.at(Gate.INIT):
            await self.initialise(serving)
        if plan.trial is not None and contract.is_stateful(rehearsed.artifact.interface):
            trial = plan.trial
            with passage.at(Gate.STATE_LOAD):
                await self.on_guest(serving, lambda guest: contract.load_state(guest, trial))
        if not plan.probe:
            return
        with passage.at(Gate.HEALTH_PROBE):
            if not rehearsed.artifact.interface.exports_interface(contract.HEALTH):
                return
            rehearsed.health = await self.on_guest(serving, contract.check_health)
            if rehearsed.health.health is Health.UNHEALTHY:
                said = f' ("{rehearsed.health.message}")' if rehearsed.health.message else ""
                raise GateRefusal(f"status unhealthy{said}", gate=Gate.HEALTH_PROBE)

    async def prepare(
        self, component: str, artifact: Blueprint, code: Code, speaker: Speaker = Speaker.SERVING
    ) -> Serving:
        """Make an initialised instance, without gates; its log lines get the mark of the speaker until it serves.

        Raises:
            GateRefusal: If it cannot be made or its ``init`` answers with an error.
            GuestTrap: If it traps.
        """
        serving = await self.instantiate(component, artifact, code, speaker)
        try:
            await self.initialise(serving)
        except BaseException:
            await self.discard(serving)
            raise
        return serving

    async def initialise(self, serving: Serving) -> None:
        """Call ``init``, and ask which codecs it accepts.

        Raises:
            GateRefusal: If ``init`` answers with an error.
            GuestTrap: If it traps.
        """
        if serving.artifact.interface.exports_interface(contract.LIFECYCLE):
            await self.on_guest(serving, contract.initialise)
        if contract.declares_codecs(serving.artifact.interface):
            serving.accepts = await self.on_guest(serving, contract.accepted_codecs)

    async def instantiate(
        self, component: str, artifact: Blueprint, code: Code, speaker: Speaker = Speaker.SERVING
    ) -> Serving:
        """Make an instance; its log lines get the mark of the speaker until it serves.

        Raises:
            GateRefusal: If another component that it is linked to is not there.
        """
        floor = self._floor
        services = floor.services.of(component)
        edges = self._links.edges(component, artifact.interface) or NO_EDGES
        # What another component answered is in no recording, so nothing could be played again.
        recorder = None if edges else _recorder(services, artifact, code.tier, floor.clock)
        linker = partial(linker_for, floor.tiers, code)
        if recorder is not None:
            linker = partial(floor.recording_linker, code.tier)
        tenant = ComponentTenant(
            component,
            artifact.manifest,
            floor.journal,
            floor.workers,
            services,
            guard=self._guards.guard(component, artifact.manifest, artifact.revision),
            handles_timers=artifact.interface.exports_interface(contract.TIMER_HANDLER),
            handles_messages=artifact.interface.exports_interface(contract.MESSAGE_HANDLER),
            handles_callbacks=artifact.interface.exports_interface(contract.CALLBACK_HANDLER),
            revision=artifact.revision,
            speaker=speaker,
            recorder=recorder,
        )
        tenant.edges = edges
        making = Making(linker, artifact, code, tenant)
        made = floor.workers.submit(making.run, owner=component, way=Way.CANDIDATE)
        try:
            return await landing(made)
        except asyncio.CancelledError:
            making.cancel()
            raise

    async def on_guest(self, serving: Serving, function: Callable[[Serving], T]) -> T:
        """Run a function on an instance that no other code uses; cancelling the wait cancels the guest's call."""
        owner = serving.tenant.component
        asked = self._floor.workers.submit(function, serving, owner=owner, way=Way.CANDIDATE)
        answer = landing(asked)
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            await cancel_until(serving, answer)
            if not answer.cancelled():
                answer.exception()  # the trap of the cancelled call; no other code reads it
            raise

    async def discard(self, serving: Serving) -> None:
        """Drop an instance on a worker."""
        await asyncio.shield(self._floor.candidate(serving.close, owner=serving.tenant.component))


def _recorder(services: Services, artifact: Blueprint, tier: Tier, clock: Callable[[], float]) -> Recorder | None:
    """Return what records an instance; None if its manifest does not ask for it."""
    most = artifact.manifest.state.record
    if not most:
        return None
    from airssys_tui.host.recording.call_recorder import Recorder  # noqa: PLC0415 -- few components are recorded
    from airssys_tui.host.recording.recordings import Origin  # noqa: PLC0415

    return Recorder(Origin(artifact.revision, artifact.digest, tier), services.recorded(), most, clock)


async def cancel_until(serving: Serving, ended: asyncio.Future[T]) -> None:
    """Cancel a guest's call again and again until it ends: a cancellation before the guest is entered is lost."""
    while not ended.done():
        serving.cancel()
        await asyncio.wait([ended], timeout=AGAIN)


class Loadable(msgspec.Struct, frozen=True):
    """Code that passed the gates that need no instance."""

    code: Code
    cached: bool
    changes: tuple[str, ...]
