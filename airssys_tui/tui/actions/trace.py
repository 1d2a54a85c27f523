"""The actions of the screen on which the steps of calls are read."""

from __future__ import annotations

from typing import Final

from airssys_tui.tui.actions.action import Action, Group, act, opens
from airssys_tui.tui.actions.view import OF_ONE, View

TRACE_ACTIONS: Final[tuple[Action, ...]] = (
    opens(
        "look.traces",
        "t",
        "Traces",
        "Show what the component's last calls did, step by step, as it tells them; of a call made by hand, that one.",
        View.TRACES,
        views=OF_ONE | {View.CALL},
        hint="traces",
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
