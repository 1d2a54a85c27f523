"""What a front end may ask a runtime to do. Each command is a value; the runtime answers with ``Done`` or an error."""

from __future__ import annotations

import msgspec

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


Command = Start | Stop | Restart | Reload | Unload | Rollback
