"""What a rollback makes stable: the artifact of a stable revision, and never one that had not proved itself."""

from __future__ import annotations

import pytest

from airssys_tui.api.commands import MarkStable, Rollback
from airssys_tui.core.errors import RollbackRefused
from airssys_tui.core.revision import Outcome, StatePolicy
from tests.support.components import Crafted
from tests.support.world import World

ONE, TWO, THREE = (Crafted(salt=salt) for salt in "123")


@pytest.fixture
def left(world: World) -> World:
    """Give a world in which `c` went from r1, declared stable, to r2 and back: r2 is not stable."""
    world.put("c", ONE, version="1.0.0")
    world.open()
    world.do(MarkStable("c", 1))
    world.install("c", TWO, version="2.0.0")
    world.do(Rollback("c", to=1))
    assert stable(world) == {1: True, 2: False, 3: True}
    return world


def stable(world: World) -> dict[int, bool]:
    return {revision.number: revision.stable for revision in world.history("c")}


def test_back_to_one_that_is_not_stable_makes_nothing_stable(left: World) -> None:
    left.do(Rollback("c", to=2))
    assert (left.row("c").version, left.row("c").stable) == ("2.0.0", False)
    assert not stable(left)[4]
    left.do(Rollback("c"))
    assert left.row("c").version == "1.0.0", "the fallback is a revision that proved itself, not r4"


@pytest.mark.parametrize("policy", StatePolicy)
def test_back_to_a_stable_one_is_stable_at_once_whatever_becomes_of_the_state(left: World, policy: StatePolicy) -> None:
    left.install("c", THREE, version="3.0.0")
    left.do(Rollback("c", to=3, state=policy))
    row = left.row("c")
    assert (row.version, row.stable, row.probation_until) == ("1.0.0", True, None)
    assert stable(left) == {1: True, 2: False, 3: True, 4: False, 5: True}


def test_a_refused_rollback_makes_nothing_stable(left: World) -> None:
    before = stable(left)
    with pytest.raises(RollbackRefused):
        left.do(Rollback("c", to=9))
    left.install("c", Crafted(init="error"))
    assert left.outcomes("c")[4] is Outcome.FAILED
    with pytest.raises(RollbackRefused):
        left.do(Rollback("c", to=4, force=True))
    assert {number: is_stable for number, is_stable in stable(left).items() if number in before} == before
    assert not any(is_stable for number, is_stable in stable(left).items() if number > 3)


def test_what_a_fallback_brings_back_is_stable_and_can_be_fallen_back_to_again(left: World) -> None:
    left.do(Rollback("c", to=2))
    left.do(Rollback("c"))
    assert (left.row("c").revision, left.row("c").stable) == (5, True)
    left.reopen()
    assert (left.row("c").revision, left.row("c").stable) == (5, True)
