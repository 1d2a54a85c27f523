"""The disk under the runtime: its usage, and what to do while it is full.

A full disk prevents deployments and nothing else: running components need no room to keep running. Once there is room
again, the deployments that were prevented are retried automatically.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from airssys_tui.api.views.disk import DiskUse
from airssys_tui.core.errors import AirssysError, DiskFull
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.runtime.housekeeping.collector import Collector
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.observing.observer import Observer
from airssys_tui.store.disk.free_space import has_room
from airssys_tui.store.disk_usage import measure

NO_REASON: Final = GuestText("")


class DiskRoom:
    """Watches the file system that holds the state.

    Args:
        floor: The machinery.
        observer: Shows that the disk is full.
        retention: Knows what a collection would free.
        resume: Retries what the full disk prevented; raises ``StoreError`` if it is still full.
    """

    def __init__(
        self, floor: Floor, observer: Observer, retention: Collector, resume: Callable[[], Awaitable[None]]
    ) -> None:
        self._floor = floor
        self._observer = observer
        self._retention = retention
        self._resume = resume
        self._needed = 0
        floor.filled = self.fill

    def fill(self, error: DiskFull) -> None:
        """Handle a write that failed because the disk is full; one event, until there is room again."""
        self._needed = max(self._needed, error.needed)
        if self._observer.disk_full:
            return
        self._observer.disk_full = one_line(error.message, 300)
        self._floor.journal.system(f"disk full: {error.message} · {error.remedy}", EventAction.DISK_FULL, Level.ERROR)
        self._observer.publish()

    async def watch(self) -> None:
        """While the disk is full, check whether there is room again, until cancelled."""
        while True:
            await asyncio.sleep(self._floor.settings.disk_check)
            if self._observer.disk_full:
                await self._try_again()

    async def use(self) -> DiskUse:
        """Return what the state uses on disk.

        Raises:
            StoreError: If it cannot be read.
        """
        usage = await self._floor.disk(measure, self._floor.state)
        collected = await self._retention.collect(dry=True)
        return DiskUse(
            catalog=usage.catalog,
            blobs=usage.blobs,
            code=usage.code,
            states=usage.states,
            storage=usage.storage,
            messages=usage.messages,
            logs=usage.logs,
            free=usage.free,
            reclaimable=collected.bytes,
        )

    async def _try_again(self) -> None:
        try:
            if not await self._floor.disk(has_room, self._floor.state.path, self._needed):
                return
            await self._resume()
        except AirssysError:
            return
        self._observer.disk_full, self._needed = NO_REASON, 0
        self._floor.journal.system("the disk has room again: deployments resume", EventAction.DISK_ROOM, Level.INFO)
        self._observer.publish()
