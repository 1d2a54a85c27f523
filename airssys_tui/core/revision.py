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
    """One immutable entry of a component's history.

    Attributes:
        number: Grows by one per candidate; a refused candidate has one too.
        digest: The artifact.
        manifest_digest: The meaning of the manifest it was deployed with.
        version: SemVer text, when the component has a version.
        outcome: What became of it.
        stable: Whether it served without a trap or failed health through its probation, or was marked by an operator.
        origin: For a rollback, the number of the revision whose artifact it points at.
        serving: Whether it ever was active.
    """

    number: int
    digest: str
    manifest_digest: str
    version: str | None
    outcome: Outcome
    stable: bool = False
    origin: int | None = None
    serving: bool = False


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
    ceiling = _lineage(current) if current is not None else None
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


def _lineage(revision: Revision) -> int:
    return revision.origin if revision.origin is not None else revision.number


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
