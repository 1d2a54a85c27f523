"""The actions of the traces screen."""

from __future__ import annotations

from typing import Final

from airssys_tui.tui.actions.action import Action, Group, act, opens
from airssys_tui.tui.actions.view import OF_ONE, View

TRACE_ACTIONS: Final[tuple[Action, ...]] = (
    opens(
        "look.traces",
        "t",
        "Traces",
        "Show the steps that the component's last calls report; on the call screen, those of the selected call.",
        View.TRACES,
        views=OF_ONE | {View.CALL},
        hint="traces",
        rank=41,
    ),
    act(
        "trace.steps",
        "enter tab right",
        "Steps",
        "Go to the steps of the selected call to scroll them, or back to the list of calls.",
        Group.LOOK,
        views=frozenset({View.TRACES}),
        do="steps",
        hint="steps",
        rank=6,
    ),
)
