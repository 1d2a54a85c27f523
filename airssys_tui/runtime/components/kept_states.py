"""Saved states of components: kept in the catalog, found again, and remembered when they could not be loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from airssys_tui.core.errors import BlobCorrupt
from airssys_tui.core.events import Level
from airssys_tui.core.units import format_size
from airssys_tui.runtime.actors.contract import SavedState
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.eligible_states import loads_by_itself
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.store.catalog.records import NewSnapshot, SnapshotInfo

AT_ONCE: Final = 10
"""Snapshots that are looked at together; mostly the newest one is taken."""


class KeptState(msgspec.Struct, frozen=True):
    """A state as it was kept: the number of its snapshot, what was saved, and when."""

    id: int
    state: SavedState
    at: float


class KeptStates:
    """The saved states of one runtime's components.

    Args:
        floor: The machinery.
    """

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    async def latest(
        self, component: Component, revision: int | None = None, *, loader: int | None = None
    ) -> KeptState | None:
        """Return the newest state that a revision has not failed to load.

        Args:
            component: Whose.
            revision: Only states that this revision saved.
            loader: The revision that is to load it; the active one when not given.
        """
        serving = component.active.revision if component.active is not None else 0
        return await self._floor.disk(self._find, component, serving if loader is None else loader, revision)

    def read(self, info: SnapshotInfo) -> KeptState:
        """Return the state of a snapshot. Blocks on the catalog.

        Raises:
            BlobCorrupt: Its bytes do not have their digest.
        """
        catalog = self._floor.state.catalog
        data = catalog.snapshot(info.id).data
        version = info.version
        if version is None:
            record = catalog.revision(info.component, info.revision)
            version = record.version if record is not None else None
        return KeptState(info.id, SavedState(info.schema_tag, info.payload_kind, data, version), info.at)

    def _find(self, component: Component, serving: int, revision: int | None) -> KeptState | None:
        catalog = self._floor.state.catalog
        for info in self._newest_first(component.name, revision):
            # What could not load it under one number cannot under another.
            loaders = catalog.twins(component.name, serving, info.failed_by) if info.failed_by else {serving}
            if not loads_by_itself(info, loaders):
                continue
            try:
                return self.read(info)
            except BlobCorrupt as error:
                component.teller.state(f"a saved state is corrupt and passed over: {error.message}", Level.ERROR)
        return None

    def _newest_first(self, component: str, revision: int | None) -> Iterator[SnapshotInfo]:
        find, before = self._floor.state.catalog.snapshots, None
        while found := find(component, revision=revision, limit=AT_ONCE, before=before):
            yield from found
            before = found[-1].id

    async def keep(self, component: Component, saved: SavedState, cause: str) -> SnapshotInfo:
        """Keep a state of the active revision.

        Raises:
            StoreError: If it could not be written.
        """
        snapshot = self.row(component, saved, cause)
        info = await self._floor.disk(self._floor.state.catalog.add_snapshot, snapshot)
        component.shown.saved(len(saved.data), snapshot.at)
        component.teller.state(f"state saved: {format_size(len(saved.data))} ({cause})", Level.DEBUG)
        return info

    async def failed(self, component: Component, kept: KeptState, loader: int | None = None) -> None:
        """Remember that a revision, the active one if none is named, could not load a state: it is not tried again."""
        revision = component.active.revision if loader is None and component.active is not None else loader
        if revision is not None:
            await self._floor.disk(self._floor.state.catalog.mark_snapshot_failed, kept.id, revision)

    def row(self, component: Component, saved: SavedState, cause: str) -> NewSnapshot:
        """Return the catalog's row for a state of the active revision, as of now."""
        revision = component.active.revision if component.active is not None else 0
        at = self._floor.clock()
        return NewSnapshot(component.name, revision, saved.schema, saved.kind, saved.data, cause, at)
