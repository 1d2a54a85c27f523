"""Restart rules: when to restart a failed component, after which delay, and when to give up.

Vocabulary of Erlang/OTP supervisors: intensity is ``max_restarts`` in ``window`` seconds. The budget refills only
after one window of healthy uptime.
"""

from __future__ import annotations

import random
from enum import StrEnum
from typing import Final

import msgspec


class RestartPolicy(StrEnum):
    """Which exits of a component lead to a restart."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    TEMPORARY = "temporary"


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """Exponential delay between restarts; seconds, jitter as a fraction of the delay."""

    initial: float = 0.1
    factor: float = 2.0
    max: float = 30.0
    jitter: float = 0.1

    def delay(self, attempt: int, rng: random.Random) -> float:
        """Return the delay in seconds before restart number ``attempt`` (from 0), jitter included."""
        base = min(self.max, self.initial * self.factor ** min(attempt, 64))
        return max(0.0, base * (1.0 + self.jitter * (2.0 * rng.random() - 1.0)))


RETRY: Final = Backoff(initial=8.0, max=300.0)
"""Seconds until what a circumstance prevented (see ``core/refusal``) is tried again."""


class Supervision(msgspec.Struct, frozen=True, kw_only=True):
    """How one component is supervised.

    Attributes:
        restart: Which exits lead to a restart.
        max_restarts: Restarts allowed within ``window``.
        window: Seconds of healthy uptime.
        backoff: Delay between restarts.
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
    """Restarts spent so far, oldest first.

    Times are seconds of healthy uptime, a clock that stops while the component is down. So neither a long backoff nor a
    changed wall clock refills the budget; only healthy uptime does.
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
    """The reaction of supervision to a failure.

    Attributes:
        restart: Whether to restart.
        delay: Seconds to wait first.
        budget: The budget afterwards.
        tries_left: Restarts left after this one.
        reason: Why there is no restart, if so.
    """

    restart: bool
    delay: float
    budget: RestartBudget
    tries_left: int
    reason: str = ""


def decide(
    policy: Supervision, budget: RestartBudget, now: float, rng: random.Random, *, failed: bool = True
) -> Decision:
    """Decide what to do about a component that exited.

    Args:
        policy: Its supervision.
        budget: Restarts spent so far.
        now: Seconds of healthy uptime so far.
        rng: Source of the jitter.
        failed: Whether it exited with a failure (a transient component that exited normally is not restarted).
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
