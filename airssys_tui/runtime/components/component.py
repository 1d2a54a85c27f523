"""One component as the control loop knows it. Read and written on the control loop only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from airssys_tui.api.views.components import Note, NoteKind
from airssys_tui.core.identity import ComponentId, short_digest
from airssys_tui.core.lifecycle import NO_RECOVERY, Desired, Health, Recovery, State, advance
from airssys_tui.core.supervision import RestartBudget
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.actors.actor import Actor
from airssys_tui.runtime.actors.serving import Artifact, Serving
from airssys_tui.runtime.components.trial import Trial
from airssys_tui.runtime.metering.series import Series
from airssys_tui.runtime.metering.uptime import Uptime
from airssys_tui.store.catalog.records import Hold, Refusal

MAX_REFUSALS: Final = 64
"""Refusals, and artifacts in quarantine, that are remembered per component; the oldest goes first."""


class OnDisk(msgspec.Struct, frozen=True):
    """What was last read from the component's files."""

    digest: str
    manifest_digest: str
    version: str | None

    @property
    def label(self) -> GuestText:
        """The version, or the short digest when there is none."""
        return one_line(self.version or short_digest(self.digest), 64)


class Quarantined(msgspec.Struct, frozen=True):
    """Files that failed on probation: the revision they were, and why."""

    number: int
    reason: GuestText


