"""Recorded calls of the components of a running runtime, and their replays."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cached_property

from airssys_tui.api.views.recordings import RecordingsView, ReplayedCall, ReplayReport
from airssys_tui.core.errors import UsageError
from airssys_tui.core.identity import Digest
from airssys_tui.core.manifest.document import decode_manifest
from airssys_tui.host.catalogue import INTERFACES
from airssys_tui.host.recording.host_table import HostTable
from airssys_tui.host.recording.recordings import Chain, Origin, Recordings
from airssys_tui.runtime.actors.serving import Blueprint
from airssys_tui.runtime.calling.replaying import PATIENCE, ReplayCode, Replaying, call_view
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.deploying.code_loading import load_code
from airssys_tui.runtime.machinery.machinery import Floor


class RecordingDesk:
    """Lists recorded calls and runs them again.

    Args:
        floor: The machinery.
        router: The components.
    """

    def __init__(self, floor: Floor, router: Router) -> None:
        self._floor = floor
        self._router = router

    @cached_property
    def _table(self) -> HostTable:
        return HostTable.of(INTERFACES)

    async def recordings(self, name: str) -> RecordingsView:
        """Return the recorded calls of a component."""
        component = self._router.find(name)
        return await self._floor.compiling(_view, component.name, _wanted(component), self._of(component))

    async def replay(self, name: str, call: int | None, revision: int | None, *, every: bool) -> ReplayReport:
        """Run recorded calls again.

        Args:
            name: The component.
            call: The number of the call; the newest one if it is None.
            revision: The revision to run; that of each recording if it is None.
            every: Run all of them.

        Raises:
            UsageError: If there is no such recording or revision, or both a call and all calls are asked for.
            StoreError: If the artifact of the revision is not kept.
        """
        component = self._router.find(name)
        if every and call is not None:
            raise UsageError("replay one call, or all of them")
        chains = _chosen(component, self._chains(component), call, every=every)
        origins = {chain.origin for chain, _ in chains}
        codes = {origin: await self._code(component, origin, revision) for origin in origins}
        found = await self._floor.candidate(_run, codes, chains, owner=component.name)
        kept = self._of(component)
        asked = found[-kept.most :] if every and kept is not None else found[-1:]
        return ReplayReport(component=component.name, revision=revision, calls=tuple(asked))

    def _of(self, component: Component) -> Recordings | None:
        services = self._floor.services.find(component.name)
        return None if services is None else services.recordings

    def _chains(self, component: Component) -> tuple[Chain, ...]:
        kept = self._of(component)
        return () if kept is None else kept.chains()

    async def _code(self, component: Component, origin: Origin, revision: int | None) -> ReplayCode:
        number = origin.revision if revision is None else revision
        record = await self._floor.disk(self._floor.state.catalog.revision, component.name, number)
        if record is None:
            raise UsageError(f"{component.name} has no revision r{number}", component=component.name)
        manifest, digest = decode_manifest(record.manifest), Digest(record.digest)
        code = (await load_code(self._floor, digest, limits=manifest.limits, tier=origin.tier)).code
        artifact = Blueprint(
            digest=digest,
            interface=code.interface,
            manifest=manifest,
            manifest_digest=record.manifest_digest,
            revision=number,
        )
        original = digest == origin.digest and code.tier is origin.tier
        return ReplayCode(self._floor.replaying_linker(code.tier), self._table, code, artifact.limits, original)


def _run(codes: Mapping[Origin, ReplayCode], chains: Sequence[tuple[Chain, int | None]]) -> list[ReplayedCall]:
    """Run chains again; runs on a worker."""
    until = time.monotonic() + PATIENCE
    return [call for chain, last in chains for call in Replaying(codes[chain.origin], chain, until).run(last)]


def _wanted(component: Component) -> int:
    return 0 if component.active is None else component.active.manifest.state.record


def _chosen(
    component: Component, chains: Sequence[Chain], call: int | None, *, every: bool
) -> list[tuple[Chain, int | None]]:
    """Return the chains to run, each with the number of its last call to run."""
    if every:
        return [(chain, None) for chain in chains if any(not call.asked for call in chain.calls)]
    numbers = [(one.number, chain) for chain in chains for one in chain.calls if not one.asked]
    if not numbers:
        raise UsageError(
            f"no call of {component.name} is recorded",
            remedy="set `record = 20` under [state] in its Component.toml",
            component=component.name,
        )
    number = numbers[-1][0] if call is None else call
    for known, chain in numbers:
        if known == number:
            return [(chain, number)]
    raise UsageError(
        f"call {number} of {component.name} is not recorded",
        remedy=f"recorded are {numbers[0][0]} to {numbers[-1][0]}",
        component=component.name,
    )


def _view(name: str, wanted: int, kept: Recordings | None) -> RecordingsView:
    if kept is None:
        return RecordingsView(component=name, wanted=wanted)
    calls = [(call, chain) for chain in kept.chains() for call in chain.calls if not call.asked]
    return RecordingsView(
        component=name,
        wanted=wanted,
        calls=tuple(call_view(call, chain) for call, chain in reversed(calls[-kept.most :])),
        bytes=kept.bytes,
        limit=kept.share,
        dropped=kept.dropped,
        cut=kept.cut,
    )
