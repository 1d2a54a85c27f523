"""Saved states: written to the catalog, found again, and marked when a revision could not load them."""

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
"""Snapshots read at a time; mostly the newest one is taken."""


class KeptState(msgspec.Struct, frozen=True):
    """A saved state from the catalog: the number of its snapshot, the state, and when it was saved."""

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
        """Return the newest state, skipping those that the revision failed to load.

        Args:
            component: The component.
            revision: Only states saved by this revision.
            loader: The revision that will load it; the active one if not given.
        """
        serving = component.active.revision if component.active is not None else 0
        return await self._floor.disk(self._find, component, serving if loader is None else loader, revision)

    def read(self, info: SnapshotInfo) -> KeptState:
        """Return the state of a snapshot. Blocks on the catalog.

        Raises:
            BlobCorrupt: If its bytes do not match their digest.
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
            # An artifact that could not load it as one revision cannot load it as another.
            loaders = catalog.twins(component.name, serving, info.failed_by) if info.failed_by else {serving}
            if not loads_by_itself(info, loaders):
                continue
            try:
                return self.read(info)
            except BlobCorrupt as error:
                component.teller.state(f"skipped a corrupt saved state: {error.message}", Level.ERROR)
        return None

    def _newest_first(self, component: str, revision: int | None) -> Iterator[SnapshotInfo]:
        find, before = self._floor.state.catalog.snapshots, None
        while found := find(component, revision=revision, limit=AT_ONCE, before=before):
            yield from found
            before = found[-1].id

    async def keep(self, component: Component, saved: SavedState, cause: str) -> SnapshotInfo:
        """Save a state of the active revision.

        Raises:
            StoreError: If it could not be written.
        """
        snapshot = self.row(component, saved, cause)
        info = await self._floor.disk(self._floor.state.catalog.add_snapshot, snapshot)
        component.shown.saved(len(saved.data), snapshot.at)
        component.teller.state(f"state saved: {format_size(len(saved.data))} ({cause})", Level.DEBUG)
        return info

    async def failed(self, component: Component, kept: KeptState, loader: int | None = None) -> None:
        """Mark a state as one that a revision (by default the active one) could not load: it is not tried again."""
        revision = component.active.revision if loader is None and component.active is not None else loader
        if revision is not None:
            await self._floor.disk(self._floor.state.catalog.mark_snapshot_failed, kept.id, revision)

    def row(self, component: Component, saved: SavedState, cause: str) -> NewSnapshot:
        """Return the catalog row for a state of the active revision, as of now."""
        revision = component.active.revision if component.active is not None else 0
        at = self._floor.clock()
        return NewSnapshot(component.name, revision, saved.schema, saved.kind, saved.data, cause, at)
