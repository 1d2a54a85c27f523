"""The actions on a component, its revisions and its states."""

from __future__ import annotations

from typing import Final

from airssys_tui.tui.actions.action import Action, Danger, Group, act
from airssys_tui.tui.actions.view import OF_ONE, View

COMPONENT_ACTIONS: Final[tuple[Action, ...]] = (
    act(
        "component.start",
        "s",
        "Start",
        "Start the component, and want it running.",
        Group.ACT,
        views=OF_ONE,
        danger=Danger.UNDOABLE,
        hint="start",
        rank=30,
    ),
    act(
        "component.stop",
        "x",
        "Stop",
        "Save its state and stop it, and want it stopped.",
        Group.ACT,
        views=OF_ONE,
        danger=Danger.LOSES_STATE,
        hint="stop",
        rank=31,
    ),
    act(
        "component.restart",
        "r",
        "Restart",
        "Replace the instance with a fresh one of the same revision.",
        Group.ACT,
        views=OF_ONE,
        danger=Danger.UNDOABLE,
        hint="restart",
        rank=32,
    ),
    act(
        "component.reload",
        "R",
        "Reload from disk now",
        "Deploy what is on disk, lifting holds and remembered refusals.",
        Group.ACT,
        views=OF_ONE,
        danger=Danger.UNDOABLE,
        hint="reload",
        rank=33,
    ),
    act(
        "component.back-to-stable",
        "z",
        "Roll back to the previous stable",
        "Show what going back to the previous stable revision would change, and ask.",
        Group.ACT,
        views=OF_ONE,
        danger=Danger.UNDOABLE,
        hint="roll back",
        rank=23,
    ),
    act(
        "component.back-to-selected",
        "b",
        "Roll back to the selected revision",
        "Show what going back to the selected revision would change, and ask.",
        Group.ACT,
        views=frozenset({View.VERSIONS}),
        danger=Danger.UNDOABLE,
        hint="roll back to it",
        rank=20,
    ),
    act(
        "component.unload",
        "D delete",
        "Unload",
        "Take the component out of the system; its history stays.",
        Group.ACT,
        views=OF_ONE,
        danger=Danger.LOSES_STATE,
        hint="unload",
        rank=34,
    ),
)
