"""The probation of one revision: what it did since it took over, timed by a monotonic clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from airssys_tui.core.manifest.document import Manifest
from airssys_tui.core.probation import Evidence, Judgement, ProbationTerms, is_tried, judge
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.metering.call_costs import CallCosts

MOST_TRAPS: Final = 1_000
"""Traps counted at most; no manifest can forgive more."""


KEEP_EVERY: Final = 15.0
"""Seconds after which new evidence is written to the catalog: no more is lost by a kill."""


Situation = tuple[int, int, bool, bool, int, int, str, int]


class Trial:
    """The observations about a revision on probation.

    Its time starts over with the runtime; the calls that the revision served, their costs and its faults do not.

    Args:
        revision: Its number.
        manifest: Gives the terms of the probation.
        previous: The previous revision; its traps and costs are no fault when this one repeats them.
        judged: Whether its faults count. Those of a rollback do not.
        checks: Saved checks that it passed at the gate, if it passed them all.
        resumed: Whether it goes on after a restart of the runtime: then nothing is told again.
        clock: Monotonic seconds.

    Attributes:
        faults: Why it failed; empty unless it failed.
        tried: Whether an automatic rollback was tried; it is tried once.
        unhealthy: Unhealthy reports in a row.
        given_up: Why supervision gave the component up.
        warned: Whether the warning about costlier calls was emitted.
        untried: Whether its time was over before there was enough evidence.
        told: Whether that was told.
        checks: Saved checks that it has passed, if it passed them all.
        settled: The situation that was judged last, if the judgement was to go on.
    """

    def __init__(
        self,
        revision: int,
        manifest: Manifest,
        previous: int | None,
        *,
        judged: bool,
        checks: int = 0,
        resumed: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        deployment = manifest.deployment
        self.revision = revision
        self.previous = previous
        self.terms = ProbationTerms(
            duration=deployment.probation,
            traps=deployment.traps,
            failures=manifest.health.failures,
            regression=deployment.regression,
            judged=judged and deployment.probation > 0,
            calls=deployment.stable_after,
        )
        self._clock = clock
        self._began = clock()
        self._traps: list[str] = []
        self.faults: tuple[str, ...] = ()
        self.tried = False
        self.unhealthy = 0
        self.given_up = ""
        self.warned = False
        self.untried = False
        self.told = resumed
        self.checks = checks
        self._kept_at = self._began
        self._kept = (0, 0, 0)
        self.settled: Situation | None = None

    @property
    def elapsed(self) -> float:
        """Seconds since it took over."""
        return self._clock() - self._began

    @property
    def remaining(self) -> float:
        """Seconds of probation left."""
        return max(0.0, self.terms.duration - self.elapsed)

    def trapped(self, text: str) -> None:
        """Count a trap that the previous revision did not have."""
        if len(self._traps) < MOST_TRAPS + 1:
            self._traps.append(text)

    def is_tried(self, costs: CallCosts) -> bool:
        """Return whether there is enough evidence to judge it."""
        return is_tried(self.terms.calls, costs.served(self.revision), self.checks)

    def take_due(self, served: int, faults: int) -> bool:
        """Return, once, whether its evidence is to be written to the catalog now.

        That is so when it has just become enough, after each fault, and every :data:`KEEP_EVERY` seconds if it grew.
        """
        now, before = (served, faults, self.checks), self._kept
        if now == before:  # nearly always: it rests
            return False
        enough = is_tried(self.terms.calls, served, self.checks) and not is_tried(
            self.terms.calls, before[0], before[2]
        )
        due = self._clock() - self._kept_at >= KEEP_EVERY
        if not (enough or faults != before[1] or due):
            return False
        self._kept, self._kept_at = now, self._clock()
        return True

    def situation(self, served: int, faults: int, *, serving: bool) -> Situation:
        """Return all that a judgement depends on: as long as it is the same, so is the judgement.

        Args:
            served: Calls that it served; what they cost changes only with their number.
            faults: Its faults.
            serving: Whether an instance of it serves now.
        """
        over = self._clock() - self._began >= self.terms.duration
        return served, faults, serving, over, self.unhealthy, len(self._traps), self.given_up, self.checks

    def settled_until(self, served: int, faults: int) -> float:
        """Return the monotonic seconds until which the last judgement holds and nothing is to be written; 0 for none.

        Args:
            served: Calls that it served.
            faults: Its faults.
        """
        if self.settled is None or self._kept != (served, faults, self.checks):
            return 0.0
        end = self._began + self.terms.duration
        return end if self._clock() < end else math.inf

    @property
    def reason(self) -> GuestText:
        """Why it failed, in one line."""
        return one_line("; ".join(self.faults), 300)

    def judge(self, costs: CallCosts, *, serving: bool, faulty: bool) -> Judgement:
        """Judge it by the observations so far.

        Args:
            costs: Costs of its calls and of the previous revision's.
            serving: Whether an instance of it serves now.
            faulty: Whether it ever trapped or was unhealthy.
        """
        before = costs.before(self.previous) if self.terms.judged else {}
        evidence = Evidence(
            elapsed=self.elapsed,
            serving=serving,
            traps=tuple(self._traps),
            unhealthy=self.unhealthy,
            faulty=faulty,
            given_up=self.given_up,
            now=costs.of(self.revision) if before else {},
            before=before,
            calls=costs.served(self.revision),
            checks=self.checks,
        )
        return judge(self.terms, evidence)
