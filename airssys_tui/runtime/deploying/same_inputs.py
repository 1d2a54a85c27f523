"""What follows from the same inputs in a candidate and in the active revision: a warning, a refusal, or evidence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from airssys_tui.core.errors import GateRefusal
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.manifest.document import Manifest
from airssys_tui.core.probation import Findings, RegressionAction, costlier_inputs
from airssys_tui.core.text import one_line
from airssys_tui.runtime.actors.contract import SavedState
from airssys_tui.runtime.actors.serving import Blueprint
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.deploying.order import Attempt

NAMED = 3
"""Checks, or inputs that take more fuel, that a sentence names."""

Compare: TypeAlias = Callable[[Component, Blueprint, str, SavedState | None], Awaitable[Findings]]
"""Compares a candidate with the active revision; see ``calling.gate_comparison``."""


def judge_same_inputs(attempt: Attempt, manifest: Manifest, findings: Findings) -> int:
    """Tell, or refuse, what takes more fuel than before, and tell which saved checks do not pass.

    Args:
        attempt: The candidate.
        manifest: Its manifest, which says what to do about costlier calls.
        findings: What the comparison found.

    Returns:
        The saved checks that the candidate passed, if it passed them all; otherwise 0.

    Raises:
        GateRefusal: If something takes more fuel than allowed, the manifest says to go back from that, and the operator
            does not insist.
    """
    if findings.failed:
        names, count = ", ".join(findings.failed[:NAMED]), len(findings.failed)
        said = f"{count} of {count + findings.passed} saved checks do not pass: {names}"
        attempt.tell(one_line(said, 300), EventAction.CHECKS, Level.WARNING)
    regression = manifest.deployment.regression
    costlier = costlier_inputs(regression, findings) if regression.action is not RegressionAction.IGNORE else ()
    if costlier:
        said = one_line("; ".join(costlier[:NAMED]), 300)
        if regression.action is RegressionAction.ROLLBACK and not attempt.order.force:
            raise GateRefusal(
                said,
                gate=Gate.HEALTH_PROBE,
                remedy="reload it with --force, or raise [deployment] regression.fuel",
            )
        attempt.tell(f"r{attempt.revision}: {said}", EventAction.COSTLIER, Level.WARNING)
    return findings.checked
