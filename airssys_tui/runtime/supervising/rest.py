"""Rest: until when nothing can be due for a component that nobody calls.

Once a second each component is looked at by the meters, health checks, probation, timed saves and the optimiser. With
thousands of components most of them rest, and each look would only find that again. So a component for which nothing is
due is passed over until a time that is computed here, or until something happens to it: a call, an operation that holds
its lock, or any change of what its row shows.
"""

from __future__ import annotations

import math

from airssys_tui.core.lifecycle import State
from airssys_tui.core.revision import Tier
from airssys_tui.runtime.actors import contract
from airssys_tui.runtime.components.component import Component

AWAKE: float = 0.0
"""What :func:`rest_until` returns for a component that is to be looked at again the next time."""


def rest_until(component: Component) -> float:
    """Return the monotonic seconds at which something is due if nothing happens before; :data:`AWAKE` if it is now."""
    active, serving = component.active, component.actor.serving
    if not component.shown.series.rests(component.actor.counters) or component.shown.running is not None:
        return AWAKE
    if component.life.command is not None or component.update.task is not None:
        return AWAKE
    if serving is not None and (serving.tier is not Tier.OPTIMISED or serving.in_flight is not None):
        return AWAKE
    if active is not None and active.manifest.state.snapshot_every is not None:
        return AWAKE
    return min(_health_due(component), _probation_due(component))


def _health_due(component: Component) -> float:
    active = component.active
    if component.state is not State.RUNNING or active is None:
        return math.inf
    return component.supervision.check_at if active.interface.exports_interface(contract.HEALTH) else math.inf


def _probation_due(component: Component) -> float:
    trial = component.proof.trial
    if trial is None:
        return math.inf
    served = component.actor.costs.served(trial.revision)
    return AWAKE if component.proof.stable else trial.settled_until(served, component.proof.faults)
