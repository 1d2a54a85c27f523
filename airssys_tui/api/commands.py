"""Commands: what a front end may ask a runtime to do, as values.

Pass one to :meth:`~airssys_tui.api.protocol.RuntimeApi.submit`, which answers with
:class:`~airssys_tui.api.views.runtime.Done` or an error. The tags are the names on the wire. ``component`` is always
the text form of an identity.
"""

from __future__ import annotations

import msgspec

from airssys_tui.api.views.past import StateFile
from airssys_tui.core.revision import StatePolicy


class Start(msgspec.Struct, frozen=True, tag="start"):
    """Start a stopped or failed component; it is desired to run from now on, also after a restart of the runtime."""

    component: str


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Save a component's state and stop it; it stays stopped, also after a restart of the runtime."""

    component: str


class Restart(msgspec.Struct, frozen=True, tag="restart"):
    """Replace the instance with a fresh one of the same revision; the state is handed over."""

    component: str


class Reload(msgspec.Struct, frozen=True, tag="reload"):
    """Deploy what is on disk now, even if it is held or was refused before.

    Attributes:
        force: Accept a breaking change of the exports; every other gate still applies.
    """

    component: str
    force: bool = False


class Unload(msgspec.Struct, frozen=True, tag="unload"):
    """Stop a component and unload it; its history stays. A later start or reload brings it back."""

    component: str


class Rollback(msgspec.Struct, frozen=True, tag="rollback"):
    """Roll back to an earlier revision; this makes a new revision with the earlier one's artifact.

    What is left, and what is on disk, is held: neither the watcher nor a restart deploys it.

    Attributes:
        to: The target's number; None for the previous stable revision.
        state: What happens to the state: keep the present one, restore the target's own, or start fresh.
        force: Allow a quarantined or failed target.
        note: Why, for the history; may be empty.
    """

    component: str
    to: int | None = None
    state: StatePolicy = StatePolicy.KEEP
    force: bool = False
    note: str = ""


class Pin(msgspec.Struct, frozen=True, tag="pin"):
    """Pin a revision, so that its code and states are kept whatever the retention rules say; or unpin it."""

    component: str
    revision: int
    pinned: bool = True


class Annotate(msgspec.Struct, frozen=True, tag="annotate"):
    """Write a note on a revision; an empty note removes it. At most 500 characters are kept."""

    component: str
    revision: int
    note: str


class MarkStable(msgspec.Struct, frozen=True, tag="mark-stable"):
    """Declare a revision stable, as if it had passed its probation, or not stable. Rollbacks go to stable revisions."""

    component: str
    revision: int
    stable: bool = True


class LiftQuarantine(msgspec.Struct, frozen=True, tag="lift-quarantine"):
    """Lift the quarantine of a revision: its artifact may be deployed, and rolled back to, again."""

    component: str
    revision: int


class SaveState(msgspec.Struct, frozen=True, tag="save-state"):
    """Save the state of a running component now."""

    component: str


class RestoreState(msgspec.Struct, frozen=True, tag="restore-state"):
    """Load a saved state into a fresh instance of the active revision; this makes a revision with cause ``restore``.

    Attributes:
        snapshot: Number of the saved state, see :class:`~airssys_tui.api.views.past.StateView`.
    """

    component: str
    snapshot: int


class ImportState(msgspec.Struct, frozen=True, tag="import-state"):
    """Keep an exported state as a saved state of the active revision. It is loaded only by a :class:`RestoreState`."""

    component: str
    state: StateFile


class Undo(msgspec.Struct, frozen=True, tag="undo"):
    """Take back the operator's last action that can be taken back; ``Snapshot.undo`` says which one that is."""


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
