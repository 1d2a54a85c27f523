"""Probation: whether a new revision may stay, judged by its own behaviour and the previous revision's.

A pure function over values, evaluated at every sample and after every trap. The runtime acts on the result: it rolls
back, warns or marks the revision stable.

Only evidence makes a revision stable: it has served so many calls without a fault, or has passed the saved checks of
its component. Until then it is *untried*, however long it has been quiet, and its faults and costs go on counting.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

FEWEST_CALLS = 20
"""Calls of one export that both revisions must have served before their costs are compared."""

LEAST_SLOWDOWN = 0.005
"""Seconds by which an export's median latency must grow to count; smaller differences are noise."""


STABLE_AFTER = 20
"""Calls that a revision has to serve before it can be stable, if its manifest gives no other number."""


class RegressionAction(StrEnum):
    """What to do about a revision whose calls became costlier."""

    IGNORE = "ignore"
    WARN = "warn"
    ROLLBACK = "rollback"


class Regression(msgspec.Struct, frozen=True, kw_only=True):
    """When calls count as costlier than the previous revision's, and what to do then.

    Attributes:
        fuel: Mean fuel of a call of one export, as a multiple of the previous revision's.
        latency: Median latency of one export, as a multiple of the previous revision's.
        action: What to do.
    """

    fuel: float = 1.5
    latency: float = 3.0
    action: RegressionAction = RegressionAction.WARN


class ExportCost(msgspec.Struct, frozen=True):
    """The cost of one export's calls in one revision.

    Attributes:
        calls: Number of calls counted.
        fuel: Mean fuel units per call.
        latency: Median seconds per call; None when it was not measured.
    """

    calls: int
    fuel: float
    latency: float | None = None


class SameInput(msgspec.Struct, frozen=True):
    """Fuel that the same input takes in two revisions, each in a fresh instance.

    Fuel does not depend on the machine or its load, so one run of each is enough; both run code of the same engine.

    Attributes:
        name: What was run: a saved check, or the health probe.
        before: Fuel units in the previous revision.
        now: Fuel units in the new one.
    """

    name: str
    before: int
    now: int


class Findings(msgspec.Struct, frozen=True):
    """What a comparison of two revisions at the gate found.

    Attributes:
        same_inputs: The fuel of each input that gave a result in both revisions.
        passed: Saved checks that the new revision passed.
        failed: Names of the saved checks that it did not pass.
    """

    same_inputs: tuple[SameInput, ...] = ()
    passed: int = 0
    failed: tuple[str, ...] = ()

    @property
    def checked(self) -> int:
        """How many saved checks the new revision passed, if it passed them all; otherwise 0."""
        return 0 if self.failed else self.passed


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Observations of a revision on probation.

    Attributes:
        elapsed: Seconds since it took over, on a monotonic clock.
        serving: Whether an instance of it serves now.
        traps: Traps that the previous revision did not have, described, oldest first.
        unhealthy: Consecutive unhealthy reports.
        faulty: Whether it ever trapped or was unhealthy, even if the previous revision did the same.
        given_up: Why supervision gave up on it; empty while it has not.
        now: The cost of its calls, by export.
        before: The cost of the previous revision's calls, by export.
        calls: Calls that it has served, earlier runs of the runtime included.
        checks: Saved checks that it has passed, if it passed them all.
    """

    elapsed: float
    serving: bool = True
    traps: tuple[str, ...] = ()
    unhealthy: int = 0
    faulty: bool = False
    given_up: str = ""
    now: dict[str, ExportCost] = {}
    before: dict[str, ExportCost] = {}
    calls: int = 0
    checks: int = 0


class ProbationTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Requirements for a revision on probation.

    Attributes:
        duration: Seconds of probation; 0 for none.
        traps: Traps tolerated.
        failures: Consecutive unhealthy reports that fail it.
        regression: How much costlier its calls may be.
        judged: Whether faults and costs count; they do not after a rollback.
        calls: Calls that it has to serve before it can be stable, unless its saved checks pass.
    """

    duration: float = 10.0
    traps: int = 1
    failures: int = 3
    regression: Regression = Regression()
    judged: bool = True
    calls: int = STABLE_AFTER


class Verdict(StrEnum):
    """What to do with a revision on probation."""

    CONTINUE = "continue"
    PASS = "pass"  # noqa: S105 - a verdict
    UNPROVEN = "unproven"
    UNTRIED = "untried"
    WARN = "warn"
    FAIL = "fail"


