"""A simulated component; commands change it by the rules of ``core``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from airssys_tui.api.commands import Rollback
from airssys_tui.api.played import meters
from airssys_tui.api.played.meters import Load
from airssys_tui.api.played.revisions import (
    PlayedRevision,
    Release,
    appended,
    find_active,
    make_revision,
    revised,
    serving_fields,
)
from airssys_tui.api.views.components import ComponentDetail, ComponentView, Note, NoteKind
from airssys_tui.api.views.past import StateView
from airssys_tui.api.views.revisions import RevisionView
from airssys_tui.core.errors import GateRefusal, NotServing, TransitionError, UsageError
from airssys_tui.core.events import Event, EventAction
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import short_digest
from airssys_tui.core.lifecycle import NO_RECOVERY, Desired, Health, State, advance
from airssys_tui.core.revision import Cause, Outcome, Revision, kept_note, rollback_target
from airssys_tui.core.text import GuestText, sanitise

LIGHT: Final = Load()

Said = tuple[str, EventAction]
"""Text for the event, and the event's action."""


@dataclass
class PlayedComponent:
    """A component in a :class:`~airssys_tui.api.played.runtime.PlayedRuntime`.

    Attributes:
        view: Its row.
        load: Its resource usage while it runs.
        timeline: Its revisions, oldest first.
        releases: Its artifacts by digest.
        on_disk: The release that is on disk.
        held_digests: Held digests.
        detail: Its details; :attr:`view` replaces the row in them.
    """

    view: ComponentView
    load: Load = LIGHT
    timeline: list[PlayedRevision] = field(default_factory=list)
    releases: dict[str, Release] = field(default_factory=dict)
    on_disk: Release | None = None
    held_digests: set[str] = field(default_factory=set)
    detail: ComponentDetail | None = None

    @property
    def id(self) -> str:
        """Text form of the identity."""
        return self.view.id

    @property
    def active(self) -> PlayedRevision | None:
        """The active revision."""
        return find_active(self.timeline)

    def touch(self, generation: int) -> None:
        """Record the generation in which the row changed."""
        self.view = msgspec.structs.replace(self.view, generation=generation)

    def change(self, **changes: object) -> None:
        """Change fields of the view."""
        self.view = msgspec.structs.replace(self.view, **changes)

    def prove(self) -> None:
        """Mark the active revision as stable, as a passed probation does."""
        active = self.active
        if active is not None:
            self.revise(active.number, stable=True)
        self.change(stable=True)

    def newest_first(self) -> tuple[RevisionView, ...]:
        """Return the timeline, newest first."""
        return tuple(each.view for each in reversed(self.timeline))

    @property
    def exports(self) -> tuple[str, ...]:
        """The signatures that the active revision exports."""
        return self.exports_of(self.view.digest)

    def find_export(self, name: str) -> str | None:
        """Return the full path of an export, given that path or the function's name; None if not found."""
        for path in (line.rpartition(": func(")[0] for line in self.exports):
            if name in {path, path.rpartition("#")[2]}:
                return path
        return None

    def describe(self, recent: tuple[Event, ...]) -> ComponentDetail:
        """Return everything about the component."""
        detail = self.detail or ComponentDetail(view=self.view)
        exports = detail.exports or tuple(map(sanitise, self.exports))
        return msgspec.structs.replace(
            detail, view=self.view, exports=exports, revisions=self.newest_first(), recent=recent
        )

    def start(self, now: float) -> Said:
        """Start it.

        Raises:
            TransitionError: If the lifecycle does not allow it.
        """
        state = self.view.state
        if state is State.UNINSTALLED:
            state = advance(self.id, advance(self.id, state, "start", State.INSTALLING), "start", State.INSTALLED)
        state = advance(self.id, state, "start", State.STARTING)
        self._serve(advance(self.id, state, "start", State.RUNNING), now)
        return f"started r{self.view.revision}", EventAction.STARTED

    def stop(self, now: float) -> Said:
        """Stop it.

        Raises:
            TransitionError: If the lifecycle does not allow it.
        """
        state = advance(self.id, self.view.state, "stop", State.STOPPING)
        self._rest(advance(self.id, state, "stop", State.STOPPED), "stopped by operator", now)
        return f"stopped r{self.view.revision}", EventAction.STOPPED

    def restart(self, now: float) -> Said:
        """Replace the instance."""
        if self.view.state is not State.RUNNING:
            return self.start(now)
        self._serve(State.RUNNING, now)
        return f"restarted r{self.view.revision}", EventAction.RESTARTED

    def unload(self, now: float) -> Said:
        """Unload it; its history stays."""
        state = self.view.state
        if state is State.RUNNING:
            state = advance(self.id, advance(self.id, state, "unload", State.STOPPING), "unload", State.STOPPED)
        self._rest(advance(self.id, state, "unload", State.UNINSTALLED), "unloaded by operator", now)
        return "unloaded", EventAction.UNLOAD

    def reload(self, now: float, *, force: bool) -> Said:
        """Deploy the release on disk and lift all holds.

        Raises:
            GateRefusal: If the release does not pass a gate.
            TransitionError: If the component already serves the release on disk.
        """
        release = self.on_disk
        if release is None:
            raise GateRefusal(f"{self.id} has no file on disk", gate=Gate.SIZE, component=self.id)
        self.held_digests.clear()
        self.change(held=(), note=Note())
        active = self.active
        if active is not None and active.digest == release.digest and self.view.state is State.RUNNING:
            raise TransitionError(
                f"{self.id} already serves what is on disk",
                remedy="restart it for a fresh instance",
                component=self.id,
            )
        said = self.deploy(release, now, force=force)
        if said[1] is EventAction.REFUSED and release.gate is not None:
            remedy = "reload with force to accept it" if release.gate is Gate.COMPATIBILITY else "correct the component"
            raise GateRefusal(f"{self.id}: {said[0]}", gate=release.gate, remedy=remedy, component=self.id)
        return said

    def deploy(self, release: Release, now: float, *, force: bool) -> Said:
        """Deploy a release as a new revision, which becomes active unless a gate refuses it."""
        self.releases[release.digest] = release
        previous = self.active
        refused = release.gate is not None and not (force and release.gate is Gate.COMPATIBILITY)
        cause = Cause.RELOAD if self.timeline else Cause.DEPLOY
        if refused:
            why = f"refused at {release.gate}: {release.reason}"
            ended = {"outcome": Outcome.FAILED, "outcome_reason": why, "outcome_at": now}
            self._append(make_revision(self.id, self.next_number, release, now, cause=cause, **ended), now)
            self.change(note=Note(NoteKind.REFUSED, sanitise(f"reload failed: {release.reason}")))
            serving = f" · r{previous.number} keeps serving" if previous else ""
            return f"refused {release.label} at {release.gate}: {release.reason}{serving}", EventAction.REFUSED
        self._take_over(release, now, cause=cause)
        self._serve(State.RUNNING, now)
        before = f"r{previous.number} → " if previous else ""
        return f"switched {before}r{self.view.revision} in 0.4 ms (2 calls queued)", EventAction.SWITCHED

    def roll_back(self, command: Rollback, now: float, who: str) -> Said:
        """Roll back to an earlier revision by creating a new one with its artifact.

        Raises:
            RollbackRefused: If :func:`~airssys_tui.core.revision.rollback_target` refuses the target.
        """
        current = self.active
        target = rollback_target(self.timeline, self.id, to=command.to, force=command.force)
        held = self.held_after(target)
        note = kept_note(command.note)
        again = {"cause": Cause.ROLLBACK, "origin": target.lineage, "stable": True, "who": who, "note": note}
        self._take_over(self.releases[target.digest], now, **again)
        self.held_digests = held
        labels = self.labels(held)
        on_disk = f"held: {self.on_disk.label} on disk" if self.on_disk and self.on_disk.digest in held else ""
        self._serve(State.RUNNING, now)
        self.change(held=labels, note=Note(NoteKind.HELD, sanitise(on_disk)) if on_disk else Note())
        steps = f"r{current.number} → r{self.view.revision}" if current else f"r{self.view.revision}"
        return f"rolled back {steps} (as r{target.lineage}), state: {command.state}", EventAction.SWITCHED

    def restore(self, state: StateView, now: float, who: str) -> Said:
        """Load a saved state into the active artifact; this makes a new revision.

        Raises:
            NotServing: If no revision is active.
        """
        current = self.active
        if current is None:
            raise NotServing(f"{self.id} has no active revision that could load a state", component=self.id)
        again = {"cause": Cause.RESTORE, "origin": current.lineage, "stable": True, "who": who}
        self._take_over(self.releases[current.digest], now, **again)
        self._serve(State.RUNNING, now)
        self.change(state_bytes=state.size, state_saved_at=state.at)
        return f"state {state.id} of r{state.revision} restored as r{self.view.revision}", EventAction.SWITCHED

    def find(self, number: int) -> PlayedRevision:
        """Return a revision.

        Raises:
            UsageError: If no revision has that number.
        """
        found = next((each for each in self.timeline if each.number == number), None)
        if found is None:
            raise UsageError(f"{self.id} has no revision r{number}", remedy="`versions` lists them", component=self.id)
        return found

    def revise(self, number: int, **changes: Any) -> None:
        """Change fields of a revision, and update the row's quarantined and stable fields."""
        self.timeline = [revised(each, changes) if each.number == number else each for each in self.timeline]
        quarantined = tuple(each.number for each in self.timeline if each.outcome is Outcome.QUARANTINED)
        active = self.active
        self.change(quarantined=quarantined, stable=active.stable if active else self.view.stable)

    @property
    def next_number(self) -> int:
        """Number of the next revision."""
        return self.timeline[-1].number + 1 if self.timeline else 1

    def held_after(self, target: Revision) -> set[str]:
        """Return the digests that a rollback to a revision holds; an artifact has one manifest here."""
        return {one.digest for one in (self.active, self.on_disk) if one is not None} - {target.digest}

    def labels(self, digests: Iterable[str]) -> tuple[GuestText, ...]:
        """Return the display names of artifacts, sorted."""
        known = self.releases
        return tuple(sorted(known[each].label if each in known else sanitise(short_digest(each)) for each in digests))

    def exports_of(self, digest: str | None) -> tuple[str, ...]:
        """Return the signatures that an artifact exports; empty if the artifact is unknown."""
        release = self.releases.get(digest or "")
        return release.exports if release else ()

    def _take_over(self, release: Release, now: float, **fields: Any) -> None:
        new = make_revision(self.id, self.next_number, release, now, **serving_fields(release, now), **fields)
        self._append(new, now)
        self.change(version=new.version, revision=new.number, digest=new.digest, stable=new.stable)

    def _append(self, revision: PlayedRevision, now: float) -> None:
        self.timeline = appended(self.timeline, revision, now)

    def _serve(self, state: State, now: float) -> None:
        self.change(
            state=state,
            health=Health.HEALTHY,
            recovery=NO_RECOVERY,
            desired=Desired.RUNNING,
            started_at=now,
            note=self.view.note if self.view.note.kind is NoteKind.HELD else Note(),
            meters=meters.metered(self.id, self.load, now),
            state_saved_at=now if self.view.stateful else None,
        )

    def _rest(self, state: State, why: str, now: float) -> None:
        self.change(
            state=state,
            health=Health.UNKNOWN,
            recovery=NO_RECOVERY,
            desired=Desired.STOPPED,
            started_at=None,
            note=Note(NoteKind.INFO, sanitise(why)),
            meters=meters.idle(self.load),
            state_saved_at=now if self.view.stateful else None,
        )
