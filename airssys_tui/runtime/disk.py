"""The disk under the runtime: what is used of it, and what to do when it is full."""

from __future__ import annotations

from airssys_tui.api.disk import DiskUse
from airssys_tui.runtime.floor import Floor
from airssys_tui.runtime.retention import Retention
from airssys_tui.store.usage import measure


class Disk:
    """Watches the file system that holds the state.

    Args:
        floor: The machinery.
        retention: Knows what could be collected.
    """

    def __init__(self, floor: Floor, retention: Retention) -> None:
        self._floor = floor
        self._retention = retention

    async def use(self) -> DiskUse:
        """Return what the state takes on disk.

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
            logs=usage.logs,
            free=usage.free,
            reclaimable=collected.bytes,
        )
