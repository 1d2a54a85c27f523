"""What a front end may ask a runtime to do. Each command is a value; the runtime answers with ``Done`` or an error."""

from __future__ import annotations

import msgspec

from airssys_tui.api.views.past import StateFile
from airssys_tui.core.revision import StatePolicy


class Start(msgspec.Struct, frozen=True, tag="start"):
    """Start a stopped or failed component, and want it running."""

    component: str


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Stop a component after saving its state, and want it stopped."""

    component: str


class Restart(msgspec.Struct, frozen=True, tag="restart"):
    """Replace the instance with a fresh one of the same revision; the state goes along."""

    component: str


class Reload(msgspec.Struct, frozen=True, tag="reload"):
    """Deploy what is on disk now, lifting holds and remembered refusals.

    Attributes:
        force: Accept a breaking change of exports.
    """

    component: str
    force: bool = False


class Unload(msgspec.Struct, frozen=True, tag="unload"):
    """Stop a component and take it out of the system; its history stays. A later reload or start brings it back."""

    component: str


class Rollback(msgspec.Struct, frozen=True, tag="rollback"):
    """Go back to an earlier revision, as a new revision.

    Attributes:
        to: Revision number, or nothing for the previous stable one.
        state: What happens to the state.
        force: Go to a quarantined or failed revision all the same.
        note: Why, for the history.
    """

    component: str
    to: int | None = None
    state: StatePolicy = StatePolicy.KEEP
    force: bool = False
    note: str = ""


class Pin(msgspec.Struct, frozen=True, tag="pin"):
    """Keep a revision, its code and its states, whatever the retention rules say; or let it go again."""

    component: str
    revision: int
    pinned: bool = True


class Annotate(msgspec.Struct, frozen=True, tag="annotate"):
    """Write a note on a revision; an empty one takes it away."""

    component: str
    revision: int
    note: str


class MarkStable(msgspec.Struct, frozen=True, tag="mark-stable"):
    """Say that a revision is stable, as a probation that was passed would; or that it is not."""

    component: str
    revision: int
    stable: bool = True


class LiftQuarantine(msgspec.Struct, frozen=True, tag="lift-quarantine"):
    """Lift the quarantine of a revision: it may be rolled back to, and its artifact deployed, again."""

    component: str
    revision: int


class SaveState(msgspec.Struct, frozen=True, tag="save-state"):
    """Take a snapshot of a running component's state now."""

    component: str


class RestoreState(msgspec.Struct, frozen=True, tag="restore-state"):
    """Load a kept snapshot into a fresh instance of the active revision, as a new revision with cause ``restore``.

    Attributes:
        snapshot: Its number, see :class:`~airssys_tui.api.views.past.StateView`.
    """

    component: str
    snapshot: int


class ImportState(msgspec.Struct, frozen=True, tag="import-state"):
    """Keep a state that was exported, here or elsewhere, as a snapshot of the active revision; nothing loads it yet."""

    component: str
    state: StateFile


class Undo(msgspec.Struct, frozen=True, tag="undo"):
    """Undo the operator's last undoable action; ``Snapshot.undo`` says what that would be."""


Command = (
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
    | Undo
)
