"""The costs of calls by revision and export: with them a revision on probation is compared with the previous one.

Written by the one worker that runs the component at that moment; read without a lock, like the other counters.
"""

from __future__ import annotations

from typing import Final

from airssys_tui.core.probation import ExportCost
from airssys_tui.core.revision import Tier
from airssys_tui.runtime.metering.counters import LatencyHistogram

MOST_EXPORTS: Final = 64
"""Exports counted separately; calls of further ones are not compared."""

MOST_TRAPS: Final = 64
"""Pairs of export and kind of trap remembered for each revision."""

TIMED: Final = 2_000
"""Calls of one export whose latency is measured: its first ones, so that revisions are compared at the same age."""

PAST: Final = 8
"""Revisions whose costs are kept in memory; the oldest goes first."""


class _Tally:
    __slots__ = ("calls", "fuel", "latency")

    def __init__(self) -> None:
        self.calls = 0
        self.fuel = 0
        self.latency = LatencyHistogram()

    def cost(self) -> ExportCost:
        (median,) = self.latency.quantiles((0.5,))
        return ExportCost(self.calls, self.fuel / self.calls, None if median is None else median / 1000.0)


class CallCosts:
    """The cost of one component's calls.

    Attributes:
        revision: The revision whose calls are counted now.
        tier: Which compiler made its code: the costs of one tier are not compared with those of the other.
    """

    __slots__ = ("_now", "_past", "_served", "_served_before", "_tiers", "_traps", "revision", "tier")

    def __init__(self) -> None:
        self.revision = 0
        self.tier = Tier.OPTIMISED
        self._tiers: dict[int, Tier] = {}
        self._served = 0
        self._served_before: dict[int, int] = {}
        self._now: dict[str, _Tally] = {}
        self._past: dict[int, dict[str, ExportCost]] = {}
        self._traps: dict[int, set[tuple[str, str]]] = {}

    def record(self, export: str, fuel: int, wall_ns: int) -> None:
        """Count one call that returned."""
        self._served += 1
        tally = self._now.get(export)
        if tally is None:
            if len(self._now) >= MOST_EXPORTS:
                return
            tally = self._now[export] = _Tally()
        tally.calls += 1
        tally.fuel += fuel
        if tally.calls <= TIMED:
            tally.latency.record(wall_ns)

    def lapse(self) -> None:
        """Count the calls that are evidence from here on: one by hand trapped, which is neither fault nor proof."""
        self._served = 0
        self._served_before.pop(self.revision, None)

    def trapped(self, export: str, kind: str) -> None:
        """Remember that an export trapped in this way."""
        known = self._traps.setdefault(self.revision, set())
        if len(known) < MOST_TRAPS:
            known.add((export, kind))

    def had(self, revision: int | None, export: str, kind: str) -> bool:
        """Return whether a revision trapped in this way in this runtime."""
        return revision is not None and (export, kind) in self._traps.get(revision, ())

    def begin(self, revision: int, tier: Tier = Tier.OPTIMISED) -> None:
        """Count for another revision, or for other code, from now on; the same ones go on counting.

        Args:
            revision: The revision.
            tier: Which compiler made its code; costs of the revision in another tier are forgotten, not its calls.
        """
        if (revision, tier) == (self.revision, self.tier):
            return
        figures, served = self.of(self.revision), self.served(self.revision)
        self._now, self._served = {}, 0
        if served or figures:
            self.recall(self.revision, figures, served, self.tier)
        if revision in self._past and self.tier_of(revision) is not tier:
            self.recall(revision, {}, self._served_before[revision], tier)
        self.revision, self.tier = revision, tier
        self._traps = dict(list(self._traps.items())[-PAST:])

    def recall(
        self, revision: int, figures: dict[str, ExportCost], served: int = 0, tier: Tier = Tier.OPTIMISED
    ) -> None:
        """Restore the costs of a revision, such as those of an earlier run, and the number of calls that it served."""
        self._past.pop(revision, None)
        self._past[revision] = figures
        self._served_before[revision] = served
        self._tiers[revision] = tier
        while len(self._past) > PAST:
            oldest = next(iter(self._past))
            del self._past[oldest]
            self._served_before.pop(oldest, None)
            self._tiers.pop(oldest, None)

    def inherit(self, revision: int, origin: int) -> None:
        """Let a revision begin with the costs of another one that has the same artifact, unless it has its own."""
        if revision not in self._past and origin != revision:
            self.recall(revision, self.of(origin), self.served(origin), self.tier_of(origin))

    def tier_of(self, revision: int) -> Tier:
        """Return which compiler made the code whose costs are known of a revision."""
        return self.tier if revision == self.revision else self._tiers.get(revision, Tier.OPTIMISED)

    def revisions(self) -> tuple[int, ...]:
        """Return the revisions whose costs are known, the one that is counted now included."""
        return (*self._past, *(() if self.revision in self._past or not self.revision else (self.revision,)))

    def knows(self, revision: int) -> bool:
        """Return whether the costs of a revision are known."""
        return revision in self._past or revision == self.revision

    def served(self, revision: int | None) -> int:
        """Return how many calls a revision has served since one by hand trapped last, earlier runs included."""
        if revision is None:
            return 0
        before = self._served_before.get(revision, 0)
        return before + self._served if revision == self.revision else before

    def before(self, revision: int | None) -> dict[str, ExportCost]:
        """Return the costs of an earlier revision to compare with; empty if its code was of another tier."""
        return self.of(revision) if revision is not None and self.tier_of(revision) is self.tier else {}

    def of(self, revision: int | None) -> dict[str, ExportCost]:
        """Return the costs of a revision by export; empty if they are not known."""
        if revision is None:
            return {}
        past = self._past.get(revision, {})
        if revision != self.revision:
            return past
        now = {export: tally.cost() for export, tally in tuple(self._now.items()) if tally.calls}
        return {**past, **{export: _together(past.get(export), cost) for export, cost in now.items()}}

    def fuel_change(self, before: int | None) -> float | None:
        """Return the increase of the cost of calls since a revision: 0.02 is two percent.

        Each export is compared with itself, weighted by its calls now, so that a different mix of calls is no change.
        """
        past = self._past.get(before, {}) if before is not None and self.tier_of(before) is self.tier else {}
        now = [(tally, past[export]) for export, tally in tuple(self._now.items()) if export in past]
        expected = sum(tally.calls * cost.fuel for tally, cost in now)
        return sum(tally.fuel for tally, _ in now) / expected - 1.0 if expected > 0 else None


def _together(past: ExportCost | None, now: ExportCost) -> ExportCost:
    if past is None or past.calls == 0:
        return now
    calls = past.calls + now.calls
    fuel = (past.calls * past.fuel + now.calls * now.fuel) / calls
    return ExportCost(calls, fuel, now.latency if now.calls >= past.calls else past.latency)
