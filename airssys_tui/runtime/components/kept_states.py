"""Saved states: written to the catalog, found again, and marked when a revision could not load them.

The last state of an instance that stops is not lost because the catalog cannot be written at that moment (a full disk,
another process that locks it). It is owed: kept in memory, loaded from there, and written as soon as that works.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from airssys_tui.core.errors import BlobCorrupt, StoreError
from airssys_tui.core.events import Level
from airssys_tui.core.units import format_size
from airssys_tui.runtime.actors.contract import SavedState
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.eligible_states import loads_by_itself
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.store.catalog.records import NewSnapshot, SnapshotInfo

AT_ONCE: Final = 10
"""Snapshots read at a time; mostly the newest one is taken."""


MOST_OWED: Final = 32
"""States kept in memory while they cannot be written, each at most 2 MiB; more are lost, and that is told."""


class KeptState(msgspec.Struct, frozen=True):
    """A saved state: the number of its snapshot (0 while it is not written), the state, and when it was saved."""

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
        self._owed: dict[str, NewSnapshot] = {}

    async def latest(
        self, component: Component, revision: int | None = None, *, loader: int | None = None
    ) -> KeptState | None:
        """Return the newest state, skipping those that the revision failed to load.

        Args:
            component: The component.
            revision: Only states saved by this revision.
            loader: The revision that will load it; the active one if not given.
        """
        owed = await self._still_owed(component)
        if owed is not None and revision in {None, owed.revision}:
            return KeptState(0, SavedState(owed.schema_tag, owed.payload_kind, owed.data, owed.version), owed.at)
        serving = component.active.revision if component.active is not None else 0
        return await self._floor.disk(self._find, component, serving if loader is None else loader, revision)

    async def keep_last(self, component: Component, saved: SavedState, cause: str) -> str:
        """Save the last state of an instance that stops, now or later.

        Returns:
            Why it could not be written now; empty if it is written.

        Raises:
            StoreError: It cannot be written, and too many others wait for that already.
        """
        try:
            await self.keep(component, saved, cause)
        except StoreError as error:
            if component.name not in self._owed and len(self._owed) >= MOST_OWED:
                raise
            self._owed[component.name] = self.row(component, saved, cause)
            return error.message
        return ""

    async def write_owed(self, components: Iterable[Component]) -> None:
        """Write the states that are owed; what still cannot be written stays owed."""
        if not self._owed:
            return
        for component in tuple(components):
            if component.name not in self._owed or component.lock.locked():
                continue
            async with component.lock:
                await self._still_owed(component)

    async def _still_owed(self, component: Component) -> NewSnapshot | None:
        """Try to write a component's owed state; return it if that fails."""
        owed = self._owed.get(component.name)
        if owed is None:
            return None
        try:
            await self._floor.disk(self._write_unless_older, owed)
        except StoreError:
            return owed
        self._owed.pop(component.name, None)
        component.teller.state(f"state saved: {format_size(len(owed.data))} ({owed.cause}), later than it was taken")
        return None

    def _write_unless_older(self, owed: NewSnapshot) -> None:
        newest = self._floor.state.catalog.snapshots(owed.component, limit=1)
        if not newest or newest[0].at <= owed.at:
            self._floor.state.catalog.add_snapshot(owed)

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
        info = await self._floor.commit(self._floor.state.catalog.add_snapshot, snapshot)
        self._owed.pop(component.name, None)
        component.shown.saved(len(saved.data), snapshot.at)
        component.teller.state(f"state saved: {format_size(len(saved.data))} ({cause})", Level.DEBUG)
        return info

    async def failed(self, component: Component, kept: KeptState, loader: int | None = None) -> None:
        """Mark a state as one that a revision (by default the active one) could not load: it is not tried again."""
        revision = component.active.revision if loader is None and component.active is not None else loader
        if revision is not None and kept.id:
            await self._floor.disk(self._floor.state.catalog.mark_snapshot_failed, kept.id, revision)

    def row(self, component: Component, saved: SavedState, cause: str) -> NewSnapshot:
        """Return the catalog row for a state of the active revision, as of now."""
        revision = component.active.revision if component.active is not None else 0
        at = self._floor.clock()
        return NewSnapshot(component.name, revision, saved.schema, saved.kind, saved.data, cause, at)
