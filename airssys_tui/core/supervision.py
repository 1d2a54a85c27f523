"""Restart rules: when a failed component is started again, after how long, and when it is given up.

Vocabulary of Erlang/OTP supervisors: intensity is ``max_restarts`` in ``window`` seconds. The budget refills only
after healthy uptime of one window.
"""

from __future__ import annotations

import random
from enum import StrEnum

import msgspec


class RestartPolicy(StrEnum):
    """Which ends of a component lead to a restart."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    TEMPORARY = "temporary"


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """Exponential waiting between restarts; seconds, jitter as a fraction of the wait."""

    initial: float = 0.1
    factor: float = 2.0
    max: float = 30.0
    jitter: float = 0.1

    def delay(self, attempt: int, rng: random.Random) -> float:
        """Return the wait in seconds before restart number ``attempt`` (from 0), jitter included."""
        base = min(self.max, self.initial * self.factor ** min(attempt, 64))
        return max(0.0, base * (1.0 + self.jitter * (2.0 * rng.random() - 1.0)))


class Supervision(msgspec.Struct, frozen=True, kw_only=True):
    """How one component is supervised.

    Attributes:
        restart: Which ends lead to a restart.
        max_restarts: Restarts allowed within ``window``.
        window: Seconds of healthy uptime.
        backoff: Waiting between restarts.
        shutdown: Seconds a component gets to shut down.
        restore_state: Whether a restart loads the last snapshot.
    """

    restart: RestartPolicy = RestartPolicy.PERMANENT
    max_restarts: int = 3
    window: float = 60.0
    backoff: Backoff = Backoff()
    shutdown: float = 5.0
    restore_state: bool = True


class RestartBudget(msgspec.Struct, frozen=True):
    """The restarts already spent, oldest first.

    Their times are seconds of healthy uptime, a clock that stands still while the component is down: so neither a long
    backoff nor a wall clock that is set refills the budget, only service does.
    """

    spent: tuple[float, ...] = ()

    def within(self, now: float, window: float) -> tuple[float, ...]:
        """Return the restarts that still count."""
        return tuple(at for at in self.spent if now - at < window)

    def tries_left(self, now: float, policy: Supervision) -> int:
        """Return how many restarts are left."""
        return max(0, policy.max_restarts - len(self.within(now, policy.window)))

    def spend(self, now: float, policy: Supervision) -> RestartBudget:
        """Return the budget after one more restart."""
        return RestartBudget((*self.within(now, policy.window), now)[-max(1, policy.max_restarts) :])


class Decision(msgspec.Struct, frozen=True):
    """What supervision does about a failure.

    Attributes:
        restart: Whether to start again.
        delay: Seconds to wait first.
        budget: The budget afterwards.
        tries_left: Restarts left after this one.
        reason: Why not, when there is no restart.
    """

    restart: bool
    delay: float
    budget: RestartBudget
    tries_left: int
    reason: str = ""


def decide(
    policy: Supervision, budget: RestartBudget, now: float, rng: random.Random, *, failed: bool = True
) -> Decision:
    """Decide about a component that ended.

    Args:
        policy: Its supervision.
        budget: Restarts spent so far.
        now: Seconds of healthy uptime so far.
        rng: Source of the jitter.
        failed: Whether it ended by a failure (a transient component that ended well stays down).
    """
    if policy.restart is RestartPolicy.TEMPORARY or (policy.restart is RestartPolicy.TRANSIENT and not failed):
        return Decision(restart=False, delay=0.0, budget=budget, tries_left=0, reason=f"restart = {policy.restart}")
    spent = budget.within(now, policy.window)
    if len(spent) >= policy.max_restarts:
        reason = f"{policy.max_restarts} restarts within {policy.window:g} s are used up"
        return Decision(restart=False, delay=0.0, budget=RestartBudget(spent), tries_left=0, reason=reason)
    after = RestartBudget(spent).spend(now, policy)
    return Decision(
        restart=True,
        delay=policy.backoff.delay(len(spent), rng),
        budget=after,
        tries_left=after.tries_left(now, policy),
    )
