"""The lifecycle of a component as one table, and what stands beside it: health, recovery, desired state.

The table is the only authority on which state may follow which; the runtime asks :func:`advance` and stores the answer.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.core.errors import TransitionError


class State(StrEnum):
    """Where a component is in its life."""

    UNINSTALLED = "uninstalled"
    INSTALLING = "installing"
    INSTALLED = "installed"
    STARTING = "starting"
    RUNNING = "running"
    UPDATING = "updating"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


class Health(StrEnum):
    """What the component last said of itself, or what was found out about it."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


class Desired(StrEnum):
    """What the operator wants; survives restarts of the runtime."""

    RUNNING = "running"
    STOPPED = "stopped"


class RecoveryKind(StrEnum):
    """Whether a failed component will be started again by itself."""

    NONE = "none"
    BACKOFF = "backoff"
    EXHAUSTED = "exhausted"


class Recovery(msgspec.Struct, frozen=True):
    """What supervision is about to do for a component.

    Attributes:
        kind: Nothing, waiting to restart, or out of tries.
        until: Unix time in seconds of the next try, while in backoff.
        tries_left: Restarts left in the window after this one.
    """

    kind: RecoveryKind = RecoveryKind.NONE
    until: float | None = None
    tries_left: int | None = None


NO_RECOVERY: Final = Recovery()

TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.UNINSTALLED: frozenset({State.INSTALLING}),
    State.INSTALLING: frozenset({State.INSTALLED, State.FAILED}),
    State.INSTALLED: frozenset({State.STARTING, State.UPDATING, State.UNINSTALLED}),
    State.STARTING: frozenset({State.RUNNING, State.FAILED, State.STOPPING}),
    State.RUNNING: frozenset({State.UPDATING, State.STOPPING, State.FAILED}),
    State.UPDATING: frozenset({State.RUNNING, State.INSTALLED, State.STOPPED, State.FAILED}),
    State.STOPPING: frozenset({State.STOPPED}),
    State.STOPPED: frozenset({State.STARTING, State.UPDATING, State.UNINSTALLED}),
    State.FAILED: frozenset({State.STARTING, State.UPDATING, State.UNINSTALLED}),
}
"""Every transition there is; anything else is a :class:`~airssys_tui.core.errors.TransitionError`."""

STEADY: Final = frozenset({State.INSTALLED, State.RUNNING, State.STOPPED, State.FAILED})
"""States in which an update may begin, and to which a failed update returns."""


def advance(component: str, state: State, event: str, target: State) -> State:
    """Return ``target`` if the table allows it.

    Args:
        component: Text form of the component's identity, for the error.
        state: The state now.
        event: What is asked, in a word, for the error.
        target: The state wanted.

    Raises:
        TransitionError: If the table has no such transition.
    """
    if target not in TRANSITIONS[state]:
        raise TransitionError(
            f"{component} is {state}: {event} is not possible",
            remedy=f"possible from {state}: " + (", ".join(sorted(TRANSITIONS[state])) or "nothing"),
            component=component,
        )
    return target
