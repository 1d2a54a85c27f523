"""Collection: remove what no retention rule keeps, in small steps between other work.

Each step is one short job on the disk thread, done while the component's lock is held: so no operation on the component
is under way, and one that starts waits for that one step at most.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol

from airssys_tui.api.views.disk import Collected
from airssys_tui.core.errors import AirssysError
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.identity import short_digest
from airssys_tui.core.revision import Revision
from airssys_tui.core.text import GuestText, one_line
from airssys_tui.core.units import format_size
from airssys_tui.runtime.components.component import Component
from airssys_tui.runtime.components.router import Router
from airssys_tui.runtime.machinery import heap
from airssys_tui.runtime.machinery.machinery import Floor
from airssys_tui.store.catalog.records import SnapshotInfo
from airssys_tui.store.catalog.trimming import AGE
from airssys_tui.store.garbage import (
    BATCH,
    Excess,
    Orphan,
    candidates,
    excess,
    orphans,
    orphans_among,
    remove,
    take,
)

MOST_ITEMS: Final = 200
"""Lines in a report at most."""

CALM: Final = 1.0
"""Seconds between a deployment and the collection that follows it."""

PAUSE: Final = 0.002
"""Seconds between two steps, so that others can use the disk."""


class Letters(Protocol):
    """The dead letters, as far as their age counts."""

    def old(self, before: float) -> tuple[int, int]:
        """Return how many died before a time, in Unix seconds, and their bytes."""
        ...

    def drop_old(self, before: float) -> tuple[int, int]:
        """Drop those, and return the same."""
        ...


class Collector:
    """Removes what no retention rule keeps.

    Args:
        floor: The machinery.
        router: The components, which may be in the middle of an operation.
        letters: The dead letters: those that died more than 30 days ago are removed.
    """

    def __init__(self, floor: Floor, router: Router, letters: Letters) -> None:
        self._floor = floor
        self._router = router
        self._letters = letters
        self._turn = asyncio.Lock()
        self._changed: set[str] = set()
        self._changes = 0
        self._nudged = asyncio.Event()

    def nudge(self, component: str) -> None:
        """Collect from a component soon: a retention rule may have stopped keeping something."""
        self._changed.add(component)
        self._nudged.set()
        self._changes += 1
        if self._changes >= max(heap.MANY, len(self._router)):
            self._changes = 0
            heap.let_go()  # as much has changed as was there at the start: some of that is garbage by now

    async def run(self) -> None:
        """Collect now, after deployments, and every ``collect_every`` seconds, until cancelled."""
        every = self._floor.settings.collect_every
        if not every:
            return
        await self._quietly(None)
        while True:
            try:
                await asyncio.wait_for(self._nudged.wait(), every)
            except TimeoutError:
                await self._quietly(None)
                continue
            await asyncio.sleep(CALM)
            self._nudged.clear()
            changed, self._changed = self._changed, set()
            await self._quietly(sorted(changed))

    async def collect(self, *, dry: bool) -> Collected:
        """Remove what no retention rule keeps, or only report it.

        Components in the middle of an operation are skipped.

        Raises:
            StoreError: If the catalog or the disk fails; what was removed until then stays removed.
        """
        async with self._turn:
            return await (self._look() if dry else self._take(None))

    async def _quietly(self, names: Sequence[str] | None) -> None:
        try:
            async with self._turn:
                await self._take(names)
        except AirssysError as error:
            self._floor.journal.system(f"collection failed: {error.message}", EventAction.COLLECTED, Level.WARNING)

    async def _look(self) -> Collected:
        catalog, tally = self._floor.state.catalog, CollectionTally()
        for name in await self._floor.disk(candidates, catalog):
            if not self._is_busy(name):
                tally.add(await self._floor.disk(excess, catalog, name, self._floor.clock()))
        for orphan in await self._floor.disk(orphans, self._floor.state, tuple(tally.doomed)):
            tally.drop(orphan)
        tally.count_letters(*self._letters.old(self._floor.clock() - AGE))
        return tally.report(dry=True)

    async def _take(self, names: Sequence[str] | None) -> Collected:
        floor, tally = self._floor, CollectionTally()
        for name in await floor.disk(candidates, floor.state.catalog) if names is None else names:
            await self._take_from(name, tally)
        if names is None:
            left = await floor.disk(orphans, floor.state)
        else:
            left = await floor.disk(orphans_among, floor.state, {doomed.digest for doomed in tally.doomed})
        for first in range(0, len(left), BATCH):
            for orphan in await floor.disk(remove, floor.state, left[first : first + BATCH]):
                tally.drop(orphan)
            await asyncio.sleep(PAUSE)
        tally.count_letters(*self._letters.drop_old(self._floor.clock() - AGE))
        report = tally.report(dry=False)
        if report.items:
            self._floor.journal.system(
                f"collected {report.revisions} revisions, {report.states} states, {report.rows} rows,"
                f" {report.letters} dead letters:"
                f" {format_size(report.bytes)} freed",
                EventAction.COLLECTED,
            )
        return report

    async def _take_from(self, name: str, tally: CollectionTally) -> None:
        while not self._is_busy(name):
            component = self._known(name)
            async with component.lock if component is not None else contextlib.nullcontext():
                batch = await self._floor.disk(take, self._floor.state.catalog, name, self._floor.clock())
            tally.add(batch)
            if not batch:
                return
            if component is not None:
                component.shown.touch()
            await asyncio.sleep(PAUSE)

    def _known(self, name: str) -> Component | None:
        return self._router.named(name)

    def _is_busy(self, name: str) -> bool:
        component = self._known(name)
        return component is not None and component.lock.locked()


class CollectionTally:
    """The result of a collection so far.

    Attributes:
        doomed: The revisions to remove.
    """

    def __init__(self) -> None:
        self.doomed: list[Revision] = []
        self._states: list[SnapshotInfo] = []
        self._rows: Counter[str] = Counter()
        self._orphans: list[Orphan] = []
        self._letters = self._letter_bytes = 0

    def add(self, found: Excess) -> None:
        """Count what was found for a component."""
        self.doomed += found.revisions
        self._states += found.states
        self._rows[found.component] += found.rows

    def drop(self, orphan: Orphan) -> None:
        """Count an artifact."""
        self._orphans.append(orphan)

    def count_letters(self, letters: int, size: int) -> None:
        """Count dead letters."""
        self._letters += letters
        self._letter_bytes += size

    def report(self, *, dry: bool) -> Collected:
        """Return the result for front ends."""
        lines = [
            *(_revision_line(doomed) for doomed in self.doomed),
            *(one_line(f"{s.component}: state {s.id} of r{s.revision}, {format_size(s.size)}") for s in self._states),
            *(one_line(f"{name}: {count} old decisions and events") for name, count in (+self._rows).items()),
            *(_orphan_line(orphan) for orphan in self._orphans),
        ]
        if self._letters:
            lines.append(GuestText(f"old dead letters: {self._letters}, {format_size(self._letter_bytes)}"))
        more = len(lines) - MOST_ITEMS
        if more > 0:
            lines[MOST_ITEMS - 1 :] = [GuestText(f"and {more + 1} more")]
        freed = sum(state.size for state in self._states) + sum(o.blob + o.code for o in self._orphans)
        freed += self._letter_bytes
        return Collected(
            dry=dry,
            items=tuple(lines),
            revisions=len(self.doomed),
            states=len(self._states),
            rows=self._rows.total(),
            letters=self._letters,
            bytes=freed,
        )


def _revision_line(doomed: Revision) -> GuestText:
    version = f" ({doomed.version})" if doomed.version else ""
    return one_line(f"{doomed.component}: r{doomed.number}{version}, {doomed.outcome}: no rule keeps it")


def _orphan_line(orphan: Orphan) -> GuestText:
    parts = [("artifact", orphan.blob), ("compiled code", orphan.code)]
    sizes = ", ".join(f"{what} {format_size(size)}" for what, size in parts if size)
    return one_line(f"{short_digest(orphan.digest)}: {sizes or 'nothing'}")
