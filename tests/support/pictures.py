"""Sizes and scenes of the snapshot pictures."""

from __future__ import annotations

import pytest

from airssys_tui.api.played import scenes
from airssys_tui.api.played.meters import Load
from airssys_tui.api.played.runtime import PlayedRuntime
from airssys_tui.api.views.components import Note
from airssys_tui.core.units import MIB

SMALL, USUAL, LARGE, HUGE = (40, 15), (80, 24), (120, 40), (200, 60)


SIZES = pytest.mark.parametrize("size", [SMALL, USUAL, LARGE, HUGE], ids="{0[0]}x{0[1]}".format)


def standing() -> PlayedRuntime:
    """Components that have something to say of themselves without a note."""
    now = scenes.NOON
    grower = Load(fuel=2e5, memory=58 * MIB, growth=MIB // 7, cpu=0.02, calls=8, wobble=0.1, errors=0.5)
    dear = Load(fuel=9e5, fuel_per_call=2_900, fuel_change=0.31, memory=MIB, cpu=0.2, calls=30, wobble=0.1)
    components = [
        scenes.played("proving", Load(fuel=1e4, calls=2), now=now, up=23.0, probation_until=now + 7, stable=False),
        scenes.played("grower", grower, now=now),
        scenes.played("dear", dear, now=now),
        scenes.played("burnt", Load(), now=now, quarantined=(3, 5)),
    ]
    for component in components:
        component.change(note=Note())
    return PlayedRuntime(scenes.still).add(components)


LEDGER = ("slash", *"ledger", "enter")
"""Selects the component whose timeline has every kind of revision."""
