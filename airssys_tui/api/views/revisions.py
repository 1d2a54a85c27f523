"""Revisions as a front end sees them: one line of the timeline, a comparison, and a rollback before it is confirmed."""

from __future__ import annotations

import msgspec

from airssys_tui.core.gates import Gate
from airssys_tui.core.revision import Cause, Outcome, Revision
from airssys_tui.core.text import GuestText, one_line


class RevisionView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a component's timeline.

    Attributes:
        number: The revision.
        origin: For a rollback, the revision whose artifact it points at.
        reason: Why it failed or ended, one line; empty when there is nothing to say.
        at: Unix time when it was accepted as a candidate.
        gates: Gates passed, with milliseconds, in order.
        fuel_per_call: Mean over the calls it served in this runtime.
        state_bytes: Size of the newest snapshot taken from it.
        size: Bytes of the artifact.
        pinned: Whether an operator wants it kept.
        activated_at: Unix time when it took over; ``None`` when it never did.
        ended_at: Unix time when its outcome was written.
        calls: Calls it served in this runtime.
    """

    number: int
    version: str | None
    digest: str
    outcome: Outcome
    stable: bool
    cause: Cause
    who: GuestText
    note: GuestText
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


def revision_view(
    revision: Revision,
    *,
    pinned: bool = False,
    gates: tuple[tuple[Gate, float], ...] = (),
    state_bytes: int | None = None,
    state_at: float | None = None,
    fuel_per_call: float | None = None,
    calls: int | None = None,
) -> RevisionView:
    """Return the view of a revision, made from what is recorded of it and what is known beside it.

    The only place that makes one: a timeline is the same whether a runtime lives or not.
    """
    return RevisionView(
        number=revision.number,
        version=revision.version,
        digest=revision.digest,
        outcome=revision.outcome,
        stable=revision.stable,
        cause=revision.cause,
        who=one_line(revision.who),
        note=one_line(revision.note),
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
    )


class DiffLine(msgspec.Struct, frozen=True):
    """One line of a comparison: ``same``, ``added``, ``removed`` or ``changed``, of one subject (exports, limits…)."""

    subject: str
    change: str
    text: GuestText


class RevisionDiff(msgspec.Struct, frozen=True):
    """What differs between two revisions of a component."""

    component: str
    now: RevisionView | None
    then: RevisionView
    lines: tuple[DiffLine, ...]


class StateChoice(msgspec.Struct, frozen=True):
    """One state policy in a rollback, whether it is possible, and what it means."""

    policy: str
    possible: bool
    text: GuestText


class RollbackPreview(msgspec.Struct, frozen=True):
    """What a rollback would do, shown before it is confirmed.

    Attributes:
        diff: From the active revision to the target.
        becomes: Number that the new revision would get.
        holds: Labels that would be held back from being redeployed.
        state: The state policies.
    """

    diff: RevisionDiff
    becomes: int
    holds: tuple[GuestText, ...]
    state: tuple[StateChoice, ...]
