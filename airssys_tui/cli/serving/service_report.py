"""What a service manager is told of a runtime, and when.

The runtime is ready once everything in the folder was dealt with. It is alive as long as its control loop answers: a
process whose loop hangs is not, whatever its other threads do.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from airssys_tui.api.views.runtime import Phase, Snapshot
from airssys_tui.cli.serving.heartbeat import Heartbeat
from airssys_tui.core.lifecycle import State

if TYPE_CHECKING:
    from airssys_tui.api.protocol import RuntimeApi
    from airssys_tui.cli.serving.service_manager import ServiceManager

PACE: Final = 1.0
"""Seconds between two reports; with a watchdog at most a quarter of its interval."""

PATIENCE: Final = 0.5
"""Seconds that the control loop may take to answer before a report goes out without it."""

MORE_TIME: Final = 30.0
"""Seconds that the start may take from each report on."""

SHOWN: Final = (State.RUNNING, State.UPDATING, State.FAILED, State.STOPPED)
"""States whose components the status counts; the last three only where there are any."""


class ServiceReport:
    """Reports on one runtime until it ends.

    Args:
        manager: Who is told.
        runtime: The runtime.
        clock: Monotonic seconds.
    """

    def __init__(
        self, manager: ServiceManager, runtime: RuntimeApi, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._manager = manager
        self._runtime = runtime
        self._clock = clock
        self._pace = PACE if manager.watchdog is None else min(PACE, manager.watchdog / 4)
        self._next = clock()
        self._ready = False
        self._status = ""
        self._heartbeat = Heartbeat()

    def update(self) -> None:
        """Send what is new, if it is time; call it often."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + self._pace
        seen = self._runtime.snapshot()
        variables: dict[str, str | int] = {}
        if not self._ready:
            self._ready = seen.phase is Phase.RUNNING
            variables |= {"READY": 1} if self._ready else {"EXTEND_TIMEOUT_USEC": int(MORE_TIME * 1_000_000)}
        if (status := status_line(seen)) != self._status:
            variables["STATUS"] = self._status = status
        if self._manager.watchdog is not None and self._heartbeat.answers(self._runtime, PATIENCE):
            variables["WATCHDOG"] = 1
        if variables:
            self._manager.tell(**variables)

    def stopping(self, seconds: float) -> None:
        """Say that the runtime begins to end.

        Args:
            seconds: How long that may take.
        """
        self._manager.tell(STOPPING=1, STATUS="saving states", EXTEND_TIMEOUT_USEC=int(seconds * 1_000_000))


def status_line(seen: Snapshot) -> str:
    """Return how many components are in which state, as one line."""
    counted = Counter(row.state for row in seen.components)
    parts = [f"{counted[state]} {state.value}" for state in SHOWN if counted[state] or state is State.RUNNING]
    trouble = ["disk full"] if seen.disk_full else []
    return ", ".join([*(["starting"] if seen.phase is Phase.STARTING else []), *parts, *trouble])
