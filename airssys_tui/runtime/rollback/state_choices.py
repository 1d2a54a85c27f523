"""What each state policy of a rollback would mean now; whether the state can be kept is found by trying it."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from airssys_tui.api.views.revisions import StateChoice
from airssys_tui.core.errors import AirssysError, GateRefusal, NotServing
from airssys_tui.core.events import Speaker
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import Digest
from airssys_tui.core.manifest.document import Manifest, decode_manifest
from airssys_tui.core.revision import StatePolicy
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.units import format_duration, format_size
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.contract import SavedState
from airssys_tui.runtime.actors.serving import Blueprint
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.kept_states import KeptState, KeptStates
from airssys_tui.runtime.deploying.code_loading import is_compiled, load_code
from airssys_tui.runtime.deploying.gate_checks import Passage
from airssys_tui.runtime.deploying.rehearsal import Rehearsal
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.store.catalog.records import RevisionRecord

PATIENCE: Final = 1.0
"""Seconds that trying the present state may take: the operator waits for the preview."""

NOT_REVERTED: Final = "; its storage is not reverted"


class Tried(msgspec.Struct, frozen=True):
    """Whether handing over the present state would work, as far as known, and the result in words."""

    works: bool
    text: str


class StateChoices:
    """Says what happens to the state in a rollback.

    Args:
        floor: The machinery.
        rehearsal: Makes the instance that tries.
        snapshots: The saved states.
    """

    def __init__(self, floor: Floor, rehearsal: Rehearsal, snapshots: KeptStates) -> None:
        self._floor = floor
        self._rehearsal = rehearsal
        self._snapshots = snapshots

    async def of(self, component: Component, target: RevisionRecord) -> tuple[StateChoice, ...]:
        """Return the policies, each with what it means now.

        A running component is asked for its state, as in an update. The target's code is run only if it is compiled: an
        instance of it is made, given that state, and discarded.

        Args:
            component: The component.
            target: The revision to go back to.
        """
        manifest = decode_manifest(target.manifest)
        tail = NOT_REVERTED if _stores(component, manifest) else ""
        if not component.stateful:
            text = one_line(f"r{_serving(component)} has no state to hand over: r{target.number} starts fresh{tail}")
            return (StateChoice(StatePolicy.KEEP, possible=True, text=text),)
        paired = await self._snapshots.latest(component, target.number, loader=target.number)
        tried = await self._try_bounded(component, target, manifest)
        return (
            StateChoice(StatePolicy.KEEP, possible=tried.works, text=one_line(tried.text + tail, 300)),
            StateChoice(
                StatePolicy.RESTORE, possible=paired is not None, text=self._restored(target.number, paired, tail)
            ),
            StateChoice(
                StatePolicy.FRESH,
                possible=True,
                text=one_line(f"start fresh; the present state is kept as a snapshot{tail}", 300),
            ),
        )

    def _restored(self, number: int, paired: KeptState | None, tail: str) -> GuestText:
        if paired is None:
            return one_line(f"no state of r{number} is kept")
        age = format_duration(max(0.0, self._floor.clock() - paired.at))
        size = format_size(len(paired.state.data))
        return one_line(f"the last state of r{number}: {size}, {age} old; what came after it is lost{tail}", 300)

    async def _try_bounded(self, component: Component, target: RevisionRecord, manifest: Manifest) -> Tried:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._try_out(component, target, manifest)
        except TimeoutError:
            return Tried(True, f"the present state goes along, if r{target.number} can load it (trying took too long)")
        except (AirssysError, GuestTrap) as error:
            return Tried(True, f"the present state goes along, if r{target.number} can load it (not tried: {error})")

    async def _try_out(self, component: Component, target: RevisionRecord, manifest: Manifest) -> Tried:
        label = f"r{target.number}" + (f" ({target.version})" if target.version else "")
        present = await self._present(component)
        if present is None:
            return Tried(True, f"there is no state to keep yet: {label} starts fresh")
        size, whose = format_size(len(present.data)), f"{present.version or f'r{_serving(component)}'}'s state"
        digest = Digest(target.digest)
        tier = self._floor.settings.tier.of(manifest)
        if not await is_compiled(self._floor, digest, tier):
            return Tried(
                True, f"the present state goes along, if {label} can load it: {size} (not tried: not compiled)"
            )
        code = (await load_code(self._floor, digest, limits=manifest.limits, tier=tier)).code
        if not contract.is_stateful(code.interface):
            return Tried(True, f"{label} takes no state: the present one, {size}, is only kept as a snapshot")
        artifact = Blueprint(
            digest=digest,
            interface=code.interface,
            manifest=manifest,
            manifest_digest=target.manifest_digest,
            revision=target.number,
        )
        try:
            with Passage().at(Gate.STATE_LOAD):
                serving = await self._rehearsal.prepare(component.name, artifact, code, Speaker.TRIAL)
                try:
                    await self._rehearsal.on_guest(serving, lambda guest: contract.load_state(guest, present))
                finally:
                    await self._rehearsal.discard(serving)
        except GateRefusal as refusal:
            return Tried(False, f"{label} cannot load {whose}, {size} (tried): {refusal.message}")
        return Tried(True, f"{label} could load {whose}: {size} (tried)")

    async def _present(self, component: Component) -> SavedState | None:
        try:
            saved: SavedState | None = await component.actor.post(contract.save_state, first=True)
        except NotServing:
            kept = await self._snapshots.latest(component)
            return kept.state if kept is not None else None
        return saved


def _serving(component: Component) -> int:
    return component.active.revision if component.active is not None else 0


def _stores(component: Component, target: Manifest) -> bool:
    manifests = (target, component.active.manifest if component.active is not None else target)
    return any(manifest.capabilities.storage is not None for manifest in manifests)
