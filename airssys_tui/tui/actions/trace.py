"""The actions of the screen on which the steps of calls are read."""

from __future__ import annotations

from typing import Final

from airssys_tui.tui.actions.action import OF_ONE, Action, Group, View, act

TRACE_ACTIONS: Final[tuple[Action, ...]] = (
    act(
        "look.traces",
        "t",
        "Traces",
        "Show what the component's last calls did, step by step, as it tells them; of a call made by hand, that one.",
        Group.LOOK,
        views=OF_ONE | {View.CALL},
        hint="traces",
        of_row=True,
        rank=41,
    ),
    act(
        "trace.steps",
        "enter tab right",
        "Read the steps",
        "Go into the steps of the selected call to scroll them, or back to the list of calls.",
        Group.LOOK,
        views=frozenset({View.TRACES}),
        do="steps",
        hint="steps",
        rank=6,
    ),
)
