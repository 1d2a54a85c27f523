"""Restart rules: who is restarted, after how long, how often."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.supervision import Backoff, Decision, RestartBudget, RestartPolicy, Supervision, decide

RNG = random.Random(7)
STILL = Backoff(jitter=0.0)
TIMES = st.lists(st.floats(0.0, 300.0), max_size=40).map(sorted)
POLICIES = st.builds(
    Supervision,
    max_restarts=st.integers(0, 6),
    window=st.floats(1.0, 100.0),
    backoff=st.builds(Backoff, jitter=st.floats(0.0, 1.0), factor=st.floats(1.0, 4.0), initial=st.floats(0.01, 5.0)),
)


def decisions(policy: Supervision, times: list[float]) -> list[tuple[float, Decision]]:
    budget, made = RestartBudget(), []
    for now in times:
        decision = decide(policy, budget, now, RNG)
        budget = decision.budget
        made.append((now, decision))
    return made


def test_delays_double_up_to_the_longest() -> None:
    backoff = Backoff(initial=0.1, factor=2.0, max=1.0, jitter=0.0)
    assert [backoff.delay(attempt, RNG) for attempt in range(6)] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0])
    assert backoff.delay(10_000, RNG) == 1.0


@given(st.integers(0, 10_000), st.floats(0.0, 1.0), st.randoms(use_true_random=False))
def test_jitter_stays_within_its_fraction(attempt: int, jitter: float, rng: random.Random) -> None:
    plain = Backoff(jitter=0.0).delay(attempt, rng)
    assert plain * (1 - jitter) - 1e-9 <= Backoff(jitter=jitter).delay(attempt, rng) <= plain * (1 + jitter) + 1e-9


def test_the_first_failures_are_restarted_with_growing_waits_then_it_is_given_up() -> None:
    policy = Supervision(max_restarts=3, window=60.0, backoff=STILL)
    made = [decision for _, decision in decisions(policy, [0.0, 1.0, 2.0, 3.0])]
    assert [decision.restart for decision in made] == [True, True, True, False]
    assert [decision.delay for decision in made[:3]] == pytest.approx([0.1, 0.2, 0.4])
    assert [decision.tries_left for decision in made] == [2, 1, 0, 0]
    assert made[3].reason == "3 restarts within 60 s are used up"


def test_what_is_older_than_the_window_does_not_count() -> None:
    policy = Supervision(max_restarts=1, window=10.0, backoff=STILL)
    made = decisions(policy, [0.0, 9.9, 10.0, 20.0])
    assert [decision.restart for _, decision in made] == [True, False, True, True]


@given(POLICIES, TIMES)
def test_no_window_ever_holds_more_restarts_than_allowed(policy: Supervision, times: list[float]) -> None:
    restarts = [now for now, decision in decisions(policy, times) if decision.restart]
    for start in restarts:
        assert sum(1 for at in restarts if 0 <= at - start < policy.window) <= policy.max_restarts


@given(POLICIES, TIMES)
def test_a_refused_restart_costs_nothing_and_says_why(policy: Supervision, times: list[float]) -> None:
    for now, decision in decisions(policy, times):
        assert decision.restart != bool(decision.reason)
        assert decision.tries_left == decision.budget.tries_left(now, policy)
        assert 0.0 <= decision.delay <= policy.backoff.max * (1 + policy.backoff.jitter)


@pytest.mark.parametrize(
    ("restart", "failed", "again"),
    [
        (RestartPolicy.PERMANENT, True, True),
        (RestartPolicy.PERMANENT, False, True),
        (RestartPolicy.TRANSIENT, True, True),
        (RestartPolicy.TRANSIENT, False, False),
        (RestartPolicy.TEMPORARY, True, False),
        (RestartPolicy.TEMPORARY, False, False),
    ],
)
def test_which_ends_lead_to_a_restart(restart: RestartPolicy, failed: bool, again: bool) -> None:
    decision = decide(Supervision(restart=restart), RestartBudget(), 0.0, RNG, failed=failed)
    assert decision.restart is again
    assert (decision.reason == f"restart = {restart}") is not again
