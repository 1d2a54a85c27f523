"""Revisions, rollback and holds: the rules of rollback as pure functions over a component's history.

A revision is immutable and numbers only increase. A rollback is a new revision that points at an older artifact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.core.errors import RollbackRefused, UsageError

MAX_NOTE: Final = 500
"""Characters of an operator's note."""


def kept_note(text: str) -> str:
    """Return what is kept of an operator's note: its first :data:`MAX_NOTE` characters as they are; blanks are no note.

    Raises:
        UsageError: If it has a lone surrogate, as an argument has that is not UTF-8.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"character {error.start + 1} of the note is not Unicode text") from None
    return text[:MAX_NOTE] if text.strip() else ""


class Cause(StrEnum):
    """Why a revision was created."""

    DEPLOY = "deploy"
    RELOAD = "reload"
    ROLLBACK = "rollback"
    RESTORE = "restore"


class Tier(StrEnum):
    """How code was compiled: with all optimisations, or by the baseline compiler, which is several times as fast."""

    OPTIMISED = "optimised"
    BASELINE = "baseline"


class Outcome(StrEnum):
    """What became of a revision."""

    CANDIDATE = "candidate"
    ACTIVE = "active"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    QUARANTINED = "quarantined"
    PURGED = "purged"


class StatePolicy(StrEnum):
    """What a rollback does with a component's state."""

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
        stable: Whether there is evidence for it: it served enough calls, or passed the saved checks, without a trap or
            failed health; or an operator declared it stable.
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
"""Outcomes of revisions that once passed every gate and whose artifact is kept."""


def active(history: Iterable[Revision]) -> Revision | None:
    """Return the active revision, or None."""
    return next((revision for revision in history if revision.outcome is Outcome.ACTIVE), None)


def rollback_target(
    history: Sequence[Revision], component: str, *, to: int | None = None, force: bool = False
) -> Revision:
    """Choose the target of a rollback.

    Without ``to``: the newest superseded revision before the active one that is stable and has another artifact than
    the active one; if none of them is stable, the newest one. With ``to``: that revision, if it can serve.

    Args:
        history: Every revision of the component, in any order.
        component: Text form of the identity, for errors.
        to: A revision number, or None for the previous stable one, else the previous one.
        force: Allow a quarantined or failed revision.

    Raises:
        RollbackRefused: No such revision, no earlier one, a no-op, or a purged, failed or quarantined target.
    """
    current = active(history)
    if to is None:
        return _previous(history, current, component)
    target = next((revision for revision in history if revision.number == to), None)
    if target is None:
        numbers = ", ".join(f"r{revision.number}" for revision in sorted(history, key=lambda r: r.number)[-10:])
        raise RollbackRefused(
            f"{component} has no revision r{to}", remedy=f"choose one of: {numbers}", component=component
        )
    _refuse_unservable(target, component, force=force)
    if current is not None and same_artifact(current, target):
        raise RollbackRefused(
            f"r{to} is the revision that {component} already serves (r{current.number})",
            remedy="choose another revision; `versions` lists them",
            component=component,
        )
    return target


def fallback_target(history: Sequence[Revision]) -> Revision | None:
    """Choose the target of an automatic rollback: the last stable revision that is not at fault.

    Same choice as for an operator's rollback, except that an artifact with any quarantined revision is skipped: it may
    be the failed artifact under another number.

    Args:
        history: Every revision of the component, in any order.

    Returns:
        The target, or None, in which case ordinary supervision has to continue.
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
        return _previous(sound, current, "", stable=True)
    except RollbackRefused:
        return None


def _previous(
    history: Sequence[Revision], current: Revision | None, component: str, *, stable: bool = False
) -> Revision:
    """Return the previous stable revision; unless ``stable`` is asked for, else the previous one."""
    # A rollback onto r1 creates r3 with the artifact of r1: the next rollback goes before r1, not to what was just
    # left. From a later deployment r4 it goes to r3, which served last, not to r2, which was left on purpose.
    ceiling = current.lineage if current is not None else None
    candidates = [
        revision
        for revision in history
        if revision.outcome is Outcome.SUPERSEDED
        and (current is None or not same_artifact(current, revision))
        and (ceiling is None or revision.number < ceiling)
    ]
    trusted = [revision for revision in candidates if revision.stable]
    if not stable and not trusted:
        trusted = candidates
    if not trusted:
        raise RollbackRefused(
            f"{component} has no earlier revision to go back to",
            remedy="choose any revision from its versions; a newer one works too",
            component=component,
        )
    return max(trusted, key=lambda revision: revision.number)


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
    """Return whether two revisions have the same bytes and the same manifest."""
    return one.digest == other.digest and one.manifest_digest == other.manifest_digest


Files = tuple[str, str]
"""The digest of an artifact and that of its manifest."""


def held_as(files: Files, target: Revision) -> Files | None:
    """Return as what a rollback holds the files rolled back from, or those on disk; None for the target's own.

    An artifact is held whatever its manifest says: its manifest digest is empty then. The target's own artifact is held
    only with that other manifest.
    """
    if files[0] != target.digest:
        return files[0], ""
    return files if files[1] != target.manifest_digest else None


def is_held(files: Files, holds: Iterable[Files]) -> bool:
    """Return whether the watcher and a start must not deploy files on disk."""
    return any(hold in {files, (files[0], "")} for hold in holds)
