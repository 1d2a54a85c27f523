"""Spare copies: the files in the folder are the same bytes as the blobs in the store, as long as their digest fits."""

from __future__ import annotations

from airssys_tui.core.errors import AirssysError
from airssys_tui.core.identity import Digest
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.runtime.sources import folder


class SpareCopies:
    """Finds artifacts in the folder whose stored copy is damaged or missing. Used on the control loop.

    Args:
        floor: The machinery; it asks here from now on.
        router: The components.
    """

    def __init__(self, floor: Floor, router: Router) -> None:
        self._floor = floor
        self._router = router
        floor.spare = self.find

    async def find(self, digest: Digest) -> bytes | None:
        """Return the bytes of a digest from the files of the components that should have it, or None."""
        for component in tuple(self._router):
            if not component.files.key or not _should_have(component, digest):
                continue
            try:
                key = component.files.key
                reading = await self._floor.reading.read(key, folder.read, self._floor.folder, key)
            except (AirssysError, OSError):
                continue  # what is wrong with those files is said where they are read to be deployed
            if isinstance(reading, folder.Reading) and reading.digest == digest:
                return reading.wasm
        return None


def _should_have(component: Component, digest: Digest) -> bool:
    """Return whether a component's files had that digest when they were last read, or should have it."""
    if component.files.on_disk is not None:
        return component.files.on_disk.digest == digest
    return component.active is not None and component.active.digest == digest
