"""Probation: whether a new revision may stay, judged from what it did since it took over and what the one before did.

A pure function over values. It is asked again at every sample and after every trap; what follows from its answer
(going back, a warning, the mark of stability) is the runtime's.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

FEWEST_CALLS = 20
"""Calls of one export that both revisions must have served before their cost is compared."""

LEAST_SLOWDOWN = 0.005
"""Seconds by which the median of an export must have grown before it counts: shorter ones are the machine's noise."""


class RegressionAction(StrEnum):
    """What is done about a revision whose calls became costlier."""

    IGNORE = "ignore"
    WARN = "warn"
    ROLLBACK = "rollback"


class Regression(msgspec.Struct, frozen=True, kw_only=True):
    """When calls count as costlier than the previous revision's, and what is done then.

    Attributes:
        fuel: Mean fuel of a call of one export, as a multiple of the previous revision's.
        latency: Median latency of one export, as a multiple of the previous revision's.
        action: What is done.
    """

    fuel: float = 1.5
    latency: float = 3.0
    action: RegressionAction = RegressionAction.WARN


class ExportCost(msgspec.Struct, frozen=True):
    """What the calls of one export cost one revision.

    Attributes:
        calls: How many were counted.
        fuel: Mean fuel units of one.
        latency: Median seconds of one; None when it was not measured.
    """

    calls: int
    fuel: float
    latency: float | None = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a revision on probation.

    Attributes:
        elapsed: Seconds since it took over, on a clock that cannot be set.
        serving: Whether an instance of it serves now.
        traps: Traps that the previous revision did not have, in words, oldest first.
        unhealthy: Unhealthy reports in a row.
        faulty: Whether it ever trapped or was unhealthy, even if the previous revision did the same.
        given_up: Why supervision gave it up; empty while it has not.
        now: What its calls cost, by export.
        before: What the previous revision's calls cost, by export.
    """

    elapsed: float
    serving: bool = True
    traps: tuple[str, ...] = ()
    unhealthy: int = 0
    faulty: bool = False
    given_up: str = ""
    now: dict[str, ExportCost] = {}
    before: dict[str, ExportCost] = {}


class ProbationTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a revision has to keep to while it is on probation.

    Attributes:
        duration: Seconds of probation; 0 for none.
        traps: Traps that are forgiven.
        failures: Unhealthy reports in a row that are not.
        regression: How much costlier its calls may be.
        judged: Whether its faults and costs count; else only its time does, as for a rollback.
    """

    duration: float = 10.0
    traps: int = 1
    failures: int = 3
    regression: Regression = Regression()
    judged: bool = True


class Verdict(StrEnum):
    """What is to be done with a revision on probation."""

    CONTINUE = "continue"
    PASS = "pass"  # noqa: S105 - a verdict
    UNPROVEN = "unproven"
    WARN = "warn"
    FAIL = "fail"


class Judgement(msgspec.Struct, frozen=True):
    """A verdict and its reasons, worst first; none for one that goes on or has passed."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


GOING_ON = Judgement(Verdict.CONTINUE)


def judge(terms: ProbationTerms, evidence: Evidence) -> Judgement:
    """Judge a revision on probation.

    ==========================================  ===========================================
    what it did                                 what follows
    ==========================================  ===========================================
    given up by supervision                     fail
    more traps than are forgiven                fail
    unhealthy too many times in a row           fail
    costlier calls, ``action = "rollback"``     fail
    costlier calls, ``action = "warn"``         warn, until the time is over
    time over, no instance                      continue: it is judged when it serves again
    time over, trapped or unhealthy once        unproven: probation ends, not stable
    time over                                   pass: stable
    ==========================================  ===========================================

    For one that is not judged only the last three rows are.

    Args:
        terms: What it has to keep to.
        evidence: What it did.

    Returns:
        The first row that holds; ``continue`` when none does.
    """
    faults = _faults(terms, evidence) if terms.judged else ()
    costlier = regressions(terms.regression, evidence) if terms.judged else ()
    action = terms.regression.action
    if faults or (costlier and action is RegressionAction.ROLLBACK):
        return Judgement(Verdict.FAIL, (*faults, *costlier))
    if evidence.elapsed < terms.duration or not evidence.serving:
        return Judgement(Verdict.WARN, costlier) if costlier and action is RegressionAction.WARN else GOING_ON
    return Judgement(Verdict.UNPROVEN if evidence.faulty else Verdict.PASS)


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
    """Return in words which exports became costlier than allowed, the worst first.

    Each export is held against itself, so that a different mix of calls is no alarm, and only when both revisions
    served at least :data:`FEWEST_CALLS` calls of it.
    """
    found: list[tuple[float, str]] = []
    for export, now in evidence.now.items():
        before = evidence.before.get(export)
        if before is None or min(now.calls, before.calls) < FEWEST_CALLS:
            continue
        found += _costlier(regression, export, now, before)
    return tuple(text for _, text in sorted(found, key=lambda entry: -entry[0]))


def _costlier(regression: Regression, export: str, now: ExportCost, before: ExportCost) -> list[tuple[float, str]]:
    found = []
    if before.fuel >= 1 and now.fuel >= regression.fuel * before.fuel:
        ratio = now.fuel / before.fuel
        found.append((ratio, f"{export} takes {ratio:.2g}x the fuel ({before.fuel:,.0f} to {now.fuel:,.0f})"))
    if now.latency is None or before.latency is None or now.latency - before.latency < LEAST_SLOWDOWN:
        return found
    if now.latency >= regression.latency * before.latency:
        times = f"{before.latency * 1000:.1f} to {now.latency * 1000:.1f} ms"
        ratio = now.latency / max(before.latency, 1e-9)
        found.append((ratio, f"{export} takes {min(ratio, 999):.2g}x as long ({times})"))
    return found


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
