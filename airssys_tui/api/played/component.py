"""One played component: its releases, its timeline and what commands do to it, by the rules of ``core``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from airssys_tui.api.commands import Rollback
from airssys_tui.api.played import meters
from airssys_tui.api.played.meters import Load
from airssys_tui.api.views.components import ComponentDetail, ComponentView, Note, NoteKind
from airssys_tui.api.views.past import StateView
from airssys_tui.api.views.revisions import DiffLine, RevisionDiff, RevisionView, RollbackPreview, StateChoice
from airssys_tui.core.errors import GateRefusal, NotServing, TransitionError, UsageError
from airssys_tui.core.events import Event, EventAction
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import digest_of, short_digest
from airssys_tui.core.lifecycle import NO_RECOVERY, Desired, Health, State, advance
from airssys_tui.core.revision import Cause, Outcome, Revision, held_after_rollback, rollback_target
from airssys_tui.core.text import GuestText, sanitise

LIGHT: Final = Load()

GATES: Final = (
    (Gate.SIZE, 0.1),
    (Gate.SECTIONS, 0.4),
    (Gate.COMPILE, 41.0),
    (Gate.TYPES, 1.2),
    (Gate.INIT, 3.5),
    (Gate.HEALTH_PROBE, 0.8),
)
"""Gates that a revision passed, with milliseconds."""

Said = tuple[str, EventAction]
"""A line for people and the event's action."""


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact that can be on disk.

    Attributes:
        version: SemVer text, or nothing.
        exports: ``path: signature`` each.
        gate: The gate that refuses it, when one does.
        reason: Why it refuses.
        size: Bytes.
        state_bytes: Size of its state.
        fuel_per_call: Fuel units per call.
    """

    version: str | None
    exports: tuple[str, ...] = ()
    gate: Gate | None = None
    reason: str = ""
    size: int = 18_432
    state_bytes: int | None = None
    fuel_per_call: float | None = None
    salt: str = ""

    @property
    def digest(self) -> str:
        """The artifact's identity, made from all of its fields."""
        return digest_of(repr(self).encode("utf-8", "backslashreplace"))

    @property
    def label(self) -> GuestText:
        """What people call it: the version, or a short digest."""
        return sanitise(self.version or short_digest(self.digest))


