"""Comparing a candidate with the revision that serves, at the gate, by the same inputs: saved checks and health probe.

Fuel is deterministic, so one run of the same input on both revisions shows a rise before anybody calls. Each runs in
fresh instances of its own, as ``verify`` does: neither the running instance nor state and storage are touched. What
gives no result in one of the two, because it traps there or is not there, is not compared.

The comparison is bounded: after :data:`PATIENCE` seconds no further check is run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from airssys_tui.api.views.calling import Check, CheckOutcome
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.probation import Findings, SameInput
from airssys_tui.core.revision import Tier
from airssys_tui.engine.compiled import Code
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.actors.component_tenant import ComponentTenant
from airssys_tui.runtime.actors.contract import SavedState
from airssys_tui.runtime.actors.instantiation import Making
from airssys_tui.runtime.actors.serving import Blueprint
from airssys_tui.runtime.calling.replay import Replay, check_view
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.deploying.code_loading import cached_code, code_for, load_code
from airssys_tui.runtime.guard.grant_desk import GrantDesk
from airssys_tui.runtime.linking.link_ports import linker_for
from airssys_tui.runtime.machinery.journal import Journal
from airssys_tui.runtime.machinery.machinery import Floor

PATIENCE: Final = 10.0
"""Seconds after which no further saved check is compared."""

PROBE: Final = "the health probe"


class _Side(msgspec.Struct, frozen=True):
    """One of the two revisions: its artifact, the code that is run and its kind."""

    artifact: Blueprint
    code: Code
    kind: str


class _Ran(msgspec.Struct, frozen=True):
    """What the inputs did in one revision."""

    outcomes: tuple[CheckOutcome, ...]
    probe: int | None


class GateComparison:
    """Compares candidates with the active revision.

    Args:
        floor: The machinery.
    """

    def __init__(self, floor: Floor, guards: GrantDesk) -> None:
        self._floor = floor
        self._guards = guards

    async def of(self, component: Component, candidate: Blueprint, kind: str, state: SavedState | None) -> Findings:
        """Compare a candidate with the active revision of its component.

        Args:
            component: The component.
            candidate: The candidate.
            kind: ``actor``, ``passive`` or ``command``.
            state: The state that the health probe finds in both; None for a fresh one.

        Returns:
            What was found; empty for a first revision, and for one whose predecessor cannot be run.
        """
        active = component.active
        if active is None or active.digest == candidate.digest:
            return Findings()
        records = await self._floor.disk(self._floor.state.catalog.checks, component.name)
        checks, probes = tuple(check_view(record) for record in records), _has_probe(candidate)
        if not checks and not (probes and _has_probe(active)):
            return Findings()
        code = await self._code(candidate)
        if code is None:
            return Findings()
        now = await self._run(component, _Side(candidate, code, kind), checks, state)
        before, old = None, await self._code(active, code.tier)  # fuel is comparable within a tier only
        if old is not None and old.tier is code.tier:
            before = await self._run(component, _Side(active, old, component.served.kind), checks, state)
        return _findings(checks, before, now)

    async def _code(self, artifact: Blueprint, tier: Tier | None = None) -> Code | None:
        """Return the code of an artifact, in a tier if one is named; None if it is not at hand."""
        try:
            if tier is Tier.BASELINE:  # what runs optimised is not compiled once more to be compared
                return await cached_code(self._floor, artifact.digest, tier)
            if tier is Tier.OPTIMISED:
                return (await load_code(self._floor, artifact.digest)).code
            return await code_for(self._floor, artifact)
        except AirssysError:
            return None

    async def _run(
        self, component: Component, side: _Side, checks: tuple[Check, ...], state: SavedState | None
    ) -> _Ran:
        floor, artifact, kind = self._floor, side.artifact, side.kind
        until = time.monotonic() + PATIENCE / 2
        unheard = Journal(floor.clock)  # what it prints here is nobody's news

        def making() -> Making:
            guard = self._guards.guard(component.name, artifact.manifest, artifact.revision)
            tenant = ComponentTenant(component.name, artifact.manifest, unheard, floor.workers, guard=guard)
            return Making(partial(linker_for, floor.tiers, side.code), artifact, side.code, tenant)

        def run() -> _Ran:
            return _Ran(Replay(making(), kind).run(checks, until), _probe(making, artifact, state, kind))

        return await floor.candidate(run, owner=component.name)


def _has_probe(artifact: Blueprint) -> bool:
    return artifact.interface.exports_interface(contract.HEALTH)


def _probe(making: Callable[[], Making], artifact: Blueprint, state: SavedState | None, kind: str) -> int | None:
    """Return the fuel of the health probe in a fresh instance; None if there is none or it gives no answer."""
    if kind == "command" or not _has_probe(artifact):
        return None
    try:
        serving = making().run()
    except AirssysError:
        return None
    try:
        contract.initialise(serving)
        if state is not None and contract.is_stateful(artifact.interface):
            contract.load_state(serving, state)
        before = serving.instance.meters.fuel_total
        contract.check_health(serving)
        return serving.instance.meters.fuel_total - before
    except AirssysError:
        return None
    finally:
        serving.close()


def _findings(checks: tuple[Check, ...], before: _Ran | None, now: _Ran) -> Findings:
    same = []
    if before is not None:
        for check, old, new in zip(checks, before.outcomes, now.outcomes, strict=False):  # fewer if time ran out
            if old.fuel is not None and new.fuel is not None:
                same.append(SameInput(f"check {check.name}", old.fuel, new.fuel))
        if before.probe is not None and now.probe is not None:
            same.append(SameInput(PROBE, before.probe, now.probe))
    failed = tuple(outcome.check.name for outcome in now.outcomes if not outcome.passed)
    passed = sum(outcome.passed for outcome in now.outcomes)
    complete = len(now.outcomes) == len(checks)
    return Findings(tuple(same), passed if complete else 0, failed)
