"""The rules of undo: where a rollback goes, what it refuses, what it holds back."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from airssys_tui.core.errors import RollbackRefused
from airssys_tui.core.revision import (
    SERVABLE,
    Cause,
    Outcome,
    Revision,
    active,
    fallback_target,
    held_as,
    is_held,
    rollback_target,
    same_artifact,
)

DIGESTS = tuple(f"sha256:{letter * 4}" for letter in "abcd")


def revision(number: int, outcome: Outcome = Outcome.SUPERSEDED, digest: str = "", **more: object) -> Revision:
    said = {"manifest_digest": "m", "stable": True, **more}
    fields = {"component": "counter", "size": 1, "cause": Cause.DEPLOY, "who": "watcher", "created_at": 1.0, **said}
    return Revision(number=number, digest=digest or f"sha256:{number}", outcome=outcome, **fields)


R1, R2, R3 = revision(1), revision(2), revision(3, Outcome.ACTIVE)


@st.composite
def histories(draw: st.DrawFn) -> list[Revision]:
    """Histories as they come about: numbers grow, at most one is active, a rollback points at one that served."""
    history: list[Revision] = []
    size = draw(st.integers(0, 8))
    last = draw(st.booleans())
    for number in range(1, size + 1):
        served = [past for past in history if past.outcome in SERVABLE]
        if served and draw(st.booleans()):
            past = draw(st.sampled_from(served))
            digest, manifest, origin = past.digest, past.manifest_digest, past.origin or past.number
        else:
            digest, manifest, origin = draw(st.sampled_from(DIGESTS)), draw(st.sampled_from("mn")), None
        outcome = (
            Outcome.ACTIVE if last and number == size else draw(st.sampled_from(sorted(set(Outcome) - {"active"})))
        )
        stable = draw(st.booleans())
        history.append(
            revision(number, Outcome(outcome), digest, manifest_digest=manifest, origin=origin, stable=stable)
        )
    return draw(st.permutations(history))


def previous(history: list[Revision]) -> Revision | None:
    try:
        return rollback_target(history, "counter")
    except RollbackRefused:
        return None


def test_the_previous_stable_one_is_chosen() -> None:
    assert rollback_target([R3, R1, R2], "counter") is R2


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.SUPERSEDED, Outcome.ACTIVE}))
def test_what_never_served_or_is_gone_is_passed_over(outcome: Outcome) -> None:
    assert rollback_target([R1, revision(2, outcome), R3], "counter") is R1


def test_an_unstable_one_is_passed_over() -> None:
    assert rollback_target([R1, revision(2, stable=False), R3], "counter") is R1


def test_without_a_stable_one_an_operator_goes_back_to_the_one_that_served_before() -> None:
    untried = [revision(number, stable=False) for number in (1, 2)]
    assert rollback_target([*untried, R3], "counter") is untried[1]
    assert fallback_target([*untried, R3]) is None, "but nobody goes back to it by himself"


def test_going_back_twice_goes_back_further() -> None:
    back = revision(4, Outcome.ACTIVE, R2.digest, origin=2)
    assert rollback_target([R1, R2, revision(3), back], "counter") is R1
    first = revision(5, Outcome.ACTIVE, R1.digest, origin=1)
    with pytest.raises(RollbackRefused, match="no earlier revision"):
        rollback_target([R1, R2, revision(3), revision(4, digest=R2.digest, origin=2), first], "counter")


def test_a_new_deployment_after_a_rollback_goes_back_to_what_served_before_it() -> None:
    back = revision(3, digest=R1.digest, origin=1)
    found = rollback_target([R1, R2, back, revision(4, Outcome.ACTIVE)], "counter")
    assert same_artifact(found, R1), "r3, which is r1, served last; r2 is what was left by the rollback"


@given(histories())
def test_what_is_chosen_served_is_stable_if_any_is_and_is_something_else(history: list[Revision]) -> None:
    target, current = previous(history), active(history)
    if target is None:
        return
    assert target.outcome is Outcome.SUPERSEDED
    assert current is None or not same_artifact(current, target)
    ceiling = current.lineage if current is not None else len(history) + 1
    others = [r for r in history if r.outcome is Outcome.SUPERSEDED and r.stable and r.number < ceiling]
    assert target.stable or all(current is not None and same_artifact(current, other) for other in others)


@given(histories())
def test_rolling_back_again_and_again_ends(history: list[Revision]) -> None:
    assume(active(history) is not None)
    for _ in range(len(history) + 1):
        target, current = previous(history), active(history)
        if target is None or current is None:
            return
        history = [
            revision(r.number, Outcome.SUPERSEDED, r.digest, manifest_digest=r.manifest_digest, origin=r.origin)
            if r is current
            else r
            for r in history
        ]
        origin = target.origin or target.number
        number = max(r.number for r in history) + 1
        history.append(
            revision(number, Outcome.ACTIVE, target.digest, manifest_digest=target.manifest_digest, origin=origin)
        )
    pytest.fail("it goes in circles")


@given(histories(), st.integers(0, 10), st.booleans())
def test_a_named_target_is_that_one_or_refused(history: list[Revision], to: int, force: bool) -> None:
    named = next((r for r in history if r.number == to), None)
    current = active(history)
    try:
        found = rollback_target(history, "counter", to=to, force=force)
    except RollbackRefused:
        noop = named is not None and current is not None and same_artifact(named, current)
        assert named is None or noop or named.outcome not in SERVABLE
        return
    assert found is named
    assert current is None or not same_artifact(found, current)
    assert found.outcome is not Outcome.PURGED
    assert force or found.outcome in SERVABLE


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome.PURGED, "was purged"),
        (Outcome.QUARANTINED, "is quarantined"),
        (Outcome.FAILED, "never served"),
        (Outcome.CANDIDATE, "never served"),
    ],
)
def test_a_refusal_says_what_is_wrong_with_the_target(outcome: Outcome, said: str) -> None:
    with pytest.raises(RollbackRefused, match=said):
        rollback_target([revision(2, outcome), R3], "counter", to=2)


def test_an_unknown_number_names_those_there_are() -> None:
    with pytest.raises(RollbackRefused, match="no revision r9") as refused:
        rollback_target([R2, R3, R1], "counter", to=9)
    assert refused.value.remedy == "choose one of: r1, r2, r3"


def test_a_rollback_to_what_serves_is_a_no_op_also_under_another_number() -> None:
    with pytest.raises(RollbackRefused, match="already serves"):
        rollback_target(
            [R1, revision(2), revision(3, Outcome.ACTIVE, R1.digest, origin=1)], "counter", to=1, force=True
        )


@pytest.mark.parametrize("outcome", [Outcome.QUARANTINED, Outcome.FAILED])
def test_force_goes_to_what_failed(outcome: Outcome) -> None:
    target = revision(2, outcome)
    assert rollback_target([target, R3], "counter", to=2, force=True) is target


FILES = st.tuples(st.sampled_from(DIGESTS), st.sampled_from(["m1", "m2"]))


@given(FILES, FILES)
def test_held_is_what_was_left_or_is_on_disk_never_the_target(files: tuple[str, str], target: tuple[str, str]) -> None:
    held = held_as(files, revision(1, digest=target[0], manifest_digest=target[1]))
    holds = [held] if held is not None else []
    assert not is_held(target, holds)
    assert is_held(files, holds) == (files != target)
    for manifest in ("m1", "m2", "m3"):
        same = files[0] == target[0]  # then only the other manifest is held, else whatever the manifest says
        assert is_held((files[0], manifest), holds) == (manifest == files[1] != target[1] if same else True)


def test_a_fallback_is_where_an_operators_rollback_would_go() -> None:
    assert fallback_target([R1, R2, R3]) == R2
    assert fallback_target([R1, revision(2, stable=False), R3]) == R1
    assert fallback_target([R3]) is None
    assert fallback_target([R1, R2]) is None, "nothing serves that could have failed"


def test_a_fallback_passes_over_another_number_of_what_is_in_quarantine() -> None:
    bad = revision(3, Outcome.QUARANTINED, digest=R2.digest)
    assert fallback_target([R1, R2, bad, revision(4, Outcome.ACTIVE)]) == R1


@given(histories())
def test_a_fallback_is_stable_kept_and_not_what_failed(history: list[Revision]) -> None:
    target = fallback_target(history)
    if target is not None:
        assert target.outcome is Outcome.SUPERSEDED
        assert target.stable
        current = active(history)
        assert current is not None
        assert not same_artifact(target, current)
        assert not any(same_artifact(target, bad) for bad in history if bad.outcome is Outcome.QUARANTINED)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_revision_ends_with_its_outcome_unless_that_is_no_end(outcome: Outcome) -> None:
    ended = revision(1, outcome, outcome_at=7.0).ended_at
    assert ended == (None if outcome in {Outcome.ACTIVE, Outcome.CANDIDATE} else 7.0)


def test_a_rollback_and_its_origin_are_of_one_lineage() -> None:
    assert revision(3, origin=1).lineage == revision(1).lineage == 1
    assert revision(2).lineage == 2


def test_what_was_activated_once_has_served() -> None:
    assert revision(1, Outcome.QUARANTINED, activated_at=1.0).served
    assert not revision(2, Outcome.FAILED).served
