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
        "Start the component, and keep it started across restarts of the runtime.",
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
        "Save its state, stop it, and keep it stopped across restarts of the runtime.",
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
        "Reload from disk",
        "Deploy what is on disk, even if it is held or was refused.",
        Group.ACT,
        views=OF_ONE,
        danger=Danger.UNDOABLE,
        hint="reload",
        rank=33,
    ),
    act(
        "component.back-to-stable",
        "z",
        "Roll back to stable",
        "Preview a rollback to the previous stable revision, then ask.",
        Group.ACT,
        views=OF_ONE,
        danger=Danger.UNDOABLE,
        hint="roll back",
        rank=23,
    ),
    act(
        "component.back-to-selected",
        "b",
        "Roll back to selected",
        "Preview a rollback to the selected revision, then ask.",
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
        "Remove the component from the runtime; its history stays.",
        Group.ACT,
        views=OF_ONE,
        danger=Danger.LOSES_STATE,
        hint="unload",
        rank=34,
    ),
)
