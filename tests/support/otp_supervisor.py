"""A model of Erlang/OTP's supervisors, one object for each, as ``supervisor.erl`` of OTP 27 describes them.

It is written from the documentation of OTP and its source, not from the rules it is compared with: each supervisor has
its own children, and an exit that it cannot deal with is an exit of its own in the supervisor above.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from airssys_tui.core.groups.group_table import Group, GroupStrategy
from airssys_tui.core.supervision import RestartPolicy


@dataclass
class World:
    """What all supervisors share: the clock, which starts fail, and what happened."""

    now: float = 0.0
    failing: dict[str, int] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    log: list[tuple[str, str]] = field(default_factory=list)

    def fails(self, name: str) -> bool:
        left = self.failing.get(name, 0)
        self.failing[name] = max(0, left - 1)
        return left > 0


@dataclass
class Worker:
    """A child that is no supervisor; ``held`` ones are kept down by the operator."""

    name: str
    restart: RestartPolicy
    world: World
    alive: bool = False

    def start(self) -> bool:
        if self.name in self.world.held:
            return True
        if self.world.fails(self.name):
            return False
        self.alive = True
        self.world.log.append(("start", self.name))
        return True

    def terminate(self) -> None:
        if self.alive:
            self.alive = False
            self.world.log.append(("stop", self.name))

    def workers(self) -> list[Worker]:
        return [self]


class Supervisor:
    """A supervisor and its children: the specifications are kept, a process of it begins with all of them."""

    restart = RestartPolicy.PERMANENT

    def __init__(
        self, group: Group, make: Callable[[str, bool], Worker | Supervisor], world: World, above: Supervisor | None
    ) -> None:
        self.name = group.name
        self.world = world
        self.above = above
        self.strategy = group.strategy
        self.intensity, self.period = group.max_restarts, group.window
        self.specs = [make(member.name, member.is_group) for member in group.members]
        for spec in self.specs:
            if isinstance(spec, Supervisor):
                spec.above = self
        self.children: list[Worker | Supervisor] = []
        self.restarts: list[float] = []
        self.gone = True

    def workers(self) -> list[Worker]:
        return [worker for spec in self.specs for worker in spec.workers()]

    def start(self) -> bool:
        """``init``: start every child; if one fails, end those before it, and fail."""
        self.gone, self.restarts, self.children = False, [], list(self.specs)
        for at, child in enumerate(self.children):
            if not child.start():
                for before in reversed(self.children[:at]):
                    before.terminate()
                self.gone = True
                return False
        return True

    def terminate(self) -> None:
        if not self.gone:
            self.gone = True
            self.terminate_children(self.children)

    def terminate_children(self, children: list[Worker | Supervisor]) -> list[Worker | Supervisor]:
        """End children, the last first; temporary ones are forgotten."""
        for child in reversed(children):
            child.terminate()
        return [child for child in children if child.restart is not RestartPolicy.TEMPORARY]

    def exit_of(self, child: Worker | Supervisor, *, failed: bool = True) -> None:
        """``restart_child``: an exit of a child that nobody asked for."""
        if child.restart is RestartPolicy.TEMPORARY:
            self.children.remove(child)
        elif child.restart is RestartPolicy.PERMANENT or failed:
            self.restart_again(child)

    def restart_again(self, child: Worker | Supervisor | None) -> None:
        while child is not None:
            self.restarts = [at for at in [self.world.now, *self.restarts] if self.world.now <= at + self.period]
            if len(self.restarts) > self.intensity:
                self.gone = True
                self.terminate_children(self.children)
                if self.above is not None:
                    self.above.exit_of(self)
                return
            child = self.restart_one(child)

    def restart_one(self, child: Worker | Supervisor) -> Worker | Supervisor | None:
        """Restart by the strategy; return the child that could not be started, which is tried again."""
        if self.strategy is GroupStrategy.ONE_FOR_ONE:
            return None if child.start() else child
        at = 0 if self.strategy is GroupStrategy.ONE_FOR_ALL else self.children.index(child)
        rest = self.terminate_children(self.children[at:])
        self.children = self.children[:at] + rest
        return next((each for each in rest if not each.start()), None)
