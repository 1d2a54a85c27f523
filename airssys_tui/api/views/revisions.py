"""Revisions as a front end sees them: one line of the timeline, a comparison, and a rollback before it is confirmed."""

from __future__ import annotations

import msgspec

from airssys_tui.core.revision import Cause, Outcome
from airssys_tui.core.text import GuestText


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
    gates: tuple[tuple[str, float], ...] = ()
    fuel_per_call: float | None = None
    state_bytes: int | None = None
    state_at: float | None = None
    size: int | None = None
    pinned: bool = False
    activated_at: float | None = None
    ended_at: float | None = None
    calls: int | None = None


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
