"""Whether a component answers so quickly that a guest had better run its call than wait for a worker to do so."""

from __future__ import annotations

from typing import Final

from airssys_tui.runtime.actors.serving import Serving
from airssys_tui.runtime.metering.counters import Counters

MOST_WITHIN: Final = 8
"""Calls of guests that run within one another on one worker: each takes up to 512 KiB of its stack for its guest."""

LEAST_CALLS: Final = 16
"""Calls that a component has answered before it counts as quick."""

QUICK_NS: Final = 500_000
"""Nanoseconds that its calls took on average at most."""

LATEST: Final = 10.0
"""Seconds. A component whose calls have a longer deadline never counts as quick: a caller could be stuck that long."""


def is_quick(counters: Counters, serving: Serving | None) -> bool:
    """Return whether an instance that serves has been quick so far."""
    if counters.calls < LEAST_CALLS or serving is None or not serving.ends_within(LATEST):
        return False
    return counters.wall_ns < QUICK_NS * counters.calls
