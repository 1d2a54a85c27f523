"""The actions of the screens about past calls: their traces, and those that were recorded."""

from __future__ import annotations

from typing import Final

from airssys_tui.tui.actions.action import Action, Danger, Group, act, opens
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
    opens(
        "look.recordings",
        "a",
        "Recorded calls",
        "Show the component's recorded calls: what they were given, and what they gave.",
        View.RECORDINGS,
        views=OF_ONE | {View.TRACES},
    ),
    act(
        "recording.read",
        "enter tab right",
        "Read the call",
        "Go to the selected call to scroll it, or back to the list of calls.",
        Group.LOOK,
        views=frozenset({View.RECORDINGS}),
        do="read",
        hint="call",
        rank=6,
    ),
    act(
        "recording.replay",
        "v",
        "Replay the call",
        "Run the selected call again in a fresh instance with the recorded answers of the host, and compare.",
        Group.ACT,
        views=frozenset({View.RECORDINGS}),
        danger=Danger.UNDOABLE,
        do="replay",
        hint="replay",
        of_row=False,
        rank=8,
    ),
)
