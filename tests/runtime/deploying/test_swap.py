"""Nothing that was acknowledged is lost by a swap: reloads under load, counted exactly."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airssys_tui.api.commands import Reload, Restart, Rollback
from airssys_tui.core.errors import TransitionError
from airssys_tui.core.identity import digest_of
from airssys_tui.core.lifecycle import State
from tests.support.callers import Callers
from tests.support.components import Crafted
from tests.support.places import RELEASES
from tests.support.world import World


def reloads_under_load(world: World, count: int) -> None:
    """Reload `counter` so many times while four callers increment it, then compare."""
    world.put("counter", RELEASES / "1.0.0")
    world.open()
    callers = Callers(world, "counter", "increment")
    try:
        for number in range(count):
            world.put("counter", RELEASES / ("1.1.0" if number % 2 == 0 else "1.0.0"))
            done = world.do(Reload("counter", force=True))
            assert done.revision == number + 2
            callers.everyone_moves()
    finally:
        acknowledged = callers.end()
    assert world.call("counter", "get") == acknowledged
    row = world.row("counter")
    assert (row.state, row.revision, row.restarts, row.meters.dropped) == (State.RUNNING, count + 1, 0, 0)
    world.reopen()
    assert world.call("counter", "get") == acknowledged


def test_thirty_reloads_under_four_callers_lose_nothing(world: World) -> None:
    reloads_under_load(world, 30)


@pytest.mark.slow
def test_two_hundred_reloads_under_four_callers_lose_nothing(world: World) -> None:
    reloads_under_load(world, 200)


def test_replaced_files_under_four_callers_lose_nothing(world: World) -> None:
    world.put("c", Crafted(salt="0"))
    world.open(watch=True)
    callers = Callers(world, "c", "add")
    try:
        for salt in range(1, 9):
            component = Crafted(salt=f"{salt}")
            digest = digest_of(component.wasm())
            world.put("c", component)
            world.wait_row("c", lambda row, digest=digest: row.digest == digest and row.state is State.RUNNING)
            callers.everyone_moves()
    finally:
        acknowledged = callers.end()
    assert world.call("c", "get") == acknowledged


@pytest.mark.parametrize("what", ["restart", "rollback", "refused"])
def test_other_swaps_under_four_callers_lose_nothing(world: World, what: str) -> None:
    world.put("c", Crafted(salt="0"))
    world.open()
    world.install("c", Crafted(salt="1"))
    swaps: dict[str, Callable[[int], object]] = {
        "restart": lambda _: world.do(Restart("c")),
        "rollback": lambda number: world.do(Rollback("c", to=1 + number % 2)),
        "refused": lambda number: world.install("c", Crafted(load="error", salt=f"{number}")),
    }
    callers = Callers(world, "c", "add")
    try:
        for number in range(10):
            swaps[what](number)
            callers.everyone_moves()
    finally:
        acknowledged = callers.end()
    assert world.call("c", "get") == acknowledged


def test_a_failure_at_each_step_of_the_swap_leaves_the_old_one_with_its_calls(world: World) -> None:
    world.put("c", Crafted(salt="0"))
    world.open()
    callers = Callers(world, "c", "add")
    bad = [
        Crafted(init="trap"),
        Crafted(load="trap"),
        Crafted(health="unhealthy"),
        Crafted(init="error"),
    ]
    try:
        for component in bad:
            assert world.install("c", component).revision == 1
            callers.everyone_moves()
    finally:
        acknowledged = callers.end()
    assert world.call("c", "get") == acknowledged


def test_what_serves_cannot_be_reloaded_while_it_is_called(world: World) -> None:
    world.put("c", Crafted())
    world.open()
    callers = Callers(world, "c", "add")
    try:
        with pytest.raises(TransitionError):
            world.do(Reload("c"))
        callers.everyone_moves()
    finally:
        acknowledged = callers.end()
    assert world.call("c", "get") == acknowledged
