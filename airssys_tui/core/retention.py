"""Retention: which revisions keep their code, and which states are kept. Pure rules over a history.

A revision that is not kept becomes ``purged``: its history entry stays, its code and states may be deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.core.errors import RollbackRefused
from airssys_tui.core.revision import SERVABLE, Outcome, Revision, fallback_target, rollback_target

STABLE_FOR: Final = 86_400.0
"""Seconds that a formerly stable revision is kept after it last served."""

STATES: Final = 10
"""Newest states kept per component, whatever their revision; the same number per pinned revision."""

IMPORTS: Final = 3
"""Newest imported states kept per component; they belong to no revision."""


class Reason(StrEnum):
    """Why a revision is kept."""

    ACTIVE = "active"
    IN_PROGRESS = "in progress"
    PINNED = "pinned"
    TARGET = "the rollback target"
    HELD = "held back"
    RECENT = "recent"
    STABLE = "stable within a day"


def kept_revisions(
    history: Sequence[Revision],
    *,
    keep: int,
    now: float,
    pinned: Collection[int] = (),
    held: Collection[str] = (),
) -> dict[int, Reason]:
    """Return the revisions of one component to keep, each with the strongest reason.

    Revisions that served, quarantined ones and refused ones are counted separately, so a series of bad candidates
    never evicts a revision that a rollback could use.

    Args:
        history: Every revision of the component that is not purged, in any order.
        keep: How many of each kind to keep in any case, newest first; at least 1.
        now: Unix seconds.
        pinned: Numbers that an operator pinned.
        held: Digests held after a rollback: rolling forward again needs the newest revision of each.
    """
    revisions = [revision for revision in history if revision.outcome is not Outcome.PURGED]
    kept: dict[int, Reason] = {}
    for reason, numbers in (
        (Reason.ACTIVE, _with(revisions, Outcome.ACTIVE)),
        (Reason.IN_PROGRESS, _with(revisions, Outcome.CANDIDATE)),
        (Reason.PINNED, (r.number for r in revisions if r.number in pinned)),
        (Reason.TARGET, _targets(revisions)),
        (Reason.HELD, _newest_of(revisions, held)),
        (Reason.RECENT, _newest(keep, (r for r in revisions if r.outcome in SERVABLE))),
        (Reason.RECENT, _newest(keep, (r for r in revisions if r.outcome is Outcome.QUARANTINED))),
        (Reason.RECENT, _newest(keep, (r for r in revisions if not r.served))),
        (Reason.STABLE, (r.number for r in revisions if _lately_stable(r, now))),
    ):
        for number in numbers:
            kept.setdefault(number, reason)
    return kept


class Saved(msgspec.Struct, frozen=True):
    """A saved state: its number, the revision that saved it, the revisions that failed to load it, whether imported."""

    id: int
    revision: int
    failed_by: tuple[int, ...] = ()
    imported: bool = False


def kept_states(
    states: Iterable[Saved], *, kept: Collection[int], pinned: Collection[int] = (), active: int | None = None
) -> frozenset[int]:
    """Return the numbers of the states of one component to keep.

    Args:
        states: All of them, in any order.
        kept: Revisions that are kept.
        pinned: Revisions that are pinned.
        active: The serving revision: the state it would be started with is kept.
    """
    newest = sorted(states, key=lambda state: -state.id)
    found = {state.id for state in newest[:STATES]}
    found.update(state.id for state in [s for s in newest if s.imported][:IMPORTS])
    of_revision: dict[int, list[Saved]] = {}
    for state in newest:
        of_revision.setdefault(state.revision, []).append(state)
    for number in of_revision.keys() & set(kept):
        own = of_revision[number]
        sound = [state for state in own if not state.imported and not state.failed_by]
        found.update(state.id for state in (*own[:1], *sound[:1]))
        if number in pinned:
            found.update(state.id for state in own[:STATES])
    loadable = (state.id for state in newest if not state.imported and active not in state.failed_by)
    found.update(list(loadable)[:1])
    return frozenset(found)


def _with(revisions: Iterable[Revision], outcome: Outcome) -> Iterable[int]:
    return (revision.number for revision in revisions if revision.outcome is outcome)


def _targets(revisions: Sequence[Revision]) -> tuple[int, ...]:
    fallback = fallback_target(revisions)
    found = (fallback.number,) if fallback is not None else ()
    try:
        return (rollback_target(revisions, "").number, *found)
    except RollbackRefused:
        return found


def _newest_of(revisions: Iterable[Revision], digests: Collection[str]) -> Iterable[int]:
    newest: dict[str, int] = {}
    for revision in revisions:
        if revision.digest in digests:
            newest[revision.digest] = max(revision.number, newest.get(revision.digest, 0))
    return newest.values()


def _newest(keep: int, revisions: Iterable[Revision]) -> list[int]:
    return sorted((revision.number for revision in revisions), reverse=True)[:keep]


def _lately_stable(revision: Revision, now: float) -> bool:
    return revision.stable and (revision.ended_at is None or now - revision.ended_at < STABLE_FOR)
