"""Meters: what is counted, and what is written down of it step by step, with a sampler whose time is given."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.api.views.metering import LATENCY_BOUNDS
from airssys_tui.core.probation import ExportCost
from airssys_tui.runtime.metering.call_costs import CallCosts
from airssys_tui.runtime.metering.counters import Cost, Counters, LatencyHistogram, quantiles
from airssys_tui.runtime.metering.revision_costs import revision_costs
from airssys_tui.runtime.metering.series import LONG_STEP, RECENT, SampleTick, Series
from tests.support.command_line import eventually
from tests.support.components import Crafted
from tests.support.world import World

MIB = 1 << 20


class Sampler:
    """Samples one component whose counters are told what to count."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.series = Series()
        self.number = 0
        self.memory: int | None = MIB

    @property
    def tick(self) -> SampleTick:
        return SampleTick(self.number, 1_000.0 + self.number, 1.0, 1.0)

    def step(self, calls: int = 0, fuel: int = 100, wall_ns: int = 1_000_000, late: int = 0) -> bool:
        for _ in range(calls):
            self.counters.record(fuel, wall_ns, wall_ns // 2)
        self.number += 1 + late
        if self.series.rests(self.counters):
            return False
        tick = SampleTick(self.number, 1_000.0 + self.number, 1.0, 1.0 + late)
        return self.series.sample(tick, self.counters, self.memory)

    def recent(self):
        return self.series.recent(self.tick, self.memory)

    def long(self):
        return self.series.long(self.tick)


@pytest.fixture
def sampler() -> Sampler:
    return Sampler()


def test_each_step_has_what_happened_in_it(sampler: Sampler) -> None:
    sampler.step(calls=2, wall_ns=1_000_000)
    sampler.step(calls=4, wall_ns=64_000_000)
    sampler.step()
    found = sampler.recent()
    assert found.fuel == (200.0, 400.0, 0.0)
    assert found.calls == (2.0, 4.0, 0.0)
    assert found.memory == (MIB, MIB, MIB)
    assert found.p50_ms[0] == pytest.approx(1.0, rel=0.2)
    assert found.p99_ms[1] == pytest.approx(64.0, rel=0.2)
    assert found.p50_ms[2] is None
    assert (found.until, found.step) == (1_003.0, 1.0)


def test_latency_is_that_of_the_step_and_not_of_all_calls(sampler: Sampler) -> None:
    sampler.step(calls=1_000, wall_ns=50_000_000)
    sampler.step(calls=1, wall_ns=1_000_000)
    assert sampler.recent().p99_ms[-1] == pytest.approx(1.0, rel=0.2)


def test_traps_are_errors_of_the_step(sampler: Sampler) -> None:
    sampler.counters.record_trap(10, 1_000, 1_000)
    sampler.step(calls=1)
    assert sampler.recent().errors == (1.0,)
    assert sampler.recent().calls == (2.0,)


def test_a_rest_is_not_written_down_and_yet_its_time_passes(sampler: Sampler) -> None:
    sampler.step(calls=1)
    for _ in range(RECENT + 1):
        sampler.step()
    assert sampler.series.rests(sampler.counters)
    assert sampler.series.resting
    for _ in range(50):
        assert not sampler.step()
    sampler.step(calls=3)
    found = sampler.recent()
    assert found.calls == (0.0,) * (RECENT - 1) + (3.0,)
    assert found.memory == (MIB,) * RECENT
    assert found.p50_ms[:-1] == (None,) * (RECENT - 1)


def test_a_short_rest_leaves_the_burst_where_it_was(sampler: Sampler) -> None:
    sampler.step(calls=7)
    for _ in range(9):
        sampler.step()
    assert sampler.recent().calls == (7.0,) + (0.0,) * 9


def test_steps_that_came_late_take_their_place(sampler: Sampler) -> None:
    sampler.step(calls=1)
    sampler.step(calls=6, late=2)
    assert sampler.recent().calls == (1.0, 2.0, 2.0, 2.0)


def test_what_the_host_asks_wakes_nobody(sampler: Sampler) -> None:
    for _ in range(400):
        sampler.counters.record_upkeep(1_000, 1_000)
        sampler.step()
    assert sampler.series.resting
    assert not sampler.series.history().fuel
    sampler.step(calls=1, fuel=5)
    assert sampler.recent().fuel[-1] == 5.0, "what was asked before is not this step's"


def test_memory_that_grows_by_itself_is_seen(sampler: Sampler) -> None:
    sampler.step(calls=1)
    for _ in range(RECENT + 5):
        sampler.step()
    sampler.memory = 3 * MIB
    sampler.counters.record_upkeep(1, 1)
    assert sampler.step()
    assert sampler.recent().memory[-1] == 3 * MIB


def test_long_steps_hold_half_a_minute_each(sampler: Sampler) -> None:
    for _ in range(2 * LONG_STEP):
        sampler.step(calls=2, fuel=50)
    found = sampler.long()
    assert found.step == LONG_STEP
    assert found.fuel[-1] == pytest.approx(100.0, rel=0.05)
    assert found.calls[-1] == pytest.approx(2.0, rel=0.05)
    assert found.p95_ms[-1] == pytest.approx(1.0, rel=0.2)
    for _ in range(5 * LONG_STEP):
        sampler.number += 1
    assert sampler.long().calls[-3:] == (0.0, 0.0, 0.0)


def test_the_long_series_is_bounded_and_forgets_the_oldest(sampler: Sampler) -> None:
    for index in range(125 * LONG_STEP):
        sampler.step(calls=1 if index % LONG_STEP == 0 else 0)
    found = sampler.long()
    assert len(found.fuel) == 120
    assert all(found.calls)


def test_a_component_at_rest_takes_no_room() -> None:
    sampler = Sampler()
    for _ in range(500):
        sampler.step()
    series = sampler.series
    held = [getattr(series, name) for name in Series.__slots__]
    assert not series.stored
    assert sys.getsizeof(series) + sum(map(sys.getsizeof, held)) < 600


def test_a_component_that_is_busy_for_hours_stays_bounded(sampler: Sampler) -> None:
    for _ in range(4_000):
        sampler.step(calls=1)
    arrays = sampler.series.stored
    assert max(len(column) for column in arrays) == RECENT
    assert sum(map(sys.getsizeof, arrays)) < 20_000


def test_a_limit_in_reach_is_foretold(sampler: Sampler) -> None:
    for index in range(40):
        sampler.memory = MIB * (index + 1)
        sampler.step(calls=1)
    trend = sampler.series.memory_trend(1.0)
    assert trend.rate == pytest.approx(MIB)
    assert trend.reaches(64 * MIB) == pytest.approx(24.0)
    for _ in range(60):
        sampler.step(calls=1)
    assert sampler.series.memory_trend(1.0) is None, "it has stopped growing"


def test_the_costs_of_revisions_are_kept_apart() -> None:
    counters = Counters()
    counters.begin_revision(1)
    assert counters.costs() == {}
    for _ in range(10):
        counters.record(100, 1_000_000, 0)
    counters.begin_revision(2)
    for _ in range(5):
        counters.record(150, 8_000_000, 0)
    costs = counters.costs()
    assert [(number, cost.calls, cost.fuel_per_call) for number, cost in costs.items()] == [(1, 10, 100), (2, 5, 150)]
    assert costs[1].p50_ms == pytest.approx(1.0, rel=0.2)
    assert costs[2].p50_ms == pytest.approx(8.0, rel=0.2)
    assert counters.previous == 1


def test_a_change_of_fuel_is_that_of_the_same_exports() -> None:
    costs = CallCosts()
    costs.begin(1)
    for _ in range(9):
        costs.record("cheap", 100, 1_000)
    costs.record("dear", 10_000, 1_000)
    costs.begin(2)
    assert costs.fuel_change(1) is None
    for _ in range(5):
        costs.record("dear", 11_000, 1_000)
        costs.record("new", 500_000, 1_000)
    assert costs.fuel_change(1) == pytest.approx(0.1)
    assert costs.fuel_change(None) is None


def test_a_real_component_is_metered_over_time(world: World) -> None:
    world.open()
    world.install("c", Crafted(salt="a"), version="1.0.0")
    for _ in range(5):
        world.call("c", "add", 1)
    world.install("c", Crafted(salt="b", add="(drop (i64.const 1)) (drop (i64.const 1))"), version="1.1.0")
    world.call("c", "add", 1)
    # Not world.wait_for: it holds what the loop needs to tell of news while it asks the loop.
    eventually(lambda: sum(world.runtime.meters("c").result(30).recent.calls) > 0)
    found = world.runtime.meters("c").result(30)
    assert [(cost.revision, cost.version, cost.calls) for cost in found.costs] == [(1, "1.0.0", 5), (2, "1.1.0", 1)]
    assert found.costs[1].fuel_per_call > found.costs[0].fuel_per_call
    assert found.now.fuel_change == pytest.approx(found.costs[1].fuel_per_call / found.costs[0].fuel_per_call - 1)
    assert found.now.calls == 6
    assert found.recent.memory[-1] == 65_536
    assert found.exhaustion == ()
    assert len(found.recent.fuel) == len(found.recent.p99_ms) <= RECENT


@given(st.lists(st.integers(1_000, 10**10), min_size=1, max_size=50), st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_a_quantile_is_close_to_the_truth(latencies: list[int], fraction: float) -> None:
    histogram = LatencyHistogram()
    for latency in latencies:
        histogram.record(latency)
    truth = sorted(latencies)[max(0, -(-int(fraction * len(latencies) * 1_000) // 1_000) - 1)] / 1e6
    found = histogram.quantile(fraction)
    assert found is not None
    assert min(latencies) / 1e6 * 0.99 <= found <= max(latencies) / 1e6 * 1.3
    assert found >= truth * 0.75


@given(st.lists(st.integers(1, 10**9), max_size=20), st.lists(st.integers(1, 10**9), max_size=20))
def test_a_difference_of_readings_is_what_came_between(before: list[int], after: list[int]) -> None:
    both, only = LatencyHistogram(), LatencyHistogram()
    for latency in before:
        both.record(latency)
    reading = both.reading()
    for latency in after:
        both.record(latency)
        only.record(latency)
    assert quantiles(both.reading(), (0.5, 0.99), reading) == only.quantiles((0.5, 0.99))


@given(st.lists(st.integers(0, 90_000_000_000), max_size=60))
def test_a_bucket_counts_the_latencies_up_to_its_bound(latencies: list[int]) -> None:
    """Latencies are kept in steps of 250 ns, so one on a bound itself belongs to the next bucket."""
    histogram = LatencyHistogram()
    for latency in latencies:
        histogram.record(latency)
    below = tuple(sum(latency < bound * 1e9 for latency in latencies) for bound in LATENCY_BOUNDS)
    assert histogram.buckets() == (below if latencies else ())


def test_a_call_that_traps_has_its_latency_counted_and_summed() -> None:
    counters = Counters()
    counters.record(1, 20_000_000, 1)
    counters.record_trap(1, 5_000_000_000, 1)
    counters.record_trap(1, 9_000_000_000, 1, by_hand=True)
    assert (counters.wall_ns, counters.latency.total, counters.calls) == (5_020_000_000, 2, 2)


def test_the_costs_of_a_revision_count_on_over_a_restart() -> None:
    counters, costs = Counters(), CallCosts()
    costs.recall(1, {"add": ExportCost(30, 100.0, 0.002), "get": ExportCost(10, 20.0, 0.001)})
    costs.recall(2, {})
    costs.begin(1)
    counters.begin_revision(1)
    assert revision_costs(counters, costs) == {1: Cost(40, 80.0, 2.0)}
    counters.record(180, 1_000, 0)
    costs.record("get", 180, 1_000)
    told = revision_costs(counters, costs)[1]
    assert (told.calls, round(told.fuel_per_call, 3)) == (41, round((40 * 80 + 180) / 41, 3))
    assert told.p50_ms is not None
    assert told.p50_ms < 0.01, "the median is that of this runtime"
