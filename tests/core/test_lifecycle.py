"""The lifecycle table: what may follow what, and how anything else is refused."""

from __future__ import annotations

import itertools

import pytest

from airssys_tui.core.errors import TransitionError
from airssys_tui.core.lifecycle import STEADY, TRANSITIONS, State, advance

# The table of the domain page, written down a second time: this one is what was asked for.
ASKED = """
installing -> installed failed
installed -> starting updating uninstalled
starting -> running failed stopping
running -> updating stopping failed
updating -> running installed stopped failed
stopping -> stopped
stopped -> starting updating uninstalled
failed -> starting updating uninstalled
uninstalled -> installing
"""
ALLOWED = {
    (State(source), State(target))
    for source, targets in (line.split(" -> ") for line in ASKED.strip().splitlines())
    for target in targets.split()
}
PAIRS = list(itertools.product(State, State))


@pytest.mark.parametrize(("source", "target"), [pair for pair in PAIRS if pair in ALLOWED])
def test_what_the_table_allows_is_done(source: State, target: State) -> None:
    assert advance("counter", source, "event", target) is target


@pytest.mark.parametrize(("source", "target"), [pair for pair in PAIRS if pair not in ALLOWED])
def test_anything_else_names_component_state_and_event(source: State, target: State) -> None:
    with pytest.raises(TransitionError, match=rf"counter is {source}: jump is not possible") as refused:
        advance("counter", source, "jump", target)
    assert refused.value.component == "counter"
    assert refused.value.remedy.removeprefix(f"possible from {source}: ").split(", ") == sorted(
        allowed for before, allowed in ALLOWED if before is source
    )


def test_no_state_is_a_trap_and_every_state_can_be_reached() -> None:
    assert all(TRANSITIONS[state] for state in State)
    assert set().union(*TRANSITIONS.values()) == set(State)


def test_every_steady_state_can_be_updated_and_a_failed_update_can_return_to_it() -> None:
    for state in STEADY:
        assert State.UPDATING in TRANSITIONS[state]
        assert state in TRANSITIONS[State.UPDATING]
