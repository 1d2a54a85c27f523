"""What a call of each revision cost: from this runtime's counters, and from what the catalog kept of earlier ones."""

from __future__ import annotations

from airssys_tui.runtime.metering.call_costs import CallCosts
from airssys_tui.runtime.metering.counters import Cost, Counters


def revision_costs(counters: Counters, costs: CallCosts) -> dict[int, Cost]:
    """Return the costs of calls by revision, oldest first.

    The calls of earlier runtimes count as well, as long as their costs are kept; the median latency is that of this
    runtime where it has one, else that of the export which was called most.
    """
    now = counters.costs()
    found: dict[int, Cost] = {}
    for number in sorted({*now, *costs.revisions()}):
        own, kept = now.get(number), _together(costs, number)
        chosen = kept if own is None or (kept is not None and kept.calls > own.calls) else own
        if chosen is not None:
            found[number] = Cost(chosen.calls, chosen.fuel_per_call, own.p50_ms if own is not None else chosen.p50_ms)
    return found


def _together(costs: CallCosts, number: int) -> Cost | None:
    figures = [each for each in costs.of(number).values() if each.calls]
    calls = sum(each.calls for each in figures)
    if not calls:
        return None
    most = max(figures, key=lambda each: each.calls)
    fuel = sum(each.calls * each.fuel for each in figures)
    return Cost(calls, fuel / calls, None if most.latency is None else most.latency * 1_000)
