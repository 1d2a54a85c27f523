"""Reloads and rollbacks by the hundred, under load: the short form; ``python -m tests.endurance`` is the long one."""

from __future__ import annotations

import pytest

from tests.endurance import Endured, endure, grow
from tests.support.world import World


def check(endured: Endured, swaps: int) -> None:
    assert endured.lossless, endured
    assert endured.revision == swaps + 1
    assert endured.pauses.count == swaps
    assert endured.pauses.p50 <= endured.pauses.p95 <= endured.pauses.longest


@pytest.mark.timeout(120)
@pytest.mark.parametrize("strategy", ["blue-green", "stop-start"])
def test_twenty_reloads_and_ten_rollbacks_under_load(world: World, strategy: str) -> None:
    check(endure(world, 20, 10, strategy), 30)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("strategy", ["blue-green", "stop-start"])
def test_a_thousand_reloads_and_three_hundred_rollbacks_under_load(world: World, strategy: str) -> None:
    check(endure(world, 1_000, 300, strategy), 1_300)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_thousand_reloads_do_not_make_the_process_grow(world: World) -> None:
    assert grow(world, 1_000).percent < 10