class Component:
    """The control state of one component.

    Args:
        identity: Who it is.
        actor: What callers hold.
        changed: Called when something that is shown has changed.
    """

    def __init__(self, identity: ComponentId, actor: Actor, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._dirty = True
        self.id = identity
        self.name = str(identity)
        self.actor = actor
        self.lock = asyncio.Lock()
        self.state = State.UNINSTALLED
        self.health = Health.UNKNOWN
        self.recovery: Recovery = NO_RECOVERY
        self.desired = Desired.RUNNING
        self.kind = "passive"
        self.source = ""
        self.present = False
        self.detached = False
        self.left = False
        self.unloaded = False
        self.active: Artifact | None = None
        self.stable = False
        self.activated_at: float | None = None
        self.candidate: int | None = None
        self.on_disk: OnDisk | None = None
        self.holds: tuple[Hold, ...] = ()
        self.unreadable: Refusal | None = None
        self.refusals: dict[tuple[str, str], Refusal] = {}
        self.trouble = GuestText("")
        self.remark = GuestText("")
        self.generation = 0
        self.deploying: asyncio.Task[object] | None = None
        self.trying: OnDisk | None = None
        self.restarting: asyncio.Task[object] | None = None
        self.retry_at = 0.0
        self.budget = RestartBudget()
        self.uptime = Uptime()
        self.trial: Trial | None = None
        self.quarantined: dict[tuple[str, str], Quarantined] = {}
        self.condemned = False
        self.chain: tuple[GuestText, ...] = ()
        self.origin: int | None = None
        self.restarts = 0
        self.clean = True
        self.unhealthy_in_a_row = 0
        self.health_due = 0.0
        self.checking = False
        self.command: Serving | None = None
        self.command_ended: asyncio.Future[str] | None = None
        self.started_at: float | None = None
        self.state_bytes: int | None = None
        self.state_saved_at: float | None = None
        self.series = Series()

    @property
    def dirty(self) -> bool:
        """Whether something that is shown has changed since it was last published."""
        return self._dirty

    @dirty.setter
    def dirty(self, dirty: bool) -> None:
        self._dirty = dirty
        if dirty:
            self._changed()

    @property
    def version(self) -> str | None:
        """Version of the active revision."""
        return self.active.manifest.version if self.active else None

    @property
    def stateful(self) -> bool:
        """Whether the active revision can hand over its state."""
        from airssys_tui.runtime.actors.contract import is_stateful  # noqa: PLC0415 - contract knows Serving, not us

        return self.active is not None and is_stateful(self.active.interface)

    def enter(self, event: str, target: State) -> None:
        """Go to another state, if the table allows it.

        Raises:
            TransitionError: If it does not.
        """
        self.tick()
        self.state = advance(self.name, self.state, event, target)
        self.dirty = True

    def tick(self) -> float:
        """Return the seconds that it was up and not unwell in this runtime; called at every change of that."""
        updating = self.state is State.UPDATING and self.actor.serving is not None
        return self.uptime.tick((self.state is State.RUNNING or updating) and self.health is not Health.UNHEALTHY)

    def install(self, artifact: Artifact, kind: str, now: float, *, stable: bool, fallback: bool = False) -> None:
        """Take over a revision that was activated: what was said of the one before is void.

        Args:
            artifact: What serves from now on.
            kind: How it is run.
            now: Unix time.
            stable: Whether it is stable from the start.
            fallback: Whether it was gone back to automatically: then what was refused on disk stays refused.
        """
        self.active = artifact
        self.condemned = False
        self.budget = RestartBudget()
        self.kind = kind
        self.stable = stable
        self.activated_at = now
        self.clean = True
        self.left = False
        if not fallback:
            self.unreadable = None
            self.refusals.clear()
            self.chain = ()
        self.unhealthy_in_a_row = 0
        self.recovery = NO_RECOVERY
        self.trouble = self.remark = GuestText("")

    @property
    def refusal(self) -> Refusal | None:
        """Why what is on disk is not deployed, if it was refused."""
        if self.unreadable is not None:
            return self.unreadable
        disk = self.on_disk
        return self.refusals.get((disk.digest, disk.manifest_digest)) if disk is not None else None

    def refuse(self, refusal: Refusal) -> None:
        """Remember a refusal, so that the same files are not tried again by themselves."""
        while len(self.refusals) >= MAX_REFUSALS:
            self.refusals.pop(next(iter(self.refusals)))
        self.refusals[refusal.digest, refusal.manifest_digest] = refusal
        self.dirty = True

    def serves(self, digest: str, manifest_digest: str) -> bool:
        """Return whether the active revision is this artifact with this manifest."""
        active = self.active
        return active is not None and (active.digest, active.manifest_digest) == (digest, manifest_digest)

    def holds_disk(self) -> bool:
        """Return whether what is on disk is held back."""
        return self.on_disk is not None and any(hold.digest == self.on_disk.digest for hold in self.holds)

    def quarantine_of(self, digest: str, manifest_digest: str) -> Quarantined | None:
        """Return why files are in quarantine, if they are."""
        return self.quarantined.get((digest, manifest_digest))

    def condemn(self, artifact: Artifact, reason: GuestText) -> None:
        """Remember that an artifact failed on probation."""
        while len(self.quarantined) >= MAX_REFUSALS:
            self.quarantined.pop(next(iter(self.quarantined)))
        self.quarantined[artifact.digest, artifact.manifest_digest] = Quarantined(artifact.revision, reason)
        self.dirty = True

    def _fallen(self) -> GuestText:
        disk = self.on_disk
        bad = self.quarantine_of(disk.digest, disk.manifest_digest) if disk is not None else None
        if bad is None or (disk is not None and self.serves(disk.digest, disk.manifest_digest)):
            return GuestText("")
        back = f" · back on r{self.origin}" if self.origin is not None else ""
        return one_line(f"r{bad.number} quarantined: {bad.reason}{back}", 300)

    def note(self) -> Note:
        """Return the one thing to know about this component now."""
        if self.trouble:
            return Note(NoteKind.TROUBLE, self.trouble)
        fallen = self._fallen()
        if fallen:
            return Note(NoteKind.TROUBLE, fallen)
        if self.on_disk is not None and self.holds_disk():
            return Note(NoteKind.HELD, GuestText(f"held: {self.on_disk.label} on disk"))
        refusal = self.refusal
        if refusal is not None:
            label = f"{self.on_disk.label} " if self.on_disk is not None and self.unreadable is None else ""
            return Note(NoteKind.REFUSED, one_line(f"{label}refused at {refusal.gate}: {refusal.reason}", 300))
        return Note(NoteKind.INFO, self.remark) if self.remark else Note()
