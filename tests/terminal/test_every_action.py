"""Every action of the table, by its key and by the palette, on real components in a real terminal."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from airssys_tui.tui.actions.table import ACTIONS
from tests.support.terminal.scratch import Scratch
from tests.support.terminal.tour import Means, Sitting
from tests.support.terminal.tour_acts import ACTS
from tests.support.terminal.tour_calls import CALLS
from tests.support.terminal.tour_grants import GRANTS
from tests.support.terminal.tour_one import ONE
from tests.support.terminal.tour_past import PAST
from tests.support.terminal.tour_streams import STREAMS
from tests.support.terminal.tour_table import TABLE

SITTINGS = (TABLE, ONE, STREAMS, ACTS, PAST, CALLS, GRANTS)

pytestmark = pytest.mark.timeout(180)


def test_every_action_has_a_step() -> None:
    steps = Counter(name for sitting in SITTINGS for name in sitting.steps)
    assert set(steps) == {action.id for action in ACTIONS}
    assert set(steps.values()) == {1}


@pytest.mark.parametrize("means", Means, ids=lambda means: means.value)
@pytest.mark.parametrize("sitting", SITTINGS, ids=lambda sitting: sitting.name)
def test_the_tour_of(sitting: Sitting, means: Means, scratch: Scratch, tmp_path: Path) -> None:
    guide = sitting.take(scratch, means, tmp_path)
    assert guide.done >= set(sitting.steps), "a step has performed another action than its own"
