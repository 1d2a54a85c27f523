"""What to do next is said in keys, also in those of the operator's own."""

from __future__ import annotations

import pytest

from airssys_tui.tui.actions.keymap import DEFAULT_KEYS, Keymap
from airssys_tui.tui.actions.remedies import in_keys


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("start it (airssys-tui start counter)", "start it (press s)"),
        (
            "deploy the held ones all the same (airssys-tui reload pipeline/parse)",
            "deploy the held ones all the same (press R)",
        ),
        ("go back to r1 (airssys-tui rollback counter)", "go back to r1 (press z)"),
        (
            "free some space there (airssys-tui gc): pending",
            "free some space there (press ctrl+g): pending",
        ),
        ("`versions` lists them", "v lists them"),
        ("run `airssys-tui doctor`", "run `airssys-tui doctor`"),
        ("use the same version of airssys-tui for both", "use the same version of airssys-tui for both"),
        ("", ""),
    ],
)
def test_commands_become_keys(written, said):
    assert in_keys(written, DEFAULT_KEYS) == said


def test_they_are_the_keys_of_this_sitting():
    assert in_keys("airssys-tui start counter", Keymap({"component.start": ("f7",)})) == "press f7"
