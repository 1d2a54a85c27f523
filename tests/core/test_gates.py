"""The names of the gates are shown, sent and recorded: they stay."""

from __future__ import annotations

import pytest

from airssys_tui.core.gates import Gate, known_gate


def test_gates_have_their_names_and_one_order() -> None:
    assert " · ".join(Gate) == (
        "file · disk · capacity · store · size · magic · sections · manifest · dependencies · compile · types · "
        "links · compatibility · grants · start · instantiate · init · state load · health probe · drain · "
        "state save · storage"
    )


@pytest.mark.parametrize("gate", Gate)
def test_a_gate_is_known_by_its_name(gate: Gate) -> None:
    assert known_gate(gate.value) is gate


@pytest.mark.parametrize("name", ["grant", "", "Size", "\x1b"])
def test_other_names_are_no_gates(name: str) -> None:
    assert known_gate(name) is None
