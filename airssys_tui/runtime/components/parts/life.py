"""Where a component is in its lifecycle, how healthy it is, and since when it serves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from airssys_tui.core.lifecycle import CommandEnd, Health, State, advance
from airssys_tui.runtime.actors.actor import Actor
from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.metering.uptime import Uptime


class RunningCommand(msgspec.Struct, frozen=True):
    """A command while it runs: its instance, and how it ends."""

    serving: Serving
    ended: asyncio.Future[CommandEnd]


class Run(msgspec.Struct, frozen=True):
    """One run of a command that an operator asked for.

    Attributes:
        arguments: Its arguments; None for those of the manifest.
        begun: Gets its result when the command runs.
    """

    arguments: tuple[str, ...] | None
    begun: asyncio.Future[None]


class Life:
    """The lifecycle of one component. State and health change only together with the count of its uptime.

    Args:
        name: The component's name, for errors.
        actor: Tells whether an instance serves during an update.
        changed: Called when something that is shown has changed.

    Attributes:
        started_at: Unix time from which the present instance serves.
        command: The command that runs now, for components of that kind.
        ended: How the active revision, if it is a command, ended last.
    """

    __slots__ = ("_actor", "_changed", "_name", "_uptime", "command", "ended", "health", "started_at", "state")

    def __init__(self, name: str, actor: Actor, changed: Callable[[], None]) -> None:
        self._name = name
        self._actor = actor
        self._changed = changed
        self._uptime = Uptime()
        self.state = State.UNINSTALLED
        self.health = Health.UNKNOWN
        self.started_at: float | None = None
        self.command: RunningCommand | None = None
        self.ended: CommandEnd | None = None

    def enter(self, event: str, target: State) -> None:
        """Go to another state.

        Raises:
            TransitionError: If the table of transitions does not allow it.
        """
        self.tick()
        self.state = advance(self._name, self.state, event, target)
        self._changed()

    def report(self, health: Health) -> None:
        """Set the health."""
        self.tick()
        self.health = health
        self._changed()

    def serve_since(self, at: float | None) -> None:
        """Set the Unix time from which the present instance serves; None when no instance serves."""
        self.started_at = at
        self._changed()

    def run(self, command: RunningCommand | None) -> None:
        """Set the command that runs now; None when it has ended."""
        self.command = command

    def end(self, ended: CommandEnd | None) -> None:
        """Set how the command ended; None when it begins, or is another one."""
        self.ended = ended

    def tick(self) -> float:
        """Count the uptime up to now; return its seconds in this runtime. Unhealthy service does not count."""
        updating = self.state is State.UPDATING and self._actor.serving is not None
        up = self.state is State.RUNNING or updating
        return self._uptime.tick(up and self.health is not Health.UNHEALTHY)

    @property
    def uptime(self) -> float:
        """Seconds of healthy service in this runtime, as of the last tick."""
        return self._uptime.seconds
