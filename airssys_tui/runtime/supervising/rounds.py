"""What is done once a second for every component that does not rest: meters, health checks, probation, timed saves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.observing.observer import Observer
from airssys_tui.runtime.supervising.rest import rest_until

Check = Callable[[Component, float], object]
"""Does what is due for a component, at a moment in monotonic seconds."""


class Rounds:
    """Looks after the components, one round each second. Used on the control loop.

    Args:
        floor: The machinery.
        router: The components.
        observer: Takes the samples.
        checks: What is done for each component.
        retry: Looks again at files that a circumstance kept out, when it is time.
        more: What else is due in each round.
    """

    def __init__(
        self,
        floor: Floor,
        router: Router,
        observer: Observer,
        *,
        checks: tuple[Check, ...],
        retry: Check,
        more: Callable[[], object],
    ) -> None:
        self._floor = floor
        self._router = router
        self._observer = observer
        self._checks = checks
        self._retry = retry
        self._more = more

    async def run(self) -> None:
        """Make rounds until it is cancelled."""
        step = self._floor.settings.sample
        due = time.monotonic() + step
        while True:
            self.look_at_components(time.monotonic())
            now = time.monotonic()
            for component in self._router.among(self._observer.printing):
                component.listen()
            for component in self._router.among(self._observer.waiting):
                component.shown.touch()  # its note counts the seconds
                self._retry(component, now)
            self._more()
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due = max(due + step, time.monotonic())

    def look_at_components(self, now: float) -> None:
        """Sample every component that does not rest, and do what is due for it."""
        awake = [component for component in self._router if not component.rests(now)]
        self._observer.sample(awake)
        for component in awake:
            for check in self._checks:
                check(component, now)
            seen = component.counted
            until = rest_until(component)
            if until > now:
                component.rest(until, seen)
