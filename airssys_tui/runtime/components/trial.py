"""The probation of one revision: what it did since it took over, timed by a monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from airssys_tui.core.manifest.document import Manifest
from airssys_tui.core.probation import Evidence, Judgement, ProbationTerms, judge
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.metering.call_costs import CallCosts

MOST_TRAPS: Final = 1_000
"""Traps counted at most; no manifest can forgive more."""


class Trial:
    """The observations about a revision on probation.

    It starts over with the runtime: what the revision did in another process does not count.

    Args:
        revision: Its number.
        manifest: Gives the terms of the probation.
        previous: The previous revision; its traps and costs are no fault when this one repeats them.
        judged: Whether its faults count. Those of a rollback do not: it becomes stable when its time is over.
        clock: Monotonic seconds.

    Attributes:
        faults: Why it failed; empty unless it failed.
        tried: Whether an automatic rollback was tried; it is tried once.
        unhealthy: Unhealthy reports in a row.
        given_up: Why supervision gave the component up.
        warned: Whether the warning about costlier calls was emitted.
        recorded: Whether the costs of the previous revision were written to the catalog.
    """

    def __init__(
        self,
        revision: int,
        manifest: Manifest,
        previous: int | None,
        *,
        judged: bool,
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
        )
        self._clock = clock
        self._began = clock()
        self._traps: list[str] = []
        self.faults: tuple[str, ...] = ()
        self.tried = False
        self.unhealthy = 0
        self.given_up = ""
        self.warned = False
        self.recorded = False

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
        before = costs.of(self.previous) if self.terms.judged else {}
        evidence = Evidence(
            elapsed=self.elapsed,
            serving=serving,
            traps=tuple(self._traps),
            unhealthy=self.unhealthy,
            faulty=faulty,
            given_up=self.given_up,
            now=costs.of(self.revision) if before else {},
            before=before,
        )
        return judge(self.terms, evidence)
