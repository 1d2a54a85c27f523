"""Every limit has a bound, and every default keeps to it."""

from __future__ import annotations

import pytest

from airssys_tui.core.limits import BOUNDS, COMMAND_DEADLINE, UNLIMITED_FUEL, Limits
from airssys_tui.core.units import GIB, KIB, MIB


def test_every_limit_has_a_bound_and_no_bound_is_of_anything_else() -> None:
    assert set(BOUNDS) == set(Limits.__struct_fields__)


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_defaults_keep_to_their_bounds(name: str) -> None:
    value = getattr(Limits(), name)
    assert BOUNDS[name].least <= (COMMAND_DEADLINE if value is None else value) <= BOUNDS[name].most


def test_the_figures_of_the_domain() -> None:
    assert (BOUNDS["memory"].least, BOUNDS["memory"].most) == (64 * KIB, 4 * GIB)
    assert (BOUNDS["deadline"].least, BOUNDS["deadline"].most) == (0.020, 3600.0)
    assert BOUNDS["message_size"].most == 2 * MIB
    assert Limits().memory == 64 * MIB
    assert BOUNDS["fuel_per_call"].most < UNLIMITED_FUEL
