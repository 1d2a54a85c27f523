"""What the catalog keeps of each attempt to deploy: its number, the gates it passed, and how it ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from airssys_tui.core.errors import AdmissionError, GateRefusal, StoreError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.manifest.document import encode_manifest
from airssys_tui.core.revision import Outcome
from airssys_tui.engine.admission import inspect
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.deploying.gate_checks import with_version
from airssys_tui.runtime.deploying.order import Attempt, Order
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.sources.folder import Reading
from airssys_tui.store.catalog.deployments import REHEARSED
from airssys_tui.store.catalog.records import GatesPassed, Refusal, RevisionRecord
from airssys_tui.store.disk.failpoint import failpoint
from airssys_tui.store.disk.free_space import require_room


class AttemptRecorder:
    """Records attempts.

    An attempt whose end cannot be recorded, mostly because the disk is full, stays open: its end is written before the
    next attempt. If the runtime ends before that, the next start closes it as aborted.

    Args:
        floor: The machinery.
    """

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._left_open: deque[Callable[[], None]] = deque()

    async def accept(self, component: Component, reading: Reading, order: Order) -> Attempt:
        """Give a candidate its number, and keep its files: a rollback can be forced even to refused files.

        Raises:
            StoreError: If it could not be recorded.
        """
        if self._left_open:
            await self.close_left_open()
        kept = await self._floor.files(self._keep, reading, from_files=order.from_files)
        attempt = await self._floor.commit(self._open, component, kept, order)
        failpoint("deploy/accepted")
        attempt.tell(f"accepted as r{attempt.revision}", EventAction.ACCEPTED)
        return attempt

    def _keep(self, reading: Reading, *, from_files: bool) -> Reading:
        """Keep the artifact, durably, before the catalog refers to it; return the reading with its version."""
        if from_files:
            require_room(self._floor.state.path, len(reading.wasm))
        self._floor.state.blobs.put(reading.wasm, reading.digest)
        return reading if reading.sections is not None else with_embedded_version(reading)

    def _open(self, component: Component, reading: Reading, order: Order) -> Attempt:
        state = self._floor.state
        if not state.blobs.has(reading.digest):  # collected in the meantime: nothing referred to it
            state.blobs.put(reading.wasm, reading.digest)
        with state.catalog.together():
            return self._record(component, reading, order)

    def _record(self, component: Component, reading: Reading, order: Order) -> Attempt:
        catalog, at = self._floor.state.catalog, self._floor.clock()
        catalog.upsert_component(component.name, component.files.key, at=at)
        deployment = catalog.begin_deployment(component.name, order.generation, reading.digest, order.cause, at=at)
        record = RevisionRecord(
            component=component.name,
            digest=reading.digest,
            manifest=encode_manifest(reading.manifest),
            manifest_digest=reading.manifest_digest,
            cause=order.cause,
            who=order.who,
            created_at=at,
            size=len(reading.wasm),
            version=reading.manifest.version,
            origin=order.origin,
            note=order.note,
        )
        added = catalog.add_revision(record, deployment=deployment)
        return Attempt(component, reading, order, added.number, deployment)

    def passed(self, attempt: Attempt) -> None:
        """Note that a candidate was rehearsed: it is recorded with the activation, or with the refusal."""
        encoded = msgspec.json.encode(attempt.passage.interface).decode()
        attempt.passed = GatesPassed(_gates(attempt), encoded, self._floor.clock())

    async def record_passed(self, attempt: Attempt) -> None:
        """Record now that a candidate was rehearsed, because its switch takes a while.

        Raises:
            StoreError: If it could not be recorded.
        """
        await self._floor.commit(self._write_passed, attempt, attempt.passed)
        attempt.passed = None

    def _write_passed(self, attempt: Attempt, passed: GatesPassed | None) -> None:
        catalog = self._floor.state.catalog
        if passed is not None:
            with catalog.together():
                catalog.set_interface(attempt.component.name, attempt.revision, passed.interface)
                catalog.stage(attempt.deployment, REHEARSED, passed.gates, at=passed.at)

    async def close(self, attempt: Attempt, outcome: str, reason: str, refusal: Refusal | None = None) -> None:
        """Record the end of an attempt that failed; if that is not possible now, do it later.

        Args:
            attempt: The attempt.
            outcome: ``refused`` or ``cancelled``.
            reason: Why it failed.
            refusal: The refusal to remember, so that the same files are not tried again automatically.
        """
        catalog, at, passed = self._floor.state.catalog, self._floor.clock(), attempt.passed

        def write() -> None:
            with catalog.together():
                if refusal is not None:
                    catalog.remember_refusal(refusal)
                self._write_passed(attempt, passed)
                self._keep_interface(attempt)
                catalog.stage(attempt.deployment, outcome, _gates(attempt), at=at)
                catalog.set_outcome(attempt.component.name, attempt.revision, Outcome.FAILED, reason, at)
                catalog.finish(attempt.deployment, outcome, reason, at=at)

        try:
            await self._floor.commit(write)
        except StoreError as error:
            self._left_open.append(write)
            attempt.tell(f"could not be recorded: {error.message}", EventAction.STORE, Level.ERROR)

    async def close_left_open(self) -> None:
        """Record the ends of attempts that could not be recorded in time.

        Raises:
            StoreError: If they still cannot be recorded.
        """
        await self._floor.disk(self._close_left_open)

    def _close_left_open(self) -> None:
        while self._left_open:
            self._left_open[0]()
            self._left_open.popleft()

    def _keep_interface(self, attempt: Attempt) -> None:
        interface = attempt.passage.interface
        if interface is not None:
            encoded = msgspec.json.encode(interface).decode()
            self._floor.state.catalog.set_interface(attempt.component.name, attempt.revision, encoded)


def _gates(attempt: Attempt) -> str:
    return msgspec.json.encode(attempt.passage.times).decode()


def with_embedded_version(reading: Reading) -> Reading:
    """Give a manifest without a version the one in the wasm file; a file that is wrong is refused at its gate later."""
    try:
        found = inspect(reading.wasm)
        manifest = with_version(reading.manifest, found.version)
    except (AdmissionError, GateRefusal):
        return reading
    return msgspec.structs.replace(reading, manifest=manifest, sections=None if found.asynchronous else found)
