"""Revisions, rollback and holds: the rules of undo, as pure functions over a component's history.

A revision is immutable and its number only grows. A rollback is a new revision that points at an older one's artifact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.core.errors import RollbackRefused


class Cause(StrEnum):
    """Why a revision came to be."""

    DEPLOY = "deploy"
    RELOAD = "reload"
    ROLLBACK = "rollback"
    RESTORE = "restore"


class Outcome(StrEnum):
    """What became of a revision."""

    CANDIDATE = "candidate"
    ACTIVE = "active"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    QUARANTINED = "quarantined"
    PURGED = "purged"


class StatePolicy(StrEnum):
    """What happens to a component's state in a rollback."""

    KEEP = "keep"
    RESTORE = "restore"
    FRESH = "fresh"


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a component's history: what was deployed, by whom and why, and what became of it.

    This is the only shape of a revision: the catalog reads and writes it, the rules of this module and of
    ``core.retention`` judge it, and front ends see a view made from it. Everything down to ``origin`` never changes
    once it is recorded. All times are Unix seconds.

    Attributes:
        component: Text form of the component's identity.
        number: From 1, one more per candidate; a refused candidate has one too. 0 until the catalog gives it.
        digest: Digest of the artifact, the bytes of wasm.
        manifest_digest: Digest of the manifest's meaning.
        version: SemVer text; None for a component without a version.
        size: Bytes of wasm.
        cause: Why it came to be.
        who: Who asked: ``watcher``, ``operator``…
        created_at: When it was accepted as a candidate.
        origin: For a rollback, the number of the revision whose artifact it points at.
        note: The operator's words.
        outcome: What became of it.
        outcome_reason: Why, one line.
        outcome_at: When the outcome was last set.
        activated_at: When it became active; None if it never served.
        stable: Whether it served its probation without a trap or failed health, or an operator declared it stable.
        purged_at: When retention gave up its code; None while the code is kept.
        purged_from: The outcome it had before that.
    """

    component: str
    number: int = 0
    digest: str
    manifest_digest: str
    version: str | None = None
    size: int
    cause: Cause
    who: str
    created_at: float
    origin: int | None = None
    note: str = ""
    outcome: Outcome = Outcome.CANDIDATE
    outcome_reason: str = ""
    outcome_at: float | None = None
    activated_at: float | None = None
    stable: bool = False
    purged_at: float | None = None
    purged_from: Outcome | None = None

    @property
    def served(self) -> bool:
        """Whether it ever was active."""
        return self.activated_at is not None

    @property
    def ended_at(self) -> float | None:
        """When it ended; None while it is active or a candidate."""
        return None if self.outcome in {Outcome.ACTIVE, Outcome.CANDIDATE} else self.outcome_at

    @property
    def lineage(self) -> int:
        """The number of the revision that first ran its artifact: its own, or that of its origin."""
        return self.number if self.origin is None else self.origin


SERVABLE: Final = frozenset({Outcome.ACTIVE, Outcome.SUPERSEDED})
"""Outcomes of revisions that passed every gate once and whose artifact is kept."""


def active(history: Iterable[Revision]) -> Revision | None:
    """Return the active revision, if there is one."""
    return next((revision for revision in history if revision.outcome is Outcome.ACTIVE), None)


def rollback_target(
    history: Sequence[Revision], component: str, *, to: int | None = None, force: bool = False
) -> Revision:
    """Choose the revision that a rollback goes back to.

    Without ``to``: the newest superseded revision before the active one that is stable and is not the active one's
    artifact. With ``to``: that revision, when it can serve.

    Args:
        history: Every revision of the component, in any order.
        component: Text form of the identity, for errors.
        to: A revision number, or nothing for the previous stable one.
        force: Go to a quarantined or failed revision all the same.

    Raises:
        RollbackRefused: No such revision, no earlier stable one, a no-op, a purged, failed or quarantined target.
    """
    current = active(history)
    if to is None:
        return _previous_stable(history, current, component)
    target = next((revision for revision in history if revision.number == to), None)
    if target is None:
        numbers = ", ".join(f"r{revision.number}" for revision in sorted(history, key=lambda r: r.number)[-10:])
        raise RollbackRefused(f"{component} has no revision r{to}", remedy=f"there are: {numbers}", component=component)
    _refuse_unservable(target, component, force=force)
    if current is not None and same_artifact(current, target):
        raise RollbackRefused(
            f"r{to} is what {component} already serves (r{current.number})",
            remedy="choose another revision; `versions` lists them",
            component=component,
        )
    return target


def fallback_target(history: Sequence[Revision]) -> Revision | None:
    """Choose the revision that an automatic rollback goes back to: the last stable one that is not at fault.

    It is the one that an operator's rollback would choose, except that an artifact of which any revision is in
    quarantine is passed over: it may be another number of what has just failed.

    Args:
        history: Every revision of the component, in any order.

    Returns:
        The target; nothing when there is none, so that ordinary supervision has to go on.
    """
    current = active(history)
    quarantined = [revision for revision in history if revision.outcome is Outcome.QUARANTINED]
    sound = [
        revision
        for revision in history
        if revision.outcome is not Outcome.SUPERSEDED or not any(same_artifact(revision, bad) for bad in quarantined)
    ]
    if current is None:
        return None
    try:
        return _previous_stable(sound, current, "")
    except RollbackRefused:
        return None


def _previous_stable(history: Sequence[Revision], current: Revision | None, component: str) -> Revision:
    # A rollback onto r1 makes r3 that *is* r1: going back once more means before r1, not to what was just left. From a
    # later deployment r4 it means r3, which served last, not r2, which was left on purpose.
    ceiling = current.lineage if current is not None else None
    candidates = [
        revision
        for revision in history
        if revision.outcome is Outcome.SUPERSEDED
        and revision.stable
        and (current is None or not same_artifact(current, revision))
        and (ceiling is None or revision.number < ceiling)
    ]
    if not candidates:
        raise RollbackRefused(
            f"{component} has no earlier stable revision to go back to",
            remedy="choose any revision of its versions to go there, also a newer one",
            component=component,
        )
    return max(candidates, key=lambda revision: revision.number)


def _refuse_unservable(target: Revision, component: str, *, force: bool) -> None:
    if target.outcome is Outcome.PURGED:
        raise RollbackRefused(
            f"r{target.number} of {component} was purged: its code is no longer kept", component=component
        )
    if target.outcome is Outcome.QUARANTINED and not force:
        raise RollbackRefused(
            f"r{target.number} of {component} is quarantined",
            remedy="force it if you know why it failed",
            component=component,
        )
    if target.outcome in {Outcome.FAILED, Outcome.CANDIDATE} and not force:
        raise RollbackRefused(
            f"r{target.number} of {component} never served: it was refused at a gate",
            remedy="choose a revision that has served",
            component=component,
        )


def same_artifact(one: Revision, other: Revision) -> bool:
    """Return whether two revisions run the same bytes with the same manifest."""
    return one.digest == other.digest and one.manifest_digest == other.manifest_digest


def held_after_rollback(current: Revision | None, on_disk: str | None, target: Revision) -> frozenset[str]:
    """Return the digests that a rollback holds back from being redeployed.

    They are the one rolled back from and the one on disk, never the target's own.
    """
    held = {digest for digest in (current.digest if current else None, on_disk) if digest is not None}
    return frozenset(held - {target.digest})


def is_held(digest: str, holds: Iterable[str]) -> bool:
    """Return whether a digest on disk must not be deployed by the watcher or at a start."""
    return digest in set(holds)
