"""Revisions as a front end sees them: one line of the timeline, a comparison, and a rollback before it is confirmed."""

from __future__ import annotations

import msgspec

from airssys_tui.core.gates import Gate
from airssys_tui.core.revision import SERVABLE, Cause, Outcome, Revision
from airssys_tui.core.text import GuestText, Verbatim, one_line


class RevisionView(msgspec.Struct, frozen=True, kw_only=True):
    """A revision of a component: one line of its timeline.

    Attributes:
        number: Number of the revision, from 1.
        version: SemVer text; None for a component without a version.
        digest: Digest of the artifact.
        outcome: Its outcome so far.
        stable: Whether it passed its probation, or an operator declared it stable.
        untried: Whether it served, or serves, and is not stable for want of evidence.
        cause: Why it was created.
        who: The requester: ``watcher``, ``operator``…
        note: The operator's note as it was written; may be empty. Show it sanitised.
        at: Unix time when it was accepted as a candidate.
        origin: For a rollback, the number of the revision whose artifact it uses.
        reason: Why it failed or ended, one line; may be empty.
        gates: Gates that it passed, in order, each with its duration in milliseconds.
        fuel_per_call: Mean fuel units over the calls that it served in this runtime.
        state_bytes: Size in bytes of the newest kept state that it saved; None if no state is kept.
        state_at: Unix time when that state was saved.
        size: Bytes of the artifact.
        pinned: Whether it is pinned, so that retention keeps it.
        activated_at: Unix time when it became active; None if it never did.
        ended_at: Unix time when it ended; None while it is active or a candidate.
        calls: Calls that it served in this runtime.
    """

    number: int
    version: str | None
    digest: str
    outcome: Outcome
    stable: bool
    cause: Cause
    who: GuestText
    note: Verbatim
    at: float
    origin: int | None = None
    reason: GuestText = GuestText("")
    gates: tuple[tuple[Gate, float], ...] = ()
    fuel_per_call: float | None = None
    state_bytes: int | None = None
    state_at: float | None = None
    size: int | None = None
    pinned: bool = False
    activated_at: float | None = None
    ended_at: float | None = None
    calls: int | None = None
    untried: bool = False


def revision_view(
    revision: Revision,
    *,
    pinned: bool = False,
    gates: tuple[tuple[Gate, float], ...] = (),
    state_bytes: int | None = None,
    state_at: float | None = None,
    fuel_per_call: float | None = None,
    calls: int | None = None,
    tried: bool = False,
) -> RevisionView:
    """Return the view of a revision, made from its record and the additional facts.

    ``tried`` says whether it has given enough evidence to be judged.

    All revision views are made here, so a timeline is the same with and without a running runtime.
    """
    return RevisionView(
        number=revision.number,
        version=revision.version,
        digest=revision.digest,
        outcome=revision.outcome,
        stable=revision.stable,
        cause=revision.cause,
        who=one_line(revision.who),
        note=revision.note,
        at=revision.created_at,
        origin=revision.origin,
        reason=one_line(revision.outcome_reason, 400),
        gates=gates,
        fuel_per_call=fuel_per_call,
        state_bytes=state_bytes,
        state_at=state_at,
        size=revision.size,
        pinned=pinned,
        activated_at=revision.activated_at,
        ended_at=revision.ended_at,
        calls=calls,
        untried=not revision.stable and not tried and revision.outcome in SERVABLE,
    )


class DiffLine(msgspec.Struct, frozen=True):
    """One line of a comparison.

    Attributes:
        subject: ``version``, ``exports``, ``limits``…
        change: ``same``, ``added``, ``removed`` or ``changed``.
        text: Description of the change for people.
    """

    subject: str
    change: str
    text: GuestText


class RevisionDiff(msgspec.Struct, frozen=True):
    """The differences between two revisions of a component.

    Attributes:
        component: Text form of the identity.
        now: The revision to compare with; None when no revision is active.
        then: The requested revision.
        lines: The differences from ``now`` to ``then``, in a fixed order of subjects.
    """

    component: str
    now: RevisionView | None
    then: RevisionView
    lines: tuple[DiffLine, ...]


class StateChoice(msgspec.Struct, frozen=True):
    """One state policy of a rollback.

    Attributes:
        policy: ``keep``, ``restore`` or ``fresh``.
        possible: Whether the rollback can use it.
        text: The effect of the policy, or why it is not possible.
    """

    policy: str
    possible: bool
    text: GuestText


class RollbackPreview(msgspec.Struct, frozen=True):
    """The effects of a rollback, shown before the operator confirms it.

    Attributes:
        diff: The differences from the active revision to the target.
        becomes: Number that the new revision would get.
        holds: Artifacts that would be held after the rollback, by version or short digest.
        state: The state policies, each with its effect.
    """

    diff: RevisionDiff
    becomes: int
    holds: tuple[GuestText, ...]
    state: tuple[StateChoice, ...]
