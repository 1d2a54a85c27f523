"""The probation of one revision: what it has done since it took over, on a clock that cannot be set."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from airssys_tui.core.manifest.document import Manifest
from airssys_tui.core.probation import Evidence, Judgement, ProbationTerms, judge
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.metering.call_costs import CallCosts

MOST_TRAPS: Final = 1_000
"""Traps that are counted; a budget is never larger."""


class Trial:
    """What is known of a revision that has to prove itself.

    It begins anew when the runtime does: what it has shown in another process is not held for or against it.

    Args:
        revision: Its number.
        manifest: What it is held to.
        previous: The revision before, whose traps and costs are not its fault.
        judged: Whether its faults end it. A rollback's do not: it only becomes stable when its time is over.
        clock: Monotonic seconds.

    Attributes:
        faults: Why it has failed; empty while it has not.
        tried: Whether going back was tried; it is tried once.
        unwell: Reports of bad health in a row.
        given_up: Why supervision gave it up.
        warned: Whether its dearer calls have been told.
        recorded: Whether the previous revision's costs have been written down.
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
        self.unwell = 0
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
        """Why it has failed, in one line."""
        return one_line("; ".join(self.faults), 300)

    def judge(self, costs: CallCosts, *, serving: bool, blemished: bool) -> Judgement:
        """Judge it by all that is known now.

        Args:
            costs: What its calls and those of the previous revision cost.
            serving: Whether an instance of it serves.
            blemished: Whether it ever trapped or was unwell.
        """
        before = costs.of(self.previous) if self.terms.judged else {}
        evidence = Evidence(
            elapsed=self.elapsed,
            serving=serving,
            traps=tuple(self._traps),
            unwell=self.unwell,
            blemished=blemished,
            given_up=self.given_up,
            now=costs.of(self.revision) if before else {},
            before=before,
        )
        return judge(self.terms, evidence)
