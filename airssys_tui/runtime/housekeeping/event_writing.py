"""Writing the queued events to the catalog, twice a second and at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from airssys_tui.core.errors import AirssysError
from airssys_tui.runtime.history import past_events
from airssys_tui.runtime.machinery.machinery import Floor

PAUSE: Final = 0.5
"""Seconds between two writes."""


class EventWriting:
    """Writes events.

    Args:
        floor: The machinery.
        before: What else is written each time, before the events.
    """

    def __init__(self, floor: Floor, before: Callable[[], Awaitable[None]]) -> None:
        self._floor = floor
        self._before = before

    async def run(self) -> None:
        """Write until it is cancelled."""
        while True:
            await asyncio.sleep(PAUSE)
            await self._before()
            await self.write()

    async def write(self) -> None:
        """Write the queued events; after a failure they are queued again."""
        events = self._floor.journal.take_unwritten()
        if not events:
            return
        try:
            await self._floor.disk(past_events.write, self._floor.state.catalog, events)
        except AirssysError:  # mostly a full disk: tried again later
            self._floor.journal.give_back(events)
