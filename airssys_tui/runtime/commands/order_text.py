"""The commands about one component, and the sentence that describes each in the events."""

from __future__ import annotations

import shlex
from typing import TypeAlias

from airssys_tui.api.commands import (
    Annotate,
    ImportState,
    LiftQuarantine,
    MarkStable,
    Pin,
    Reload,
    Restart,
    RestoreState,
    Rollback,
    SaveState,
    Start,
    Stop,
    Unload,
)

OfOne: TypeAlias = (
    Start
    | Stop
    | Restart
    | Reload
    | Unload
    | Rollback
    | Pin
    | Annotate
    | MarkStable
    | LiftQuarantine
    | SaveState
    | RestoreState
    | ImportState
)
"""Commands about one component."""


def verb(command: OfOne) -> str:
    """Return a command's name for programs, such as ``save-state``."""
    name = type(command).__name__
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]


def asked(command: OfOne, who: str) -> str:
    """Return a sentence that says who asked for what."""
    return f"{who} asked to {_what(command)}"


def _what(command: OfOne) -> str:
    text = verb(command)
    match command:
        case Start() if command.arguments is not None:
            text = f"start it with the arguments {shlex.join(command.arguments)}"
        case Rollback():
            to = f"r{command.to}" if command.to is not None else "the previous stable revision"
            text = f"roll back to {to}, state {command.state}"
        case Pin():
            text = f"{'pin' if command.pinned else 'unpin'} r{command.revision}"
        case Annotate():
            text = f"note on r{command.revision}: {command.note}"
        case MarkStable():
            text = f"mark r{command.revision} {'stable' if command.stable else 'not stable'}"
        case LiftQuarantine():
            text = f"lift the quarantine of r{command.revision}"
        case RestoreState():
            text = f"restore the state of snapshot {command.snapshot}"
        case SaveState():
            text = "save its state"
        case ImportState():
            text = f"import a state of {command.state.component}"
    return text