@dataclass
class FakeComponent:
    """A component in a :class:`~airssys_tui.api.played.runtime.FakeRuntime`.

    Attributes:
        view: Its row.
        load: What it uses when it runs.
        timeline: Its revisions, oldest first.
        releases: Artifacts by digest.
        on_disk: The release whose file is there.
        held_digests: Digests held back.
        detail: What does not change, without the view.
    """

    view: ComponentView
    load: Load = LIGHT
    timeline: list[RevisionView] = field(default_factory=list)
    releases: dict[str, Release] = field(default_factory=dict)
    on_disk: Release | None = None
    held_digests: set[str] = field(default_factory=set)
    detail: ComponentDetail | None = None

    @property
    def id(self) -> str:
        """Text form of the identity."""
        return self.view.id

    @property
    def active(self) -> RevisionView | None:
        """The revision that serves."""
        return next((each for each in self.timeline if each.outcome is Outcome.ACTIVE), None)

    def touch(self, generation: int) -> None:
        """Mark the row as changed."""
        self.view = msgspec.structs.replace(self.view, generation=generation)

    def change(self, **changes: object) -> None:
        """Change fields of the view."""
        self.view = msgspec.structs.replace(self.view, **changes)

    def bless(self) -> None:
        """Mark the active revision as stable, as a probation that was passed does."""
        self.timeline = [
            msgspec.structs.replace(each, stable=True) if each.outcome is Outcome.ACTIVE else each
            for each in self.timeline
        ]
        self.change(stable=True)

    def newest_first(self) -> tuple[RevisionView, ...]:
        """Return the timeline, newest first."""
        return tuple(reversed(self.timeline))

    @property
    def exports(self) -> tuple[str, ...]:
        """The signatures that the active revision exports."""
        return self._exports(self.view.digest)

    def find_export(self, name: str) -> str | None:
        """Return the full path of an export named in full or by its function."""
        for path in (line.rpartition(": func(")[0] for line in self.exports):
            if name in {path, path.rpartition("#")[2]}:
                return path
        return None

    def describe(self, recent: tuple[Event, ...]) -> ComponentDetail:
        """Return everything about the component."""
        detail = self.detail or ComponentDetail(view=self.view)
        exports = detail.exports or tuple(map(sanitise, self._exports(self.view.digest)))
        return msgspec.structs.replace(
            detail, view=self.view, exports=exports, revisions=self.newest_first(), recent=recent
        )

    def start(self, now: float) -> Said:
        """Start it; refused unless the lifecycle allows it."""
        state = self.view.state
        if state is State.UNINSTALLED:
            state = advance(self.id, advance(self.id, state, "start", State.INSTALLING), "start", State.INSTALLED)
        state = advance(self.id, state, "start", State.STARTING)
        self._serve(advance(self.id, state, "start", State.RUNNING), now)
        return f"started r{self.view.revision}", EventAction.STARTED

    def stop(self, now: float) -> Said:
        """Stop it; refused unless the lifecycle allows it."""
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
        """Take it out of the system; its history stays."""
        state = self.view.state
        if state is State.RUNNING:
            state = advance(self.id, advance(self.id, state, "unload", State.STOPPING), "unload", State.STOPPED)
        self._rest(advance(self.id, state, "unload", State.UNINSTALLED), "unloaded by operator", now)
        return "unloaded", EventAction.UNLOAD

    def reload(self, now: float, *, force: bool) -> Said:
        """Deploy what is on disk, lifting holds.

        Raises:
            GateRefusal: If the release does not pass a gate.
            TransitionError: If it already serves what is on disk.
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
        """Take a release through the gates: a new revision that serves, or that failed."""
        self.releases[release.digest] = release
        previous = self.active
        refused = release.gate is not None and not (force and release.gate is Gate.COMPATIBILITY)
        reason = f"refused at {release.gate}: {release.reason}" if refused else ""
        cause = Cause.RELOAD if self.timeline else Cause.DEPLOY
        self._append(release, now, cause, Outcome.FAILED if refused else Outcome.ACTIVE, reason=reason)
        if refused:
            self.change(note=Note(NoteKind.REFUSED, sanitise(f"reload failed: {release.reason}")))
            serving = f" · r{previous.number} keeps serving" if previous else ""
            return f"refused {release.label} at {release.gate}: {release.reason}{serving}", EventAction.REFUSED
        self._serve(State.RUNNING, now)
        before = f"r{previous.number} → " if previous else ""
        return f"switched {before}r{self.view.revision} in 0.4 ms (held 2 calls)", EventAction.SWITCHED

    def roll_back(self, command: Rollback, now: float, who: str) -> Said:
        """Go back to an earlier revision, as a new one.

        Raises:
            RollbackRefused: By the rules of :func:`~airssys_tui.core.revision.rollback_target`.
        """
        current = self.active
        target = rollback_target(self.rules(), self.id, to=command.to, force=command.force)
        disk = self.on_disk.digest if self.on_disk else None
        held = held_after_rollback(_rule(self.id, current) if current else None, disk, target)
        release = self.releases[target.digest]
        origin = target.origin if target.origin is not None else target.number
        self._append(release, now, Cause.ROLLBACK, Outcome.ACTIVE, origin=origin, who=who, note=command.note)
        self.held_digests = set(held)
        labels = self._labels(held)
        on_disk = f"held: {self.on_disk.label} on disk" if self.on_disk and disk in held else ""
        self._serve(State.RUNNING, now)
        self.change(held=labels, note=Note(NoteKind.HELD, sanitise(on_disk)) if on_disk else Note())
        before = f"r{current.number} → " if current else ""
        return f"rolled back {before}r{self.view.revision} (as r{origin}), state: {command.state}", EventAction.SWITCHED

    def restore(self, state: StateView, now: float, who: str) -> Said:
        """Serve the active artifact with an earlier state, as a new revision.

        Raises:
            NotServing: If nothing serves.
        """
        current = self.active
        if current is None:
            raise NotServing(f"{self.id} serves nothing that could load a state", component=self.id)
        origin = current.origin if current.origin is not None else current.number
        self._append(self.releases[current.digest], now, Cause.RESTORE, Outcome.ACTIVE, origin=origin, who=who)
        self._serve(State.RUNNING, now)
        self.change(state_bytes=state.size, state_saved_at=state.at)
        return f"state {state.id} of r{state.revision} restored as r{self.view.revision}", EventAction.SWITCHED

    def find(self, number: int) -> RevisionView:
        """Return a revision.

        Raises:
            UsageError: If there is none of that number.
        """
        found = next((each for each in self.timeline if each.number == number), None)
        if found is None:
            raise UsageError(f"{self.id} has no revision r{number}", remedy="`versions` lists them", component=self.id)
        return found

    def revise(self, number: int, **changes: Any) -> None:
        """Change fields of a revision, and of the row when it is the active one or in quarantine."""
        self.timeline = [
            msgspec.structs.replace(each, **changes) if each.number == number else each for each in self.timeline
        ]
        quarantined = tuple(each.number for each in self.timeline if each.outcome is Outcome.QUARANTINED)
        active = self.active
        self.change(quarantined=quarantined, stable=active.stable if active else self.view.stable)

    def diff(self, number: int, against: int | None = None) -> RevisionDiff:
        """Compare a revision with another one, or with the active one.

        Raises:
            UsageError: If there is no such revision.
        """
        then = self.find(number)
        now = self.active if against is None else self.find(against)
        lines = [*self._export_lines(now.digest if now else None, then.digest)]
        lines += [DiffLine("limits", "same", sanitise("unchanged")), DiffLine("grants", "same", sanitise("unchanged"))]
        return RevisionDiff(component=self.id, now=now, then=then, lines=tuple(lines))

    def preview(self, to: int | None, *, force: bool = False) -> RollbackPreview:
        """Return what a rollback would do.

        Raises:
            RollbackRefused: By the rules of :func:`~airssys_tui.core.revision.rollback_target`.
        """
        target = rollback_target(self.rules(), self.id, to=to, force=force)
        current = self.active
        disk = self.on_disk.digest if self.on_disk else None
        held = held_after_rollback(_rule(self.id, current) if current else None, disk, target)
        then = next(each for each in self.timeline if each.number == target.number)
        return RollbackPreview(
            diff=self.diff(target.number),
            becomes=self.timeline[-1].number + 1,
            holds=self._labels(held),
            state=self._state_choices(then),
        )

    def _state_choices(self, then: RevisionView) -> tuple[StateChoice, ...]:
        if not self.view.stateful:
            return (StateChoice("fresh", possible=True, text=sanitise("it has no state export: it starts empty")),)
        size = self.view.state_bytes or 0
        kept = f"r{then.number} loads what is in memory now ({size} B, tried): nothing is lost"
        restored = f"r{then.number} loads its own last state ({then.state_bytes} B): what came later is put aside"
        none = f"no state of r{then.number} is kept"
        return (
            StateChoice("keep", possible=True, text=sanitise(kept)),
            StateChoice(
                "restore",
                possible=then.state_bytes is not None,
                text=sanitise(restored if then.state_bytes is not None else none),
            ),
            StateChoice(
                "fresh", possible=True, text=sanitise("it starts empty; the present state is kept as a snapshot")
            ),
        )

    def _append(
        self,
        release: Release,
        now: float,
        cause: Cause,
        outcome: Outcome,
        *,
        reason: str = "",
        origin: int | None = None,
        who: str = "watcher",
        note: str = "",
    ) -> None:
        if outcome is Outcome.ACTIVE:
            self.timeline = [
                msgspec.structs.replace(each, outcome=Outcome.SUPERSEDED, stable=True, ended_at=now)
                if each.outcome is Outcome.ACTIVE
                else each
                for each in self.timeline
            ]
        number = self.timeline[-1].number + 1 if self.timeline else 1
        revision = RevisionView(
            number=number,
            version=release.version,
            digest=release.digest,
            outcome=outcome,
            stable=origin is not None,
            cause=cause,
            who=sanitise(who),
            note=sanitise(note),
            at=now,
            origin=origin,
            reason=sanitise(reason),
            fuel_per_call=release.fuel_per_call if outcome is Outcome.ACTIVE else None,
            state_bytes=release.state_bytes if outcome is Outcome.ACTIVE else None,
            state_at=now if release.state_bytes is not None and outcome is Outcome.ACTIVE else None,
            size=release.size,
            gates=GATES if outcome is Outcome.ACTIVE else (),
            activated_at=now if outcome is Outcome.ACTIVE else None,
            ended_at=None if outcome is Outcome.ACTIVE else now,
        )
        self.timeline.append(revision)
        if outcome is Outcome.ACTIVE:
            self.change(version=release.version, revision=number, digest=release.digest, stable=revision.stable)

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

    def _labels(self, digests: frozenset[str]) -> tuple[GuestText, ...]:
        labels = (
            self.releases[each].label if each in self.releases else sanitise(short_digest(each)) for each in digests
        )
        return tuple(sorted(labels))

    def rules(self) -> list[Revision]:
        """Return the timeline as the rules of ``core.revision`` see it."""
        return [_rule(self.id, each) for each in self.timeline]

    def _exports(self, digest: str | None) -> tuple[str, ...]:
        release = self.releases.get(digest or "")
        return release.exports if release else ()

    def _export_lines(self, now: str | None, then: str) -> list[DiffLine]:
        have, would = self._exports(now), self._exports(then)
        removed = [DiffLine("exports", "removed", sanitise(line)) for line in have if line not in would]
        added = [DiffLine("exports", "added", sanitise(line)) for line in would if line not in have]
        return removed + added or [DiffLine("exports", "same", sanitise("unchanged"))]


def _rule(component: str, view: RevisionView) -> Revision:
    return Revision(
        component=component,
        number=view.number,
        digest=view.digest,
        manifest_digest=view.digest,
        version=view.version,
        outcome=view.outcome,
        stable=view.stable,
        origin=view.origin,
        size=view.size or 0,
        cause=view.cause,
        who=view.who,
        created_at=view.at,
    )
