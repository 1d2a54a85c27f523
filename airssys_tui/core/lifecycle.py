"""The lifecycle of a component as one table, with the related states: health, recovery, desired state.

A command component ends by itself; the catalog keeps how, so that a success can be told from a failure after a
restart.
The table alone decides which state may follow which; the runtime calls :func:`advance` and stores the result.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from airssys_tui.core.errors import TransitionError
from airssys_tui.core.text import GuestText, one_line


class State(StrEnum):
    """State of a component in its lifecycle."""

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
    """Health of a component, as reported by itself or as observed by the runtime."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


class Desired(StrEnum):
    """The state the operator wants; survives restarts of the runtime."""

    RUNNING = "running"
    STOPPED = "stopped"


class RecoveryKind(StrEnum):
    """Whether a failed component will be restarted automatically."""

    NONE = "none"
    BACKOFF = "backoff"
    EXHAUSTED = "exhausted"


class Recovery(msgspec.Struct, frozen=True):
    """The next step of supervision for a component.

    Attributes:
        kind: No restart, waiting to restart, or out of restarts.
        until: Unix time in seconds of the next restart, while in backoff.
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
"""All transitions; any other raises :class:`~airssys_tui.core.errors.TransitionError`."""

STEADY: Final = frozenset({State.INSTALLED, State.RUNNING, State.STOPPED, State.FAILED})
"""States in which an update may start, and to which a failed update returns."""


def advance(component: str, state: State, event: str, target: State) -> State:
    """Return ``target`` if the table allows it.

    Args:
        component: Text form of the component's identity, for the error.
        state: The current state.
        event: The requested event, in one word, for the error.
        target: The requested state.

    Raises:
        TransitionError: If the table does not allow the transition.
    """
    if target not in TRANSITIONS[state]:
        raise TransitionError(
            f"{component} is {state}: {event} is not possible",
            remedy=f"possible from {state}: " + (", ".join(sorted(TRANSITIONS[state])) or "nothing"),
            component=component,
        )
    return target


class CommandOutcome(StrEnum):
    """What became of a run. The values are recorded."""

    COMPLETED = "completed"
    """It returned ok, or exited with status 0."""

    EXITED = "exited"
    """It returned an error, or exited with another status."""

    TRAPPED = "trapped"
    """It trapped, its deadline and its fuel included."""

    CANCELLED = "cancelled"
    """The operator stopped it, or the runtime ended."""


ABORTED: Final = 134
"""Exit code after a trap, as ``wasmtime run`` has it: that of a program that aborts, 128 + SIGABRT."""

TERMINATED: Final = 143
"""Exit code of a run that was cancelled: that of a program that is asked to end, 128 + SIGTERM."""


class CommandEnd(msgspec.Struct, frozen=True):
    """The end of a run.

    Attributes:
        revision: The revision that ran.
        outcome: What became of it.
        text: The same for people, with the time it took and the last words of the guest if it did not end well.
        at: Unix time.
        told: The same with more of these words and where the rest is, for the event; it is not kept.
        exit_code: The program's own exit code, 0 to 255; None if it did not end by itself.
    """

    revision: int
    outcome: CommandOutcome
    text: str
    at: float
    told: str = ""
    exit_code: int | None = None

    @property
    def status(self) -> int:
        """The exit code that a shell would see: its own, else :data:`ABORTED` or :data:`TERMINATED`."""
        if self.exit_code is not None:
            return self.exit_code
        return TERMINATED if self.outcome is CommandOutcome.CANCELLED else ABORTED

    @property
    def failed(self) -> bool:
        """Whether it ended by itself, and not well."""
        return self.outcome in {CommandOutcome.EXITED, CommandOutcome.TRAPPED}

    @property
    def state(self) -> State:
        """The state of the component after this end."""
        return State.FAILED if self.failed else State.STOPPED

    def remark(self) -> GuestText:
        """Return what the next start of the runtime says about it."""
        return one_line(f"{self.text}; start runs it again", 500)


STOP_EACH: Final = 0.002
"""Seconds that stopping a runtime may take for each of its components, beyond the time for stopping at all."""
