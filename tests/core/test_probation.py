"""Whether a new revision may stay: the table of verdicts, and what must hold for any evidence."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.probation import (
    FEWEST_CALLS,
    STABLE_AFTER,
    Evidence,
    ExportCost,
    Findings,
    Judgement,
    ProbationTerms,
    Regression,
    RegressionAction,
    Verdict,
    judge,
    regressions,
)

TERMS = ProbationTerms(duration=10.0, traps=1, failures=3)
ROLLBACK = msgspec.structs.replace(TERMS, regression=Regression(action=RegressionAction.ROLLBACK))
IGNORE = msgspec.structs.replace(TERMS, regression=Regression(action=RegressionAction.IGNORE))
UNJUDGED = msgspec.structs.replace(ROLLBACK, judged=False)
CHEAP, DEAR = {"get": ExportCost(100, 1_000.0, 0.001)}, {"get": ExportCost(100, 2_000.0, 0.001)}
SLOW = {"get": ExportCost(100, 1_000.0, 0.1)}

COSTS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.builds(
        ExportCost,
        calls=st.integers(0, 200),
        fuel=st.floats(0, 1e9),
        latency=st.none() | st.floats(0, 10),
    ),
)
EVIDENCE = st.builds(
    Evidence,
    elapsed=st.floats(0, 100),
    serving=st.booleans(),
    traps=st.lists(st.just("unreachable in add"), max_size=5).map(tuple),
    unhealthy=st.integers(0, 5),
    faulty=st.booleans(),
    given_up=st.sampled_from(["", "3 restarts within 60 s are used up"]),
    now=COSTS,
    before=COSTS,
    calls=st.integers(0, 40),
    checks=st.integers(0, 2),
)
ALL_TERMS = st.builds(
    ProbationTerms,
    duration=st.floats(0, 50),
    traps=st.integers(0, 3),
    failures=st.integers(1, 4),
    regression=st.builds(
        Regression,
        fuel=st.floats(1, 5),
        latency=st.floats(1, 5),
        action=st.sampled_from(list(RegressionAction)),
    ),
)


@pytest.mark.parametrize(
    ("terms", "evidence", "verdict"),
    [
        (TERMS, Evidence(elapsed=1.0), Verdict.CONTINUE),
        (TERMS, Evidence(elapsed=10.0), Verdict.UNTRIED),
        (TERMS, Evidence(elapsed=1e9), Verdict.UNTRIED),
        (TERMS, Evidence(elapsed=10.0, calls=STABLE_AFTER - 1), Verdict.UNTRIED),
        (TERMS, Evidence(elapsed=10.0, calls=STABLE_AFTER - 1, faulty=True), Verdict.UNTRIED),
        (TERMS, Evidence(elapsed=10.0, calls=STABLE_AFTER), Verdict.PASS),
        (TERMS, Evidence(elapsed=9.0, calls=STABLE_AFTER), Verdict.CONTINUE),
        (TERMS, Evidence(elapsed=10.0, checks=1), Verdict.PASS),
        (TERMS, Evidence(elapsed=10.0, traps=("t", "t")), Verdict.FAIL),
        (msgspec.structs.replace(TERMS, calls=2), Evidence(elapsed=10.0, calls=2), Verdict.PASS),
        (TERMS, Evidence(elapsed=10.0, serving=False), Verdict.CONTINUE),
        (TERMS, Evidence(elapsed=10.0, faulty=True, calls=STABLE_AFTER), Verdict.UNPROVEN),
        (TERMS, Evidence(elapsed=1.0, traps=("t",)), Verdict.CONTINUE),
        (TERMS, Evidence(elapsed=1.0, traps=("t", "t")), Verdict.FAIL),
        (TERMS, Evidence(elapsed=11.0, traps=("t", "t")), Verdict.FAIL),
        (TERMS, Evidence(elapsed=1.0, unhealthy=2), Verdict.CONTINUE),
        (TERMS, Evidence(elapsed=1.0, unhealthy=3), Verdict.FAIL),
        (TERMS, Evidence(elapsed=1.0, serving=False, given_up="used up"), Verdict.FAIL),
        (TERMS, Evidence(elapsed=1.0, now=DEAR, before=CHEAP), Verdict.WARN),
        (TERMS, Evidence(elapsed=10.0, now=DEAR, before=CHEAP, calls=STABLE_AFTER), Verdict.PASS),
        (TERMS, Evidence(elapsed=10.0, now=DEAR, before=CHEAP), Verdict.WARN),
        (TERMS, Evidence(elapsed=1.0, now=SLOW, before=CHEAP), Verdict.WARN),
        (ROLLBACK, Evidence(elapsed=1.0, now=DEAR, before=CHEAP), Verdict.FAIL),
        (IGNORE, Evidence(elapsed=1.0, now=DEAR, before=CHEAP), Verdict.CONTINUE),
        (ROLLBACK, Evidence(elapsed=1.0, now=CHEAP, before=DEAR), Verdict.CONTINUE),
        (msgspec.structs.replace(TERMS, duration=0.0), Evidence(elapsed=0.0), Verdict.UNTRIED),
        (msgspec.structs.replace(TERMS, duration=0.0), Evidence(elapsed=0.0, calls=STABLE_AFTER), Verdict.PASS),
        (UNJUDGED, Evidence(elapsed=1.0, traps=("t",) * 9, unhealthy=9, given_up="used up"), Verdict.CONTINUE),
        (UNJUDGED, Evidence(elapsed=1.0, now=DEAR, before=CHEAP), Verdict.CONTINUE),
        (UNJUDGED, Evidence(elapsed=10.0), Verdict.UNTRIED),
        (UNJUDGED, Evidence(elapsed=10.0, calls=STABLE_AFTER), Verdict.PASS),
    ],
)
def test_the_table(terms: ProbationTerms, evidence: Evidence, verdict: Verdict) -> None:
    assert judge(terms, evidence).verdict is verdict


def test_the_reasons_are_said_worst_first() -> None:
    evidence = Evidence(elapsed=4.0, traps=("unreachable in add", "deadline in get"), now=DEAR, before=CHEAP)
    assert judge(TERMS, evidence) == Judgement(
        Verdict.FAIL, ("2 traps in 4 s (deadline in get)", "get takes 2x the fuel (1,000 to 2,000)")
    )


def test_a_single_trap_past_a_budget_of_none_is_said_in_the_singular() -> None:
    strict = msgspec.structs.replace(TERMS, traps=0)
    assert judge(strict, Evidence(elapsed=0.25, traps=("t",))).reasons == ("1 trap in 250 ms (t)",)


def test_too_few_calls_are_no_regression() -> None:
    few = {"get": ExportCost(FEWEST_CALLS - 1, 9_000.0)}
    assert regressions(Regression(), Evidence(elapsed=1.0, now=few, before=CHEAP)) == ()
    assert regressions(Regression(), Evidence(elapsed=1.0, now=DEAR, before=few)) == ()


def test_another_mix_of_calls_is_no_regression() -> None:
    before = {"get": ExportCost(1_000, 100.0), "sort": ExportCost(20, 50_000.0)}
    now = {"get": ExportCost(20, 100.0), "sort": ExportCost(1_000, 50_000.0)}
    assert regressions(Regression(), Evidence(elapsed=1.0, now=now, before=before)) == ()


def test_a_slowdown_below_the_machines_noise_does_not_count() -> None:
    before, now = {"get": ExportCost(100, 1.0, 0.0001)}, {"get": ExportCost(100, 1.0, 0.0040)}
    assert regressions(Regression(), Evidence(elapsed=1.0, now=now, before=before)) == ()


@given(ALL_TERMS, EVIDENCE)
def test_only_a_fault_fails_and_a_fault_always_does(terms: ProbationTerms, evidence: Evidence) -> None:
    faulty = len(evidence.traps) > terms.traps or evidence.unhealthy >= terms.failures or bool(evidence.given_up)
    costly = bool(regressions(terms.regression, evidence)) and terms.regression.action is RegressionAction.ROLLBACK
    judgement = judge(terms, evidence)
    assert (judgement.verdict is Verdict.FAIL) == (faulty or costly)
    assert bool(judgement.reasons) == (judgement.verdict in {Verdict.FAIL, Verdict.WARN})


@given(ALL_TERMS, EVIDENCE)
def test_nothing_passes_before_its_time_without_an_instance_or_with_a_blemish(
    terms: ProbationTerms, evidence: Evidence
) -> None:
    if judge(terms, evidence).verdict is Verdict.PASS:
        assert evidence.serving
        assert evidence.elapsed >= terms.duration
        assert not evidence.faulty
        assert evidence.calls >= terms.calls or evidence.checks


@given(ALL_TERMS, EVIDENCE, st.floats(0, 100))
def test_a_verdict_of_failure_is_not_undone_by_time(terms: ProbationTerms, evidence: Evidence, later: float) -> None:
    if judge(terms, evidence).verdict is Verdict.FAIL:
        after = msgspec.structs.replace(evidence, elapsed=evidence.elapsed + later)
        assert judge(terms, after).verdict is Verdict.FAIL


@given(ALL_TERMS, EVIDENCE)
def test_the_same_costs_are_never_a_regression(terms: ProbationTerms, evidence: Evidence) -> None:
    strict = msgspec.structs.replace(terms.regression, fuel=1.01, latency=1.01)
    assert regressions(strict, msgspec.structs.replace(evidence, before=evidence.now)) == ()


@pytest.mark.parametrize(
    ("passed", "failed", "evidence"), [(3, (), 3), (3, ("one",), 0), (0, ("one", "other"), 0), (0, (), 0)]
)
def test_saved_checks_are_evidence_only_if_all_of_them_passed(
    passed: int, failed: tuple[str, ...], evidence: int
) -> None:
    assert Findings(passed=passed, failed=failed).checked == evidence