class Judgement(msgspec.Struct, frozen=True):
    """A verdict and its reasons, worst first; no reasons for a revision that continues or has passed."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


GOING_ON = Judgement(Verdict.CONTINUE)


def judge(terms: ProbationTerms, evidence: Evidence) -> Judgement:
    """Judge a revision on probation.

    ==========================================  ===========================================
    condition                                   verdict
    ==========================================  ===========================================
    supervision gave up                         fail
    more traps than tolerated                   fail
    too many consecutive unhealthy reports      fail
    costlier calls, ``action = "rollback"``     fail
    time over, no instance                      continue: it is judged when it serves again
    costlier calls, ``action = "warn"``         warn, until it is over
    time over, too little evidence              untried: the judging goes on
    time over, trapped or unhealthy once        unproven: probation ends, not stable
    time over                                   pass: stable
    ==========================================  ===========================================

    It is over when the time is and there is enough evidence. With ``judged = False`` neither faults nor costs count.

    Args:
        terms: The requirements.
        evidence: The observations.

    Returns:
        The verdict of the first matching row; ``continue`` when none matches.
    """
    faults = _faults(terms, evidence) if terms.judged else ()
    costlier = regressions(terms.regression, evidence) if terms.judged else ()
    action = terms.regression.action
    if faults or (costlier and action is RegressionAction.ROLLBACK):
        return Judgement(Verdict.FAIL, (*faults, *costlier))
    time_over = evidence.elapsed >= terms.duration and evidence.serving
    if time_over and is_tried(terms.calls, evidence.calls, evidence.checks):
        return Judgement(Verdict.UNPROVEN if evidence.faulty else Verdict.PASS)
    if costlier and action is RegressionAction.WARN:
        return Judgement(Verdict.WARN, costlier)
    return Judgement(Verdict.UNTRIED) if time_over else GOING_ON


def is_tried(needed: int, calls: int, checks: int) -> bool:
    """Return whether there is enough evidence to judge a revision.

    Args:
        needed: Calls that it has to serve.
        calls: Calls that it has served.
        checks: Saved checks that it has passed, if it passed them all.
    """
    return calls >= needed or checks > 0


def _faults(terms: ProbationTerms, evidence: Evidence) -> tuple[str, ...]:
    faults = []
    if len(evidence.traps) > terms.traps:
        count = len(evidence.traps)
        faults.append(f"{count} trap{'s' if count > 1 else ''} in {_seconds(evidence.elapsed)} ({evidence.traps[-1]})")
    if evidence.unhealthy >= terms.failures:
        faults.append(f"unhealthy {evidence.unhealthy} time{'s' if evidence.unhealthy > 1 else ''} in a row")
    if evidence.given_up:
        faults.append(evidence.given_up)
    return tuple(faults)


def regressions(regression: Regression, evidence: Evidence) -> tuple[str, ...]:
    """Describe the exports that became costlier than allowed, the worst first.

    Each export is compared with itself, so a different mix of calls raises no alarm, and only if both revisions served
    at least :data:`FEWEST_CALLS` calls of it.
    """
    found: list[tuple[float, str]] = []
    for export, now in evidence.now.items():
        before = evidence.before.get(export)
        if before is None or min(now.calls, before.calls) < FEWEST_CALLS:
            continue
        found += _costlier(regression, export, now, before)
    return tuple(text for _, text in sorted(found, key=lambda entry: -entry[0]))


def costlier_inputs(regression: Regression, findings: Findings) -> tuple[str, ...]:
    """Describe the inputs that take more fuel than allowed in the new revision, the worst first."""
    found = [
        (each.now / each.before, each)
        for each in findings.same_inputs
        if each.before >= 1 and each.now >= regression.fuel * each.before
    ]
    return tuple(
        f"{each.name} takes {_times(ratio)} the fuel ({each.before:,} to {each.now:,})"
        for ratio, each in sorted(found, key=lambda entry: -entry[0])
    )


def _times(ratio: float) -> str:
    return f"{min(ratio, 9_999):.0f}x" if ratio >= 10 else f"{ratio:.2g}x"


def _costlier(regression: Regression, export: str, now: ExportCost, before: ExportCost) -> list[tuple[float, str]]:
    found = []
    if before.fuel >= 1 and now.fuel >= regression.fuel * before.fuel:
        ratio = now.fuel / before.fuel
        found.append((ratio, f"{export} takes {_times(ratio)} the fuel ({before.fuel:,.0f} to {now.fuel:,.0f})"))
    if now.latency is None or before.latency is None or now.latency - before.latency < LEAST_SLOWDOWN:
        return found
    if now.latency >= regression.latency * before.latency:
        times = f"{before.latency * 1000:.1f} to {now.latency * 1000:.1f} ms"
        ratio = now.latency / max(before.latency, 1e-9)
        found.append((ratio, f"{export} takes {_times(ratio)} as long ({times})"))
    return found


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
