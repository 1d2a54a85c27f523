"""What is kept: the rules one by one, and what holds of every history."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.errors import RollbackRefused
from airssys_tui.core.retention import (
    IMPORTS,
    STABLE_FOR,
    STATES,
    Reason,
    Saved,
    kept_revisions,
    kept_states,
)
from airssys_tui.core.revision import Cause, Outcome, Revision, rollback_target

NOW = 1_000_000.0
LONG_AGO = NOW - 2 * STABLE_FOR


def entry(
    number: int, outcome: Outcome = Outcome.SUPERSEDED, *, ended: float | None = LONG_AGO, **said: Any
) -> Revision:
    fields: dict[str, Any] = {
        "component": "counter",
        "number": number,
        "digest": f"d{number}",
        "manifest_digest": "m",
        "size": 1,
        "cause": Cause.DEPLOY,
        "who": "watcher",
        "created_at": 1.0,
        "outcome": outcome,
        "outcome_at": ended,
        "activated_at": None if outcome is Outcome.FAILED else 1.0,
    }
    return Revision(**{**fields, **said})


def kept(*entries: Revision, keep: int = 2, **said: Any) -> dict[int, Reason]:
    return kept_revisions(entries, keep=keep, now=NOW, **said)


def test_the_newest_of_each_kind_are_kept() -> None:
    served = [entry(number) for number in (1, 2, 3)]
    refused = [entry(number, Outcome.FAILED) for number in (4, 5, 6)]
    bad = [entry(number, Outcome.QUARANTINED) for number in (7, 8, 9)]
    active = entry(10, Outcome.ACTIVE, ended=None)
    found = kept(*served, *refused, *bad, active)
    assert found == {
        10: Reason.ACTIVE,
        3: Reason.TARGET,
        **dict.fromkeys((5, 6, 8, 9), Reason.RECENT),
    }


def test_what_was_stable_within_a_day_is_kept() -> None:
    lately = entry(1, stable=True, ended=NOW - STABLE_FOR + 1)
    long_ago = entry(2, stable=True, ended=NOW - STABLE_FOR)
    others = [entry(number, stable=True) for number in (3, 4)]
    assert kept(lately, long_ago, *others, entry(5, Outcome.ACTIVE, ended=None)) == {
        5: Reason.ACTIVE,
        4: Reason.TARGET,
        1: Reason.STABLE,
    }


def test_the_rollback_target_is_kept_however_old() -> None:
    shaky = [entry(number) for number in range(2, 30)]
    found = kept(entry(1, stable=True), *shaky, entry(30, Outcome.ACTIVE, ended=None))
    assert found[1] is Reason.TARGET
    assert set(found) == {1, 29, 30}


def test_pinned_held_and_in_progress() -> None:
    old = [entry(number) for number in range(1, 6)]
    going_on = entry(6, Outcome.CANDIDATE, ended=None, activated_at=None)
    found = kept(*old, going_on, keep=1, pinned={1}, held={"d2", "gone"})
    assert found == {1: Reason.PINNED, 2: Reason.HELD, 5: Reason.TARGET, 6: Reason.IN_PROGRESS}


def test_of_a_held_digest_the_newest_is_kept() -> None:
    twice = [entry(number, digest="same") for number in (1, 2)]
    assert set(kept(*twice, entry(3), entry(4), keep=1, held={"same"})) == {2, 4}


OUTCOMES = st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.ACTIVE])


@st.composite
def histories(draw: st.DrawFn) -> list[Revision]:
    size = draw(st.integers(1, 25))
    active = draw(st.none() | st.integers(1, size))
    found = []
    for number in range(1, size + 1):
        outcome = Outcome.ACTIVE if number == active else draw(OUTCOMES)
        found.append(
            entry(
                number,
                outcome,
                ended=draw(st.none() | st.floats(NOW - 3 * STABLE_FOR, NOW + STABLE_FOR)),
                digest=draw(st.sampled_from("abcd")),
                stable=draw(st.booleans()),
            )
        )
    return found


NUMBERS = st.frozensets(st.integers(1, 25), max_size=3)


@given(histories(), st.integers(1, 12), NUMBERS, st.frozensets(st.sampled_from("abcd"), max_size=2))
def test_what_must_never_go_never_goes(
    history: list[Revision], keep: int, pinned: frozenset[int], held: frozenset[str]
) -> None:
    found = kept_revisions(history, keep=keep, now=NOW, pinned=pinned, held=held)
    there = {e.number: e for e in history if e.outcome is not Outcome.PURGED}
    assert set(found) <= set(there)
    for number, e in there.items():
        must = (
            e.outcome in {Outcome.ACTIVE, Outcome.CANDIDATE}
            or number in pinned
            or (e.stable and (e.ended_at is None or NOW - e.ended_at < STABLE_FOR))
        )
        assert number in found or not must
    assert {there[number].digest for number in found} >= held & {e.digest for e in there.values()}
    with contextlib.suppress(RollbackRefused):
        assert rollback_target(list(there.values()), "c").number in found
    served = sorted(n for n, e in there.items() if e.outcome in {Outcome.ACTIVE, Outcome.SUPERSEDED})
    assert set(served[-keep:]) <= set(found)


@given(histories(), st.integers(1, 12), NUMBERS)
def test_collecting_twice_takes_nothing_more_and_keeping_more_keeps_more(
    history: list[Revision], keep: int, pinned: frozenset[int]
) -> None:
    first = kept_revisions(history, keep=keep, now=NOW, pinned=pinned)
    purged = [e if e.number in first else msgspec.structs.replace(e, outcome=Outcome.PURGED) for e in history]
    assert set(kept_revisions(purged, keep=keep, now=NOW, pinned=pinned)) == set(first)
    assert set(first) <= set(kept_revisions(history, keep=keep + 1, now=NOW, pinned=pinned))


def test_of_states_the_newest_and_the_paired_ones_are_kept() -> None:
    states = [Saved(number, 1) for number in (1, 2)] + [Saved(number, 2) for number in range(3, 20)]
    assert kept_states(states, kept={1, 2}, active=2) == {2, *range(10, 20)}
    assert kept_states(states, kept={2}, active=2) == set(range(10, 20))


def test_a_state_that_nobody_could_load_is_not_all_that_is_kept() -> None:
    failed = [Saved(number, 1, failed_by=(2,)) for number in range(3, 20)]
    found = kept_states([Saved(1, 1), Saved(2, 1), *failed], kept={1}, active=2)
    assert found == {2, *range(10, 20)}


def test_imported_states_are_kept_for_their_own_sake() -> None:
    imported = [Saved(number, 1, imported=True) for number in range(1, 6)]
    newer = [Saved(number, 1) for number in range(6, 30)]
    assert kept_states([*imported, *newer], kept={1}, active=1) == {*range(6 - IMPORTS, 6), *range(30 - STATES, 30)}


def test_of_a_pinned_revision_its_newest_states_are_kept() -> None:
    old = [Saved(number, 1) for number in range(1, 16)]
    newer = [Saved(number, 2) for number in range(16, 40)]
    found = kept_states([*old, *newer], kept={1, 2}, pinned={1}, active=2)
    assert found == {*range(6, 16), *range(30, 40)}


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_in_which_states_are_given_does_not_matter(order: int) -> None:
    states = [Saved(number, number % 3) for number in range(1, 40)]
    assert kept_states(states[::order], kept={1}, active=1) == kept_states(states, kept={1}, active=1)
